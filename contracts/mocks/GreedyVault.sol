// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title A listed vault that takes less than it was approved for, to take the rest later
/// @notice Stand-in for tests: it answers as ERC-4626 vaults do, with one share per asset.
contract GreedyVault is ERC20 {
    IERC20 public immutable asset;
    uint256 public shortBy;
    bool public lying;

    constructor(IERC20 asset_) ERC20("Greedy", "GREED") {
        asset = asset_;
    }

    /// @param lying_ True if it says that it took everything.
    function plan(uint256 shortBy_, bool lying_) external {
        (shortBy, lying) = (shortBy_, lying_);
    }

    /// @notice Takes what an earlier caller left it.
    function collect(address from, uint256 amount) external {
        asset.transferFrom(from, address(this), amount);
    }

    function deposit(uint256 assets, address to) external returns (uint256) {
        asset.transferFrom(msg.sender, address(this), assets - shortBy);
        _mint(to, assets);
        return assets;
    }

    function mint(uint256 shares, address to) external returns (uint256) {
        asset.transferFrom(msg.sender, address(this), shares - shortBy);
        _mint(to, shares);
        return lying ? shares : shares - shortBy;
    }

    function redeem(uint256 shares, address to, address owner) external returns (uint256) {
        _burn(owner, shares);
        asset.transfer(to, shares);
        return shares;
    }

    function withdraw(uint256 assets, address to, address owner) external returns (uint256) {
        _burn(owner, assets);
        asset.transfer(to, assets);
        return assets;
    }

    function previewMint(uint256 shares) external pure returns (uint256) {
        return shares;
    }

    function previewWithdraw(uint256 assets) external pure returns (uint256) {
        return assets;
    }
}
