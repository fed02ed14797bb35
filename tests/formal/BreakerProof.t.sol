// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Breaker} from "contracts/risk/Breaker.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title R3: no transition raises risk without an authorised path
/// @notice The proofs hold for every status and every time. A lower state allows more risk.
contract BreakerProof is Test {
    using Breaker for Breaker.Status;

    uint256 private constant _COOLING = 12 hours;

    /// @dev A trip by anyone never lowers a state, and never frees a held one.
    function check_R3_trippingOnlyEscalates(uint8 state, bool held, uint40 since, uint8 target) public pure {
        Breaker.Status memory before = _status(state, held, since);
        Breaker.Status memory s = _copy(before).escalate(_state(target));
        assert(s.state >= before.state);
        assert(s.state >= _state(target));
        assert(s.held || !before.held);
        assert(s.insideSince == 0);
    }

    /// @dev A state that the guardian sets is held, and never lower than before.
    function check_R3_holdingOnlyEscalates(uint8 state, bool held, uint40 since, uint8 target) public pure {
        Breaker.Status memory before = _status(state, held, since);
        Breaker.Status memory s = _copy(before).hold(_state(target));
        assert(s.state >= before.state && s.held);
    }

    /// @dev A recovery by anyone ends neither a held state nor a halt, and nothing before the cooling time is over.
    function check_R3_recoveryWaitsOutTheCoolingTime(
        uint8 state,
        bool held,
        uint40 since,
        uint40 timestamp
    )
        public
        pure
    {
        Breaker.Status memory before = _status(state, held, since);
        vm.assume(timestamp >= since);
        Breaker.Status memory s = _copy(before).recovery(timestamp, _COOLING);
        if (s.state == before.state) return;
        assert(!before.held);
        assert(before.state != IRiskEngine.State.Halted);
        assert(before.insideSince != 0);
        assert(timestamp - before.insideSince >= _COOLING);
    }

    /// @dev A recovery frees nothing that is held.
    function check_R3_recoveryKeepsWhatIsHeld(uint8 state, uint40 since, uint40 timestamp) public pure {
        vm.assume(timestamp >= since);
        Breaker.Status memory s = _status(state, true, since).recovery(timestamp, _COOLING);
        assert(s.held && s.state == _state(state));
    }

    /// @dev R4: a missing report never loosens, and never halts by itself.
    function check_R4_aMissingReportDegradesAndNeverHalts(uint8 state, uint40 expiry, uint40 timestamp) public pure {
        IRiskEngine.State before = _state(state);
        IRiskEngine.State s = Breaker.degraded(before, expiry, timestamp, 1 days);
        assert(s >= before);
        assert(s != IRiskEngine.State.Halted || before == IRiskEngine.State.Halted);
        if (expiry != 0 && timestamp >= uint256(expiry) + 1 days) assert(s >= IRiskEngine.State.DeRiskOnly);
    }

    function _status(uint8 state, bool held, uint40 since) private pure returns (Breaker.Status memory) {
        return Breaker.Status(_state(state), held, since);
    }

    function _copy(Breaker.Status memory s) private pure returns (Breaker.Status memory) {
        return Breaker.Status(s.state, s.held, s.insideSince);
    }

    function _state(uint8 state) private pure returns (IRiskEngine.State) {
        return IRiskEngine.State(state & 3);
    }
}
