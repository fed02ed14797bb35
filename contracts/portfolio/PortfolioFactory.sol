// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {Portfolio} from "./Portfolio.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IShareBook} from "interfaces/portfolio/IShareBook.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Creates and governs portfolios
/// @notice See {IPortfolioFactory}.
contract PortfolioFactory is IPortfolioFactory, AccessManaged {
    struct Budget {
        uint16 bps;
        uint40 window;
    }

    /// @inheritdoc IPortfolioFactory
    address public immutable implementation;
    IRiskEngine private immutable _riskEngine;
    IAutomatedComplianceEngine private immutable _compliance;
    IShareBook private immutable _shareBook;

    /// @inheritdoc IPortfolioFactory
    mapping(address portfolio => bool) public isPortfolio;
    mapping(address portfolio => Budget) private _budgets;

    constructor(
        address authority_,
        address oracle,
        IRiskEngine riskEngine,
        address aggregator,
        address rebalancer,
        IAutomatedComplianceEngine compliance,
        IShareBook shareBook
    )
        AccessManaged(authority_)
    {
        _riskEngine = riskEngine;
        _compliance = compliance;
        _shareBook = shareBook;
        implementation = address(new Portfolio(oracle, address(riskEngine), aggregator, rebalancer, address(shareBook)));
    }

    /// @inheritdoc IPortfolioFactory
    function createPortfolio(PortfolioParams calldata params) external restricted returns (address portfolio) {
        portfolio = Clones.cloneDeterministic(implementation, params.salt);
        isPortfolio[portfolio] = true;
        _budgets[portfolio] = Budget(params.init.lossBudgetBps, params.init.lossWindow);

        IPortfolio.InitParams memory init = params.init;
        init.compliance = params.restricted ? address(_compliance) : address(0);
        if (params.restricted) _compliance.openRules(portfolio, params.countries, params.classes);
        IPortfolio(portfolio).initialize(init);
        _shareBook.open(portfolio, params.fees, params.policy);
        _riskEngine.registerPortfolio(portfolio, params.universe, params.limits);
        emit PortfolioCreated(portfolio, init.settlement, params.universe);
    }

    /// @inheritdoc IPortfolioFactory
    function listAsset(address portfolio, address asset) external restricted {
        _existing(portfolio).listAsset(asset);
    }

    /// @inheritdoc IPortfolioFactory
    function unlistAsset(address portfolio, address asset) external restricted {
        _existing(portfolio).unlistAsset(asset);
    }

    /// @inheritdoc IPortfolioFactory
    function setLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) external restricted {
        _setLossBudget(portfolio, lossBudgetBps, lossWindow);
    }

    /// @inheritdoc IPortfolioFactory
    function tightenLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) external restricted {
        Budget memory current = _budgets[portfolio];
        if (lossBudgetBps > current.bps || lossWindow < current.window) {
            revert PortfolioFactory__NotTighter(current.bps, current.window, lossBudgetBps, lossWindow);
        }
        _setLossBudget(portfolio, lossBudgetBps, lossWindow);
    }

    /// @inheritdoc IPortfolioFactory
    function addressOf(bytes32 salt) external view returns (address) {
        return Clones.predictDeterministicAddress(implementation, salt);
    }

    function _setLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) private {
        IPortfolio target = _existing(portfolio);
        _budgets[portfolio] = Budget(lossBudgetBps, lossWindow);
        target.setLossBudget(lossBudgetBps, lossWindow);
    }

    function _existing(address portfolio) private view returns (IPortfolio) {
        if (!isPortfolio[portfolio]) revert PortfolioFactory__NotAPortfolio(portfolio);
        return IPortfolio(portfolio);
    }
}
