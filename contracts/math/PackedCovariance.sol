// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

/// @title Packed symmetric matrices and their quadratic forms
/// @notice The upper triangle of an n by n covariance matrix as bytes: rows one after the other (00, 01, .., 11, ..),
/// each entry a big-endian int64 with 1e18 = 1. Entry (i, j), i <= j, stands at 8 (i n - i (i - 1) / 2 + j - i).
/// Domain: n up to 32, any int64 entries, weights up to 1e27 WAD (a billion times NAV). 32^2 terms of 2^63 * 2^90 *
/// 2^90 stay below 2^254, so nothing overflows inside it; outside it everything reverts.
library PackedCovariance {
    error PackedCovariance__WeightTooLarge(uint256 index, uint256 weight);
    error PackedCovariance__WrongSize(uint256 bytes_, uint256 weights);
    error PackedCovariance__NegativeVariance(int256 form);

    uint256 internal constant MAX_WEIGHT = 1e27;
    uint256 internal constant MAX_SIZE = 32;

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

    /// @return entry Number `index` of the triangle, 1e18 = 1. Does not look at the length.
    function load(bytes memory data, uint256 index) internal pure returns (int256 entry) {
        assembly ("memory-safe") {
            entry := sar(192, mload(add(add(data, 32), shl(3, index))))
        }
    }

    /// @notice Computes w' S w.
    /// @param data Packed matrix of n assets, 1e18 = 1.
    /// @param weights n weights, WAD, each at most 1e27.
    /// @return 1e54 = 1. Reverts if the form is negative, which no covariance matrix allows.
    function quadraticForm(bytes memory data, uint256[] memory weights) internal pure returns (uint256) {
        _requireDomain(data, weights);
        int256 total;
        // Row by row: the diagonal once, everything right of it twice. Four entries a word.
        assembly ("memory-safe") {
            let row := add(data, 32)
            let w := add(weights, 32)
            let end := add(w, shl(5, mload(weights)))
            for {} lt(w, end) {} {
                let wi := mload(w)
                let next := add(w, 32)
                if wi {
                    let off := 0
                    let entry := add(row, 8)
                    let x := next
                    // Fewer than four entries are left from here on.
                    let whole := sub(end, and(sub(end, next), 96))
                    for {} lt(x, whole) {} {
                        let four := mload(entry)
                        off := add(off, mul(sar(192, four), mload(x)))
                        off := add(off, mul(signextend(7, shr(128, four)), mload(add(x, 32))))
                        off := add(off, mul(signextend(7, shr(64, four)), mload(add(x, 64))))
                        off := add(off, mul(signextend(7, four), mload(add(x, 96))))
                        x := add(x, 128)
                        entry := add(entry, 32)
                    }
                    for {} lt(x, end) {} {
                        off := add(off, mul(sar(192, mload(entry)), mload(x)))
                        x := add(x, 32)
                        entry := add(entry, 8)
                    }
                    total := add(total, mul(wi, add(mul(sar(192, mload(row)), wi), shl(1, off))))
                }
                // Eight bytes an entry, thirty-two a weight.
                row := add(row, shr(2, sub(end, w)))
                w := next
            }
        }
        if (total < 0) revert PackedCovariance__NegativeVariance(total);
        return uint256(total);
    }

    /// @notice Computes S w, and w' S w with it.
    /// @return row n entries, 1e36 = 1.
    /// @return form 1e54 = 1.
    function product(
        bytes memory data,
        uint256[] memory weights
    )
        internal
        pure
        returns (int256[] memory row, uint256 form)
    {
        uint256 n = _requireDomain(data, weights);
        row = new int256[](n);
        int256 total;
        // An entry right of the diagonal counts in its row and, the matrix being symmetric, in its column. A row has
        // all of its sum when its turn has come, because what is left of the diagonal came with the rows above.
        assembly ("memory-safe") {
            let entry := add(data, 32)
            let w := add(weights, 32)
            let toRow := sub(row, weights)
            for { let end := add(w, shl(5, n)) } lt(w, end) { w := add(w, 32) } {
                let wi := mload(w)
                let sum := add(mload(add(w, toRow)), mul(sar(192, mload(entry)), wi))
                entry := add(entry, 8)
                for { let x := add(w, 32) } lt(x, end) { x := add(x, 32) } {
                    let covariance := sar(192, mload(entry))
                    sum := add(sum, mul(covariance, mload(x)))
                    let other := add(x, toRow)
                    mstore(other, add(mload(other), mul(covariance, wi)))
                    entry := add(entry, 8)
                }
                mstore(add(w, toRow), sum)
                total := add(total, mul(sum, wi))
            }
        }
        if (total < 0) revert PackedCovariance__NegativeVariance(total);
        form = uint256(total);
    }

    /// @notice Computes sqrt(w' S w), rounded down.
    /// @return 1e27 = 1: a volatility of one WAD unit still has nine digits.
    function rayVolatility(bytes memory data, uint256[] memory weights) internal pure returns (uint256) {
        return FixedPointMathLib.sqrt(quadraticForm(data, weights));
    }

    /// @notice Computes sqrt(w' S w), WAD, rounded down.
    function volatility(bytes memory data, uint256[] memory weights) internal pure returns (uint256) {
        return rayVolatility(data, weights) / 1e9;
    }

    function _requireDomain(bytes memory data, uint256[] memory weights) private pure returns (uint256 n) {
        n = weights.length;
        if (n > MAX_SIZE || data.length != 8 * entries(n)) revert PackedCovariance__WrongSize(data.length, n);
        bool outside;
        assembly ("memory-safe") {
            let w := add(weights, 32)
            for { let end := add(w, shl(5, n)) } lt(w, end) { w := add(w, 32) } {
                outside := or(outside, gt(mload(w), MAX_WEIGHT))
            }
        }
        if (!outside) return n;
        for (uint256 i; i < n; ++i) {
            if (weights[i] > MAX_WEIGHT) revert PackedCovariance__WeightTooLarge(i, weights[i]);
        }
    }
}
