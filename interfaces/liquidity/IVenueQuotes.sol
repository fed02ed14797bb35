// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title What one market pays, or asks, now
/// @notice Equal to the wei to what the aggregator gets there in the same state. Holds nothing and remembers nothing. Not
/// views: venues that can only be asked by trying are tried, and what they did is reverted.
interface IVenueQuotes {
    /// @dev How a swap that was only tried says what it came to.
    error VenueQuotes__Tried(int256 amount0, int256 amount1);

    /// @notice What comes out for an exact input.
    function quote(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne,
        uint256 amountIn
    )
        external
        returns (uint256 amountOut);

    /// @notice What has to go in for an exact output; reverts where the venue cannot say.
    function quoteIn(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne,
        uint256 amountOut
    )
        external
        returns (uint256 amountIn);
}
