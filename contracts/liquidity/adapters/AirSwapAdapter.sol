// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ISignedQuoteAdapter} from "interfaces/liquidity/ISignedQuoteAdapter.sol";
import {IAirSwapAdapter} from "interfaces/liquidity/adapters/IAirSwapAdapter.sol";
import {ISwapERC20} from "interfaces/liquidity/venues/ISwapERC20.sol";

/// @title Quotes of AirSwap's makers to one recipient as a venue
/// @notice See {IAirSwapAdapter}.
contract AirSwapAdapter is IAirSwapAdapter {
    using SafeERC20 for IERC20;

    uint256 private constant _NONCE = 0;
    uint256 private constant _EXPIRY = 1;
    uint256 private constant _MAKER = 2;
    uint256 private constant _MAKER_AMOUNT = 3;
    uint256 private constant _SENDER_AMOUNT = 4;
    uint256 private constant _V = 5;
    uint256 private constant _R = 6;
    uint256 private constant _S = 7;
    uint256 private constant _WORDS = 8;

    /// @inheritdoc IAirSwapAdapter
    address public immutable aggregator;
    /// @inheritdoc IAirSwapAdapter
    address public immutable swapContract;
    /// @inheritdoc IAirSwapAdapter
    address public immutable recipient;

    constructor(address aggregator_, address swapContract_, address recipient_) {
        (aggregator, swapContract, recipient) = (aggregator_, swapContract_, recipient_);
    }

    /// @inheritdoc ISignedQuoteAdapter
    function trades(bytes32 id, address, address) external pure returns (bool) {
        return id != 0 && uint256(id) <= type(uint160).max;
    }

    /// @inheritdoc ISignedQuoteAdapter
    function swap(
        bytes32 id,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        address to,
        uint256[] calldata quote
    )
        external
        returns (uint256 amountOut)
    {
        // Checks
        if (msg.sender != aggregator) revert AirSwapAdapter__OnlyAggregator(msg.sender);
        if (to != recipient) revert AirSwapAdapter__WrongRecipient(to, recipient);
        if (quote.length != _WORDS) revert AirSwapAdapter__BrokenQuote(quote.length, _WORDS);
        (address signerWallet, address maker) = (address(uint160(quote[_MAKER])), address(uint160(uint256(id))));
        if (signerWallet != maker) revert AirSwapAdapter__WrongMaker(signerWallet, maker);
        if (quote[_SENDER_AMOUNT] != amountIn) revert AirSwapAdapter__WrongAmount(amountIn, quote[_SENDER_AMOUNT]);

        // Interactions
        amountOut = quote[_MAKER_AMOUNT];
        IERC20(tokenIn).forceApprove(swapContract, amountIn);
        ISwapERC20(swapContract)
            .swap(
                to,
                quote[_NONCE],
                quote[_EXPIRY],
                maker,
                tokenOut,
                amountOut,
                tokenIn,
                amountIn,
                uint8(quote[_V]),
                bytes32(quote[_R]),
                bytes32(quote[_S])
            );
        uint256 left = IERC20(tokenIn).allowance(address(this), swapContract);
        if (left != 0) revert AirSwapAdapter__NotTaken(amountIn, left);
    }
}
