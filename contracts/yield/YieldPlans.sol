// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";

import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";
import {IYieldPlans} from "interfaces/yield/IYieldPlans.sol";

/// @title Signed plans for yield optimizers
/// @notice See {IYieldPlans}.
contract YieldPlans is IYieldPlans, AccessManaged, EIP712 {
    using BitMaps for BitMaps.BitMap;

    bytes32 private constant _TARGET_TYPEHASH = keccak256("Target(address strategy,uint16 weightBps)");
    bytes32 private constant _PLAN_TYPEHASH = keccak256(
        "Plan(address optimizer,Target[] targets,uint256 nonce,uint40 validUntil)Target(address strategy,uint16 weightBps)"
    );

    /// @inheritdoc IYieldPlans
    ISignerSets public immutable signerSets;
    mapping(address optimizer => BitMaps.BitMap) private _usedNonces;

    constructor(
        address authority_,
        ISignerSets signerSets_
    )
        AccessManaged(authority_)
        EIP712("Quantera YieldPlans", "1")
    {
        signerSets = signerSets_;
    }

    /// @inheritdoc IYieldPlans
    function execute(Plan calldata plan, ISignerSets.Signature[] calldata signatures) external {
        // Checks
        if (block.timestamp > plan.validUntil) revert YieldPlans__Expired(plan.validUntil, block.timestamp);
        BitMaps.BitMap storage used = _usedNonces[plan.optimizer];
        if (used.get(plan.nonce)) revert YieldPlans__NonceUsed(plan.optimizer, plan.nonce);
        signerSets.requireQuorum(bytes32(uint256(uint160(plan.optimizer))), hashPlan(plan), signatures);

        // Effects
        used.set(plan.nonce);
        emit PlanExecuted(plan.optimizer, plan.nonce, msg.sender);

        // Interactions
        IYieldOptimizer(plan.optimizer).execute(plan.targets);
    }

    /// @inheritdoc IYieldPlans
    function cancelNonce(address optimizer, uint256 nonce) external restricted {
        _usedNonces[optimizer].set(nonce);
        emit NonceCancelled(optimizer, nonce);
    }

    /// @inheritdoc IYieldPlans
    function isNonceUsed(address optimizer, uint256 nonce) external view returns (bool) {
        return _usedNonces[optimizer].get(nonce);
    }

    /// @inheritdoc IYieldPlans
    function hashPlan(Plan calldata plan) public view returns (bytes32) {
        bytes32[] memory targets = new bytes32[](plan.targets.length);
        for (uint256 i; i < targets.length; ++i) {
            targets[i] = keccak256(abi.encode(_TARGET_TYPEHASH, plan.targets[i].strategy, plan.targets[i].weightBps));
        }
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    _PLAN_TYPEHASH, plan.optimizer, keccak256(abi.encodePacked(targets)), plan.nonce, plan.validUntil
                )
            )
        );
    }
}
