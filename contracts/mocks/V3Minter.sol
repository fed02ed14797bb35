// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

interface IMintable {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function mint(
        address recipient,
        int24 lower,
        int24 upper,
        uint128 liquidity,
        bytes calldata data
    )
        external
        returns (uint256, uint256);
}

/// @title Adds liquidity to V3 pools of forks whose position manager no package ships
/// @notice Helper for tests: the caller pays, by allowance.
contract V3Minter {
    using SafeTransferLib for address;

    function mint(IMintable pool, int24 lower, int24 upper, uint128 liquidity) external {
        pool.mint(msg.sender, lower, upper, liquidity, abi.encode(msg.sender));
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata data) external {
        _pay(amount0, amount1, data);
    }

    function pancakeV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata data) external {
        _pay(amount0, amount1, data);
    }

    function _pay(uint256 amount0, uint256 amount1, bytes calldata data) private {
        address payer = abi.decode(data, (address));
        IMintable(msg.sender).token0().safeTransferFrom(payer, msg.sender, amount0);
        IMintable(msg.sender).token1().safeTransferFrom(payer, msg.sender, amount1);
    }
}
