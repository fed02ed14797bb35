// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IAavePool} from "interfaces/yield/IAavePool.sol";

/// @title Arithmetic of one Aave V3 reserve
/// @notice For Foundry, which cannot compile Aave: scaled balances, rounded to the nearest unit as WadRayMath does. It is
/// its own aToken. `test_aave_strategy.py` holds it against Aave's own contracts.
contract AavePoolStandIn {
    uint256 private constant _RAY = 1e27;

    IERC20 public immutable asset;
    uint256 public index = _RAY;
    uint256 public scaledTotalSupply;
    mapping(address account => uint256) public scaledBalanceOf;
    uint256 public configuration = uint256(1) << 56 | uint256(18) << 48;

    error AavePoolStandIn__NothingMinted();
    error AavePoolStandIn__TooMuch();

    constructor(IERC20 asset_) {
        asset = asset_;
    }

    /// @notice Interest: the index only rises.
    function setIndex(uint256 index_) external {
        index = index_;
    }

    function setConfiguration(uint256 configuration_) external {
        configuration = configuration_;
    }

    /// @notice Somebody borrows.
    function lend(address to, uint256 amount) external {
        asset.transfer(to, amount);
    }

    function supply(address, uint256 amount, address onBehalfOf, uint16) external {
        uint256 scaled = (amount * _RAY + index / 2) / index;
        if (scaled == 0) revert AavePoolStandIn__NothingMinted();
        asset.transferFrom(msg.sender, address(this), amount);
        scaledBalanceOf[onBehalfOf] += scaled;
        scaledTotalSupply += scaled;
    }

    function withdraw(address, uint256 amount, address to) external returns (uint256) {
        if (amount > (scaledBalanceOf[msg.sender] * index + _RAY / 2) / _RAY) revert AavePoolStandIn__TooMuch();
        uint256 scaled = (amount * _RAY + index / 2) / index;
        if (scaled == 0) revert AavePoolStandIn__NothingMinted();
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
}
