// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {ISignerSets} from "interfaces/access/ISignerSets.sol";

/// @title Signed risk reports of portfolios, with their history
/// @notice Numbers that a chain cannot compute (Monte Carlo, stress) are signed by the universe's quorum and kept. The
/// parametric part of a report has to agree with the chain's own numbers at live prices (I7): a desk that looks at
/// another portfolio, other prices or another model is refused. The first report obliges: when one lapses, the
/// portfolio's state degrades.
interface IRiskReports {
    /// @param nonce One more than the last accepted for the portfolio.
    /// @param asOf Unix seconds; newer than the last accepted, not in the future.
    /// @param expiry Unix seconds until which it counts.
    /// @param modelNonce Nonce of the universe's present model.
    /// @param modelHash keccak256 of a description of the desk's simulation: code, seed, scenarios.
    /// @param volatility Parametric, daily, WAD of NAV.
    /// @param var95 Parametric, one day, WAD of NAV.
    /// @param var99 Parametric, one day, WAD of NAV.
    /// @param monteCarloVar WAD of NAV; 1, 5, 10 days, each at 95%, 99%, 99.9%.
    /// @param monteCarloEs Expected shortfall at the same horizons and levels, WAD of NAV.
    /// @param scenarios Stress scenarios by name, at most 32.
    /// @param stressLosses WAD of NAV, one per scenario; negative is a gain.
    struct RiskReport {
        address portfolio;
        uint64 nonce;
        uint40 asOf;
        uint40 expiry;
        uint64 modelNonce;
        bytes32 modelHash;
        uint64 volatility;
        uint64 var95;
        uint64 var99;
        uint64[9] monteCarloVar;
        uint64[9] monteCarloEs;
        bytes32[] scenarios;
        int64[] stressLosses;
    }

    event ReportPosted(address indexed portfolio, uint64 nonce, uint40 asOf, uint40 expiry, address pointer);

    error RiskReports__InvalidTerms(uint256 toleranceBps, uint256 maxLifetime);
    error RiskReports__WrongNonce(uint64 nonce, uint64 expected);
    error RiskReports__BadTimes(uint40 asOf, uint40 expiry, uint256 timestamp, uint40 lastAsOf);
    error RiskReports__WrongModel(uint64 modelNonce, uint64 expected);
    error RiskReports__StressMismatch(uint256 scenarios, uint256 losses);
    /// @dev VaR grows with confidence, and shortfall is at least VaR.
    error RiskReports__Incoherent(uint256 index, uint64 monteCarloVar, uint64 monteCarloEs);
    /// @param number 0 volatility, 1 VaR 95%, 2 VaR 99%.
    error RiskReports__Disagrees(uint256 number, uint256 reported, uint256 computed, uint256 toleranceBps);
    error RiskReports__NoReport(address portfolio, uint64 nonce);

    /// @notice Accepts a report signed by the quorum of the portfolio's universe; anyone may send it.
    function postReport(RiskReport calldata report, ISignerSets.Signature[] calldata signatures) external;

    /// @return EIP-712 digest that signers of this report sign.
    function hashReport(RiskReport calldata report) external view returns (bytes32);

    /// @return Nonce of the last accepted report; 0 before the first.
    function latestOf(address portfolio) external view returns (uint64);

    /// @return Any accepted report.
    function reportAt(address portfolio, uint64 nonce) external view returns (RiskReport memory);
}
