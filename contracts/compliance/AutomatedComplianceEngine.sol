// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title Rules of regulated tokens
/// @notice See {IAutomatedComplianceEngine}.
contract AutomatedComplianceEngine is IAutomatedComplianceEngine, AccessManagedUpgradeable, UUPSUpgradeable {
    using PackedIdentity for uint256;

    /// @dev Four words a token. Country c is bit c % 250 of word c / 250. Above the countries every word repeats the
    /// allowed classes (class i is bit 250 + i) and, in bit 255, that the rules are open: one word decides on an account.
    /// @custom:storage-location erc7201:quantera.storage.AutomatedComplianceEngine
    struct Storage {
        mapping(address token => uint256[4]) rules;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.AutomatedComplianceEngine")) - 1))
    //     & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x8b3034b2a5f4b006a123d01b0b3a14d132b70edee69bf06a680e8ae031290000;

    uint256 private constant _COUNTRIES_A_WORD = 250;
    uint256 private constant _OPEN = 1 << 255;
    uint16 private constant _MAX_COUNTRY = 999;
    // Retail, Accredited and Institutional.
    uint8 private constant _CLASS_MASK = 0x0e;

    IIdentityRegistry private immutable _identityRegistry;

    constructor(IIdentityRegistry identityRegistry_) {
        _identityRegistry = identityRegistry_;
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    // -- Rules -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutomatedComplianceEngine
    function openRules(address token, uint16[] calldata countries, uint8 classes) external restricted {
        uint256[4] storage rules = _storage().rules[token];
        if (rules[0] != 0) revert AutomatedComplianceEngine__RulesExist(token);
        _requireValid(classes);
        uint256[4] memory bits = _bitsOf(countries);
        for (uint256 i; i < 4; ++i) {
            rules[i] = _OPEN | (uint256(classes) << _COUNTRIES_A_WORD) | bits[i];
        }
        emit RulesOpened(token, countries, classes);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function allowCountries(address token, uint16[] calldata countries) external restricted {
        uint256[4] storage rules = _openRules(token);
        uint256[4] memory bits = _bitsOf(countries);
        for (uint256 i; i < 4; ++i) {
            if (bits[i] != 0) rules[i] |= bits[i];
        }
        emit CountriesAllowed(token, countries);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function blockCountries(address token, uint16[] calldata countries) external restricted {
        uint256[4] storage rules = _openRules(token);
        uint256[4] memory bits = _bitsOf(countries);
        for (uint256 i; i < 4; ++i) {
            if (bits[i] != 0) rules[i] &= ~bits[i];
        }
        emit CountriesBlocked(token, countries);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function allowClasses(address token, uint8 classes) external restricted {
        uint256[4] storage rules = _openRules(token);
        _requireValid(classes);
        for (uint256 i; i < 4; ++i) {
            rules[i] |= uint256(classes) << _COUNTRIES_A_WORD;
        }
        emit ClassesAllowed(token, classes);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function blockClasses(address token, uint8 classes) external restricted {
        uint256[4] storage rules = _openRules(token);
        _requireValid(classes);
        for (uint256 i; i < 4; ++i) {
            rules[i] &= ~(uint256(classes) << _COUNTRIES_A_WORD);
        }
        emit ClassesBlocked(token, classes);
    }

    // -- Verdicts ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutomatedComplianceEngine
    function enforceTransfer(address operator, address from, address to, uint256) external view {
        (address account, Reason reason) = _verdict(msg.sender, operator, from, to);
        if (reason != Reason.None) revert AutomatedComplianceEngine__Refused(msg.sender, account, reason);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function checkTransfer(
        address token,
        address operator,
        address from,
        address to,
        uint256
    )
        external
        view
        returns (address account, Reason reason)
    {
        return _verdict(token, operator, from, to);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function eligibility(address token, address account) external view returns (Reason) {
        return _eligibility(token, _identityRegistry.packedIdentityOf(account));
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function identityRegistry() external view returns (address) {
        return address(_identityRegistry);
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function isCountryAllowed(address token, uint16 country) external view returns (bool) {
        if (country == 0 || country > _MAX_COUNTRY) return false;
        uint256 word = _storage().rules[token][country / _COUNTRIES_A_WORD];
        return (word >> (country % _COUNTRIES_A_WORD)) & 1 != 0;
    }

    /// @inheritdoc IAutomatedComplianceEngine
    function allowedClasses(address token) external view returns (uint8) {
        return uint8(_storage().rules[token][0] >> _COUNTRIES_A_WORD) & _CLASS_MASK;
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Sender, then receiver, then spender.
    function _verdict(address token, address operator, address from, address to)
        private
        view
        returns (address, Reason)
    {
        if (from == address(0)) {
            return _blaming(to, _eligibility(token, _identityRegistry.packedIdentityOf(to)));
        }
        if (to == address(0)) {
            bool frozen = _identityRegistry.packedIdentityOf(from).isFrozen();
            return frozen ? (from, Reason.AccountFrozen) : (address(0), Reason.None);
        }

        (uint256 sender, uint256 receiver) = _identityRegistry.packedIdentitiesOf(from, to);
        if (sender.isFrozen()) return (from, Reason.AccountFrozen);
        if (receiver.isVenue() && !sender.isVenue()) {
            if (receiver.isFrozen()) return (to, Reason.AccountFrozen);
            Reason reason = _eligibility(token, sender);
            if (reason != Reason.None) return (from, reason);
        } else {
            Reason reason = _eligibility(token, receiver);
            if (reason != Reason.None) return (to, reason);
        }

        // A receiver that pulls has just passed.
        if (operator == from || operator == to) return (address(0), Reason.None);
        uint256 spender = _identityRegistry.packedIdentityOf(operator);
        if (spender.isVenue() && !spender.isFrozen()) return (address(0), Reason.None);
        return _blaming(operator, _eligibility(token, spender));
    }

    function _blaming(address account, Reason reason) private pure returns (address, Reason) {
        return reason == Reason.None ? (address(0), reason) : (account, reason);
    }

    /// @dev A venue account is never eligible: it has no investor behind it.
    function _eligibility(address token, uint256 identity) private view returns (Reason) {
        uint256 country = identity.country();
        uint256 word = _storage().rules[token][country / _COUNTRIES_A_WORD];
        if (word == 0) return Reason.RulesNotSet;
        if (identity.isFrozen()) return Reason.AccountFrozen;
        if (identity.isVenue()) return Reason.VenueOnlyOppositeEligible;
        if (identity.investorClass() == 0) return Reason.NotRegistered;
        if (block.timestamp >= identity.kycExpiry()) return Reason.KycExpired;
        if ((word >> (country % _COUNTRIES_A_WORD)) & 1 == 0) return Reason.CountryNotAllowed;
        if ((word >> (_COUNTRIES_A_WORD + identity.investorClass())) & 1 == 0) return Reason.ClassNotAllowed;
        return Reason.None;
    }

    function _bitsOf(uint16[] calldata countries) private pure returns (uint256[4] memory bits) {
        for (uint256 i; i < countries.length; ++i) {
            uint16 country = countries[i];
            if (country == 0 || country > _MAX_COUNTRY) revert AutomatedComplianceEngine__InvalidCountry(country);
            bits[country / _COUNTRIES_A_WORD] |= 1 << (country % _COUNTRIES_A_WORD);
        }
    }

    function _requireValid(uint8 classes) private pure {
        if (classes == 0 || classes & ~_CLASS_MASK != 0) revert AutomatedComplianceEngine__InvalidClasses(classes);
    }

    function _openRules(address token) private view returns (uint256[4] storage rules) {
        rules = _storage().rules[token];
        if (rules[0] == 0) revert AutomatedComplianceEngine__RulesNotSet(token);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
