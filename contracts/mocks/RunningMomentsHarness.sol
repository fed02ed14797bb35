// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RunningMoments} from "../math/RunningMoments.sol";

/// @title The library over a whole stream
/// @notice Harness for differential tests against numpy.
contract RunningMomentsHarness {
    using RunningMoments for RunningMoments.Moments;
    using RunningMoments for RunningMoments.Pairs;

    function moments(int256[] calldata xs) external pure returns (int256 mean, uint256 deviation, uint256 ewma) {
        RunningMoments.Moments memory m;
        for (uint256 k; k < xs.length; ++k) {
            m = m.add(xs[k]);
        }
        return (m.mean, m.deviation(), m.ewmaDeviation());
    }

    function slope(int256[] calldata xs, int256[] calldata ys) external pure returns (int256) {
        RunningMoments.Pairs memory p;
        for (uint256 k; k < xs.length; ++k) {
            p = p.add(xs[k], ys[k]);
        }
        return p.slope();
    }
}
