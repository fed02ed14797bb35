// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPairAdapter} from "interfaces/liquidity/adapters/IPairAdapter.sol";

/// @title One pool of Fluid DEX as a venue
/// @notice The adapter serves pools of two ERC-20 tokens. Its market has the id zero.
/// @dev A pool says what it would pay by reverting, after it has written: quotes are calls, not views. It answers
/// before it knows whether Fluid's liquidity layer, its utilisation limits and its price band of five percent let the
/// swap pass.
interface IFluidDexAdapter is IPairAdapter {
    /// @dev The pool was asked for a quote and did something else.
    error FluidDexAdapter__NoAnswer(address dex);
    /// @dev No input was found that pays this much.
    error FluidDexAdapter__NoInput(uint256 amountOut);

    /// @notice The pool.
    function dex() external view returns (address);
}
