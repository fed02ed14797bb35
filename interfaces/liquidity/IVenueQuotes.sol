// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Amounts that one market pays, or asks, now
/// @notice A quote equals, to the wei, the amount that the aggregator gets there in the same state. The contract holds
/// nothing and keeps no state. The functions are not views: venues that can only be asked by trying are tried, and the
/// effects are reverted.
interface IVenueQuotes {
    /// @dev A swap that was only tried reports its amounts with this error.
    error VenueQuotes__Tried(int256 amount0, int256 amount1);

    /// @notice Returns the output for an exact input, smallest units.
    function quote(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne,
        uint256 amountIn
    )
        external
        returns (uint256 amountOut);

    /// @notice Returns the input that an exact output needs, smallest units; reverts where the venue cannot tell.
    function quoteIn(
        ILiquidityAggregator.Market calldata market,
        bool zeroForOne,
        uint256 amountOut
    )
        external
        returns (uint256 amountIn);
}
