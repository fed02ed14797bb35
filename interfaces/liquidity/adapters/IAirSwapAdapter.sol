// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignedQuoteAdapter} from "interfaces/liquidity/ISignedQuoteAdapter.sol";

/// @title Quotes of AirSwap's makers to one recipient as a venue
/// @notice Makers sign for this contract as the sender, so a quote serves its recipient and nobody else. A market's id
/// is the maker's address: each maker is listed for each pair, and is dropped by delisting that market.
/// @dev The quote's eight words are nonce, expiry, signerWallet, signerAmount, senderAmount, v, r and s of AirSwap's
/// order. The tokens are the market's.
interface IAirSwapAdapter is ISignedQuoteAdapter {
    /// @dev Another caller could name a maker of its own while an order's input lies here.
    error AirSwapAdapter__OnlyAggregator(address caller);
    error AirSwapAdapter__WrongRecipient(address to, address recipient);
    error AirSwapAdapter__BrokenQuote(uint256 words, uint256 expected);
    /// @dev The market is listed for another maker than the quote's.
    error AirSwapAdapter__WrongMaker(address signerWallet, address maker);
    /// @dev A quote is used as a whole.
    error AirSwapAdapter__WrongAmount(uint256 amountIn, uint256 senderAmount);
    /// @dev The settlement contract left some of its allowance.
    error AirSwapAdapter__NotTaken(uint256 given, uint256 left);

    /// @notice The only caller of {swap}.
    function aggregator() external view returns (address);

    /// @notice AirSwap's SwapERC20.
    function swapContract() external view returns (address);

    /// @notice The only account that quotes serve, for example a portfolio.
    function recipient() external view returns (address);
}
