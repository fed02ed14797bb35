// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Details, LAST, Leg, UP} from "./Leg.sol";
import {Listing} from "./Listing.sol";
import {Markets} from "./Markets.sol";
import {Orders} from "./Orders.sol";
import {ValueGuard} from "./ValueGuard.sol";
import {BalancerV2Hop} from "./venues/BalancerV2Hop.sol";
import {CurveHop} from "./venues/CurveHop.sol";
import {ERC4626Hop} from "./venues/ERC4626Hop.sol";
import {UniswapV2Hop} from "./venues/UniswapV2Hop.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";

/// @title Exact outputs over any path, backwards
/// @notice This is code of the aggregator that does not fit into its 24,576 bytes (EIP-170): the aggregator deploys it
/// and delegates to it. It therefore runs on the aggregator's storage, which its bases lay out the same way, and holds
/// nothing itself: called directly it reverts. Only the guard of orders, which reads the oracle, answers everyone.
contract ExactOutput is Orders, ValueGuard {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    address private immutable _self = address(this);

    error ExactOutput__NotDelegated();

    constructor(IVenueQuotes quotes_, address oracle) Markets(quotes_) ValueGuard(oracle) {}

    modifier onlyDelegated() {
        if (address(this) == _self) revert ExactOutput__NotDelegated();
        _;
    }

    /// @notice See {ILiquidityAggregator.swapExactOut}.
    // slither-disable-next-line reentrancy-eth (what is written is the next path's transient debtor; see docs)
    function swapExactOut(
        ILiquidityAggregator.ExactOutOrder calldata order,
        ILiquidityAggregator.Terms calldata terms
    )
        external
        onlyDelegated
        returns (uint256 amountIn)
    {
        // Checks
        (address tokenIn, address tokenOut, address recipient) = (order.tokenIn, order.tokenOut, order.recipient);
        Run memory run = Run(tokenIn, tokenOut, recipient, terms.feeTokens, uint160(msg.sender), terms.legLimits, 0, 0);
        uint256[] memory route = _routeOf(run, order.deadline, order.paths, order.amountOut);

        // Interactions
        uint256 payerBefore = tokenIn.balanceOf(msg.sender);
        uint256 recipientBefore = tokenOut.balanceOf(recipient);
        for (uint256 cursor; cursor < route.length;) {
            cursor = _fetch(route, cursor, run);
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
        _deliver(legs, index, amountOut, to);
    }

    /// @dev Fetches the output of one path of `route`, as ILiquidityAggregator.swapRoute describes it, from its end.
    /// @param cursor Position in the route at which the path begins.
    /// @return Position at which the next path begins.
    function _fetch(uint256[] memory route, uint256 cursor, Run memory run) private returns (uint256) {
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

    /// @dev A venue that pays more has the difference treated as surplus.
    function _deliver(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal override {
        Leg memory leg = legs[index];
        ILiquidityAggregator.VenueKind kind = leg.listing.kind();
        if (kind == ILiquidityAggregator.VenueKind.UniswapV3) return _deliverV3(legs, index, amountOut, to);
        if (kind == ILiquidityAggregator.VenueKind.UniswapV2) {
            (uint256 reserveIn, uint256 reserveOut) = UniswapV2Hop.reserves(leg.market, leg.zeroForOne);
            uint256 cost = UniswapV2Hop.quoteIn(amountOut, reserveIn, reserveOut, leg.listing.fee());
            _checkLimit(legs, index, cost);
            _provide(legs, index, cost, leg.market);
            return UniswapV2Hop.take(leg.market, leg.zeroForOne, amountOut, to);
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
            BalancerV2Hop.deliver(market.target, market.id, tokenIn, tokenOut, cost, amountOut, to);
            return _requireUsed(leg.market, tokenIn, market.target, cost);
        }
        if (kind == ILiquidityAggregator.VenueKind.ERC4626) {
            ERC4626Hop.deliver(market.target, tokenIn, cost, amountOut, to);
            // It may cost less than it said.
            return _sendSurplus(tokenIn, tokenIn.balanceOf(address(this)) - held);
        }
        uint256 before = tokenOut.balanceOf(address(this));
        CurveHop.Pair memory pair = CurveHop.Pair(market.target, kind, market.param, leg.zeroForOne);
        if (kind == ILiquidityAggregator.VenueKind.Adapter) {
            IVenueAdapter(market.target).swap(market.id, tokenIn, tokenOut, cost, address(this));
        } else if (kind > ILiquidityAggregator.VenueKind.Adapter) {
            CurveHop.swapReceived(pair, cost, address(this));
        } else {
            CurveHop.swap(pair, tokenIn, tokenOut, cost);
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
