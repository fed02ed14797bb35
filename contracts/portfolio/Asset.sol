// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One listed asset in one word, read whole in every trade and exit. From the lowest bit: the token's address (160
/// bits), its decimals (8), whether some of the balance is set aside (8), and whether the asset is retired (8). The
/// first asset's word also says whether requests wait for cash (8) and how many assets there are (8): what is read
/// anyway saves two slots in every trade and exit.
type Asset is uint256;

using AssetLib for Asset global;

/// @title Reads and writes of {Asset}
library AssetLib {
    uint256 internal constant HAS_CLAIMS = 1 << 168;
    uint256 internal constant RETIRED = 1 << 176;
    uint256 internal constant AWAITED = 1 << 184;
    uint256 private constant _COUNT_BIT = 192;

    function pack(address token_, uint8 decimals_, bool hasClaims_) internal pure returns (Asset) {
        return Asset.wrap(uint256(uint160(token_)) | uint256(decimals_) << 160 | (hasClaims_ ? HAS_CLAIMS : 0));
    }

    /// @param flag HAS_CLAIMS, RETIRED or AWAITED.
    function with(Asset self, uint256 flag) internal pure returns (Asset) {
        return Asset.wrap(Asset.unwrap(self) | flag);
    }

    /// @param flag HAS_CLAIMS, RETIRED or AWAITED.
    function without(Asset self, uint256 flag) internal pure returns (Asset) {
        return Asset.wrap(Asset.unwrap(self) & ~flag);
    }

    /// @dev Does not look at the length of the list.
    function get(Asset[] memory list, uint256 k) internal pure returns (Asset asset) {
        assembly ("memory-safe") {
            asset := mload(add(add(list, 0x20), shl(5, k)))
        }
    }

    function token(Asset self) internal pure returns (address) {
        return address(uint160(Asset.unwrap(self)));
    }

    function decimals(Asset self) internal pure returns (uint256) {
        return uint8(Asset.unwrap(self) >> 160);
    }

    /// @return Smallest units of one whole token.
    function unit(Asset self) internal pure returns (uint256) {
        unchecked {
            return 10 ** decimals(self);
        }
    }

    /// @return True if some of the balance is set aside: the amount is read only then.
    function hasClaims(Asset self) internal pure returns (bool) {
        return Asset.unwrap(self) & HAS_CLAIMS != 0;
    }

    function retired(Asset self) internal pure returns (bool) {
        return Asset.unwrap(self) & RETIRED != 0;
    }

    /// @return True if requests wait for the first asset: how many shares is read only then.
    function awaited(Asset self) internal pure returns (bool) {
        return Asset.unwrap(self) & AWAITED != 0;
    }

    /// @return Number of all assets, as the first asset's word has it.
    function count(Asset self) internal pure returns (uint256) {
        return uint8(Asset.unwrap(self) >> _COUNT_BIT);
    }

    function withCount(Asset self, uint256 count_) internal pure returns (Asset) {
        return Asset.wrap(Asset.unwrap(self) & ~(0xff << _COUNT_BIT) | count_ << _COUNT_BIT);
    }
}
