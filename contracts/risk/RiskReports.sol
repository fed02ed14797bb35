// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {ICovarianceModels} from "interfaces/risk/ICovarianceModels.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";
import {IRiskReports} from "interfaces/risk/IRiskReports.sol";

/// @title Signed risk reports of portfolios, with their history
/// @notice See {IRiskReports}.
contract RiskReports is IRiskReports, AccessManagedUpgradeable, UUPSUpgradeable, EIP712 {
    struct History {
        uint64 nonce;
        uint40 asOf;
        mapping(uint64 nonce => address) pointers;
    }

    /// @custom:storage-location erc7201:quantera.storage.RiskReports
    struct Storage {
        mapping(address portfolio => History) histories;
    }

    // keccak256(abi.encode(uint256(keccak256("quantera.storage.RiskReports")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant _STORAGE = 0xf666ddbd5d97db4c0a0a6612796332f97f02713dac2525a842005c51c6d2e100;

    bytes32 private constant _REPORT_TYPEHASH = keccak256(
        "RiskReport(address portfolio,uint64 nonce,uint40 asOf,uint40 expiry,uint64 modelNonce,bytes32 modelHash,uint64 volatility,uint64 var95,uint64 var99,uint64[9] monteCarloVar,uint64[9] monteCarloEs,bytes32[] scenarios,int64[] stressLosses)"
    );
    uint256 private constant _WHOLE_BPS = 10_000;
    uint256 private constant _MAX_SCENARIOS = 32;
    uint256 private constant _CONFIDENCES = 3;

    /// @notice The quorums that sign reports.
    ISignerSets public immutable signerSets;
    /// @notice The engine whose numbers a report has to agree with.
    IRiskEngine public immutable engine;
    /// @notice The contract that knows the present model of a universe.
    ICovarianceModels public immutable models;
    /// @notice Maximum relative difference of a parametric number, basis points.
    uint256 public immutable toleranceBps;
    /// @notice Maximum number of seconds between a report's `asOf` and its `expiry`.
    uint256 public immutable maxLifetime;

    constructor(
        ISignerSets signerSets_,
        IRiskEngine engine_,
        ICovarianceModels models_,
        uint256 toleranceBps_,
        uint256 maxLifetime_
    )
        EIP712("Quantera RiskReports", "1")
    {
        if (toleranceBps_ == 0 || toleranceBps_ >= _WHOLE_BPS || maxLifetime_ == 0) {
            revert RiskReports__InvalidTerms(toleranceBps_, maxLifetime_);
        }
        (signerSets, engine, models) = (signerSets_, engine_, models_);
        (toleranceBps, maxLifetime) = (toleranceBps_, maxLifetime_);
        _disableInitializers();
    }

    function initialize(address authority_) external initializer {
        __AccessManaged_init(authority_);
    }

    /// @inheritdoc IRiskReports
    function postReport(RiskReport calldata report, ISignerSets.Signature[] calldata signatures) external {
        // Checks
        History storage history = _storage().histories[report.portfolio];
        if (report.nonce != history.nonce + 1) revert RiskReports__WrongNonce(report.nonce, history.nonce + 1);
        if (
            report.asOf <= history.asOf || report.asOf > block.timestamp || report.expiry <= block.timestamp
                || report.expiry - report.asOf > maxLifetime
        ) revert RiskReports__BadTimes(report.asOf, report.expiry, block.timestamp, history.asOf);
        _requireCoherent(report);
        bytes32 universe = engine.universeOf(report.portfolio);
        uint64 modelNonce = models.currentModel(universe).nonce;
        if (report.modelNonce != modelNonce) revert RiskReports__WrongModel(report.modelNonce, modelNonce);
        signerSets.requireQuorum(universe, hashReport(report), signatures);
        IRiskEngine.Metrics memory m = engine.metrics(report.portfolio);
        _requireAgreement(0, report.volatility, m.volatility);
        _requireAgreement(1, report.var95, m.var95);
        _requireAgreement(2, report.var99, m.var99);

        // Effects
        address pointer = SSTORE2.write(abi.encode(report));
        (history.nonce, history.asOf) = (report.nonce, report.asOf);
        history.pointers[report.nonce] = pointer;
        emit ReportPosted(report.portfolio, report.nonce, report.asOf, report.expiry, pointer);

        // Interactions
        engine.noteReport(report.portfolio, report.expiry);
    }

    /// @inheritdoc IRiskReports
    function hashReport(RiskReport calldata report) public view returns (bytes32) {
        bytes memory head = abi.encode(
            _REPORT_TYPEHASH,
            report.portfolio,
            report.nonce,
            report.asOf,
            report.expiry,
            report.modelNonce,
            report.modelHash,
            report.volatility,
            report.var95,
            report.var99
        );
        return _hashTypedDataV4(
            keccak256(
                abi.encodePacked(
                    head,
                    keccak256(abi.encode(report.monteCarloVar)),
                    keccak256(abi.encode(report.monteCarloEs)),
                    keccak256(abi.encodePacked(report.scenarios)),
                    keccak256(abi.encodePacked(report.stressLosses))
                )
            )
        );
    }

    /// @inheritdoc IRiskReports
    function latestOf(address portfolio) external view returns (uint64) {
        return _storage().histories[portfolio].nonce;
    }

    /// @inheritdoc IRiskReports
    function reportAt(address portfolio, uint64 nonce) external view returns (RiskReport memory) {
        address pointer = _storage().histories[portfolio].pointers[nonce];
        if (pointer == address(0)) revert RiskReports__NoReport(portfolio, nonce);
        return abi.decode(SSTORE2.read(pointer), (RiskReport));
    }

    /// @dev Checks I7, relative to the chain's own number.
    function _requireAgreement(uint256 number, uint256 reported, uint256 computed) private view {
        if (FixedPointMathLib.dist(reported, computed) * _WHOLE_BPS > computed * toleranceBps) {
            revert RiskReports__Disagrees(number, reported, computed, toleranceBps);
        }
    }

    function _requireCoherent(RiskReport calldata report) private pure {
        uint256 count = report.scenarios.length;
        if (count != report.stressLosses.length || count > _MAX_SCENARIOS) {
            revert RiskReports__StressMismatch(count, report.stressLosses.length);
        }
        for (uint256 i; i < report.monteCarloVar.length; ++i) {
            uint64 quantile = report.monteCarloVar[i];
            bool falls = i % _CONFIDENCES != 0 && quantile < report.monteCarloVar[i - 1];
            if (falls || report.monteCarloEs[i] < quantile) {
                revert RiskReports__Incoherent(i, quantile, report.monteCarloEs[i]);
            }
        }
    }

    function _storage() private pure returns (Storage storage $) {
        bytes32 slot = _STORAGE;
        assembly {
            $.slot := slot
        }
    }

    function _authorizeUpgrade(address) internal override restricted {}
}
