// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Risk numbers, limits and states of portfolios
/// @notice Computes every risk number that binds from live prices and the posted covariance model (I7) and says whether
/// a rebalance may stand (I3). docs/risk.md has each formula with its source, units and domain.
///
/// Volatility of a portfolio is sqrt(w' S w), S the daily covariance of simple returns, w the weights of risky assets
/// in NAV; parametric VaR is a tail multiplier times volatility (J.P. Morgan/Reuters, RiskMetrics Technical Document,
/// 4th ed. 1996, section 1.2). Cash in the settlement token carries no variance and no concentration.
///
/// A limit is the tighter of the portfolio's own and the protocol's. States only ever get stricter without a recovery:
/// - Warning: some metric is above 96% of its limit, or the risk report has lapsed. Trading ends below 96% of each
///   limit.
/// - DeRiskOnly: some limit is breached, or the report has lapsed for long. As Warning, and VaR may not rise.
/// - Halted: no trading, no deposits, exits in kind only.
interface IRiskEngine {
    enum State {
        Normal,
        Warning,
        DeRiskOnly,
        Halted
    }

    /// @dev Metrics up to Liquidity are in the order in which limits are compared.
    enum Metric {
        Var99,
        Weight,
        Drawdown,
        Var95,
        Es975,
        Volatility,
        Component,
        Herfindahl,
        Leverage,
        RealisedVolatility,
        Beta,
        Liquidity,
        Grade,
        Sharpe
    }

    /// @notice Basis points of NAV unless it says otherwise. The first four are 1 to 10,000; the others are off at
    /// their type's extreme: 65,535, 255, -32,768.
    /// @param maxVar99Bps One-day 99% VaR.
    /// @param maxWeightBps Weight of any one risky asset.
    /// @param maxDrawdownBps Fall of the share price from its high-water mark that allows de-risking only.
    /// @param haltDrawdownBps Fall that stops trading; at least maxDrawdownBps.
    /// @param maxVar95Bps One-day 95% VaR.
    /// @param maxEs975Bps One-day 97.5% expected shortfall.
    /// @param maxVolatilityBps Daily volatility under the model.
    /// @param maxComponentBps Component VaR99 of any one asset.
    /// @param maxHerfindahlBps Sum of squared weights of risky assets, 10,000 = 1.
    /// @param maxLeverageBps Risky assets over NAV.
    /// @param maxRealisedVolatilityBps Daily volatility of the share price as checkpoints saw it.
    /// @param maxBetaBps Absolute beta to the benchmark, 10,000 = 1.
    /// @param maxLiquidationTenths Tenths of a day to sell the least liquid asset.
    /// @param worstGrade 0 (AAA) to 6 (D).
    /// @param minSharpeBps Annual Sharpe ratio, 10,000 = 1. It binds from 20 observations on, unless the share
    /// price never moved: a fund in cash has no ratio.
    struct Limits {
        uint16 maxVar99Bps;
        uint16 maxWeightBps;
        uint16 maxDrawdownBps;
        uint16 haltDrawdownBps;
        uint16 maxVar95Bps;
        uint16 maxEs975Bps;
        uint16 maxVolatilityBps;
        uint16 maxComponentBps;
        uint16 maxHerfindahlBps;
        uint16 maxLeverageBps;
        uint16 maxRealisedVolatilityBps;
        uint16 maxBetaBps;
        uint16 maxLiquidationTenths;
        uint8 worstGrade;
        int16 minSharpeBps;
    }

    /// @notice Risk numbers of a portfolio, WAD unless a field says otherwise.
    /// @param nav NAV, USD.
    /// @param volatility Daily volatility under the model, of NAV.
    /// @param var95 One-day 95% VaR, of NAV.
    /// @param var99 One-day 99% VaR, of NAV.
    /// @param maxWeight Largest weight of one risky asset, of NAV.
    /// @param sharePrice Settlement tokens per share.
    /// @param highWaterMark Settlement tokens per share.
    /// @param drawdown Fall of the share price, of the high-water mark.
    /// @param es975 One-day 97.5% expected shortfall, of NAV.
    /// @param maxComponent Largest component VaR99, of NAV.
    /// @param herfindahl Sum of squared weights of risky assets.
    /// @param leverage Risky assets over NAV.
    /// @param realisedVolatility Daily volatility of the share price, EWMA over checkpoints; 0 while `observations` are
    /// too few.
    /// @param daysToLiquidate Days to sell the least liquid asset at the participation rate; 2^256 - 1 where depth is
    /// unknown.
    /// @param sharpe Annual Sharpe ratio over all checkpoints; 0 while `observations` are too few or all alike.
    /// @param beta Beta to the benchmark; 0 without one, or while `observations` are too few.
    /// @param observations Number of checkpoints, a plain number.
    /// @param grade Grade from 0 (AAA) to 6 (D), a plain number.
    struct Metrics {
        uint256 nav;
        uint256 volatility;
        uint256 var95;
        uint256 var99;
        uint256 maxWeight;
        uint256 sharePrice;
        uint256 highWaterMark;
        uint256 drawdown;
        uint256 es975;
        uint256 maxComponent;
        uint256 herfindahl;
        uint256 leverage;
        uint256 realisedVolatility;
        uint256 daysToLiquidate;
        int256 sharpe;
        int256 beta;
        uint256 observations;
        uint256 grade;
    }

