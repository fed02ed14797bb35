// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITransferTerms} from "interfaces/compliance/ITransferTerms.sol";

/// @title A volume limit in one word
/// @notice Limit in bits 0-111, period in 112-143, country in 144-159, 0 for every one, and in bit 160 that it binds
/// affiliates alone.
library PackedVolume {
    uint256 private constant _CODE = 0xffff;

    function limit(uint256 volume) internal pure returns (uint256) {
        return volume & type(uint112).max;
    }

    function limitPeriod(uint256 volume) internal pure returns (uint256) {
        return (volume >> 112) & 0xffffffff;
    }

    function limitCountry(uint256 volume) internal pure returns (uint256) {
        return (volume >> 144) & _CODE;
    }

    function bindsAffiliates(uint256 volume) internal pure returns (bool) {
        return (volume >> 160) & 1 != 0;
    }

    /// @return Everything of a limit that says what it counts: all but the limit itself.
    function key(uint256 volume) internal pure returns (uint256) {
        return volume >> 112;
    }

    /// @param code Stored code, or 0 for every country.
    function packedVolume(ITransferTerms.VolumeLimit calldata volume, uint256 code) internal pure returns (uint256) {
        return volume.limit | (uint256(volume.period) << 112) | (code << 144) | (volume.affiliatesOnly ? 1 << 160 : 0);
    }
}
