// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {SafeCallToken} from "../calls/SafeCallToken.sol";
import {LeakyBucket} from "../math/LeakyBucket.sol";
import {StrategyBook} from "./StrategyBook.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title Yield optimizer
/// @notice See {IYieldOptimizer}.
contract YieldOptimizer is StrategyBook, ReentrancyGuardTransient {
    using LeakyBucket for LeakyBucket.Bucket;
    using SafeCastLib for uint256;
    using SafeERC20 for IERC20;

    uint8 private constant _OFFSET = 6;
    /// @dev Shares per unit of the asset, at first 10^6, above which a share is worth nothing: more could overflow.
    uint256 private constant _MAX_RATE = 1e15;

    /// @inheritdoc IYieldOptimizer
    address public immutable factory;
    /// @inheritdoc IYieldOptimizer
    address public immutable planner;

    /// @inheritdoc IYieldOptimizer
    bool public isClosed;
    uint40 private _movedAt;
    LeakyBucket.Bucket private _lossBucket;
    mapping(address owner => mapping(address token => uint256)) private _claimable;

    modifier onlyFactory() {
        if (msg.sender != factory) revert YieldOptimizer__OnlyFactory(msg.sender);
        _;
    }

    /// @dev Deployed by the factory, as the implementation of its clones.
    constructor(address planner_) {
        factory = msg.sender;
        planner = planner_;
        _disableInitializers();
    }

    /// @inheritdoc IYieldOptimizer
    function initialize(InitParams calldata params) external initializer onlyFactory {
        __ERC20_init(params.name, params.symbol);
        __ERC4626_init(IERC20(params.asset));
        if (IERC20Metadata(params.asset).decimals() > 18) revert YieldOptimizer__InvalidAsset(params.asset);
        _setTerms(params.terms);
    }

    // -- Moves -------------------------------------------------------------------------------------------------------

    // Balances after a strategy's call are booked, not its answers; the lock keeps everyone out, readers too.
    /// @inheritdoc IYieldOptimizer
    function execute(Target[] calldata targets) external nonReentrant {
        // Checks
        if (msg.sender != planner) revert YieldOptimizer__OnlyPlanner(msg.sender);
        if (isClosed) revert YieldOptimizer__Closed();
        uint256 ready = uint256(_movedAt) + _terms.coolDown;
        if (block.timestamp < ready) revert YieldOptimizer__CoolingDown(ready, block.timestamp);

        // Effects
        _movedAt = uint40(block.timestamp);
        Appraisal memory a = _sync();
        uint256 valueBefore = _liveValue(a);

        // Interactions; their outcome decides
        _move(targets, a);
        a = _appraise();
        uint256 valueAfter = _liveValue(a);
        uint256 level = _chargeLoss(valueBefore, valueAfter);
        _book(a);
        uint256 liquid = _liquid(a);
        uint256 least = FixedPointMathLib.mulDivUp(a.gross, _terms.minLiquidBps, _BPS);
        if (liquid < least) revert YieldOptimizer__TooLittleLiquid(liquid, least);
        emit Moved(valueBefore, valueAfter, level);
    }

    /// @inheritdoc IYieldOptimizer
    function report(address strategy) external nonReentrant returns (uint256 gain) {
        uint256 k = _indexOf(strategy);
        Appraisal memory a = _sync();
        Strategy memory s = _strategies[k];
        if (s.status == Status.Cut) {
            _recall(k);
            return 0;
        }
        if (!a.known[k] || a.worths[k] <= s.debt) return 0;
        uint256 nextAt = uint256(s.reportedAt) + _terms.reportInterval;
        if (block.timestamp < nextAt) revert YieldOptimizer__ReportedTooSoon(strategy, nextAt, block.timestamp);
        gain = FixedPointMathLib.min(a.worths[k] - s.debt, uint256(s.debt) * _terms.maxGainBps / _BPS);
        if (gain == 0) return 0;
        s.debt += gain.toUint128();
        (_strategies[k].debt, _strategies[k].reportedAt) = (s.debt, uint40(block.timestamp));
        _gain(strategy, gain, s.debt);
    }

    /// @inheritdoc IYieldOptimizer
    function recall(address strategy) external nonReentrant returns (uint256 received) {
        uint256 k = _indexOf(strategy);
        if (!isClosed && _strategies[k].status != Status.Cut) revert YieldOptimizer__NotCut(strategy);
        _sync();
        received = _recall(k);
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
        Appraisal memory a = _appraise();
        uint256 most = _maxDeposit(a);
        if (assets_ > most) revert ERC4626ExceededMaxDeposit(receiver, assets_, most);
        _book(a);
        shares = _sharesFor(assets_, _total(a), false);
        if (shares == 0) revert YieldOptimizer__ZeroShares();
        _deposit(_msgSender(), receiver, assets_, shares);
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
        if (shares == 0) revert YieldOptimizer__ZeroShares();
        Appraisal memory a = _appraise();
        uint256 most = _maxMint(a);
        if (shares > most) revert ERC4626ExceededMaxMint(receiver, shares, most);
        _book(a);
        assets_ = _assetsFor(shares, _total(a), true);
        _deposit(_msgSender(), receiver, assets_, shares);
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
        if (assets_ == 0) revert YieldOptimizer__ZeroAssets();
        Appraisal memory a = _appraise();
        uint256 most = _assetsFor(balanceOf(owner), _exitTotal(a), false);
        if (assets_ > most) revert ERC4626ExceededMaxWithdraw(owner, assets_, most);
        _book(a);
        shares = _sharesFor(assets_, _exitTotal(a), true);
        _leave(a, receiver, owner, assets_, shares);
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
        uint256 most = balanceOf(owner);
        if (shares > most) revert ERC4626ExceededMaxRedeem(owner, shares, most);
        Appraisal memory a = _sync();
        assets_ = _assetsFor(shares, _exitTotal(a), false);
        if (assets_ == 0) revert YieldOptimizer__ZeroAssets();
        _leave(a, receiver, owner, assets_, shares);
    }

    /// @inheritdoc IYieldOptimizer
    function redeem(
        uint256 shares,
        address receiver,
        address owner,
        uint256 minAssets
    )
        external
        returns (uint256 assets_)
    {
        assets_ = redeem(shares, receiver, owner);
        if (assets_ < minAssets) revert YieldOptimizer__Slippage(minAssets, assets_);
    }

    /// @inheritdoc IYieldOptimizer
    function withdraw(
        uint256 assets_,
        address receiver,
        address owner,
        uint256 maxShares
    )
        external
        returns (uint256 shares)
    {
        shares = withdraw(assets_, receiver, owner);
        if (shares > maxShares) revert YieldOptimizer__Slippage(maxShares, shares);
    }

    // -- Exits in kind -----------------------------------------------------------------------------------------------

    /// @inheritdoc IYieldOptimizer
    function redeemInKind(
        uint256 shares,
        address receiver,
        address owner
    )
        external
        nonReentrant
        returns (uint256 cash, uint256[] memory parts)
    {
        // Checks
        if (shares == 0) revert YieldOptimizer__ZeroShares();
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);

        // Effects. Virtual shares count here too, as in Portfolio: a donation would come back whole otherwise.
        Appraisal memory a = _sync();
        uint256 supply = totalSupply() + 10 ** _OFFSET;
        uint256 due = FixedPointMathLib.fullMulDiv(shares, _total(a), supply);
        _burn(owner, shares);
        if (a.gross != 0) cash = FixedPointMathLib.fullMulDiv(_idle, due, a.gross);
        _idle -= cash;
        parts = new uint256[](a.worths.length);
        for (uint256 k; k < parts.length; ++k) {
            parts[k] = _takeInKind(k, a, due, shares, supply);
        }

        // Interactions, none of which can stop the others
        _send(asset(), receiver, owner, cash);
        for (uint256 k; k < parts.length; ++k) {
            _send(_strategies[k].vault, receiver, owner, parts[k]);
        }
        emit RedeemedInKind(msg.sender, receiver, owner, shares);
    }

    /// @inheritdoc IYieldOptimizer
    function claim(address token, address receiver) external nonReentrant returns (uint256 amount) {
        amount = _claimable[msg.sender][token];
        if (amount == 0) revert YieldOptimizer__NothingToClaim(token, msg.sender);
        _claimable[msg.sender][token] = 0;
        IERC20(token).safeTransfer(receiver, amount);
        emit Claimed(token, msg.sender, receiver, amount);
    }

    /// @inheritdoc IYieldOptimizer
    function claimable(address token, address owner) external view returns (uint256) {
        return _claimable[owner][token];
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc IYieldOptimizer
    function addStrategy(address strategy, uint16 capBps) external onlyFactory nonReentrant {
        if (strategy == address(this) || IERC4626(strategy).asset() != asset()) {
            revert YieldOptimizer__InvalidStrategy(strategy);
        }
        if (_indexPlusOne[strategy] != 0) revert YieldOptimizer__StrategyExists(strategy);
        if (_strategies.length == _MAX_STRATEGIES) revert YieldOptimizer__TooManyStrategies(_MAX_STRATEGIES);
        _strategies.push(Strategy(strategy, capBps, Status.Listed, uint40(block.timestamp), 0, 0));
        _indexPlusOne[strategy] = _strategies.length;
        emit StrategyAdded(strategy, capBps);
    }

    /// @inheritdoc IYieldOptimizer
    function removeStrategy(address strategy) external onlyFactory nonReentrant {
        uint256 k = _indexOf(strategy);
        Appraisal memory a = _sync();
        Strategy memory s = _strategies[k];
        if (!a.known[k] && s.status != Status.Cut) revert YieldOptimizer__NotCut(strategy);
        if (a.worths[k] > _DUST) revert YieldOptimizer__StrategyOwes(strategy, a.worths[k]);
        if (s.debt != 0) _writeOff(strategy, s.debt);
        Strategy memory last = _strategies[_strategies.length - 1];
        _strategies[k] = last;
        _indexPlusOne[last.vault] = k + 1;
        _indexPlusOne[strategy] = 0;
        _strategies.pop();
        emit StrategyRemoved(strategy, s.shares);
    }

    /// @inheritdoc IYieldOptimizer
    function setCap(address strategy, uint16 capBps) external onlyFactory {
        _strategies[_indexOf(strategy)].capBps = capBps;
        emit CapChanged(strategy, capBps);
    }

    /// @inheritdoc IYieldOptimizer
    function setTerms(OptimizerTerms calldata terms_) external onlyFactory {
        _settleBucket();
        _setTerms(terms_);
    }

    /// @inheritdoc IYieldOptimizer
    function cut(address strategy) external onlyFactory nonReentrant {
        uint256 k = _indexOf(strategy);
        _sync();
        _cut(k);
        _recall(k);
    }

    /// @inheritdoc IYieldOptimizer
    function restore(address strategy) external onlyFactory {
        uint256 k = _indexOf(strategy);
        if (_strategies[k].status != Status.Cut) revert YieldOptimizer__NotCut(strategy);
        _strategies[k].status = Status.Listed;
        delete _losses[strategy];
        emit StrategyRestored(strategy);
    }

    /// @inheritdoc IYieldOptimizer
    function emergencyExit() external onlyFactory nonReentrant {
        isClosed = true;
        _sync();
        uint256 losses;
        for (uint256 k; k < _strategies.length; ++k) {
            (, uint256 loss) = _pullAll(k);
            losses += loss;
        }
        _absorb(losses);
        emit EmergencyExited();
    }

    /// @inheritdoc IYieldOptimizer
    function reopen() external onlyFactory {
        isClosed = false;
        emit Reopened();
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IYieldOptimizer
    function strategies() external view nonReentrantView returns (Strategy[] memory) {
        return _strategies;
    }

    /// @inheritdoc IYieldOptimizer
    function strategyOf(address strategy) external view nonReentrantView returns (Strategy memory) {
        return _strategies[_indexOf(strategy)];
    }

    /// @inheritdoc IERC4626
    function totalAssets() public view override(ERC4626Upgradeable, IERC4626) nonReentrantView returns (uint256) {
        return _total(_appraise());
    }

    /// @inheritdoc IYieldOptimizer
    function exitAssets() external view nonReentrantView returns (uint256) {
        return _exitTotal(_appraise());
    }

    /// @inheritdoc IYieldOptimizer
    function liquidAssets() external view nonReentrantView returns (uint256) {
        return _liquid(_appraise());
    }

    /// @inheritdoc IYieldOptimizer
    function idle() external view nonReentrantView returns (uint256) {
        return _idle;
    }

    /// @inheritdoc IYieldOptimizer
    function lockedProfit() external view nonReentrantView returns (uint256 amount, uint256 unlockedAt) {
        return (_appraise().locked, _lock.end);
    }

    /// @inheritdoc IYieldOptimizer
    function lossBucket() public view returns (uint256 level, uint256 capacity, uint256 window) {
        (capacity, window) = (_capacity(), _terms.lossWindow);
        level = _lossBucket.levelAt(capacity, window, block.timestamp);
    }

    /// @inheritdoc IYieldOptimizer
    function lossOf(address strategy) external view returns (uint256) {
        return _losses[strategy].levelAt(_maxLoss(), _terms.lossWindow, block.timestamp);
    }

    /// @inheritdoc IYieldOptimizer
    function terms() external view returns (OptimizerTerms memory) {
        return _terms;
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address) public view override(ERC4626Upgradeable, IERC4626) nonReentrantView returns (uint256) {
        return _maxDeposit(_appraise());
    }

    /// @inheritdoc IERC4626
    function maxMint(address) public view override(ERC4626Upgradeable, IERC4626) nonReentrantView returns (uint256) {
        return _maxMint(_appraise());
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner)
        public
        view
        override(ERC4626Upgradeable, IERC4626)
        nonReentrantView
        returns (uint256)
    {
        Appraisal memory a = _appraise();
        return FixedPointMathLib.min(_assetsFor(balanceOf(owner), _exitTotal(a), false), _liquid(a));
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner)
        public
        view
        override(ERC4626Upgradeable, IERC4626)
        nonReentrantView
        returns (uint256)
    {
        Appraisal memory a = _appraise();
        uint256 shares = balanceOf(owner);
        uint256 total = _exitTotal(a);
        uint256 liquid = _liquid(a);
        if (_assetsFor(shares, total, false) <= liquid) return shares;
        return FixedPointMathLib.min(shares, _sharesFor(liquid, total, false));
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets_)
        public
        view
        override(ERC4626Upgradeable, IERC4626)
        nonReentrantView
        returns (uint256)
    {
        return _sharesFor(assets_, _exitTotal(_appraise()), true);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares)
        public
        view
        override(ERC4626Upgradeable, IERC4626)
        nonReentrantView
        returns (uint256)
    {
        return _assetsFor(shares, _exitTotal(_appraise()), false);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Charges the fall of live value to the bucket; a gain does not refill it.
    function _chargeLoss(uint256 valueBefore, uint256 valueAfter) private returns (uint256 level) {
        uint256 loss =
            valueAfter < valueBefore ? FixedPointMathLib.fullMulDivUp(valueBefore - valueAfter, _WAD, valueBefore) : 0;
        uint256 capacity = _capacity();
        bool fits;
        (fits, level) = _lossBucket.charge(loss, capacity, _terms.lossWindow, block.timestamp);
        if (!fits) revert YieldOptimizer__LossBudgetExceeded(loss, level - loss, capacity);
        _lossBucket = LeakyBucket.Bucket(level.toUint128(), uint40(block.timestamp));
    }

    /// @dev Settles the level of the bucket under the old terms, before terms change.
    function _settleBucket() private {
        (uint256 level,,) = lossBucket();
        _lossBucket = LeakyBucket.Bucket(level.toUint128(), uint40(block.timestamp));
    }

    function _setTerms(OptimizerTerms calldata terms_) private {
        _terms = terms_;
        emit TermsChanged(terms_);
    }

    /// @dev Returns half the loss budget, WAD: see LeakyBucket.
    function _capacity() private view returns (uint256) {
        return uint256(_terms.lossBudgetBps) * _BPS_TO_WAD / 2;
    }

    /// @dev Calls everything back from one strategy.
    function _recall(uint256 k) private returns (uint256 received) {
        uint256 loss;
        (received, loss) = _pullAll(k);
        _absorb(loss);
    }

    /// @dev Burns shares for cash: idle cash first, then the payments of strategies, in their order; one that refuses
    /// is passed by. A little more is asked for, in case a strategy rounds it away.
    function _leave(Appraisal memory a, address receiver, address owner, uint256 assets_, uint256 shares) private {
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);
        _burn(owner, shares);
        uint256 losses;
        for (uint256 k; k < a.worths.length && _idle < assets_; ++k) {
            if (!a.known[k] || a.worths[k] == 0) continue;
            (,, uint256 loss) = _pull(k, true, a.worths[k], assets_ - _idle + _DUST);
            losses += loss;
        }
        _absorb(losses);
        if (_idle < assets_) revert YieldOptimizer__CashShort(assets_, _idle);
        _idle -= assets_;
        IERC20(asset()).safeTransfer(receiver, assets_);
        emit Withdraw(msg.sender, receiver, owner, assets_, shares);
    }

    /// @dev Sends an amount, or sets it aside if the token refuses. The amount left the books before.
    function _send(address token, address receiver, address owner, uint256 amount) private {
        if (amount == 0 || SafeCallToken.transfer(token, receiver, amount)) return;
        _claimable[owner][token] += amount;
        emit MadeClaimable(token, owner, amount);
    }

    function _sharesFor(uint256 assets_, uint256 total, bool up) private view returns (uint256) {
        return _scaled(assets_, totalSupply() + 10 ** _OFFSET, total + 1, up);
    }

    function _assetsFor(uint256 shares, uint256 total, bool up) private view returns (uint256) {
        return _scaled(shares, total + 1, totalSupply() + 10 ** _OFFSET, up);
    }

    function _scaled(uint256 x, uint256 y, uint256 d, bool up) private pure returns (uint256) {
        return up ? FixedPointMathLib.fullMulDivUp(x, y, d) : FixedPointMathLib.fullMulDiv(x, y, d);
    }

    /// @dev Nobody may buy shares whose worth is unknown or nothing.
    function _maxDeposit(Appraisal memory a) private view returns (uint256) {
        if (isClosed || a.blind || totalSupply() / (_total(a) + 1) > _MAX_RATE) return 0;
        return FixedPointMathLib.zeroFloorSub(type(uint112).max, a.gross);
    }

    function _maxMint(Appraisal memory a) private view returns (uint256) {
        return _sharesFor(_maxDeposit(a), _total(a), false);
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
        return _sharesFor(assets_, _total(_appraise()), rounding == Math.Rounding.Ceil);
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
        return _assetsFor(shares, _total(_appraise()), rounding == Math.Rounding.Ceil);
    }

    function _decimalsOffset() internal pure override returns (uint8) {
        return _OFFSET;
    }

    /// @dev Refuses an asset that arrives short.
    function _deposit(address caller, address receiver, uint256 assets_, uint256 shares) internal override {
        uint256 before = IERC20(asset()).balanceOf(address(this));
        super._deposit(caller, receiver, assets_, shares);
        uint256 received = IERC20(asset()).balanceOf(address(this)) - before;
        if (received != assets_) revert YieldOptimizer__TransferMismatch(assets_, received);
        _idle += assets_;
    }
}
