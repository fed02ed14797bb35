// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title Bounds of an optimizer's terms, and the direction in which each one tightens
library YieldTerms {
    uint256 private constant _BPS = 10_000;
    uint256 private constant _HOUR = 1 hours;
    uint256 private constant _MONTH = 30 days;
    uint256 private constant _YEAR = 365 days;

    /// @return True if every field is inside the bounds that the interface names.
    function valid(IYieldOptimizer.OptimizerTerms memory t) internal pure returns (bool) {
        bool parts = t.minLiquidBps <= _BPS && _between(t.lossBudgetBps, 1, _BPS) && t.maxGainBps <= _BPS
            && _between(t.maxLossBps, 1, _BPS);
        return parts && _between(t.lossWindow, _HOUR, _YEAR) && t.coolDown <= _MONTH
            && _between(t.reportInterval, _HOUR, _MONTH) && _between(t.unlockTime, _HOUR, _YEAR);
    }

    /// @return True if any field of `b` is looser than in `a`.
    function loosenedBy(
        IYieldOptimizer.OptimizerTerms memory a,
        IYieldOptimizer.OptimizerTerms memory b
    )
        internal
        pure
        returns (bool)
    {
        bool parts = b.minLiquidBps < a.minLiquidBps || b.lossBudgetBps > a.lossBudgetBps || b.maxGainBps > a.maxGainBps
            || b.maxLossBps > a.maxLossBps;
        return parts || b.lossWindow < a.lossWindow || b.coolDown < a.coolDown || b.reportInterval < a.reportInterval
            || b.unlockTime < a.unlockTime;
    }

    function _between(uint256 value, uint256 low, uint256 high) private pure returns (bool) {
        return low <= value && value <= high;
    }
}