    event PortfolioRegistered(address indexed portfolio, bytes32 indexed universe, Limits limits);
    event LimitsChanged(address indexed portfolio, Limits limits);
    event FloorsChanged(Limits floors);
    event StateChanged(address indexed portfolio, State from, State to, bool byGuardian);
    /// @param confirmableFrom Block from which a second look may trip.
    event BreachSighted(address indexed portfolio, State due, uint256 confirmableFrom);
    /// @notice A second look found nothing outside: the sighting is forgotten.
    event BreachGone(address indexed portfolio);
    event RecoveryStarted(address indexed portfolio, uint256 until);
    event RecoveryInterrupted(address indexed portfolio);
    event HighWaterMarkRaised(address indexed portfolio, uint256 highWaterMark);
    event HighWaterMarkReset(address indexed portfolio, uint256 highWaterMark);
    event ReportNoted(address indexed portfolio, uint40 expiry);

    error RiskEngine__NotRegistered(address portfolio);
    error RiskEngine__AlreadyRegistered(address portfolio);
    error RiskEngine__InvalidLimits(Limits limits);
    error RiskEngine__NotTighter(Limits current, Limits proposed);
    error RiskEngine__LimitBreached(Metric metric, address asset, uint256 before, uint256 afterwards, uint256 limit);
    /// @dev While the state is de-risk only, a rebalance may not raise VaR even inside the limit.
    error RiskEngine__OnlyDeRisking(uint256 varBefore, uint256 varAfter);
    error RiskEngine__TradingHalted(address portfolio);
    /// @dev The state already covers every breach, so there is nothing to trip.
    error RiskEngine__NothingToTrip(address portfolio, State state);
    /// @dev The breach was sighted less than `confirmationBlocks` ago.
    error RiskEngine__TooSoon(address portfolio, uint256 confirmableFrom);
    error RiskEngine__StillOutside(Metric metric, uint256 value, uint256 limit);
    error RiskEngine__LengthMismatch(uint256 values, uint256 assets);
    error RiskEngine__CoolingDown(uint256 until);
    /// @dev The state was set by the guardian, or is a halt: only `reopen` ends it.
    error RiskEngine__NeedsReopening(address portfolio, State state);
    error RiskEngine__WrongState(address portfolio, State state);

    // -- Portfolios --------------------------------------------------------------------------------------------------

    /// @notice Registers a new portfolio. Role: FACTORY. At worst: a portfolio without use.
    function registerPortfolio(address portfolio, bytes32 universe, Limits calldata limits) external;

    /// @notice Reads the caller's asset list again; portfolios call it when the list changes.
    function syncAssets() external;

    /// @notice Tightens limits at once; none may loosen. Role: MANAGER. At worst: a portfolio that trades too little.
    function tightenLimits(address portfolio, Limits calldata limits) external;

    /// @notice Sets limits. Role: MANAGER_DELAYED. At worst, after its delay: limits as loose as the protocol's own.
    function setLimits(address portfolio, Limits calldata limits) external;

    /// @notice Tightens the limits that hold for every portfolio, at once; none may loosen. Role: GUARDIAN. At worst:
    /// no portfolio trades but to shed risk.
    function tightenFloors(Limits calldata floors) external;

    /// @notice Sets the limits that hold for every portfolio. Role: ADMIN. At worst, after its delay: portfolios are
    /// bound by their own limits alone.
    function setFloors(Limits calldata floors) external;

