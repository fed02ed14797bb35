// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Many BLS12-381 keys that sign as one
/// @notice An ERC-1271 account whose signature is the sum of its members' signatures, so that a quorum of fifty is
/// checked for little more than a quorum of three. It joins a set of {ISignerSets} as one signer, with the weight that
/// it is given there. Keys are in G1 and signatures in G2, messages hashed by
/// `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_` (the basic scheme of draft-irtf-cfrg-bls-signature), points encoded as
/// EIP-2537 does: 128 and 256 bytes, big endian.
/// @dev Every key comes with a signature over {possessionMessage}: otherwise a key made from the difference of another
/// and one's own would sign for both. Needs the precompiles of EIP-2537 (Prague).
interface IBlsSigners is IERC1271 {
    event KeysSet(uint256 count, uint256 threshold);
    event KeyRevoked(uint256 indexed index);

    /// @dev A set has 1 to 128 keys, and a threshold from 1 to their number.
    error BlsSigners__BadThreshold(uint256 threshold, uint256 count);
    error BlsSigners__TooManyKeys(uint256 count, uint256 most);
    error BlsSigners__WrongProofCount(uint256 proofs, uint256 keys);
    /// @dev Keys come in strictly ascending order of x, so that neither a key nor its opposite comes twice.
    error BlsSigners__UnorderedKeys(uint256 index);
    /// @dev The key at this index does not sign for itself, or is no point of the group.
    error BlsSigners__NotPossessed(uint256 index);
    error BlsSigners__NoSuchKey(uint256 index, uint256 count);
    error BlsSigners__AlreadyRevoked(uint256 index);

    /// @notice Puts new keys in the place of all present ones, and forgets which were revoked. Role: KEEPER_REGISTRAR,
    /// so after its delay. At worst: the new signers can do whatever the sets that this account belongs to let them do
    /// (I1-I3).
    /// @param keys 128 bytes each, one after the other.
    /// @param proofs 256 bytes each: the key's signature over its {possessionMessage}.
    /// @param threshold Members that have to sign.
    function setKeys(bytes calldata keys, bytes calldata proofs, uint256 threshold) external;

    /// @notice Lets a key count no more, at once. Role: GUARDIAN. At worst: nobody can sign.
    /// @param index Index of the key, from 0.
    function revoke(uint256 index) external;

    /// @notice Tells whether the members that `signature` names have signed `digest` and reach the threshold.
    /// @param digest The signed message, whose 32 bytes are hashed to the curve.
    /// @param signature 32 bytes with one bit per member, the lowest bit for key 0; then 256 bytes, the sum of their
    /// signatures.
    /// @return 0x1626ba7e if so; 0xffffffff if not, or a revert where the signature is no point of the group.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4);

    /// @return The message that the holder of a key signs to show possession of it; it is bound to this account and
    /// chain.
    function possessionMessage(bytes calldata key) external view returns (bytes32);

    /// @return count Number of keys.
    /// @return threshold Members that have to sign; 0 before the first keys.
    /// @return revoked One bit per key, from the lowest for key 0; it is set where the key no longer counts.
    function quorum() external view returns (uint256 count, uint256 threshold, uint256 revoked);

    /// @return The key, 128 bytes.
    function keyAt(uint256 index) external view returns (bytes memory);
}
