// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title Storage of a registry, and who may change it
/// @notice {IdentityRegistry} and {IdentityRegistryStorage}, which runs by delegation in the registry's account, share
/// it.
abstract contract RegistryRecords is AccessManagedUpgradeable {
    /// @dev The person behind an ONCHAINID. The first slot is all that is used while it has one wallet.
    /// @param listed Number of its wallets, present and former, that are on the sanctions list.
    /// @param frozen True if an officer froze the person.
    struct Person {
        address first;
        uint32 listed;
        bool frozen;
        address[] others;
    }

    /// @custom:storage-location erc7201:quantera.storage.IdentityRegistry
    struct Storage {
        mapping(address account => IIdentityRegistry.Identity) identities;
        mapping(address account => IOnchainId) onchainIds;
        // The ONCHAINID of a wallet that was unlinked: what binds the person still binds the wallet.
        mapping(address account => IOnchainId) formerIds;
        mapping(IOnchainId identity => Person) persons;
        mapping(address account => bool) agents;
        // Zero in the shared registry: whose roles count, and who may act for delayed ones.
        address shared;
        address factory;
        mapping(address token => bool) bound;
        uint32 tokens;
        // 0 stands for the usual one.
        uint8 maxWallets;
        // Registries of other suites that keep their identities here; one that is no agent any more is not shown.
        address[] registries;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.IdentityRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x0a65ae3701efc2b255e2bf489ac8a1e58299528f412904609739a8ee929ff000;

    /// @dev A clone obeys the shared registry's roles, held without a delay, and its factory, through which delayed
    /// ones act.
    function _checkCanCall(address caller, bytes calldata data) internal override {
        Storage storage $ = _storage();
        if ($.shared == address(0)) return super._checkCanCall(caller, data);
        if (caller == $.factory) return;
        (bool immediate,) = IAccessManager(authority()).canCall(caller, $.shared, bytes4(data[:4]));
        if (!immediate) revert AccessManagedUnauthorized(caller);
    }

    function _storage() internal pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }
}
