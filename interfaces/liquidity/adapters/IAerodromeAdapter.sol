// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPairAdapter} from "interfaces/liquidity/adapters/IPairAdapter.sol";

/// @title One pool of Aerodrome or Velodrome V2 as a venue
/// @notice The adapter serves volatile and stable pools. Its market has the id zero.
/// @dev The fee is the factory's of the moment and may change between a quote and its order, whose minimum bounds that.
/// The input that `quoteIn` asks for is the minimum in a volatile pool; in a stable one it may be a little more,
/// because the pool can only be asked for an exact input.
interface IAerodromeAdapter is IPairAdapter {
    /// @dev The factory's pauser has stopped all swaps.
    error AerodromeAdapter__Paused(address factory);
    /// @dev The pool holds no more than the order wants.
    error AerodromeAdapter__Drained(address tokenOut, uint256 wanted, uint256 held);
    /// @dev The fee takes the whole input.
    error AerodromeAdapter__FeeTakesAll(uint256 feeBps);
    /// @dev No input was found that pays this much.
    error AerodromeAdapter__NoInput(uint256 amountOut);

    /// @notice The pool.
    function pool() external view returns (address);
}
