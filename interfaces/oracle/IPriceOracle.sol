// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Prices of assets in USD
/// @notice Reads Chainlink `AggregatorV3Interface` feeds. A price is WAD: USD times 1e18 for one whole token. A price
/// that is stale, incomplete, not positive or outside its bounds reverts; nothing downstream ever sees it.
interface IPriceOracle {
    /// @param aggregator Chainlink-interface feed of the asset in USD.
    /// @param heartbeat Seconds after `updatedAt` at which an answer counts as stale.
    /// @param feedDecimals Decimals of the feed's answer, 0 to 36; read from the feed.
    /// @param tokenDecimals Decimals of the asset, 0 to 36; read from the asset.
    /// @param minPrice Lowest believable price, WAD USD.
    /// @param maxPrice Highest believable price, WAD USD.
    struct Feed {
        address aggregator;
        uint32 heartbeat;
        uint8 feedDecimals;
        uint8 tokenDecimals;
        uint128 minPrice;
        uint128 maxPrice;
    }

    event FeedSet(
        address indexed asset, address indexed aggregator, uint32 heartbeat, uint128 minPrice, uint128 maxPrice
    );
    event SequencerFeedSet(address indexed feed, uint32 gracePeriod);

    error PriceOracle__NoFeed(address asset);
    error PriceOracle__InvalidFeed(address asset, address aggregator);
    error PriceOracle__InvalidBounds(address asset, uint128 minPrice, uint128 maxPrice);
    error PriceOracle__ZeroHeartbeat(address asset);
    error PriceOracle__UnsupportedDecimals(address source, uint8 decimals);
    error PriceOracle__InvalidAnswer(address asset, int256 answer);
    error PriceOracle__IncompleteRound(address asset, uint80 roundId, uint80 answeredInRound);
    error PriceOracle__StalePrice(address asset, uint256 updatedAt, uint256 heartbeat);
    error PriceOracle__PriceOutOfBounds(address asset, uint256 price, uint256 minPrice, uint256 maxPrice);
    error PriceOracle__SequencerDown(uint256 since);
    error PriceOracle__SequencerGracePeriod(uint256 upSince, uint256 gracePeriod);
    error PriceOracle__LengthMismatch(uint256 assets, uint256 amounts);

    /// @notice Sets or replaces an asset's feed; reads decimals from both contracts. Role: ADMIN.
    /// @param minPrice WAD USD, above zero.
    /// @param maxPrice WAD USD, above minPrice.
    function setFeed(address asset, address aggregator, uint32 heartbeat, uint128 minPrice, uint128 maxPrice) external;

    /// @notice Sets the L2 sequencer uptime feed; address zero on chains without one. Role: ADMIN.
    /// @param gracePeriod Seconds after the sequencer's return during which prices are still refused.
    function setSequencerFeed(address feed, uint32 gracePeriod) external;

    function feedOf(address asset) external view returns (Feed memory);
    function sequencerFeed() external view returns (address feed, uint32 gracePeriod);

    /// @return WAD USD for one whole token.
    function price(address asset) external view returns (uint256);

    /// @return WAD USD for one whole token of each asset, in the order given.
    function prices(address[] calldata assets) external view returns (uint256[] memory);

    /// @notice Values of token amounts, rounded down.
    /// @param amounts In each asset's own smallest units.
    /// @return WAD USD, in the order given.
    function values(address[] calldata assets, uint256[] calldata amounts) external view returns (uint256[] memory);
}
