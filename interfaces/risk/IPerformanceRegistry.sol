// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Realised performance of portfolios
/// @notice Anyone may take one checkpoint per day of the share price and of a benchmark's. Nobody signs anything: the
/// results depend on prices alone, so they also measure what a lying covariance model would hide.
///
/// A return over t days counts as the daily return r / sqrt(t), so that variances per day are right whatever the gaps.
/// Mean, deviation and co-moments are Welford's (Technometrics 4, 1962), in fixed point; realised volatility is EWMA
/// with RiskMetrics' decay of 0.94. Returns beyond 1,000% count as that. There is no return to or from a checkpoint at
/// which all shares together are worth less than 1,000 settlement tokens: a gift of dust would be a return of any size.
interface IPerformanceRegistry {
    /// @param observations Daily returns seen.
    /// @param asOf Unix seconds of the last checkpoint; 0 before the first.
    /// @param realisedVolatility EWMA, daily, WAD.
    /// @param mean Mean of daily returns, WAD.
    /// @param deviation Standard deviation of daily returns, WAD.
    /// @param sharpe Mean over deviation times sqrt(365), no risk-free rate, WAD.
    /// @param beta Co-moment over the benchmark's second moment, WAD; 0 without a benchmark.
    /// @param pairs Daily returns seen of both, since the benchmark was set.
    struct Stats {
        uint256 observations;
        uint256 asOf;
        uint256 realisedVolatility;
        int256 mean;
        uint256 deviation;
        int256 sharpe;
        int256 beta;
        uint256 pairs;
    }

    /// @param sharePrice WAD; 0 if too little was in the portfolio.
    event Checkpointed(address indexed portfolio, uint256 sharePrice, int256 dailyReturn);
    event ObservationsReset(address indexed portfolio);
    event BenchmarkSet(address indexed portfolio, address indexed benchmark);

    error PerformanceRegistry__TooSoon(address portfolio, uint256 next);

    /// @notice Takes a checkpoint at the present share price, at least 20 hours after the last. Anyone may call it.
    function checkpoint(address portfolio) external;

    /// @notice Sets the benchmark, any key that the PriceOracle has a feed for; beta starts over. Role:
    /// MANAGER_DELAYED. At worst: a beta to something else.
    /// @param benchmark Address zero for none.
    function setBenchmark(address portfolio, address benchmark) external;

    /// @notice Forgets every return: ratios start over. Role: MANAGER_DELAYED. At worst: limits on ratios bind nothing
    /// for twenty days.
    function resetObservations(address portfolio) external;

    /// @return True if `checkpoint` may be called now.
    function due(address portfolio) external view returns (bool);

    function benchmarkOf(address portfolio) external view returns (address);

    /// @notice Returns the statistics. Ratios are 0 below 20 observations (pairs, for beta), which are too few for a
    /// statement.
    function statsOf(address portfolio) external view returns (Stats memory);
}
