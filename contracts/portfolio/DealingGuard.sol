// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {Float128} from "../math/Float128.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";

/// @title Rules for dealing in portfolios' shares, and for their prices
/// @notice See {IFeeManager}. The lock of bought shares, the deposit cap, and the band in which a share price may move.
abstract contract DealingGuard is IFeeManager {
    using FixedPointMathLib for uint256;

    /// @dev The last price and the band around it fill one slot, which whatever has a price writes. Room is billionths
    /// of the last price.
    /// @param lastPrice Price, net of fees, at the last action that had one, settlement tokens per whole share, scaled
    /// by 1e27, as {Float128} packs it. Rounds down.
    /// @param up Room above the last price when it was taken.
    /// @param down Room below it.
    struct Band {
        uint128 lastPrice;
        uint32 up;
        uint32 down;
        uint40 pricedAt;
        uint16 maxJumpBps;
    }

    /// @dev The rest of a {Policy}.
    struct Guard {
        uint32 shareLock;
        uint104 depositCap;
    }

    /// @param shares Number of locked shares, all until the same moment.
    /// @param since Unix seconds of its first deposit. A lock's time later it takes no more.
    /// @param hasOlder True if an older lot may still be locked. That one ends no later than this one.
    struct Lot {
        uint168 shares;
        uint40 since;
        uint40 until;
        bool hasOlder;
    }

    uint256 private constant _MAX_LOCK = 7 days;
    uint256 private constant _MIN_JUMP_BPS = 100;
    uint256 private constant _MAX_JUMP_BPS = 10_000;
    uint256 private constant _BILLION = 1e9;
    uint256 private constant _BPS_TO_BILLIONTHS = 1e5;

    mapping(address portfolio => Band) internal _bands;
    mapping(address portfolio => Guard) private _guards;
    mapping(address portfolio => mapping(address account => Lot)) private _lots;
    mapping(address portfolio => mapping(address account => Lot)) private _olderLots;
    /// @inheritdoc IFeeManager
    mapping(address portfolio => mapping(address account => mapping(address depositor => bool))) public isDepositor;

    // -- Views -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IFeeManager
    function policyOf(address portfolio) public view returns (Policy memory) {
        Guard memory guard = _guards[portfolio];
        return Policy(guard.shareLock, _bands[portfolio].maxJumpBps, guard.depositCap);
    }

    /// @inheritdoc IFeeManager
    function roomOf(address portfolio, uint256 totalAssets) public view returns (uint256) {
        uint256 cap = _guards[portfolio].depositCap;
        return cap == 0 ? type(uint256).max : cap.zeroFloorSub(totalAssets);
    }

    /// @inheritdoc IFeeManager
    function lockedShares(address portfolio, address account) public view returns (uint256 shares, uint40 until) {
        Lot memory lot = _lots[portfolio][account];
        until = lot.until;
        if (until <= block.timestamp) return (0, until);
        shares = lot.shares;
        if (lot.hasOlder) {
            Lot memory older = _olderLots[portfolio][account];
            if (older.until > block.timestamp) shares += older.shares;
        }
    }

    /// @inheritdoc IFeeManager
    function requireFree(address portfolio, address account, uint256 balance, uint256 bound) external view {
        if (balance < bound) revert IPortfolio.Portfolio__SharesBound(account, balance, bound);
        (uint256 locked, uint40 until) = lockedShares(portfolio, account);
        if (balance - bound < locked) revert FeeManager__SharesLocked(account, locked, until);
    }

    // -- Settings ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IFeeManager
    function setDepositor(address portfolio, address depositor, bool allowed) external {
        isDepositor[portfolio][msg.sender][depositor] = allowed;
        emit DepositorSet(portfolio, msg.sender, depositor, allowed);
    }

    function _setPolicy(address portfolio, Policy memory p) internal {
        if (p.shareLock > _MAX_LOCK || p.maxJumpBps < _MIN_JUMP_BPS || p.maxJumpBps > _MAX_JUMP_BPS) {
            revert FeeManager__InvalidPolicy(p.shareLock, p.maxJumpBps);
        }
        _guards[portfolio] = Guard(p.shareLock, p.depositCap);
        _bands[portfolio].maxJumpBps = p.maxJumpBps;
        emit PolicyChanged(portfolio, p);
    }

    /// @return True if no field of `b` is looser than `a`.
    function _isTighter(Policy memory a, Policy memory b) internal pure returns (bool) {
        bool capped = a.depositCap == 0 || (b.depositCap != 0 && b.depositCap <= a.depositCap);
        return capped && b.shareLock >= a.shareLock && b.maxJumpBps <= a.maxJumpBps;
    }

    // -- Share lock --------------------------------------------------------------------------------------------------

    /// @dev A lot is renewed by its owner or with its leave, by nobody else, and only by deposits within a lock's time
    /// of its first one: however many deposits follow, by a router that anyone can call for example, no share stays
    /// longer than two locks.
    function _lock(address portfolio, address caller, address receiver, uint256 shares) internal {
        uint256 time = _guards[portfolio].shareLock;
        if (time == 0) return;
        Lot memory lot = _lots[portfolio][receiver];
        if (lot.until <= block.timestamp) {
            lot = Lot(0, uint40(block.timestamp), 0, false);
        } else if (caller != receiver && !isDepositor[portfolio][receiver][caller] && !_isVault(portfolio, caller)) {
            revert FeeManager__ReceiverLocked(receiver, caller, lot.until);
        } else if (block.timestamp >= lot.since + time && _olderLots[portfolio][receiver].until <= block.timestamp) {
            _olderLots[portfolio][receiver] = lot;
            lot = Lot(0, uint40(block.timestamp), lot.until, true);
        }
        lot.shares = SafeCastLib.toUint168(lot.shares + shares);
        lot.until = uint40(FixedPointMathLib.max(lot.until, block.timestamp + time));
        _lots[portfolio][receiver] = lot;
    }

    /// @dev The ERC-7540 vault asks the same of its own caller.
    function _isVault(address portfolio, address caller) private view returns (bool) {
        return caller == IPortfolioFactory(IPortfolio(portfolio).factory()).vaultOf(portfolio);
    }

    // -- Price guard -------------------------------------------------------------------------------------------------

    /// @dev The band widens with time on both sides.
    /// @param last The band's last price, unpacked.
    function _boundsOf(Band memory band, uint256 last) internal view returns (uint256 low, uint256 high) {
        uint256 wider = band.maxJumpBps * _BPS_TO_BILLIONTHS * (block.timestamp - band.pricedAt) / 1 days;
        low = last - last.fullMulDiv(_BILLION.min(band.down + wider), _BILLION);
        high = last + last.fullMulDiv(band.up + wider, _BILLION);
    }

    /// @dev Takes a price, and gives the band its whole room on both sides.
    function _anchor(address portfolio, uint256 price_) internal {
        Band storage band = _bands[portfolio];
        uint32 room = uint32(band.maxJumpBps * _BPS_TO_BILLIONTHS);
        (band.lastPrice, band.up, band.down, band.pricedAt) =
        (Float128.packDown(price_), room, room, uint40(block.timestamp));
    }

    /// @dev Takes a price. The band stays where it is, except for a bound that is farther from the price than allowed:
    /// many small steps one way get no farther than a large one.
    function _follow(address portfolio, uint256 price_, uint256 low, uint256 high) internal {
        Band storage band = _bands[portfolio];
        uint256 room = band.maxJumpBps * _BPS_TO_BILLIONTHS;
        (band.lastPrice, band.up, band.down, band.pricedAt) =
        (
            Float128.packDown(price_),
            uint32((high - price_).fullMulDiv(_BILLION, price_).min(room)),
            uint32((price_ - low).fullMulDiv(_BILLION, price_).min(room)),
            uint40(block.timestamp)
        );
    }
}
