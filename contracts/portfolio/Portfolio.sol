// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Redemptions} from "./Redemptions.sol";
import {ShareMath} from "./ShareMath.sol";
import {Trading} from "./Trading.sol";
import {Valuation} from "./Valuation.sol";
import {IAutomatedComplianceEngine} from "interfaces/compliance/IAutomatedComplianceEngine.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Managed portfolio
/// @notice See {IPortfolio}. The vault of ERC-4626, and what the factory may change.
///
/// DEPOSITS AND WITHDRAWALS
/// - A deposit is priced at live prices and closed while the portfolio is halted or holds retired assets. A withdrawal
///   is priced at those at which holders may leave, and paid from cash that no request waits for.
/// - The fee manager is told of each once. It refuses a share price that jumped, settles fees, locks bought shares, and
///   returns shares for assets or assets for shares.
/// - Previews and maximums are the fee manager's answers: its code has room for them, the portfolio's has not.
///
/// SHARES
/// - Every movement of shares passes {_update}: shares that are locked or wait stay, and the compliance rules of the
///   shares, if there are any, decide.
///
/// ADMINISTRATION
/// - A portfolio is a clone. The factory sets it up, lists assets and sets the loss budget; nobody can change its code.
contract Portfolio is Trading {
    /// @inheritdoc IPortfolio
    address public immutable factory;

    modifier onlyFactory() {
        _requireFactory();
        _;
    }

    /// @dev Deployed by the factory, as the implementation of its clones.
    constructor(
        address oracle_,
        address riskEngine_,
        address aggregator_,
        address rebalancer_,
        address feeManager_,
        address queue_
    )
        Valuation(oracle_, feeManager_)
        Redemptions(queue_)
        Trading(riskEngine_, aggregator_, rebalancer_)
    {
        factory = msg.sender;
        _disableInitializers();
    }

    /// @inheritdoc IPortfolio
    function initialize(InitParams calldata params) external initializer onlyFactory {
        __ERC20_init(params.name, params.symbol);
        __ERC4626_init(IERC20(params.settlement));
        compliance = params.compliance;
        _list(params.settlement);
        if (_assets[0].decimals() > 18) revert Portfolio__InvalidAsset(params.settlement);
        for (uint256 k; k < params.assets.length; ++k) {
            _list(params.assets[k]);
        }
        _setLossBudget(params.lossBudgetBps, params.lossWindow);
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
        Appraisal memory a = _appraiseForEntry(receiver);
        uint256 most;
        (shares, most) =
            IFeeManager(feeManager).recordDeposit(a.totalAssets, totalSupply(), assets_, _msgSender(), receiver);
        if (_closed(a)) most = 0;
        if (assets_ > most) revert ERC4626ExceededMaxDeposit(receiver, assets_, most);
        if (shares == 0) revert Portfolio__ZeroShares();
        _enter(a, receiver, assets_, shares);
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
        Appraisal memory a = _appraiseForEntry(receiver);
        uint256 most;
        (assets_, most) =
            IFeeManager(feeManager).recordMint(a.totalAssets, totalSupply(), shares, _msgSender(), receiver);
        if (_closed(a)) most = 0;
        if (shares > most) revert ERC4626ExceededMaxMint(receiver, shares, most);
        _enter(a, receiver, assets_, shares);
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
        Appraisal memory a = _appraise(PriceBasis.Exit);
        uint256 supply;
        (shares, supply) = IFeeManager(feeManager).recordWithdrawal(a.totalAssets, totalSupply(), assets_);
        (uint256 free, uint256 cash) = (_free(owner), _freeCash(a, supply));
        if (assets_ > cash || shares > free) {
            uint256 most = ShareMath.withdrawable(free, cash, a.totalAssets, supply);
            revert ERC4626ExceededMaxWithdraw(owner, assets_, most);
        }
        _leave(receiver, owner, assets_, shares);
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
        Appraisal memory a = _appraise(PriceBasis.Exit);
        uint256 supply;
        uint256 free = _free(owner);
        (assets_, supply) =
            IFeeManager(feeManager).recordRedemption(a.totalAssets, totalSupply(), FixedPointMathLib.min(shares, free));
        uint256 most = ShareMath.redeemable(free, _freeCash(a, supply), a.totalAssets, supply);
        if (shares > most) revert ERC4626ExceededMaxRedeem(owner, shares, most);
        if (assets_ == 0) revert Portfolio__ZeroAssets();
        _leave(receiver, owner, assets_, shares);
    }

    /// @inheritdoc IERC4626
    /// @dev It is the first of the list, which every call has read.
    function asset() public view override(ERC4626Upgradeable, IERC4626) returns (address) {
        return _assets[0].token();
    }

    // -- Answers of the fee manager -----------------------------------------------------------------------------------

    /// @inheritdoc IERC4626
    function convertToShares(uint256 assets_) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(assets_);
    }

    /// @inheritdoc IERC4626
    function convertToAssets(uint256 shares) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(shares);
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets_) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(assets_);
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(shares);
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets_) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(assets_);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(shares);
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address receiver) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(receiver));
    }

    /// @inheritdoc IERC4626
    function maxMint(address receiver) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(receiver));
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(owner));
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) public view override(ERC4626Upgradeable, IERC4626) returns (uint256) {
        return _answer(uint160(owner));
    }

    // -- Fees --------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPortfolio
    function mintFees(address recipient, uint256 shares) external nonReentrant {
        if (msg.sender != feeManager) revert Portfolio__OnlyFeeManager(msg.sender);
        _mint(recipient, shares);
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

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _requireFactory() private view {
        if (msg.sender != factory) revert Portfolio__OnlyFactory(msg.sender);
    }

    /// @dev The selector of the call is the question. One body for all ten functions fits in here, ten bodies do not.
    function _answer(uint256 about) private view returns (uint256) {
        return IFeeManager(feeManager).answer(address(this), msg.sig, about);
    }

    function _appraiseForEntry(address receiver) private view returns (Appraisal memory) {
        if (_msgSender() != receiver) _requireNotStopped(_msgSender());
        return _appraise(PriceBasis.Live);
    }

    /// @dev Refuses settlement tokens that arrive short.
    /// @param a The portfolio before the deposit.
    function _enter(Appraisal memory a, address receiver, uint256 assets_, uint256 shares) private {
        _deposit(_msgSender(), receiver, assets_, shares);
        uint256 received = _balanceOf(a.list[0]) - a.balances[0];
        if (received != assets_) revert Portfolio__TransferMismatch(asset(), assets_, received);
    }

    function _leave(address receiver, address owner, uint256 assets_, uint256 shares) private {
        _requireOthers(owner, receiver);
        _withdraw(_msgSender(), receiver, owner, assets_, shares);
    }

    /// @return Shares that may leave in cash, unless they are locked: the fee manager refuses these when they are burnt.
    function _free(address owner) private view returns (uint256) {
        return _halted() ? 0 : FixedPointMathLib.zeroFloorSub(balanceOf(owner), queuedShares[owner]);
    }

    /// @return Cash that nobody waits for, smallest units of the settlement token.
    function _freeCash(Appraisal memory a, uint256 supply) private view returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(a.balances[0], _waiting(a.totalAssets, supply));
    }

    /// @dev A depositor would share in retired assets without having paid for them: entry is closed while there are
    /// any.
    function _closed(Appraisal memory a) private view returns (bool) {
        if (_halted()) return true;
        return a.list.length < _assets[0].count() && IPortfolioFactory(factory).holdsRetired(address(this));
    }

    function _halted() private view returns (bool) {
        return IRiskEngine(riskEngine).stateOf(address(this)) == IRiskEngine.State.Halted;
    }

    /// @dev Shares move under the portfolio's compliance rules, if it has any: the engine is told of the movement that
    /// was made, and refuses it.
    function _update(address from, address to, uint256 value) internal override(ERC20Upgradeable) {
        super._update(from, to, value);
        if (from != address(0)) _requireFree(from);
        address engine = compliance;
        if (engine == address(0)) return;
        IAutomatedComplianceEngine(engine)
            .admitTransfer(
                // The owner asked for every burn of the queue.
                msg.sender == queue ? from : _msgSender(),
                from,
                to,
                value,
                from == address(0) ? 0 : balanceOf(from),
                to == address(0) ? 0 : balanceOf(to)
            );
    }
}
