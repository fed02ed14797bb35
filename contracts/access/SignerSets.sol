// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {ISignerSets} from "interfaces/access/ISignerSets.sol";

/// @title Quorums of keeper signers
/// @notice See {ISignerSets}.
contract SignerSets is ISignerSets, AccessManagedUpgradeable, UUPSUpgradeable {
    /// @param weight Sum of the members' weights.
    struct SignerSet {
        uint16 count;
        uint32 threshold;
        uint32 weight;
        mapping(address signer => uint16) weights;
    }

    /// @custom:storage-location erc7201:quantera.storage.SignerSets
    struct Storage {
        mapping(bytes32 setId => SignerSet) sets;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.SignerSets")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x8f96816347592b4d083983c954fe15d8f7aa916195234c06a198b4ad9f919300;

    constructor() {
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc ISignerSets
    function createSet(bytes32 setId, address[] calldata signers, uint256 threshold) external restricted {
        SignerSet storage set = _storage().sets[setId];
        if (set.threshold != 0) revert SignerSets__SetExists(setId);
        if (threshold == 0 || threshold > signers.length || signers.length > type(uint16).max) {
            revert SignerSets__BadThreshold(setId, threshold, signers.length);
        }
        emit SetCreated(setId, threshold);
        for (uint256 i; i < signers.length; ++i) {
            _add(set, setId, signers[i]);
        }
        set.threshold = uint32(threshold);
    }

    /// @inheritdoc ISignerSets
    function addSigner(bytes32 setId, address signer) external restricted {
        _add(_existing(setId), setId, signer);
    }

    /// @inheritdoc ISignerSets
    function removeSigner(bytes32 setId, address signer) external restricted {
        SignerSet storage set = _existing(setId);
        uint16 weight = set.weights[signer];
        if (weight == 0) revert SignerSets__NotASigner(setId, signer);
        set.weights[signer] = 0;
        set.count -= 1;
        set.weight -= weight;
        emit SignerRemoved(setId, signer);
    }

    /// @inheritdoc ISignerSets
    function setWeight(bytes32 setId, address signer, uint16 weight) external restricted {
        SignerSet storage set = _existing(setId);
        uint16 old = set.weights[signer];
        if (old == 0) revert SignerSets__NotASigner(setId, signer);
        uint32 total = set.weight - old + weight;
        if (weight == 0 || set.threshold > total) revert SignerSets__BadWeight(setId, signer, weight);
        set.weights[signer] = weight;
        set.weight = total;
        emit WeightChanged(setId, signer, old, weight);
    }

    /// @inheritdoc ISignerSets
    function setThreshold(bytes32 setId, uint256 threshold) external restricted {
        SignerSet storage set = _existing(setId);
        if (threshold == 0 || threshold > set.weight) revert SignerSets__BadThreshold(setId, threshold, set.weight);
        emit ThresholdChanged(setId, set.threshold, threshold);
        set.threshold = uint32(threshold);
    }

    /// @inheritdoc ISignerSets
    function requireQuorum(bytes32 setId, bytes32 digest, Signature[] calldata signatures) external view {
        SignerSet storage set = _existing(setId);
        uint256 weight;
        address previous;
        for (uint256 i; i < signatures.length; ++i) {
            address signer = signatures[i].signer;
            if (signer <= previous) revert SignerSets__UnorderedSigners(previous, signer);
            uint256 own = set.weights[signer];
            if (own == 0) revert SignerSets__NotASigner(setId, signer);
            weight += own;
            if (!_signed(signer, digest, signatures[i].data)) {
                revert SignerSets__BadSignature(setId, signer);
            }
            previous = signer;
        }
        if (weight < set.threshold) revert SignerSets__BelowQuorum(setId, weight, set.threshold);
    }

    /// @inheritdoc ISignerSets
    function quorumOf(bytes32 setId) external view returns (uint256 count, uint256 threshold) {
        SignerSet storage set = _storage().sets[setId];
        return (set.count, set.threshold);
    }

    /// @inheritdoc ISignerSets
    function isSigner(bytes32 setId, address account) external view returns (bool) {
        return _storage().sets[setId].weights[account] != 0;
    }

    /// @inheritdoc ISignerSets
    function weightOf(bytes32 setId, address account) external view returns (uint256) {
        return _storage().sets[setId].weights[account];
    }

    /// @inheritdoc ISignerSets
    function totalWeight(bytes32 setId) external view returns (uint256) {
        return _storage().sets[setId].weight;
    }

    /// @dev The account's own key is tried first, whether or not the account has code: to look for code costs more than
    /// to recover a signature. Nobody has the key of a contract's address, and the key of an account that delegates to
    /// code (EIP-7702) can take that back at any time.
    function _signed(address signer, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return true;
        return SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }

    function _add(SignerSet storage set, bytes32 setId, address signer) private {
        if (signer == address(0)) revert SignerSets__ZeroSigner(setId);
        if (set.weights[signer] != 0) revert SignerSets__SignerExists(setId, signer);
        set.weights[signer] = 1;
        set.count += 1;
        set.weight += 1;
        emit SignerAdded(setId, signer);
    }

    function _existing(bytes32 setId) private view returns (SignerSet storage set) {
        set = _storage().sets[setId];
        if (set.threshold == 0) revert SignerSets__NoSuchSet(setId);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
