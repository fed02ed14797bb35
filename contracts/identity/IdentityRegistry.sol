// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title Who a holder is
/// @notice See {IIdentityRegistry}.
contract IdentityRegistry is IIdentityRegistry, AccessManagedUpgradeable, UUPSUpgradeable {
    /// @custom:storage-location erc7201:quantera.storage.IdentityRegistry
    struct Storage {
        mapping(address account => Identity) identities;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.IdentityRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x0a65ae3701efc2b255e2bf489ac8a1e58299528f412904609739a8ee929ff000;

    uint16 private constant _MAX_COUNTRY = 999;

    constructor() {
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IIdentityRegistry
    function registerIdentity(
        address account,
        uint16 country,
        InvestorClass investorClass,
        uint40 kycExpiry
    )
        external
        restricted
    {
        if (country == 0 || country > _MAX_COUNTRY) revert IdentityRegistry__InvalidCountry(country);
        if (investorClass == InvestorClass.None) revert IdentityRegistry__InvalidClass();
        if (kycExpiry <= block.timestamp) revert IdentityRegistry__AlreadyExpired(kycExpiry);
        Identity storage identity = _identity(account);
        if (identity.venue) revert IdentityRegistry__IsVenue(account);

        identity.country = country;
        identity.investorClass = investorClass;
        identity.kycExpiry = kycExpiry;
        emit IdentityRegistered(account, country, investorClass, kycExpiry);
    }

    /// @inheritdoc IIdentityRegistry
    function removeIdentity(address account) external restricted {
        Identity storage identity = _identity(account);
        if (identity.investorClass == InvestorClass.None) revert IdentityRegistry__NotRegistered(account);

        identity.country = 0;
        identity.investorClass = InvestorClass.None;
        identity.kycExpiry = 0;
        emit IdentityRemoved(account);
    }

    /// @inheritdoc IIdentityRegistry
    function setFrozen(address account, bool frozen) external restricted {
        _identity(account).frozen = frozen;
        emit AccountFrozen(account, frozen);
    }

    /// @inheritdoc IIdentityRegistry
    function setVenueAccount(address account, bool venue) external restricted {
        Identity storage identity = _identity(account);
        if (identity.investorClass != InvestorClass.None) revert IdentityRegistry__IsInvestor(account);

        identity.venue = venue;
        emit VenueAccountSet(account, venue);
    }

    /// @inheritdoc IIdentityRegistry
    function identityOf(address account) external view returns (Identity memory) {
        return _storage().identities[account];
    }

    /// @inheritdoc IIdentityRegistry
    function packedIdentityOf(address account) external view returns (uint256) {
        return _packed(account);
    }

    /// @inheritdoc IIdentityRegistry
    function packedIdentitiesOf(address first, address second) external view returns (uint256, uint256) {
        return (_packed(first), _packed(second));
    }

    function _packed(address account) private view returns (uint256 word) {
        Identity storage identity = _storage().identities[account];
        assembly ("memory-safe") {
            word := sload(identity.slot)
        }
    }

    function _identity(address account) private view returns (Identity storage) {
        if (account == address(0)) revert IdentityRegistry__ZeroAccount();
        return _storage().identities[account];
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
