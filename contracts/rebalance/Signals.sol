// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";

/// @title EIP-712 struct hashes of the messages that a portfolio's signers sign
library Signals {
    bytes32 private constant _SIGNAL_TYPEHASH = keccak256(
        "RebalanceSignal(address portfolio,bytes32 assetsHash,uint256[] targets,uint16 bandBps,uint16 maxTurnoverBps,uint16 maxSlippageBps,uint8 maxParts,uint40 validFrom,uint40 validUntil,uint256 nonce,bytes32 modelId,bytes32 inputHash,bytes32 ordersHash)"
    );
    bytes32 private constant _CANCELLATION_TYPEHASH = keccak256("Cancellation(address portfolio,uint256 nonce)");

    function structHash(IAutoRebalancer.RebalanceSignal calldata signal) internal pure returns (bytes32) {
        // In two halves: all at once is more than the stack holds.
        bytes memory head = abi.encode(
            _SIGNAL_TYPEHASH,
            signal.portfolio,
            signal.assetsHash,
            keccak256(abi.encodePacked(signal.targets)),
            signal.bandBps,
            signal.maxTurnoverBps,
            signal.maxSlippageBps,
            signal.maxParts
        );
        bytes memory tail = abi.encode(
            signal.validFrom, signal.validUntil, signal.nonce, signal.modelId, signal.inputHash, signal.ordersHash
        );
        return keccak256(bytes.concat(head, tail));
    }

    function cancellation(address portfolio, uint256 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode(_CANCELLATION_TYPEHASH, portfolio, nonce));
    }
}
