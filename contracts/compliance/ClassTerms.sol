// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Country} from "../identity/Country.sol";
import {ComplianceStorage} from "./ComplianceStorage.sol";
import {PackedClass} from "./PackedClass.sol";
import {PackedToken} from "./PackedToken.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";

/// @title Persons whom the class rules of {ITransferTerms} bind
/// @notice {TransferTerms} judges by them and {HolderRecords} locks by them: both find the same rules here.
abstract contract ClassTerms is ComplianceStorage {
    using Country for uint256;
    using PackedClass for uint256;
    using PackedToken for uint256;

    /// @param identity Packed identity of the account through which the rules bind the person.
    /// @return rules The class rules of a token that bind a person: those that bind what any of its wallets shows.
    function _classRulesOn(
        address token,
        uint256 identity,
        Person memory person
    )
        internal
        view
        returns (uint256[] memory rules)
    {
        rules = _storage().classRules[token];
        uint256 bound = _boundBy(rules, token, identity, person);
        uint256 count;
        for (uint256 i; i < rules.length; ++i) {
            if ((bound >> i) & 1 != 0) rules[count++] = rules[i];
        }
        assembly ("memory-safe") {
            mstore(rules, count)
        }
    }

    /// @param rules Class rules, or whom they bind.
    /// @param identity Packed identity of the account through which they bind the person.
    /// @return bound Bit i: rule i binds the person, through what any of its wallets shows.
    function _boundBy(
        uint256[] memory rules,
        address token,
        uint256 identity,
        Person memory person
    )
        internal
        view
        returns (uint256 bound)
    {
        uint256[] memory shown = _shownBy(token, identity, person);
        for (uint256 i; i < rules.length; ++i) {
            if (!_isIn(person.countries, rules[i].classCountry())) continue;
            uint256 k;
            while (k < shown.length && !rules[i].bindsIdentity(shown[k], block.timestamp)) ++k;
            if (k < shown.length) bound |= 1 << i;
        }
    }

    /// @param country Country of a term; 0 for every one.
    function _isIn(uint256[] memory countries, uint256 country) internal pure returns (bool) {
        if (country == 0) return true;
        for (uint256 i; i < countries.length; ++i) {
            if (countries[i].whole() == country) return true;
        }
        return false;
    }

    /// @dev The account's identity comes first, then those of the person's wallets.
    function _shownBy(
        address token,
        uint256 identity,
        Person memory person
    )
        private
        view
        returns (uint256[] memory shown)
    {
        uint256 count = person.wallets.length;
        shown = new uint256[](count + 1);
        shown[0] = identity;
        IIdentityRegistry registry = IIdentityRegistry(_storage().tokens[token].registry());
        for (uint256 i; i < count; ++i) {
            shown[i + 1] = registry.packedIdentityOf(person.wallets[i]);
        }
    }
}
