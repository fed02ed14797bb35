// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {QueueHandler} from "./base/QueueHandler.sol";
import {ThiefHandler} from "./base/ThiefHandler.sol";
import {ThiefTest} from "./base/ThiefTest.sol";

/// @title Holders who wait for cash, and a thief with every key
contract QueueInvariantTest is ThiefTest {
    QueueHandler private _handler;

    function setUp() public {
        setUpThief();
        _handler = new QueueHandler(portfolio, rebalancer, signalKey, pools, feeds);
        for (uint256 k; k < 3; ++k) {
            _handler.enter(k, 1e12);
        }
        // Most of it in stocks: cash is short from the start.
        for (uint256 k; k < 3; ++k) {
            _handler.trade(k, true, 4000, 9999);
        }
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = QueueHandler.enter.selector;
        selectors[1] = QueueHandler.request.selector;
        selectors[2] = QueueHandler.cancel.selector;
        selectors[3] = QueueHandler.fulfil.selector;
        selectors[4] = QueueHandler.withdraw.selector;
        selectors[5] = QueueHandler.pass.selector;
        selectors[6] = QueueHandler.leaveInKind.selector;
        selectors[7] = QueueHandler.claim.selector;
        selectors[8] = QueueHandler.tradeWhileTheyWait.selector;
        selectors[9] = ThiefHandler.move.selector;
        selectors[10] = ThiefHandler.trip.selector;
        target(address(_handler), selectors);
    }

    /// @dev Q1: bound shares are in the balance, equal the shares with which requests wait, and add up; none of them
    /// moves.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Q1_QueuedSharesAreWhatWaits() public view {
        uint256 sum;
        for (uint256 k; k < 3; ++k) {
            address holder = _handler.holders(k);
            uint256 bound = portfolio.queuedShares(holder);
            assertLe(bound, portfolio.balanceOf(holder));
            assertEq(bound, _handler.pendingOf(holder));
            sum += bound;
        }
        assertEq(sum, portfolio.totalQueuedShares());
        assertEq(_handler.boundMoved(), 0);
    }

    /// @dev Q2: the request that was made first is paid first.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Q2_NobodyJumpsTheQueue() public view {
        assertEq(_handler.jumped(), 0);
    }

    /// @dev Q3: no trade and no exit takes cash that others wait for.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Q3_AwaitedCashStays() public view {
        assertEq(_handler.cashTaken(), 0);
    }

    /// @dev Q4: the amount that was set aside is owed to somebody, and there.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Q4_ClaimsAreCovered() public view {
        assertEq(portfolio.totalClaimable(address(usd)), _handler.owed());
        assertGe(usd.balanceOf(address(portfolio)), _handler.owed());
    }

    /// @dev I5: no exit in kind was refused, for any bound shares.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I5_ExitsInKindPassWhateverWaits() public view {
        assertEq(_handler.exitsRefused(), 0);
    }

    /// @dev The campaign means something only if requests are made, filled in part, and cancelled.
    function test_request__short_of_cash__is_filled_in_part() public {
        assertEq(_handler.executed(), 3);
        _handler.request(0, 10_000);
        _handler.request(1, 5000);
        _handler.fulfil(5);
        assertEq(_handler.filled(), 1);
        assertGt(portfolio.queuedShares(_handler.holders(0)), 0);
        _handler.cancel(1);
        assertEq(_handler.cancelled(), 1);
        _handler.tradeWhileTheyWait(0, true, 10_000, 9999);
        assertEq(_handler.executed(), 3);
        _handler.tradeWhileTheyWait(0, false, 5000, 9999);
        assertEq(_handler.executed(), 4);
    }
}
