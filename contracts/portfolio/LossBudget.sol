// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LeakyBucket} from "../math/LeakyBucket.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Budget of the losses that a portfolio's trading may make (I2)
/// @notice See {IPortfolio}.
abstract contract LossBudget is IPortfolio {
    using LeakyBucket for LeakyBucket.Bucket;

    /// @dev Terms and level of the loss bucket, in one slot.
    struct Budget {
        uint16 budgetBps;
        uint40 window;
        uint128 level;
        uint40 updatedAt;
    }

    uint256 private constant _BPS_TO_WAD = 1e14;

    Budget private _lossBudget;

    /// @inheritdoc IPortfolio
    function lossBucket() public view returns (uint256 level, uint256 capacity, uint256 window) {
        Budget memory budget = _lossBudget;
        (capacity, window) = _bucketTerms(budget);
        level = LeakyBucket.Bucket(budget.level, budget.updatedAt).levelAt(capacity, window, block.timestamp);
    }

    /// @dev Charges the fall of NAV to the bucket; a gain does not refill it, or an attacker could trade it up first.
    function _chargeLoss(uint256 navBefore, uint256 navAfter) internal returns (uint256 level) {
        Budget memory budget = _lossBudget;
        (uint256 capacity, uint256 window) = _bucketTerms(budget);
        LeakyBucket.Bucket memory bucket = LeakyBucket.Bucket(budget.level, budget.updatedAt);
        uint256 loss = navAfter < navBefore ? FixedPointMathLib.fullMulDivUp(navBefore - navAfter, 1e18, navBefore) : 0;
        bool fits;
        (fits, level) = bucket.charge(loss, capacity, window, block.timestamp);
        if (!fits) revert Portfolio__LossBudgetExceeded(loss, level - loss, capacity);
        (budget.level, budget.updatedAt) = (uint128(level), uint40(block.timestamp));
        _lossBudget = budget;
    }

    /// @dev Settles the level under the old terms first.
    function _resetLossBudget(uint16 lossBudgetBps, uint40 lossWindow) internal {
        (uint256 level,,) = lossBucket();
        (_lossBudget.level, _lossBudget.updatedAt) = (uint128(level), uint40(block.timestamp));
        _setLossBudget(lossBudgetBps, lossWindow);
    }

    function _setLossBudget(uint16 lossBudgetBps, uint40 lossWindow) internal {
        if (lossBudgetBps == 0 || lossBudgetBps > 10_000 || lossWindow == 0) {
            revert Portfolio__InvalidLossBudget(lossBudgetBps, lossWindow);
        }
        (_lossBudget.budgetBps, _lossBudget.window) = (lossBudgetBps, lossWindow);
        emit LossBudgetChanged(lossBudgetBps, lossWindow);
    }

    /// @dev The capacity is half the budget: see LeakyBucket for the reason.
    function _bucketTerms(Budget memory budget) private pure returns (uint256 capacity, uint256 window) {
        return (uint256(budget.budgetBps) * _BPS_TO_WAD / 2, budget.window);
    }
}
