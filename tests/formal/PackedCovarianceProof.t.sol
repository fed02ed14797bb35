// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {PackedCovariance} from "contracts/math/PackedCovariance.sol";

/// @title I7: the packed numbers are the numbers that are computed with
contract PackedCovarianceProof is Test {
    /// @dev Every entry of a 3 by 3 matrix comes back from its bytes as it went in.
    function check_I7_packingKeepsEveryEntry(int64 a, int64 b, int64 c, int64 d, int64 e, int64 f) public view {
        int64[] memory entries = new int64[](6);
        (entries[0], entries[1], entries[2], entries[3], entries[4], entries[5]) = (a, b, c, d, e, f);
        bytes memory data = this.pack(entries);
        assert(data.length == 48);
        for (uint256 k; k < 6; ++k) {
            int64 entry;
            assembly ("memory-safe") {
                entry := sar(192, mload(add(add(data, 32), shl(3, k))))
            }
            assert(entry == entries[k]);
        }
    }

    /// @dev The form of one asset alone is its variance.
    function check_I7_oneAssetHasItsOwnVariance(int64 variance, int64 other) public view {
        vm.assume(variance >= 0);
        int64[] memory entries = new int64[](3);
        (entries[0], entries[1], entries[2]) = (variance, other, other);
        uint256[] memory weights = new uint256[](2);
        weights[0] = 1e18;
        assert(PackedCovariance.quadraticForm(this.pack(entries), weights) == uint256(int256(variance)) * 1e36);
    }

    /// @dev The form reads entries four at a time, each after the other: the matrix is 5 by 5, so that its first row is
    /// one whole word right of its diagonal. Weights pick one entry.
    function check_I7_fourAtATimeReadsEachEntry(int64 a, int64 b, int64 c, int64 d) public view {
        vm.assume(a >= 0 && b >= 0 && c >= 0 && d >= 0);
        int64[] memory entries = new int64[](15);
        (entries[1], entries[2], entries[3], entries[4]) = (a, b, c, d);
        bytes memory data = this.pack(entries);
        for (uint256 j = 1; j < 5; ++j) {
            uint256[] memory weights = new uint256[](5);
            (weights[0], weights[j]) = (1, 1);
            assert(PackedCovariance.quadraticForm(data, weights) == 2 * uint256(int256(entries[j])));
        }
    }

    function pack(int64[] calldata entries) external pure returns (bytes memory) {
        return PackedCovariance.pack(entries);
    }
}
