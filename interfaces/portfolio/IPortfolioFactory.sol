// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IShareBook} from "interfaces/portfolio/IShareBook.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Creates and governs portfolios
/// @notice The one place through which a portfolio's settings change, so that one role mapping and one timelock serve all clones.
interface IPortfolioFactory {
    /// @param init What the portfolio is; its `compliance` is ignored and set from `restricted`.
    /// @param fees What holders pay.
    /// @param policy How shares may be dealt in.
    /// @param universe Covariance universe that holds every asset but the settlement token.
    /// @param limits Risk limits.
    /// @param restricted Whether shares move under compliance rules.
    /// @param countries Of the share rules, if restricted.
    /// @param classes Of the share rules, if restricted.
    struct PortfolioParams {
        IPortfolio.InitParams init;
        IShareBook.FeeTerms fees;
        IShareBook.Policy policy;
        bytes32 universe;
        IRiskEngine.Limits limits;
        bool restricted;
        uint16[] countries;
        uint8 classes;
        bytes32 salt;
    }

    event PortfolioCreated(address indexed portfolio, address indexed settlement, bytes32 indexed universe);

    error PortfolioFactory__NotAPortfolio(address portfolio);
    error PortfolioFactory__NotTighter(
        uint16 currentBps, uint40 currentWindow, uint16 proposedBps, uint40 proposedWindow
    );

    /// @notice Creates a portfolio, its share rules and its risk limits. Role: MANAGER.
    function createPortfolio(PortfolioParams calldata params) external returns (address portfolio);

    /// @notice Adds an asset that has a feed and is in the universe. Role: MANAGER_DELAYED.
    function listAsset(address portfolio, address asset) external;

    /// @notice Drops an asset that is no longer held. Role: MANAGER.
    function unlistAsset(address portfolio, address asset) external;

    /// @notice Sets a loss budget. Role: MANAGER_DELAYED.
    function setLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) external;

    /// @notice Lowers a loss budget or lengthens its window at once; neither may loosen. Role: MANAGER.
    function tightenLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) external;

    /// @return Where `createPortfolio` puts the portfolio of this salt.
    function addressOf(bytes32 salt) external view returns (address);

    function isPortfolio(address portfolio) external view returns (bool);
    function implementation() external view returns (address);
}
