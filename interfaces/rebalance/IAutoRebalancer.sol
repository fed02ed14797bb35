// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Executes signed rebalances
/// @notice Checks who wants a rebalance and that its trades do what was signed (I6); what a rebalance may cost and risk is
/// checked by the portfolio itself. Anyone may send a signed rebalance.
interface IAutoRebalancer {
    /// @notice What signers sign. The portfolio's address as bytes32 names the signer set.
    /// @param targets Target weights of NAV, WAD, in the order of the portfolio's `assets()`; they sum to 1e18.
    /// @param bandBps How far, in basis points of NAV, any weight may end from its target.
    /// @param validFrom Unix seconds.
    /// @param validUntil Unix seconds, the last at which it may run.
    /// @param nonce Any number not yet used for this portfolio; order does not matter.
    /// @param ordersHash keccak256 of the ABI-encoded orders.
    struct Signal {
        address portfolio;
        uint256[] targets;
        uint16 bandBps;
        uint40 validFrom;
        uint40 validUntil;
        uint256 nonce;
        bytes32 ordersHash;
    }

    event Rebalanced(
        address indexed portfolio,
        uint256 indexed nonce,
        address indexed executor,
        uint256 distanceBefore,
        uint256 distanceAfter
    );
    event NonceCancelled(address indexed portfolio, uint256 indexed nonce);

    error AutoRebalancer__NotYetValid(uint256 validFrom, uint256 timestamp);
    error AutoRebalancer__Expired(uint256 validUntil, uint256 timestamp);
    error AutoRebalancer__NonceUsed(address portfolio, uint256 nonce);
    error AutoRebalancer__WrongOrders(bytes32 ordersHash, bytes32 signedHash);
    error AutoRebalancer__WrongTargetCount(uint256 targets, uint256 assets);
    error AutoRebalancer__TargetsDoNotSum(uint256 sum);
    error AutoRebalancer__NoOrders();
    /// @dev The sum of |weight - target| did not fall.
    error AutoRebalancer__NotCloser(uint256 distanceBefore, uint256 distanceAfter);
    error AutoRebalancer__OutsideBand(address asset, uint256 weight, uint256 target, uint256 bandBps);

    /// @notice Executes a signal with exactly the orders that were signed, or reverts whole.
    function rebalance(
        Signal calldata signal,
        ILiquidityAggregator.Order[] calldata orders,
        ISignerSets.Signature[] calldata signatures
    )
        external;

    /// @notice Makes a nonce unusable at once. Role: GUARDIAN.
    function cancelNonce(address portfolio, uint256 nonce) external;

    function isNonceUsed(address portfolio, uint256 nonce) external view returns (bool);

    /// @return EIP-712 digest that signers of this signal sign.
    function hashSignal(Signal calldata signal) external view returns (bytes32);
}
