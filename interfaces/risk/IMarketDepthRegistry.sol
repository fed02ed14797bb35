// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignerSets} from "interfaces/access/ISignerSets.sol";

/// @title Time that assets take to sell
/// @notice A quorum signs how many dollars of an asset its market takes in a day; the listed pools that it names have
/// to hold at least as much on the other side, when it is posted and whenever it is read. Less in the pools is less
/// depth. A report counts alone once it has stood for `confirmationBlocks`; until then the lower of it and the one
/// before it counts, so that nobody posts, trades and takes liquidity back within a block. A pool of kind UniswapV2
/// holds the lower of its balance and its reserve.
interface IMarketDepthRegistry {
    /// @param universe Universe that names the signer set.
    /// @param nonce Number that is one above the last accepted one.
    /// @param asOf Unix seconds, not in the future.
    /// @param expiry Unix seconds from which it no longer counts.
    /// @param depth WAD USD per day.
    /// @param pools Listed pools of the asset in strictly ascending order, at most 8.
    struct DepthReport {
        bytes32 universe;
        address asset;
        uint64 nonce;
        uint40 asOf;
        uint40 expiry;
        uint128 depth;
        address[] pools;
    }

    event DepthPosted(bytes32 indexed universe, address indexed asset, uint64 nonce, uint128 depth, uint256 confirmed);

    error MarketDepthRegistry__InvalidTerms(uint256 participationBps, uint256 maxLifetime, uint256 confirmationBlocks);
    error MarketDepthRegistry__WrongNonce(uint64 nonce, uint64 expected);
    error MarketDepthRegistry__BadTimes(uint40 asOf, uint40 expiry, uint256 timestamp);
    error MarketDepthRegistry__TooManyPools(uint256 pools, uint256 max);
    error MarketDepthRegistry__UnorderedPools(address previous, address pool);
    error MarketDepthRegistry__PoolNotListed(address pool);
    error MarketDepthRegistry__PoolWithoutAsset(address pool, address asset);
    /// @dev The pools hold less than the signed depth.
    error MarketDepthRegistry__Unconfirmed(address asset, uint256 depth, uint256 confirmed);

    /// @notice Accepts a report signed by the universe's quorum; anyone may send it.
    function postDepth(DepthReport calldata report, ISignerSets.Signature[] calldata signatures) external;

    /// @return Blocks that a report has to stand before it counts alone.
    function confirmationBlocks() external view returns (uint256);

    /// @return EIP-712 digest that signers of this report sign.
    function hashDepth(DepthReport calldata report) external view returns (bytes32);

    /// @return WAD USD per day: the signed depth, or the depth that its pools hold now if that is less; 0 if none or
    /// expired. Until the last report has stood for `confirmationBlocks`, no more than the one before it says, in the
    /// same way.
    function depthOf(bytes32 universe, address asset) external view returns (uint256);

    /// @return asOf Unix seconds of the last report on an asset, 0 if there is none.
    /// @return expiry Unix seconds.
    /// @return nonce Nonce of the last report.
    function reportOf(bytes32 universe, address asset) external view returns (uint40 asOf, uint40 expiry, uint64 nonce);

    /// @notice Returns the days in which all of the slowest asset can be sold at the participation rate; 2^256 - 1 if
    /// an asset that is held has no depth. Asset 0 is cash and takes none.
    /// @param values WAD USD of each asset.
    /// @return WAD days.
    function daysToLiquidate(
        bytes32 universe,
        address[] calldata assets,
        uint256[] calldata values
    )
        external
        view
        returns (uint256);
}
