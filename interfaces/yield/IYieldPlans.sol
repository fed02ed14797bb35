// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title Signed plans for yield optimizers
/// @notice Checks that a quorum signed a plan, that the plan is still valid and that it runs once (I6); the optimizer
/// bounds what it may do.
interface IYieldPlans {
    /// @notice The message that a quorum signs (EIP-712; the domain is this contract on this chain).
    /// @param optimizer Vault whose signer set has to agree: its address as bytes32.
    /// @param targets Strategies to bring to a weight, each once; those that are not named stay as they are.
    /// @param nonce Any number that was not used for this optimizer.
    /// @param validUntil Unix seconds, inclusive.
    struct Plan {
        address optimizer;
        IYieldOptimizer.Target[] targets;
        uint256 nonce;
        uint40 validUntil;
    }

    event PlanExecuted(address indexed optimizer, uint256 indexed nonce, address indexed caller);
    event NonceCancelled(address indexed optimizer, uint256 indexed nonce);

    error YieldPlans__Expired(uint256 validUntil, uint256 timestamp);
    error YieldPlans__NonceUsed(address optimizer, uint256 nonce);

    /// @notice Carries out a plan. Anyone may call it.
    /// @dev A stolen quorum can, at worst, lose the optimizer's loss budget per window and move its money between
    /// listed strategies within their caps.
    function execute(Plan calldata plan, ISignerSets.Signature[] calldata signatures) external;

    /// @notice Makes a nonce useless. Role: GUARDIAN; at worst one plan has to be signed again.
    function cancelNonce(address optimizer, uint256 nonce) external;

    function isNonceUsed(address optimizer, uint256 nonce) external view returns (bool);

    /// @return EIP-712 digest that the quorum signs.
    function hashPlan(Plan calldata plan) external view returns (bytes32);

    function signerSets() external view returns (ISignerSets);
}
