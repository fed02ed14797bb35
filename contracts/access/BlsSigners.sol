// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {BLS} from "solady/src/utils/ext/ithaca/BLS.sol";

import {IBlsSigners} from "interfaces/access/IBlsSigners.sol";

/// @title Many BLS12-381 keys that sign as one
/// @notice See {IBlsSigners}.
contract BlsSigners is IBlsSigners, AccessManaged {
    uint256 private constant _MAX_KEYS = 128;
    uint256 private constant _KEY_BYTES = 128;
    uint256 private constant _SIGNATURE_BYTES = 256;
    bytes4 private constant _INVALID = 0xffffffff;
    bytes32 private constant _POSSESSION = keccak256("Quantera BlsSigners possession");

    // The opposite of G1's generator, of which the draft's CoreVerify pairs the signature with.
    bytes32 private constant _NEG_X_A = 0x0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f;
    bytes32 private constant _NEG_X_B = 0xc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb;
    bytes32 private constant _NEG_Y_A = 0x00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f2;
    bytes32 private constant _NEG_Y_B = 0x67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca;

    /// @dev All keys, stored as the code of an account: reading fifty costs little more than reading one.
    address private _keys;
    uint8 private _count;
    uint8 private _threshold;
    uint256 private _revoked;

    constructor(address authority_) AccessManaged(authority_) {}

    /// @inheritdoc IBlsSigners
    function setKeys(bytes calldata keys, bytes calldata proofs, uint256 threshold) external restricted {
        // Checks
        uint256 count = keys.length / _KEY_BYTES;
        if (count > _MAX_KEYS) revert BlsSigners__TooManyKeys(count, _MAX_KEYS);
        if (threshold == 0 || threshold > count) revert BlsSigners__BadThreshold(threshold, count);
        // A proof is twice as long as a key.
        if (keys.length % _KEY_BYTES != 0 || proofs.length != 2 * keys.length) {
            revert BlsSigners__WrongProofCount(proofs.length / _SIGNATURE_BYTES, count);
        }
        bytes memory previous = new bytes(64);
        for (uint256 i; i < count; ++i) {
            bytes calldata key = keys[i * _KEY_BYTES:(i + 1) * _KEY_BYTES];
            if (!_ascends(previous, key)) revert BlsSigners__UnorderedKeys(i);
            previous = key[:64];
            bytes calldata proof = proofs[i * _SIGNATURE_BYTES:(i + 1) * _SIGNATURE_BYTES];
            if (!_signed(abi.decode(key, (BLS.G1Point)), possessionMessage(key), proof)) {
                revert BlsSigners__NotPossessed(i);
            }
        }

        // Effects
        _keys = SSTORE2.write(keys);
        (_count, _threshold) = (uint8(count), uint8(threshold));
        _revoked = 0;
        emit KeysSet(count, threshold);
    }

    /// @inheritdoc IBlsSigners
    function revoke(uint256 index) external restricted {
        if (index >= _count) revert BlsSigners__NoSuchKey(index, _count);
        if (_revoked >> index & 1 != 0) revert BlsSigners__AlreadyRevoked(index);
        _revoked |= 1 << index;
        emit KeyRevoked(index);
    }

    /// @inheritdoc IBlsSigners
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 32 + _SIGNATURE_BYTES) return _INVALID;
        uint256 members = uint256(bytes32(signature));
        uint256 count = _count;
        if (count == 0 || members >> count != 0 || members & _revoked != 0) return _INVALID;
        if (LibBit.popCount(members) < _threshold) return _INVALID;
        return _signed(_sum(members), digest, signature[32:]) ? IERC1271.isValidSignature.selector : _INVALID;
    }

    /// @inheritdoc IBlsSigners
    function possessionMessage(bytes calldata key) public view returns (bytes32) {
        return keccak256(abi.encode(_POSSESSION, block.chainid, address(this), keccak256(key)));
    }

    /// @inheritdoc IBlsSigners
    function quorum() external view returns (uint256 count, uint256 threshold, uint256 revoked) {
        return (_count, _threshold, _revoked);
    }

    /// @inheritdoc IBlsSigners
    function keyAt(uint256 index) external view returns (bytes memory) {
        if (index >= _count) revert BlsSigners__NoSuchKey(index, _count);
        return SSTORE2.read(_keys, index * _KEY_BYTES, (index + 1) * _KEY_BYTES);
    }

    /// @dev Returns the sum of the members' keys. All keys that `setKeys` has let in are points of the group, and so
    /// are their sums.
    function _sum(uint256 members) private view returns (BLS.G1Point memory sum) {
        bytes memory keys = SSTORE2.read(_keys);
        BLS.G1Point memory key;
        while (members != 0) {
            uint256 start = LibBit.ffs(members) * _KEY_BYTES;
            members &= members - 1;
            assembly ("memory-safe") {
                mcopy(key, add(add(keys, 0x20), start), 0x80)
            }
            sum = BLS.add(sum, key);
        }
    }

    /// @dev Checks e(key, H(message)) = e(g1, signature). The precompile refuses points outside the group, and then
    /// this reverts or is false; the point at infinity, which would sign for everyone, is no key.
    function _signed(BLS.G1Point memory key, bytes32 message, bytes calldata signature) private view returns (bool) {
        if (key.x_a | key.x_b | key.y_a | key.y_b == 0) return false;
        BLS.G1Point[] memory ones = new BLS.G1Point[](2);
        BLS.G2Point[] memory twos = new BLS.G2Point[](2);
        (ones[0], twos[0]) = (key, BLS.hashToG2(abi.encode(message)));
        (ones[1], twos[1]) = (BLS.G1Point(_NEG_X_A, _NEG_X_B, _NEG_Y_A, _NEG_Y_B), abi.decode(signature, (BLS.G2Point)));
        return BLS.pairing(ones, twos);
    }

    /// @dev Returns true if a key's x is above that of the key before.
    function _ascends(bytes memory previous, bytes calldata key) private pure returns (bool) {
        (uint256 high, uint256 low) = abi.decode(key[:64], (uint256, uint256));
        (uint256 lastHigh, uint256 lastLow) = abi.decode(previous, (uint256, uint256));
        return high > lastHigh || (high == lastHigh && low > lastLow);
    }
}
