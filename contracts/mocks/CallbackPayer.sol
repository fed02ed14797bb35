// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPaymentCallback} from "interfaces/liquidity/IPaymentCallback.sol";

/// @title Swaps its caller's tokens and pays when it is asked to, as a portfolio does
contract CallbackPayer is IPaymentCallback {
    using SafeERC20 for IERC20;

    ILiquidityAggregator private immutable _aggregator;
    address private transient _payer;

    constructor(ILiquidityAggregator aggregator) {
        _aggregator = aggregator;
    }

    /// @notice Swaps for the caller, which has approved this contract; the output is sent on to it.
    function swap(address tokenIn, address tokenOut, uint256[] calldata route) external {
        _payer = msg.sender;
        _aggregator.swapWithCallback(tokenIn, tokenOut, route);
        IERC20(tokenOut).safeTransfer(msg.sender, IERC20(tokenOut).balanceOf(address(this)));
    }

    /// @inheritdoc IPaymentCallback
    function payDue(address token, address to, uint256 amount) external {
        require(msg.sender == address(_aggregator), "only the aggregator asks");
        IERC20(token).safeTransferFrom(_payer, to, amount);
    }
}
