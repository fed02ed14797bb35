// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedHoldings} from "./PackedHoldings.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IComplianceAwareToken} from "interfaces/tokens/IComplianceAwareToken.sol";

/// @title Movements that holders and spenders begin
/// @notice ERC-20 with permit under the rules of a compliance engine. Its storage comes first
/// in both {TokenEntry} and {ComplianceAwareToken}, which share it.
abstract contract TokenMovements is PackedHoldings {
    /// @dev The configuration fills one slot, which every movement reads first.
    struct Config {
        address engine;
        uint8 decimals;
        bool paused;
    }

    /// @dev {ComplianceAwareToken} writes it, and {TokenEntry} reads it in the same account.
    Config internal _config;

    /// @notice Returns the decimals of one whole token, 0 to 36.
    function decimals() public view override returns (uint8) {
        return _config.decimals;
    }

    /// @dev Transfers of holders and spenders end here. Effects come first: the engine is told of the movement that was
    /// made, and refuses it.
    function _update(address from, address to, uint256 amount) internal override {
        address engine_ = _running();
        if (msg.sender != from && _isWalletFrozen(msg.sender)) {
            revert IComplianceAwareToken.ComplianceAwareToken__WalletFrozen(msg.sender);
        }
        (uint256 fromBalance, uint256 toBalance) = _moveFree(from, to, amount);
        emit Transfer(from, to, amount);
        IAutomatedComplianceEngine(engine_).admitTransfer(msg.sender, from, to, amount, fromBalance, toBalance);
    }

    /// @dev Reads from one slot whether holders may move, and the contract that decides.
    function _running() internal view returns (address) {
        Config storage config = _config;
        if (config.paused) revert IComplianceAwareToken.ComplianceAwareToken__Paused();
        return config.engine;
    }
}
