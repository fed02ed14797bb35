// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {BY_PAIR, Details, LAST, QUOTE_WORDS, UP} from "./Leg.sol";
import {Listing} from "./Listing.sol";
import {Orders} from "./Orders.sol";
import {BalancerV2Hop} from "./venues/BalancerV2Hop.sol";
import {CurveHop} from "./venues/CurveHop.sol";
import {ERC4626Hop} from "./venues/ERC4626Hop.sol";
import {UniswapV2Hop} from "./venues/UniswapV2Hop.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {ISignedQuoteAdapter} from "interfaces/liquidity/ISignedQuoteAdapter.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title Follows a path of an exact input
/// @notice Hops take their inputs at different places: a V2 pair has it before it is called; V3 pools and V4's manager
/// ask for it while they swap, and adapters and newer Curve pools are paid by the hop, from the account that has the
/// input; all others get it from this contract.
abstract contract Routes is Orders {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    /// @dev Follows one path of `route`, as ILiquidityAggregator.swapRoute describes it.
    /// @param cursor Position in the route at which the path begins.
    /// @return Position at which the next path begins.
    // slither-disable-next-line reentrancy-no-eth (what is written is the next hop's transient debtor; see docs)
    function _follow(uint256[] memory route, uint256 cursor, Run memory run) internal returns (uint256) {
        uint256 amount = _word(route, cursor);
        uint256 hop = _word(route, ++cursor);
        if (amount == 0) revert ILiquidityAggregator.LiquidityAggregator__EmptyRoute();
        Listing listing = _listingOf(hop, run.recipient);
        if (listing.kind() == ILiquidityAggregator.VenueKind.SignedQuote) {
            return _fill(route, cursor, listing, amount, run);
        }
        address tokenIn = run.tokenIn;
        uint256 payer;
        (amount, payer) = _begin(address(uint160(hop)), listing, tokenIn, amount, run.payer, run.feeTokens);
        while (hop & LAST == 0) {
            uint256 next = _word(route, ++cursor);
            Listing following = _listingOf(next, run.recipient);
            address tokenOut = _tokenOut(address(uint160(hop)), listing, hop & UP != 0);
            (amount, payer) = _between(hop, listing, next, following, tokenIn, tokenOut, amount, payer, run.feeTokens);
            _checkLeg(run, amount);
            (hop, listing, tokenIn) = (next, following, tokenOut);
        }
        amount = _hop(hop, listing, tokenIn, run.tokenOut, amount, payer, run.recipient, run.feeTokens);
        _checkLeg(run, amount);
        run.claimed += amount;
        return cursor + 1;
    }

    /// @dev Follows a path over a signed quote: one hop, and behind it the quote.
    /// @param cursor Position in the route of its hop.
    /// @return Position at which the next path begins.
    function _fill(
        uint256[] memory route,
        uint256 cursor,
        Listing listing,
        uint256 amount,
        Run memory run
    )
        private
        returns (uint256)
    {
        uint256 hop = route[cursor];
        address market = address(uint160(hop));
        uint256[] memory quote = new uint256[](uint8(hop >> QUOTE_WORDS));
        if (hop & LAST == 0 || quote.length == 0) {
            revert ILiquidityAggregator.LiquidityAggregator__QuoteMissing(market);
        }
        _checkTokens(market, listing, hop & UP != 0, run.tokenIn, run.tokenOut);
        for (uint256 k; k < quote.length; ++k) {
            quote[k] = _word(route, ++cursor);
        }
        Details storage details = _details[market];
        uint256 arrived = _payBefore(details.target, run.tokenIn, amount, run.payer, run.feeTokens);
        amount = ISignedQuoteAdapter(details.target)
            .swap(details.id, run.tokenIn, run.tokenOut, arrived, run.recipient, quote);
        _checkLeg(run, amount);
        run.claimed += amount;
        return cursor + 1;
    }

    /// @dev Makes a hop that another one follows.
    /// @return out Amount that the next hop has, or will be paid.
    /// @return payer Word of the payer of that amount.
    function _between(
        uint256 hop,
        Listing listing,
        uint256 next,
        Listing following,
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
            _checkTokens(address(uint160(hop)), listing, hop & UP != 0, tokenIn, tokenOut);
            return (UniswapV2Hop.quote(address(uint160(hop)), hop & UP != 0, listing.fee(), amount), hop | BY_PAIR);
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
        Listing listing,
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
        Listing listing,
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
        (address market, bool zeroForOne) = (address(uint160(hop)), hop & UP != 0);
        _checkTokens(market, listing, zeroForOne, tokenIn, tokenOut);
        if (listing.isV2()) {
            return feeTokens
                ? UniswapV2Hop.swapReceived(market, tokenIn, zeroForOne, listing.fee(), to)
                : UniswapV2Hop.swap(market, zeroForOne, listing.fee(), amount, to);
        }
        if (listing.isV3()) return _swapV3(market, tokenIn, zeroForOne, amount, payer, to);
        ILiquidityAggregator.VenueKind kind = listing.kind();
        if (kind == ILiquidityAggregator.VenueKind.UniswapV4) {
            return _swapV4(market, listing, tokenIn, tokenOut, false, amount, 0, payer, to);
        }
        Details storage details = _details[market];
        address target = details.target;
        if (kind == ILiquidityAggregator.VenueKind.BalancerV2) {
            out = BalancerV2Hop.swap(target, details.id, tokenIn, tokenOut, amount, to);
        } else if (kind == ILiquidityAggregator.VenueKind.ERC4626) {
            out = ERC4626Hop.swap(target, tokenIn, amount, to);
        } else if (kind >= ILiquidityAggregator.VenueKind.Adapter) {
            if (kind == ILiquidityAggregator.VenueKind.SignedQuote) {
                revert ILiquidityAggregator.LiquidityAggregator__QuoteMissing(market);
            }
            uint256 arrived = _payBefore(target, tokenIn, amount, payer, feeTokens);
            if (kind == ILiquidityAggregator.VenueKind.Adapter) {
                return IVenueAdapter(target).swap(details.id, tokenIn, tokenOut, arrived, to);
            }
            return CurveHop.swapReceived(CurveHop.Pair(target, kind, details.param, zeroForOne), arrived, to);
        } else {
            CurveHop.Pair memory pair = CurveHop.Pair(target, kind, details.param, zeroForOne);
            out = CurveHop.swap(pair, tokenIn, tokenOut, amount);
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

    function _checkLeg(Run memory run, uint256 amountOut) private pure {
        uint256 leg = run.leg++;
        if (run.limits.length != 0 && amountOut < run.limits[leg]) {
            revert ILiquidityAggregator.LiquidityAggregator__LegLimit(leg, amountOut, run.limits[leg]);
        }
    }
}
