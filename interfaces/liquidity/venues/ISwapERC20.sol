// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title AirSwap's settlement of signed orders
/// @notice The part of `SwapERC20` (@airswap/swap-erc20, version 4.3 of its signatures) that an adapter uses. "Signer"
/// is the maker, "sender" is the caller.
interface ISwapERC20 {
    error OrderExpired();
    error NonceAlreadyUsed(uint256 nonce);
    /// @dev The signature is not the maker's, or it is over another fee of the protocol than today's.
    error SignatureInvalid();

    /// @notice Swaps what a maker signed for the caller. Pulls `senderAmount` from the caller and sends `signerAmount`
    /// to `recipient`.
    /// @dev The maker signs nonce, expiry, signerWallet, signerToken, signerAmount, the protocol's fee in basis points,
    /// the caller, senderToken and senderAmount (EIP-712, ERC-1271 for contracts). `recipient` is not signed.
    function swap(
        address recipient,
        uint256 nonce,
        uint256 expiry,
        address signerWallet,
        address signerToken,
        uint256 signerAmount,
        address senderToken,
        uint256 senderAmount,
        uint8 v,
        bytes32 r,
        bytes32 s
    )
        external;
}
