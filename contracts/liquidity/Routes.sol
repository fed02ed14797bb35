// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {BY_PAIR, Details, LAST, Leg, UP} from "./Leg.sol";
import {Listing} from "./Listing.sol";
import {Markets} from "./Markets.sol";
import {BalancerV2Hop} from "./venues/BalancerV2Hop.sol";
import {CurveHop} from "./venues/CurveHop.sol";
import {ERC4626Hop} from "./venues/ERC4626Hop.sol";
import {UniswapV2Hop} from "./venues/UniswapV2Hop.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title Follows a path, forwards for an exact input and backwards for an exact output
/// @notice Where a hop wants its input differs: a V2 pair has it before it is called; V3 pools and V4's manager ask for it
/// while they swap, from whoever has it; all others get it from this contract.
abstract contract Routes is Markets {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    /// @dev What all paths of an order share, and how far it has come.
    /// @param feeTokens Whether what arrives counts where a token delivers less than was sent.
    /// @param limits Of all hops of the order, path after path; empty without limits.
    /// @param leg How many hops there were before this path.
    /// @param claimed What the last hops say that they paid.
    struct Run {
        address tokenIn;
        address tokenOut;
        address recipient;
        bool feeTokens;
        uint256[] limits;
        uint256 leg;
        uint256 claimed;
    }

    // -- Exact input -------------------------------------------------------------------------------------------------

    /// @dev One path of `route`, as ILiquidityAggregator.swapRoute describes it.
    /// @param cursor Where in the route the path begins.
    /// @return Where the next one does.
    // slither-disable-next-line reentrancy-no-eth (what is written is the next hop's transient debtor; see docs)
    function _follow(uint256[] memory route, uint256 cursor, Run memory run) internal returns (uint256) {
        uint256 amount = _word(route, cursor);
        uint256 hop = _word(route, ++cursor);
        if (amount == 0) revert LiquidityAggregator__EmptyRoute();
        Listing listing = _listingOf(hop, run.recipient);
        address tokenIn = run.tokenIn;
        uint256 payer;
        (amount, payer) = _begin(address(uint160(hop)), listing, tokenIn, amount, run.feeTokens);
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

    /// @dev A hop that another one follows.
    /// @return out What the next one has, or will be paid.
    /// @return payer Who pays it.
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
            // The pair has it before it is called.
            out = _hop(hop, listing, tokenIn, tokenOut, amount, payer_, address(uint160(next)), feeTokens);
            return (out, uint160(address(this)));
        }
        if (listing.isV2() && following.callsBack() && !feeTokens) {
            // What a pair pays is known before: it pays the next venue, which sees to it, when that asks.
            _checkTokens(address(uint160(hop)), listing, hop & UP != 0, tokenIn, tokenOut);
            return (UniswapV2Hop.quote(address(uint160(hop)), hop & UP != 0, listing.fee(), amount), hop | BY_PAIR);
        }
        uint256 before = tokenOut.balanceOf(address(this));
        uint256 paid = _hop(hop, listing, tokenIn, tokenOut, amount, payer_, address(this), feeTokens);
        out = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(address(this)), before);
        if (out < paid && !feeTokens) revert LiquidityAggregator__BalanceMismatch(tokenOut, paid, out);
        payer = uint160(address(this));
    }

    /// @dev Brings a path's input to where its first hop wants it.
    function _begin(
        address market,
        Listing listing,
        address tokenIn,
        uint256 given,
        bool feeTokens
    )
        internal
        returns (uint256 amount, uint256 payer)
    {
        (amount, payer) = (given, uint160(msg.sender));
        if (listing.callsBack()) return (amount, payer);
        if (listing.isV2()) {
            IERC20(tokenIn).safeTransferFrom(msg.sender, market, amount);
        } else {
            uint256 before = tokenIn.balanceOf(address(this));
            IERC20(tokenIn).safeTransferFrom(msg.sender, address(this), amount);
            uint256 received = tokenIn.balanceOf(address(this)) - before;
            if (received != amount && !feeTokens) {
                revert LiquidityAggregator__BalanceMismatch(tokenIn, amount, received);
            }
            (amount, payer) = (received, uint160(address(this)));
        }
    }

    /// @dev One hop: from tokenIn, which is where `_begin` puts it, to tokenOut at `to`.
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
        VenueKind kind = listing.kind();
        if (kind == VenueKind.UniswapV4) {
            return _swapV4(market, listing, tokenIn, tokenOut, false, amount, 0, payer, to);
        }
        Details storage details = _details[market];
        address target = details.target;
        if (kind == VenueKind.BalancerV2) {
            out = BalancerV2Hop.swap(target, details.id, tokenIn, tokenOut, amount, to);
        } else if (kind == VenueKind.ERC4626) {
            out = ERC4626Hop.swap(target, tokenIn, amount, to);
        } else if (kind == VenueKind.Adapter) {
            IERC20(tokenIn).safeTransfer(target, amount);
            return IVenueAdapter(target).swap(details.id, tokenIn, tokenOut, amount, to);
        } else {
            out = CurveHop.swap(_curve(kind, target, details.param, zeroForOne), tokenIn, tokenOut, amount);
            if (to != address(this)) IERC20(tokenOut).safeTransfer(to, out);
        }
        _requireUsed(market, tokenIn, target, amount);
    }

    // -- Exact output ------------------------------------------------------------------------------------------------

    /// @dev As `_follow`, backwards.
    function _fetch(uint256[] memory route, uint256 cursor, Run memory run) internal returns (uint256) {
        uint256 amount = route[cursor];
        uint256 count;
        do {
            ++count;
        } while (route[cursor + count] & LAST == 0);
        Leg[] memory legs = new Leg[](count);
        address tokenIn = run.tokenIn;
        for (uint256 i; i < count; ++i) {
            uint256 hop = route[++cursor];
            (address market, bool zeroForOne) = (address(uint160(hop)), hop & UP != 0);
            Listing listing = _listingOf(hop, run.recipient);
            address tokenOut = hop & LAST != 0 ? run.tokenOut : _tokenOut(market, listing, zeroForOne);
            _checkTokens(market, listing, zeroForOne, tokenIn, tokenOut);
            uint256 limit = run.limits.length == 0 ? 0 : run.limits[run.leg];
            ++run.leg;
            legs[i] = Leg(market, listing, zeroForOne, tokenIn, tokenOut, limit);
            tokenIn = tokenOut;
        }
        (_debtPayer, _surplusTo) = (uint160(msg.sender), uint160(run.recipient));
        _deliver(legs, count - 1, amount, run.recipient);
        return cursor + 1;
    }

    /// @dev `amountOut` of leg `index`'s tokenOut, delivered to `to`. What its venue pays on top goes where surplus goes.
    function _deliver(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal {
        Leg memory leg = legs[index];
        VenueKind kind = leg.listing.kind();
        if (kind == VenueKind.UniswapV3) return _deliverV3(legs, index, amountOut, to);
        if (kind == VenueKind.UniswapV2) {
            (uint256 reserveIn, uint256 reserveOut) = UniswapV2Hop.reserves(leg.market, leg.zeroForOne);
            uint256 cost = UniswapV2Hop.quoteIn(amountOut, reserveIn, reserveOut, leg.listing.fee());
            _checkLimit(legs, index, cost);
            _provide(legs, index, cost, leg.market);
            return UniswapV2Hop.take(leg.market, leg.zeroForOne, amountOut, to);
        }
        if (kind == VenueKind.UniswapV4) return _deliverV4(legs, index, amountOut, to);
        _deliverFromHere(legs, index, _details[leg.market], kind, amountOut, to);
    }

    /// @dev Of venues that are asked first what it costs, and paid by this contract.
    function _deliverFromHere(
        Leg[] memory legs,
        uint256 index,
        Details memory market,
        VenueKind kind,
        uint256 amountOut,
        address to
    )
        private
    {
        Leg memory leg = legs[index];
        (address tokenIn, address tokenOut) = (leg.tokenIn, leg.tokenOut);
        uint256 cost = quotes.quoteIn(marketOf(leg.market), leg.zeroForOne, amountOut);
        _checkLimit(legs, index, cost);
        uint256 held = tokenIn.balanceOf(address(this));
        _provide(legs, index, cost, address(this));
        if (tokenIn.balanceOf(address(this)) - held < cost) {
            revert LiquidityAggregator__BalanceMismatch(tokenIn, cost, tokenIn.balanceOf(address(this)) - held);
        }
        if (kind == VenueKind.BalancerV2) {
            BalancerV2Hop.deliver(market.target, market.id, tokenIn, tokenOut, cost, amountOut, to);
            return _requireUsed(leg.market, tokenIn, market.target, cost);
        }
        if (kind == VenueKind.ERC4626) {
            ERC4626Hop.deliver(market.target, tokenIn, cost, amountOut, to);
            // It may cost less than it said.
            return _sendSurplus(tokenIn, tokenIn.balanceOf(address(this)) - held);
        }
        uint256 before = tokenOut.balanceOf(address(this));
        if (kind == VenueKind.Adapter) {
            IERC20(tokenIn).safeTransfer(market.target, cost);
            IVenueAdapter(market.target).swap(market.id, tokenIn, tokenOut, cost, address(this));
        } else {
            CurveHop.swap(_curve(kind, market.target, market.param, leg.zeroForOne), tokenIn, tokenOut, cost);
            _requireUsed(leg.market, tokenIn, market.target, cost);
        }
        uint256 out = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(address(this)), before);
        if (out < amountOut) revert LiquidityAggregator__PartialFill(leg.market, out, amountOut);
        if (to != address(this)) IERC20(tokenOut).safeTransfer(to, amountOut);
        _sendSurplus(tokenOut, out - amountOut);
    }

    /// @dev One hop of an exact output from Balancer's Vault, from the caller to the caller, who measures what arrives. The
    /// Vault says what it costs by taking it: the most that it may take is brought here, and what it leaves goes back.
    function _buyFromVault(
        address market,
        address tokenIn,
        address tokenOut,
        uint256 amountOut,
        uint256 maxAmountIn
    )
        internal
        returns (uint256 amountIn)
    {
        Details storage details = _details[market];
        address vault = details.target;
        uint256 held = tokenIn.balanceOf(address(this));
        IERC20(tokenIn).safeTransferFrom(msg.sender, address(this), maxAmountIn);
        uint256 received = tokenIn.balanceOf(address(this)) - held;
        if (received != maxAmountIn) revert LiquidityAggregator__BalanceMismatch(tokenIn, maxAmountIn, received);
        BalancerV2Hop.deliver(vault, details.id, tokenIn, tokenOut, maxAmountIn, amountOut, msg.sender);
        // Reverts if the Vault has taken from what was here before.
        uint256 left = tokenIn.balanceOf(address(this)) - held;
        IERC20(tokenIn).forceApprove(vault, 0);
        if (left != 0) IERC20(tokenIn).safeTransfer(msg.sender, left);
        amountIn = maxAmountIn - left;
    }

    /// @dev A venue that did not take what it was approved for could take it from somebody else's order.
    function _requireUsed(address market, address token, address spender, uint256 given) private view {
        uint256 left = IERC20(token).allowance(address(this), spender);
        // Tokens of Balancer's pools say that the Vault may take all of them, whatever was approved.
        if (left == type(uint256).max) return;
        if (left != 0) revert LiquidityAggregator__PartialFill(market, given - left, given);
    }

    function _provide(Leg[] memory legs, uint256 index, uint256 amount, address to) internal override {
        if (index == 0) _pay(legs[0].tokenIn, _debtPayer, to, amount);
        else _deliver(legs, index - 1, amount, to);
    }

    function _sendSurplus(address token, uint256 amount) private {
        if (amount != 0) IERC20(token).safeTransfer(address(uint160(_surplusTo)), amount);
    }

    // -- Both --------------------------------------------------------------------------------------------------------

    /// @dev Reverts for a hop that nobody listed, or that would be the order's recipient.
    function _listingOf(uint256 hop, address recipient) private view returns (Listing listing) {
        address market = address(uint160(hop));
        listing = _listed(market);
        if (market == recipient) revert LiquidityAggregator__InvalidRecipient(recipient);
    }

    function _listed(address market) internal view returns (Listing listing) {
        listing = _listings[market];
        if (Listing.unwrap(listing) == 0) revert LiquidityAggregator__PoolNotListed(market);
    }

    /// @dev What a V2 or V3 pool says is checked against its listing before anything happens.
    function _tokenOut(address market, Listing listing, bool zeroForOne) private view returns (address) {
        if (listing.isV2() || listing.isV3()) {
            return zeroForOne ? IUniswapV2Pair(market).token1() : IUniswapV2Pair(market).token0();
        }
        Details storage details = _details[market];
        return zeroForOne ? details.token1 : details.token0;
    }

    /// @dev A route that breaks off is none.
    function _word(uint256[] memory route, uint256 cursor) private pure returns (uint256) {
        if (cursor >= route.length) revert LiquidityAggregator__EmptyRoute();
        return route[cursor];
    }

    function _checkTokens(
        address market,
        Listing listing,
        bool zeroForOne,
        address tokenIn,
        address tokenOut
    )
        internal
        pure
    {
        (address token0, address token1) = zeroForOne ? (tokenIn, tokenOut) : (tokenOut, tokenIn);
        if (!listing.trades(token0, token1)) revert LiquidityAggregator__WrongTokens(market, token0, token1);
    }

    function _checkLeg(Run memory run, uint256 amountOut) private pure {
        uint256 leg = run.leg++;
        if (run.limits.length != 0 && amountOut < run.limits[leg]) {
            revert LiquidityAggregator__LegLimit(leg, amountOut, run.limits[leg]);
        }
    }

    function _curve(
        VenueKind kind,
        address target,
        uint96 param,
        bool zeroForOne
    )
        private
        pure
        returns (CurveHop.Pair memory)
    {
        return CurveHop.Pair(target, kind == VenueKind.CurveUint256, param, zeroForOne);
    }
}
