// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Leaky bucket for losses
/// @notice A bucket of capacity C that drains C per window lets at most C + C t/W through in any time t, so 2C in a
/// window W. With C half the budget, no window of length W, wherever it starts, loses more than the budget (I2). A
/// bucket as large as the budget would let twice the budget go: once full, once drained.
library LeakyBucket {
    /// @param level WAD in the bucket when it was last charged.
    /// @param updatedAt Unix seconds of that moment.
    struct Bucket {
        uint128 level;
        uint40 updatedAt;
    }

    /// @return Level now, WAD, after draining `capacity` per `window` since it was last charged. Rounds up.
    function levelAt(
        Bucket memory bucket,
        uint256 capacity,
        uint256 window,
        uint256 timestamp
    )
        internal
        pure
        returns (uint256)
    {
        uint256 drained = capacity * (timestamp - bucket.updatedAt) / window;
        return FixedPointMathLib.zeroFloorSub(bucket.level, drained);
    }

    /// @notice Returns the bucket after a loss, and whether it still holds it.
    /// @param loss WAD.
    function charge(
        Bucket memory bucket,
        uint256 loss,
        uint256 capacity,
        uint256 window,
        uint256 timestamp
    )
        internal
        pure
        returns (bool fits, uint256 level)
    {
        level = levelAt(bucket, capacity, window, timestamp) + loss;
        fits = loss == 0 || level <= capacity;
    }
}
