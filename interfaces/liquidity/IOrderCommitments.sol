// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Orders that are committed to before they are seen
/// @notice An owner commits to an order's hash, with a bond, may reveal and run the order some blocks later, and has to
/// do so before the commitment expires. The mempool sees the order when it may run at once. The bond is the cost of
/// committing to many orders and running only those that turned out well. The contract does not hide the reveal itself:
/// send that privately, or keep the order's minimum tight.
interface IOrderCommitments {
    /// @param commitment Hash that this owner committed to; {forfeit} takes it.
    event Committed(address indexed owner, bytes32 indexed commitment, uint256 revealFrom, uint256 revealUntil);
    event Revealed(address indexed owner, bytes32 indexed commitment, uint256 amountOut);
    event Forfeited(address indexed owner, bytes32 indexed commitment);

    error OrderCommitments__InvalidTerms(uint256 bond, uint256 delay, uint256 lifetime);
    error OrderCommitments__WrongBond(uint256 value, uint256 bond);
    error OrderCommitments__Committed(bytes32 commitment);
    error OrderCommitments__NotCommitted(bytes32 commitment);
    error OrderCommitments__TooEarly(uint256 blockNumber, uint256 revealFrom);
    error OrderCommitments__Expired(uint256 blockNumber, uint256 revealUntil);
    error OrderCommitments__NotExpired(uint256 blockNumber, uint256 revealUntil);

    /// @notice Commits the caller to an order. Pays the bond, in the chain's coin.
    /// @param commitment Hash that {commitmentOf} returns. With a salt that nobody can guess it reveals nothing.
    function commit(bytes32 commitment) external payable;

    /// @notice Runs an order that the caller committed to, paid for by the caller, and returns the bond.
    /// @dev An order that reverts stays committed: it can be tried again until it expires.
    function reveal(
        ILiquidityAggregator.Order calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        bytes32 salt
    )
        external
        returns (uint256 amountOut);

    /// @notice Sends the bond of a commitment that was not revealed in time to the beneficiary. Anyone may call it.
    function forfeit(bytes32 commitment) external;

    /// @notice Returns the hash to commit to, over this chain, this contract, the owner, the order, its terms and a
    /// salt.
    function commitmentOf(
        address owner,
        ILiquidityAggregator.Order calldata order,
        ILiquidityAggregator.SwapTerms calldata terms,
        bytes32 salt
    )
        external
        view
        returns (bytes32);
}
