// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {Float128} from "../math/Float128.sol";
import {Fees} from "./Fees.sol";
import {ShareMath} from "./ShareMath.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";

/// @title Fees that portfolios owe to their recipients
/// @notice See {IFeeManager}; the arithmetic is {Fees}'.
abstract contract FeeAccrual is IFeeManager {
    using FixedPointMathLib for uint256;
    using Float128 for uint128;

    /// @dev The first slot and the mark are what a quote is made of; who gets the fees, and how often, is not.
    /// @param owed Shares, management fees until `accruedAt` included.
    /// @param decimals Decimals of the settlement token.
    /// @param highWaterMark Settlement tokens per whole share, scaled by 1e27, above which a performance fee is due, as
    /// {Float128} packs it: a donation to a portfolio without holders makes a price of any size. Rounds up.
    struct Account {
        uint128 owed;
        uint40 accruedAt;
        uint40 crystallisedAt;
        uint16 managementBps;
        uint16 performanceBps;
        uint8 decimals;
        uint128 highWaterMark;
        address recipient;
        uint32 period;
    }

    /// @dev One settlement token per share.
    uint256 private constant _PAR = 1e27;

    mapping(address portfolio => Account) internal _accounts;

    /// @inheritdoc IFeeManager
    function feesOf(address portfolio) public view returns (FeeTerms memory) {
        Account storage a = _accounts[portfolio];
        return FeeTerms(a.managementBps, a.performanceBps, a.period, a.recipient);
    }

    function _openFees(address portfolio, FeeTerms memory terms, uint8 decimals) internal {
        Fees.requireAllowed(terms);
        Account storage a = _accounts[portfolio];
        (a.accruedAt, a.crystallisedAt) = (uint40(block.timestamp), uint40(block.timestamp));
        (a.decimals, a.highWaterMark) = (decimals, Float128.packUp(_PAR));
        _setFees(portfolio, terms);
    }

    /// @dev Settles under the old terms. A change makes no pending fee larger: a higher rate counts for later gains, a
    /// lower one for the pending fee too.
    /// @param q Quote, without a gain where the performance fee does not rise.
    function _changeFees(address portfolio, Quote memory q, FeeTerms memory terms) internal {
        Fees.requireAllowed(terms);
        Account storage a = _accounts[portfolio];
        uint256 gain = q.gain == 0 ? 0 : q.gain * a.performanceBps / terms.performanceBps;
        _settle(a, q, q.grossAssets - gain, q.base, 0);
        _setFees(portfolio, terms);
    }

    function _setFees(address portfolio, FeeTerms memory terms) private {
        Account storage a = _accounts[portfolio];
        (a.managementBps, a.performanceBps) = (terms.managementBps, terms.performanceBps);
        (a.recipient, a.period) = (terms.recipient, terms.period);
        emit FeesChanged(portfolio, terms);
    }

    function _crystallise(address portfolio, Quote memory q) internal {
        Account storage a = _accounts[portfolio];
        uint256 ready = uint256(a.crystallisedAt) + a.period;
        if (block.timestamp < ready) revert FeeManager__CrystallisedTooSoon(ready, block.timestamp);
        if (q.pending == 0) revert FeeManager__NoFee(portfolio);
        _settle(a, q, q.grossAssets, q.base + q.pending, q.pending);
        a.crystallisedAt = uint40(block.timestamp);
        emit FeesCrystallised(portfolio, q.pending, a.highWaterMark.unpack());
    }

    /// @return recipient Account that gets them.
    /// @return owed Shares, which the caller has minted.
    function _takeOwed(address portfolio, uint256 totalSupply) internal returns (address recipient, uint256 owed) {
        Account storage a = _accounts[portfolio];
        Quote memory q = _settled(a, totalSupply);
        (recipient, owed) = (a.recipient, q.owed);
        if (owed == 0) revert FeeManager__NoFee(portfolio);
        (a.owed, a.accruedAt) = (0, uint40(block.timestamp));
        emit FeesCollected(portfolio, recipient, owed);
    }

    /// @dev A deposit above the mark brings a mark of its own, its price; below the mark it shares that of the others,
    /// or a flash deposit would lower it.
    /// @param assets Deposited assets, counted as gross assets are.
    function _entered(Account storage a, Quote memory q, uint256 assets, uint256 shares) internal {
        _settle(a, q, q.grossAssets + assets - q.gain, q.base + shares, 0);
    }

    /// @dev The leaver's part of the pending fee is owed at once: waiting for the day of crystallisation would let it
    /// off. It takes shares / supply of the assets, and base and gain shrink by the same part of themselves: net price
    /// and mark stay, whatever the assets are truly worth.
    function _left(Account storage a, Quote memory q, uint256 shares) internal {
        _accrue(a, q, shares.fullMulDiv(q.pending, q.base + q.pending));
    }

    /// @dev Writes the shares that are owed until now and, where there is a gain, the mark.
    /// @param worth Gross assets afterwards, without the gain that stays pending.
    /// @param base Base of the quote afterwards.
    /// @param more Shares that become owed.
    function _settle(Account storage a, Quote memory q, uint256 worth, uint256 base, uint256 more) private {
        _accrue(a, q, more);
        if (q.gain != 0) a.highWaterMark = Float128.packUp(Fees.highWaterMarkOf(worth, base));
    }

    function _accrue(Account storage a, Quote memory q, uint256 more) private {
        uint256 owed = q.owed + more;
        (a.owed, a.accruedAt) = (uint128(owed.min(type(uint128).max)), uint40(block.timestamp));
    }

    /// @return q A quote without assets: its shares, management fees until now included.
    function _settled(Account storage a, uint256 totalSupply) internal view returns (Quote memory q) {
        uint256 issued = totalSupply + ShareMath.VIRTUAL_SHARES;
        q.base = Fees.grown(issued + a.owed, a.managementBps, block.timestamp - a.accruedAt);
        q.owed = q.base - issued;
    }

    /// @param totalAssets Smallest units.
    function _quote(Account storage a, uint256 totalAssets, uint256 totalSupply)
        internal
        view
        returns (Quote memory q)
    {
        q = _settled(a, totalSupply);
        _withAssets(a, q, totalAssets);
    }

    /// @dev Gives a quote other assets.
    /// @param totalAssets Smallest units.
    function _withAssets(Account storage a, Quote memory q, uint256 totalAssets) internal view {
        uint256 grossAssets = (totalAssets + ShareMath.VIRTUAL_ASSETS) * Fees.SCALE;
        Fees.quote(q, grossAssets, a.highWaterMark.unpack(), a.performanceBps);
    }

    /// @dev Returns the quote at a price net of fees: the last one is the best that is known without a present one.
    function _quoteAt(Account storage a, uint256 price, uint256 totalSupply) internal view returns (Quote memory q) {
        q = _settled(a, totalSupply);
        (uint256 highWaterMark, uint256 bps) = (a.highWaterMark.unpack(), a.performanceBps);
        Fees.quote(q, Fees.grossAssetsAt(price, q.base, highWaterMark, bps), highWaterMark, bps);
    }
}
