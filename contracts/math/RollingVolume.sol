// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Sum of the amounts that were moved in the last period
/// @notice Four buckets of a third of a period each, the youngest still filling. Their sum covers at least the last
/// period, at most 4/3 of it: a limit on the sum is never exceeded in any period, wherever it starts. Bucket amounts
/// saturate at `MOST`, which is also the highest limit that makes sense: a bucket that is full leaves no room under any
/// limit.
library RollingVolume {
    /// @param epoch Number of the youngest bucket: time / (period / 3).
    /// @param v0 Youngest.
    /// @param v3 Oldest.
    /// @param period Period under which the epochs were numbered, seconds.
    struct Window {
        uint32 epoch;
        uint112 v0;
        uint112 v1;
        uint112 v2;
        uint112 v3;
        uint32 period;
    }

    uint256 internal constant MOST = type(uint112).max;
    uint256 internal constant LEAST_PERIOD = 3;

    /// @param period Seconds, at least 3.
    /// @return Sum of the amounts that count at `time`.
    function total(Window memory window, uint256 period, uint256 time) internal pure returns (uint256) {
        window = rolled(window, period, time);
        return uint256(window.v0) + window.v1 + window.v2 + window.v3;
    }

    /// @param period Seconds, at least 3.
    /// @return The window at `time` with `amount` more in it.
    function added(
        Window memory window,
        uint256 amount,
        uint256 period,
        uint256 time
    )
        internal
        pure
        returns (Window memory)
    {
        window = rolled(window, period, time);
        window.v0 = _saturated(amount > MOST ? MOST : window.v0 + amount);
        return window;
    }

    /// @return The window at `time`: buckets move on by the epochs that went by. Under another period than before,
    /// everything that still counted counts as just moved.
    function rolled(Window memory window, uint256 period, uint256 time) internal pure returns (Window memory) {
        if (window.period != 0 && window.period != period) {
            window = rolled(window, window.period, time);
            uint256 sum = uint256(window.v0) + window.v1 + window.v2 + window.v3;
            return Window(_epoch(period, time), _saturated(sum), 0, 0, 0, uint32(period));
        }
        uint32 epoch = _epoch(period, time);
        uint256 steps = epoch - window.epoch;
        if (steps > 3) return Window(epoch, 0, 0, 0, 0, uint32(period));
        for (; steps != 0; --steps) {
            (window.v0, window.v1, window.v2, window.v3) = (0, window.v0, window.v1, window.v2);
        }
        (window.epoch, window.period) = (epoch, uint32(period));
        return window;
    }

    /// @dev Thirds are rounded up, so that three of them are at least a period.
    function _epoch(uint256 period, uint256 time) private pure returns (uint32) {
        return uint32(time / ((period + 2) / 3));
    }

    function _saturated(uint256 amount) private pure returns (uint112) {
        return uint112(amount > MOST ? MOST : amount);
    }
}
