// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title ERC-4626 calls that cannot take their caller down
/// @notice A vault that reverts, burns all gas it gets or returns megabytes costs at most a bounded amount of gas. A
/// caller that brings too little gas for a call is refused: otherwise it could choose which vault seems not to answer.
library SafeCallVault {
    /// @dev Gas that is enough to read a vault over vaults; ten silent ones cost five million.
    uint256 private constant _READ_GAS = 500_000;
    uint256 private constant _PAY_GAS = 2_000_000;
    /// @dev Gas for the caller's own work around the call.
    uint256 private constant _MARGIN = 50_000;

    /// @return ok True if the vault answered with a number below 2^128.
    /// @return assets Amount that the vault says it would pay for the shares.
    function previewRedeem(address vault, uint256 shares) internal view returns (bool ok, uint256 assets) {
        (ok, assets) = _read(vault, abi.encodeCall(IERC4626.previewRedeem, (shares)));
        if (assets > type(uint128).max) (ok, assets) = (false, 0);
    }

    /// @return Shares that the vault says it would redeem now; zero if it does not answer.
    function maxRedeem(address vault, address owner) internal view returns (uint256) {
        (, uint256 shares) = _read(vault, abi.encodeCall(IERC4626.maxRedeem, (owner)));
        return shares;
    }

    /// @return Assets that the vault says it would take now; zero if it does not answer.
    function maxDeposit(address vault, address receiver) internal view returns (uint256) {
        (, uint256 assets) = _read(vault, abi.encodeCall(IERC4626.maxDeposit, (receiver)));
        return assets;
    }

    /// @return ok True if the call went through; the caller measures the payment.
    function redeem(address vault, uint256 shares) internal returns (bool ok) {
        _requireGas(_PAY_GAS);
        bytes memory data = abi.encodeCall(IERC4626.redeem, (shares, address(this), address(this)));
        assembly ("memory-safe") {
            ok := call(_PAY_GAS, vault, 0, add(data, 32), mload(data), 0, 0)
        }
    }

    function _read(address vault, bytes memory data) private view returns (bool ok, uint256 word) {
        _requireGas(_READ_GAS);
        assembly ("memory-safe") {
            ok := staticcall(_READ_GAS, vault, add(data, 32), mload(data), 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            if ok { word := mload(0) }
        }
    }

    /// @dev A call gets at most 63/64 of the remaining gas.
    function _requireGas(uint256 forCall) private view {
        uint256 needed = forCall * 64 / 63 + _MARGIN;
        if (gasleft() < needed) revert IYieldOptimizer.YieldOptimizer__TooLittleGas(gasleft(), needed);
    }
}
