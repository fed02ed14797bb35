// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Quotes of orders and pairs in one call
/// @notice The functions are meant for `eth_call`: every question to a venue is reverted, so they are no views. A quote
/// equals, to the wei, the amount that the aggregator gets in the same state.
interface ILiquidityLens {
    /// @param liquidityNet Liquidity that is added when the price crosses the tick upwards.
    struct Tick {
        int24 index;
        int128 liquidityNet;
    }

    /// @param amountsOut One output per amount asked; zero where the market refused.
    /// @param state V2: both reserves. V3 and V4: square root of the price (96 fractional bits), tick (two's
    /// complement), liquidity. Balancer: both cash balances. Curve: both balances. ERC-4626: total assets and shares.
    /// Adapters: empty.
    /// @param ticks V3 and V4: initialised ticks around the price, rising within a word.
    /// @param failure The first reason for which the market refused; empty if it never did.
    struct MarketQuote {
        address market;
        ILiquidityAggregator.VenueKind kind;
        uint24 fee;
        bool zeroForOne;
        uint256[] amountsOut;
        uint256[] state;
        Tick[] ticks;
        bytes failure;
    }

    /// @dev Quotes do not see what an earlier path of the same order does to a market.
    error LiquidityLens__MarketTwice(address market);

    /// @notice Returns every listed market of a pair: its output for each of some amounts (its depth), and its state. A
    /// market that reverts, or burns gas, does not keep the others from answering.
    /// @param tickWords Words of the tick bitmap to read on each side of the price's own.
    function quotePair(
        address tokenIn,
        address tokenOut,
        uint256[] calldata amountsIn,
        uint256 tickWords
    )
        external
        returns (MarketQuote[] memory);

    /// @notice Returns the amount that an order would pay its recipient.
    /// @return amountOut Smallest units of tokenOut.
    /// @return legs Amount that each hop pays, path after path, smallest units of the hop's output token.
    function quoteOrder(ILiquidityAggregator.Order calldata order)
        external
        returns (uint256 amountOut, uint256[] memory legs);

    /// @notice Returns the amount that an exact-output order would cost its payer.
    /// @return amountIn Smallest units of tokenIn.
    /// @return legs Amount that each hop takes in, path after path, smallest units of the hop's input token.
    function quoteExactOut(ILiquidityAggregator.ExactOutOrder calldata order)
        external
        returns (uint256 amountIn, uint256[] memory legs);
}
