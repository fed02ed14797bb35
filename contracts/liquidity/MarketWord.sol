// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @dev Facts of a listed market, in one word that stays on the stack: from the lowest bit the venue's kind (8 bits),
/// its fee in hundredths of a basis point (24), and of each token the low 112 bits of its address. With these tags a
/// route is checked against the listing, not against a pool's answers at the time of use, and without another read.
type MarketWord is uint256;

using MarketWordLib for MarketWord global;

/// @title Reads and writes of {MarketWord}
library MarketWordLib {
    uint256 private constant _TAG_MASK = type(uint112).max;

    function pack(
        ILiquidityAggregator.VenueKind kind_,
        uint24 fee_,
        address token0,
        address token1
    )
        internal
        pure
        returns (MarketWord)
    {
        return MarketWord.wrap(uint256(kind_) | uint256(fee_) << 8 | _tag(token0) << 32 | _tag(token1) << 144);
    }

    function kind(MarketWord self) internal pure returns (ILiquidityAggregator.VenueKind) {
        return ILiquidityAggregator.VenueKind(uint8(MarketWord.unwrap(self)));
    }

    function isV2(MarketWord self) internal pure returns (bool) {
        return uint8(MarketWord.unwrap(self)) == uint8(ILiquidityAggregator.VenueKind.UniswapV2);
    }

    function isV3(MarketWord self) internal pure returns (bool) {
        return uint8(MarketWord.unwrap(self)) == uint8(ILiquidityAggregator.VenueKind.UniswapV3);
    }

    /// @dev Returns true if the hop pays the venue itself, from any place that holds its input: while the venue swaps,
    /// or just before.
    function paysItself(MarketWord self) internal pure returns (bool) {
        uint256 word = uint8(MarketWord.unwrap(self));
        return word == uint8(ILiquidityAggregator.VenueKind.UniswapV3)
            || word == uint8(ILiquidityAggregator.VenueKind.UniswapV4)
            || word >= uint8(ILiquidityAggregator.VenueKind.Adapter);
    }

    function fee(MarketWord self) internal pure returns (uint24) {
        return uint24(MarketWord.unwrap(self) >> 8);
    }

    /// @dev Returns true if the market was listed with these two tokens, in this order.
    function trades(MarketWord self, address token0, address token1) internal pure returns (bool) {
        return MarketWord.unwrap(self) >> 32 == (_tag(token0) | _tag(token1) << 112);
    }

    function _tag(address token) private pure returns (uint256) {
        return uint256(uint160(token)) & _TAG_MASK;
    }
}
