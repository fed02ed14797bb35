// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IUniswapV3SwapCallback} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Swaps over listed pools
/// @notice Splits an order over paths of listed pools. Tokens go from the caller straight to the first pool and from the last
/// pool straight to the recipient; only between hops do they touch this contract, and nothing is left behind. Results are
/// measured by balance differences: a token that takes a fee on the way in or between pools fails the order, and one that
/// takes it on the way out, or a pool that pays less, counts as less output. Each listed pool is trusted with the amounts of
/// the paths that lead through it, never with more, with another token, or with anything else that callers have approved.
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
    /// @dev No path, a path without a pool, or a path without an amount.
    error LiquidityAggregator__EmptyRoute();
    error LiquidityAggregator__SameToken(address token);
    /// @dev Zero, the aggregator, or a pool of the route.
    error LiquidityAggregator__InvalidRecipient(address recipient);
    error LiquidityAggregator__AmountMismatch(uint256 amountIn, uint256 sumOfPaths);
    /// @dev The pool was listed with other tokens than the route brings to it and expects from it.
    error LiquidityAggregator__WrongTokens(address pool, address token0, address token1);
    error LiquidityAggregator__InsufficientOutput(uint256 amountOut, uint256 minAmountOut);
    /// @dev The pool took another amount than the path gave it.
    error LiquidityAggregator__PartialFill(address pool, uint256 taken, uint256 given);
    error LiquidityAggregator__UnexpectedCallback(address caller);
    /// @dev A token debited or credited another amount than was sent.
    error LiquidityAggregator__BalanceMismatch(address token, uint256 expected, uint256 actual);

    /// @notice Lists a pool, or changes the fee of a listed one. Role: MANAGER_DELAYED. At worst it lists a hostile pool,
    /// which can then keep the input of orders routed through it, down to their minimum outputs.
    /// @param pool A contract that answers as its kind does: token0 and token1; getReserves (V2) or fee (V3).
    /// @param fee Hundredths of a basis point; below 1e6 for UniswapV2, the pool's own for UniswapV3.
    function listPool(address pool, VenueKind kind, uint24 fee) external;

    /// @notice Delists a pool at once. Role: GUARDIAN. At worst orders routed through it revert.
    function delistPool(address pool) external;

    /// @notice Swaps an exact input over the order's paths, or reverts whole.
    /// @dev Anyone may call: the caller is the payer. Refused: a deadline that has passed, a route that does not add up, a
    /// pool that takes more or less than its path's amount, a token that debits more than was sent.
    /// @return amountOut Growth of the recipient's tokenOut balance, at least `minAmountOut`.
    function swap(Order calldata order) external returns (uint256 amountOut);

    /// @return Kind None and fee zero if the pool is not listed.
    function venueOf(address pool) external view returns (Venue memory);
}
