// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title ONCHAINID, as far as a registry reads it
/// @notice ERC-734 keys and ERC-735 claims. The holder controls this contract: nothing it answers is believed unless a
/// trusted issuer confirms it.
interface IOnchainId {
    /// @param claimId keccak256(abi.encode(issuer, topic)).
    function getClaim(bytes32 claimId)
        external
        view
        returns (
            uint256 topic,
            uint256 scheme,
            address issuer,
            bytes memory signature,
            bytes memory data,
            string memory uri
        );

    /// @param key keccak256(abi.encode(account)).
    /// @param purpose 1 is MANAGEMENT.
    function keyHasPurpose(bytes32 key, uint256 purpose) external view returns (bool);
}

/// @title Issuer of ONCHAINID claims, as far as a registry asks it
interface IClaimIssuer {
    /// @return True if the issuer signed this claim and has not revoked it.
    function isClaimValid(
        IOnchainId identity,
        uint256 topic,
        bytes calldata signature,
        bytes calldata data
    )
        external
        view
        returns (bool);
}
