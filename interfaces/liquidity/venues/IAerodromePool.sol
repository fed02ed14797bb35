// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title A pool of Aerodrome, or of Velodrome V2, which has the same code
/// @notice The functions that are called here. Source: Velodrome V2's published IPool.
interface IAerodromePool {
    function token0() external view returns (address);
    function token1() external view returns (address);

    /// @notice True if it keeps x^3 y + y^3 x, false if it keeps x y.
    function stable() external view returns (bool);
    function factory() external view returns (address);
    function getReserves() external view returns (uint256 reserve0, uint256 reserve1, uint256 blockTimestampLast);

    /// @return The amount that `swap` pays for an exact input, after its fee.
    function getAmountOut(uint256 amountIn, address tokenIn) external view returns (uint256);

    /// @notice Pays these amounts to `to`, and reverts unless enough has come in before.
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;
}

/// @title The factory of such pools
/// @notice Source: Velodrome V2's published IPoolFactory.
interface IAerodromeFactory {
    /// @return Fee of a pool, basis points of the input.
    function getFee(address pool, bool stable) external view returns (uint256);
    function isPaused() external view returns (bool);
}
