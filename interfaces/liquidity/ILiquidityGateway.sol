// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Other ways to pay the aggregator: coin, ERC-2612, Permit2
/// @notice The gateway holds nothing between calls. It pulls the amount that the order needs; the part that an exact
/// output does not use goes back. Regulated tokens pass only where their rules admit this contract as a venue account.
interface ILiquidityGateway {
    enum Payment {
        Approval,
        Coin,
        Permit,
        Permit2
    }

    /// @param owner Account that pays. It is the caller, unless the owner signed for Permit2: then anyone may send the
    /// signed order.
    /// @param nonce Permit2: the owner's unordered nonce.
    /// @param deadline Permit and Permit2: last second at which the signature counts.
    /// @param signature Permit: 65 bytes r, s, v. Permit2: over the order as its witness.
    struct Funding {
        Payment payment;
        address owner;
        uint256 nonce;
        uint256 deadline;
        bytes signature;
    }

    /// @param to Account that gets the output. Unless the output is unwrapped, this is the order's own recipient.
    /// @param unwrap True to pay out coin for the wrapped token; the order's recipient is then this contract.
    struct Delivery {
        address to;
        bool unwrap;
    }

    error LiquidityGateway__NotTheOwner(address owner, address caller);
    error LiquidityGateway__WrongToken(address token, address wrappedCoin);
    error LiquidityGateway__WrongValue(uint256 value, uint256 expected);
    error LiquidityGateway__WrongRecipient(address recipient, address expected);
    error LiquidityGateway__UnexpectedCoin(address sender);
    error LiquidityGateway__BalanceMismatch(address token, uint256 expected, uint256 actual);

    /// @notice Executes an order as {ILiquidityAggregator.swapOnTerms} does, paid for as `funding` says.
    function swap(
        ILiquidityAggregator.Order calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        Delivery calldata delivery,
        Funding calldata funding
    )
        external
        payable
        returns (uint256 amountOut);

    /// @notice Executes an order as {ILiquidityAggregator.swapExactOut} does; an amount that was pulled and not used is
    /// returned, coin as coin.
    function swapExactOut(
        ILiquidityAggregator.ExactOutOrder calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        Delivery calldata delivery,
        Funding calldata funding
    )
        external
        payable
        returns (uint256 amountIn);

    /// @notice Returns the witness that an owner signs for Permit2, beside token, amount, nonce and deadline.
    /// @param order keccak256 of the ABI-encoded order and terms.
    function witnessOf(bytes32 order, Delivery calldata delivery) external pure returns (bytes32);
}
