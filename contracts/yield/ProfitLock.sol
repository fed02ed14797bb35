// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Profit that unlocks over time
/// @notice Profit unlocks linearly from `since` to `end`. A further gain moves the end to the mean of what was left and
/// of a whole period, weighted by amounts, as in Yearn's VaultV3.vy (`_process_report`, "new_profit_locking_period"): a
/// small gain cannot hold back a large one, and a large one cannot be hurried by a small one before it.
library ProfitLock {
    /// @param amount Profit locked at `since`, in the asset.
    /// @param since Unix seconds at which the lock was last changed.
    /// @param end Unix seconds when all of it is unlocked.
    struct Lock {
        uint128 amount;
        uint40 since;
        uint40 end;
    }

    /// @return Profit locked at a time that is not before `since`. Rounds up.
    function lockedAt(Lock memory lock, uint256 timestamp) internal pure returns (uint256) {
        if (timestamp >= lock.end) return 0;
        return FixedPointMathLib.fullMulDivUp(lock.amount, lock.end - timestamp, lock.end - lock.since);
    }

    /// @notice Returns the lock after a gain. The end rounds up.
    /// @param period Seconds over which a gain by itself unlocks.
    function gained(
        Lock memory lock,
        uint256 gain,
        uint256 period,
        uint256 timestamp
    )
        internal
        pure
        returns (Lock memory)
    {
        uint256 left = lockedAt(lock, timestamp);
        if (left + gain == 0) return lock;
        uint256 remaining = FixedPointMathLib.zeroFloorSub(lock.end, timestamp);
        uint256 mean = FixedPointMathLib.divUp(left * remaining + gain * period, left + gain);
        return Lock(_amount(left + gain), uint40(timestamp), uint40(timestamp + mean));
    }

    /// @notice Returns the lock after a loss: locked profit absorbs as much of it as it can, and the end stays.
    function lost(Lock memory lock, uint256 loss, uint256 timestamp) internal pure returns (Lock memory) {
        uint256 left = FixedPointMathLib.zeroFloorSub(lockedAt(lock, timestamp), loss);
        return Lock(_amount(left), uint40(timestamp), lock.end);
    }

    /// @dev Amounts are sums of what fits.
    function _amount(uint256 amount) private pure returns (uint128) {
        assert(amount <= type(uint128).max);
        return uint128(amount);
    }
}
