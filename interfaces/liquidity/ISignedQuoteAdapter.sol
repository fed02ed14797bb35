// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title A venue whose makers sign quotes off chain (request for quote, RFQ)
/// @notice A quote is a maker's signed offer to swap two fixed amounts. It travels in the order, behind the hop that
/// uses it, so that a signature over an order's hash, such as that of a rebalance's signers, binds the quote. A market
/// names the maker.
/// @dev A quote is the only hop of its path, because it swaps neither more nor less than its amount. An adapter has to
/// see to it that a quote that is seen in the mempool serves nobody but the account that it was made for. It holds
/// nothing between calls and is trusted with what is sent to it, no more.
interface ISignedQuoteAdapter {
    /// @notice Tells whether a market with this id may be listed for these two tokens. It is asked when the market is
    /// listed.
    function trades(bytes32 id, address token0, address token1) external view returns (bool);

    /// @notice Swaps an input that has just been sent to it, at a signed quote.
    /// @param id The market's id, as listed. It decides which accounts may have signed.
    /// @param quote The words of the quote, in the layout of the adapter.
    /// @return amountOut The amount that was sent to `to`.
    function swap(
        bytes32 id,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        address to,
        uint256[] calldata quote
    )
        external
        returns (uint256 amountOut);
}
