// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Details, LAST_HOP, PAID_BY_PAIR, QUOTE_WORDS, ZERO_FOR_ONE} from "./Leg.sol";
import {MarketWord} from "./MarketWord.sol";
import {Orders} from "./Orders.sol";
import {BalancerV2Venue} from "./venues/BalancerV2Venue.sol";
import {CurveVenue} from "./venues/CurveVenue.sol";
import {ERC4626Venue} from "./venues/ERC4626Venue.sol";
import {UniswapV2Venue} from "./venues/UniswapV2Venue.sol";
import {UniswapV3Venue} from "./venues/UniswapV3Venue.sol";
import {UniswapV4Venue} from "./venues/UniswapV4Venue.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {ISignedQuoteAdapter} from "interfaces/liquidity/ISignedQuoteAdapter.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title Exact inputs over any path, forwards
/// @notice Hops take their inputs at different places: a V2 pair has it before it is called; V3 pools and V4's manager
/// ask for it while they swap, and adapters and newer Curve pools are paid by the hop, from the account that has the
/// input; all others get it from this contract.
abstract contract ExactInput is Orders, UniswapV3Venue, UniswapV4Venue {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    /// @dev Follows one path of `route`, as ILiquidityAggregator.swapRoute describes it.
    /// @param cursor Position in the route at which the path begins.
    /// @return Position at which the next path begins.
    function _swapPath(uint256[] memory route, uint256 cursor, RouteState memory state) internal returns (uint256) {
        uint256 amount = _word(route, cursor);
        uint256 hop = _word(route, ++cursor);
        if (amount == 0) revert ILiquidityAggregator.LiquidityAggregator__EmptyRoute();
        MarketWord listing = _listingOf(hop, state.recipient);
        if (listing.kind() == ILiquidityAggregator.VenueKind.SignedQuote) {
            return _fill(route, cursor, listing, amount, state);
        }
        address tokenIn = state.tokenIn;
        uint256 payer;
        (amount, payer) = _begin(address(uint160(hop)), listing, tokenIn, amount, state.payer, state.feeTokens);
        while (hop & LAST_HOP == 0) {
            uint256 next = _word(route, ++cursor);
            MarketWord following = _listingOf(next, state.recipient);
            address tokenOut = _tokenOut(address(uint160(hop)), listing, hop & ZERO_FOR_ONE != 0);
            (amount, payer) =
                _swapIntermediateHop(hop, listing, next, following, tokenIn, tokenOut, amount, payer, state.feeTokens);
            _checkLeg(state, amount);
            (hop, listing, tokenIn) = (next, following, tokenOut);
        }
        amount = _hop(hop, listing, tokenIn, state.tokenOut, amount, payer, state.recipient, state.feeTokens);
        _checkLeg(state, amount);
        state.claimed += amount;
        return cursor + 1;
    }

    /// @dev Follows a path over a signed quote: one hop, and behind it the quote.
    /// @param cursor Position in the route of its hop.
    /// @return Position at which the next path begins.
    function _fill(
        uint256[] memory route,
        uint256 cursor,
        MarketWord listing,
        uint256 amount,
        RouteState memory state
    )
        private
        returns (uint256)
    {
        uint256 hop = route[cursor];
        address market = address(uint160(hop));
        uint256[] memory quote = new uint256[](uint8(hop >> QUOTE_WORDS));
        if (hop & LAST_HOP == 0 || quote.length == 0) {
            revert ILiquidityAggregator.LiquidityAggregator__QuoteMissing(market);
        }
        _checkTokens(market, listing, hop & ZERO_FOR_ONE != 0, state.tokenIn, state.tokenOut);
        for (uint256 k; k < quote.length; ++k) {
            quote[k] = _word(route, ++cursor);
        }
        Details storage details = _details[market];
        uint256 arrived = _payBefore(details.target, state.tokenIn, amount, state.payer, state.feeTokens);
        amount = ISignedQuoteAdapter(details.target)
            .swap(details.id, state.tokenIn, state.tokenOut, arrived, state.recipient, quote);
        _checkLeg(state, amount);
        state.claimed += amount;
        return cursor + 1;
    }

    /// @dev Makes a hop that another one follows.
    /// @return out Amount that the next hop has, or will be paid.
    /// @return payer Word of the payer of that amount.
    function _swapIntermediateHop(
        uint256 hop,
        MarketWord listing,
        uint256 next,
        MarketWord following,
        address tokenIn,
        address tokenOut,
        uint256 amount,
        uint256 payer_,
        bool feeTokens
    )
        private
        returns (uint256 out, uint256 payer)
    {
        if (following.isV2()) {
            // The pair gets its input before it is called.
            out = _hop(hop, listing, tokenIn, tokenOut, amount, payer_, address(uint160(next)), feeTokens);
            return (out, uint160(address(this)));
        }
        if (listing.isV2() && following.paysItself() && !feeTokens) {
            // The output of a pair is known before: the pair pays the next venue, which checks the payment, when that
            // venue asks.
            _checkTokens(address(uint160(hop)), listing, hop & ZERO_FOR_ONE != 0, tokenIn, tokenOut);
            return (
                UniswapV2Venue.quote(address(uint160(hop)), hop & ZERO_FOR_ONE != 0, listing.fee(), amount),
                hop | PAID_BY_PAIR
            );
        }
        uint256 before = tokenOut.balanceOf(address(this));
        uint256 paid = _hop(hop, listing, tokenIn, tokenOut, amount, payer_, address(this), feeTokens);
        out = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(address(this)), before);
        if (out < paid && !feeTokens) {
            revert ILiquidityAggregator.LiquidityAggregator__BalanceMismatch(tokenOut, paid, out);
        }
        payer = uint160(address(this));
    }

    /// @dev Brings a path's input to the place where its first hop wants it.
    function _begin(
        address market,
        MarketWord listing,
        address tokenIn,
        uint256 given,
        uint256 payer_,
        bool feeTokens
    )
        internal
        returns (uint256 amount, uint256 payer)
    {
        (amount, payer) = (given, payer_);
        if (listing.paysItself()) return (amount, payer);
        if (listing.isV2()) {
            _pay(tokenIn, payer, market, amount);
        } else {
            uint256 before = tokenIn.balanceOf(address(this));
            _pay(tokenIn, payer, address(this), amount);
            uint256 received = tokenIn.balanceOf(address(this)) - before;
            if (received != amount && !feeTokens) {
                revert ILiquidityAggregator.LiquidityAggregator__BalanceMismatch(tokenIn, amount, received);
            }
            (amount, payer) = (received, uint160(address(this)));
        }
    }

    /// @dev Makes one hop: from tokenIn, which is where `_begin` puts it, to tokenOut at `to`.
    /// @return out Output, measured here or as the venue reports it; its receiver measures again.
    function _hop(
        uint256 hop,
        MarketWord listing,
        address tokenIn,
        address tokenOut,
        uint256 amount,
        uint256 payer,
        address to,
        bool feeTokens
    )
        internal
        returns (uint256 out)
    {
        (address market, bool zeroForOne) = (address(uint160(hop)), hop & ZERO_FOR_ONE != 0);
        _checkTokens(market, listing, zeroForOne, tokenIn, tokenOut);
        if (listing.isV2()) {
            return feeTokens
                ? UniswapV2Venue.swapReceived(market, tokenIn, zeroForOne, listing.fee(), to)
                : UniswapV2Venue.swap(market, zeroForOne, listing.fee(), amount, to);
        }
        if (listing.isV3()) return _swapV3(market, tokenIn, zeroForOne, amount, payer, to);
        ILiquidityAggregator.VenueKind kind = listing.kind();
        if (kind == ILiquidityAggregator.VenueKind.UniswapV4) {
            return _swapV4(market, listing, tokenIn, tokenOut, false, amount, 0, payer, to);
        }
        Details storage details = _details[market];
        address target = details.target;
        if (kind == ILiquidityAggregator.VenueKind.BalancerV2) {
            out = BalancerV2Venue.swap(target, details.id, tokenIn, tokenOut, amount, to);
        } else if (kind == ILiquidityAggregator.VenueKind.ERC4626) {
            out = ERC4626Venue.swap(target, tokenIn, amount, to);
        } else if (kind >= ILiquidityAggregator.VenueKind.Adapter) {
            if (kind == ILiquidityAggregator.VenueKind.SignedQuote) {
                revert ILiquidityAggregator.LiquidityAggregator__QuoteMissing(market);
            }
            uint256 arrived = _payBefore(target, tokenIn, amount, payer, feeTokens);
            if (kind == ILiquidityAggregator.VenueKind.Adapter) {
                return IVenueAdapter(target).swap(details.id, tokenIn, tokenOut, arrived, to);
            }
            return CurveVenue.swapReceived(CurveVenue.Pair(target, kind, details.param, zeroForOne), arrived, to);
        } else {
            CurveVenue.Pair memory pair = CurveVenue.Pair(target, kind, details.param, zeroForOne);
            out = CurveVenue.swap(pair, tokenIn, tokenOut, amount);
            if (to != address(this)) IERC20(tokenOut).safeTransfer(to, out);
        }
        _requireUsed(market, tokenIn, target, amount);
    }

    /// @dev Pays a venue before it is called.
    /// @return arrived Amount that arrived at the venue.
    function _payBefore(
        address venue,
        address tokenIn,
        uint256 amount,
        uint256 payer,
        bool feeTokens
    )
        private
        returns (uint256 arrived)
    {
        uint256 held = tokenIn.balanceOf(venue);
        _pay(tokenIn, payer, venue, amount);
        arrived = tokenIn.balanceOf(venue) - held;
        if (arrived != amount && !feeTokens) {
            revert ILiquidityAggregator.LiquidityAggregator__BalanceMismatch(tokenIn, amount, arrived);
        }
    }

    /// @dev Reverts for a route that ends in the middle of a path.
    function _word(uint256[] memory route, uint256 cursor) private pure returns (uint256) {
        if (cursor >= route.length) revert ILiquidityAggregator.LiquidityAggregator__EmptyRoute();
        return route[cursor];
    }

    function _checkLeg(RouteState memory state, uint256 amountOut) private pure {
        uint256 leg = state.leg++;
        if (state.limits.length != 0 && amountOut < state.limits[leg]) {
            revert ILiquidityAggregator.LiquidityAggregator__LegLimit(leg, amountOut, state.limits[leg]);
        }
    }
}
