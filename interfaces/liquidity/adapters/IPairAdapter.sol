// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";

/// @title An adapter of one market of two tokens
/// @notice Its market has the id zero.
interface IPairAdapter is IVenueAdapter {
    error PairAdapter__WrongTokens(address tokenIn, address tokenOut);
    /// @dev The venue did not take what it was approved for.
    error PairAdapter__NotTaken(uint256 given, uint256 left);
}
