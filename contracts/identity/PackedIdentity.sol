// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Reading a packed identity
/// @notice The word that {IIdentityRegistry-packedIdentityOf} returns.
library PackedIdentity {
    uint256 private constant _TIME = 0xffffffffff;
    uint256 private constant _RESTRICTIONS = (0xff << 24) | (0xff << 192);
    uint256 private constant _ONE_OF_MANY = (0xff << 200) | (0xff << 216);
    uint256 private constant _FLAGS = (0xff << 24) | (0xff << 32) | (0xff << 192);

    function country(uint256 word) internal pure returns (uint256) {
        return word & 0xffff;
    }

    /// @return Number of the IIdentityRegistry.InvestorClass; 0 is None.
    function investorClass(uint256 word) internal pure returns (uint256) {
        return (word >> 16) & 0xff;
    }

    /// @return True if the identity is frozen, sanctioned or a venue account; otherwise there is nothing to look at.
    function isSpecial(uint256 word) internal pure returns (bool) {
        return word & _FLAGS != 0;
    }

    function isFrozen(uint256 word) internal pure returns (bool) {
        return (word >> 24) & 0xff != 0;
    }

    function isVenue(uint256 word) internal pure returns (bool) {
        return (word >> 32) & 0xff != 0;
    }

    /// @return Unix seconds from which the KYC no longer counts.
    function kycExpiry(uint256 word) internal pure returns (uint256) {
        return (word >> 40) & _TIME;
    }

    /// @return Unix seconds from which the AML check no longer counts.
    function amlExpiry(uint256 word) internal pure returns (uint256) {
        return (word >> 80) & _TIME;
    }

    /// @return Unix seconds from which the account counts as Retail.
    function accreditationExpiry(uint256 word) internal pure returns (uint256) {
        return (word >> 120) & _TIME;
    }

    /// @return Bits of the claim topics that were valid when last verified.
    function topics(uint256 word) internal pure returns (uint256) {
        return (word >> 160) & 0xffff;
    }

    /// @return Bits of the documents on file.
    function documents(uint256 word) internal pure returns (uint256) {
        return (word >> 176) & 0xffff;
    }

    function isSanctioned(uint256 word) internal pure returns (bool) {
        return (word >> 192) & 0xff != 0;
    }

    /// @return True if another wallet has the same ONCHAINID.
    function isLinked(uint256 word) internal pure returns (bool) {
        return (word >> 200) & 0xff != 0;
    }

    /// @return True if the person behind the identity has, or had, other wallets: then its rules are not those of one
    /// country alone.
    function isOneOfMany(uint256 word) internal pure returns (bool) {
        return word & _ONE_OF_MANY != 0;
    }

    /// @return Bits of the freeze and the sanction alone.
    function restrictions(uint256 word) internal pure returns (uint256) {
        return word & _RESTRICTIONS;
    }

    /// @return True if it is a venue account whose own ledger anyone can hold.
    function isSharedLedger(uint256 word) internal pure returns (bool) {
        return (word >> 224) & 0xff != 0;
    }
}
