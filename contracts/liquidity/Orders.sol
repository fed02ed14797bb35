// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Details, LAST_HOP, ZERO_FOR_ONE} from "./Leg.sol";
import {MarketWord} from "./MarketWord.sol";
import {Markets} from "./Markets.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title Checks of orders of either sort, before and after
abstract contract Orders is Markets {
    using SafeTransferLib for address;

    /// @dev Everything that the paths of an order share, and how far it has come.
    /// @param feeTokens True if the arrived amount counts where a token delivers less than was sent.
    /// @param payer Word of the payer of the paths' inputs, as `_pay` defines it.
    /// @param limits The limits of all hops of the order, path after path; empty without limits.
    /// @param leg Number of hops before this path.
    /// @param claimed Sum of the outputs that the last hops report.
    struct RouteState {
        address tokenIn;
        address tokenOut;
        address recipient;
        bool feeTokens;
        uint256 payer;
        uint256[] limits;
        uint256 leg;
        uint256 claimed;
    }

    /// @return route Paths of an order as words, as {swapRoute} has them.
    function _routeOf(
        RouteState memory state,
        uint256 deadline,
        ILiquidityAggregator.Path[] calldata paths,
        uint256 amount
    )
        internal
        view
        returns (uint256[] memory route)
    {
        _checkTime(deadline);
        if (state.tokenIn == state.tokenOut) revert ILiquidityAggregator.LiquidityAggregator__SameToken(state.tokenIn);
        if (state.recipient == address(0) || state.recipient == address(this)) {
            revert ILiquidityAggregator.LiquidityAggregator__InvalidRecipient(state.recipient);
        }
        if (paths.length == 0) revert ILiquidityAggregator.LiquidityAggregator__EmptyRoute();
        uint256 words = paths.length;
        for (uint256 i; i < paths.length; ++i) {
            words += paths[i].hops.length;
        }
        route = new uint256[](words);
        (uint256 sum, uint256 cursor) = (0, 0);
        for (uint256 i; i < paths.length; ++i) {
            ILiquidityAggregator.Path calldata path = paths[i];
            ILiquidityAggregator.Hop[] calldata hops = path.hops;
            if (path.amountIn == 0 || hops.length == 0) revert ILiquidityAggregator.LiquidityAggregator__EmptyRoute();
            sum += path.amountIn;
            route[cursor++] = path.amountIn;
            for (uint256 k; k < hops.length; ++k) {
                route[cursor++] = uint160(hops[k].pool) | (hops[k].zeroForOne ? ZERO_FOR_ONE : 0);
            }
            route[cursor - 1] |= LAST_HOP;
        }
        if (sum != amount) revert ILiquidityAggregator.LiquidityAggregator__AmountMismatch(amount, sum);
        if (state.limits.length != 0 && state.limits.length != words - paths.length) {
            revert ILiquidityAggregator.LiquidityAggregator__WrongLegCount(state.limits.length, words - paths.length);
        }
    }

    function _checkTime(uint256 deadline) internal view {
        if (block.timestamp > deadline) {
            revert ILiquidityAggregator.LiquidityAggregator__Expired(deadline, block.timestamp);
        }
    }

    /// @dev Reverts for a hop that nobody listed, or that would be the order's recipient.
    function _listingOf(uint256 hop, address recipient) internal view returns (MarketWord listing) {
        address market = address(uint160(hop));
        listing = _listed(market);
        if (market == recipient) revert ILiquidityAggregator.LiquidityAggregator__InvalidRecipient(recipient);
    }

    function _listed(address market) internal view returns (MarketWord listing) {
        listing = _listings[market];
        if (MarketWord.unwrap(listing) == 0) revert ILiquidityAggregator.LiquidityAggregator__PoolNotListed(market);
    }

    /// @dev The answer of a V2 or V3 pool is checked against its listing before anything happens.
    function _tokenOut(address market, MarketWord listing, bool zeroForOne) internal view returns (address) {
        if (listing.isV2() || listing.isV3()) {
            return zeroForOne ? IUniswapV2Pair(market).token1() : IUniswapV2Pair(market).token0();
        }
        Details storage details = _details[market];
        return zeroForOne ? details.token1 : details.token0;
    }

    function _checkTokens(
        address market,
        MarketWord listing,
        bool zeroForOne,
        address tokenIn,
        address tokenOut
    )
        internal
        pure
    {
        (address token0, address token1) = zeroForOne ? (tokenIn, tokenOut) : (tokenOut, tokenIn);
        if (!listing.trades(token0, token1)) {
            revert ILiquidityAggregator.LiquidityAggregator__WrongTokens(market, token0, token1);
        }
    }

    /// @dev The amount that has arrived is at least the minimum and at least what venues say that they paid.
    function _received(
        address tokenOut,
        address recipient,
        uint256 before,
        uint256 claimed,
        uint256 minAmountOut
    )
        internal
        view
        returns (uint256 amount)
    {
        amount = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(recipient), before);
        if (amount < minAmountOut) {
            revert ILiquidityAggregator.LiquidityAggregator__InsufficientOutput(amount, minAmountOut);
        }
        if (amount < claimed) {
            revert ILiquidityAggregator.LiquidityAggregator__BalanceMismatch(tokenOut, claimed, amount);
        }
    }

    /// @dev A venue that did not take what it was approved for could take it from somebody else's order.
    function _requireUsed(address market, address token, address spender, uint256 given) internal view {
        uint256 left = IERC20(token).allowance(address(this), spender);
        // Tokens of Balancer's pools say that the Vault may take all of them, whatever was approved.
        if (left == type(uint256).max) return;
        if (left != 0) revert ILiquidityAggregator.LiquidityAggregator__PartialFill(market, given - left, given);
    }
}
