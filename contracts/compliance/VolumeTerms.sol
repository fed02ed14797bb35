// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClassTerms} from "./ClassTerms.sol";
import {PackedVolume} from "./PackedVolume.sol";

/// @title Limits on what a person sends, as {ITransferTerms} has them
/// @notice {TransferTerms} judges by them and {HolderRecords} counts under them: both find the same limits here.
abstract contract VolumeTerms is ClassTerms {
    using PackedVolume for uint256;

    /// @return limits The limits of a token that bind a person through an account.
    function _limitsOn(
        address token,
        address account,
        Person memory person
    )
        internal
        view
        returns (uint256[] memory limits)
    {
        uint256[] memory all = _storage().volumeLimits[token];
        bool affiliate = _isMarked(token, account, person);
        limits = new uint256[](all.length);
        uint256 count;
        for (uint256 i; i < all.length; ++i) {
            if (all[i].bindsAffiliates() && !affiliate) continue;
            if (_isIn(person.countries, all[i].limitCountry())) limits[count++] = all[i];
        }
        assembly ("memory-safe") {
            mstore(limits, count)
        }
    }

    /// @return True if the account, the person behind it, or another of its wallets is marked as an affiliate: a wallet may
    /// have been marked before it had an ONCHAINID.
    function _isMarked(address token, address account, Person memory person) internal view returns (bool) {
        mapping(address account => bool) storage affiliates = _storage().affiliates[token];
        if (affiliates[account] || affiliates[person.investor]) return true;
        for (uint256 i; i < person.wallets.length; ++i) {
            if (affiliates[person.wallets[i]]) return true;
        }
        return false;
    }
}
