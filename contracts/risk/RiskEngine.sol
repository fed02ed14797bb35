// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {PackedCovariance} from "../math/PackedCovariance.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title What a portfolio may risk
/// @notice See {IRiskEngine}.
contract RiskEngine is IRiskEngine, AccessManagedUpgradeable, UUPSUpgradeable, EIP712 {
    /// @dev `indices` holds a byte an asset, in the portfolio's order: its index in the universe, or CASH.
    /// `held`: the guardian set the state, or the drawdown halted trading; only `reopen` ends it.
    struct PortfolioRisk {
        bytes32 universe;
        bytes32 indices;
        Limits limits;
        State state;
        bool held;
        uint40 trippedAt;
        uint128 highWaterMark;
    }

    struct Universe {
        ModelInfo model;
        address[] assets;
        mapping(address asset => uint256) indexPlusOne;
    }

    /// @custom:storage-location erc7201:quantera.storage.RiskEngine
    struct Storage {
        mapping(bytes32 universe => Universe) universes;
        mapping(address portfolio => PortfolioRisk) portfolios;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.RiskEngine")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0x56a9a32a5c6d70c09b27ef9cb2722c57dded2306a859a2b60b65390efad37200;

    bytes32 private constant _MODEL_TYPEHASH =
        keccak256("CovarianceModel(bytes32 universe,uint64 nonce,uint40 asOf,uint40 expiry,int64[] covariance)");
    uint256 private constant _WAD = 1e18;
    uint256 private constant _BPS_TO_WAD = 1e14;
    uint256 private constant _MAX_ASSETS = 32;
    uint256 private constant _CASH = 0xff;
    // Standard normal quantiles, WAD.
    uint256 private constant _Z95 = 1.644853626951472715e18;
    uint256 private constant _Z99 = 2.326347874040841101e18;

    /// @notice The quorums that sign models.
    ISignerSets public immutable signerSets;
    /// @notice Seconds after a trip before `recover` is allowed.
    uint256 public immutable coolingTime;
    /// @notice Most seconds between a model's `asOf` and its `expiry`.
    uint256 public immutable maxModelLifetime;

    constructor(
        ISignerSets signerSets_,
        uint256 coolingTime_,
        uint256 maxModelLifetime_
    )
        EIP712("Quantera RiskEngine", "1")
    {
        signerSets = signerSets_;
        coolingTime = coolingTime_;
        maxModelLifetime = maxModelLifetime_;
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    // -- Models ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IRiskEngine
    function createUniverse(bytes32 universe, address[] calldata assets) external restricted {
        Universe storage u = _storage().universes[universe];
        if (u.assets.length != 0) revert RiskEngine__UniverseExists(universe);
        if (assets.length == 0 || assets.length > _MAX_ASSETS) {
            revert RiskEngine__TooManyAssets(assets.length, _MAX_ASSETS);
        }
        for (uint256 i; i < assets.length; ++i) {
            if (u.indexPlusOne[assets[i]] != 0) revert RiskEngine__DuplicateAsset(assets[i]);
            u.indexPlusOne[assets[i]] = i + 1;
        }
        u.assets = assets;
        emit UniverseCreated(universe, assets);
    }

    /// @inheritdoc IRiskEngine
    function postModel(CovarianceModel calldata model, ISignerSets.Signature[] calldata signatures) external {
        // Checks
        Universe storage u = _storage().universes[model.universe];
        uint256 size = u.assets.length;
        if (size == 0) revert RiskEngine__NoSuchUniverse(model.universe);
        if (model.nonce != u.model.nonce + 1) revert RiskEngine__WrongNonce(model.nonce, u.model.nonce + 1);
        if (model.asOf <= u.model.asOf) revert RiskEngine__StaleModel(model.asOf, u.model.asOf);
        if (model.asOf > block.timestamp) revert RiskEngine__ModelFromFuture(model.asOf, block.timestamp);
        if (model.expiry <= block.timestamp) revert RiskEngine__ModelExpired(model.universe, model.expiry);
        if (model.expiry - model.asOf > maxModelLifetime) {
            revert RiskEngine__ModelLifetime(model.asOf, model.expiry, maxModelLifetime);
        }
        _requireCovariance(model.covariance, size);
        signerSets.requireQuorum(model.universe, hashModel(model), signatures);

        // Effects
        address pointer = SSTORE2.write(PackedCovariance.pack(model.covariance));
        u.model = ModelInfo(pointer, model.asOf, model.expiry, uint8(size), model.nonce);
        emit ModelPosted(model.universe, model.nonce, model.asOf, model.expiry, pointer);
    }

    /// @inheritdoc IRiskEngine
    function hashModel(CovarianceModel calldata model) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    _MODEL_TYPEHASH,
                    model.universe,
                    model.nonce,
                    model.asOf,
                    model.expiry,
                    keccak256(abi.encodePacked(model.covariance))
                )
            )
        );
    }

    /// @inheritdoc IRiskEngine
    function modelOf(bytes32 universe) external view returns (ModelInfo memory) {
        return _storage().universes[universe].model;
    }

    /// @inheritdoc IRiskEngine
    function universeAssets(bytes32 universe) external view returns (address[] memory) {
        return _storage().universes[universe].assets;
    }

    // -- Portfolios --------------------------------------------------------------------------------------------------

    /// @inheritdoc IRiskEngine
    function registerPortfolio(address portfolio, bytes32 universe, Limits calldata limits) external restricted {
        PortfolioRisk storage p = _storage().portfolios[portfolio];
        if (p.universe != 0) revert RiskEngine__AlreadyRegistered(portfolio);
        if (_storage().universes[universe].assets.length == 0) revert RiskEngine__NoSuchUniverse(universe);
        _requireValid(limits);
        p.universe = universe;
        p.limits = limits;
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
        Limits memory current = p.limits;
        if (
            limits.maxVar99Bps > current.maxVar99Bps || limits.maxWeightBps > current.maxWeightBps
                || limits.maxDrawdownBps > current.maxDrawdownBps || limits.haltDrawdownBps > current.haltDrawdownBps
        ) revert RiskEngine__NotTighter(current, limits);
        _setLimits(p, portfolio, limits);
    }

    /// @inheritdoc IRiskEngine
    function setLimits(address portfolio, Limits calldata limits) external restricted {
        _setLimits(_registered(portfolio), portfolio, limits);
    }

    /// @inheritdoc IRiskEngine
    function resetHighWaterMark(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        uint256 sharePrice = IPortfolio(portfolio).sharePrice();
        p.highWaterMark = SafeCastLib.toUint128(sharePrice);
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
        uint256 drawdown = _raiseHighWaterMark(p, msg.sender, sharePrice);
        State state = _escalate(p, msg.sender, _drawdownState(p.limits, drawdown));
        if (state == State.Halted) revert RiskEngine__TradingHalted(msg.sender);

        uint256[] memory before = _weights(valuesBefore);
        uint256[] memory afterwards = _weights(valuesAfter);
        _requireWeights(p, before, afterwards);

        (bytes memory model, uint256 size) = _model(p.universe);
        uint256 limit = p.limits.maxVar99Bps * _BPS_TO_WAD;
        uint256 varAfter = _var(_volatility(p, model, size, afterwards), _Z99);
        if (varAfter <= limit && state == State.Normal) return;
        uint256 varBefore = _var(_volatility(p, model, size, before), _Z99);
        if (varAfter > limit && varAfter >= varBefore) {
            revert RiskEngine__LimitBreached(Metric.Var99, address(0), varBefore, varAfter, limit);
        }
        if (varAfter > varBefore) revert RiskEngine__OnlyDeRisking(varBefore, varAfter);
    }

    // -- Breaker -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IRiskEngine
    function checkpoint(address portfolio) external {
        _raiseHighWaterMark(_registered(portfolio), portfolio, IPortfolio(portfolio).sharePrice());
    }

    /// @inheritdoc IRiskEngine
    function trip(address portfolio) external {
        PortfolioRisk storage p = _registered(portfolio);
        Metrics memory m = metrics(portfolio);
        (bool breached,,,) = _firstBreach(p.limits, m);
        State target = _drawdownState(p.limits, m.drawdown);
        if (breached && target == State.Normal) target = State.DeRiskOnly;
        if (target <= p.state) revert RiskEngine__NothingToTrip(portfolio, p.state);
        _escalate(p, portfolio, target);
    }

    /// @inheritdoc IRiskEngine
    function recover(address portfolio) external {
        PortfolioRisk storage p = _registered(portfolio);
        if (p.state == State.Normal) revert RiskEngine__WrongState(portfolio, p.state);
        if (p.held) revert RiskEngine__NeedsReopening(portfolio, p.state);
        uint256 until = p.trippedAt + coolingTime;
        if (block.timestamp < until) revert RiskEngine__CoolingDown(until);
        (bool breached, Metric metric, uint256 value, uint256 limit) = _firstBreach(p.limits, metrics(portfolio));
        if (breached) revert RiskEngine__StillOutside(metric, value, limit);
        _setState(p, portfolio, State.Normal, false);
    }

    /// @inheritdoc IRiskEngine
    function deRisk(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        if (p.state == State.Halted) revert RiskEngine__WrongState(portfolio, p.state);
        p.held = true;
        _setState(p, portfolio, State.DeRiskOnly, true);
    }

    /// @inheritdoc IRiskEngine
    function shutdown(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        p.held = true;
        _setState(p, portfolio, State.Halted, true);
    }

    /// @inheritdoc IRiskEngine
    function reopen(address portfolio) external restricted {
        PortfolioRisk storage p = _registered(portfolio);
        if (p.state == State.Normal) revert RiskEngine__WrongState(portfolio, p.state);
        p.held = false;
        _setState(p, portfolio, State.Normal, false);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IRiskEngine
    function stateOf(address portfolio) external view returns (State) {
        return _storage().portfolios[portfolio].state;
    }

    /// @inheritdoc IRiskEngine
    function limitsOf(address portfolio) external view returns (Limits memory) {
        return _storage().portfolios[portfolio].limits;
    }

    /// @inheritdoc IRiskEngine
    function universeOf(address portfolio) external view returns (bytes32) {
        return _storage().portfolios[portfolio].universe;
    }

    /// @inheritdoc IRiskEngine
    function metrics(address portfolio) public view returns (Metrics memory m) {
        PortfolioRisk storage p = _registered(portfolio);
        (,, uint256[] memory values) = IPortfolio(portfolio).positions();
        uint256[] memory weights = _weights(values);
        (bytes memory model, uint256 size) = _model(p.universe);
        for (uint256 k; k < values.length; ++k) {
            m.nav += values[k];
            if (k != 0) m.maxWeight = FixedPointMathLib.max(m.maxWeight, weights[k]);
        }
        m.volatility = _volatility(p, model, size, weights);
        m.var95 = _var(m.volatility, _Z95);
        m.var99 = _var(m.volatility, _Z99);
        m.sharePrice = IPortfolio(portfolio).sharePrice();
        m.highWaterMark = FixedPointMathLib.max(p.highWaterMark, m.sharePrice);
        m.drawdown = _drawdown(m.sharePrice, m.highWaterMark);
    }

    /// @inheritdoc IRiskEngine
    function volatility(address portfolio, uint256[] calldata values) external view returns (uint256) {
        PortfolioRisk storage p = _registered(portfolio);
        (bytes memory model, uint256 size) = _model(p.universe);
        return _volatility(p, model, size, _weights(values));
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev For every risky asset: inside the limit, or outside before and strictly closer now.
    function _requireWeights(
        PortfolioRisk storage p,
        uint256[] memory before,
        uint256[] memory afterwards
    )
        private
        view
    {
        if (before.length != afterwards.length) revert RiskEngine__LengthMismatch(before.length, afterwards.length);
        uint256 limit = p.limits.maxWeightBps * _BPS_TO_WAD;
        for (uint256 k = 1; k < afterwards.length; ++k) {
            if (afterwards[k] > limit && afterwards[k] >= before[k]) {
                address asset = IPortfolio(msg.sender).assets()[k];
                revert RiskEngine__LimitBreached(Metric.Weight, asset, before[k], afterwards[k], limit);
            }
        }
    }

    /// @dev Entries of a covariance matrix: positive variances, Cauchy-Schwarz for every pair.
    function _requireCovariance(int64[] calldata covariance, uint256 n) private pure {
        if (covariance.length != PackedCovariance.entries(n)) {
            revert RiskEngine__WrongModelSize(covariance.length, PackedCovariance.entries(n));
        }
        uint256[] memory variances = new uint256[](n);
        uint256 index;
        for (uint256 i; i < n; ++i) {
            int64 entry = covariance[index];
            if (entry <= 0) revert RiskEngine__InvalidCovariance(i, i, entry);
            variances[i] = uint64(entry);
            index += n - i;
        }
        index = 0;
        for (uint256 i; i < n; ++i) {
            ++index;
            for (uint256 j = i + 1; j < n; ++j) {
                int256 entry = covariance[index++];
                if (uint256(entry * entry) > variances[i] * variances[j]) {
                    revert RiskEngine__InvalidCovariance(i, j, int64(entry));
                }
            }
        }
    }

    function _requireValid(Limits calldata limits) private pure {
        if (
            limits.maxVar99Bps == 0 || limits.maxVar99Bps > 10_000 || limits.maxWeightBps == 0
                || limits.maxWeightBps > 10_000 || limits.maxDrawdownBps == 0
                || limits.haltDrawdownBps < limits.maxDrawdownBps || limits.haltDrawdownBps > 10_000
        ) revert RiskEngine__InvalidLimits(limits);
    }

    function _setLimits(PortfolioRisk storage p, address portfolio, Limits calldata limits) private {
        _requireValid(limits);
        p.limits = limits;
        emit LimitsChanged(portfolio, limits);
    }

    /// @dev Asset 0 is the settlement token: cash.
    function _sync(PortfolioRisk storage p, address portfolio) private {
        Universe storage u = _storage().universes[p.universe];
        address[] memory assets = IPortfolio(portfolio).assets();
        uint256 packed = _CASH << 248;
        for (uint256 k = 1; k < assets.length; ++k) {
            uint256 indexPlusOne = u.indexPlusOne[assets[k]];
            if (indexPlusOne == 0) revert RiskEngine__AssetNotInUniverse(p.universe, assets[k]);
            packed |= (indexPlusOne - 1) << (248 - 8 * k);
        }
        p.indices = bytes32(packed);
    }

    function _raiseHighWaterMark(
        PortfolioRisk storage p,
        address portfolio,
        uint256 sharePrice
    )
        private
        returns (uint256 drawdown)
    {
        uint256 highWaterMark = p.highWaterMark;
        if (sharePrice > highWaterMark) {
            p.highWaterMark = SafeCastLib.toUint128(sharePrice);
            emit HighWaterMarkRaised(portfolio, sharePrice);
            return 0;
        }
        return _drawdown(sharePrice, highWaterMark);
    }

    /// @dev The stricter of the present state and `target`, which it moves to.
    function _escalate(PortfolioRisk storage p, address portfolio, State target) private returns (State) {
        if (target <= p.state) return p.state;
        p.trippedAt = uint40(block.timestamp);
        if (target == State.Halted) p.held = true;
        _setState(p, portfolio, target, false);
        return target;
    }

    function _setState(PortfolioRisk storage p, address portfolio, State to, bool byGuardian) private {
        emit StateChanged(portfolio, p.state, to, byGuardian);
        p.state = to;
    }

    function _drawdownState(Limits memory limits, uint256 drawdown) private pure returns (State) {
        if (drawdown > limits.haltDrawdownBps * _BPS_TO_WAD) return State.Halted;
        return drawdown > limits.maxDrawdownBps * _BPS_TO_WAD ? State.DeRiskOnly : State.Normal;
    }

    function _firstBreach(
        Limits memory limits,
        Metrics memory m
    )
        private
        pure
        returns (bool breached, Metric metric, uint256 value, uint256 limit)
    {
        limit = limits.maxVar99Bps * _BPS_TO_WAD;
        if (m.var99 > limit) return (true, Metric.Var99, m.var99, limit);
        limit = limits.maxWeightBps * _BPS_TO_WAD;
        if (m.maxWeight > limit) return (true, Metric.Weight, m.maxWeight, limit);
        limit = limits.maxDrawdownBps * _BPS_TO_WAD;
        if (m.drawdown > limit) return (true, Metric.Drawdown, m.drawdown, limit);
        return (false, metric, 0, 0);
    }

    /// @dev WAD of the sum; all zero if the sum is.
    function _weights(uint256[] memory values) private pure returns (uint256[] memory weights) {
        weights = new uint256[](values.length);
        uint256 nav;
        for (uint256 k; k < values.length; ++k) {
            nav += values[k];
        }
        if (nav == 0) return weights;
        for (uint256 k; k < values.length; ++k) {
            weights[k] = FixedPointMathLib.fullMulDiv(values[k], _WAD, nav);
        }
    }

    function _volatility(
        PortfolioRisk storage p,
        bytes memory model,
        uint256 size,
        uint256[] memory weights
    )
        private
        view
        returns (uint256)
    {
        uint256[] memory inUniverse = new uint256[](size);
        bytes32 indices = p.indices;
        for (uint256 k = 1; k < weights.length; ++k) {
            inUniverse[uint8(indices[k])] = weights[k];
        }
        return PackedCovariance.volatility(model, inUniverse);
    }

    function _model(bytes32 universe) private view returns (bytes memory data, uint256 size) {
        ModelInfo storage info = _storage().universes[universe].model;
        (address pointer, uint256 expiry) = (info.pointer, info.expiry);
        if (pointer == address(0)) revert RiskEngine__NoModel(universe);
        if (block.timestamp >= expiry) revert RiskEngine__ModelExpired(universe, expiry);
        return (SSTORE2.read(pointer), info.size);
    }

    function _var(uint256 volatility_, uint256 z) private pure returns (uint256) {
        return FixedPointMathLib.mulWadUp(volatility_, z);
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
