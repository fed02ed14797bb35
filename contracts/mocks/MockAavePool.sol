// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IAavePool} from "interfaces/yield/IAavePool.sol";

/// @title Arithmetic of one Aave V3 reserve
/// @notice Stands in for Aave's pool, which Foundry cannot compile in version 3.0 and whose later versions publish no
/// artifacts. It is its own aToken. Scaled balances are rounded to the nearest unit, as `WadRayMath` does in 3.0, which
/// `test_aave_strategy.py` holds against Aave's own contracts; or, as `TokenMath` does since 3.5, down when minted and
/// up when burned, with a virtual balance that only supplies, withdrawals and borrowers move.
contract MockAavePool {
    uint256 private constant _RAY = 1e27;

    IERC20 public immutable asset;
    /// @notice True if it rounds and counts as version 3.5 does.
    bool public immutable favoursPool;
    uint256 public index = _RAY;
    uint256 private _virtualBalance;
    uint256 public scaledTotalSupply;
    mapping(address account => uint256) public scaledBalanceOf;
    uint256 public configuration = uint256(1) << 56 | uint256(18) << 48;

    error MockAavePool__NothingMinted();
    error MockAavePool__TooMuch();
    error MockAavePool__NoSuchFunction();

    constructor(IERC20 asset_, bool favoursPool_) {
        (asset, favoursPool) = (asset_, favoursPool_);
    }

    /// @notice Adds interest: the index only rises.
    function setIndex(uint256 index_) external {
        index = index_;
    }

    function setConfiguration(uint256 configuration_) external {
        configuration = configuration_;
    }

    /// @notice Lends an amount to somebody.
    function lend(address to, uint256 amount) external {
        if (favoursPool) _virtualBalance -= amount;
        asset.transfer(to, amount);
    }

    /// @notice Books a repayment by borrowers, which was sent here before.
    function repaid(uint256 amount) external {
        _virtualBalance += amount;
    }

    /// @notice Returns the virtual balance, as pools do since version 3.1; earlier ones revert.
    function getVirtualUnderlyingBalance(address) external view returns (uint128) {
        if (!favoursPool) revert MockAavePool__NoSuchFunction();
        return uint128(_virtualBalance);
    }

    function supply(address, uint256 amount, address onBehalfOf, uint16) external {
        uint256 scaled = favoursPool ? amount * _RAY / index : _nearest(amount);
        if (scaled == 0) revert MockAavePool__NothingMinted();
        if (favoursPool) _virtualBalance += amount;
        asset.transferFrom(msg.sender, address(this), amount);
        scaledBalanceOf[onBehalfOf] += scaled;
        scaledTotalSupply += scaled;
    }

    function withdraw(address, uint256 amount, address to) external returns (uint256) {
        uint256 held = scaledBalanceOf[msg.sender] * index;
        if (amount > (favoursPool ? held : held + _RAY / 2) / _RAY) revert MockAavePool__TooMuch();
        uint256 scaled = favoursPool ? (amount * _RAY + index - 1) / index : _nearest(amount);
        if (scaled == 0) revert MockAavePool__NothingMinted();
        if (favoursPool) _virtualBalance -= amount;
        scaledBalanceOf[msg.sender] -= scaled;
        scaledTotalSupply -= scaled;
        asset.transfer(to, amount);
        return amount;
    }

    function getReserveData(address) external view returns (IAavePool.ReserveData memory data) {
        (data.configuration, data.liquidityIndex, data.aTokenAddress) = (configuration, uint128(index), address(this));
    }

    function getReserveNormalizedIncome(address) external view returns (uint256) {
        return index;
    }

    function _nearest(uint256 amount) private view returns (uint256) {
        return (amount * _RAY + index / 2) / index;
    }
}
