// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";

import {Roles} from "contracts/access/Roles.sol";
import {SignerSets} from "contracts/access/SignerSets.sol";
import {AutomatedComplianceEngine} from "contracts/compliance/AutomatedComplianceEngine.sol";
import {HolderRecords} from "contracts/compliance/HolderRecords.sol";
import {RuleBook} from "contracts/compliance/RuleBook.sol";
import {SanctionsList} from "contracts/compliance/SanctionsList.sol";
import {TransferTerms} from "contracts/compliance/TransferTerms.sol";
import {IdentityRegistry} from "contracts/identity/IdentityRegistry.sol";
import {LiquidityAggregator} from "contracts/liquidity/LiquidityAggregator.sol";
import {VenueQuotes} from "contracts/liquidity/VenueQuotes.sol";
import {MockFeed} from "contracts/mocks/market/MockFeed.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {PriceOracle} from "contracts/oracle/PriceOracle.sol";
import {FeeManager} from "contracts/portfolio/FeeManager.sol";
import {PortfolioFactory} from "contracts/portfolio/PortfolioFactory.sol";
import {AutoRebalancer} from "contracts/rebalance/AutoRebalancer.sol";
import {ModelRegistry} from "contracts/rebalance/ModelRegistry.sol";
import {CovarianceModels} from "contracts/risk/CovarianceModels.sol";
import {MarketDepthRegistry} from "contracts/risk/MarketDepthRegistry.sol";
import {PerformanceRegistry} from "contracts/risk/PerformanceRegistry.sol";
import {RiskEngine} from "contracts/risk/RiskEngine.sol";
import {RiskLimits} from "contracts/risk/RiskLimits.sol";
import {RiskReports} from "contracts/risk/RiskReports.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";
import {ICovarianceModels} from "interfaces/risk/ICovarianceModels.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title The protocol with one portfolio of three stocks, for Foundry's campaigns
/// @notice This contract is the admin; functions that no role is mapped to are the admin's.
abstract contract ProtocolTest is Test {
    bytes32 internal constant UNIVERSE = "universe";
    bytes32 internal constant MODEL = "model";
    uint16 internal constant BUDGET_BPS = 200;
    uint40 internal constant WINDOW = 7 days;
    uint16 internal constant COUNTRY = 756;

    AccessManager internal manager;
    SignerSets internal signerSets;
    PriceOracle internal oracle;
    SanctionsList internal sanctions;
    IdentityRegistry internal registry;
    AutomatedComplianceEngine internal engine;
    CovarianceModels internal models;
    PerformanceRegistry internal performance;
    MarketDepthRegistry internal liquidity;
    RiskReports internal reports;
    RiskEngine internal risk;
    ModelRegistry internal signalModels;
    AutoRebalancer internal rebalancer;
    LiquidityAggregator internal aggregator;
    FeeManager internal book;
    PortfolioFactory internal factory;
    IPortfolio internal portfolio;

    SettlementToken internal usd;
    SettlementToken[] internal stocks;
    MockFeed[] internal feeds;

    address internal immutable feeRecipient = makeAddr("fee recipient");
    uint256 internal riskKey = 0xA11CE;
    uint256 internal signalKey = 0xB0B;

    function setUpProtocol() internal {
        vm.warp(1_600_000_000);
        manager = new AccessManager(address(this));
        signerSets = SignerSets(_proxy(address(new SignerSets())));
        oracle = PriceOracle(_proxy(address(new PriceOracle())));
        sanctions = SanctionsList(_proxy(address(new SanctionsList())));
        registry = IdentityRegistry(_proxy(address(new IdentityRegistry(sanctions))));
        sanctions.addRegistry(address(registry));
        engine = AutomatedComplianceEngine(_proxy(address(_newEngine())));
        ICovarianceModels.StepBounds memory bounds = ICovarianceModels.StepBounds(20 hours, 10 days, 600, 2500);
        models = CovarianceModels(_proxy(address(new CovarianceModels(signerSets, oracle, bounds))));
        performance = PerformanceRegistry(_proxy(address(new PerformanceRegistry(oracle))));
        signalModels = ModelRegistry(_proxy(address(new ModelRegistry())));
        rebalancer = AutoRebalancer(
            _proxy(
                address(new AutoRebalancer(signerSets, signalModels, IAutoRebalancer.Policy(50_000, 1 hours, 0, 10)))
            )
        );
        aggregator = new LiquidityAggregator(address(manager), address(oracle), new VenueQuotes(), 10_000);
        liquidity = MarketDepthRegistry(
            _proxy(address(new MarketDepthRegistry(signerSets, aggregator, oracle, 2000, 10 days, 5)))
        );
        risk = RiskEngine(_proxy(address(new RiskEngine(models, performance, liquidity, 12 hours, 1 days))));
        reports = RiskReports(_proxy(address(new RiskReports(signerSets, risk, models, 200, 2 days))));
        book = new FeeManager(address(manager));
        factory = new PortfolioFactory(
            address(manager), address(oracle), risk, address(aggregator), address(rebalancer), engine, book
        );
        signalModels.register(MODEL, "weights", "data", "code");
        signalModels.promote(MODEL);
        _mapFactory();
        _createAssets();
        _createPortfolio();
    }

    function _newEngine() private returns (AutomatedComplianceEngine) {
        RuleBook rules = new RuleBook(address(registry));
        return new AutomatedComplianceEngine(registry, rules, new HolderRecords(), new TransferTerms());
    }

    function _mapFactory() private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IRiskEngine.registerPortfolio.selector;
        manager.setTargetFunctionRole(address(risk), selectors, Roles.FACTORY);
        selectors[0] = IFeeManager.open.selector;
        manager.setTargetFunctionRole(address(book), selectors, Roles.FACTORY);
        selectors[0] = IRiskEngine.noteReport.selector;
        manager.setTargetFunctionRole(address(risk), selectors, Roles.RISK_REPORTS);
        manager.grantRole(Roles.RISK_REPORTS, address(reports), 0);
        selectors[0] = IAutomatedComplianceEngine.openRules.selector;
        manager.setTargetFunctionRole(address(engine), selectors, Roles.FACTORY);
        manager.grantRole(Roles.FACTORY, address(factory), 0);
        manager.grantRole(Roles.FACTORY, address(this), 0);
    }

    function _createAssets() private {
        usd = new SettlementToken("US Dollar", "USD", settlementDecimals());
        _feed(address(usd), 1e8);
        address[] memory universe = new address[](3);
        for (uint256 i; i < 3; ++i) {
            stocks.push(_newStock());
            _feed(address(stocks[i]), int256((i + 1) * 50e8));
            universe[i] = address(stocks[i]);
        }
        models.createUniverse(UNIVERSE, universe);
    }

    /// @return The settlement token's decimals.
    function settlementDecimals() internal pure virtual returns (uint8) {
        return 6;
    }

    /// @return True if shares move under compliance rules, among registered holders of `COUNTRY`.
    function restricted() internal pure virtual returns (bool) {
        return false;
    }

    /// @return One settlement token in smallest units.
    function unit() internal pure returns (uint256) {
        return 10 ** settlementDecimals();
    }

    /// @dev Campaigns whose stocks do more than move override this.
    function _newStock() internal virtual returns (SettlementToken) {
        return new SettlementToken("Stock", "STK", 18);
    }

    function _feed(address asset, int256 answer) private {
        MockFeed feed = new MockFeed(8, "USD", answer);
        feeds.push(feed);
        oracle.setFeed(asset, address(feed), 30 days, 1e10, 1e30);
        oracle.setTradingWindow(asset, IPriceOracle.TradingWindow(29 days, 0, 0, 0));
    }

    function _createPortfolio() private {
        IPortfolio.InitParams memory init;
        init.name = "Flagship";
        init.symbol = "FLAG";
        init.settlement = address(usd);
        init.assets = new address[](3);
        for (uint256 i; i < 3; ++i) {
            init.assets[i] = address(stocks[i]);
        }
        (init.lossBudgetBps, init.lossWindow) = (BUDGET_BPS, WINDOW);
        IPortfolioFactory.PortfolioParams memory params;
        params.init = init;
        params.fees = IFeeManager.FeeTerms(200, 2000, 30 days, feeRecipient);
        params.policy = IFeeManager.Policy(0, 10_000, 0);
        params.universe = UNIVERSE;
        params.limits = basicLimits();
        if (restricted()) {
            (params.restricted, params.classes, params.countries) = (true, 14, new uint16[](1));
            params.countries[0] = COUNTRY;
        }
        portfolio = IPortfolio(factory.createPortfolio(params));

        _signers(UNIVERSE, riskKey);
        _signers(bytes32(uint256(uint160(address(portfolio)))), signalKey);
    }

    function _signers(bytes32 id, uint256 key) private {
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(key);
        signerSets.createSet(id, signers, 1);
    }

    /// @dev Lets this much time pass, after which every feed answers again.
    function _wait(uint256 time) internal {
        vm.warp(vm.getBlockTimestamp() + time);
        for (uint256 k; k < feeds.length; ++k) {
            _move(feeds[k], 10_000);
        }
    }

    function _move(MockFeed feed, uint256 bps) internal {
        (, int256 answer,,,) = feed.latestRoundData();
        feed.setAnswer(answer * int256(bps) / 10_000);
    }

    /// @dev Returns the four limits that every portfolio has; the others are off.
    function basicLimits() internal pure returns (IRiskEngine.Limits memory limits) {
        limits = RiskLimits.none();
        (limits.maxVar99Bps, limits.maxWeightBps) = (300, 5000);
        (limits.maxDrawdownBps, limits.haltDrawdownBps) = (3000, 6000);
    }

    function postModel(uint64 nonce) internal {
        ICovarianceModels.CovarianceModel memory model = modelAt(nonce);
        models.postModel(model, sign(riskKey, models.hashModel(model)));
    }

    /// @dev Returns a model with a daily volatility of 1% for every stock, and a correlation of one half.
    function modelAt(uint64 nonce) internal view returns (ICovarianceModels.CovarianceModel memory model) {
        model.universe = UNIVERSE;
        model.nonce = nonce;
        model.asOf = uint40(vm.getBlockTimestamp());
        model.expiry = model.asOf + 10 days;
        (model.z95, model.z99, model.es975) = (1.644853626951472715e18, 2.326347874040841101e18, 2.337802792201414e18);
        model.covariance = new int64[](6);
        (model.covariance[0], model.covariance[3], model.covariance[5]) = (1e14, 1e14, 1e14);
        (model.covariance[1], model.covariance[2], model.covariance[4]) = (5e13, 5e13, 5e13);
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (ISignerSets.Signature[] memory signatures) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        signatures = new ISignerSets.Signature[](1);
        signatures[0] = ISignerSets.Signature(vm.addr(key), abi.encodePacked(r, s, v));
    }

    function _proxy(address implementation) private returns (address) {
        return address(new ERC1967Proxy(implementation, abi.encodeWithSignature("initialize(address)", manager)));
    }
}
