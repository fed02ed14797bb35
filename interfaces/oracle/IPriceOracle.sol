// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Prices of assets in USD
/// @notice Reads Chainlink `AggregatorV3Interface` feeds. A price is WAD: USD times 1e18 for one whole token. A price
/// that is stale, incomplete, not positive or outside its bounds reverts; nothing downstream ever sees it.
///
/// Order: the primary feed; if it is refused, the secondary, if there is one. Where both answer they have to agree
/// within the asset's maximum deviation, so a feed that jumps alone is refused. A guardian may freeze an asset:
/// trading, deposits and everything else that reads its price stop, and for seven days cash exits go on at the frozen
/// price less 5%, so that a holder who leaves on an old price pays the holders who stay. Exits in kind never read a
/// price.
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

    /// @param aggregator Chainlink-interface feed of the asset in USD; address zero if there is none.
    /// @param heartbeat Seconds after `updatedAt` at which an answer counts as stale.
    /// @param feedDecimals Decimals of the feed's answer, 0 to 36; read from the feed.
    /// @param maxDeviationBps Largest difference of both feeds, basis points of the primary's answer.
    struct Secondary {
        address aggregator;
        uint32 heartbeat;
        uint8 feedDecimals;
        uint16 maxDeviationBps;
    }

    /// @notice Times at which an asset may be traded. For everything else its price counts for a whole heartbeat: for
    /// NAV, deposits and exits. An asset without a window is not traded.
    /// @param maxAge Seconds after `updatedAt` at which an answer is too old to trade at, 1 to below the heartbeat.
    /// @param opens Minute of the UTC day, 0 to 1,439.
    /// @param closes Minute of the UTC day from which nobody trades, above `opens`, at most 1,440; 0 if it never
    /// closes.
    /// @param weekdays Days on which it opens: bit 0 is Monday, bit 6 is Sunday.
    struct TradingWindow {
        uint32 maxAge;
        uint16 opens;
        uint16 closes;
        uint8 weekdays;
    }

    event TradingWindowSet(address indexed asset, uint32 maxAge, uint16 opens, uint16 closes, uint8 weekdays);
    event SecondarySet(address indexed asset, address indexed aggregator, uint32 heartbeat, uint16 maxDeviationBps);
    event PriceFrozen(address indexed asset, uint256 price, uint256 updatedAt);
    event PriceUnfrozen(address indexed asset);
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
    error PriceOracle__InvalidDeviation(address asset, uint256 maxDeviationBps);
    error PriceOracle__NoSecondary(address asset);
    /// @dev Both feeds answer, and one of them is wrong.
    error PriceOracle__Deviation(address asset, uint256 primary, uint256 secondary, uint256 maxDeviationBps);
    error PriceOracle__Frozen(address asset, uint256 since);
    error PriceOracle__NotFrozen(address asset);
    /// @dev The last answer is too old to freeze, or the frozen price too old to leave at.
    error PriceOracle__FrozenTooOld(address asset, uint256 since, uint256 maxAge);
    error PriceOracle__SequencerDown(uint256 since);
    error PriceOracle__SequencerGracePeriod(uint256 upSince, uint256 gracePeriod);
    /// @dev An age for trading is above zero and below the heartbeat.
    error PriceOracle__InvalidMaxAge(address asset, uint256 maxAge, uint256 heartbeat);
    error PriceOracle__InvalidHours(address asset, uint256 opens, uint256 closes, uint256 weekdays);
    error PriceOracle__NoTradingWindow(address asset);
    error PriceOracle__TooOldToTrade(address asset, uint256 updatedAt, uint256 maxAge);
    error PriceOracle__MarketClosed(address asset, uint256 opens, uint256 closes, uint256 weekdays);
    error PriceOracle__LengthMismatch(uint256 assets, uint256 amounts);

    /// @notice Sets or replaces an asset's feed; reads decimals from both contracts. Role: ADMIN.
    /// @param minPrice WAD USD, above zero.
    /// @param maxPrice WAD USD, above minPrice.
    function setFeed(address asset, address aggregator, uint32 heartbeat, uint128 minPrice, uint128 maxPrice) external;

    /// @notice Sets or replaces an asset's second feed; it shares the bounds of the first. Role: ADMIN. At worst, after
    /// its delay: prices that are wrong inside their bounds.
    /// @param aggregator Address of the feed; address zero for none.
    /// @param maxDeviationBps 1 to 5,000.
    function setSecondary(address asset, address aggregator, uint32 heartbeat, uint16 maxDeviationBps) external;

    /// @notice Sets when an asset may be traded; a window of zeros ends its trading. Role: ADMIN. At worst, after its
    /// delay: trades at prices nearly as old as the heartbeat, or none.
    function setTradingWindow(address asset, TradingWindow calldata window) external;

    /// @notice Freezes an asset at its present price, or at the primary's last answer if that is inside its bounds and
    /// at most three days old. Role: GUARDIAN. At worst: no trading of portfolios that hold the asset, and cash exits
    /// at a price as old as that, less 5%.
    function freeze(address asset) external;

    /// @notice Ends the freeze of an asset. Role: ADMIN.
    function unfreeze(address asset) external;

    /// @notice Sets the L2 sequencer uptime feed; address zero on chains without one. Role: ADMIN.
    /// @param gracePeriod Seconds after the sequencer's return during which prices are still refused.
    function setSequencerFeed(address feed, uint32 gracePeriod) external;

    function feedOf(address asset) external view returns (Feed memory);
    function sequencerFeed() external view returns (address feed, uint32 gracePeriod);

    /// @return WAD USD for one whole token.
    function price(address asset) external view returns (uint256);

    /// @return WAD USD for one whole token of each asset, in the order given.
    function prices(address[] calldata assets) external view returns (uint256[] memory);

    /// @notice Returns the prices as {prices} does, for a caller that is about to trade some of the assets: it reverts
    /// as {requireTradable} does for these.
    /// @param traded Bit k stands for asset k.
    function tradingPrices(address[] calldata assets, uint256 traded) external view returns (uint256[] memory);

    /// @notice Returns the values of token amounts, rounded down.
    /// @param amounts Amounts in each asset's own smallest units.
    /// @return WAD USD, in the order given.
    function values(address[] calldata assets, uint256[] calldata amounts) external view returns (uint256[] memory);

    /// @notice Returns the prices at which holders may leave in cash: live ones, or frozen ones less 5% for seven days.
    /// @param assets Assets, of which the first is paid out; its price has to be live.
    /// @return WAD USD for one whole token of each asset, in the order given.
    function exitPrices(address[] calldata assets) external view returns (uint256[] memory);

    /// @notice Reverts if one of the assets may not be traded now: it has no trading window, its market is closed, the
    /// answer that its price comes from is too old, or there is no price.
    function requireTradable(address[] calldata assets) external view;

    function tradingWindowOf(address asset) external view returns (TradingWindow memory);

    /// @notice Returns the price of one feed, WAD USD, and Unix seconds of its answer, or reverts with the reason against
    /// it; the fallback calls these on itself.
    function primaryPrice(address asset) external view returns (uint256 wad, uint256 updatedAt);
    function secondaryPrice(address asset) external view returns (uint256 wad, uint256 updatedAt);

    function secondaryOf(address asset) external view returns (Secondary memory);

    /// @return price Frozen price, WAD USD; 0 if the asset is not frozen.
    /// @return since Unix seconds of the answer that was frozen.
    function frozenOf(address asset) external view returns (uint256 price, uint256 since);
}
