// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// @title A yield-bearing wrapper
/// @notice Stand-in for tests: OpenZeppelin's ERC4626 unchanged; tokens that are sent to it are its yield.
contract MockVault is ERC4626 {
    constructor(IERC20 asset_) ERC20("Wrapped stand-in", "wSTAND") ERC4626(asset_) {}
}
