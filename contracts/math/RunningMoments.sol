// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Mean, variance and covariance of a stream of numbers
/// @notice Welford's updates (Technometrics 4, 1962, p. 419) and an exponentially weighted second moment, WAD. Domain:
/// |x| up to 10 WAD, up to 2^32 numbers; inside it nothing overflows.
library RunningMoments {
    uint256 private constant _WAD = 1e18;
    /// @dev RiskMetrics' decay for daily data, WAD.
    uint256 internal constant DECAY = 0.94e18;
    int256 internal constant MOST = 10e18;

    /// @param count Numbers so far.
    /// @param mean WAD.
    /// @param m2 Sum of squared distances from the mean, WAD.
    /// @param ewma Exponentially weighted mean of squares, WAD; of x^2 itself at the first number.
    struct Moments {
        uint32 count;
        int96 mean;
        uint128 m2;
        uint128 ewma;
    }

    /// @param count Pairs so far.
    /// @param co Sum of products of distances from both means, WAD.
    struct Pairs {
        uint32 count;
        int96 meanX;
        int96 meanY;
        uint128 m2Y;
        int128 co;
    }

    /// @notice Returns the moments after one more number.
    function add(Moments memory m, int256 x) internal pure returns (Moments memory) {
        x = clip(x);
        m.count += 1;
        int256 delta = x - m.mean;
        int256 mean = m.mean + delta / int256(uint256(m.count));
        m.mean = int96(mean);
        // Both factors have one sign: the mean moved towards x, and not past it.
        m.m2 += uint128(uint256(delta * (x - mean)) / _WAD);
        uint256 square = uint256(x * x);
        uint256 ewma = (m.ewma * DECAY * _WAD + square * (_WAD - DECAY)) / (_WAD * _WAD);
        m.ewma = uint128(m.count == 1 ? square / _WAD : ewma);
        return m;
    }

    /// @notice Returns the moments after one more pair.
    function add(Pairs memory p, int256 x, int256 y) internal pure returns (Pairs memory) {
        (x, y) = (clip(x), clip(y));
        p.count += 1;
        int256 count = int256(uint256(p.count));
        int256 deltaX = x - p.meanX;
        int256 deltaY = y - p.meanY;
        int256 meanY = p.meanY + deltaY / count;
        p.meanX = int96(p.meanX + deltaX / count);
        p.meanY = int96(meanY);
        p.m2Y += uint128(uint256(deltaY * (y - meanY)) / _WAD);
        p.co += int128(deltaX * (y - meanY) / int256(_WAD));
        return p;
    }

    /// @return Sample standard deviation, WAD; 0 below two numbers.
    function deviation(Moments memory m) internal pure returns (uint256) {
        return m.count < 2 ? 0 : FixedPointMathLib.sqrt(uint256(m.m2) * _WAD / (m.count - 1));
    }

    /// @return sqrt of the exponentially weighted mean of squares, WAD.
    function ewmaDeviation(Moments memory m) internal pure returns (uint256) {
        return FixedPointMathLib.sqrt(uint256(m.ewma) * _WAD);
    }

    /// @return Slope of x on y, WAD; 0 if y never moved.
    function slope(Pairs memory p) internal pure returns (int256) {
        return p.m2Y == 0 ? int256(0) : int256(p.co) * int256(_WAD) / int256(uint256(p.m2Y));
    }

    function clip(int256 x) internal pure returns (int256) {
        return FixedPointMathLib.clamp(x, -MOST, MOST);
    }
}
