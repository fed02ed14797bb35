// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {BoundShares} from "./BoundShares.sol";
import {Holdings} from "./Holdings.sol";
import {LossBudget} from "./LossBudget.sol";
import {TradeTerms} from "./TradeTerms.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IShareBook} from "interfaces/portfolio/IShareBook.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Managed portfolio
/// @notice See {IPortfolio}.
contract Portfolio is Holdings, LossBudget, BoundShares, ERC4626Upgradeable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 private constant _WAD = 1e18;
    uint8 private constant _OFFSET = 6;
    /// @dev Gas an asset for what it is worth, while an exit in kind asks.
    uint256 private constant _PRICE_GAS = 250_000;

    /// @inheritdoc IPortfolio
    address public immutable factory;
    /// @inheritdoc IPortfolio
    address public immutable riskEngine;
    /// @inheritdoc IPortfolio
    address public immutable aggregator;
    /// @inheritdoc IPortfolio
    address public immutable rebalancer;
    /// @inheritdoc IPortfolio
    address public immutable shareBook;

    /// @inheritdoc IPortfolio
    address public compliance;

    modifier onlyFactory() {
        _requireFactory();
        _;
    }

    /// @dev As `nonReentrantView`, but for the portfolio's own questions to itself.
    modifier whileStill() {
        if (_reentrancyGuardEntered() && msg.sender != address(this)) revert ReentrancyGuardReentrantCall();
        _;
    }

    /// @dev Deployed by the factory, as the implementation of its clones.
    constructor(
        address oracle_,
        address riskEngine_,
        address aggregator_,
        address rebalancer_,
        address shareBook_,
        address queue_
    )
        Holdings(oracle_)
        BoundShares(queue_)
    {
        factory = msg.sender;
        riskEngine = riskEngine_;
        aggregator = aggregator_;
        rebalancer = rebalancer_;
        shareBook = shareBook_;
        _disableInitializers();
    }

    /// @inheritdoc IPortfolio
    function initialize(InitParams calldata params) external initializer onlyFactory {
        __ERC20_init(params.name, params.symbol);
        __ERC4626_init(IERC20(params.settlement));
        compliance = params.compliance;
        _list(params.settlement);
        if (_assets[0].decimals > 18) revert Portfolio__InvalidAsset(params.settlement);
        for (uint256 k; k < params.assets.length; ++k) {
            _list(params.assets[k]);
        }
        _setLossBudget(params.lossBudgetBps, params.lossWindow);
    }

    // -- Trading -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    // slither-disable-next-line reentrancy-balance (what was there before is what is asked; every entry is locked)
    function execute(
        ILiquidityAggregator.Order[] calldata orders,
        Terms calldata terms
    )
        external
        nonReentrant
        returns (Execution memory execution)
    {
        // Checks
        if (msg.sender != rebalancer) revert Portfolio__OnlyRebalancer(msg.sender);
        Asset[] memory list;
        uint256[] memory prices;
        uint256 navBefore;
        // What waits for cash keeps it: at worst the trades leave as much as there was.
        uint256 kept;
        {
            uint256[] memory held;
            uint256 total;
            (list, prices, held, execution.valuesBefore, navBefore, total) = _appraise();
            (, uint256 supply) = _priced(total, false);
            kept = FixedPointMathLib.min(held[0], _waiting(total, supply));
        }

        // Interactions
        uint256 slippageBps =
            FixedPointMathLib.min(terms.maxSlippageBps, ILiquidityAggregator(aggregator).maxDeviationBps());
        for (uint256 i; i < orders.length; ++i) {
            _trade(orders[i], list, prices, slippageBps);
        }

        // What the trades did decides whether they stand: I2, then I3.
        uint256 navAfter;
        (, execution.valuesAfter, navAfter) = _valued(list, prices);
        if (terms.feeBps != 0) {
            execution.fee = _payExecutor(execution, terms, prices[0], list[0]);
            navAfter -= execution.fee;
        }
        uint256 left = _balanceOf(list[0]);
        if (left < kept) revert Portfolio__CashAwaited(left, kept);
        uint256 level = _chargeLoss(navBefore, navAfter);
        IRiskEngine(riskEngine)
            .checkRebalance(
                execution.valuesBefore,
                execution.valuesAfter,
                _sharePrice(_inSettlement(navAfter, prices[0], list[0].decimals))
            );
        emit Executed(navBefore, navAfter, level);
    }

    // -- Deposits and withdrawals ------------------------------------------------------------------------------------

    /// @inheritdoc IERC4626
    function deposit(
        uint256 assets_,
        address receiver
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        (uint256 total, uint256 supply) = _priced(_totalAssets(), false);
        uint256 most = _maxAssets(total);
        if (assets_ > most) revert ERC4626ExceededMaxDeposit(receiver, assets_, most);
        shares = _sharesFor(assets_, total, supply, Math.Rounding.Floor);
        // slither-disable-next-line incorrect-equality (zero is what is refused, not a state that is compared)
        if (shares == 0) revert Portfolio__ZeroShares();
        _enter(total, receiver, assets_, shares);
    }

    /// @inheritdoc IERC4626
    function mint(
        uint256 shares,
        address receiver
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 assets_)
    {
        if (shares == 0) revert Portfolio__ZeroShares();
        (uint256 total, uint256 supply) = _priced(_totalAssets(), false);
        uint256 most = _maxShares(total, supply);
        if (shares > most) revert ERC4626ExceededMaxMint(receiver, shares, most);
        assets_ = _assetsFor(shares, total, supply, Math.Rounding.Ceil);
        _enter(total, receiver, assets_, shares);
    }

    /// @inheritdoc IERC4626
    function withdraw(
        uint256 assets_,
        address receiver,
        address owner
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 shares)
    {
        if (assets_ == 0) revert Portfolio__ZeroAssets();
        (uint256 total, uint256 supply) = _priced(_exitAssets(), true);
        uint256 most = _maxWithdraw(owner, total, supply);
        if (assets_ > most) revert ERC4626ExceededMaxWithdraw(owner, assets_, most);
        shares = _sharesFor(assets_, total, supply, Math.Rounding.Ceil);
        _leave(total, receiver, owner, assets_, shares);
    }

    /// @inheritdoc IERC4626
    function redeem(
        uint256 shares,
        address receiver,
        address owner
    )
        public
        override(ERC4626Upgradeable, IERC4626)
        nonReentrant
        returns (uint256 assets_)
    {
        (uint256 total, uint256 supply) = _priced(_exitAssets(), true);
        uint256 most = _maxRedeem(owner, total, supply);
        if (shares > most) revert ERC4626ExceededMaxRedeem(owner, shares, most);
        assets_ = _assetsFor(shares, total, supply, Math.Rounding.Floor);
        // slither-disable-next-line incorrect-equality (zero is what is refused, not a state that is compared)
        if (assets_ == 0) revert Portfolio__ZeroAssets();
        _leave(total, receiver, owner, assets_, shares);
    }

    // -- Exits in kind -----------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function redeemInKind(
        uint256 shares,
        address receiver,
        address owner
    )
        external
        nonReentrant
        returns (uint256[] memory amounts)
    {
        // Checks
        if (shares == 0) revert Portfolio__ZeroShares();
        uint256 held = balanceOf(owner);
        if (shares > held) revert ERC20InsufficientBalance(owner, held, shares);
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);

        // Effects. What is bound never holds an exit up: its requests end.
        if (boundShares[owner] > FixedPointMathLib.zeroFloorSub(held, shares + _locked(owner))) _setBound(owner, 0);
        // Virtual shares count here too: otherwise what an attacker donates to spoil the rate would come back
        // to it whole, and the attack would cost nothing. Fees count as far as they can be known.
        Asset[] memory list = _assets;
        uint256 supply = IShareBook(shareBook).recordExitInKind(_potIfKnown(list.length), _issued(), shares);
        _burn(owner, shares);

        // Interactions, none of which can stop the others
        amounts = new uint256[](list.length);
        for (uint256 k; k < list.length; ++k) {
            amounts[k] = _sendLeg(k, list[k], shares, supply, receiver, owner);
        }
        emit RedeemedInKind(msg.sender, receiver, owner, shares);
    }

    /// @inheritdoc IPortfolio
    function claim(address asset_, address receiver) external nonReentrant returns (uint256 amount) {
        amount = _claim(asset_, receiver);
    }

    // -- Fees --------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function mintFees(address recipient, uint256 shares) external nonReentrant {
        if (msg.sender != shareBook) revert Portfolio__OnlyShareBook(msg.sender);
        _mint(recipient, shares);
    }

    // -- Requests ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function bind(address owner, uint256 shares) external onlyQueue nonReentrant {
        bool grows = shares > boundShares[owner];
        _setBound(owner, shares);
        if (grows) _requireFree(owner);
    }

    /// @inheritdoc IPortfolio
    function settle(
        address owner,
        address controller,
        uint256 shares,
        uint256 total
    )
        external
        onlyQueue
        nonReentrant
        returns (uint256 burnt, uint256 assets_)
    {
        // Checks
        Asset memory settlement = _assets[0];
        (uint256 supply,) = _supplyAt(total, true);
        burnt = FixedPointMathLib.min(shares, _sharesFor(_balanceOf(settlement), total, supply, Math.Rounding.Floor));
        assets_ = _assetsFor(burnt, total, supply, Math.Rounding.Floor);
        // slither-disable-next-line incorrect-equality (zero is what is refused, not a state that is compared)
        if (assets_ == 0) {
            // Too little cash, or too few shares?
            if (burnt < shares) return (0, 0);
            revert Portfolio__ZeroAssets();
        }

        // Effects
        _setBound(owner, boundShares[owner] - burnt);
        IShareBook(shareBook).recordExit(total + 1, _issued(), assets_, burnt);
        _burn(owner, burnt);
        _setAsideFor(0, settlement, controller, assets_);
        emit Withdraw(msg.sender, controller, owner, assets_, burnt);
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function setListing(address asset_, Listing listing) external onlyFactory nonReentrant {
        if (listing == Listing.Listed) _list(asset_);
        else _unlist(asset_, listing);
        IRiskEngine(riskEngine).syncAssets();
    }

    /// @inheritdoc IPortfolio
    function setLossBudget(uint16 lossBudgetBps, uint40 lossWindow) external onlyFactory {
        _resetLossBudget(lossBudgetBps, lossWindow);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function positions()
        external
        view
        nonReentrantView
        returns (address[] memory assets_, uint256[] memory balances, uint256[] memory values, uint256 sharePrice_)
    {
        Asset[] memory list;
        uint256 total;
        (list,, balances, values,, total) = _appraise();
        assets_ = _tokens(list);
        sharePrice_ = _sharePrice(total);
    }

    /// @inheritdoc IPortfolio
    function nav() external view nonReentrantView returns (uint256 total) {
        (,,,, total,) = _appraise();
    }

    /// @inheritdoc IPortfolio
    function sharePrice() external view nonReentrantView returns (uint256) {
        return _sharePrice(_totalAssets());
    }

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626Upgradeable, IERC4626) whileStill returns (uint256) {
        return _totalAssets();
    }

    /// @inheritdoc IPortfolio
    function exitAssets() external view nonReentrantView returns (uint256) {
        return _exitAssets();
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        (bool fair, uint256 total,) = _tryQuote(false);
        return fair ? _maxAssets(total) : 0;
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        (bool fair, uint256 total, uint256 supply) = _tryQuote(false);
        return fair ? _maxShares(total, supply) : 0;
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        (bool fair, uint256 total, uint256 supply) = _tryQuote(true);
        return fair ? _maxWithdraw(owner, total, supply) : 0;
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        (bool fair, uint256 total, uint256 supply) = _tryQuote(true);
        return fair ? _maxRedeem(owner, total, supply) : 0;
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets_)
        public
        view
        override(ERC4626Upgradeable, IERC4626)
        nonReentrantView
        returns (uint256)
    {
        return _toShares(assets_, _exitAssets(), Math.Rounding.Ceil);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares)
        public
        view
        override(ERC4626Upgradeable, IERC4626)
        nonReentrantView
        returns (uint256)
    {
        return _toAssets(shares, _exitAssets(), Math.Rounding.Floor);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev One order, at no worse than the oracle's prices less the slippage: the aggregator says what has come in.
    function _trade(
        ILiquidityAggregator.Order calldata order,
        Asset[] memory list,
        uint256[] memory prices,
        uint256 slippageBps
    )
        private
    {
        (address tokenIn, address tokenOut, uint256 amountIn) = (order.tokenIn, order.tokenOut, order.amountIn);
        if (order.recipient != address(this)) revert Portfolio__WrongRecipient(order.recipient);
        uint256 sold = _indexIn(list, tokenIn);
        uint256 bought = _indexIn(list, tokenOut);
        if (list[sold].reserved) {
            // What is set aside is somebody's already.
            uint256 held = _balanceOf(list[sold]);
            if (amountIn > held) revert ERC20InsufficientBalance(address(this), held, amountIn);
        }
        IERC20(tokenIn).forceApprove(aggregator, amountIn);
        uint256 amountOut = ILiquidityAggregator(aggregator).swap(order);
        TradeTerms.requireFair(
            tokenIn,
            tokenOut,
            _valueOf(amountIn, prices[sold], list[sold].decimals),
            _valueOf(amountOut, prices[bought], list[bought].decimals),
            slippageBps
        );
    }

    /// @dev Pays from cash, as far as it goes; the values afterwards are without it.
    /// @return fee WAD USD.
    function _payExecutor(
        Execution memory execution,
        Terms calldata terms,
        uint256 settlementPrice,
        Asset memory settlement
    )
        private
        returns (uint256 fee)
    {
        uint256 due = TradeTerms.feeValue(execution.valuesBefore, execution.valuesAfter, terms.feeBps);
        uint256 amount =
            FixedPointMathLib.min(_inSettlement(due, settlementPrice, settlement.decimals), _balanceOf(settlement));
        fee = FixedPointMathLib.min(
            FixedPointMathLib.fullMulDivUp(amount, settlementPrice, 10 ** settlement.decimals), execution.valuesAfter[0]
        );
        execution.valuesAfter[0] -= fee;
        emit ExecutorPaid(terms.feeTo, amount);
        IERC20(settlement.token).safeTransfer(terms.feeTo, amount);
    }

    /// @dev Everything at prices that are read once.
    /// @return list What is listed.
    /// @return prices WAD USD.
    /// @return balances Smallest units.
    /// @return values WAD USD.
    /// @return total Their sum.
    /// @return totalAssets_ The same in smallest units of the settlement token.
    function _appraise()
        private
        view
        returns (
            Asset[] memory list,
            uint256[] memory prices,
            uint256[] memory balances,
            uint256[] memory values,
            uint256 total,
            uint256 totalAssets_
        )
    {
        list = _listed();
        prices = IPriceOracle(oracle).prices(_tokens(list));
        (balances, values, total) = _valued(list, prices);
        totalAssets_ = _inSettlement(total, prices[0], list[0].decimals);
    }

    function _totalAssets() private view returns (uint256 totalAssets_) {
        (,,,,, totalAssets_) = _appraise();
    }

    function _requireFactory() private view {
        if (msg.sender != factory) revert Portfolio__OnlyFactory(msg.sender);
    }

    /// @dev A share has six decimals more than the settlement token, so the ratio of raw amounts is 10^6 too small.
    function _sharePrice(uint256 total) private view returns (uint256) {
        (uint256 supply,) = _supplyAt(total, false);
        return FixedPointMathLib.fullMulDiv(total + 1, _WAD * 10 ** _OFFSET, supply);
    }

    /// @dev As `_totalAssets`, at the prices at which holders may leave.
    function _exitAssets() private view returns (uint256) {
        Asset[] memory list = _listed();
        uint256[] memory prices = IPriceOracle(oracle).exitPrices(_tokens(list));
        (,, uint256 total) = _valued(list, prices);
        return _inSettlement(total, prices[0], list[0].decimals);
    }

    /// @dev What deposits, exits in cash and trades go by: refused if the price jumped.
    /// @return supply With what is owed and pending.
    function _priced(uint256 total, bool exit) private returns (uint256, uint256 supply) {
        return (total, IShareBook(shareBook).recordPrice(total + 1, _issued(), exit));
    }

    function _supplyAt(uint256 total, bool exit) private view returns (uint256 supply, bool fair) {
        return IShareBook(shareBook).supplyOf(address(this), total + 1, _issued(), exit);
    }

    /// @dev Shares that exist, virtual ones included.
    function _issued() private view returns (uint256) {
        return totalSupply() + 10 ** _OFFSET;
    }

    function _sharesFor(
        uint256 assets_,
        uint256 total,
        uint256 supply,
        Math.Rounding rounding
    )
        private
        pure
        returns (uint256)
    {
        return Math.mulDiv(assets_, supply, total + 1, rounding);
    }

    function _assetsFor(
        uint256 shares,
        uint256 total,
        uint256 supply,
        Math.Rounding rounding
    )
        private
        pure
        returns (uint256)
    {
        return Math.mulDiv(shares, total + 1, supply, rounding);
    }

    /// @dev Who withdraws burns what is rounded up, and who redeems gets what is rounded down.
    function _toShares(uint256 assets_, uint256 total, Math.Rounding rounding) private view returns (uint256) {
        (uint256 supply,) = _supplyAt(total, rounding == Math.Rounding.Ceil);
        return _sharesFor(assets_, total, supply, rounding);
    }

    function _toAssets(uint256 shares, uint256 total, Math.Rounding rounding) private view returns (uint256) {
        (uint256 supply,) = _supplyAt(total, rounding == Math.Rounding.Floor);
        return _assetsFor(shares, total, supply, rounding);
    }

    function _maxAssets(uint256 total) private view returns (uint256) {
        return _closed() ? 0 : IShareBook(shareBook).roomOf(address(this), total);
    }

    function _maxShares(uint256 total, uint256 supply) private view returns (uint256 most) {
        most = _maxAssets(total);
        if (most != type(uint256).max) most = _sharesFor(most, total, supply, Math.Rounding.Floor);
    }

    function _maxWithdraw(address owner, uint256 total, uint256 supply) private view returns (uint256) {
        uint256 most = _assetsFor(_free(owner), total, supply, Math.Rounding.Floor);
        return FixedPointMathLib.min(most, _freeCash(total, supply));
    }

    function _maxRedeem(address owner, uint256 total, uint256 supply) private view returns (uint256) {
        uint256 most = _sharesFor(_freeCash(total, supply), total, supply, Math.Rounding.Floor);
        return FixedPointMathLib.min(_free(owner), most);
    }

    /// @return Shares that may leave in cash.
    function _free(address owner) private view returns (uint256) {
        if (_halted()) return 0;
        return FixedPointMathLib.zeroFloorSub(balanceOf(owner), _locked(owner) + boundShares[owner]);
    }

    function _locked(address owner) private view returns (uint256 shares) {
        (shares,) = IShareBook(shareBook).lockedShares(address(this), owner);
    }

    /// @return What the requests that wait are worth, smallest units of the settlement token.
    function _waiting(uint256 total, uint256 supply) private view returns (uint256) {
        uint256 bound = totalBoundShares;
        // slither-disable-next-line incorrect-equality (nobody waits)
        return bound == 0 ? 0 : _assetsFor(bound, total, supply, Math.Rounding.Ceil);
    }

    /// @return Cash that nobody waits for, smallest units of the settlement token.
    function _freeCash(uint256 total, uint256 supply) private view returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(_balanceOf(_assets[0]), _waiting(total, supply));
    }

    /// @dev Who enters shares in what is retired without having paid for it: entry is closed while there is any.
    function _closed() private view returns (bool) {
        if (_halted()) return true;
        return _assets[_assets.length - 1].retired && IPortfolioFactory(factory).holdsRetired(address(this));
    }

    /// @dev What is bound and what is locked stay, and are not the same shares.
    function _requireFree(address owner) private view {
        IShareBook(shareBook).requireFree(address(this), owner, balanceOf(owner), boundShares[owner]);
    }

    function _halted() private view returns (bool) {
        return IRiskEngine(riskEngine).stateOf(address(this)) == IRiskEngine.State.Halted;
    }

    /// @dev Called on itself, so that whatever fails can be caught: a stale price, a token that does not answer.
    function _tryQuote(bool exit) private view returns (bool fair, uint256 total, uint256 supply) {
        if (_reentrancyGuardEntered()) return (false, 0, 0);
        (fair, total) = exit ? _tried(this.exitAssets) : _tried(this.totalAssets);
        if (fair) (supply, fair) = _supplyAt(total, exit);
    }

    function _tried(function() external view returns (uint256) asked) private view returns (bool, uint256) {
        try asked() returns (uint256 total) {
            return (true, total);
        } catch {
            return (false, 0);
        }
    }

    /// @dev Called on itself and with bounded gas: nothing that is asked for a price can stop an exit.
    /// @return Zero if unknown.
    function _potIfKnown(uint256 assets_) private view returns (uint256) {
        try this.totalAssets{gas: _PRICE_GAS * (assets_ + 1)}() returns (uint256 total) {
            return FixedPointMathLib.saturatingAdd(total, 1);
        } catch {
            return 0;
        }
    }

    function _convertToShares(
        uint256 assets_,
        Math.Rounding rounding
    )
        internal
        view
        override
        nonReentrantView
        returns (uint256)
    {
        return _toShares(assets_, _totalAssets(), rounding);
    }

    function _convertToAssets(
        uint256 shares,
        Math.Rounding rounding
    )
        internal
        view
        override
        nonReentrantView
        returns (uint256)
    {
        return _toAssets(shares, _totalAssets(), rounding);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return _OFFSET;
    }

    function _enter(uint256 total, address receiver, uint256 assets_, uint256 shares) private {
        IShareBook(shareBook).recordEntry(total + 1, _issued(), assets_, shares, _msgSender(), receiver);
        _deposit(_msgSender(), receiver, assets_, shares);
    }

    function _leave(uint256 total, address receiver, address owner, uint256 assets_, uint256 shares) private {
        IShareBook(shareBook).recordExit(total + 1, _issued(), assets_, shares);
        _withdraw(_msgSender(), receiver, owner, assets_, shares);
    }

    /// @dev Refuses settlement tokens that arrive short.
    function _deposit(address caller, address receiver, uint256 assets_, uint256 shares) internal override {
        uint256 before = IERC20(asset()).balanceOf(address(this));
        super._deposit(caller, receiver, assets_, shares);
        uint256 received = IERC20(asset()).balanceOf(address(this)) - before;
        if (received != assets_) revert Portfolio__TransferMismatch(asset(), assets_, received);
    }

    /// @dev Shares move under the portfolio's compliance rules, if it has any: the engine is told what is, and refuses it.
    function _update(address from, address to, uint256 value) internal override(ERC20Upgradeable) {
        super._update(from, to, value);
        if (from != address(0)) _requireFree(from);
        address engine = compliance;
        if (engine == address(0)) return;
        IAutomatedComplianceEngine(engine)
            .admitTransfer(
                // What the queue burns, its owner asked for.
                msg.sender == queue ? from : _msgSender(),
                from,
                to,
                value,
                from == address(0) ? 0 : balanceOf(from),
                to == address(0) ? 0 : balanceOf(to)
            );
    }
}
