// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {SafeCallToken} from "../calls/SafeCallToken.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IMarketDepthRegistry} from "interfaces/risk/IMarketDepthRegistry.sol";

/// @title Time that assets take to sell
/// @notice See {IMarketDepthRegistry}.
contract MarketDepthRegistry is IMarketDepthRegistry, AccessManagedUpgradeable, UUPSUpgradeable, EIP712 {
    /// @param postedAt Block in which the report came.
    struct Posted {
        uint40 asOf;
        uint40 expiry;
        uint40 postedAt;
        uint128 depth;
        address[] pools;
    }

    /// @param nonce The nonce of `last`.
    /// @param before The last report before `last` that had stood for `confirmationBlocks`.
    struct Depth {
        uint64 nonce;
        Posted last;
        Posted before;
    }

    /// @dev Prices that were asked for already; in memory.
    /// @param prices WAD USD of `_UNITS` smallest units; 0 where there is none.
    struct Prices {
        uint256 count;
        address[] tokens;
        uint256[] prices;
    }

    /// @custom:storage-location erc7201:quantera.storage.MarketDepthRegistry
    struct Storage {
        mapping(bytes32 universe => mapping(address asset => Depth)) depths;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.MarketDepthRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xad7df48592f14c2f6d8a91e3d2d32c80db1847309afba2bcc16b7642ba172700;

    bytes32 private constant _DEPTH_TYPEHASH = keccak256(
        "DepthReport(bytes32 universe,address asset,uint64 nonce,uint40 asOf,uint40 expiry,uint128 depth,address[] pools)"
    );
    uint256 private constant _WAD = 1e18;
    uint256 private constant _WHOLE_BPS = 10_000;
    uint256 private constant _MAX_POOLS = 8;
    uint256 private constant _UNITS = 1e36;

    /// @notice The quorums that sign depths.
    ISignerSets public immutable signerSets;
    /// @notice The aggregator, which knows the listed pools.
    ILiquidityAggregator public immutable aggregator;
    /// @notice The oracle, which prices the pools' holdings.
    IPriceOracle public immutable oracle;
    /// @notice Part of a day's depth that a seller may take, basis points.
    uint256 public immutable participationBps;
    /// @notice Maximum number of seconds between a report's `asOf` and its `expiry`.
    uint256 public immutable maxLifetime;
    /// @inheritdoc IMarketDepthRegistry
    uint256 public immutable confirmationBlocks;

    constructor(
        ISignerSets signerSets_,
        ILiquidityAggregator aggregator_,
        IPriceOracle oracle_,
        uint256 participationBps_,
        uint256 maxLifetime_,
        uint256 confirmationBlocks_
    )
        EIP712("Quantera MarketDepthRegistry", "1")
    {
        if (participationBps_ == 0 || participationBps_ > _WHOLE_BPS || maxLifetime_ == 0 || confirmationBlocks_ == 0) {
            revert MarketDepthRegistry__InvalidTerms(participationBps_, maxLifetime_, confirmationBlocks_);
        }
        (signerSets, aggregator, oracle) = (signerSets_, aggregator_, oracle_);
        (participationBps, maxLifetime, confirmationBlocks) = (participationBps_, maxLifetime_, confirmationBlocks_);
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IMarketDepthRegistry
    function postDepth(DepthReport calldata report, ISignerSets.Signature[] calldata signatures) external {
        // Checks
        Depth storage d = _storage().depths[report.universe][report.asset];
        if (report.nonce != d.nonce + 1) revert MarketDepthRegistry__WrongNonce(report.nonce, d.nonce + 1);
        if (
            report.asOf > block.timestamp || report.expiry <= block.timestamp
                || report.expiry - report.asOf > maxLifetime
        ) revert MarketDepthRegistry__BadTimes(report.asOf, report.expiry, block.timestamp);
        _requirePools(report.asset, report.pools);
        signerSets.requireQuorum(report.universe, hashDepth(report), signatures);
        uint256 confirmed = _confirmed(report.asset, report.pools, _none(_MAX_POOLS));
        if (confirmed < report.depth) revert MarketDepthRegistry__Unconfirmed(report.asset, report.depth, confirmed);

        // Effects
        // A report that was replaced too soon confirms nothing: what stood before it stays.
        if (_stood(d.last)) d.before = d.last;
        d.nonce = report.nonce;
        d.last = Posted(report.asOf, report.expiry, uint40(block.number), report.depth, report.pools);
        emit DepthPosted(report.universe, report.asset, report.nonce, report.depth, confirmed);
    }

    /// @inheritdoc IMarketDepthRegistry
    function hashDepth(DepthReport calldata report) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    _DEPTH_TYPEHASH,
                    report.universe,
                    report.asset,
                    report.nonce,
                    report.asOf,
                    report.expiry,
                    report.depth,
                    keccak256(abi.encodePacked(report.pools))
                )
            )
        );
    }

    /// @inheritdoc IMarketDepthRegistry
    function depthOf(bytes32 universe, address asset) external view returns (uint256) {
        return _depthOf(universe, asset, _none(_MAX_POOLS));
    }

    /// @inheritdoc IMarketDepthRegistry
    function reportOf(bytes32 universe, address asset)
        external
        view
        returns (uint40 asOf, uint40 expiry, uint64 nonce)
    {
        Depth storage d = _storage().depths[universe][asset];
        return (d.last.asOf, d.last.expiry, d.nonce);
    }

    /// @inheritdoc IMarketDepthRegistry
    function daysToLiquidate(
        bytes32 universe,
        address[] calldata assets,
        uint256[] calldata values
    )
        external
        view
        returns (uint256 slowest)
    {
        Prices memory known = _none(assets.length * _MAX_POOLS);
        for (uint256 k = 1; k < assets.length; ++k) {
            if (values[k] == 0) continue;
            uint256 depth = _depthOf(universe, assets[k], known) * participationBps / _WHOLE_BPS;
            if (depth == 0) return type(uint256).max;
            slowest = FixedPointMathLib.max(slowest, FixedPointMathLib.fullMulDivUp(values[k], _WAD, depth));
        }
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _requirePools(address asset, address[] calldata pools) private view {
        if (pools.length > _MAX_POOLS) revert MarketDepthRegistry__TooManyPools(pools.length, _MAX_POOLS);
        address previous;
        for (uint256 i; i < pools.length; ++i) {
            address pool = pools[i];
            if (pool <= previous) revert MarketDepthRegistry__UnorderedPools(previous, pool);
            if (_kindOf(pool) == ILiquidityAggregator.VenueKind.None) revert MarketDepthRegistry__PoolNotListed(pool);
            (address other,) = _counterpart(pool, asset);
            if (other == address(0)) revert MarketDepthRegistry__PoolWithoutAsset(pool, asset);
            previous = pool;
        }
    }

    function _depthOf(bytes32 universe, address asset, Prices memory known) private view returns (uint256) {
        Depth storage d = _storage().depths[universe][asset];
        uint256 depth = _read(d.last, asset, known);
        return _stood(d.last) ? depth : FixedPointMathLib.min(depth, _read(d.before, asset, known));
    }

    /// @dev Returns the lower of a report and the present holdings of its pools.
    function _read(Posted storage posted, address asset, Prices memory known) private view returns (uint256) {
        (uint256 expiry, uint256 depth) = (posted.expiry, posted.depth);
        if (block.timestamp >= expiry) return 0;
        return FixedPointMathLib.min(depth, _confirmed(asset, posted.pools, known));
    }

    function _stood(Posted storage posted) private view returns (bool) {
        return block.number >= posted.postedAt + confirmationBlocks;
    }

    /// @return total WAD USD that the pools that are still listed hold on the other side. A token without a price, or
    /// one that does not answer, counts nothing.
    function _confirmed(
        address asset,
        address[] memory pools,
        Prices memory known
    )
        private
        view
        returns (uint256 total)
    {
        for (uint256 i; i < pools.length; ++i) {
            ILiquidityAggregator.VenueKind kind = _kindOf(pools[i]);
            if (kind == ILiquidityAggregator.VenueKind.None) continue;
            (address other, uint256 held) = _held(pools[i], kind, asset);
            total += _value(held, _priceOf(other, known));
        }
    }

    /// @dev Returns the value of a balance, WAD USD, capped at the maximum of a depth, so that a token that lies about
    /// balances overflows nothing.
    function _value(uint256 held, uint256 price) private pure returns (uint256) {
        if (price == 0) return 0;
        uint256 most = FixedPointMathLib.fullMulDiv(type(uint128).max, _UNITS, price);
        return held < most ? FixedPointMathLib.fullMulDiv(held, price, _UNITS) : type(uint128).max;
    }

    /// @dev Asks the oracle once per token, because most pools have the same token on the other side.
    function _priceOf(address token, Prices memory known) private view returns (uint256 price) {
        for (uint256 k; k < known.count; ++k) {
            if (known.tokens[k] == token) return known.prices[k];
        }
        address[] memory one = new address[](1);
        uint256[] memory units = new uint256[](1);
        (one[0], units[0]) = (token, _UNITS);
        try oracle.values(one, units) returns (uint256[] memory wads) {
            price = wads[0];
        } catch {}
        (known.tokens[known.count], known.prices[known.count]) = (token, price);
        ++known.count;
    }

    /// @param capacity Maximum number of tokens that are asked for.
    function _none(uint256 capacity) private pure returns (Prices memory) {
        return Prices(0, new address[](capacity), new uint256[](capacity));
    }

    function _kindOf(address pool) private view returns (ILiquidityAggregator.VenueKind) {
        return aggregator.venueOf(pool).kind;
    }

    /// @dev A V2 pair counts the lower of its balance and its reserve: tokens that are sent to it and skimmed again
    /// move the one, those that a flash swap takes for its call the other.
    /// @return other The pool's other token; address zero if the asset is none of them.
    /// @return held Smallest units of it that the pool has; 0 if the pool does not say.
    function _held(
        address pool,
        ILiquidityAggregator.VenueKind kind,
        address asset
    )
        private
        view
        returns (address other, uint256 held)
    {
        bool first;
        (other, first) = _counterpart(pool, asset);
        (, held) = SafeCallToken.balanceOf(other, pool);
        if (kind != ILiquidityAggregator.VenueKind.UniswapV2) return (other, held);
        (uint256 reserve0, uint256 reserve1,) = IUniswapV2Pair(pool).getReserves();
        held = FixedPointMathLib.min(held, first ? reserve0 : reserve1);
    }

    /// @return other The pool's other token; address zero if the asset is none of them. V2 and V3 name both alike.
    /// @return first True if the asset is token 0.
    function _counterpart(address pool, address asset) private view returns (address other, bool first) {
        (address token0, address token1) = (IUniswapV2Pair(pool).token0(), IUniswapV2Pair(pool).token1());
        if (token0 == asset) return (token1, false);
        return token1 == asset ? (token0, true) : (address(0), false);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
