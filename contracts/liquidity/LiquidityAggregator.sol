// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {ExactInput} from "./ExactInput.sol";
import {ExactOutput} from "./ExactOutput.sol";
import {BY_CALLBACK, Details, HAS_ID, LAST_HOP, Leg, ZERO_FOR_ONE} from "./Leg.sol";
import {ListingValidator} from "./ListingValidator.sol";
import {MarketWord} from "./MarketWord.sol";
import {Markets} from "./Markets.sol";
import {BalancerV2Venue} from "./venues/BalancerV2Venue.sol";
import {UniswapV2Venue} from "./venues/UniswapV2Venue.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";

/// @title Swaps over listed markets of many venues
/// @notice See {ILiquidityAggregator}.
contract LiquidityAggregator is ILiquidityAggregator, ExactInput, AccessManaged, ReentrancyGuardTransient {
    using Address for address;
    using EnumerableSet for EnumerableSet.AddressSet;
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    uint256 private constant _BPS = 10_000;

    /// @inheritdoc ILiquidityAggregator
    address public immutable oracle;
    ListingValidator private immutable _check;
    ExactOutput private immutable _exactOutput;
    /// @inheritdoc ILiquidityAggregator
    uint16 public maxDeviationBps;

    constructor(
        address authority_,
        address oracle_,
        IVenueQuotes quotes_,
        uint16 maxDeviationBps_
    )
        Markets(quotes_)
        AccessManaged(authority_)
    {
        oracle = oracle_;
        _check = new ListingValidator();
        _exactOutput = new ExactOutput(_quotes, oracle_);
        _setMaxDeviation(maxDeviationBps_);
    }

    /// @dev A V4 pool's manager pays its coin here to be wrapped, and WETH pays it to be handed on.
    receive() external payable {
        if (_unlocked == 0) revert LiquidityAggregator__UnexpectedCoin(msg.sender);
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    function listPool(address pool, VenueKind kind, uint24 fee) external restricted {
        (address token0, address token1) = _check.poolTokens(pool, kind, fee);
        _list(pool, kind, fee, token0, token1);
    }

    /// @inheritdoc ILiquidityAggregator
    function listMarket(Market calldata market) external restricted returns (address key) {
        _check.requireMarket(market);
        key = marketKey(market);
        uint96 param = market.id == 0 ? market.param : market.param | HAS_ID;
        _details[key] = Details(market.target, param, market.id, market.token0, market.token1);
        _list(key, market.kind, market.fee, market.token0, market.token1);
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
    function swapOnTerms(
        Order calldata order,
        SwapTerms calldata terms
    )
        external
        nonReentrant
        returns (uint256 amountOut)
    {
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
        (MarketWord listing, bool zeroForOne) = _checkSingle(pool, tokenIn, tokenOut, amountIn, deadline);

        // Interactions
        uint256 before = tokenOut.balanceOf(msg.sender);
        uint256 paid = _swapHop(pool, listing, zeroForOne, tokenIn, tokenOut, amountIn, uint160(msg.sender));
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

        // Interactions
        uint256 before = tokenOut.balanceOf(msg.sender);
        uint256 claimed = _followAll(tokenIn, tokenOut, route, uint160(msg.sender));
        amountOut = _received(tokenOut, msg.sender, before, claimed, minAmountOut);
    }

    /// @inheritdoc ILiquidityAggregator
    /// @dev The outputs that the venues report prove nothing: the caller measures.
    function swapWithCallback(address tokenIn, address tokenOut, uint256[] calldata route) external nonReentrant {
        uint256 payer = uint160(msg.sender) | BY_CALLBACK;
        uint256 hop = route.length == 2 ? route[1] : 0;
        if (hop & LAST_HOP == 0 || tokenIn == tokenOut) {
            _followAll(tokenIn, tokenOut, route, payer);
            return;
        }
        // One hop: most orders are no more than that.
        (uint256 amount, address pool, bool zeroForOne) = (route[0], address(uint160(hop)), hop & ZERO_FOR_ONE != 0);
        MarketWord listing = _checkHop(pool, zeroForOne, tokenIn, tokenOut, amount);
        _swapHop(pool, listing, zeroForOne, tokenIn, tokenOut, amount, payer);
    }

    /// @dev Makes one hop to the caller. A pair and V3's callback bring about that exactly `amountIn` is paid; the
    /// others measure.
    /// @param payer Word of the payer, as `_pay` defines it.
    /// @return Output that the venue reports, smallest units of tokenOut.
    function _swapHop(
        address pool,
        MarketWord listing,
        bool zeroForOne,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 payer
    )
        private
        returns (uint256)
    {
        if (listing.isV3()) return _swapV3(pool, tokenIn, zeroForOne, amountIn, payer, msg.sender);
        if (listing.isV2()) {
            _pay(tokenIn, payer, pool, amountIn);
            return UniswapV2Venue.swap(pool, zeroForOne, listing.fee(), amountIn, msg.sender);
        }
        if (listing.kind() == VenueKind.UniswapV4) {
            return _swapV4(pool, listing, tokenIn, tokenOut, false, amountIn, 0, payer, msg.sender);
        }
        (amountIn, payer) = _begin(pool, listing, tokenIn, amountIn, payer, false);
        uint256 hop = uint160(pool) | (zeroForOne ? ZERO_FOR_ONE : 0);
        return _hop(hop, listing, tokenIn, tokenOut, amountIn, payer, msg.sender, false);
    }

    /// @dev Follows every path of a route, to the caller.
    /// @return Sum of the outputs that the last hops report, smallest units of tokenOut.
    function _followAll(
        address tokenIn,
        address tokenOut,
        uint256[] calldata route,
        uint256 payer
    )
        private
        returns (uint256)
    {
        if (tokenIn == tokenOut) revert LiquidityAggregator__SameToken(tokenIn);
        if (route.length == 0) revert LiquidityAggregator__EmptyRoute();
        RouteState memory state = RouteState(tokenIn, tokenOut, msg.sender, false, payer, new uint256[](0), 0, 0);
        uint256[] memory words = route;
        for (uint256 cursor; cursor < words.length;) {
            cursor = _swapPath(words, cursor, state);
        }
        return state.claimed;
    }

    /// @dev Makes all checks of a swap; the measured balances decide.
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
        RouteState memory state = RouteState(tokenIn, tokenOut, recipient, feeTokens, uint160(msg.sender), limits, 0, 0);
        uint256[] memory route = _routeOf(state, order.deadline, order.paths, order.amountIn);

        // Interactions
        uint256 payerBefore = tokenIn.balanceOf(msg.sender);
        uint256 recipientBefore = tokenOut.balanceOf(recipient);
        for (uint256 cursor; cursor < route.length;) {
            cursor = _swapPath(route, cursor, state);
        }

        // The balances decide, not the venues' answers.
        uint256 debit = FixedPointMathLib.zeroFloorSub(payerBefore, tokenIn.balanceOf(msg.sender));
        if (debit != order.amountIn && !(feeTokens && debit < order.amountIn)) {
            revert LiquidityAggregator__BalanceMismatch(tokenIn, order.amountIn, debit);
        }
        uint256 claimed = feeTokens ? 0 : state.claimed;
        amountOut = _received(tokenOut, recipient, recipientBefore, claimed, order.minAmountOut);
        if (deviationBps != 0) _exactOutput.requireWorth(tokenIn, tokenOut, debit, amountOut, deviationBps);
        emit Swapped(msg.sender, tokenIn, tokenOut, recipient, order.amountIn, amountOut);
    }

    // -- Exact output ------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    function swapExactOut(ExactOutOrder calldata, SwapTerms calldata) external nonReentrant returns (uint256 amountIn) {
        amountIn = abi.decode(address(_exactOutput).functionDelegateCall(msg.data), (uint256));
    }

    /// @inheritdoc ILiquidityAggregator
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
        (MarketWord listing, bool zeroForOne) = _checkSingle(pool, tokenIn, tokenOut, amountOut, deadline);

        // Interactions. No way pays more than `maxAmountIn`.
        uint256 before = tokenOut.balanceOf(msg.sender);
        VenueKind kind = listing.kind();
        if (kind == VenueKind.UniswapV3) {
            amountIn = _buyV3(pool, tokenIn, zeroForOne, amountOut, maxAmountIn);
        } else if (kind == VenueKind.UniswapV2) {
            (uint256 reserveIn, uint256 reserveOut) = UniswapV2Venue.reserves(pool, zeroForOne);
            amountIn = UniswapV2Venue.quoteIn(amountOut, reserveIn, reserveOut, listing.fee());
            if (amountIn > maxAmountIn) revert LiquidityAggregator__ExcessiveInput(amountIn, maxAmountIn);
            IERC20(tokenIn).safeTransferFrom(msg.sender, pool, amountIn);
            UniswapV2Venue.take(pool, zeroForOne, amountOut, msg.sender);
        } else if (kind == VenueKind.UniswapV4) {
            uint256 payer = uint160(msg.sender);
            amountIn = _swapV4(pool, listing, tokenIn, tokenOut, true, amountOut, maxAmountIn, payer, msg.sender);
        } else if (kind == VenueKind.BalancerV2) {
            amountIn = _buyFromVault(pool, tokenIn, tokenOut, amountOut, maxAmountIn);
        } else {
            Leg[] memory legs = new Leg[](1);
            legs[0] = Leg(pool, listing, zeroForOne, tokenIn, tokenOut, 0);
            uint256 payerBefore = tokenIn.balanceOf(msg.sender);
            (_duePayer, _surplusTo) = (uint160(msg.sender), uint160(msg.sender));
            _buyHop(legs, 0, amountOut, msg.sender);
            amountIn = FixedPointMathLib.zeroFloorSub(payerBefore, tokenIn.balanceOf(msg.sender));
            if (amountIn > maxAmountIn) revert LiquidityAggregator__ExcessiveInput(amountIn, maxAmountIn);
        }
        _received(tokenOut, msg.sender, before, 0, amountOut);
    }

    /// @dev Buys an exact output over one hop from Balancer's Vault, from the caller to the caller, who measures what
    /// arrives. The Vault reports its price by taking it: the maximum that it may take is brought here, and the rest
    /// that it leaves goes back.
    function _buyFromVault(
        address market,
        address tokenIn,
        address tokenOut,
        uint256 amountOut,
        uint256 maxAmountIn
    )
        private
        returns (uint256 amountIn)
    {
        Details storage details = _details[market];
        address vault = details.target;
        uint256 held = tokenIn.balanceOf(address(this));
        IERC20(tokenIn).safeTransferFrom(msg.sender, address(this), maxAmountIn);
        uint256 received = tokenIn.balanceOf(address(this)) - held;
        if (received != maxAmountIn) revert LiquidityAggregator__BalanceMismatch(tokenIn, maxAmountIn, received);
        BalancerV2Venue.deliver(vault, details.id, tokenIn, tokenOut, maxAmountIn, amountOut, msg.sender);
        // Reverts if the Vault has taken from what was here before.
        uint256 left = tokenIn.balanceOf(address(this)) - held;
        IERC20(tokenIn).forceApprove(vault, 0);
        if (left != 0) IERC20(tokenIn).safeTransfer(msg.sender, left);
        amountIn = maxAmountIn - left;
    }

    /// @dev Delivers by a delegate call of the contract that holds this code, which does not fit in here.
    function _buyHop(Leg[] memory legs, uint256 index, uint256 amountOut, address to) internal override {
        address(_exactOutput).functionDelegateCall(abi.encodeCall(ExactOutput.deliver, (legs, index, amountOut, to)));
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    function venueOf(address pool) external view returns (Venue memory) {
        MarketWord listing = _listings[pool];
        return Venue(listing.kind(), listing.fee());
    }

    /// @inheritdoc ILiquidityAggregator
    function marketOf(address pool) external view returns (Market memory) {
        return _marketOf(pool);
    }

    /// @inheritdoc ILiquidityAggregator
    function markets() external view returns (address[] memory) {
        return _keys.values();
    }

    /// @inheritdoc ILiquidityAggregator
    function marketKey(Market calldata market) public pure returns (address) {
        if (market.kind <= VenueKind.UniswapV3) return market.target;
        return address(uint160(uint256(keccak256(abi.encode(market)))));
    }

    /// @inheritdoc ILiquidityAggregator
    function quotes() external view returns (IVenueQuotes) {
        return _quotes;
    }

    // -- Checks ------------------------------------------------------------------------------------------------------

    function _checkSingle(
        address pool,
        address tokenIn,
        address tokenOut,
        uint256 amount,
        uint256 deadline
    )
        private
        view
        returns (MarketWord listing, bool zeroForOne)
    {
        _checkTime(deadline);
        zeroForOne = tokenIn < tokenOut;
        listing = _checkHop(pool, zeroForOne, tokenIn, tokenOut, amount);
    }

    function _checkHop(
        address pool,
        bool zeroForOne,
        address tokenIn,
        address tokenOut,
        uint256 amount
    )
        private
        view
        returns (MarketWord listing)
    {
        if (amount == 0) revert LiquidityAggregator__EmptyRoute();
        listing = _listed(pool);
        _checkTokens(pool, listing, zeroForOne, tokenIn, tokenOut);
    }

    function _setMaxDeviation(uint16 maxDeviationBps_) private {
        if (maxDeviationBps_ == 0 || maxDeviationBps_ > _BPS) {
            revert LiquidityAggregator__InvalidDeviation(maxDeviationBps_, maxDeviationBps);
        }
        maxDeviationBps = maxDeviationBps_;
        emit MaxDeviationSet(maxDeviationBps_);
    }
}
