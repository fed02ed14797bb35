// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Float128} from "../math/Float128.sol";
import {RunningMoments} from "../math/RunningMoments.sol";
import {RiskLimits} from "./RiskLimits.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPerformanceRegistry} from "interfaces/risk/IPerformanceRegistry.sol";

/// @title Realised performance of portfolios
/// @notice See {IPerformanceRegistry}.
contract PerformanceRegistry is IPerformanceRegistry, AccessManagedUpgradeable, UUPSUpgradeable {
    using Float128 for uint128;
    using RunningMoments for RunningMoments.Moments;
    using RunningMoments for RunningMoments.Pairs;

    /// @param takenAt Unix seconds of the last checkpoint.
    /// @param sharePrice Share price at the last checkpoint, WAD, as {Float128} packs it; 0 if too little was in the
    /// portfolio.
    /// @param benchmarkPrice Benchmark's price at the last checkpoint, WAD USD, as {Float128} packs it; 0 if none was
    /// available.
    struct Account {
        uint40 takenAt;
        uint128 sharePrice;
        RunningMoments.Moments moments;
        address benchmark;
        uint128 benchmarkPrice;
        RunningMoments.Pairs pairs;
    }

    /// @custom:storage-location erc7201:quantera.storage.PerformanceRegistry
    struct Storage {
        mapping(address portfolio => Account) accounts;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.PerformanceRegistry")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xe9b4e7ea71251f2efba7bb7328a04a7b760bbceb1fe727fa9235911b0d14ad00;

    uint256 private constant _WAD = 1e18;
    uint256 private constant _MIN_INTERVAL = 20 hours;
    /// @dev WAD settlement tokens, the same worth from which {FeeManager} guards the price.
    uint256 private constant _MIN_WORTH = 1000e18;
    /// @dev sqrt(365), WAD.
    int256 private constant _YEAR = 19.104973174542800179e18;

    /// @notice The oracle that prices benchmarks.
    IPriceOracle public immutable oracle;

    constructor(IPriceOracle oracle_) {
        oracle = oracle_;
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IPerformanceRegistry
    function checkpoint(address portfolio) external {
        Account storage a = _storage().accounts[portfolio];
        uint256 last = a.takenAt;
        if (!_due(last)) revert PerformanceRegistry__TooSoon(portfolio, last + _MIN_INTERVAL);

        uint256 sharePrice = _sharePriceOf(IPortfolio(portfolio));
        uint256 benchmarkPrice = _priceOf(a.benchmark);
        int256 daily;
        // A price of zero has no return; the next one starts anew.
        if (a.sharePrice != 0 && sharePrice != 0) {
            daily = _dailyReturn(a.sharePrice.unpack(), sharePrice, block.timestamp - last);
            a.moments = a.moments.add(daily);
            if (a.benchmarkPrice != 0 && benchmarkPrice != 0) {
                int256 other = _dailyReturn(a.benchmarkPrice.unpack(), benchmarkPrice, block.timestamp - last);
                a.pairs = a.pairs.add(daily, other);
            }
        }
        (a.takenAt, a.sharePrice) = (uint40(block.timestamp), Float128.packDown(sharePrice));
        a.benchmarkPrice = Float128.packDown(benchmarkPrice);
        emit Checkpointed(portfolio, sharePrice, daily);
    }

    /// @inheritdoc IPerformanceRegistry
    function setBenchmark(address portfolio, address benchmark) external restricted {
        Account storage a = _storage().accounts[portfolio];
        a.benchmark = benchmark;
        a.benchmarkPrice = 0;
        delete a.pairs;
        emit BenchmarkSet(portfolio, benchmark);
    }

    /// @inheritdoc IPerformanceRegistry
    function resetObservations(address portfolio) external restricted {
        Account storage a = _storage().accounts[portfolio];
        (a.sharePrice, a.benchmarkPrice) = (0, 0);
        delete a.moments;
        delete a.pairs;
        emit ObservationsReset(portfolio);
    }

    /// @inheritdoc IPerformanceRegistry
    function due(address portfolio) external view returns (bool) {
        return _due(_storage().accounts[portfolio].takenAt);
    }

    /// @inheritdoc IPerformanceRegistry
    function benchmarkOf(address portfolio) external view returns (address) {
        return _storage().accounts[portfolio].benchmark;
    }

    /// @inheritdoc IPerformanceRegistry
    function statsOf(address portfolio) external view returns (Stats memory s) {
        Account storage a = _storage().accounts[portfolio];
        RunningMoments.Moments memory m = a.moments;
        RunningMoments.Pairs memory p = a.pairs;
        (s.observations, s.asOf, s.pairs) = (m.count, a.takenAt, p.count);
        if (m.count < RiskLimits.MIN_OBSERVATIONS) return s;
        (s.mean, s.deviation, s.realisedVolatility) = (m.mean, m.deviation(), m.ewmaDeviation());
        if (s.deviation != 0) s.sharpe = s.mean * _YEAR / int256(s.deviation);
        if (p.count >= RiskLimits.MIN_OBSERVATIONS) s.beta = p.slope();
    }

    function _due(uint256 last) private view returns (bool) {
        return last == 0 || block.timestamp >= last + _MIN_INTERVAL;
    }

    /// @return sharePrice WAD; 0 where holders' shares are worth so little that a stranger's gift moves their price.
    function _sharePriceOf(IPortfolio portfolio) private view returns (uint256 sharePrice) {
        sharePrice = portfolio.sharePrice();
        uint256 worth = FixedPointMathLib.fullMulDiv(portfolio.totalSupply(), sharePrice, 10 ** portfolio.decimals());
        if (worth < _MIN_WORTH) return 0;
    }

    /// @return WAD; 0 without a benchmark or while its price is refused.
    function _priceOf(address benchmark) private view returns (uint256) {
        if (benchmark == address(0)) return 0;
        try oracle.price(benchmark) returns (uint256 wad) {
            return wad;
        } catch {
            return 0;
        }
    }

    /// @return The return over `elapsed` seconds as the return of one day, r / sqrt(t), WAD.
    function _dailyReturn(uint256 before, uint256 afterwards, uint256 elapsed) private pure returns (int256) {
        int256 simple = int256(FixedPointMathLib.fullMulDiv(afterwards, _WAD, before)) - int256(_WAD);
        simple = RunningMoments.clip(simple);
        return simple * int256(FixedPointMathLib.sqrt(_WAD * _WAD * 1 days / elapsed)) / int256(_WAD);
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
