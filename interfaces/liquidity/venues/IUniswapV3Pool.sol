// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice The functions of a Uniswap V3 pool, or of a fork's pool, that are called here.
interface IUniswapV3Pool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function fee() external view returns (uint24);
    function tickSpacing() external view returns (int24);
    function liquidity() external view returns (uint128);
    function tickBitmap(int16 word) external view returns (uint256);
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    )
        external
        returns (int256 amount0, int256 amount1);
}

/// @notice A Uniswap V3 pool calls this function on the caller of `swap`.
interface IUniswapV3SwapCallback {
    /// @notice Asks for the swap's input.
    /// @param amount0Delta Token0 owed to the pool, or if negative, sent by it; smallest units.
    /// @param amount1Delta Token1 owed to the pool, or if negative, sent by it; smallest units.
    /// @param data Bytes that the caller of `swap` gave the pool to pass on.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external;
}

/// @notice A PancakeSwap V3 pool calls this function on the caller of `swap`.
interface IPancakeV3SwapCallback {
    /// @notice Asks for the swap's input, with the arguments of {IUniswapV3SwapCallback.uniswapV3SwapCallback}.
    function pancakeV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external;
}