    /// @notice Sets the high-water mark to the present share price, forgiving the drawdown. Role: MANAGER_DELAYED. At
    /// worst: one more drawdown as large as the limit.
    function resetHighWaterMark(address portfolio) external;

    /// @notice A portfolio calls this when its trades are done: reverts unless I3 holds.
    /// @dev Every metric that trades can mend (VaR, shortfall, volatility, components, weights, concentration,
    /// leverage, liquidity) has to be inside its limit afterwards, or it was outside before and is strictly closer now.
    /// De-risk only: VaR may also not rise. Halted: nothing passes. Metrics that trades cannot mend (drawdown, realised
    /// volatility, beta, Sharpe, grade) act through the state. The call raises the high-water mark.
    /// @param valuesBefore WAD USD of each asset in the order of the portfolio's `assets()`.
    /// @param valuesAfter WAD USD of each asset after the trades, at the same prices and in the same order.
    /// @param sharePrice WAD settlement tokens per share, after the trades.
    function checkRebalance(
        uint256[] calldata valuesBefore,
        uint256[] calldata valuesAfter,
        uint256 sharePrice
    )
        external;

    // -- Breaker -----------------------------------------------------------------------------------------------------

    /// @notice Raises the high-water mark if the share price is above it, and takes the day's performance checkpoint if
    /// it is due. Anyone may call it.
    function checkpoint(address portfolio) external;

    /// @notice Sets the state that the chain's own metrics call for: warning, de-risk only, or halted if the drawdown
    /// is beyond its second limit. Interrupts a recovery if a metric is outside again. A drawdown needs no live model.
    /// An account with role KEEPER acts at once. At worst: de-risk only, by a market that was pushed for a block.
    /// @dev Any other account looks twice: the first call notes what it finds, a second one, `confirmationBlocks`
    /// later, trips by what both found. A call in between that finds nothing outside forgets the sighting, and anyone
    /// may make it: so nobody moves a state with a condition that lasts for a block. Reverts if nothing is to be done.
    function trip(address portfolio) external;

    /// @notice The first call, when every metric is below 96% of its limit, starts the cooling time; one after its end,
    /// when that is still so, brings the portfolio back to normal. Anyone may call it.
    function recover(address portfolio) external;

    /// @notice Allows de-risking only, until the portfolio is reopened. Role: GUARDIAN. At worst: a portfolio that can
    /// only sell.
    function deRisk(address portfolio) external;

    /// @notice Stops trading and deposits until the portfolio is reopened; exits are in kind only. Role: GUARDIAN. At
    /// worst: a portfolio that can neither trade nor take deposits.
    function shutdown(address portfolio) external;

    /// @notice Brings the portfolio back to normal. Role: ADMIN. At worst: trading inside the limits after a halt.
    function reopen(address portfolio) external;

    /// @notice Stores the time until which the portfolio's risk report counts. Role: RISK_REPORTS, held by that
    /// contract alone.
    function noteReport(address portfolio, uint40 expiry) external;

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @return The stricter of the state that was tripped or set and the one that the age of the risk report calls for.
    function stateOf(address portfolio) external view returns (State);

    /// @return held True if only `reopen` ends the state.
    /// @return insideSince Unix seconds of the start of the recovery; 0 if none has begun.
    /// @return reportExpiry Unix seconds until which the last report counts; 0 before the first, when none is asked
    /// for.
    function breakerOf(address portfolio) external view returns (bool held, uint40 insideSince, uint40 reportExpiry);

    /// @return The tighter of the portfolio's own and the protocol's.
    function limitsOf(address portfolio) external view returns (Limits memory);

    /// @return Limits that hold for every portfolio.
    function floors() external view returns (Limits memory);

    function universeOf(address portfolio) external view returns (bytes32);

    /// @notice Returns the metrics at live prices; reverts if a price or the model is stale.
    function metrics(address portfolio) external view returns (Metrics memory);

    /// @notice Returns each asset's part of VaR99, w_i dVaR/dw_i, in the order of the portfolio's `assets()`; WAD of
    /// NAV. The parts sum to `metrics().var99` exactly, because the largest takes the rest of the rounding. A part is
    /// negative where an asset hedges.
    function componentVar(address portfolio) external view returns (int256[] memory);

    /// @notice Returns the volatility of given values under the portfolio's model.
    /// @param values WAD USD of each asset in the order of the portfolio's `assets()`.
    /// @return Daily volatility, WAD of NAV.
    function volatility(address portfolio, uint256[] calldata values) external view returns (uint256);
}
