// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {ProtocolTest} from "./ProtocolTest.sol";
import {VaultProperties} from "./VaultProperties.sol";

/// @title The protocol's portfolio as the vault whose ERC-4626 properties are tested
abstract contract PortfolioVault is ProtocolTest, VaultProperties {
    function setUp() public virtual {
        setUpProtocol();
    }

    function vault() internal view override returns (IERC4626) {
        return portfolio;
    }

    /// @dev The maximum is a trillion dollars. With fees and six decimals, beyond it marks (27 decimals) are too coarse
    /// for the last shares: at 1e24 units round trips gain four to eight raw shares, a few millionths of a unit.
    function most() internal pure virtual override returns (uint256) {
        return 1e12 * unit();
    }
}
