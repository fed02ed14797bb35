// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {AggregatorV3Interface} from "@chainlink/contracts/src/v0.8/shared/interfaces/AggregatorV3Interface.sol";

/// @title Price feed of an ERC-4626 share
/// @notice USD for one whole share, WAD: the asset's own feed times what the vault says a share converts to. Shaped
/// like a Chainlink feed, so that PriceOracle checks it like any other; round, times and completeness are the asset
/// feed's.
///
/// The rate may fall at once, but rises at most by `growthPerSecond` since the checkpoint, linearly: a rate that
/// somebody donates or lies upwards does not jump into a portfolio's NAV. `checkpoint` moves the base to the bounded
/// rate of now.
/// - Without checkpoints the bound is loose (it has grown since the last one); with a rate that grows faster than the
///   bound, shares are priced below what they convert to, and catch up later.
/// - Anyone who can push the vault's rate down for one transaction may checkpoint it there, once per `interval`; the
///   price then climbs back at the bound. A vault whose rate can be pushed down (one that answers while it moves money)
///   has no place here; the YieldOptimizer refuses to answer then.
///
/// The asset feed has to be trusted; the vault's word is believed downwards, and upwards inside the bound. Nobody
/// governs it.
interface IVaultFeed is AggregatorV3Interface {
    event Checkpointed(uint256 rate, uint256 timestamp);

    error VaultFeed__NoRate(address vault);
    error VaultFeed__InvalidBound(uint256 growthPerSecond, uint256 interval);
    error VaultFeed__TooSoon(uint256 nextAt, uint256 timestamp);
    /// @dev Only the latest round can be priced: past rates are not kept.
    error VaultFeed__NoHistory(uint80 roundId);

    /// @notice Makes the bounded rate of now the base. Anyone may call it, once per `interval`.
    function checkpoint() external;

    /// @return Whole assets for one whole share now, WAD, at most the bound.
    function rate() external view returns (uint256);

    /// @return Whole assets for one whole share now, WAD, as the vault says, without a bound.
    function liveRate() external view returns (uint256);

    /// @return base Rate at the checkpoint, WAD.
    /// @return timestamp Unix seconds of the checkpoint.
    function lastCheckpoint() external view returns (uint256 base, uint256 timestamp);

    function vault() external view returns (address);
    function assetFeed() external view returns (address);

    /// @return Part of the base by which the rate may rise per second, WAD.
    function growthPerSecond() external view returns (uint256);

    /// @return Minimum number of seconds between two checkpoints.
    function interval() external view returns (uint256);
}
