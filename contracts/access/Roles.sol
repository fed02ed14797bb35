// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Role ids of the protocol's one AccessManager
/// @notice The timelock of a role is the execution delay with which an account holds it. A role that tightens is held
/// without a delay; its `_DELAYED` twin is held by the same people with the delay that loosening has to wait out.
library Roles {
    /// @dev OpenZeppelin's ADMIN_ROLE: maps functions to roles, grants roles, upgrades proxies, sets feeds. At worst:
    /// everything.
    uint64 internal constant ADMIN = 0;
    /// @dev Reduces risk only: de-risk, shut down, delist a pool, revoke a signer, pause a token, lower a deposit cap.
    /// At worst: trading and deposits stop.
    uint64 internal constant GUARDIAN = 1;
    /// @dev Creates, mints and burns regulated tokens. At worst: dilutes the tokens that it issues.
    uint64 internal constant ISSUER = 2;
    /// @dev Registers and freezes identities, sanctions accounts, narrows rules, forces transfers and recovers wallets.
    /// At worst: freezes or sanctions every holder; or admits an account of its own and moves every regulated token
    /// there, at once. What it seizes stays among accounts that the rules admit, and logged.
    uint64 internal constant COMPLIANCE_OFFICER = 3;
    /// @dev Creates portfolios, tightens limits and share policies, lowers fees, unlists assets. At worst: a portfolio
    /// that trades too little, takes no deposits, and pays in cash only while its price moves by less than 1% per day.
    uint64 internal constant MANAGER = 4;
    /// @dev Adds signers to signer sets. At worst, after its delay: a quorum that is bounded by I1-I3.
    uint64 internal constant KEEPER_REGISTRAR = 5;
    /// @dev Widens compliance rules.
    uint64 internal constant COMPLIANCE_OFFICER_DELAYED = 6;
    /// @dev Loosens limits, lists pools and assets, creates universes, raises fees within the protocol's caps.
    uint64 internal constant MANAGER_DELAYED = 7;
    /// @dev Held by the factories alone: registers what they have just created.
    uint64 internal constant FACTORY = 8;
    /// @dev Trips a breaker with one look instead of two. At worst: de-risk only, by a market that was pushed for a
    /// block.
    uint64 internal constant KEEPER = 9;
    /// @dev Held by RiskReports alone: tells the RiskEngine the time until which a report counts.
    uint64 internal constant RISK_REPORTS = 20;
}
