// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Quorums of keeper signers
/// @notice A set is a list of signers, each with a weight, and a threshold that the sum of their weights has to reach.
/// A contract that relies on a set names it by id: a covariance universe by its own id, a portfolio's rebalances by its
/// address as bytes32. Adding a signer waits out the registrar's delay, removing one acts at once; a set that falls
/// below its threshold approves nothing until a signer is added.
interface ISignerSets {
    /// @param signer EOA or ERC-1271 contract that signed.
    /// @param data 65-byte ECDSA signature, or the bytes that the ERC-1271 contract takes. An account that delegates to
    /// code (EIP-7702) may give either.
    struct Signature {
        address signer;
        bytes data;
    }

    event SetCreated(bytes32 indexed setId, uint256 threshold);
    event SignerAdded(bytes32 indexed setId, address indexed signer);
    event SignerRemoved(bytes32 indexed setId, address indexed signer);
    event WeightChanged(bytes32 indexed setId, address indexed signer, uint256 oldWeight, uint256 newWeight);
    event ThresholdChanged(bytes32 indexed setId, uint256 oldThreshold, uint256 newThreshold);

    error SignerSets__SetExists(bytes32 setId);
    error SignerSets__NoSuchSet(bytes32 setId);
    error SignerSets__SignerExists(bytes32 setId, address signer);
    error SignerSets__NotASigner(bytes32 setId, address signer);
    error SignerSets__ZeroSigner(bytes32 setId);
    /// @dev Thresholds run from 1 to the sum of the signers' weights.
    error SignerSets__BadThreshold(bytes32 setId, uint256 threshold, uint256 totalWeight);
    /// @dev The weight is zero, or so low that the set could not reach its threshold.
    error SignerSets__BadWeight(bytes32 setId, address signer, uint256 weight);
    error SignerSets__BelowQuorum(bytes32 setId, uint256 weight, uint256 threshold);
    /// @dev Signers come in strictly ascending order, so that none counts twice.
    error SignerSets__UnorderedSigners(address previous, address signer);
    error SignerSets__BadSignature(bytes32 setId, address signer);

    /// @notice Creates a set. Role: KEEPER_REGISTRAR.
    /// @param setId Name of the set; refused if taken.
    /// @param signers Members, in any order, without repetition.
    /// @param threshold Weight needed, 1 to signers.length: every signer begins with the weight 1.
    function createSet(bytes32 setId, address[] calldata signers, uint256 threshold) external;

    /// @notice Adds a signer, with the weight 1. Role: KEEPER_REGISTRAR.
    function addSigner(bytes32 setId, address signer) external;

    /// @notice Gives a signer another weight. Role: KEEPER_REGISTRAR.
    /// @param weight 1 to 65,535; refused where all signers together would no longer reach the threshold.
    function setWeight(bytes32 setId, address signer, uint16 weight) external;

    /// @notice Removes a signer at once, even below the threshold. Role: GUARDIAN.
    function removeSigner(bytes32 setId, address signer) external;

    /// @notice Changes a threshold. Role: KEEPER_REGISTRAR.
    function setThreshold(bytes32 setId, uint256 threshold) external;

    /// @notice Reverts unless `digest` carries valid signatures of members whose weights reach the threshold (I6).
    /// @param setId The set that has to agree.
    /// @param digest EIP-712 digest, bound by its maker to chain and contract.
    /// @param signatures The members' signatures in strictly ascending order of signer; every one has to be valid.
    function requireQuorum(bytes32 setId, bytes32 digest, Signature[] calldata signatures) external view;

    /// @return count Number of signers in the set.
    /// @return threshold Weight needed; 0 when the set does not exist.
    function quorumOf(bytes32 setId) external view returns (uint256 count, uint256 threshold);

    function isSigner(bytes32 setId, address account) external view returns (bool);

    /// @return Weight of the account's signature in the set; 0 for an account that is no signer.
    function weightOf(bytes32 setId, address account) external view returns (uint256);

    /// @return Sum of the signers' weights.
    function totalWeight(bytes32 setId) external view returns (uint256);
}
