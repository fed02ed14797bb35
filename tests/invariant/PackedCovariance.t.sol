// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedCovariance} from "contracts/math/PackedCovariance.sol";
import {Test} from "forge-std/Test.sol";

/// @title I7: the packed form is the plain form
contract PackedCovarianceTest is Test {
    /// @dev Both forms give the same integer, or a negative one that both refuse, for any entries, any weights of the
    /// domain and any size.
    function testFuzz_I7_FormEqualsThePlainLoop(uint256 seed, uint8 size) public {
        uint256 n = bound(size, 1, 32);
        (int64[] memory covariance, uint256[] memory weights) = _random(seed, n);
        int256 plain = _plain(covariance, weights);
        if (plain < 0) {
            vm.expectRevert(abi.encodeWithSelector(PackedCovariance.PackedCovariance__NegativeVariance.selector, plain));
            this.form(covariance, weights);
        } else {
            assertEq(this.form(covariance, weights), uint256(plain));
        }
    }

    /// @dev The form costs at most 60 gas per entry of the 32 by 32 matrix, without its SSTORE2 read.
    function test_I7_FormOf32AssetsIsCheap() public view {
        (int64[] memory covariance, uint256[] memory weights) = _random(1, 32);
        bytes memory data = this.pack(covariance);
        uint256 before = gasleft();
        PackedCovariance.quadraticForm(data, weights);
        assertLe((before - gasleft()) / 1024, 60);
    }

    function form(int64[] calldata covariance, uint256[] calldata weights) external pure returns (uint256) {
        return PackedCovariance.quadraticForm(PackedCovariance.pack(covariance), weights);
    }

    function pack(int64[] calldata covariance) external pure returns (bytes memory) {
        return PackedCovariance.pack(covariance);
    }

    /// @dev The entries are any int64; every other seed has a positive diagonal, and every fifth weight is zero.
    function _random(
        uint256 seed,
        uint256 n
    )
        private
        pure
        returns (int64[] memory covariance, uint256[] memory weights)
    {
        covariance = new int64[](PackedCovariance.entries(n));
        weights = new uint256[](n);
        for (uint256 k; k < covariance.length; ++k) {
            covariance[k] = int64(uint64(uint256(keccak256(abi.encode(seed, k)))));
        }
        uint256 index;
        for (uint256 i; i < n; ++i) {
            if (seed % 2 == 0 && covariance[index] < 0) covariance[index] = -(covariance[index] + 1);
            index += n - i;
            uint256 weight = uint256(keccak256(abi.encode(seed, "w", i)));
            weights[i] = weight % 5 == 0 ? 0 : weight % (PackedCovariance.MAX_WEIGHT + 1);
        }
    }

    function _plain(int64[] memory covariance, uint256[] memory weights) private pure returns (int256 total) {
        uint256 index;
        for (uint256 i; i < weights.length; ++i) {
            for (uint256 j = i; j < weights.length; ++j) {
                int256 term = int256(covariance[index++]) * int256(weights[i]) * int256(weights[j]);
                total += i == j ? term : 2 * term;
            }
        }
    }
}
