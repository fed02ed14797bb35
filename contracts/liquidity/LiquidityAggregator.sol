// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {LAST, Leg, UP} from "./Leg.sol";
import {Listing} from "./Listing.sol";
import {Routes} from "./Routes.sol";
import {ValueGuard} from "./ValueGuard.sol";
import {UniswapV2Hop} from "./venues/UniswapV2Hop.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Swaps over listed markets of many venues
/// @notice See {ILiquidityAggregator}.
contract LiquidityAggregator is Routes, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    uint256 private constant _BPS = 10_000;

    /// @inheritdoc ILiquidityAggregator
    address public immutable oracle;
    ValueGuard private immutable _guard;
    /// @inheritdoc ILiquidityAggregator
    uint16 public maxDeviationBps;

    constructor(address authority_, address oracle_, uint16 maxDeviationBps_) AccessManaged(authority_) {
        oracle = oracle_;
        _guard = new ValueGuard(oracle_);
        _setMaxDeviation(maxDeviationBps_);
    }

    /// @dev A V4 pool's manager pays its coin here to be wrapped, and WETH pays it to be handed on.
    receive() external payable {
        if (_unlocked == 0) revert LiquidityAggregator__UnexpectedCoin(msg.sender);
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    function listPool(address pool, VenueKind kind, uint24 fee) external restricted {
        _listPool(pool, kind, fee);
    }

    /// @inheritdoc ILiquidityAggregator
    function listMarket(Market calldata market) external restricted returns (address key) {
        key = _listMarket(market);
    }

    /// @inheritdoc ILiquidityAggregator
    function delistPool(address pool) external restricted {
        _delist(pool);
    }

    /// @inheritdoc ILiquidityAggregator
    function setMaxDeviation(uint16 maxDeviationBps_) external restricted {
        _setMaxDeviation(maxDeviationBps_);
    }

    /// @inheritdoc ILiquidityAggregator
    function tightenMaxDeviation(uint16 maxDeviationBps_) external restricted {
        if (maxDeviationBps_ > maxDeviationBps) {
            revert LiquidityAggregator__InvalidDeviation(maxDeviationBps_, maxDeviationBps);
        }
        _setMaxDeviation(maxDeviationBps_);
    }

    // -- Exact input -------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    function swap(Order calldata order) external nonReentrant returns (uint256 amountOut) {
        amountOut = _swap(order, false, 0, new uint256[](0));
    }

    /// @inheritdoc ILiquidityAggregator
    function swapOnTerms(Order calldata order, Terms calldata terms) external nonReentrant returns (uint256 amountOut) {
        amountOut = _swap(order, terms.feeTokens, terms.maxDeviationBps, terms.legLimits);
    }

    /// @inheritdoc ILiquidityAggregator
    function swapSingle(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 minAmountOut,
        uint256 deadline
    )
        external
        nonReentrant
        returns (uint256 amountOut)
    {
        // Checks
        (Listing listing, bool zeroForOne) = _checkSingle(pool, tokenIn, tokenOut, amountIn, deadline);

        // Interactions. A pair and V3's callback bring about that exactly `amountIn` is paid; the others measure.
        uint256 before = tokenOut.balanceOf(msg.sender);
        uint256 paid;
        if (listing.isV3()) {
            paid = _swapV3(pool, tokenIn, zeroForOne, amountIn, uint160(msg.sender), msg.sender);
        } else if (listing.isV2()) {
            IERC20(tokenIn).safeTransferFrom(msg.sender, pool, amountIn);
            paid = UniswapV2Hop.swap(pool, zeroForOne, listing.fee(), amountIn, msg.sender);
        } else if (listing.callsBack()) {
            uint256 payer = uint160(msg.sender);
            paid = _swapV4(pool, listing, tokenIn, tokenOut, false, amountIn, 0, payer, msg.sender);
        } else {
            (uint256 amount, uint256 payer) = _begin(pool, listing, tokenIn, amountIn, false);
            uint256 hop = uint160(pool) | (zeroForOne ? UP : 0);
            paid = _hop(hop, listing, tokenIn, tokenOut, amount, payer, msg.sender, false);
        }
        amountOut = _received(tokenOut, msg.sender, before, paid, minAmountOut);
    }

    /// @inheritdoc ILiquidityAggregator
    function swapRoute(
        address tokenIn,
        address tokenOut,
        uint256 minAmountOut,
        uint256 deadline,
        uint256[] calldata route
    )
        external
        nonReentrant
        returns (uint256 amountOut)
    {
        // Checks
        _checkTime(deadline);
        if (tokenIn == tokenOut) revert LiquidityAggregator__SameToken(tokenIn);
        if (route.length == 0) revert LiquidityAggregator__EmptyRoute();
        Run memory run = Run(tokenIn, tokenOut, msg.sender, false, new uint256[](0), 0, 0);

        // Interactions
        uint256 before = tokenOut.balanceOf(msg.sender);
        uint256[] memory words = route;
        for (uint256 cursor; cursor < words.length;) {
            cursor = _follow(words, cursor, run);
        }
        amountOut = _received(tokenOut, msg.sender, before, run.claimed, minAmountOut);
    }

    /// @dev Everything that a swap checks: what the balances say decides.
    function _swap(
        Order calldata order,
        bool feeTokens,
        uint256 deviationBps,
        uint256[] memory limits
    )
        private
        returns (uint256 amountOut)
    {
        // Checks
        (address tokenIn, address tokenOut, address recipient) = (order.tokenIn, order.tokenOut, order.recipient);
        Run memory run = Run(tokenIn, tokenOut, recipient, feeTokens, limits, 0, 0);
        uint256[] memory route = _routeOf(run, order.deadline, order.paths, order.amountIn);

        // Interactions
        uint256 payerBefore = tokenIn.balanceOf(msg.sender);
        uint256 recipientBefore = tokenOut.balanceOf(recipient);
        for (uint256 cursor; cursor < route.length;) {
            cursor = _follow(route, cursor, run);
        }

        // What the balances say decides
        uint256 debit = FixedPointMathLib.zeroFloorSub(payerBefore, tokenIn.balanceOf(msg.sender));
        if (debit != order.amountIn && !(feeTokens && debit < order.amountIn)) {
            revert LiquidityAggregator__BalanceMismatch(tokenIn, order.amountIn, debit);
        }
        uint256 claimed = feeTokens ? 0 : run.claimed;
        amountOut = _received(tokenOut, recipient, recipientBefore, claimed, order.minAmountOut);
        if (deviationBps != 0) _guard.requireWorth(tokenIn, tokenOut, debit, amountOut, deviationBps);
        emit Swapped(msg.sender, tokenIn, tokenOut, recipient, order.amountIn, amountOut);
    }

    // -- Exact output ------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    // slither-disable-next-line reentrancy-eth (what is written is the next path's transient debtor; see docs)
    function swapExactOut(
        ExactOutOrder calldata order,
        Terms calldata terms
    )
        external
        nonReentrant
        returns (uint256 amountIn)
    {
        // Checks
        (address tokenIn, address tokenOut, address recipient) = (order.tokenIn, order.tokenOut, order.recipient);
        Run memory run = Run(tokenIn, tokenOut, recipient, terms.feeTokens, terms.legLimits, 0, 0);
        uint256[] memory route = _routeOf(run, order.deadline, order.paths, order.amountOut);

        // Interactions
        uint256 payerBefore = tokenIn.balanceOf(msg.sender);
        uint256 recipientBefore = tokenOut.balanceOf(recipient);
        for (uint256 cursor; cursor < route.length;) {
            cursor = _fetch(route, cursor, run);
        }

        // What the balances say decides
        amountIn = FixedPointMathLib.zeroFloorSub(payerBefore, tokenIn.balanceOf(msg.sender));
        if (amountIn > order.maxAmountIn) revert LiquidityAggregator__ExcessiveInput(amountIn, order.maxAmountIn);
        uint256 received = _received(tokenOut, recipient, recipientBefore, 0, order.amountOut);
        if (terms.maxDeviationBps != 0) {
            _guard.requireWorth(tokenIn, tokenOut, amountIn, received, terms.maxDeviationBps);
        }
        emit Swapped(msg.sender, tokenIn, tokenOut, recipient, amountIn, received);
    }

    /// @inheritdoc ILiquidityAggregator
    // slither-disable-next-line reentrancy-eth (what is written is transient; see docs)
    function swapExactOutSingle(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amountOut,
        uint256 maxAmountIn,
        uint256 deadline
    )
        external
        nonReentrant
        returns (uint256 amountIn)
    {
        // Checks
        (Listing listing, bool zeroForOne) = _checkSingle(pool, tokenIn, tokenOut, amountOut, deadline);

        // Interactions. No way pays more than `maxAmountIn`.
        uint256 before = tokenOut.balanceOf(msg.sender);
        VenueKind kind = listing.kind();
        if (kind == VenueKind.UniswapV3) {
            amountIn = _buyV3(pool, tokenIn, zeroForOne, amountOut, maxAmountIn);
        } else if (kind == VenueKind.UniswapV2) {
            (uint256 reserveIn, uint256 reserveOut) = UniswapV2Hop.reserves(pool, zeroForOne);
            amountIn = UniswapV2Hop.quoteIn(amountOut, reserveIn, reserveOut, listing.fee());
            if (amountIn > maxAmountIn) revert LiquidityAggregator__ExcessiveInput(amountIn, maxAmountIn);
            IERC20(tokenIn).safeTransferFrom(msg.sender, pool, amountIn);
            UniswapV2Hop.take(pool, zeroForOne, amountOut, msg.sender);
        } else if (kind == VenueKind.UniswapV4) {
            uint256 payer = uint160(msg.sender);
            amountIn = _swapV4(pool, listing, tokenIn, tokenOut, true, amountOut, maxAmountIn, payer, msg.sender);
        } else if (kind == VenueKind.BalancerV2) {
            amountIn = _buyFromVault(pool, tokenIn, tokenOut, amountOut, maxAmountIn);
        } else {
            Leg[] memory legs = new Leg[](1);
            legs[0] = Leg(pool, listing, zeroForOne, tokenIn, tokenOut, 0);
            uint256 payerBefore = tokenIn.balanceOf(msg.sender);
            (_debtPayer, _surplusTo) = (uint160(msg.sender), uint160(msg.sender));
            _deliver(legs, 0, amountOut, msg.sender);
            amountIn = FixedPointMathLib.zeroFloorSub(payerBefore, tokenIn.balanceOf(msg.sender));
            if (amountIn > maxAmountIn) revert LiquidityAggregator__ExcessiveInput(amountIn, maxAmountIn);
        }
        // slither-disable-next-line unused-return (more than was asked for is the caller's)
        _received(tokenOut, msg.sender, before, 0, amountOut);
    }

    // -- Checks ------------------------------------------------------------------------------------------------------

    /// @return route An order's paths as {swapRoute} has them.
    function _routeOf(
        Run memory run,
        uint256 deadline,
        Path[] calldata paths,
        uint256 amount
    )
        private
        view
        returns (uint256[] memory route)
    {
        _checkTime(deadline);
        if (run.tokenIn == run.tokenOut) revert LiquidityAggregator__SameToken(run.tokenIn);
        if (run.recipient == address(0) || run.recipient == address(this)) {
            revert LiquidityAggregator__InvalidRecipient(run.recipient);
        }
        if (paths.length == 0) revert LiquidityAggregator__EmptyRoute();
        uint256 words = paths.length;
        for (uint256 i; i < paths.length; ++i) {
            words += paths[i].hops.length;
        }
        route = new uint256[](words);
        (uint256 sum, uint256 cursor) = (0, 0);
        for (uint256 i; i < paths.length; ++i) {
            Path calldata path = paths[i];
            Hop[] calldata hops = path.hops;
            if (path.amountIn == 0 || hops.length == 0) revert LiquidityAggregator__EmptyRoute();
            sum += path.amountIn;
            route[cursor++] = path.amountIn;
            for (uint256 k; k < hops.length; ++k) {
                route[cursor++] = uint160(hops[k].pool) | (hops[k].zeroForOne ? UP : 0);
            }
            route[cursor - 1] |= LAST;
        }
        if (sum != amount) revert LiquidityAggregator__AmountMismatch(amount, sum);
        if (run.limits.length != 0 && run.limits.length != words - paths.length) {
            revert LiquidityAggregator__WrongLegCount(run.limits.length, words - paths.length);
        }
    }

    function _checkSingle(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amount,
        uint256 deadline
    )
        private
        view
        returns (Listing listing, bool zeroForOne)
    {
        _checkTime(deadline);
        if (amount == 0) revert LiquidityAggregator__EmptyRoute();
        listing = _listed(pool);
        zeroForOne = tokenIn < tokenOut;
        _checkTokens(pool, listing, zeroForOne, tokenIn, tokenOut);
    }

    /// @dev What has arrived is at least the minimum and at least what venues say that they paid.
    function _received(
        address tokenOut,
        address recipient,
        uint256 before,
        uint256 claimed,
        uint256 minAmountOut
    )
        private
        view
        returns (uint256 amount)
    {
        amount = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(recipient), before);
        if (amount < minAmountOut) revert LiquidityAggregator__InsufficientOutput(amount, minAmountOut);
        if (amount < claimed) revert LiquidityAggregator__BalanceMismatch(tokenOut, claimed, amount);
    }

    function _checkTime(uint256 deadline) private view {
        if (block.timestamp > deadline) revert LiquidityAggregator__Expired(deadline, block.timestamp);
    }

    function _setMaxDeviation(uint16 maxDeviationBps_) private {
        if (maxDeviationBps_ == 0 || maxDeviationBps_ > _BPS) {
            revert LiquidityAggregator__InvalidDeviation(maxDeviationBps_, maxDeviationBps);
        }
        maxDeviationBps = maxDeviationBps_;
        emit MaxDeviationSet(maxDeviationBps_);
    }
}
