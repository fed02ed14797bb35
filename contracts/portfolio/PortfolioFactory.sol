// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {SafeCallToken} from "../calls/SafeCallToken.sol";
import {AsyncVault} from "./AsyncVault.sol";
import {Portfolio} from "./Portfolio.sol";
import {RedemptionQueue} from "./RedemptionQueue.sol";
import {RegulatedAsset} from "./RegulatedAsset.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Creates and governs portfolios
/// @notice See {IPortfolioFactory}.
contract PortfolioFactory is IPortfolioFactory, AccessManaged {
    uint256 private constant _BPS = 10_000;
    /// @dev WAD USD. A stranger's gift of less than this of an asset that has lost its price does not close entry.
    uint256 private constant _MIN_DUST = 100e18;

    struct Budget {
        uint16 bps;
        uint40 window;
    }

    /// @dev Gas per asset for finding its worth.
    uint256 private constant _PRICE_GAS = 250_000;

    /// @inheritdoc IPortfolioFactory
    address public immutable implementation;
    /// @inheritdoc IPortfolioFactory
    address public immutable queue;
    address private immutable _vaultImplementation;
    IPriceOracle private immutable _oracle;
    IRiskEngine private immutable _riskEngine;
    IAutomatedComplianceEngine private immutable _compliance;
    IFeeManager private immutable _feeManager;

    /// @inheritdoc IPortfolioFactory
    mapping(address portfolio => bool) public isPortfolio;
    /// @inheritdoc IPortfolioFactory
    mapping(address portfolio => uint256) public heldRetiredAt;
    /// @inheritdoc IPortfolioFactory
    mapping(address portfolio => mapping(address asset => uint256)) public dustOf;
    mapping(address portfolio => Budget) private _budgets;

    constructor(
        address authority_,
        address oracle,
        IRiskEngine riskEngine,
        address aggregator,
        address rebalancer,
        IAutomatedComplianceEngine compliance,
        IFeeManager feeManager
    )
        AccessManaged(authority_)
    {
        _riskEngine = riskEngine;
        _compliance = compliance;
        _feeManager = feeManager;
        _oracle = IPriceOracle(oracle);
        queue = address(new RedemptionQueue());
        implementation =
            address(new Portfolio(oracle, address(riskEngine), aggregator, rebalancer, address(feeManager), queue));
        _vaultImplementation = address(new AsyncVault());
    }

    /// @inheritdoc IPortfolioFactory
    function createPortfolio(PortfolioParams calldata params) external restricted returns (address portfolio) {
        if (!params.restricted) {
            _requireUnregulated(params.init.settlement);
            for (uint256 i; i < params.init.assets.length; ++i) {
                _requireUnregulated(params.init.assets[i]);
            }
        }
        portfolio = Clones.cloneDeterministic(implementation, params.salt);
        isPortfolio[portfolio] = true;
        Clones.cloneDeterministicWithImmutableArgs(_vaultImplementation, abi.encode(portfolio), bytes32(0));
        _budgets[portfolio] = Budget(params.init.lossBudgetBps, params.init.lossWindow);

        IPortfolio.InitParams memory init = params.init;
        init.compliance = params.restricted ? address(_compliance) : address(0);
        if (params.restricted) _compliance.openRules(portfolio, params.countries, params.classes);
        IPortfolio(portfolio).initialize(init);
        _feeManager.open(portfolio, params.fees, params.policy);
        _riskEngine.registerPortfolio(portfolio, params.universe, params.limits);
        emit PortfolioCreated(portfolio, init.settlement, params.universe);
    }

    /// @inheritdoc IPortfolioFactory
    function listAsset(address portfolio, address asset) external restricted {
        IPortfolio target = _existing(portfolio);
        if (target.compliance() == address(0)) _requireUnregulated(asset);
        target.setListing(asset, IPortfolio.Listing.Listed);
    }

    /// @inheritdoc IPortfolioFactory
    function unlistAsset(address portfolio, address asset) external restricted {
        IPortfolio target = _existing(portfolio);
        // One that does not answer can be retired, but not dropped.
        uint256 held = IERC20(asset).balanceOf(portfolio);
        held = FixedPointMathLib.zeroFloorSub(held, target.totalClaimable(asset));
        if (held != 0 && target.asset() != asset) revert PortfolioFactory__AssetHeld(asset, held);
        target.setListing(asset, IPortfolio.Listing.None);
    }

    /// @inheritdoc IPortfolioFactory
    function retireAsset(address portfolio, address asset) external restricted {
        IPortfolio target = _existing(portfolio);
        dustOf[portfolio][asset] = _dustOf(target, asset);
        target.setListing(asset, IPortfolio.Listing.Retired);
        // An asset that does not answer may still be worth something.
        (bool readable, bool held) = _holds(target, asset);
        if (!readable || held) heldRetiredAt[portfolio] = block.timestamp;
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

    /// @inheritdoc IPortfolioFactory
    function vaultOf(address portfolio) external view returns (address) {
        return
            Clones.predictDeterministicAddressWithImmutableArgs(_vaultImplementation, abi.encode(portfolio), bytes32(0));
    }

    function _setLossBudget(address portfolio, uint16 lossBudgetBps, uint40 lossWindow) private {
        IPortfolio target = _existing(portfolio);
        _budgets[portfolio] = Budget(lossBudgetBps, lossWindow);
        target.setLossBudget(lossBudgetBps, lossWindow);
    }

    /// @inheritdoc IPortfolioFactory
    function holdsRetired(address portfolio) public view returns (bool) {
        IPortfolio target = IPortfolio(portfolio);
        address[] memory all = target.allAssets();
        for (uint256 k = target.assets().length; k < all.length; ++k) {
            // Exits in kind pass over an asset that does not answer, so it stops no entry.
            (, bool held) = _holds(target, all[k]);
            if (held) return true;
        }
        return false;
    }

    /// @return readable True if the token answers, as exits in kind require it.
    /// @return held True if the portfolio holds more than dust.
    function _holds(IPortfolio portfolio, address asset) private view returns (bool readable, bool held) {
        uint256 balance;
        (readable, balance) = SafeCallToken.balanceOf(asset, address(portfolio));
        if (!readable || balance > type(uint128).max) return (false, false);
        balance = FixedPointMathLib.zeroFloorSub(balance, portfolio.totalClaimable(asset));
        held = balance > dustOf[address(portfolio)][asset];
    }

    /// @return dust Smallest units that a basis point of NAV buys, and at least those that `_MIN_DUST` buys at the
    /// highest price that the asset's feed may report; only the latter if NAV or the asset has no price.
    function _dustOf(IPortfolio portfolio, address asset) private view returns (uint256 dust) {
        if (!portfolio.isAsset(asset)) return 0;
        IPriceOracle.Feed memory feed = _oracle.feedOf(asset);
        uint256 unit = 10 ** feed.tokenDecimals;
        dust = FixedPointMathLib.fullMulDiv(_MIN_DUST, unit, feed.maxPrice);
        // A token that burns gas is what is retired: it must not take what the rest needs.
        try portfolio.nav{gas: _PRICE_GAS * (portfolio.assets().length + 1)}() returns (uint256 nav) {
            dust = FixedPointMathLib.max(dust, FixedPointMathLib.fullMulDiv(nav / _BPS, unit, _oracle.price(asset)));
        } catch {}
    }

    /// @dev Shares that anyone can hold would let strangers own a regulated token's value.
    function _requireUnregulated(address asset) private view {
        if (RegulatedAsset.isRegulated(asset)) revert PortfolioFactory__RegulatedAsset(asset);
    }

    function _existing(address portfolio) private view returns (IPortfolio) {
        if (!isPortfolio[portfolio]) revert PortfolioFactory__NotAPortfolio(portfolio);
        return IPortfolio(portfolio);
    }
}
