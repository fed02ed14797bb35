// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

import {Float128} from "../math/Float128.sol";
import {PackedCovariance} from "../math/PackedCovariance.sol";
import {Breaker} from "./Breaker.sol";
import {MarketRisk} from "./MarketRisk.sol";
import {RiskGrades} from "./RiskGrades.sol";
import {RiskLimits} from "./RiskLimits.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {ICovarianceModels} from "interfaces/risk/ICovarianceModels.sol";
import {IMarketDepthRegistry} from "interfaces/risk/IMarketDepthRegistry.sol";
import {IPerformanceRegistry} from "interfaces/risk/IPerformanceRegistry.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Risk numbers, limits and states of portfolios
/// @notice See {IRiskEngine}.
contract RiskEngine is IRiskEngine, AccessManagedUpgradeable, UUPSUpgradeable {
    using Breaker for Breaker.Status;
    using DynamicArrayLib for uint256[];
    using Float128 for uint128;
    using RiskLimits for Limits;

    /// @dev A rebalance reads and writes what is before the sighting; `state` to `highWaterMark` fill one slot.
    /// @param indices One byte per asset, in the portfolio's order: its index in the universe.
    /// @param state State of the breaker; with the next two, {Breaker.Status}.
    /// @param reportExpiry Unix seconds; 0 before the first report.
    /// @param highWaterMark WAD settlement tokens per share, as {Float128} packs it.
    /// @param sighted State that a breach calls for which has been seen once.
    /// @param sightedAt Block in which it was seen.
    struct PortfolioRisk {
        bytes32 universe;
        bytes32 indices;
        Limits limits;
        State state;
        bool held;
        uint40 insideSince;
        uint40 reportExpiry;
        uint128 highWaterMark;
        State sighted;
        uint40 sightedAt;
    }

    /// @custom:storage-location erc7201:quantera.storage.RiskEngine
    struct Storage {
        mapping(address portfolio => PortfolioRisk) portfolios;
        Limits floors;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.RiskEngine")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x56a9a32a5c6d70c09b27ef9cb2722c57dded2306a859a2b60b65390efad37200;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _BPS_TO_WAD = 1e14;
    /// @dev A sighting counts for this many times the blocks that it takes to confirm it.
    uint256 private constant _SIGHTING_LIVES = 16;

    /// @notice The contract that keeps covariance models.
    ICovarianceModels public immutable models;
    /// @notice The contract that keeps realised performance.
    IPerformanceRegistry public immutable performance;
    /// @notice The contract that keeps market depth.
    IMarketDepthRegistry public immutable liquidity;
    /// @notice Seconds that metrics have to stay inside before a recovery ends.
    uint256 public immutable coolingTime;
    /// @notice Seconds after a report's expiry from which its absence allows de-risking only.
    uint256 public immutable reportGrace;
    /// @notice Number of blocks after which a second sighting of a breach may trip.
    uint256 public immutable confirmationBlocks;

    constructor(
        ICovarianceModels models_,
        IPerformanceRegistry performance_,
        IMarketDepthRegistry liquidity_,
        uint256 coolingTime_,
        uint256 reportGrace_
    ) {
        (models, performance, liquidity) = (models_, performance_, liquidity_);
        (coolingTime, reportGrace) = (coolingTime_, reportGrace_);
        confirmationBlocks = liquidity_.confirmationBlocks();
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
        _storage().floors = RiskLimits.none();
    }

    // -- Portfolios --------------------------------------------------------------------------------------------------

    /// @inheritdoc IRiskEngine
    function registerPortfolio(address portfolio, bytes32 universe, Limits calldata limits) external restricted {
        PortfolioRisk storage p = _storage().portfolios[portfolio];
        if (p.universe != 0) revert RiskEngine__AlreadyRegistered(portfolio);
        p.universe = universe;
        p.limits = _requireValid(limits);
        _sync(p, portfolio);
        emit PortfolioRegistered(portfolio, universe, limits);
    }

    /// @inheritdoc IRiskEngine
    function syncAssets() external {
        _sync(_registered(msg.sender), msg.sender);
    }

    /// @inheritdoc IRiskEngine
    function tightenLimits(address portfolio, Limits calldata limits) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        _requireTighter(p.limits, limits);
        _setLimits(p, portfolio, limits);
    }

    /// @inheritdoc IRiskEngine
    function setLimits(address portfolio, Limits calldata limits) external restricted {
        _setLimits(_registered(portfolio), portfolio, limits);
    }

    /// @inheritdoc IRiskEngine
    function tightenFloors(Limits calldata floors_) external restricted {
        _requireTighter(_storage().floors, floors_);
        _setFloors(floors_);
    }

    /// @inheritdoc IRiskEngine
    function setFloors(Limits calldata floors_) external restricted {
        _setFloors(floors_);
    }

    /// @inheritdoc IRiskEngine
    function resetHighWaterMark(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        uint256 sharePrice = IPortfolio(portfolio).sharePrice();
        p.highWaterMark = Float128.packDown(sharePrice);
        emit HighWaterMarkReset(portfolio, sharePrice);
    }

    /// @inheritdoc IRiskEngine
    function checkRebalance(
        uint256[] calldata valuesBefore,
        uint256[] calldata valuesAfter,
        uint256 sharePrice
    )
        external
    {
        PortfolioRisk storage p = _registered(msg.sender);
        if (valuesBefore.length != valuesAfter.length) {
            revert RiskEngine__LengthMismatch(valuesBefore.length, valuesAfter.length);
        }
        Limits memory limits = _effective(p);
        uint256 drawdown = _raiseHighWaterMark(p, msg.sender, sharePrice);
        Breaker.Status memory status = _statusOf(p);
        State due = _drawdownState(limits, drawdown);
        if (due > status.state) _setStatus(p, msg.sender, status.escalate(due), false);
        State state = _stateOf(p);
        if (state > State.DeRiskOnly) revert RiskEngine__TradingHalted(msg.sender);

        uint256 part = state > State.Normal ? RiskLimits.WARNING_BPS : RiskLimits.WHOLE_BPS;
        MarketRisk.Model memory model = _model(p);
        bool withComponents = limits.maxComponentBps != RiskLimits.OFF;
        MarketRisk.Exposure memory afterwards = MarketRisk.measure(valuesAfter, model, withComponents);
        if (state < State.DeRiskOnly && _inside(afterwards, limits, part)) {
            _requireLiquid(p, valuesBefore, valuesAfter, limits, part);
            return;
        }
        MarketRisk.Exposure memory before = MarketRisk.measure(valuesBefore, model, withComponents);
        _requireCloser(before, afterwards, limits, part);
        _requireLiquid(p, valuesBefore, valuesAfter, limits, part);
        if (state > State.Warning && afterwards.var99 > before.var99) {
            revert RiskEngine__OnlyDeRisking(before.var99, afterwards.var99);
        }
    }

    // -- Breaker -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IRiskEngine
    function checkpoint(address portfolio) external {
        _raiseHighWaterMark(_registered(portfolio), portfolio, IPortfolio(portfolio).sharePrice());
        if (performance.due(portfolio)) performance.checkpoint(portfolio);
    }

    /// @inheritdoc IRiskEngine
    function trip(address portfolio) external {
        PortfolioRisk storage p = _registered(portfolio);
        Breaker.Status memory status = _statusOf(p);
        State due = _stateDue(p, portfolio);
        bool interrupts = due != State.Normal && status.insideSince != 0;
        if (due <= status.state && !interrupts) due = State.Normal;

        if (_actsAtOnce(msg.sender)) {
            if (due == State.Normal) revert RiskEngine__NothingToTrip(portfolio, status.state);
        } else {
            due = _confirmed(p, portfolio, status.state, due);
            if (due == State.Normal) return;
        }
        (p.sighted, p.sightedAt) = (State.Normal, 0);
        if (interrupts) emit RecoveryInterrupted(portfolio);
        _setStatus(p, portfolio, status.escalate(due), false);
    }

    /// @inheritdoc IRiskEngine
    function recover(address portfolio) external {
        PortfolioRisk storage p = _registered(portfolio);
        Breaker.Status memory status = _statusOf(p);
        if (status.state == State.Normal) revert RiskEngine__WrongState(portfolio, status.state);
        if (status.held) revert RiskEngine__NeedsReopening(portfolio, status.state);
        uint256 until = status.insideSince + coolingTime;
        bool begun = status.insideSince != 0;
        if (begun && block.timestamp < until) revert RiskEngine__CoolingDown(until);
        (bool breached, Metric metric, uint256 value, uint256 limit) =
            _effective(p).firstOutside(metrics(portfolio), RiskLimits.WARNING_BPS);
        if (breached) revert RiskEngine__StillOutside(metric, value, limit);
        if (!begun) emit RecoveryStarted(portfolio, block.timestamp + coolingTime);
        _setStatus(p, portfolio, status.recovery(block.timestamp, coolingTime), false);
    }

    /// @inheritdoc IRiskEngine
    function deRisk(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        Breaker.Status memory status = _statusOf(p);
        if (status.state == State.Halted) revert RiskEngine__WrongState(portfolio, status.state);
        _setStatus(p, portfolio, status.hold(State.DeRiskOnly), true);
    }

    /// @inheritdoc IRiskEngine
    function shutdown(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        Breaker.Status memory status = _statusOf(p);
        _setStatus(p, portfolio, status.hold(State.Halted), true);
    }

    /// @inheritdoc IRiskEngine
    function reopen(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        Breaker.Status memory status = _statusOf(p);
        if (status.state == State.Normal) revert RiskEngine__WrongState(portfolio, status.state);
        _setStatus(p, portfolio, status.reopen(), false);
    }

    /// @inheritdoc IRiskEngine
    function noteReport(address portfolio, uint40 expiry) external restricted {
        _registered(portfolio).reportExpiry = expiry;
        emit ReportNoted(portfolio, expiry);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IRiskEngine
    function stateOf(address portfolio) external view returns (State) {
        return _stateOf(_storage().portfolios[portfolio]);
    }

    /// @inheritdoc IRiskEngine
    function breakerOf(address portfolio) external view returns (bool held, uint40 insideSince, uint40 reportExpiry) {
        PortfolioRisk storage p = _storage().portfolios[portfolio];
        return (p.held, p.insideSince, p.reportExpiry);
    }

    /// @inheritdoc IRiskEngine
    function limitsOf(address portfolio) external view returns (Limits memory) {
        return _effective(_storage().portfolios[portfolio]);
    }

    /// @inheritdoc IRiskEngine
    function floors() external view returns (Limits memory) {
        return _storage().floors;
    }

    /// @inheritdoc IRiskEngine
    function universeOf(address portfolio) external view returns (bytes32) {
        return _storage().portfolios[portfolio].universe;
    }

    /// @inheritdoc IRiskEngine
    function metrics(address portfolio) public view returns (Metrics memory m) {
        PortfolioRisk storage p = _registered(portfolio);
        address[] memory assets;
        uint256[] memory values;
        (assets,, values, m.sharePrice) = IPortfolio(portfolio).positions();
        MarketRisk.Exposure memory e = MarketRisk.measure(values, _model(p), true);
        (m.nav, m.volatility, m.var95, m.var99, m.es975) = (e.nav, e.volatility, e.var95, e.var99, e.es975);
        (m.herfindahl, m.leverage, m.maxComponent) = (e.herfindahl, e.leverage, MarketRisk.maxComponent(e.components));
        for (uint256 k = 1; k < e.weights.length; ++k) {
            m.maxWeight = FixedPointMathLib.max(m.maxWeight, e.weights[k]);
        }
        m.highWaterMark = FixedPointMathLib.max(p.highWaterMark.unpack(), m.sharePrice);
        m.drawdown = _drawdown(m.sharePrice, m.highWaterMark);
        m.daysToLiquidate = liquidity.daysToLiquidate(p.universe, assets, values);
        IPerformanceRegistry.Stats memory s = performance.statsOf(portfolio);
        (m.realisedVolatility, m.sharpe, m.beta) = (s.realisedVolatility, s.sharpe, s.beta);
        m.observations = s.observations;
        m.grade = RiskGrades.grade(m);
    }

    /// @inheritdoc IRiskEngine
    function componentVar(address portfolio) external view returns (int256[] memory) {
        PortfolioRisk storage p = _registered(portfolio);
        (,, uint256[] memory values,) = IPortfolio(portfolio).positions();
        return MarketRisk.measure(values, _model(p), true).components;
    }

    /// @inheritdoc IRiskEngine
    function volatility(address portfolio, uint256[] calldata values) external view returns (uint256) {
        MarketRisk.Model memory model = _model(_registered(portfolio));
        (uint256[] memory weights,) = MarketRisk.weigh(values);
        return PackedCovariance.volatility(model.matrix, MarketRisk.spreadOut(weights, model));
    }

    // -- Internals: I3 -----------------------------------------------------------------------------------------------

    /// @dev Returns the metrics that trades can mend, each to be held against its limit: all but weights and
    /// components.
    function _scalars(MarketRisk.Exposure memory e) private pure returns (uint256[6] memory values) {
        return [e.var99, e.var95, e.es975, e.volatility, e.herfindahl, e.leverage];
    }

    function _scalar(uint256 k) private pure returns (Metric) {
        Metric[6] memory all =
            [Metric.Var99, Metric.Var95, Metric.Es975, Metric.Volatility, Metric.Herfindahl, Metric.Leverage];
        return all[k];
    }

    function _inside(MarketRisk.Exposure memory e, Limits memory limits, uint256 part) private pure returns (bool) {
        if (e.var99 > RiskLimits.part(limits.maxVar99Bps, part)) return false;
        if (e.var95 > RiskLimits.part(limits.maxVar95Bps, part)) return false;
        if (e.es975 > RiskLimits.part(limits.maxEs975Bps, part)) return false;
        if (e.volatility > RiskLimits.part(limits.maxVolatilityBps, part)) return false;
        if (e.herfindahl > RiskLimits.part(limits.maxHerfindahlBps, part)) return false;
        if (e.leverage > RiskLimits.part(limits.maxLeverageBps, part)) return false;
        uint256 most = RiskLimits.part(limits.maxWeightBps, part);
        uint256[] memory weights = e.weights;
        for (uint256 k = 1; k < weights.length; ++k) {
            if (weights.get(k) > most) return false;
        }
        return MarketRisk.maxComponent(e.components) <= RiskLimits.part(limits.maxComponentBps, part);
    }

    /// @dev Reverts unless each metric and each asset is inside its limit, or was outside before and is strictly closer
    /// now.
    function _requireCloser(
        MarketRisk.Exposure memory before,
        MarketRisk.Exposure memory afterwards,
        Limits memory limits,
        uint256 part
    )
        private
        view
    {
        uint256 limit;
        (uint256[6] memory was, uint256[6] memory now_) = (_scalars(before), _scalars(afterwards));
        for (uint256 k; k < 6; ++k) {
            limit = limits.bound(_scalar(k), part);
            if (now_[k] > limit && now_[k] >= was[k]) {
                revert RiskEngine__LimitBreached(_scalar(k), address(0), was[k], now_[k], limit);
            }
        }
        limit = limits.bound(Metric.Weight, part);
        for (uint256 k = 1; k < afterwards.weights.length; ++k) {
            if (afterwards.weights[k] > limit && afterwards.weights[k] >= before.weights[k]) {
                _breached(Metric.Weight, k, before.weights[k], afterwards.weights[k], limit);
            }
        }
        limit = limits.bound(Metric.Component, part);
        if (limit == type(uint256).max) return;
        for (uint256 k = 1; k < afterwards.components.length; ++k) {
            (int256 x, int256 y) = (before.components[k], afterwards.components[k]);
            if (y > int256(limit) && y >= x) {
                _breached(Metric.Component, k, FixedPointMathLib.abs(x), uint256(y), limit);
            }
        }
    }

    function _breached(Metric metric, uint256 k, uint256 was, uint256 now_, uint256 limit) private view {
        revert RiskEngine__LimitBreached(metric, IPortfolio(msg.sender).assets()[k], was, now_, limit);
    }

    /// @dev Reverts unless days to liquidate are inside their limit or closer to it; they are read only where there is
    /// a limit.
    function _requireLiquid(
        PortfolioRisk storage p,
        uint256[] calldata valuesBefore,
        uint256[] calldata valuesAfter,
        Limits memory limits,
        uint256 part
    )
        private
        view
    {
        uint256 limit = limits.bound(Metric.Liquidity, part);
        if (limit == type(uint256).max) return;
        address[] memory assets = IPortfolio(msg.sender).assets();
        uint256 now_ = liquidity.daysToLiquidate(p.universe, assets, valuesAfter);
        if (now_ <= limit) return;
        uint256 was = liquidity.daysToLiquidate(p.universe, assets, valuesBefore);
        if (now_ >= was) revert RiskEngine__LimitBreached(Metric.Liquidity, address(0), was, now_, limit);
    }

    // -- Internals: limits and states ---------------------------------------------------------------------------------

    function _requireValid(Limits calldata limits) private pure returns (Limits memory) {
        if (!RiskLimits.valid(limits)) revert RiskEngine__InvalidLimits(limits);
        return limits;
    }

    function _requireTighter(Limits memory current, Limits calldata proposed) private pure {
        if (!RiskLimits.asTight(proposed, current)) revert RiskEngine__NotTighter(current, proposed);
    }

    function _setLimits(PortfolioRisk storage p, address portfolio, Limits calldata limits) private {
        p.limits = _requireValid(limits);
        emit LimitsChanged(portfolio, limits);
    }

    function _setFloors(Limits calldata floors_) private {
        _storage().floors = _requireValid(floors_);
        emit FloorsChanged(floors_);
    }

    function _effective(PortfolioRisk storage p) private view returns (Limits memory) {
        return RiskLimits.tighter(p.limits, _storage().floors);
    }

    function _stateOf(PortfolioRisk storage p) private view returns (State) {
        return Breaker.degraded(p.state, p.reportExpiry, block.timestamp, reportGrace);
    }

    function _statusOf(PortfolioRisk storage p) private view returns (Breaker.Status memory) {
        return Breaker.Status(p.state, p.held, p.insideSince);
    }

    function _setStatus(
        PortfolioRisk storage p,
        address portfolio,
        Breaker.Status memory status,
        bool byGuardian
    )
        private
    {
        State from = p.state;
        if (from != status.state || byGuardian) emit StateChanged(portfolio, from, status.state, byGuardian);
        (p.state, p.held, p.insideSince) = (status.state, status.held, status.insideSince);
    }

    /// @dev True for an account that may call `trip` by the AccessManager's rules and without a delay.
    function _actsAtOnce(address account) private view returns (bool immediate) {
        (immediate,) = IAccessManager(authority()).canCall(account, address(this), this.trip.selector);
    }

    /// @dev The first look makes a sighting. The next counts once a market that was pushed for a block has come back.
    /// @param due The state that this look calls for; Normal if none.
    /// @return The state that two looks agree on; Normal while there is only one.
    function _confirmed(PortfolioRisk storage p, address portfolio, State state, State due) private returns (State) {
        (State seen, uint256 seenAt) = (p.sighted, p.sightedAt);
        if (due == State.Normal) {
            if (seen == State.Normal) revert RiskEngine__NothingToTrip(portfolio, state);
            (p.sighted, p.sightedAt) = (State.Normal, 0);
            emit BreachGone(portfolio);
            return State.Normal;
        }
        uint256 from = seenAt + confirmationBlocks;
        // One that the state shows already, or that is long past, says nothing.
        bool counts = seen > state || seen == due;
        if (seen == State.Normal || !counts || block.number > from + _SIGHTING_LIVES * confirmationBlocks) {
            (p.sighted, p.sightedAt) = (due, uint40(block.number));
            emit BreachSighted(portfolio, due, block.number + confirmationBlocks);
            return State.Normal;
        }
        if (block.number < from) revert RiskEngine__TooSoon(portfolio, from);
        return seen < due ? seen : due;
    }

    /// @dev A drawdown needs no model: where it calls for the strictest state that metrics can, they are not asked.
    function _stateDue(PortfolioRisk storage p, address portfolio) private view returns (State due) {
        Limits memory limits = _effective(p);
        due = _drawdownState(limits, _drawdown(IPortfolio(portfolio).sharePrice(), p.highWaterMark.unpack()));
        if (due >= State.DeRiskOnly) return due;
        Metrics memory m = metrics(portfolio);
        (bool breached,,,) = limits.firstOutside(m, RiskLimits.WHOLE_BPS);
        if (breached) return State.DeRiskOnly;
        (breached,,,) = limits.firstOutside(m, RiskLimits.WARNING_BPS);
        return breached ? State.Warning : State.Normal;
    }

    function _drawdownState(Limits memory limits, uint256 drawdown) private pure returns (State) {
        if (drawdown > limits.haltDrawdownBps * _BPS_TO_WAD) return State.Halted;
        return drawdown > limits.maxDrawdownBps * _BPS_TO_WAD ? State.DeRiskOnly : State.Normal;
    }

    // -- Internals: reading -------------------------------------------------------------------------------------------

    function _sync(PortfolioRisk storage p, address portfolio) private {
        p.indices = models.indicesOf(p.universe, IPortfolio(portfolio).assets());
    }

    function _model(PortfolioRisk storage p) private view returns (MarketRisk.Model memory) {
        ICovarianceModels.LiveModel memory live = models.currentModel(p.universe);
        return MarketRisk.Model(live, SSTORE2.read(live.pointer), p.indices);
    }

    function _raiseHighWaterMark(
        PortfolioRisk storage p,
        address portfolio,
        uint256 sharePrice
    )
        private
        returns (uint256 drawdown)
    {
        uint256 highWaterMark = p.highWaterMark.unpack();
        if (sharePrice > highWaterMark) {
            p.highWaterMark = Float128.packDown(sharePrice);
            emit HighWaterMarkRaised(portfolio, sharePrice);
            return 0;
        }
        return _drawdown(sharePrice, highWaterMark);
    }

    function _drawdown(uint256 sharePrice, uint256 highWaterMark) private pure returns (uint256) {
        if (sharePrice >= highWaterMark) return 0;
        return FixedPointMathLib.fullMulDivUp(highWaterMark - sharePrice, _WAD, highWaterMark);
    }

    function _registered(address portfolio) private view returns (PortfolioRisk storage p) {
        p = _storage().portfolios[portfolio];
        if (p.universe == 0) revert RiskEngine__NotRegistered(portfolio);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
