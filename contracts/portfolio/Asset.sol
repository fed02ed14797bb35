// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One listed asset in one word, read whole in every trade and exit. From the lowest bit: the token's address (160
/// bits), its decimals (8), whether some of the balance is set aside, and (8 bits higher) whether the asset is retired.
type Asset is uint256;

using AssetLib for Asset global;

/// @title Reads and writes of {Asset}
library AssetLib {
    uint256 internal constant RESERVED = 1 << 168;
    uint256 internal constant RETIRED = 1 << 176;

    function pack(address token_, uint8 decimals_, bool reserved_) internal pure returns (Asset) {
        return Asset.wrap(uint256(uint160(token_)) | uint256(decimals_) << 160 | (reserved_ ? RESERVED : 0));
    }

    /// @param flag RESERVED or RETIRED.
    function with(Asset self, uint256 flag) internal pure returns (Asset) {
        return Asset.wrap(Asset.unwrap(self) | flag);
    }

    /// @param flag RESERVED or RETIRED.
    function without(Asset self, uint256 flag) internal pure returns (Asset) {
        return Asset.wrap(Asset.unwrap(self) & ~flag);
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
    function reserved(Asset self) internal pure returns (bool) {
        return Asset.unwrap(self) & RESERVED != 0;
    }

    function retired(Asset self) internal pure returns (bool) {
        return Asset.unwrap(self) & RETIRED != 0;
    }
}
