// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {Listing, ListingLib} from "./Listing.sol";
import {UniswapV2Hop} from "./venues/UniswapV2Hop.sol";
import {UniswapV3Hop} from "./venues/UniswapV3Hop.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";
import {IUniswapV3Pool} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Swaps over listed pools
/// @notice See {ILiquidityAggregator}.
contract LiquidityAggregator is ILiquidityAggregator, UniswapV3Hop, AccessManaged, ReentrancyGuardTransient {
    // Transfers by OpenZeppelin: a token's reason to refuse reaches the caller. Balances by Solady: cheaper.
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    uint256 private constant _PIPS = 1e6;

    mapping(address pool => Listing) private _listings;

    constructor(address authority_) AccessManaged(authority_) {}

    // -- Listing -----------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    function listPool(address pool, VenueKind kind, uint24 fee) external restricted {
        // Checks
        bool valid = kind == VenueKind.UniswapV2
            ? fee < _PIPS && _read(pool, IUniswapV2Pair.getReserves.selector) <= type(uint112).max
            : kind == VenueKind.UniswapV3 && fee == _read(pool, IUniswapV3Pool.fee.selector);
        uint256 token0 = _read(pool, IUniswapV2Pair.token0.selector);
        uint256 token1 = _read(pool, IUniswapV2Pair.token1.selector);
        if (!valid || token0 >= token1 || token1 > type(uint160).max) {
            revert LiquidityAggregator__InvalidVenue(pool, kind, fee);
        }

        // Effects
        _listings[pool] = ListingLib.pack(kind, fee, address(uint160(token0)), address(uint160(token1)));
        emit PoolListed(pool, kind, fee);
    }

    /// @inheritdoc ILiquidityAggregator
    function delistPool(address pool) external restricted {
        if (Listing.unwrap(_listings[pool]) == 0) revert LiquidityAggregator__PoolNotListed(pool);
        _listings[pool] = Listing.wrap(0);
        emit PoolDelisted(pool);
    }

    /// @inheritdoc ILiquidityAggregator
    function venueOf(address pool) external view returns (Venue memory) {
        Listing listing = _listings[pool];
        return Venue(listing.kind(), listing.fee());
    }

    // -- Swaps -------------------------------------------------------------------------------------------------------

    /// @inheritdoc ILiquidityAggregator
    function swap(Order calldata order) external nonReentrant returns (uint256 amountOut) {
        // Checks
        address tokenIn = order.tokenIn;
        address tokenOut = order.tokenOut;
        address recipient = order.recipient;
        uint256 amountIn = order.amountIn;
        Path[] calldata paths = order.paths;
        if (block.timestamp > order.deadline) revert LiquidityAggregator__Expired(order.deadline, block.timestamp);
        if (tokenIn == tokenOut) revert LiquidityAggregator__SameToken(tokenIn);
        if (recipient == address(0) || recipient == address(this)) {
            revert LiquidityAggregator__InvalidRecipient(recipient);
        }
        if (paths.length == 0) revert LiquidityAggregator__EmptyRoute();
        uint256 sum;
        for (uint256 i; i < paths.length; ++i) {
            if (paths[i].amountIn == 0 || paths[i].hops.length == 0) revert LiquidityAggregator__EmptyRoute();
            sum += paths[i].amountIn;
        }
        if (sum != amountIn) revert LiquidityAggregator__AmountMismatch(amountIn, sum);

        // Interactions
        uint256 payerBefore = tokenIn.balanceOf(msg.sender);
        uint256 recipientBefore = tokenOut.balanceOf(recipient);
        for (uint256 i; i < paths.length; ++i) {
            _follow(paths[i], tokenIn, tokenOut, recipient);
        }

        // What the balances say decides
        uint256 debit = FixedPointMathLib.zeroFloorSub(payerBefore, tokenIn.balanceOf(msg.sender));
        if (debit != amountIn) revert LiquidityAggregator__BalanceMismatch(tokenIn, amountIn, debit);
        amountOut = FixedPointMathLib.zeroFloorSub(tokenOut.balanceOf(recipient), recipientBefore);
        if (amountOut < order.minAmountOut) {
            revert LiquidityAggregator__InsufficientOutput(amountOut, order.minAmountOut);
        }
        emit Swapped(msg.sender, tokenIn, tokenOut, recipient, amountIn, amountOut);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Each hop's output goes where the next one needs it: into a V2 pair, or here for a V3 pool that will call back.
    // slither-disable-next-line reentrancy-no-eth (what is written is the next hop's transient debtor; see docs)
    function _follow(Path calldata path, address token, address tokenOut, address recipient) private {
        Hop[] calldata hops = path.hops;
        uint256 amount = path.amountIn;
        address payer = msg.sender;
        address pool = hops[0].pool;
        Listing listing = _listed(pool, recipient);
        if (listing.isV2()) IERC20(token).safeTransferFrom(payer, pool, amount);

        for (uint256 i = 1; i < hops.length; ++i) {
            bool zeroForOne = hops[i - 1].zeroForOne;
            address next = hops[i].pool;
            address between = zeroForOne ? IUniswapV2Pair(pool).token1() : IUniswapV2Pair(pool).token0();
            Listing nextListing = _listed(next, recipient);
            if (nextListing.isV2()) {
                // The pair's own balance tells it what it received.
                amount = _hop(pool, listing, zeroForOne, token, between, amount, payer, next);
            } else {
                uint256 before = between.balanceOf(address(this));
                amount = _hop(pool, listing, zeroForOne, token, between, amount, payer, address(this));
                uint256 received = FixedPointMathLib.zeroFloorSub(between.balanceOf(address(this)), before);
                if (received < amount) revert LiquidityAggregator__BalanceMismatch(between, amount, received);
                amount = received;
            }
            (pool, listing, token, payer) = (next, nextListing, between, address(this));
        }
        _hop(pool, listing, hops[hops.length - 1].zeroForOne, token, tokenOut, amount, payer, recipient);
    }

    /// @dev One pool: from `token`, which a V2 pair has already and a V3 pool will ask `payer` for, to `tokenOut` at `to`.
    function _hop(
        address pool,
        Listing listing,
        bool zeroForOne,
        address token,
        address tokenOut,
        uint256 amount,
        address payer,
        address to
    )
        private
        returns (uint256)
    {
        (address token0, address token1) = zeroForOne ? (token, tokenOut) : (tokenOut, token);
        if (!listing.trades(token0, token1)) revert LiquidityAggregator__WrongTokens(pool, token0, token1);
        return listing.isV2()
            ? UniswapV2Hop.swap(pool, token, zeroForOne, listing.fee(), amount, to)
            : _swapV3(pool, token, zeroForOne, amount, payer, to);
    }

    function _listed(address pool, address recipient) private view returns (Listing listing) {
        listing = _listings[pool];
        if (Listing.unwrap(listing) == 0) revert LiquidityAggregator__PoolNotListed(pool);
        if (pool == recipient) revert LiquidityAggregator__InvalidRecipient(recipient);
    }

    /// @dev The first word that the pool's getter answers, the largest number if it does not answer.
    function _read(address pool, bytes4 selector) private view returns (uint256) {
        (bool success, bytes memory answer) = pool.staticcall(abi.encodePacked(selector));
        return success && answer.length >= 32 ? uint256(bytes32(answer)) : type(uint256).max;
    }
}
