// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Float128} from "../math/Float128.sol";
import {FeeAccrual} from "./FeeAccrual.sol";
import {Fees} from "./Fees.sol";
import {ShareMath} from "./ShareMath.sol";
import {ShareViews} from "./ShareViews.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Fees of portfolios, and the rules for dealing in their shares
/// @notice See {IFeeManager}.
contract FeeManager is FeeAccrual, ShareViews, AccessManaged {
    using FixedPointMathLib for uint256;
    using Float128 for uint128;

    /// @dev Worth of all shares, in whole settlement tokens, above which a jump of their price counts: to move the
    /// price of less costs next to nothing, and pausing it protects nobody.
    uint256 private constant _GUARDED = 1000;

    constructor(address authority_) AccessManaged(authority_) {}

    // -- For anyone --------------------------------------------------------------------------------------------------

    // `totalAssets` and the mint are refused while the portfolio is in the middle of something.
    /// @inheritdoc IFeeManager
    function crystallise(address portfolio) external {
        uint256 totalSupply = _totalSupply(portfolio);
        _crystallise(portfolio, _priced(portfolio, IPortfolio(portfolio).totalAssets(), totalSupply));
    }

    /// @inheritdoc IFeeManager
    function collectFees(address portfolio) external returns (uint256 shares) {
        address recipient;
        (recipient, shares) = _takeOwed(portfolio, _totalSupply(portfolio));
        IPortfolio(portfolio).mintFees(recipient, shares);
    }

    // -- Governance --------------------------------------------------------------------------------------------------

    /// @inheritdoc IFeeManager
    function open(address portfolio, FeeTerms calldata terms, Policy calldata policy_) external restricted {
        if (_accounts[portfolio].accruedAt != 0) revert FeeManager__Exists(portfolio);
        _openFees(portfolio, terms, IERC20Metadata(IPortfolio(portfolio).asset()).decimals());
        _setPolicy(portfolio, policy_);
        _anchor(portfolio, 0);
    }

    /// @inheritdoc IFeeManager
    function setFees(address portfolio, FeeTerms calldata terms) external restricted {
        uint256 totalSupply = _totalSupply(portfolio);
        Quote memory q;
        if (terms.performanceBps > _accounts[portfolio].performanceBps) {
            q = _priced(portfolio, IPortfolio(portfolio).totalAssets(), totalSupply);
        } else {
            q = _settled(_accounts[portfolio], totalSupply);
        }
        _changeFees(portfolio, q, terms);
    }

    /// @inheritdoc IFeeManager
    function lowerFees(address portfolio, FeeTerms calldata terms) external restricted {
        FeeTerms memory current = feesOf(portfolio);
        if (!Fees.isLower(current, terms)) revert FeeManager__NotLower(current, terms);
        uint256 totalSupply = _totalSupply(portfolio);
        _changeFees(portfolio, _settled(_accounts[portfolio], totalSupply), terms);
    }

    /// @inheritdoc IFeeManager
    function setPolicy(address portfolio, Policy calldata policy_) external restricted {
        _requireOpen(portfolio);
        _setPolicy(portfolio, policy_);
    }

    /// @inheritdoc IFeeManager
    function tightenPolicy(address portfolio, Policy calldata policy_) external restricted {
        _tighten(portfolio, policyOf(portfolio), policy_);
    }

    /// @inheritdoc IFeeManager
    function lowerDepositCap(address portfolio, uint104 depositCap) external restricted {
        Policy memory current = policyOf(portfolio);
        _tighten(portfolio, current, Policy(current.shareLock, current.maxJumpBps, depositCap));
    }

    /// @inheritdoc IFeeManager
    function acceptPrice(address portfolio, uint256 low, uint256 high) external restricted {
        uint256 totalSupply = _totalSupply(portfolio);
        Quote memory q = _quote(_accounts[portfolio], IPortfolio(portfolio).totalAssets(), totalSupply);
        uint256 price_ = Fees.priceOf(q);
        if (price_ < low || price_ > high) revert FeeManager__PriceJumped(price_, low, high);
        _anchor(portfolio, price_);
        emit PriceAccepted(portfolio, price_);
    }

    // -- For portfolios, each about itself ---------------------------------------------------------------------------

    /// @inheritdoc IFeeManager
    function recordDeposit(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 assets,
        address caller,
        address receiver
    )
        external
        returns (uint256 shares, uint256 most)
    {
        Quote memory q = _priced(msg.sender, totalAssets, totalSupply);
        most = roomOf(msg.sender, totalAssets);
        if (assets > most) return (0, most);
        shares = ShareMath.sharesFor(assets, totalAssets, Fees.supplyOf(q, Math.Rounding.Floor), Math.Rounding.Floor);
        _entered(_accounts[msg.sender], q, assets * Fees.SCALE, shares);
        _lock(msg.sender, caller, receiver, shares);
    }

    /// @inheritdoc IFeeManager
    function recordMint(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares,
        address caller,
        address receiver
    )
        external
        returns (uint256 assets, uint256 most)
    {
        Quote memory q = _priced(msg.sender, totalAssets, totalSupply);
        uint256 supply = Fees.supplyOf(q, Math.Rounding.Floor);
        most = roomOf(msg.sender, totalAssets);
        if (most != type(uint256).max) most = ShareMath.sharesFor(most, totalAssets, supply, Math.Rounding.Floor);
        if (shares > most) return (0, most);
        assets = ShareMath.assetsFor(shares, totalAssets, supply, Math.Rounding.Ceil);
        _entered(_accounts[msg.sender], q, assets * Fees.SCALE, shares);
        _lock(msg.sender, caller, receiver, shares);
    }

    /// @inheritdoc IFeeManager
    function recordWithdrawal(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 assets
    )
        external
        returns (uint256 shares, uint256 supply)
    {
        Quote memory q = _priced(msg.sender, totalAssets, totalSupply);
        supply = _exitSupply(msg.sender, q);
        shares = ShareMath.sharesFor(assets, totalAssets, supply, Math.Rounding.Ceil);
        _left(_accounts[msg.sender], q, shares);
    }

    /// @inheritdoc IFeeManager
    function recordRedemption(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares
    )
        external
        returns (uint256 assets, uint256 supply)
    {
        Quote memory q = _priced(msg.sender, totalAssets, totalSupply);
        supply = _exitSupply(msg.sender, q);
        assets = ShareMath.assetsFor(shares, totalAssets, supply, Math.Rounding.Floor);
        _left(_accounts[msg.sender], q, shares);
    }

    /// @inheritdoc IFeeManager
    function recordSettlement(
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares,
        uint256 cash
    )
        external
        returns (uint256 burnt, uint256 assets)
    {
        Account storage a = _accounts[msg.sender];
        Quote memory q = _quote(a, totalAssets, totalSupply);
        uint256 supply = _exitSupply(msg.sender, q);
        burnt = shares.min(ShareMath.sharesFor(cash, totalAssets, supply, Math.Rounding.Floor));
        assets = ShareMath.assetsFor(burnt, totalAssets, supply, Math.Rounding.Floor);
        if (assets != 0) _left(a, q, burnt);
    }

    /// @inheritdoc IFeeManager
    function recordExitInKind(
        bool known,
        uint256 totalAssets,
        uint256 totalSupply,
        uint256 shares
    )
        external
        returns (uint256 supply)
    {
        Account storage a = _accounts[msg.sender];
        Quote memory q = _quoteAt(a, _bands[msg.sender].lastPrice.unpack(), totalSupply);
        // A total that is larger than this is a token's lie.
        if (known && totalAssets < type(uint128).max) {
            Quote memory now_ = _quote(a, totalAssets, totalSupply);
            if (now_.pending < q.pending || _isFair(msg.sender, now_)) q = now_;
        }
        supply = _exitSupply(msg.sender, q);
        _left(a, q, shares);
    }

    /// @inheritdoc IFeeManager
    function recordTrade(
        uint256 totalBefore,
        uint256 totalAfter,
        uint256 totalSupply
    )
        external
        returns (uint256 supplyBefore, uint256 supplyAfter)
    {
        Quote memory q = _priced(msg.sender, totalBefore, totalSupply);
        supplyBefore = Fees.supplyOf(q, Math.Rounding.Floor);
        _withAssets(_accounts[msg.sender], q, totalAfter);
        supplyAfter = Fees.supplyOf(q, Math.Rounding.Floor);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IFeeManager
    function quote(
        address portfolio,
        uint256 totalAssets,
        uint256 totalSupply
    )
        external
        view
        returns (Quote memory q, uint256 price_, uint256 low, uint256 high)
    {
        q = _quote(_accounts[portfolio], totalAssets, totalSupply);
        (price_, low, high) = _bandOf(portfolio, q);
    }

    /// @inheritdoc IFeeManager
    function supplyOf(
        address portfolio,
        uint256 totalAssets,
        uint256 totalSupply
    )
        external
        view
        returns (uint256 supply, bool fair)
    {
        Quote memory q = _quote(_accounts[portfolio], totalAssets, totalSupply);
        return (Fees.supplyOf(q, Math.Rounding.Floor), _isFair(portfolio, q));
    }

    /// @inheritdoc IFeeManager
    function isFair(address portfolio, uint256 totalAssets) external view returns (bool) {
        return _isFair(portfolio, _quote(_accounts[portfolio], totalAssets, _totalSupply(portfolio)));
    }

    /// @inheritdoc IFeeManager
    function feeState(address portfolio)
        external
        view
        returns (uint256 owed, uint40 crystallisedAt, uint256 highWaterMark, uint256 lastPrice)
    {
        Account storage a = _accounts[portfolio];
        uint256 totalSupply = _totalSupply(portfolio);
        return (
            _settled(a, totalSupply).owed,
            a.crystallisedAt,
            a.highWaterMark.unpack(),
            _bands[portfolio].lastPrice.unpack()
        );
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _tighten(address portfolio, Policy memory current, Policy memory policy_) private {
        _requireOpen(portfolio);
        if (!_isTighter(current, policy_)) revert FeeManager__NotTighter(current, policy_);
        _setPolicy(portfolio, policy_);
    }

    /// @dev Refuses a price that left its band, remembers any other.
    function _priced(address portfolio, uint256 totalAssets, uint256 totalSupply) private returns (Quote memory q) {
        q = _quote(_accounts[portfolio], totalAssets, totalSupply);
        (uint256 price_, uint256 low, uint256 high) = _bandOf(portfolio, q);
        if (price_ < low || price_ > high) revert FeeManager__PriceJumped(price_, low, high);
        if (high == type(uint256).max) _anchor(portfolio, price_);
        else _follow(portfolio, price_, low, high);
    }

    /// @inheritdoc ShareViews
    function _dealtAt(
        address portfolio,
        uint256 totalAssets,
        Math.Rounding pendingFee
    )
        internal
        view
        override
        returns (uint256 supply, bool fair)
    {
        Quote memory q = _quote(_accounts[portfolio], totalAssets, _totalSupply(portfolio));
        supply = pendingFee == Math.Rounding.Ceil ? _exitSupply(portfolio, q) : Fees.supplyOf(q, Math.Rounding.Floor);
        fair = _isFair(portfolio, q);
    }

    function _isFair(address portfolio, Quote memory q) private view returns (bool) {
        (uint256 price_, uint256 low, uint256 high) = _bandOf(portfolio, q);
        return low <= price_ && price_ <= high;
    }

    /// @dev The band is wide open while the shares, at the last price, are worth too little to be guarded.
    function _bandOf(
        address portfolio,
        Quote memory q
    )
        private
        view
        returns (uint256 price_, uint256 low, uint256 high)
    {
        Band memory band = _bands[portfolio];
        price_ = Fees.priceOf(q);
        uint256 last = band.lastPrice.unpack();
        uint256 worth = FixedPointMathLib.fullMulDiv(last, q.base + q.pending, Fees.SCALE);
        if (worth < _GUARDED * 10 ** _accounts[portfolio].decimals) return (price_, 0, type(uint256).max);
        (low, high) = _boundsOf(band, last);
    }

    /// @dev The pending fee rounds up for an exit, where there is a performance fee.
    function _exitSupply(address portfolio, Quote memory q) private view returns (uint256) {
        return Fees.supplyOf(q, _accounts[portfolio].performanceBps == 0 ? Math.Rounding.Floor : Math.Rounding.Ceil);
    }

    function _totalSupply(address portfolio) private view returns (uint256) {
        _requireOpen(portfolio);
        return IPortfolio(portfolio).totalSupply();
    }

    function _requireOpen(address portfolio) private view {
        if (_accounts[portfolio].accruedAt == 0) revert FeeManager__NotAPortfolio(portfolio);
    }
}
