// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Float128} from "../math/Float128.sol";
import {FeeAccrual} from "./FeeAccrual.sol";
import {Fees} from "./Fees.sol";
import {ShareViews} from "./ShareViews.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Fees of portfolios, and the rules for dealing in their shares
/// @notice See {IFeeManager}.
contract FeeManager is FeeAccrual, ShareViews, AccessManaged {
    using Float128 for uint128;

    uint256 private constant _VIRTUAL_SHARES = 1e6;
    /// @dev Worth of all shares, in whole settlement tokens, above which a jump of their price counts: to move the
    /// price of less costs next to nothing, and pausing it protects nobody.
    uint256 private constant _GUARDED = 1000;

    constructor(address authority_) AccessManaged(authority_) {}

    // -- For anyone --------------------------------------------------------------------------------------------------

    // `totalAssets` and the mint are refused while the portfolio is in the middle of something.
    /// @inheritdoc IFeeManager
    function crystallise(address portfolio) external {
        uint256 issued = _issued(portfolio);
        _crystallise(portfolio, _priced(portfolio, IPortfolio(portfolio).totalAssets() + 1, issued), issued);
    }

    /// @inheritdoc IFeeManager
    function collectFees(address portfolio) external returns (uint256 shares) {
        address recipient;
        (recipient, shares) = _takeOwed(portfolio, _issued(portfolio));
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
        uint256 issued = _issued(portfolio);
        Quote memory q;
        if (terms.performanceBps > _accounts[portfolio].performanceBps) {
            q = _priced(portfolio, IPortfolio(portfolio).totalAssets() + 1, issued);
        } else {
            q.base = _base(_accounts[portfolio], issued);
        }
        _changeFees(portfolio, q, issued, terms);
    }

    /// @inheritdoc IFeeManager
    function lowerFees(address portfolio, FeeTerms calldata terms) external restricted {
        FeeTerms memory current = feesOf(portfolio);
        if (!Fees.isLower(current, terms)) revert FeeManager__NotLower(current, terms);
        uint256 issued = _issued(portfolio);
        Quote memory q;
        q.base = _base(_accounts[portfolio], issued);
        _changeFees(portfolio, q, issued, terms);
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
        uint256 issued = _issued(portfolio);
        Quote memory q = _quote(_accounts[portfolio], IPortfolio(portfolio).totalAssets() + 1, issued);
        uint256 price_ = Fees.priceOf(q);
        if (price_ < low || price_ > high) revert FeeManager__PriceJumped(price_, low, high);
        _anchor(portfolio, price_);
        emit PriceAccepted(portfolio, price_);
    }

    // -- For portfolios, each about itself ---------------------------------------------------------------------------

    /// @inheritdoc IFeeManager
    function recordPrice(uint256 pot, uint256 issued, bool exit) external returns (uint256 supply, uint256 room) {
        supply = _shares(msg.sender, _priced(msg.sender, pot, issued), exit);
        if (!exit) room = roomOf(msg.sender, pot - 1);
    }

    /// @inheritdoc IFeeManager
    function recordTrade(
        uint256 potBefore,
        uint256 potAfter,
        uint256 issued
    )
        external
        returns (uint256 supplyBefore, uint256 supplyAfter)
    {
        Quote memory q = _priced(msg.sender, potBefore, issued);
        supplyBefore = Fees.supplyOf(q, false);
        Account storage a = _accounts[msg.sender];
        q = Fees.quote(potAfter * Fees.SCALE, q.base, a.highWaterMark.unpack(), a.performanceBps);
        supplyAfter = Fees.supplyOf(q, false);
    }

    /// @inheritdoc IFeeManager
    function recordEntry(
        uint256 pot,
        uint256 issued,
        uint256 assets,
        uint256 shares,
        address caller,
        address receiver
    )
        external
    {
        Account storage a = _accounts[msg.sender];
        _entered(a, _quote(a, pot, issued), issued, assets * Fees.SCALE, shares);
        _lock(msg.sender, caller, receiver, shares);
    }

    /// @inheritdoc IFeeManager
    function recordExit(uint256 pot, uint256 issued, uint256 shares) external {
        Account storage a = _accounts[msg.sender];
        _left(a, _quote(a, pot, issued), issued, shares);
    }

    /// @inheritdoc IFeeManager
    function recordExitInKind(uint256 pot, uint256 issued, uint256 shares) external returns (uint256 supply) {
        Account storage a = _accounts[msg.sender];
        Quote memory q = _quoteAt(a, _bands[msg.sender].lastPrice.unpack(), issued);
        // What is worth more than this is a token's lie.
        if (pot != 0 && pot <= type(uint128).max) {
            Quote memory now_ = _quote(a, pot, issued);
            if (now_.pending < q.pending || _isFair(msg.sender, now_)) q = now_;
        }
        supply = _shares(msg.sender, q, true);
        _left(a, q, issued, shares);
    }

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IFeeManager
    function quote(
        address portfolio,
        uint256 pot,
        uint256 issued
    )
        external
        view
        returns (Quote memory q, uint256 price_, uint256 low, uint256 high)
    {
        q = _quote(_accounts[portfolio], pot, issued);
        (price_, low, high) = _bandOf(portfolio, q);
    }

    /// @inheritdoc IFeeManager
    function supplyOf(
        address portfolio,
        uint256 pot,
        uint256 issued,
        bool exit
    )
        external
        view
        returns (uint256 supply, bool fair)
    {
        return _supplyAt(portfolio, pot, issued, exit);
    }

    /// @inheritdoc IFeeManager
    function isFair(address portfolio, uint256 totalAssets) external view returns (bool) {
        return _isFair(portfolio, _quote(_accounts[portfolio], totalAssets + 1, _issued(portfolio)));
    }

    /// @inheritdoc IFeeManager
    function feeState(address portfolio)
        external
        view
        returns (uint256 owed, uint40 crystallisedAt, uint256 highWaterMark, uint256 lastPrice)
    {
        Account storage a = _accounts[portfolio];
        uint256 issued = _issued(portfolio);
        return
            (
                _base(a, issued) - issued,
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
    function _priced(address portfolio, uint256 pot, uint256 issued) private returns (Quote memory q) {
        q = _quote(_accounts[portfolio], pot, issued);
        (uint256 price_, uint256 low, uint256 high) = _bandOf(portfolio, q);
        if (price_ < low || price_ > high) revert FeeManager__PriceJumped(price_, low, high);
        // slither-disable-next-line incorrect-equality (no band)
        if (high == type(uint256).max) _anchor(portfolio, price_);
        else _follow(portfolio, price_, low, high);
    }

    function _supplyAt(
        address portfolio,
        uint256 pot,
        uint256 issued,
        bool exit
    )
        internal
        view
        override
        returns (uint256 supply, bool fair)
    {
        Quote memory q = _quote(_accounts[portfolio], pot, issued);
        return (_shares(portfolio, q, exit), _isFair(portfolio, q));
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

    /// @dev The supply is rounded up for an exit only where there is a performance fee.
    function _shares(address portfolio, Quote memory q, bool exit) private view returns (uint256) {
        return Fees.supplyOf(q, exit && _accounts[portfolio].performanceBps != 0);
    }

    function _issued(address portfolio) internal view override returns (uint256) {
        _requireOpen(portfolio);
        return IPortfolio(portfolio).totalSupply() + _VIRTUAL_SHARES;
    }

    function _requireOpen(address portfolio) private view {
        // slither-disable-next-line incorrect-equality (never opened)
        if (_accounts[portfolio].accruedAt == 0) revert FeeManager__NotAPortfolio(portfolio);
    }
}
