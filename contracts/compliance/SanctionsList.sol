// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {ISanctionsList, ISanctionsListener} from "interfaces/compliance/ISanctionsList.sol";

/// @title Sanctioned addresses
/// @notice See {ISanctionsList}.
contract SanctionsList is ISanctionsList, AccessManagedUpgradeable, UUPSUpgradeable {
    using EnumerableSet for EnumerableSet.AddressSet;

    /// @custom:storage-location erc7201:quantera.storage.SanctionsList
    struct Storage {
        mapping(address account => bool) sanctioned;
        EnumerableSet.AddressSet registries;
        bytes32 head;
        uint64 version;
        // One more than the version at which a registry was removed; 0 if it never was.
        mapping(address registry => uint256) removedAfter;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.SanctionsList")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xe57fcad87ac9901c1bff07e714cb49c08e55e7b656f0bbd6948677215b211e00;

    uint256 private constant _MAX_REGISTRIES = 32;

    constructor() {
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc ISanctionsList
    function sanction(uint64 version_, address[] calldata accounts, bytes32 source) external restricted {
        _change(version_, accounts, true);
        _chain(accounts, new address[](0), source);
    }

    /// @inheritdoc ISanctionsList
    function lift(uint64 version_, address[] calldata accounts, bytes32 source) external restricted {
        _change(version_, accounts, false);
        _chain(new address[](0), accounts, source);
    }

    /// @inheritdoc ISanctionsList
    function addRegistry(address registry) external restricted {
        Storage storage $ = _storage();
        if ($.registries.length() == _MAX_REGISTRIES) revert SanctionsList__TooManyRegistries(_MAX_REGISTRIES);
        if (!$.registries.add(registry)) revert SanctionsList__KnownRegistry(registry);
        uint256 removedAfter = $.removedAfter[registry];
        if (removedAfter != 0 && removedAfter != uint256($.version) + 1) revert SanctionsList__MissedChanges(registry);
        emit RegistryAdded(registry);
    }

    /// @inheritdoc ISanctionsList
    function removeRegistry(address registry) external restricted {
        Storage storage $ = _storage();
        if (!$.registries.remove(registry)) revert SanctionsList__UnknownRegistry(registry);
        $.removedAfter[registry] = uint256($.version) + 1;
        emit RegistryRemoved(registry);
    }

    /// @inheritdoc ISanctionsList
    function isSanctioned(address account) external view returns (bool) {
        return _storage().sanctioned[account];
    }

    /// @inheritdoc ISanctionsList
    function version() external view returns (uint64) {
        return _storage().version;
    }

    /// @inheritdoc ISanctionsList
    function head() external view returns (bytes32) {
        return _storage().head;
    }

    /// @inheritdoc ISanctionsList
    function registries() external view returns (address[] memory) {
        return _storage().registries.values();
    }

    function _change(uint64 version_, address[] calldata accounts, bool sanctioned) private {
        // Checks, effects
        Storage storage $ = _storage();
        if (version_ != $.version) revert SanctionsList__WrongVersion(version_, $.version);
        if (accounts.length == 0) revert SanctionsList__EmptyBatch();
        for (uint256 i; i < accounts.length; ++i) {
            address account = accounts[i];
            if (account == address(0)) revert SanctionsList__ZeroAccount();
            if ($.sanctioned[account] == sanctioned) {
                if (sanctioned) revert SanctionsList__AlreadyListed(account);
                revert SanctionsList__NotListed(account);
            }
            $.sanctioned[account] = sanctioned;
        }
        // Interactions, with registries that a factory or the admin vouched for
        address[] memory list = $.registries.values();
        for (uint256 i; i < list.length; ++i) {
            ISanctionsListener(list[i]).onSanctions(accounts, sanctioned);
        }
    }

    function _chain(address[] memory added, address[] memory removed, bytes32 source) private {
        Storage storage $ = _storage();
        uint64 next = $.version + 1;
        bytes32 link = keccak256(abi.encode($.head, next, added, removed, source));
        ($.head, $.version) = (link, next);
        emit SanctionsChanged(next, added, removed, source, link);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
