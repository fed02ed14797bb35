// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title The breaker's states and all transitions between them
/// @notice R3: only `recovery`, after a whole cooling time inside the limits, and `reopen`, by ADMIN, lower a state. A
/// state that is held, by the guardian or by a halt, is lowered by `reopen` alone. The functions are pure, so that they
/// can be proved.
library Breaker {
    /// @param held True if only `reopen` ends the state.
    /// @param insideSince Unix seconds of the start of a recovery, 0 if none has begun.
    struct Status {
        IRiskEngine.State state;
        bool held;
        uint40 insideSince;
    }

    /// @notice Moves to the stricter of the present state and `target`. Ends a recovery.
    function escalate(Status memory s, IRiskEngine.State target) internal pure returns (Status memory) {
        s.insideSince = 0;
        if (target <= s.state) return s;
        s.state = target;
        if (target == IRiskEngine.State.Halted) s.held = true;
        return s;
    }

    /// @notice Escalates as `escalate` does, so that only `reopen` ends the state.
    function hold(Status memory s, IRiskEngine.State target) internal pure returns (Status memory) {
        s = escalate(s, target);
        s.held = true;
        return s;
    }

    /// @notice Starts a recovery or, once the cooling time is over, ends it. The caller has seen that all metrics are
    /// inside; a status that is held or halted does not change.
    function recovery(Status memory s, uint256 timestamp, uint256 cooling) internal pure returns (Status memory) {
        if (s.held || s.state == IRiskEngine.State.Halted) return s;
        if (s.insideSince == 0) {
            s.insideSince = uint40(timestamp);
        } else if (timestamp >= s.insideSince + cooling) {
            s.insideSince = 0;
            s.state = IRiskEngine.State.Normal;
        }
        return s;
    }

    /// @notice Brings any status back to normal.
    function reopen(Status memory s) internal pure returns (Status memory) {
        (s.state, s.held, s.insideSince) = (IRiskEngine.State.Normal, false, 0);
        return s;
    }

    /// @notice Returns the stricter of a state and the one that the age of the report calls for: a warning when it has
    /// lapsed, de-risk only a grace time later. It never halts, so a desk that is gone freezes nothing.
    /// @param expiry Unix seconds until which the last report counts; 0 if there never was one, when none is asked for.
    function degraded(
        IRiskEngine.State state,
        uint256 expiry,
        uint256 timestamp,
        uint256 grace
    )
        internal
        pure
        returns (IRiskEngine.State)
    {
        if (expiry == 0 || timestamp < expiry) return state;
        IRiskEngine.State due = timestamp < expiry + grace ? IRiskEngine.State.Warning : IRiskEngine.State.DeRiskOnly;
        return state > due ? state : due;
    }
}
