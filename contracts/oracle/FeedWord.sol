// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Float20} from "../math/Float20.sol";

/// @dev The word holds what nearly every question about an asset's price needs, and stays on the stack. From the lowest
/// bit: the primary feed's address (160 bits), its heartbeat in seconds (32), its decimals (8), the token's decimals
/// (8), flags (3), the sure trading age in 32nds of the heartbeat (5), and two {Float20}: the highest price and above it
/// the lowest, rounded inwards.
type FeedWord is uint256;

using FeedWordLib for FeedWord global;

/// @title Reads and writes of {FeedWord}
library FeedWordLib {
    /// @dev Flags that tell whether further slots have to be read.
    uint256 internal constant HAS_SECONDARY = 1 << 208;
    uint256 internal constant FROZEN = 1 << 209;
    uint256 internal constant HAS_WINDOW = 1 << 210;

    uint256 private constant _FLAGS = 0x7 << 208;
    uint256 private constant _SURE_AGE = 211;
    uint256 private constant _SURE_AGE_MASK = 0x1f << _SURE_AGE;
    /// @dev Parts of the heartbeat that a sure trading age counts.
    uint256 private constant _PARTS = 32;
    uint256 private constant _HIGHEST = 216;
    uint256 private constant _LOWEST = 236;

    /// @notice Returns the word of a feed with the flags of `self` and no sure trading age.
    /// @param minPrice Lowest price that the feed may report, WAD USD.
    /// @param maxPrice Highest price that it may report, WAD USD.
    function withFeed(
        FeedWord self,
        address aggregator_,
        uint32 heartbeat_,
        uint8 feedDecimals_,
        uint8 tokenDecimals_,
        uint128 minPrice,
        uint128 maxPrice
    )
        internal
        pure
        returns (FeedWord)
    {
        uint256 feed = uint256(uint160(aggregator_)) | uint256(heartbeat_) << 160 | uint256(feedDecimals_) << 192
            | uint256(tokenDecimals_) << 200;
        uint256 bounds = Float20.packDown(maxPrice) << _HIGHEST | Float20.packUp(minPrice) << _LOWEST;
        return FeedWord.wrap(FeedWord.unwrap(self) & _FLAGS | feed | bounds);
    }

    /// @param flag One of the flags above.
    function with(FeedWord self, uint256 flag, bool on) internal pure returns (FeedWord) {
        uint256 word = FeedWord.unwrap(self) & ~flag;
        return FeedWord.wrap(on ? word | flag : word);
    }

    /// @notice Returns the word with the largest sure trading age that is at most `age`, below one heartbeat.
    /// @param age Seconds after its update in which an answer may be traded at; 0 if other slots decide.
    function withSureAge(FeedWord self, uint256 age) internal pure returns (FeedWord) {
        uint256 parts = FixedPointMathLib.min(age * _PARTS / self.heartbeat(), _PARTS - 1);
        return FeedWord.wrap(FeedWord.unwrap(self) & ~_SURE_AGE_MASK | parts << _SURE_AGE);
    }

    function has(FeedWord self, uint256 flag) internal pure returns (bool) {
        return FeedWord.unwrap(self) & flag != 0;
    }

    function aggregator(FeedWord self) internal pure returns (address) {
        return address(uint160(FeedWord.unwrap(self)));
    }

    function heartbeat(FeedWord self) internal pure returns (uint32) {
        return uint32(FeedWord.unwrap(self) >> 160);
    }

    function feedDecimals(FeedWord self) internal pure returns (uint8) {
        return uint8(FeedWord.unwrap(self) >> 192);
    }

    function tokenDecimals(FeedWord self) internal pure returns (uint8) {
        return uint8(FeedWord.unwrap(self) >> 200);
    }

    /// @return Seconds after its update in which an answer may surely be traded at, at any time of the week; 0 if only
    /// the trading window knows.
    function sureAge(FeedWord self) internal pure returns (uint256) {
        return uint256(self.heartbeat()) * ((FeedWord.unwrap(self) & _SURE_AGE_MASK) >> _SURE_AGE) / _PARTS;
    }

    /// @return True if the price is between the rounded bounds, so also between the exact ones.
    function surelyBounds(FeedWord self, uint256 price) internal pure returns (bool) {
        uint256 word = FeedWord.unwrap(self);
        return price >= Float20.unpack(word >> _LOWEST) && price <= Float20.unpack(word >> _HIGHEST);
    }
}
