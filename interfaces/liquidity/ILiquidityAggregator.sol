// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IUniswapV3SwapCallback} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Swaps over listed pools
/// @notice Splits an order over paths of listed pools. Tokens go from the caller straight to the first pool and from the last
/// pool straight to the recipient; only between hops do they touch this contract, and nothing is left behind. Results are
/// measured by balance differences, so a token that takes a fee on transfer, or a pool that pays less, fails the order.
interface ILiquidityAggregator is IUniswapV3SwapCallback {
    enum VenueKind {
        None,
        UniswapV2,
        UniswapV3
    }

    /// @param kind None when the pool is not listed.
    /// @param fee Hundredths of a basis point (3000 = 0.3%).
    struct Venue {
        VenueKind kind;
        uint24 fee;
    }

    /// @param pool A listed pool.
    /// @param zeroForOne True if token0 goes in and token1 comes out.
    struct Hop {
        address pool;
        bool zeroForOne;
    }

    /// @param amountIn Smallest units of the order's tokenIn that go this way, above zero.
    /// @param hops One or more pools in order.
    struct Path {
        uint256 amountIn;
        Hop[] hops;
    }

    /// @param amountIn Sum of the paths' amounts; pulled from the caller, who has approved at least as much.
    /// @param minAmountOut Least that the recipient's balance of tokenOut has to grow by.
    /// @param deadline Last second at which the order may run.
    struct Order {
        address tokenIn;
        address tokenOut;
        uint256 amountIn;
        uint256 minAmountOut;
        address recipient;
        uint40 deadline;
        Path[] paths;
    }

    event PoolListed(address indexed pool, VenueKind kind, uint24 fee);
    event PoolDelisted(address indexed pool);
    event Swapped(
        address indexed caller,
        address indexed tokenIn,
        address indexed tokenOut,
        address recipient,
        uint256 amountIn,
        uint256 amountOut
    );

    error LiquidityAggregator__PoolNotListed(address pool);
    error LiquidityAggregator__InvalidVenue(address pool, VenueKind kind, uint24 fee);
    error LiquidityAggregator__Expired(uint256 deadline, uint256 timestamp);
    error LiquidityAggregator__EmptyRoute();
    error LiquidityAggregator__SameToken(address token);
    error LiquidityAggregator__InvalidRecipient(address recipient);
    error LiquidityAggregator__AmountMismatch(uint256 amountIn, uint256 sumOfPaths);
    error LiquidityAggregator__InsufficientOutput(uint256 amountOut, uint256 minAmountOut);
    /// @dev The pool took another amount than the path gave it.
    error LiquidityAggregator__PartialFill(address pool, uint256 taken, uint256 given);
    error LiquidityAggregator__UnexpectedCallback(address caller);
    /// @dev A token debited or credited another amount than was sent.
    error LiquidityAggregator__BalanceMismatch(address token, uint256 expected, uint256 actual);

    /// @notice Lists a pool. Role: MANAGER_DELAYED.
    /// @param fee Hundredths of a basis point; for UniswapV3 it has to equal the pool's own.
    function listPool(address pool, VenueKind kind, uint24 fee) external;

    /// @notice Delists a pool at once. Role: GUARDIAN.
    function delistPool(address pool) external;

    /// @notice Swaps an exact input over the order's paths, or reverts whole.
    /// @return amountOut Growth of the recipient's tokenOut balance, at least `minAmountOut`.
    function swap(Order calldata order) external returns (uint256 amountOut);

    function venueOf(address pool) external view returns (Venue memory);
}
