// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketWord} from "./MarketWord.sol";

/// @dev One hop of a path, together with its listing.
/// @param limit Maximum that the hop of an exact-output order may take in, smallest units; zero is no limit.
struct Leg {
    address market;
    MarketWord listing;
    bool zeroForOne;
    address tokenIn;
    address tokenOut;
    uint256 limit;
}

/// @dev Bits of a hop of a route, beside the market's address; see ILiquidityAggregator.swapRoute.
uint256 constant ZERO_FOR_ONE = 1 << 160;
uint256 constant LAST_HOP = 1 << 161;
/// @dev The bit of a hop from which eight bits say how many words of a signed quote follow.
uint256 constant QUOTE_WORDS = 168;
/// @dev Bit of the payer's word: the payer is not an account but a Uniswap V2 pair, which has already been paid for its
/// output. ZERO_FOR_ONE means the same as in a hop.
uint256 constant PAID_BY_PAIR = 1 << 162;
/// @dev Bit of the payer's word: the payer is an account that pays when it is asked to; see IPaymentCallback.
uint256 constant BY_CALLBACK = 1 << 163;

/// @dev Bit of the param of {Details}: it is set if there is an id.
uint96 constant HAS_ID = 1 << 95;

/// @dev The details of a market of a venue other than Uniswap V2 and V3; see ILiquidityAggregator.Market.
struct Details {
    address target;
    uint96 param;
    bytes32 id;
    address token0;
    address token1;
}
