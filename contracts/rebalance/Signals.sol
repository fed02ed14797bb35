// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WordHash} from "../math/WordHash.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";

/// @title EIP-712 struct hashes of the messages that a portfolio's signers sign
library Signals {
    bytes32 private constant _SIGNAL_TYPEHASH = keccak256(
        "RebalanceSignal(address portfolio,bytes32 assetsHash,uint256[] targets,uint16 bandBps,uint16 maxTurnoverBps,uint16 maxSlippageBps,uint8 maxParts,uint40 validFrom,uint40 validUntil,uint256 nonce,bytes32 modelId,bytes32 inputHash,bytes32 ordersHash)"
    );
    bytes32 private constant _CANCELLATION_TYPEHASH = keccak256("Cancellation(address portfolio,uint256 nonce)");

    /// @dev Calldata has the thirteen members as the struct hash wants them, a word each, but for the third: an offset
    /// stands where the hash of the targets belongs. A member that is no number of its type does not hash to what
    /// anybody signs.
    function structHash(IAutoRebalancer.RebalanceSignal calldata signal) internal pure returns (bytes32 digest) {
        (bytes32 typeHash, bytes32 targetsHash) = (_SIGNAL_TYPEHASH, WordHash.hash(signal.targets));
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            calldatacopy(add(free, 0x20), signal, 0x1a0)
            mstore(add(free, 0x60), targetsHash)
            digest := keccak256(free, 0x1c0)
        }
    }

    function cancellation(address portfolio, uint256 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode(_CANCELLATION_TYPEHASH, portfolio, nonce));
    }
}
