// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {DynamicArrayLib} from "solady/src/utils/DynamicArrayLib.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {WordHash} from "../math/WordHash.sol";
import {Nonces} from "./Nonces.sol";
import {Signals} from "./Signals.sol";
import {TrackingError} from "./TrackingError.sol";
import {TurnoverPolicy} from "./TurnoverPolicy.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";
import {IModelRegistry} from "interfaces/rebalance/IModelRegistry.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Executes signed rebalances
/// @notice See {IAutoRebalancer}.
contract AutoRebalancer is IAutoRebalancer, AccessManagedUpgradeable, UUPSUpgradeable, EIP712 {
    using DynamicArrayLib for uint256[];
    using Nonces for Nonces.Map;
    using TurnoverPolicy for TurnoverPolicy.State;
    using Signals for RebalanceSignal;

    /// @dev Progress of a signal in several parts; the turnover is WAD of NAV.
    struct Progress {
        uint8 parts;
        uint128 turnover;
    }

    /// @custom:storage-location erc7201:quantera.storage.AutoRebalancer
    struct Storage {
        mapping(address portfolio => Nonces.Map) nonces;
        mapping(address portfolio => TurnoverPolicy.State) paces;
        mapping(bytes32 structHash => Progress) progress;
    }

    /// @dev Effects of one transaction, WAD of NAV.
    /// @param outside Index of the first asset that ends outside the band; the number of assets if there is none.
    struct Outcome {
        uint256 turnover;
        uint256 cost;
        uint256 keeperFee;
        uint256 distanceBefore;
        uint256 distanceAfter;
        uint256 outside;
        uint256 part;
        bool done;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.AutoRebalancer")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xc81c81c8ca60f1ee9bd1138c9f6c9cd361ba645f13d239cbdf1ad0caddc76700;

    uint256 private constant _WAD = 1e18;
    address private constant _CHAINLINK_SIMULATOR = 0x1111111111111111111111111111111111111111;

    /// @notice The quorums that sign signals.
    ISignerSets public immutable signerSets;
    /// @notice The models that signals may come from.
    IModelRegistry public immutable modelRegistry;

    // The policy that a portfolio begins with.
    uint16 private immutable _maxTurnoverBps;
    uint32 private immutable _turnoverWindow;
    uint32 private immutable _minInterval;
    uint16 private immutable _keeperFeeBps;

    constructor(
        ISignerSets signerSets_,
        IModelRegistry modelRegistry_,
        Policy memory policy
    )
        EIP712("Quantera AutoRebalancer", "1")
    {
        TurnoverPolicy.requireValid(policy);
        signerSets = signerSets_;
        modelRegistry = modelRegistry_;
        (_maxTurnoverBps, _turnoverWindow) = (policy.maxTurnoverBps, policy.turnoverWindow);
        (_minInterval, _keeperFeeBps) = (policy.minInterval, policy.keeperFeeBps);
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    // -- Execution ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutoRebalancer
    function rebalance(
        RebalanceSignal calldata signal,
        uint256[] calldata orders,
        ISignerSets.Signature[] calldata signatures
    )
        external
    {
        _requireRunnable(signal, orders);
        _requireSigned(signal, signatures);
        _execute(signal, orders, msg.sender);
    }

    /// @inheritdoc IAutoRebalancer
    function estimate(RebalanceSignal calldata signal, uint256[] calldata orders) external returns (Estimate memory) {
        try this.simulate(signal, orders, msg.sender) {}
        catch (bytes memory reason) {
            if (bytes4(reason) == AutoRebalancer__Simulated.selector) return _decoded(reason);
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        // `simulate` does not return.
        assert(false);
    }

    /// @inheritdoc IAutoRebalancer
    function simulate(RebalanceSignal calldata signal, uint256[] calldata orders, address executor) external {
        if (msg.sender != address(this)) revert AutoRebalancer__OnlyItself(msg.sender);
        IPortfolio portfolio = IPortfolio(signal.portfolio);
        IRiskEngine engine = IRiskEngine(portfolio.riskEngine());
        Estimate memory found;
        (,, uint256[] memory values,) = portfolio.positions();
        _requireTargets(signal.targets, values.length);
        found.trackingErrorBefore = TrackingError.between(engine, signal.portfolio, values, signal.targets);
        found.var99Before = engine.metrics(signal.portfolio).var99;

        uint256 gasBefore = gasleft();
        _requireRunnable(signal, orders);
        Outcome memory outcome = _execute(signal, orders, executor);
        found.gas = gasBefore - gasleft();

        (found.turnover, found.cost, found.keeperFee) = (outcome.turnover, outcome.cost, outcome.keeperFee);
        (found.distanceBefore, found.distanceAfter) = (outcome.distanceBefore, outcome.distanceAfter);
        (,, values,) = portfolio.positions();
        found.trackingErrorAfter = TrackingError.between(engine, signal.portfolio, values, signal.targets);
        found.var99After = engine.metrics(signal.portfolio).var99;
        revert AutoRebalancer__Simulated(found);
    }

    /// @inheritdoc IAutoRebalancer
    function checkUpkeep(bytes calldata checkData) external returns (bool upkeepNeeded, bytes memory performData) {
        if (tx.origin != address(0) && tx.origin != _CHAINLINK_SIMULATOR) {
            revert AutoRebalancer__OnlySimulated(tx.origin);
        }
        try this.performUpkeep(checkData) {
            upkeepNeeded = true;
        } catch {}
        performData = checkData;
    }

    /// @inheritdoc IAutoRebalancer
    function performUpkeep(bytes calldata performData) external {
        (RebalanceSignal calldata signal, uint256[] calldata orders, ISignerSets.Signature[] calldata signatures) =
            _arguments(performData);
        _requireRunnable(signal, orders);
        _requireSigned(signal, signatures);
        _execute(signal, orders, address(0));
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutoRebalancer
    function cancelNonce(address portfolio, uint256 nonce) external restricted {
        _cancel(portfolio, nonce);
    }

    /// @inheritdoc IAutoRebalancer
    function cancelSigned(address portfolio, uint256 nonce, ISignerSets.Signature[] calldata signatures) external {
        signerSets.requireQuorum(_setOf(portfolio), hashCancellation(portfolio, nonce), signatures);
        _cancel(portfolio, nonce);
    }

    /// @inheritdoc IAutoRebalancer
    function setPolicy(address portfolio, Policy calldata policy) external restricted {
        _setPolicy(portfolio, policy);
    }

    /// @inheritdoc IAutoRebalancer
    function tightenPolicy(address portfolio, Policy calldata policy) external restricted {
        Policy memory current = policyOf(portfolio);
        if (!TurnoverPolicy.isTighter(current, policy)) revert AutoRebalancer__NotTighter(current, policy);
        _setPolicy(portfolio, policy);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IAutoRebalancer
    function policyOf(address portfolio) public view returns (Policy memory) {
        TurnoverPolicy.State storage own = _storage().paces[portfolio];
        return own.maxTurnoverBps == 0
            ? Policy(_maxTurnoverBps, _turnoverWindow, _minInterval, _keeperFeeBps)
            : Policy(own.maxTurnoverBps, own.turnoverWindow, own.minInterval, own.keeperFeeBps);
    }

    /// @inheritdoc IAutoRebalancer
    function paceOf(address portfolio) external view returns (uint256 level, uint256 capacity, uint256 startedAt) {
        TurnoverPolicy.State storage pace = _storage().paces[portfolio];
        (level, capacity) = pace.bucket(policyOf(portfolio));
        startedAt = pace.startedAt;
    }

    /// @inheritdoc IAutoRebalancer
    function progressOf(RebalanceSignal calldata signal) external view returns (uint256 parts, uint256 turnover) {
        Progress memory progress = _storage().progress[signal.structHash()];
        return (progress.parts, progress.turnover);
    }

    /// @inheritdoc IAutoRebalancer
    function isNonceUsed(address portfolio, uint256 nonce) external view returns (bool) {
        return _storage().nonces[portfolio].isSpent(nonce);
    }

    /// @inheritdoc IAutoRebalancer
    function hashSignal(RebalanceSignal calldata signal) public view returns (bytes32) {
        return _hashTypedDataV4(signal.structHash());
    }

    /// @inheritdoc IAutoRebalancer
    function hashCancellation(address portfolio, uint256 nonce) public view returns (bytes32) {
        return _hashTypedDataV4(Signals.cancellation(portfolio, nonce));
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _requireSigned(RebalanceSignal calldata signal, ISignerSets.Signature[] calldata signatures) private view {
        signerSets.requireQuorum(_setOf(signal.portfolio), hashSignal(signal), signatures);
    }

    /// @dev Executes what follows the checks of the signatures.
    /// @param executor Account that gets the keeper's fee; address zero for nobody.
    function _execute(
        RebalanceSignal calldata signal,
        uint256[] calldata orders,
        address executor
    )
        private
        returns (Outcome memory outcome)
    {
        Storage storage $ = _storage();
        address portfolio = signal.portfolio;
        Nonces.Map storage nonces = $.nonces[portfolio];
        Policy memory policy = policyOf(portfolio);
        Progress storage kept = $.progress[signal.maxParts > 1 ? signal.structHash() : bytes32(0)];
        Progress memory progress = signal.maxParts > 1 ? kept : Progress(0, 0);
        bool first = progress.parts == 0;
        if (first && nonces.isHeld(signal.nonce)) revert AutoRebalancer__NonceUsed(portfolio, signal.nonce);

        // Effects: spent until it turns out that more parts are to come.
        nonces.spend(signal.nonce);

        // Interactions; their outcome decides. The portfolio lets nobody in while they last.
        IPortfolio.Execution memory execution = IPortfolio(portfolio)
            .execute(
                orders,
                IPortfolio.TradeLimits(
                    signal.assetsHash, signal.maxSlippageBps, executor == address(0) ? 0 : policy.keeperFeeBps, executor
                )
            );
        outcome = _judge(signal, execution);

        // Effects of the outcome
        outcome.part = ++progress.parts;
        progress.turnover += uint128(outcome.turnover);
        if (progress.turnover > signal.maxTurnoverBps * TurnoverPolicy.BPS_TO_WAD) {
            revert AutoRebalancer__TurnoverAboveSignal(progress.turnover, signal.maxTurnoverBps);
        }
        $.paces[portfolio].charge(policy, portfolio, outcome.turnover, first);
        _requireProgress(signal, execution, outcome);
        if (!outcome.done) nonces.hold(signal.nonce);
        if (signal.maxParts > 1) (kept.parts, kept.turnover) = (progress.parts, progress.turnover);
        emit Rebalanced(
            portfolio,
            signal.nonce,
            signal.modelId,
            executor,
            outcome.distanceBefore,
            outcome.distanceAfter,
            outcome.turnover,
            outcome.part,
            outcome.done
        );
    }

    function _requireRunnable(RebalanceSignal calldata signal, uint256[] calldata orders) private view {
        if (block.timestamp < signal.validFrom) {
            revert AutoRebalancer__NotYetValid(signal.validFrom, block.timestamp);
        }
        if (block.timestamp > signal.validUntil) revert AutoRebalancer__Expired(signal.validUntil, block.timestamp);
        if (orders.length == 0) revert AutoRebalancer__NoOrders();
        if (signal.maxParts == 0) revert AutoRebalancer__NoParts();
        if (signal.ordersHash != 0) {
            bytes32 ordersHash = WordHash.hash(orders);
            if (ordersHash != signal.ordersHash) revert AutoRebalancer__WrongOrders(ordersHash, signal.ordersHash);
        }
        if (_storage().nonces[signal.portfolio].isSpent(signal.nonce)) {
            revert AutoRebalancer__NonceUsed(signal.portfolio, signal.nonce);
        }
        modelRegistry.requireLive(signal.modelId);
    }

    /// @dev Returns the effects of the trades, and reverts if the whole lost more than was signed.
    function _judge(
        RebalanceSignal calldata signal,
        IPortfolio.Execution memory execution
    )
        private
        pure
        returns (Outcome memory outcome)
    {
        (uint256[] memory valuesBefore, uint256[] memory valuesAfter) = (execution.valuesBefore, execution.valuesAfter);
        uint256[] memory targets = signal.targets;
        _requireTargets(targets, valuesAfter.length);
        (uint256 navBefore, uint256 navAfter, uint256 moved) = (0, 0, 0);
        for (uint256 k; k < valuesAfter.length; ++k) {
            (uint256 before, uint256 afterwards) = (valuesBefore[k], valuesAfter.get(k));
            // The portfolio has added them up before.
            unchecked {
                navBefore += before;
                navAfter += afterwards;
                moved += FixedPointMathLib.dist(before, afterwards);
            }
        }
        uint256 band = signal.bandBps * TurnoverPolicy.BPS_TO_WAD;
        (outcome.distanceBefore,) = _distance(valuesBefore, navBefore, targets, band);
        (outcome.distanceAfter, outcome.outside) = _distance(valuesAfter, navAfter, targets, band);
        uint256 turnover = FixedPointMathLib.fullMulDivUp(moved, _WAD, 2 * navBefore);
        uint256 cost =
            FixedPointMathLib.fullMulDivUp(FixedPointMathLib.zeroFloorSub(navBefore, navAfter), _WAD, navBefore);
        uint256 keeperFee = FixedPointMathLib.fullMulDiv(execution.fee, _WAD, navBefore);
        (outcome.turnover, outcome.cost, outcome.keeperFee) = (turnover, cost, keeperFee);
        // The amount sold is half of the turnover and half of the loss on the way.
        uint256 traded = turnover + cost / 2 + 1;
        uint256 most = FixedPointMathLib.fullMulDivUp(traded, signal.maxSlippageBps * TurnoverPolicy.BPS_TO_WAD, _WAD)
            + keeperFee + 1;
        if (cost > most) revert AutoRebalancer__TooCostly(cost, most);
    }

    /// @dev Reverts unless every weight is inside the band, or so much closer that the remaining parts may reach it.
    function _requireProgress(
        RebalanceSignal calldata signal,
        IPortfolio.Execution memory execution,
        Outcome memory outcome
    )
        private
        view
    {
        (uint256 before, uint256 afterwards) = (outcome.distanceBefore, outcome.distanceAfter);
        if (afterwards >= before) revert AutoRebalancer__NotCloser(before, afterwards);
        uint256 outside = outcome.outside;
        outcome.done = outside == execution.valuesAfter.length;
        if (outcome.done) return;
        if (outcome.part >= signal.maxParts) {
            uint256 nav = _sum(execution.valuesAfter);
            uint256 weight = FixedPointMathLib.fullMulDiv(execution.valuesAfter[outside], _WAD, nav);
            address asset = IPortfolio(signal.portfolio).assets()[outside];
            revert AutoRebalancer__OutsideBand(asset, weight, signal.targets[outside], signal.bandBps);
        }
        uint256 share = before / (2 * (signal.maxParts - outcome.part + 1));
        if (before - afterwards < share) revert AutoRebalancer__NotCloser(before, afterwards);
    }

    /// @param values WAD USD, no fewer than targets.
    /// @param targets WAD of NAV, as `_requireTargets` lets them through.
    /// @param band WAD.
    /// @return sum Sum of |weight - target|, WAD.
    /// @return outside Index of the first asset outside the band; the number of assets if there is none.
    function _distance(
        uint256[] memory values,
        uint256 nav,
        uint256[] memory targets,
        uint256 band
    )
        private
        pure
        returns (uint256 sum, uint256 outside)
    {
        outside = targets.length;
        for (uint256 k; k < targets.length; ++k) {
            uint256 weight = FixedPointMathLib.fullMulDiv(values.get(k), _WAD, nav);
            uint256 off = FixedPointMathLib.dist(weight, targets.get(k));
            // Weights and targets are at most 1e18 each.
            unchecked {
                sum += off;
            }
            if (off > band && outside == targets.length) outside = k;
        }
    }

    function _requireTargets(uint256[] memory targets, uint256 count) private pure {
        if (targets.length != count) revert AutoRebalancer__WrongTargetCount(targets.length, count);
        uint256 sum;
        for (uint256 k; k < count; ++k) {
            sum += targets.get(k);
        }
        if (sum != _WAD) revert AutoRebalancer__TargetsDoNotSum(sum);
    }

    function _sum(uint256[] memory values) private pure returns (uint256 total) {
        for (uint256 k; k < values.length; ++k) {
            total += values[k];
        }
    }

    function _cancel(address portfolio, uint256 nonce) private {
        _storage().nonces[portfolio].spend(nonce);
        emit NonceCancelled(portfolio, nonce, msg.sender);
    }

    function _setPolicy(address portfolio, Policy calldata policy) private {
        TurnoverPolicy.requireValid(policy);
        _storage().paces[portfolio].setPolicy(policyOf(portfolio), policy);
        emit PolicySet(portfolio, policy);
    }

    /// @dev Returns the ABI-encoded arguments of `rebalance`, where they lie in calldata.
    function _arguments(bytes calldata data)
        private
        pure
        returns (
            RebalanceSignal calldata signal,
            uint256[] calldata orders,
            ISignerSets.Signature[] calldata signatures
        )
    {
        assembly ("memory-safe") {
            let head := data.offset
            signal := add(head, calldataload(head))
            let list := add(head, calldataload(add(head, 0x20)))
            orders.offset := add(list, 0x20)
            orders.length := calldataload(list)
            list := add(head, calldataload(add(head, 0x40)))
            signatures.offset := add(list, 0x20)
            signatures.length := calldataload(list)
        }
    }

    /// @dev Returns the estimate in the data of a revert.
    function _decoded(bytes memory reason) private pure returns (Estimate memory) {
        assembly ("memory-safe") {
            let size := sub(mload(reason), 4)
            reason := add(reason, 4)
            mstore(reason, size)
        }
        return abi.decode(reason, (Estimate));
    }

    /// @dev Returns the id of the signer set of a portfolio.
    function _setOf(address portfolio) private pure returns (bytes32) {
        return bytes32(uint256(uint160(portfolio)));
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
