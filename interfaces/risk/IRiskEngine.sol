// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignerSets} from "interfaces/access/ISignerSets.sol";

/// @title What a portfolio may risk
/// @notice Holds one covariance model a universe of assets, posted by a quorum of signers, and computes every risk number
/// that binds from that model and live prices (I7). Portfolios ask it before a rebalance stands (I3).
///
/// Volatility of a portfolio is sqrt(w' S w), S the daily covariance of simple returns, w the weights of risky assets in
/// NAV; parametric VaR is z times volatility (J.P. Morgan/Reuters, RiskMetrics Technical Document, 4th ed. 1996, section 1.2).
/// Cash in the settlement token carries no variance and no concentration.
interface IRiskEngine {
    enum State {
        Normal,
        DeRiskOnly,
        Halted
    }

    enum Metric {
        Var99,
        Weight,
        Drawdown
    }

    /// @notice Basis points of NAV, each 1 to 10,000.
    /// @param maxVar99Bps One-day 99% parametric VaR.
    /// @param maxWeightBps Weight of any one risky asset.
    /// @param maxDrawdownBps Fall of the share price from its high-water mark that allows de-risking only.
    /// @param haltDrawdownBps Fall that stops trading; at least maxDrawdownBps.
    struct Limits {
        uint16 maxVar99Bps;
        uint16 maxWeightBps;
        uint16 maxDrawdownBps;
        uint16 haltDrawdownBps;
    }

    /// @notice What signers sign.
    /// @param universe The universe's id, which also names its signer set.
    /// @param nonce One more than the last accepted model's.
    /// @param asOf Unix seconds of the last price used; newer than the last accepted model's, not in the future.
    /// @param expiry Unix seconds from which the model no longer counts.
    /// @param covariance Daily covariances, 1e18 = 1, upper triangle by rows (00, 01, .., 0n, 11, ..), n(n+1)/2 entries
    /// for the n assets of the universe. int64: |entry| < 9.22, which is a daily volatility of 303%.
    struct CovarianceModel {
        bytes32 universe;
        uint64 nonce;
        uint40 asOf;
        uint40 expiry;
        int64[] covariance;
    }

    /// @param pointer SSTORE2 pointer of the packed entries; zero before the first model.
    /// @param size Number of assets.
    struct ModelInfo {
        address pointer;
        uint40 asOf;
        uint40 expiry;
        uint8 size;
        uint64 nonce;
    }

    /// @notice All WAD.
    /// @param nav USD.
    /// @param volatility Daily, of NAV.
    /// @param var95 One day, of NAV.
    /// @param var99 One day, of NAV.
    /// @param maxWeight Of NAV.
    /// @param sharePrice Settlement tokens a share.
    /// @param drawdown Of the high-water mark.
    struct Metrics {
        uint256 nav;
        uint256 volatility;
        uint256 var95;
        uint256 var99;
        uint256 maxWeight;
        uint256 sharePrice;
        uint256 highWaterMark;
        uint256 drawdown;
    }

    event UniverseCreated(bytes32 indexed universe, address[] assets);
    event ModelPosted(bytes32 indexed universe, uint64 nonce, uint40 asOf, uint40 expiry, address pointer);
    event PortfolioRegistered(address indexed portfolio, bytes32 indexed universe, Limits limits);
    event LimitsChanged(address indexed portfolio, Limits limits);
    event StateChanged(address indexed portfolio, State from, State to, bool byGuardian);
    event HighWaterMarkRaised(address indexed portfolio, uint256 highWaterMark);
    event HighWaterMarkReset(address indexed portfolio, uint256 highWaterMark);

    error RiskEngine__UniverseExists(bytes32 universe);
    error RiskEngine__NoSuchUniverse(bytes32 universe);
    error RiskEngine__TooManyAssets(uint256 assets, uint256 max);
    error RiskEngine__DuplicateAsset(address asset);
    error RiskEngine__AssetNotInUniverse(bytes32 universe, address asset);
    error RiskEngine__NotRegistered(address portfolio);
    error RiskEngine__AlreadyRegistered(address portfolio);
    error RiskEngine__InvalidLimits(Limits limits);
    error RiskEngine__NotTighter(Limits current, Limits proposed);
    error RiskEngine__NoModel(bytes32 universe);
    error RiskEngine__ModelExpired(bytes32 universe, uint256 expiry);
    error RiskEngine__WrongNonce(uint64 nonce, uint64 expected);
    error RiskEngine__StaleModel(uint40 asOf, uint40 lastAsOf);
    error RiskEngine__ModelFromFuture(uint40 asOf, uint256 timestamp);
    error RiskEngine__ModelLifetime(uint40 asOf, uint40 expiry, uint256 maxLifetime);
    error RiskEngine__WrongModelSize(uint256 entries, uint256 expected);
    /// @dev A variance has to be positive and |cov(i,j)|^2 at most var(i) var(j).
    error RiskEngine__InvalidCovariance(uint256 row, uint256 column, int64 entry);
    error RiskEngine__LimitBreached(Metric metric, address asset, uint256 before, uint256 afterwards, uint256 limit);
    /// @dev In de-risk only, a rebalance may not raise VaR even inside the limit.
    error RiskEngine__OnlyDeRisking(uint256 varBefore, uint256 varAfter);
    error RiskEngine__TradingHalted(address portfolio);
    /// @dev Nothing is breached that the state does not show already.
    error RiskEngine__NothingToTrip(address portfolio, State state);
    error RiskEngine__StillOutside(Metric metric, uint256 value, uint256 limit);
    error RiskEngine__LengthMismatch(uint256 values, uint256 assets);
    error RiskEngine__CoolingDown(uint256 until);
    /// @dev Set by the guardian, or halted: only `reopen` ends it.
    error RiskEngine__NeedsReopening(address portfolio, State state);
    error RiskEngine__WrongState(address portfolio, State state);

