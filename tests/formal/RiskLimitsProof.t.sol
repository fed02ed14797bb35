// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {RiskLimits} from "contracts/risk/RiskLimits.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title R2: tightening is monotone
/// @notice The proofs hold for any values, in the fields' own types.
contract RiskLimitsProof is Test {
    IRiskEngine.Limits private _own;
    IRiskEngine.Limits private _floor;

    /// @dev The tighter of two, which is read from their slots, is one of them in each field, and as tight as both: for
    /// any limits that a manager may set, everybody's limits bind.
    function check_R2_theTighterIsAsTightAsBoth(uint256 field, uint256 own, uint256 floor) public {
        assembly {
            sstore(_own.slot, own)
            sstore(_floor.slot, floor)
        }
        (IRiskEngine.Limits memory x, IRiskEngine.Limits memory y) = (_own, _floor);
        // Limits above the whole are not valid, and the engine stores no others.
        for (uint256 k; k < 4; ++k) {
            vm.assume(uint256(RiskLimits.field(x, k)) <= RiskLimits.WHOLE_BPS);
        }
        IRiskEngine.Limits memory z = RiskLimits.tighter(_own, _floor);
        for (uint256 k; k < RiskLimits.FIELDS; ++k) {
            // One field per path: all fields in one would multiply their branches.
            if (k != field) continue;
            (int256 a, int256 b, int256 c) = (RiskLimits.field(x, k), RiskLimits.field(y, k), RiskLimits.field(z, k));
            assert(c == a || c == b);
            assert(RiskLimits.asTightAt(k, c, a) && RiskLimits.asTightAt(k, c, b));
        }
    }

    /// @dev A value that a limit refuses is refused by a tighter one.
    function check_R2_tighteningIsMonotone(uint256 k, uint16 limit, uint16 tighter, uint16 value) public pure {
        vm.assume(k < RiskLimits.FIELDS);
        (int256 x, int256 y, int256 v) = (_typed(k, limit), _typed(k, tighter), _typed(k, value));
        vm.assume(RiskLimits.asTightAt(k, y, x));
        if (!RiskLimits.asTightAt(k, v, x)) assert(!RiskLimits.asTightAt(k, v, y));
    }

    /// @dev A chain of tightenings is a tightening: no sequence of them loosens.
    function check_R2_tighteningIsTransitive(uint256 k, uint16 a, uint16 b, uint16 c) public pure {
        vm.assume(k < RiskLimits.FIELDS);
        (int256 x, int256 y, int256 z) = (_typed(k, a), _typed(k, b), _typed(k, c));
        if (RiskLimits.asTightAt(k, y, x) && RiskLimits.asTightAt(k, z, y)) assert(RiskLimits.asTightAt(k, z, x));
    }

    /// @dev The minimum Sharpe ratio is the one signed limit.
    function _typed(uint256 k, uint16 value) private pure returns (int256) {
        return k == 14 ? int256(int16(value)) : int256(uint256(value));
    }
}
