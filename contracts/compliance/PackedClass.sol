// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedIdentity} from "../identity/PackedIdentity.sol";
import {ITransferTerms} from "interfaces/compliance/ITransferTerms.sol";

/// @title A class rule in one word
/// @notice Maximum holding in bits 0-127, lock-up in 128-159, country in 160-175, 0 for every one, exempting claims in
/// 176-191, documents in 192-207, classes in 208-215, in bit 216 that the persons receive nothing, and the
/// maximum number of persons in 217-248.
library PackedClass {
    using PackedIdentity for uint256;

    uint256 private constant _CODE = 0xffff;
    uint256 private constant _RETAIL = 1;
    uint256 private constant _WHO = (0xffffffff << 160) | (0xff << 208);

    function classMaximum(uint256 rule) internal pure returns (uint256) {
        return rule & type(uint128).max;
    }

    function classLockup(uint256 rule) internal pure returns (uint256) {
        return (rule >> 128) & 0xffffffff;
    }

    function classCountry(uint256 rule) internal pure returns (uint256) {
        return (rule >> 160) & _CODE;
    }

    function exempting(uint256 rule) internal pure returns (uint256) {
        return (rule >> 176) & _CODE;
    }

    function classDocuments(uint256 rule) internal pure returns (uint256) {
        return (rule >> 192) & _CODE;
    }

    function classesBound(uint256 rule) internal pure returns (uint256) {
        return (rule >> 208) & 0xff;
    }

    function closesClass(uint256 rule) internal pure returns (bool) {
        return (rule >> 216) & 1 != 0;
    }

    function classHolders(uint256 rule) internal pure returns (uint256) {
        return (rule >> 217) & 0xffffffff;
    }

    /// @return Whom a rule binds, in the places where the rule has it: country, claims and classes.
    function classKey(uint256 rule) internal pure returns (uint256) {
        return rule & _WHO;
    }

    /// @param identity Packed identity of a wallet, which is no venue account.
    /// @return True if the rule binds persons who are what this wallet shows, whatever their country. A wallet whose
    /// accreditation has lapsed, or that has no verdict, shows a retail investor without claims that exempt.
    function bindsIdentity(uint256 rule, uint256 identity, uint256 time) internal pure returns (bool) {
        uint256 class = identity.investorClass();
        bool lapsed = time >= identity.accreditationExpiry();
        if (class == 0 || lapsed) class = _RETAIL;
        if ((classesBound(rule) >> class) & 1 == 0) return false;
        uint256 claims = exempting(rule);
        return claims == 0 || lapsed || claims & ~identity.topics() != 0;
    }

    /// @param code Stored code, or 0 for every country.
    function packedClass(ITransferTerms.ClassRule calldata rule, uint256 code) internal pure returns (uint256) {
        return uint256(rule.maxHolding) | (uint256(rule.lockup) << 128) | (code << 160)
            | (uint256(rule.exemptTopics) << 176) | (uint256(rule.documents) << 192) | (uint256(rule.classes) << 208)
            | (rule.closed ? 1 << 216 : 0) | (uint256(rule.maxHolders) << 217);
    }
}
