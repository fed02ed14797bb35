// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LossBudget} from "./LossBudget.sol";
import {SharePricing} from "./SharePricing.sol";
import {TradeTerms} from "./TradeTerms.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title How a portfolio trades
/// @notice See {IPortfolio}. The orders of a rebalance, and what decides whether they stand.
abstract contract Trading is SharePricing, LossBudget {
    using SafeERC20 for IERC20;

    /// @inheritdoc IPortfolio
    address public immutable aggregator;
    /// @inheritdoc IPortfolio
    address public immutable rebalancer;

    constructor(address aggregator_, address rebalancer_) {
        (aggregator, rebalancer) = (aggregator_, rebalancer_);
    }

    /// @inheritdoc IPortfolio
    // slither-disable-next-line reentrancy-balance (what was there before is what is asked; every entry is locked)
    function execute(
        ILiquidityAggregator.Order[] calldata orders,
        Terms calldata terms
    )
        external
        nonReentrant
        returns (Execution memory execution)
    {
        // Checks
        if (msg.sender != rebalancer) revert Portfolio__OnlyRebalancer(msg.sender);
        Asset[] memory list;
        uint256[] memory prices;
        uint256 navBefore;
        // What waits for cash keeps it: at worst the trades leave as much as there was.
        uint256 kept;
        {
            uint256[] memory held;
            uint256 total;
            (list, prices, held, execution.valuesBefore, navBefore, total) = _appraise(false);
            TradeTerms.requireSame(_tokens(list), terms.assetsHash);
            kept = FixedPointMathLib.min(held[0], _waiting(total, _recordPrice(total, false)));
        }

        // Interactions
        uint256 slippageBps =
            FixedPointMathLib.min(terms.maxSlippageBps, ILiquidityAggregator(aggregator).maxDeviationBps());
        for (uint256 i; i < orders.length; ++i) {
            _trade(orders[i], list, prices, slippageBps);
        }

        // What the trades did decides whether they stand: I2, then I3.
        uint256 navAfter;
        (, execution.valuesAfter, navAfter) = _valued(list, prices);
        if (terms.feeBps != 0) {
            execution.fee = _payExecutor(execution, terms, prices[0], list[0]);
            navAfter -= execution.fee;
        }
        uint256 left = _balanceOf(list[0]);
        if (left < kept) revert Portfolio__CashAwaited(left, kept);
        uint256 level = _chargeLoss(navBefore, navAfter);
        IRiskEngine(riskEngine)
            .checkRebalance(
                execution.valuesBefore,
                execution.valuesAfter,
                _sharePrice(_inSettlement(navAfter, prices[0], list[0].decimals))
            );
        emit Executed(navBefore, navAfter, level);
    }

    /// @dev One order, at no worse than the oracle's prices less the slippage: the aggregator says what has come in.
    function _trade(
        ILiquidityAggregator.Order calldata order,
        Asset[] memory list,
        uint256[] memory prices,
        uint256 slippageBps
    )
        private
    {
        (address tokenIn, address tokenOut, uint256 amountIn) = (order.tokenIn, order.tokenOut, order.amountIn);
        if (order.recipient != address(this)) revert Portfolio__WrongRecipient(order.recipient);
        uint256 sold = _indexIn(list, tokenIn);
        uint256 bought = _indexIn(list, tokenOut);
        if (list[sold].reserved) {
            // What is set aside is somebody's already.
            uint256 held = _balanceOf(list[sold]);
            if (amountIn > held) revert ERC20InsufficientBalance(address(this), held, amountIn);
        }
        IERC20(tokenIn).forceApprove(aggregator, amountIn);
        uint256 amountOut = ILiquidityAggregator(aggregator).swap(order);
        TradeTerms.requireFair(
            tokenIn,
            tokenOut,
            _valueOf(amountIn, prices[sold], list[sold].decimals),
            _valueOf(amountOut, prices[bought], list[bought].decimals),
            slippageBps
        );
    }

    /// @dev Pays from cash, as far as it goes; the values afterwards are without it.
    /// @return fee WAD USD.
    function _payExecutor(
        Execution memory execution,
        Terms calldata terms,
        uint256 settlementPrice,
        Asset memory settlement
    )
        private
        returns (uint256 fee)
    {
        uint256 due = TradeTerms.feeValue(execution.valuesBefore, execution.valuesAfter, terms.feeBps);
        uint256 amount =
            FixedPointMathLib.min(_inSettlement(due, settlementPrice, settlement.decimals), _balanceOf(settlement));
        fee = FixedPointMathLib.min(
            FixedPointMathLib.fullMulDivUp(amount, settlementPrice, 10 ** settlement.decimals), execution.valuesAfter[0]
        );
        execution.valuesAfter[0] -= fee;
        emit ExecutorPaid(terms.feeTo, amount);
        IERC20(settlement.token).safeTransfer(terms.feeTo, amount);
    }
}
