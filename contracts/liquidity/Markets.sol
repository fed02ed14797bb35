// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {Details, HAS_ID} from "./Leg.sol";
import {Listing, ListingLib} from "./Listing.sol";
import {MarketCheck} from "./MarketCheck.sol";
import {VenueQuotes} from "./VenueQuotes.sol";
import {UniswapV4Hop} from "./venues/UniswapV4Hop.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IVenueQuotes} from "interfaces/liquidity/IVenueQuotes.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title Which markets are listed, and as what
abstract contract Markets is ILiquidityAggregator, UniswapV4Hop {
    using EnumerableSet for EnumerableSet.AddressSet;

    MarketCheck private immutable _check = new MarketCheck();
    /// @inheritdoc ILiquidityAggregator
    IVenueQuotes public immutable quotes = new VenueQuotes();

    mapping(address market => Listing) internal _listings;
    EnumerableSet.AddressSet private _keys;

    /// @inheritdoc ILiquidityAggregator
    function venueOf(address pool) external view returns (Venue memory) {
        Listing listing = _listings[pool];
        return Venue(listing.kind(), listing.fee());
    }

    /// @inheritdoc ILiquidityAggregator
    function marketOf(address pool) public view returns (Market memory market) {
        Listing listing = _listings[pool];
        (market.kind, market.fee, market.target) = (listing.kind(), listing.fee(), pool);
        if (market.kind == VenueKind.None) return market;
        if (market.kind <= VenueKind.UniswapV3) {
            (market.token0, market.token1) = (IUniswapV2Pair(pool).token0(), IUniswapV2Pair(pool).token1());
        } else {
            Details storage details = _details[pool];
            (market.target, market.param, market.id) = (details.target, details.param & ~HAS_ID, details.id);
            (market.token0, market.token1) = (details.token0, details.token1);
        }
    }

    /// @inheritdoc ILiquidityAggregator
    function markets() external view returns (address[] memory) {
        return _keys.values();
    }

    /// @inheritdoc ILiquidityAggregator
    function marketKey(Market calldata market) public pure returns (address) {
        if (market.kind <= VenueKind.UniswapV3) return market.target;
        return address(uint160(uint256(keccak256(abi.encode(market)))));
    }

    function _listPool(address pool, VenueKind kind, uint24 fee) internal {
        (address token0, address token1) = _check.poolTokens(pool, kind, fee);
        _add(pool, kind, fee, token0, token1);
    }

    function _listMarket(Market calldata market) internal returns (address key) {
        _check.requireMarket(market);
        key = marketKey(market);
        uint96 param = market.id == 0 ? market.param : market.param | HAS_ID;
        _details[key] = Details(market.target, param, market.id, market.token0, market.token1);
        _add(key, market.kind, market.fee, market.token0, market.token1);
    }

    function _delist(address key) internal {
        if (!_keys.remove(key)) revert LiquidityAggregator__PoolNotListed(key);
        _listings[key] = Listing.wrap(0);
        delete _details[key];
        emit PoolDelisted(key);
    }

    function _add(address key, VenueKind kind, uint24 fee, address token0, address token1) private {
        _listings[key] = ListingLib.pack(kind, fee, token0, token1);
        // Listed again with another fee: it is there already.
        // slither-disable-next-line unused-return
        _keys.add(key);
        emit PoolListed(key, kind, fee);
    }
}
