// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Bounds of 128 bits in 20 bits
/// @notice The upper 13 bits are a mantissa, the lower 7 an exponent: a number is mantissa x 2^exponent. Numbers below
/// 2^13 are exact. Larger ones are rounded by less than 2^-12 of themselves.
library Float20 {
    uint256 private constant _MANTISSA_BITS = 13;
    uint256 private constant _EXPONENT_BITS = 7;
    uint256 private constant _EXPONENT_MASK = 0x7f;

    /// @return The largest number in this format that is not above `x`.
    function packDown(uint128 x) internal pure returns (uint256) {
        uint256 exponent = _exponentOf(x);
        return uint256(x) >> exponent << _EXPONENT_BITS | exponent;
    }

    /// @return The smallest number in this format that is not below `x`.
    function packUp(uint128 x) internal pure returns (uint256) {
        uint256 exponent = _exponentOf(x);
        uint256 mantissa = uint256(x) >> exponent;
        if (mantissa << exponent != x) ++mantissa;
        // The largest mantissa plus one is a power of two, which the next exponent has exactly.
        if (mantissa >> _MANTISSA_BITS != 0) (mantissa, exponent) = (mantissa >> 1, exponent + 1);
        return mantissa << _EXPONENT_BITS | exponent;
    }

    /// @param packed Its 20 lowest bits.
    function unpack(uint256 packed) internal pure returns (uint256) {
        return (packed >> _EXPONENT_BITS & ((1 << _MANTISSA_BITS) - 1)) << (packed & _EXPONENT_MASK);
    }

    function _exponentOf(uint256 x) private pure returns (uint256) {
        if (x >> _MANTISSA_BITS == 0) return 0;
        return FixedPointMathLib.log2(x) + 1 - _MANTISSA_BITS;
    }
}