    // -- Models ------------------------------------------------------------------------------------------------------

    /// @notice Creates a universe, whose assets and order never change. Role: MANAGER_DELAYED.
    /// @param assets 1 to 32 distinct tokens.
    function createUniverse(bytes32 universe, address[] calldata assets) external;

    /// @notice Accepts a model signed by the quorum of the universe's signer set; anyone may send it.
    function postModel(CovarianceModel calldata model, ISignerSets.Signature[] calldata signatures) external;

    function modelOf(bytes32 universe) external view returns (ModelInfo memory);
    function universeAssets(bytes32 universe) external view returns (address[] memory);

    /// @return EIP-712 digest that signers of this model sign.
    function hashModel(CovarianceModel calldata model) external view returns (bytes32);

    // -- Portfolios --------------------------------------------------------------------------------------------------

    /// @notice Registers a new portfolio. Role: FACTORY.
    function registerPortfolio(address portfolio, bytes32 universe, Limits calldata limits) external;

    /// @notice Reads the caller's asset list again; portfolios call it when the list changes.
    function syncAssets() external;

    /// @notice Lowers limits at once; none may rise. Role: MANAGER.
    function tightenLimits(address portfolio, Limits calldata limits) external;

    /// @notice Sets limits. Role: MANAGER_DELAYED.
    function setLimits(address portfolio, Limits calldata limits) external;

    /// @notice Sets the high-water mark to the present share price, forgiving the drawdown. Role: MANAGER_DELAYED.
    function resetHighWaterMark(address portfolio) external;

    /// @notice Called by a portfolio when its trades are done: reverts unless I3 holds.
    /// @dev For VaR and for the weight of each asset: afterwards inside the limit, or outside before and strictly closer
    /// now. De-risk only: VaR may also not rise. Halted: nothing passes. Drawdown is no metric that trading can mend, so
    /// it acts through the state. Raises the high-water mark.
    /// @param valuesBefore WAD USD of each asset in the order of the portfolio's `assets()`.
    /// @param valuesAfter The same, at the same prices, after the trades.
    /// @param sharePrice WAD settlement tokens a share, after the trades.
    function checkRebalance(
        uint256[] calldata valuesBefore,
        uint256[] calldata valuesAfter,
        uint256 sharePrice
    )
        external;

    // -- Breaker -----------------------------------------------------------------------------------------------------

    /// @notice Raises the high-water mark if the share price is above it. Anyone.
    function checkpoint(address portfolio) external;

    /// @notice Proves on chain that a limit is breached and moves the portfolio to de-risk only, or to halted if the
    /// drawdown is beyond its second limit. Reverts if nothing is to be done. Anyone.
    function trip(address portfolio) external;

    /// @notice Moves a tripped portfolio back to normal when every metric is inside its limit and the cooling time since
    /// the last trip is over. Anyone.
    function recover(address portfolio) external;

    /// @notice Allows de-risking only, until reopened. Role: GUARDIAN.
    function deRisk(address portfolio) external;

    /// @notice Stops trading and deposits; exits are in kind only. Until reopened. Role: GUARDIAN.
    function shutdown(address portfolio) external;

    /// @notice Back to normal. Role: ADMIN.
    function reopen(address portfolio) external;

    // -- Views -------------------------------------------------------------------------------------------------------

    function stateOf(address portfolio) external view returns (State);
    function limitsOf(address portfolio) external view returns (Limits memory);
    function universeOf(address portfolio) external view returns (bytes32);

    /// @notice Metrics at live prices; reverts if a price or the model is stale.
    function metrics(address portfolio) external view returns (Metrics memory);

    /// @notice Volatility of given values under the portfolio's model.
    /// @param values WAD USD of each asset in the order of the portfolio's `assets()`.
    /// @return Daily, WAD of NAV.
    function volatility(address portfolio, uint256[] calldata values) external view returns (uint256);
}
