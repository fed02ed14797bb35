// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Details, LAST_HOP, Leg, ZERO_FOR_ONE} from "./Leg.sol";
import {MarketWord} from "./MarketWord.sol";
import {Markets} from "./Markets.sol";
import {OracleGuard} from "./OracleGuard.sol";
import {Orders} from "./Orders.sol";
import {BalancerV2Venue} from "./venues/BalancerV2Venue.sol";
import {CurveVenue} from "./venues/CurveVenue.sol";
import {ERC4626Venue} from "./venues/ERC4626Venue.sol";
import {UniswapV2Venue} from "./venues/UniswapV2Venue.sol";
import {UniswapV3Venue} from "./venues/UniswapV3Venue.sol";
import {UniswapV4Venue} from "./venues/UniswapV4Venue.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";

/// @title Exact outputs over any path, backwards
/// @notice This is code of the aggregator that does not fit into its 24,576 bytes (EIP-170): the aggregator deploys it
/// and delegates to it. It therefore runs on the aggregator's storage, which its bases lay out the same way, and holds
/// nothing itself: called directly it reverts. Only the guard of orders, which reads the oracle, answers everyone.
contract ExactOutput is Orders, UniswapV3Venue, UniswapV4Venue, OracleGuard {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    address private immutable _self = address(this);

    error ExactOutput__NotDelegated();

    constructor(IVenueQuotes quotes_, address oracle) Markets(quotes_) OracleGuard(oracle) {}

    modifier onlyDelegated() {
        if (address(this) == _self) revert ExactOutput__NotDelegated();
        _;
    }

    /// @notice See {ILiquidityAggregator.swapExactOut}.
    function swapExactOut(
        ILiquidityAggregator.ExactOutOrder calldata order,
        ILiquidityAggregator.SwapTerms calldata terms
    )
        external
        onlyDelegated
        returns (uint256 amountIn)
    {
        // Checks
        (address tokenIn, address tokenOut, address recipient) = (order.tokenIn, order.tokenOut, order.recipient);
        RouteState memory state =
            RouteState(tokenIn, tokenOut, recipient, terms.feeTokens, uint160(msg.sender), terms.legLimits, 0, 0);
        uint256[] memory route = _routeOf(state, order.deadline, order.paths, order.amountOut);

        // Interactions
        uint256 payerBefore = tokenIn.balanceOf(msg.sender);
        uint256 recipientBefore = tokenOut.balanceOf(recipient);
        for (uint256 cursor; cursor < route.length;) {
            cursor = _buyPath(route, cursor, state);
        }

        // The balances decide
        amountIn = FixedPointMathLib.zeroFloorSub(payerBefore, tokenIn.balanceOf(msg.sender));
        if (amountIn > order.maxAmountIn) {
            revert ILiquidityAggregator.LiquidityAggregator__ExcessiveInput(amountIn, order.maxAmountIn);
        }
        uint256 received = _received(tokenOut, recipient, recipientBefore, 0, order.amountOut);
        if (terms.maxDeviationBps != 0) {
            requireWorth(tokenIn, tokenOut, amountIn, received, terms.maxDeviationBps);
        }
        emit ILiquidityAggregator.Swapped(msg.sender, tokenIn, tokenOut, recipient, amountIn, received);
    }

    /// @notice Brings `amountOut` of leg `index`'s tokenOut to `to`, paid for by the legs before it and by the payer.
    /// @param legs The hops of one path; the aggregator has checked them against their listings.
    function deliver(Leg[] calldata legs, uint256 index, uint256 amountOut, address to) external onlyDelegated {
        _buyHop(legs, index, amountOut, to);
    }

    /// @dev Fetches the output of one path of `route`, as ILiquidityAggregator.swapRoute describes it, from its end.
    /// @param cursor Position in the route at which the path begins.
    /// @return Position at which the next path begins.
    function _buyPath(uint256[] memory route, uint256 cursor, RouteState memory state) private returns (uint256) {
        uint256 amount = route[cursor];
        uint256 count;
        do {
            ++count;
        } while (route[cursor + count] & LAST_HOP == 0);
        Leg[] memory legs = new Leg[](count);
        address tokenIn = state.tokenIn;
        for (uint256 i; i < count; ++i) {
            uint256 hop = route[++cursor];
            (address market, bool zeroForOne) = (address(uint160(hop)), hop & ZERO_FOR_ONE != 0);
            MarketWord listing = _listingOf(hop, state.recipient);
            address tokenOut = hop & LAST_HOP != 0 ? state.tokenOut : _tokenOut(market, listing, zeroForOne);
            _checkTokens(market, listing, zeroForOne, tokenIn, tokenOut);
            uint256 limit = state.limits.length == 0 ? 0 : state.limits[state.leg];
            ++state.leg;
            legs[i] = Leg(market, listing, zeroForOne, tokenIn, tokenOut, limit);
            tokenIn = tokenOut;
        }
        (_duePayer, _surplusTo) = (uint160(msg.sender), uint160(state.recipient));
        _buyHop(legs, count - 1, amount, state.recipient);
        return cursor + 1;
    }

    /// @dev A venue that pays more has the difference treated as surplus.
    function _buyHop(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal override {
        Leg memory leg = legs[index];
        ILiquidityAggregator.VenueKind kind = leg.listing.kind();
        if (kind == ILiquidityAggregator.VenueKind.UniswapV3) return _deliverV3(legs, index, amountOut, to);
        if (kind == ILiquidityAggregator.VenueKind.UniswapV2) {
            (uint256 reserveIn, uint256 reserveOut) = UniswapV2Venue.reserves(leg.market, leg.zeroForOne);
            uint256 cost = UniswapV2Venue.quoteIn(amountOut, reserveIn, reserveOut, leg.listing.fee());
            _checkLimit(legs, index, cost);
            _provide(legs, index, cost, leg.market);
            return UniswapV2Venue.take(leg.market, leg.zeroForOne, amountOut, to);
        }
        if (kind == ILiquidityAggregator.VenueKind.UniswapV4) return _deliverV4(legs, index, amountOut, to);
        _deliverFromHere(legs, index, _details[leg.market], kind, amountOut, to);
    }

    /// @dev Serves venues that are first asked for the cost, and then paid: by this contract, or before they are
    /// called.
    function _deliverFromHere(
        Leg[] memory legs,
        uint256 index,
        Details memory market,
        ILiquidityAggregator.VenueKind kind,
        uint256 amountOut,
        address to
    )
        private
    {
        Leg memory leg = legs[index];
        (address tokenIn, address tokenOut) = (leg.tokenIn, leg.tokenOut);
        uint256 cost = _quotes.quoteIn(_marketOf(leg.market), leg.zeroForOne, amountOut);
        _checkLimit(legs, index, cost);
        // A venue that two legs lead through would not see what it paid itself: only a payer pays it directly.
        bool paidBefore = kind >= ILiquidityAggregator.VenueKind.Adapter;
        address payee = paidBefore && index == 0 ? market.target : address(this);
        uint256 held = tokenIn.balanceOf(payee);
        _provide(legs, index, cost, payee);
        uint256 arrived = tokenIn.balanceOf(payee) - held;
        if (arrived < cost) revert ILiquidityAggregator.LiquidityAggregator__BalanceMismatch(tokenIn, cost, arrived);
        if (paidBefore && index != 0) IERC20(tokenIn).safeTransfer(market.target, cost);
        if (kind == ILiquidityAggregator.VenueKind.BalancerV2) {
            BalancerV2Venue.deliver(market.target, market.id, tokenIn, tokenOut, cost, amountOut, to);
            return _requireUsed(leg.market, tokenIn, market.target, cost);
        }
        if (kind == ILiquidityAggregator.VenueKind.ERC4626) {
            ERC4626Venue.deliver(market.target, tokenIn, cost, amountOut, to);
            // It may cost less than it said.
            return _sendSurplus(tokenIn, tokenIn.balanceOf(address(this)) - held);
        }
        uint256 before = tokenOut.balanceOf(address(this));
        CurveVenue.Pair memory pair = CurveVenue.Pair(market.target, kind, market.param, leg.zeroForOne);
        if (kind == ILiquidityAggregator.VenueKind.Adapter) {
            IVenueAdapter(market.target).swap(market.id, tokenIn, tokenOut, cost, address(this));
        } else if (kind > ILiquidityAggregator.VenueKind.Adapter) {
            CurveVenue.swapReceived(pair, cost, address(this));
        } else {
            CurveVenue.swap(pair, tokenIn, tokenOut, cost);
            _requireUsed(leg.market, tokenIn, market.target, cost);
        }
        uint256 out = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(address(this)), before);
        if (out < amountOut) revert ILiquidityAggregator.LiquidityAggregator__PartialFill(leg.market, out, amountOut);
        if (to != address(this)) IERC20(tokenOut).safeTransfer(to, amountOut);
        _sendSurplus(tokenOut, out - amountOut);
    }

    function _sendSurplus(address token, uint256 amount) private {
        if (amount != 0) IERC20(token).safeTransfer(address(uint160(_surplusTo)), amount);
    }
}
