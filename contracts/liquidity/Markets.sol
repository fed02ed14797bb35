// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {Details, HAS_ID} from "./Leg.sol";
import {MarketWord, MarketWordLib} from "./MarketWord.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title List of the markets and of their kinds
/// @notice All of the aggregator's storage, at the bottom: {ExactOutput}, which runs on it, has the same.
abstract contract Markets {
    using EnumerableSet for EnumerableSet.AddressSet;

    IVenueQuotes internal immutable _quotes;

    /// @dev Details of markets that are no contracts of their own.
    mapping(address market => Details) internal _details;
    mapping(address market => MarketWord) internal _listings;
    EnumerableSet.AddressSet internal _keys;

    constructor(IVenueQuotes quotes_) {
        _quotes = quotes_;
    }

    function _marketOf(address pool) internal view returns (ILiquidityAggregator.Market memory market) {
        MarketWord listing = _listings[pool];
        (market.kind, market.fee, market.target) = (listing.kind(), listing.fee(), pool);
        if (market.kind == ILiquidityAggregator.VenueKind.None) return market;
        if (market.kind <= ILiquidityAggregator.VenueKind.UniswapV3) {
            (market.token0, market.token1) = (IUniswapV2Pair(pool).token0(), IUniswapV2Pair(pool).token1());
        } else {
            Details storage details = _details[pool];
            (market.target, market.param, market.id) = (details.target, details.param & ~HAS_ID, details.id);
            (market.token0, market.token1) = (details.token0, details.token1);
        }
    }

    function _delist(address key) internal {
        if (!_keys.remove(key)) revert ILiquidityAggregator.LiquidityAggregator__PoolNotListed(key);
        _listings[key] = MarketWord.wrap(0);
        delete _details[key];
        emit ILiquidityAggregator.PoolDelisted(key);
    }

    function _list(
        address key,
        ILiquidityAggregator.VenueKind kind,
        uint24 fee,
        address token0,
        address token1
    )
        internal
    {
        _listings[key] = MarketWordLib.pack(kind, fee, token0, token1);
        // Listed again with another fee: it is there already.
        _keys.add(key);
        emit ILiquidityAggregator.PoolListed(key, kind, fee);
    }
}
