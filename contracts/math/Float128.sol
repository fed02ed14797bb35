// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Unsigned numbers of any size in 128 bits
/// @notice The upper 120 bits are a mantissa, the lower 8 an exponent: a number is mantissa x 2^exponent. Numbers below
/// 2^120 are exact. Larger ones are rounded by less than 2^-119 of themselves.
library Float128 {
    uint256 private constant _MANTISSA_BITS = 120;
    uint256 private constant _EXPONENT_BITS = 8;
    uint256 private constant _EXPONENT_MASK = 0xff;

    /// @return The largest number in this format that is not above `x`.
    function packDown(uint256 x) internal pure returns (uint128) {
        uint256 exponent = _exponentOf(x);
        return _pack(x >> exponent, exponent);
    }

    /// @return The smallest number in this format that is not below `x`; the largest one if there is none.
    function packUp(uint256 x) internal pure returns (uint128) {
        uint256 exponent = _exponentOf(x);
        uint256 mantissa = x >> exponent;
        if (mantissa << exponent != x) {
            // The largest mantissa plus one is not below the next power of two, whose exponent is larger.
            if (x > type(uint256).max - (1 << exponent)) return _pack(mantissa, exponent);
            return packDown((mantissa + 1) << exponent);
        }
        return _pack(mantissa, exponent);
    }

    function unpack(uint128 packed) internal pure returns (uint256) {
        return uint256(packed >> _EXPONENT_BITS) << (packed & _EXPONENT_MASK);
    }

    function _exponentOf(uint256 x) private pure returns (uint256) {
        if (x >> _MANTISSA_BITS == 0) return 0;
        return FixedPointMathLib.log2(x) + 1 - _MANTISSA_BITS;
    }

    function _pack(uint256 mantissa, uint256 exponent) private pure returns (uint128) {
        return uint128(mantissa << _EXPONENT_BITS | exponent);
    }
}
