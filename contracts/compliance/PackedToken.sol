// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Facts of a token that hold everywhere, in one word
/// @notice Registry in bits 0-159, required topics in 160-175, maximum number of holders in 176-207, holders counted in
/// 208-239; bit 240 says that some issue was locked up, bit 241 that there was a treasury, bit 242 that there are
/// former registries, bit 243 that issues are limited, bit 244 that some jurisdiction has, or had, a lock-up,
/// bit 245 that the number of holders is, or was, limited somewhere, bit 246 that there are, or were, terms by pairs of
/// countries or dates, bit 247 that there are, or were, volume limits beside those of jurisdictions, bit 248
/// that there are, or were, rules by class, and bit 249 that some of them limit, or limited, how many may hold. Read first on every movement.
library PackedToken {
    uint256 private constant _LOCKUPS = 1 << 240;
    uint256 private constant _TREASURIES = 1 << 241;
    uint256 private constant _FORMER_REGISTRIES = 1 << 242;
    uint256 private constant _ISSUES_LIMITED = 1 << 243;
    uint256 internal constant LOCKUP_RULES = 1 << 244;
    uint256 private constant _ONE_HOLDER = 1 << 208;
    uint256 internal constant HOLDERS_LIMITED = 1 << 245;
    uint256 private constant _TERMS = 1 << 246;
    uint256 private constant _VOLUMES = 1 << 247;
    uint256 private constant _CLASSES = 1 << 248;
    uint256 private constant _CLASS_COUNTS = 1 << 249;
    uint256 private constant _RULE = uint256(type(uint48).max) << 160;

    function registry(uint256 word) internal pure returns (address) {
        return address(uint160(word));
    }

    function requiredTopics(uint256 word) internal pure returns (uint256) {
        return (word >> 160) & 0xffff;
    }

    function maxTokenHolders(uint256 word) internal pure returns (uint256) {
        return (word >> 176) & 0xffffffff;
    }

    function tokenHolders(uint256 word) internal pure returns (uint256) {
        return (word >> 208) & 0xffffffff;
    }

    function limitsHolders(uint256 word) internal pure returns (bool) {
        return word & HOLDERS_LIMITED != 0;
    }

    function hasLockups(uint256 word) internal pure returns (bool) {
        return word & _LOCKUPS != 0;
    }

    function hasTreasuries(uint256 word) internal pure returns (bool) {
        return word & _TREASURIES != 0;
    }

    function hasFormerRegistries(uint256 word) internal pure returns (bool) {
        return word & _FORMER_REGISTRIES != 0;
    }

    function limitsIssues(uint256 word) internal pure returns (bool) {
        return word & _ISSUES_LIMITED != 0;
    }

    function hasTerms(uint256 word) internal pure returns (bool) {
        return word & (_TERMS | _VOLUMES | _CLASSES) != 0;
    }

    function hasVolumeLimits(uint256 word) internal pure returns (bool) {
        return word & _VOLUMES != 0;
    }

    function hasClassRules(uint256 word) internal pure returns (bool) {
        return word & _CLASSES != 0;
    }

    function countsClasses(uint256 word) internal pure returns (bool) {
        return word & _CLASS_COUNTS != 0;
    }

    /// @return True if more than the receiver's country bounds what may be issued to it.
    function boundsIssues(uint256 word) internal pure returns (bool) {
        return word & (_ISSUES_LIMITED | _CLASSES) != 0;
    }

    /// @return True if an issue may leave a record although its receiver has no lock-up.
    function recordsIssues(uint256 word) internal pure returns (bool) {
        return word & (_ISSUES_LIMITED | LOCKUP_RULES) != 0;
    }

    function hasLockupRules(uint256 word) internal pure returns (bool) {
        return word & LOCKUP_RULES != 0;
    }

    /// @return Flags on which a transfer may not be plain: those of `hasExceptions` and `hasTerms`, with which it never
    /// is, and `HOLDERS_LIMITED`, with which it is where both sides are counted.
    function exceptions(uint256 word) internal pure returns (uint256) {
        return word & (_LOCKUPS | _TREASURIES | _FORMER_REGISTRIES | HOLDERS_LIMITED | _TERMS | _VOLUMES | _CLASSES);
    }

    /// @return True if any of the first three flags, or that of volume limits or of class counts, is set: then a movement may leave a record.
    function hasExceptions(uint256 word) internal pure returns (bool) {
        return word & (_LOCKUPS | _TREASURIES | _FORMER_REGISTRIES | _VOLUMES | _CLASS_COUNTS) != 0;
    }

    function withRegistry(uint256 word, address registry_) internal pure returns (uint256) {
        return ((word >> 160) << 160) | uint160(registry_);
    }

    function withRule(uint256 word, uint256 topics, uint256 most) internal pure returns (uint256) {
        word = (word & ~_RULE) | (topics << 160) | (most << 176);
        return most == 0 ? word : word | HOLDERS_LIMITED;
    }

    function withTokenHolder(uint256 word) internal pure returns (uint256) {
        return word + _ONE_HOLDER;
    }

    function withoutTokenHolder(uint256 word) internal pure returns (uint256) {
        return word - _ONE_HOLDER;
    }

    function withLockups(uint256 word) internal pure returns (uint256) {
        return word | _LOCKUPS;
    }

    function withTreasuries(uint256 word) internal pure returns (uint256) {
        return word | _TREASURIES;
    }

    function withFormerRegistries(uint256 word) internal pure returns (uint256) {
        return word | _FORMER_REGISTRIES;
    }

    function withLimitedIssues(uint256 word) internal pure returns (uint256) {
        return word | _ISSUES_LIMITED;
    }

    function withTerms(uint256 word) internal pure returns (uint256) {
        return word | _TERMS;
    }

    function withVolumeLimits(uint256 word) internal pure returns (uint256) {
        return word | _VOLUMES;
    }

    function withClassRules(uint256 word) internal pure returns (uint256) {
        return word | _CLASSES;
    }

    /// @return The word of a token whose movements count both sides anew, under class rules too.
    function withClassCounts(uint256 word) internal pure returns (uint256) {
        return word | _CLASS_COUNTS | HOLDERS_LIMITED;
    }
}
