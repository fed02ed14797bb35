// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Packed symmetric matrices and their quadratic forms
/// @notice The upper triangle of an n by n covariance matrix as bytes: rows one after the other (00, 01, .., 11, ..), each
/// entry a big-endian int64 with 1e18 = 1. Entry (i, j), i <= j, stands at 8 (i n - i (i - 1) / 2 + j - i).
library PackedCovariance {
    error PackedCovariance__WeightTooLarge(uint256 index, uint256 weight);
    error PackedCovariance__NegativeVariance(int256 form);

    uint256 internal constant MAX_WEIGHT = 1e27;

    /// @return Entries of the upper triangle of an n by n matrix.
    function entries(uint256 n) internal pure returns (uint256) {
        return n * (n + 1) / 2;
    }

    /// @param covariance Upper triangle by rows.
    function pack(int64[] calldata covariance) internal pure returns (bytes memory data) {
        uint256 count = covariance.length;
        data = new bytes(count * 8);
        for (uint256 k; k < count; ++k) {
            uint256 word = uint256(uint64(covariance[k])) << 192;
            // A word reaches 24 bytes past its entry; those bytes, even past the array, are written back as they were.
            assembly ("memory-safe") {
                let position := add(add(data, 32), shl(3, k))
                mstore(position, or(and(mload(position), not(shl(192, 0xffffffffffffffff))), word))
            }
        }
    }

    /// @notice w' S w.
    /// @param data Packed matrix of n assets, 1e18 = 1.
    /// @param weights n weights, WAD, each at most 1e27 (a billion times NAV), so that nothing overflows:
    /// 32^2 terms of 2^63 * 2^90 * 2^90 stay below 2^254.
    /// @return 1e54 = 1. Reverts if the form is negative, which no covariance matrix allows.
    function quadraticForm(bytes memory data, uint256[] memory weights) internal pure returns (uint256) {
        uint256 n = weights.length;
        int256 total;
        uint256 index;
        for (uint256 i; i < n; ++i) {
            if (weights[i] > MAX_WEIGHT) revert PackedCovariance__WeightTooLarge(i, weights[i]);
            int256 wi = int256(weights[i]);
            if (wi == 0) {
                index += n - i;
                continue;
            }
            // Row i of the triangle: the diagonal once, everything right of it twice.
            int256 row = _load(data, index++) * wi;
            int256 offDiagonal;
            for (uint256 j = i + 1; j < n; ++j) {
                unchecked {
                    offDiagonal += _load(data, index++) * int256(weights[j]);
                }
            }
            total += wi * (row + 2 * offDiagonal);
        }
        if (total < 0) revert PackedCovariance__NegativeVariance(total);
        return uint256(total);
    }

    /// @notice sqrt(w' S w), WAD, rounded down.
    function volatility(bytes memory data, uint256[] memory weights) internal pure returns (uint256) {
        return FixedPointMathLib.sqrt(quadraticForm(data, weights)) / 1e9;
    }

    function _load(bytes memory data, uint256 index) private pure returns (int256 entry) {
        assembly ("memory-safe") {
            entry := sar(192, mload(add(add(data, 32), shl(3, index))))
        }
    }
}
