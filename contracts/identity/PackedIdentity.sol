// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Reading a packed identity
/// @notice The word that {IIdentityRegistry-packedIdentityOf} returns.
library PackedIdentity {
    function country(uint256 word) internal pure returns (uint256) {
        return word & 0xffff;
    }

    /// @return Number of the IIdentityRegistry.InvestorClass; 0 is None.
    function investorClass(uint256 word) internal pure returns (uint256) {
        return (word >> 16) & 0xff;
    }

    function isFrozen(uint256 word) internal pure returns (bool) {
        return (word >> 24) & 0xff != 0;
    }

    function isVenue(uint256 word) internal pure returns (bool) {
        return (word >> 32) & 0xff != 0;
    }

    /// @return Unix seconds from which the KYC no longer counts.
    function kycExpiry(uint256 word) internal pure returns (uint256) {
        return (word >> 40) & 0xffffffffff;
    }
}
