// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PackedCovariance} from "../math/PackedCovariance.sol";

/// @title The library's functions as calls
/// @notice For differential tests against numpy.
contract PackedCovarianceHarness {
    function volatility(int64[] calldata covariance, uint256[] calldata weights) external pure returns (uint256) {
        return PackedCovariance.volatility(PackedCovariance.pack(covariance), weights);
    }

    function quadraticForm(int64[] calldata covariance, uint256[] calldata weights) external pure returns (uint256) {
        return PackedCovariance.quadraticForm(PackedCovariance.pack(covariance), weights);
    }
}
