// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice The chain's own coin as a token (WETH9).
interface IWrappedCoin {
    function deposit() external payable;
    function withdraw(uint256 amount) external;
}
