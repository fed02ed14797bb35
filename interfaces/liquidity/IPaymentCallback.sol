// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Pays for a swap when it is asked to
/// @notice A caller of {ILiquidityAggregator.swapWithCallback} implements this interface, in place of an allowance.
interface IPaymentCallback {
    /// @notice Sends `amount` of `token` to `to`, once or more during one swap: in all no more than its route's
    /// amounts.
    /// @dev Only the aggregator may call, and only for what the caller has just asked it to swap.
    /// @param to The venue, or the aggregator where the venue takes its input from there.
    /// @param amount Smallest units.
    function payDue(address token, address to, uint256 amount) external;
}
