// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IOnchainId} from "interfaces/identity/IOnchainId.sol";

/// @title A holder's identity that answers differently, depending on who asks
/// @notice Stands in for an ONCHAINID that its holder wrote itself: to have a keeper refresh it again and again, it has
/// no claims when it is asked and has them when it is called; to outlive a revocation, it shows its issuer another
/// signature.
contract TwoFacedIdentity is IOnchainId {
    struct Claim {
        uint256 topic;
        address issuer;
        bytes signature;
        bytes data;
    }

    mapping(bytes32 claimId => Claim) private _claims;
    mapping(address asker => bytes signature) private _decoys;
    bool private _lies;

    function setClaim(Claim calldata claim) external {
        _claims[keccak256(abi.encode(claim.issuer, claim.topic))] = claim;
    }

    function setLies(bool lies) external {
        _lies = lies;
    }

    function setDecoy(address asker, bytes calldata signature) external {
        _decoys[asker] = signature;
    }

    function getClaim(bytes32 claimId)
        external
        view
        returns (uint256, uint256, address, bytes memory, bytes memory, string memory)
    {
        // A node that is asked on nobody's behalf says so.
        if (_lies && tx.origin == address(0)) revert();
        Claim memory claim = _claims[claimId];
        if (_decoys[msg.sender].length != 0) claim.signature = _decoys[msg.sender];
        return (claim.topic, 1, claim.issuer, claim.signature, claim.data, "");
    }

    function keyHasPurpose(bytes32, uint256) external pure returns (bool) {
        return true;
    }
}
