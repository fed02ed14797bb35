// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC4626Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC4626Upgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeCastLib} from "solady/src/utils/SafeCastLib.sol";

import {SafeCallVault} from "../calls/SafeCallVault.sol";
import {LeakyBucket} from "../math/LeakyBucket.sol";
import {ProfitLock} from "./ProfitLock.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title Debts of strategies, and their appraisal
/// @notice This half of the optimizer talks to strategies: it appraises, books, pushes and pulls. See
/// {IYieldOptimizer}.
/// @dev One appraisal serves views and transactions alike, so that previews are exact.
abstract contract StrategyBook is IYieldOptimizer, ERC4626Upgradeable {
    using LeakyBucket for LeakyBucket.Bucket;
    using ProfitLock for ProfitLock.Lock;
    using SafeCastLib for uint256;
    using SafeERC20 for IERC20;

    /// @param gross Idle cash and all debts, losses that are not booked yet taken off.
    /// @param locked Profit that is locked, after it absorbed them.
    /// @param silent Part of gross that strategies owe which do not answer.
    /// @param blind True if any strategy with shares does not answer.
    /// @param known True for each strategy that answered.
    /// @param worths Amount that each strategy's shares would pay, in the asset.
    struct Appraisal {
        uint256 gross;
        uint256 locked;
        uint256 silent;
        uint256 losses;
        bool blind;
        bool[] known;
        uint256[] worths;
    }

    uint256 internal constant _WAD = 1e18;
    uint256 internal constant _BPS = 10_000;
    uint256 internal constant _BPS_TO_WAD = 1e14;
    uint256 internal constant _MAX_STRATEGIES = 10;
    /// @dev Number of units that an ERC-4626 vault may round away on a move; such a loss is booked, but cuts no
    /// strategy.
    uint256 internal constant _DUST = 10;

    OptimizerTerms internal _terms;
    uint256 internal _idle;
    ProfitLock.Lock internal _lock;
    Strategy[] internal _strategies;
    mapping(address strategy => uint256) internal _indexPlusOne;
    mapping(address strategy => LeakyBucket.Bucket) internal _losses;

    // Zero is what is refused or skipped, and a status is one of three; no balance decides.

    // -- Knowing -----------------------------------------------------------------------------------------------------

    /// @dev Appraises everything now, losses since the last booking included.
    function _appraise() internal view returns (Appraisal memory a) {
        uint256 count = _strategies.length;
        a.known = new bool[](count);
        a.worths = new uint256[](count);
        a.gross = _idle;
        for (uint256 k; k < count; ++k) {
            Strategy memory s = _strategies[k];
            (a.known[k], a.worths[k]) = _worth(s);
            uint256 counts = _counts(s, a.known[k], a.worths[k]);
            a.gross += counts;
            a.losses += s.debt - counts;
            if (!a.known[k]) (a.blind, a.silent) = (true, a.silent + counts);
        }
        a.locked = FixedPointMathLib.zeroFloorSub(_lock.lockedAt(block.timestamp), a.losses);
    }

    /// @return Worth of all shares together, in the asset.
    function _total(Appraisal memory a) internal pure returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(a.gross, a.locked);
    }

    /// @return Worth of all shares together without the strategies that do not answer, in the asset.
    function _exitTotal(Appraisal memory a) internal pure returns (uint256) {
        return FixedPointMathLib.zeroFloorSub(a.gross, a.locked + a.silent);
    }

    /// @return value Idle cash and the amounts that all strategies would pay, gains that nobody has reported included.
    function _liveValue(Appraisal memory a) internal view returns (uint256 value) {
        value = _idle;
        for (uint256 k; k < a.worths.length; ++k) {
            value += a.known[k] ? a.worths[k] : _counts(_strategies[k], false, 0);
        }
    }

    /// @return liquid Idle cash and the amounts that strategies say that they would pay at once.
    function _liquid(Appraisal memory a) internal view returns (uint256 liquid) {
        liquid = _idle;
        for (uint256 k; k < a.worths.length; ++k) {
            if (!a.known[k] || a.worths[k] == 0) continue;
            Strategy memory s = _strategies[k];
            uint256 most = SafeCallVault.maxRedeem(s.vault, address(this));
            if (most >= s.shares) liquid += a.worths[k];
            else if (most != 0) liquid += FixedPointMathLib.min(_preview(s.vault, most), a.worths[k]);
        }
    }

    function _worth(Strategy memory s) internal view returns (bool known, uint256 worth) {
        if (s.shares == 0) return (true, 0);
        return SafeCallVault.previewRedeem(s.vault, s.shares);
    }

    function _preview(address vault, uint256 shares) private view returns (uint256 assets) {
        (, assets) = SafeCallVault.previewRedeem(vault, shares);
    }

    /// @dev Returns a strategy's debt once its loss is booked, in the asset.
    function _counts(Strategy memory s, bool known, uint256 worth) private pure returns (uint256) {
        if (known) return FixedPointMathLib.min(s.debt, worth);
        return s.status == Status.Cut ? 0 : s.debt;
    }

    // -- Booking -----------------------------------------------------------------------------------------------------

    /// @dev Appraises everything and books the losses.
    function _sync() internal returns (Appraisal memory a) {
        a = _appraise();
        _book(a);
    }

    /// @dev Books the losses of an appraisal.
    function _book(Appraisal memory a) internal {
        if (a.losses == 0) return;
        for (uint256 k; k < a.worths.length; ++k) {
            _bookLoss(k, a.known[k], a.worths[k]);
        }
        _lock = _lock.lost(a.losses, block.timestamp);
    }

    /// @dev Books one strategy's share of the loss; the caller updates the lock.
    function _bookLoss(uint256 k, bool known, uint256 worth) private returns (uint256 loss) {
        Strategy memory s = _strategies[k];
        uint256 counts = _counts(s, known, worth);
        loss = s.debt - counts;
        if (loss == 0) return 0;
        _strategies[k].debt = uint128(counts);
        emit LossBooked(s.vault, loss, counts);
        if (loss <= _DUST) return loss;
        (bool fits, uint256 level) = _losses[s.vault].charge(
            FixedPointMathLib.fullMulDivUp(loss, _WAD, s.debt), _maxLoss(), _terms.lossWindow, block.timestamp
        );
        _losses[s.vault] = LeakyBucket.Bucket(level.toUint128(), uint40(block.timestamp));
        if (!fits) _cut(k);
    }

    /// @dev Gives up the dust that a strategy still owes.
    function _writeOff(address strategy, uint256 debt) internal {
        _lock = _lock.lost(debt, block.timestamp);
        emit LossBooked(strategy, debt, 0);
    }

    function _cut(uint256 k) internal {
        if (_strategies[k].status == Status.Cut) return;
        _strategies[k].status = Status.Cut;
        emit StrategyCut(_strategies[k].vault);
    }

    /// @dev Counts a gain and locks all of it.
    function _gain(address strategy, uint256 gain, uint256 debt) internal {
        _lock = _lock.gained(gain, _terms.unlockTime, block.timestamp);
        emit GainReported(strategy, gain, debt, _lock.end);
    }

    // -- Moving ------------------------------------------------------------------------------------------------------

    /// @dev Makes a plan's moves: pulls first, then pushes.
    function _move(Target[] calldata targets, Appraisal memory a) internal {
        uint256 seen;
        uint256 losses;
        for (uint256 i; i < targets.length; ++i) {
            address strategy = targets[i].strategy;
            uint256 k = _indexOf(strategy);
            if (seen & 1 << k != 0) revert YieldOptimizer__NamedTwice(strategy);
            seen |= 1 << k;
            if (!a.known[k]) revert YieldOptimizer__Unreadable(strategy);
            uint256 debt = _strategies[k].debt;
            uint256 wanted = a.gross * targets[i].weightBps / _BPS;
            if (debt <= wanted) continue;
            (bool ok,, uint256 loss) = _pull(k, true, a.worths[k], wanted == 0 ? type(uint256).max : debt - wanted);
            if (!ok) revert YieldOptimizer__PullRefused(strategy);
            losses += loss;
        }
        _absorb(losses);
        for (uint256 i; i < targets.length; ++i) {
            address strategy = targets[i].strategy;
            uint256 k = _indexOf(strategy);
            Strategy memory s = _strategies[k];
            uint256 wanted = a.gross * targets[i].weightBps / _BPS;
            if (wanted <= s.debt) continue;
            if (s.status == Status.Cut || targets[i].weightBps > s.capBps) {
                revert YieldOptimizer__CapExceeded(
                    strategy, targets[i].weightBps, s.status == Status.Cut ? 0 : s.capBps
                );
            }
            uint256 room = FixedPointMathLib.min(_idle, SafeCallVault.maxDeposit(strategy, address(this)));
            uint256 amount = FixedPointMathLib.min(wanted - s.debt, room);
            if (amount != 0) _push(k, amount);
        }
    }

    /// @dev Calls back `assets`, or the part of it that the strategy pays. The payment lowers the debt; an amount above
    /// the debt is a gain; if the rest is worth less than its debt, the difference is a loss, which the caller takes out
    /// of the lock once all of its pulls are made: a gain of one strategy that pays for the loss of another is no
    /// profit. The caller holds the reentrancy lock.
    /// @return ok False if the strategy refused.
    function _pull(
        uint256 k,
        bool known,
        uint256 worth,
        uint256 assets
    )
        internal
        returns (bool ok, uint256 received, uint256 loss)
    {
        Strategy memory s = _strategies[k];
        uint256 shares = s.shares;
        if (known && assets < worth) shares = FixedPointMathLib.fullMulDivUp(shares, assets, worth);
        shares = FixedPointMathLib.min(shares, SafeCallVault.maxRedeem(s.vault, address(this)));
        if (shares == 0) return (true, 0, 0);

        uint256 before = IERC20(asset()).balanceOf(address(this));
        if (!SafeCallVault.redeem(s.vault, shares)) {
            emit PullFailed(s.vault, shares);
            return (false, 0, 0);
        }
        received = IERC20(asset()).balanceOf(address(this)) - before;

        uint256 paid = FixedPointMathLib.min(received, s.debt);
        s.shares -= uint128(shares);
        s.debt -= uint128(paid);
        (_strategies[k].shares, _strategies[k].debt) = (s.shares, s.debt);
        _idle += received;
        emit Pulled(s.vault, received, shares);
        if (received > paid) _gain(s.vault, received - paid, s.debt);
        (known, worth) = _worth(s);
        return (true, received, _bookLoss(k, known, worth));
    }

    function _pullAll(uint256 k) internal returns (uint256 received, uint256 loss) {
        (, received, loss) = _pull(k, false, 0, type(uint256).max);
    }

    /// @dev Takes losses out of the locked profit, as far as there is any.
    function _absorb(uint256 loss) internal {
        if (loss != 0) _lock = _lock.lost(loss, block.timestamp);
    }

    // The caller holds the reentrancy lock, views included: the balance before is that of this call alone.
    /// @dev Pays money into a strategy. A strategy that takes more or less than the amount is refused.
    function _push(uint256 k, uint256 assets) private {
        address vault = _strategies[k].vault;
        IERC20 token = IERC20(asset());
        uint256 before = token.balanceOf(address(this));
        uint256 sharesBefore = IERC20(vault).balanceOf(address(this));
        token.forceApprove(vault, assets);
        // The shares are measured.
        IERC4626(vault).deposit(assets, address(this));
        uint256 taken = before - token.balanceOf(address(this));
        if (taken != assets) revert YieldOptimizer__TransferMismatch(assets, taken);
        uint256 shares = IERC20(vault).balanceOf(address(this)) - sharesBefore;

        _strategies[k].shares += shares.toUint128();
        _strategies[k].debt += assets.toUint128();
        _idle -= assets;
        emit Pushed(vault, assets, shares);
    }

    /// @dev Takes one part of an exit in kind out of the books.
    /// @param due Worth of the exit in the asset, as a part of `a.gross` together with the locked profit.
    /// @return part Shares of the strategy.
    function _takeInKind(
        uint256 k,
        Appraisal memory a,
        uint256 due,
        uint256 shares,
        uint256 supply
    )
        internal
        returns (uint256 part)
    {
        Strategy memory s = _strategies[k];
        if (s.shares == 0) return 0;
        uint256 less;
        if (!a.known[k]) {
            // At its debt, where that counts: what it gave beyond its weight would be missing behind locked profit. A
            // cut one counts for nothing, so it gives the part of its shares that was burned.
            bool counts = _counts(s, false, 0) != 0;
            part = counts
                ? FixedPointMathLib.fullMulDiv(s.shares, due, a.gross)
                : FixedPointMathLib.fullMulDiv(s.shares, shares, supply);
            less = FixedPointMathLib.fullMulDivUp(s.debt, part, s.shares);
        } else if (a.worths[k] != 0 && a.gross != 0) {
            part =
                FixedPointMathLib.fullMulDiv(s.shares, FixedPointMathLib.fullMulDiv(s.debt, due, a.gross), a.worths[k]);
            less = FixedPointMathLib.min(s.debt, FixedPointMathLib.fullMulDivUp(a.worths[k], part, s.shares));
        }
        (_strategies[k].shares, _strategies[k].debt) = (s.shares - uint128(part), s.debt - uint128(less));
    }

    /// @dev Returns the maximum loss of a strategy, WAD.
    function _maxLoss() internal view returns (uint256) {
        return uint256(_terms.maxLossBps) * _BPS_TO_WAD;
    }

    function _indexOf(address strategy) internal view returns (uint256) {
        uint256 indexPlusOne = _indexPlusOne[strategy];
        if (indexPlusOne == 0) revert YieldOptimizer__NotAStrategy(strategy);
        return indexPlusOne - 1;
    }
}
