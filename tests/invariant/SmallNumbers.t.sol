// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Test} from "forge-std/Test.sol";

import {BookHarness, OptimizerHarness} from "./base/Harnesses.sol";
import {Fees} from "contracts/portfolio/Fees.sol";
import {ProfitLock} from "contracts/yield/ProfitLock.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";

/// @title Arithmetic that rounds, over every combination of small numbers
/// @notice Quotients of unknowns are beyond the solvers that Halmos asks (two unknowns of sixteen bits take minutes),
/// so these are decided by going through all of them, on the contracts' own code. Small numbers are where a unit of
/// rounding counts most; the campaigns and properties have the large ones. Inner loops are calls, which give their
/// memory back.
contract SmallNumbersTest is Test {
    using ProfitLock for ProfitLock.Lock;

    /// @dev The ranges go as far as the gas of a test does: the more unknowns, the fewer values.
    uint256 private constant _CASH = 13;
    uint256 private constant _FEES = 10;
    uint256 private constant _TIMES = 8;
    uint256 private constant _BPS = 10_000;
    uint256 private constant _MOST = 3000;

    BookHarness private _book;
    OptimizerHarness private _optimizer;

    function setUp() public {
        _book = new BookHarness();
        _optimizer = new OptimizerHarness();
    }

    // -- F1, F2: gross assets, bases and marks and amounts below 10, rates of 0, 1, 1,999 and 3,000 bps

    function test_fees__every_small_number__caps_and_marks_hold() public {
        for (uint256 grossAssets = 1; grossAssets < _FEES; ++grossAssets) {
            for (uint256 base = 1; base < _FEES; ++base) {
                this.feesOf(grossAssets, base);
            }
        }
    }

    function feesOf(uint256 grossAssets, uint256 base) external {
        uint16[4] memory rates = [0, 1, 1999, uint16(_MOST)];
        for (uint256 mark; mark < _FEES; ++mark) {
            for (uint256 k; k < 4; ++k) {
                _requireCaps(grossAssets, base, mark, rates[k]);
                _requireMarksKept(_quote(grossAssets, base, mark, rates[k]), mark, rates[k]);
            }
        }
    }

    /// @dev There is no fee without a gain; the pending shares' part of the assets is at most the rate of the gain; and
    /// they are at most 30% of all shares, if all assets are a gain.
    function _requireCaps(uint256 grossAssets, uint256 base, uint256 mark, uint256 bps) private pure {
        IFeeManager.Quote memory q = _quote(grossAssets, base, mark, bps);
        assertEq(q.gain, grossAssets > mark * base ? grossAssets - mark * base : 0, "gain");
        if (q.gain == 0 || bps == 0) assertEq(q.pending, 0, "no gain, no fee");
        assertLe(q.pending * grossAssets * _BPS, q.gain * bps * (base + q.pending), "more than the rate");
        assertLe(q.pending * (_BPS - _MOST), base * _MOST, "more than 30%");
        // Nor a share less than that, rounded down: the fee is charged.
        assertGt((q.pending + 1) * (grossAssets * _BPS - q.gain * bps), base * q.gain * bps, "too little");
    }

    /// @dev Checks the marks at the shares and the cash that the portfolio gives for an amount.
    function _requireMarksKept(IFeeManager.Quote memory q, uint256 mark, uint256 bps) private {
        _book.begin(mark, bps);
        if (q.pending != 0) {
            (uint256 crystallised, uint256 owed) = _book.crystallised(q);
            assertGe(crystallised, mark, "crystallised");
            assertEq(owed, q.pending);
            assertEq(_quote(q.grossAssets, q.base + owed, crystallised, bps).gain, 0, "counted twice");
        }
        for (uint256 amount; amount < _FEES; ++amount) {
            _book.begin(mark, bps);
            (uint256 entered,) =
                _book.entered(q, amount, amount * Fees.supplyOf(q, Math.Rounding.Floor) / q.grossAssets);
            assertGe(entered, mark, "entered");
            if (amount >= q.base) continue;
            _book.begin(mark, bps);
            (uint256 left, uint256 due) = _book.left(q, amount);
            assertEq(left, mark, "left");
            _requireNobodyPays(q, mark, bps, amount, due);
        }
    }

    function _quote(
        uint256 grossAssets,
        uint256 base,
        uint256 mark,
        uint256 bps
    )
        private
        pure
        returns (IFeeManager.Quote memory q)
    {
        q.base = base;
        Fees.quote(q, grossAssets, mark, bps);
    }

    /// @dev F3: at the quote's assets or any others that turn out to be the true ones, holders who stay have no less per
    /// share.
    function _requireNobodyPays(
        IFeeManager.Quote memory q,
        uint256 mark,
        uint256 bps,
        uint256 shares,
        uint256 due
    )
        private
        pure
    {
        uint256 supply = Fees.supplyOf(q, bps == 0 ? Math.Rounding.Floor : Math.Rounding.Ceil);
        for (uint256 grossAssets = 1; grossAssets < _FEES; ++grossAssets) {
            uint256 left = grossAssets - grossAssets * shares / supply;
            uint256 base = q.base - shares + due;
            assertGe(_net(left, base, mark, bps) * q.base, _net(grossAssets, q.base, mark, bps) * base, "paid");
        }
    }

    /// @return Part of the assets that belongs to the base, net of the performance fee, in basis points of a unit.
    function _net(uint256 grossAssets, uint256 base, uint256 mark, uint256 bps) private pure returns (uint256) {
        return grossAssets * _BPS - bps * (grossAssets > mark * base ? grossAssets - mark * base : 0);
    }

    // -- F3: gross assets below 20 whole units, counted as the contracts do; bases and marks below 10, amounts below 20

    /// @dev A holder that leaves at once gets no more than it entered with. Pending shares round down, and the fewer
    /// there are, the more a leaver gets: that is why its exit counts one more. It takes shares worth more than a unit
    /// to see it.
    function test_fees__in_and_out_at_once__nothing_is_gained() public {
        for (uint256 grossAssets = 1; grossAssets < 2 * _FEES; ++grossAssets) {
            for (uint256 base = 1; base < _FEES; ++base) {
                this.inAndOut(grossAssets, base);
            }
        }
    }

    function inAndOut(uint256 grossAssets, uint256 base) external {
        for (uint256 mark; mark < _FEES; ++mark) {
            for (uint256 assets = 1; assets < 2 * _FEES; ++assets) {
                _requireNothingGained(grossAssets, base, mark * Fees.SCALE, assets);
            }
        }
    }

    function _requireNothingGained(uint256 grossAssets, uint256 base, uint256 mark, uint256 assets) private {
        IFeeManager.Quote memory q = _quote(grossAssets * Fees.SCALE, base, mark, _MOST);
        uint256 shares = assets * Fees.supplyOf(q, Math.Rounding.Floor) / grossAssets;
        _book.begin(mark, _MOST);
        (uint256 entered,) = _book.entered(q, assets * Fees.SCALE, shares);
        q = _quote((grossAssets + assets) * Fees.SCALE, base + shares, entered, _MOST);
        assertLe((grossAssets + assets) * shares / Fees.supplyOf(q, Math.Rounding.Ceil), assets, "in and out again");
    }

    /// @dev Management fees at rates up to the maximum, from a second to a year, of any number of shares take nothing
    /// without time, and no more than x + x^2 with x the rate times the time.
    function test_grown__rates_and_times__under_the_rate() public pure {
        uint256[6] memory bases = [uint256(1), 1e6, 1e12 + 1, 1e18 - 1, 1e30 + 7, type(uint128).max];
        uint256[6] memory times = [uint256(0), 1, 1 days - 1, 30 days, 200 days, 365 days];
        for (uint256 bps; bps <= 500; bps += 25) {
            for (uint256 k; k < 36; ++k) {
                (uint256 base, uint256 time) = (bases[k / 6], times[k % 6]);
                uint256 x = bps * 1e14 * time / 365 days;
                uint256 grown = Fees.grown(base, bps, time);
                assertGe(grown, base);
                assertLe(grown, base + base * (x + x * x / 1e18 + (x == 0 ? 0 : 1)) / 1e18);
            }
        }
    }

    // -- Y5: amounts, times, periods, gains and losses below 8

    function test_profitLock__every_small_number__only_unlocks() public view {
        for (uint256 amount; amount < _TIMES; ++amount) {
            for (uint256 end = 1; end < _TIMES; ++end) {
                this.locksOf(amount, end);
            }
        }
    }

    function locksOf(uint256 amount, uint256 end) external pure {
        ProfitLock.Lock memory lock = ProfitLock.Lock(uint128(amount), 0, uint40(end));
        assertEq(lock.lockedAt(0), amount, "at first");
        assertEq(lock.lockedAt(end), 0, "at last");
        for (uint256 time; time <= _TIMES; ++time) {
            uint256 left = lock.lockedAt(time);
            assertLe(left, amount, "more than was locked");
            // Not sooner than linear.
            if (time < end) assertGe(left * end, amount * (end - time), "hurried");
            assertLe(lock.lockedAt(time + 1), left, "locked again");
            // The optimizer books neither out of nothing.
            for (uint256 change = 1; change < _TIMES; ++change) {
                _requireLossUnlocks(lock, time, change, left);
                for (uint256 period = 1; period < _TIMES; ++period) {
                    _requireGainLocks(lock.gained(change, period, time), time, period, left, change, end);
                }
            }
        }
    }

    /// @dev A loss takes from the locked profit, at most all of it, and at no later time is more locked than without
    /// it.
    function _requireLossUnlocks(ProfitLock.Lock memory lock, uint256 time, uint256 loss, uint256 left) private pure {
        ProfitLock.Lock memory next = lock.lost(loss, time);
        assertEq(next.amount, loss < left ? left - loss : 0, "a loss of something else");
        assertEq(next.end, lock.end);
        for (uint256 later = time; later <= _TIMES; ++later) {
            assertLe(next.lockedAt(later), lock.lockedAt(later), "a loss that locks");
        }
    }

    /// @dev A gain locks itself and the profit that was left, no longer than the longer of a period and the rest of the
    /// last, nor shorter than the shorter.
    function _requireGainLocks(
        ProfitLock.Lock memory next,
        uint256 time,
        uint256 period,
        uint256 left,
        uint256 gain,
        uint256 end
    )
        private
        pure
    {
        assertEq(next.amount, left + gain, "another amount than reported");
        assertEq(next.lockedAt(time), left + gain);
        uint256 rest = end > time ? end - time : 0;
        uint256 lasts = next.end - time;
        assertLe(lasts, rest > period ? rest : period, "held back");
        if (left != 0) assertGe(lasts, rest < period ? rest : period, "hurried");
        else assertEq(lasts, period);
    }

    // -- Y6: cash and amounts below 13, shares in thirds of the virtual ones

    function test_optimizer__every_small_number__rounds_against_the_caller() public {
        for (uint256 idle; idle < _CASH; ++idle) {
            for (uint256 third; third < _CASH; ++third) {
                this.roundTripsOf(idle, third * 333_333);
            }
        }
    }

    function roundTripsOf(uint256 idle, uint256 shares) external {
        for (uint256 assets; assets < _CASH; ++assets) {
            _optimizer.put(idle, shares);
            uint256 bought = _optimizer.previewDeposit(assets);
            assertGe(_optimizer.previewWithdraw(assets), bought, "withdrawn for less than deposited");
            assertGe(_optimizer.previewMint(bought), _optimizer.previewRedeem(bought), "minted for less than redeemed");
            assertLe(_optimizer.previewMint(bought), assets, "a deposit that pays more than a mint");
            // Payment for something is worth it at least; proceeds of something are worth it at most.
            assertGe(_optimizer.previewRedeem(_optimizer.previewWithdraw(assets)), assets, "withdrawn for too few");
            assertGe(_optimizer.previewDeposit(_optimizer.previewMint(bought)), bought, "minted for too little");
            assertLe(_optimizer.previewWithdraw(_optimizer.previewRedeem(bought)), bought, "redeemed for too much");
            _optimizer.put(idle + assets, shares + bought);
            assertLe(_optimizer.previewRedeem(bought), assets, "in and out again");
        }
    }
}
