// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {LeakyBucket} from "../math/LeakyBucket.sol";
import {Asset, AssetLib} from "./Asset.sol";
import {OrderHead, OrderWords} from "./OrderWords.sol";
import {Redemptions} from "./Redemptions.sol";
import {TradeLimitsLib} from "./TradeLimitsLib.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPaymentCallback} from "interfaces/liquidity/IPaymentCallback.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Trading of a portfolio
/// @notice See {IPortfolio}. Whoever holds the keepers' keys decides what is traded; what follows decides whether it
/// stands.
///
/// BEFORE
/// - The list of assets is the signed one, and the oracle lets the traded assets be traded now.
///
/// EACH ORDER
/// - Its input leaves only as the aggregator asks for it, up to the order's amount ({payDue}).
/// - Its output is what the balance grew by, at least the order's minimum and the oracle's value less the slippage.
///
/// AFTERWARDS
/// - Balances are read again: no token debited more than it was asked for.
/// - Cash that requests wait for is still there.
/// - The fall of NAV, the executor's fee included, fits the loss budget (I2), and the weights fit the limits (I3).
///
/// LOSS BUDGET
/// - A {LeakyBucket} holds at most half the budget and drains over one window, so that any window loses at most a full
///   bucket and what drains meanwhile. NAV is counted at constant prices: only trading fills the bucket.
abstract contract Trading is Redemptions {
    using AssetLib for Asset[];
    using DynamicArrayLib for uint256[];
    using LeakyBucket for LeakyBucket.Bucket;
    using OrderWords for uint256[];
    using SafeERC20 for IERC20;

    /// @dev Everything that the orders of an execution share.
    /// @param held Balances without the amounts that are set aside, kept up to date from order to order.
    /// @param trades Words of the trades, laid out as in the event {Executed}; the array is longer than that until the
    /// end.
    /// @param count Number of trades.
    struct Run {
        Asset[] list;
        uint256[] prices;
        uint256[] held;
        uint256[] trades;
        uint256 count;
        uint256 slippageBps;
    }

    /// @dev Terms and level of the loss bucket, in one slot.
    struct Budget {
        uint16 budgetBps;
        uint40 window;
        uint128 level;
        uint40 updatedAt;
    }

    uint256 private constant _BPS_TO_WAD = 1e14;

    /// @inheritdoc IPortfolio
    address public immutable riskEngine;
    /// @inheritdoc IPortfolio
    address public immutable aggregator;
    /// @inheritdoc IPortfolio
    address public immutable rebalancer;

    Budget private _lossBudget;
    /// @dev The amount that the running order has still to pay in the low 112 bits, above it its token's low 144 bits.
    uint256 private transient _due;

    constructor(address riskEngine_, address aggregator_, address rebalancer_) {
        (riskEngine, aggregator, rebalancer) = (riskEngine_, aggregator_, rebalancer_);
    }

    /// @inheritdoc IPortfolio
    function execute(
        uint256[] calldata orders,
        TradeLimits calldata limits
    )
        external
        nonReentrant
        returns (Execution memory execution)
    {
        // Checks
        if (msg.sender != rebalancer) revert Portfolio__OnlyRebalancer(msg.sender);
        Run memory run;
        run.list = _listed();
        {
            address[] memory tokens = _tokens(run.list);
            TradeLimitsLib.requireSame(tokens, limits.assetsHash);
            run.prices = IPriceOracle(oracle).tradingPrices(tokens, orders.traded());
        }
        uint256 navBefore;
        (run.held, execution.valuesBefore, navBefore) = _valued(run.list, run.prices);
        uint256 cash = run.held[0];

        // Interactions
        run.slippageBps =
            FixedPointMathLib.min(limits.maxSlippageBps, ILiquidityAggregator(aggregator).maxDeviationBps());
        run.trades = new uint256[](orders.length);
        for (uint256 cursor; cursor < orders.length;) {
            cursor = _trade(orders, cursor, run);
        }

        // The trades stand only if their outcome satisfies I2, then I3.
        uint256 navAfter;
        (execution.valuesAfter, navAfter) = _valuedAfter(run);
        if (limits.feeBps != 0) {
            execution.fee = _payExecutor(execution, limits, run);
            navAfter -= execution.fee;
        }
        uint256 sharePrice_ = _requireCash(run, cash, navBefore, navAfter);
        uint256 level = _chargeLoss(navBefore, navAfter);
        IRiskEngine(riskEngine).checkRebalance(execution.valuesBefore, execution.valuesAfter, sharePrice_);
        emit Executed(navBefore, navAfter, level, _told(run));
    }

    /// @inheritdoc IPaymentCallback
    function payDue(address token, address to, uint256 amount) external {
        if (msg.sender != aggregator) revert Portfolio__OnlyAggregator(msg.sender);
        uint256 due = _due;
        if (due >> 112 != uint144(uint160(token)) || uint112(due) < amount) revert Portfolio__NotDue(token, amount);
        _due = due - amount;
        IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IPortfolio
    function lossBucket() public view returns (uint256 level, uint256 capacity, uint256 window) {
        Budget memory budget = _lossBudget;
        (capacity, window) = _bucketTerms(budget);
        level = LeakyBucket.Bucket(budget.level, budget.updatedAt).levelAt(capacity, window, block.timestamp);
    }

    // -- Orders ------------------------------------------------------------------------------------------------------

    /// @dev Runs one order, at no worse than the oracle's prices less the slippage.
    /// @return next Position at which the next one begins.
    function _trade(uint256[] calldata orders, uint256 cursor, Run memory run) private returns (uint256 next) {
        OrderHead head;
        uint256[] calldata route;
        (head, route, next) = orders.orderAt(cursor);
        (uint256 sold, uint256 bought) = (head.sold(), head.bought());
        (Asset assetIn, Asset assetOut) = _ends(run.list, sold, bought);
        uint256[] memory held = run.held;
        uint256 amountIn = head.amountIn();
        {
            // The amount that is set aside is somebody's already.
            uint256 most = held.get(sold);
            if (amountIn > most) revert ERC20InsufficientBalance(address(this), most, amountIn);
            unchecked {
                held = held.set(sold, most - amountIn);
            }
        }
        uint256 amountOut;
        {
            uint256 before = held.get(bought);
            _run(assetIn, assetOut, amountIn, route);
            uint256 balance = _balanceOf(assetOut);
            held = held.set(bought, balance);
            amountOut = FixedPointMathLib.zeroFloorSub(balance, before);
        }
        if (amountOut < head.minAmountOut()) {
            revert Portfolio__InsufficientOutput(assetOut.token(), amountOut, head.minAmountOut());
        }
        TradeLimitsLib.requireFair(
            assetIn.token(),
            assetOut.token(),
            _valueOf(amountIn, run.prices.get(sold), assetIn.unit()),
            _valueOf(amountOut, run.prices.get(bought), assetOut.unit()),
            run.slippageBps
        );
        run.trades[run.count++] = head.told(amountOut);
    }

    function _told(Run memory run) private pure returns (uint256[] memory trades) {
        trades = run.trades;
        uint256 count = run.count;
        assembly ("memory-safe") {
            mstore(trades, count)
        }
    }

    /// @dev Lets the aggregator ask for the input, and checks that it asked for all of it.
    function _run(Asset assetIn, Asset assetOut, uint256 amountIn, uint256[] calldata route) private {
        address tokenIn = assetIn.token();
        _due = uint256(uint160(tokenIn)) << 112 | amountIn;
        ILiquidityAggregator(aggregator).swapWithCallback(tokenIn, assetOut.token(), route);
        uint256 left = uint112(_due);
        if (left != 0) revert Portfolio__Unpaid(tokenIn, left);
        _due = 0;
    }

    function _ends(Asset[] memory list, uint256 sold, uint256 bought) private pure returns (Asset, Asset) {
        uint256 count = list.length;
        if (sold >= count) revert Portfolio__NoSuchAsset(sold, count);
        if (bought >= count) revert Portfolio__NoSuchAsset(bought, count);
        return (list.get(sold), list.get(bought));
    }

    // -- What the trades did -----------------------------------------------------------------------------------------

    /// @dev Returns the values of the balances after the orders; reverts where a token debited more than it was asked
    /// for.
    function _valuedAfter(Run memory run) private view returns (uint256[] memory values, uint256 total) {
        uint256[] memory balances;
        (balances, values, total) = _valued(run.list, run.prices);
        uint256[] memory held = run.held;
        for (uint256 k; k < balances.length; ++k) {
            (uint256 expected, uint256 balance) = (held.get(k), balances.get(k));
            if (balance < expected) revert Portfolio__BalanceMismatch(run.list[k].token(), expected, balance);
        }
        run.held = balances;
    }

    /// @dev Requests that wait for cash keep it: at worst the trades leave as much as there was.
    /// @param cash Smallest units of the settlement token before the orders.
    /// @return sharePrice_ Share price after the orders, WAD settlement tokens per share.
    function _requireCash(
        Run memory run,
        uint256 cash,
        uint256 navBefore,
        uint256 navAfter
    )
        private
        returns (uint256 sharePrice_)
    {
        Asset settlement = run.list[0];
        uint256 totalBefore = _inSettlement(navBefore, run.prices[0], settlement.unit());
        uint256 totalAfter = _inSettlement(navAfter, run.prices[0], settlement.unit());
        (uint256 supplyBefore, uint256 supplyAfter) =
            IFeeManager(feeManager).recordTrade(totalBefore, totalAfter, totalSupply());
        uint256 reservedCash = FixedPointMathLib.min(cash, _waiting(totalBefore, supplyBefore));
        uint256 left = run.held[0];
        if (left < reservedCash) revert Portfolio__CashAwaited(left, reservedCash);
        sharePrice_ = _sharePriceAt(totalAfter, supplyAfter);
    }

    /// @dev Pays from cash, as far as it goes; the values afterwards are without it.
    /// @return fee WAD USD.
    function _payExecutor(
        Execution memory execution,
        TradeLimits calldata limits,
        Run memory run
    )
        private
        returns (uint256 fee)
    {
        (Asset settlement, uint256 settlementPrice) = (run.list[0], run.prices[0]);
        uint256 due = TradeLimitsLib.feeValue(execution.valuesBefore, execution.valuesAfter, limits.feeBps);
        uint256 amount = FixedPointMathLib.min(_inSettlement(due, settlementPrice, settlement.unit()), run.held[0]);
        fee = FixedPointMathLib.min(
            FixedPointMathLib.fullMulDivUp(amount, settlementPrice, settlement.unit()), execution.valuesAfter[0]
        );
        execution.valuesAfter[0] -= fee;
        run.held[0] -= amount;
        emit ExecutorPaid(limits.feeTo, amount);
        IERC20(settlement.token()).safeTransfer(limits.feeTo, amount);
    }

    // -- Loss budget -------------------------------------------------------------------------------------------------

    /// @dev Charges the fall of NAV to the bucket; a gain does not refill it, or an attacker could trade it up first.
    function _chargeLoss(uint256 navBefore, uint256 navAfter) private returns (uint256 level) {
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
