// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title A venue that the aggregator does not know
/// @notice An adapter is written by a third party that wants a venue listed, and it is listed like any other market. It
/// holds nothing between calls and is trusted with the tokens that are sent to it, no more.
interface IVenueAdapter {
    /// @notice Tells whether the adapter swaps between these two tokens, both ways. It is asked when the market is
    /// listed.
    /// @param id The market's id, as listed: a pool, a key, whatever the adapter makes of it.
    function trades(bytes32 id, address token0, address token1) external view returns (bool);

    /// @notice Swaps an exact input that has just been sent to it.
    /// @return amountOut Output, all of which was sent to `to`.
    function swap(
        bytes32 id,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        address to
    )
        external
        returns (uint256 amountOut);

    /// @notice Returns the amount that `swap` would pay now. It is not a view: venues that can only be asked by trying
    /// may revert inside.
    function quote(bytes32 id, address tokenIn, address tokenOut, uint256 amountIn) external returns (uint256 amountOut);

    /// @notice Returns the minimum input for which `swap` would pay `amountOut` now; reverts if the venue cannot say.
    function quoteIn(
        bytes32 id,
        address tokenIn,
        address tokenOut,
        uint256 amountOut
    )
        external
        returns (uint256 amountIn);
}
