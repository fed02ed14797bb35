// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Details, Leg} from "./Leg.sol";
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

    // slither-disable-next-line reentrancy-no-eth (what is written is the next hop's transient debtor; see docs)
    function _follow(Path calldata path, Run memory run) internal {
        Hop[] calldata hops = path.hops;
        uint256 last = hops.length - 1;
        Leg memory leg = _leg(hops[0], run.tokenIn, run.recipient);
        (uint256 amount, address payer) = _begin(leg, path.amountIn, run.feeTokens);
        for (uint256 i; i < last; ++i) {
            leg.tokenOut = _tokenOut(leg);
            Leg memory next = _leg(hops[i + 1], leg.tokenOut, run.recipient);
            amount = _between(leg, next, amount, payer, run.feeTokens);
            _checkLeg(run, amount);
            (leg, payer) = (next, address(this));
        }
        leg.tokenOut = run.tokenOut;
        amount = _hop(leg, amount, payer, run.recipient, run.feeTokens);
        _checkLeg(run, amount);
        run.claimed += amount;
    }

    /// @dev A hop that another one follows.
    /// @return amount What arrived.
    function _between(
        Leg memory leg,
        Leg memory next,
        uint256 given,
        address payer,
        bool feeTokens
    )
        private
        returns (uint256 amount)
    {
        // The pair's own balance tells it what it received.
        if (next.listing.isV2()) return _hop(leg, given, payer, next.market, feeTokens);
        address token = leg.tokenOut;
        uint256 before = token.balanceOf(address(this));
        uint256 claimed = _hop(leg, given, payer, address(this), feeTokens);
        amount = FixedPointMathLib.zeroFloorSub(token.balanceOf(address(this)), before);
        if (amount < claimed && !feeTokens) revert LiquidityAggregator__BalanceMismatch(token, claimed, amount);
    }

    /// @dev Brings a path's input to where its first hop wants it.
    function _begin(Leg memory leg, uint256 given, bool feeTokens) internal returns (uint256 amount, address payer) {
        amount = given;
        payer = msg.sender;
        if (leg.listing.callsBack()) return (amount, payer);
        if (leg.listing.isV2()) {
            IERC20(leg.tokenIn).safeTransferFrom(payer, leg.market, amount);
        } else {
            uint256 before = leg.tokenIn.balanceOf(address(this));
            IERC20(leg.tokenIn).safeTransferFrom(payer, address(this), amount);
            uint256 received = leg.tokenIn.balanceOf(address(this)) - before;
            if (received != amount && !feeTokens) {
                revert LiquidityAggregator__BalanceMismatch(leg.tokenIn, amount, received);
            }
            (amount, payer) = (received, address(this));
        }
    }

    /// @dev One hop: from the leg's tokenIn, which is where `_begin` puts it, to its tokenOut at `to`.
    function _hop(
        Leg memory leg,
        uint256 amount,
        address payer,
        address to,
        bool feeTokens
    )
        internal
        returns (uint256 out)
    {
        Listing listing = leg.listing;
        _checkTokens(leg.market, listing, leg.zeroForOne, leg.tokenIn, leg.tokenOut);
        if (listing.isV2()) {
            return UniswapV2Hop.swap(leg.market, leg.tokenIn, leg.zeroForOne, listing.fee(), feeTokens ? 0 : amount, to);
        }
        if (listing.isV3()) return _swapV3(leg.market, leg.tokenIn, leg.zeroForOne, amount, payer, to);
        VenueKind kind = listing.kind();
        if (kind == VenueKind.BalancerV2) {
            Details storage pool = _details[leg.market];
            address vault = pool.target;
            out = BalancerV2Hop.swap(vault, pool.id, leg.tokenIn, leg.tokenOut, amount, to);
            _requireUsed(leg, vault, amount);
            return out;
        }
        if (kind == VenueKind.UniswapV4) return _swapV4(leg, amount, payer, to);
        Details memory market = _details[leg.market];
        if (kind == VenueKind.ERC4626) {
            out = ERC4626Hop.swap(market.target, leg.tokenIn, amount, to);
            _requireUsed(leg, market.target, amount);
            return out;
        }
        if (kind == VenueKind.Adapter) {
            IERC20(leg.tokenIn).safeTransfer(market.target, amount);
            return IVenueAdapter(market.target).swap(market.id, leg.tokenIn, leg.tokenOut, amount, to);
        }
        out = CurveHop.swap(_curve(kind, market, leg), leg.tokenIn, leg.tokenOut, amount);
        _requireUsed(leg, market.target, amount);
        if (to != address(this)) IERC20(leg.tokenOut).safeTransfer(to, out);
    }

    // -- Exact output ------------------------------------------------------------------------------------------------

    /// @dev Legs of a path, each with its tokens.
    function _legs(Path calldata path, Run memory run) internal view returns (Leg[] memory legs) {
        legs = new Leg[](path.hops.length);
        address token = run.tokenIn;
        for (uint256 i; i < legs.length; ++i) {
            Leg memory leg = _leg(path.hops[i], token, run.recipient);
            leg.tokenOut = i == legs.length - 1 ? run.tokenOut : _tokenOut(leg);
            if (run.limits.length != 0) leg.limit = run.limits[run.leg];
            ++run.leg;
            _checkTokens(leg.market, leg.listing, leg.zeroForOne, leg.tokenIn, leg.tokenOut);
            (legs[i], token) = (leg, leg.tokenOut);
        }
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
            uint256 received = FixedPointMathLib.zeroFloorSub(leg.tokenIn.balanceOf(leg.market), reserveIn);
            if (received < cost) revert LiquidityAggregator__BalanceMismatch(leg.tokenIn, cost, received);
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
            return _requireUsed(leg, market.target, cost);
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
            CurveHop.swap(_curve(kind, market, leg), tokenIn, tokenOut, cost);
            _requireUsed(leg, market.target, cost);
        }
        uint256 out = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(address(this)), before);
        if (out < amountOut) revert LiquidityAggregator__PartialFill(leg.market, out, amountOut);
        if (to != address(this)) IERC20(tokenOut).safeTransfer(to, amountOut);
        _sendSurplus(tokenOut, out - amountOut);
    }

    /// @dev A venue that did not take what it was approved for could take it from somebody else's order.
    function _requireUsed(Leg memory leg, address spender, uint256 given) private view {
        uint256 left = IERC20(leg.tokenIn).allowance(address(this), spender);
        if (left != 0) revert LiquidityAggregator__PartialFill(leg.market, given - left, given);
    }

    function _provide(Leg[] memory legs, uint256 index, uint256 amount, address to) internal override {
        if (index == 0) _pay(legs[0].tokenIn, _debtPayer, to, amount);
        else _deliver(legs, index - 1, amount, to);
    }

    function _sendSurplus(address token, uint256 amount) private {
        if (amount != 0) IERC20(token).safeTransfer(_surplusTo, amount);
    }

    // -- Both --------------------------------------------------------------------------------------------------------

    /// @dev A hop's leg; what comes out of it is not known yet.
    function _leg(Hop calldata hop, address tokenIn, address recipient) internal view returns (Leg memory leg) {
        address market = hop.pool;
        leg.listing = _listed(market);
        if (market == recipient) revert LiquidityAggregator__InvalidRecipient(recipient);
        (leg.market, leg.zeroForOne, leg.tokenIn) = (market, hop.zeroForOne, tokenIn);
    }

    function _listed(address market) internal view returns (Listing listing) {
        listing = _listings[market];
        if (Listing.unwrap(listing) == 0) revert LiquidityAggregator__PoolNotListed(market);
    }

    /// @dev What a V2 or V3 pool says is checked against its listing before anything happens.
    function _tokenOut(Leg memory leg) private view returns (address) {
        if (leg.listing.isV2() || leg.listing.isV3()) {
            return leg.zeroForOne ? IUniswapV2Pair(leg.market).token1() : IUniswapV2Pair(leg.market).token0();
        }
        Details storage market = _details[leg.market];
        return leg.zeroForOne ? market.token1 : market.token0;
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

    function _curve(VenueKind kind, Details memory market, Leg memory leg) private pure returns (CurveHop.Pair memory) {
        return CurveHop.Pair(market.target, kind == VenueKind.CurveUint256, market.param, leg.zeroForOne);
    }
}
