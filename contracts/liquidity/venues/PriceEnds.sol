// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Ends of the range of prices that pools of Uniswap V3 and V4 know, one inside (TickMath)
/// @notice A swap goes as far as its amount does: the limits on price are the order's, on its output.
library PriceEnds {
    uint160 internal constant LOWEST = 4295128739 + 1;
    uint160 internal constant HIGHEST = 1461446703485210103287273052203988822378723970342 - 1;
}
