// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {YieldHandler} from "./base/YieldHandler.sol";
import {YieldTest} from "./base/YieldTest.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title A thief with the signing key and every strategy, against the yield optimizer
contract YieldInvariantTest is YieldTest {
    YieldHandler private _handler;

    function setUp() public {
        setUpYield();
        _handler = new YieldHandler(optimizer, plans, factory, strategies, planKey);
        _handler.deposit(0, 1e12);
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](16);
        selectors[0] = YieldHandler.deposit.selector;
        selectors[1] = YieldHandler.redeem.selector;
        selectors[2] = YieldHandler.withdraw.selector;
        selectors[3] = YieldHandler.leaveInKind.selector;
        selectors[4] = YieldHandler.claim.selector;
        selectors[5] = YieldHandler.move.selector;
        selectors[6] = YieldHandler.move.selector;
        selectors[7] = YieldHandler.report.selector;
        selectors[8] = YieldHandler.recall.selector;
        selectors[9] = YieldHandler.earn.selector;
        selectors[10] = YieldHandler.lose.selector;
        selectors[11] = YieldHandler.temper.selector;
        selectors[12] = YieldHandler.cheat.selector;
        selectors[13] = YieldHandler.lie.selector;
        selectors[14] = YieldHandler.govern.selector;
        selectors[15] = YieldHandler.wait.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev Y1: the books equal payments in less payments out, plus gains less losses, to the unit, and every loss and
    /// gain has a strategy's name; the cash and the shares of strategies that the books name are there.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Y1_BooksAreWhatCameAndWent() public view {
        assertEq(_handler.books() + _handler.paidOut() + _handler.lost(), _handler.paidIn() + _handler.gained());
        assertGe(usd.balanceOf(address(optimizer)), optimizer.idle() + _handler.aside(address(usd)));
        IYieldOptimizer.Strategy[] memory list = optimizer.strategies();
        for (uint256 k; k < list.length; ++k) {
            uint256 held = strategies[k].balanceOf(address(optimizer));
            assertGe(held, list[k].shares + _handler.aside(list[k].vault));
        }
        assertLe(optimizer.exitAssets(), optimizer.totalAssets());
    }

    /// @dev Y2: plans lose at most the budget of live value in any window, with a unit per plan for the recorder's
    /// rounding.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Y2_NoWindowLosesMoreThanTheBudget() public view {
        assertLe(_handler.worstLoss(WINDOW), uint256(BUDGET_BPS) * 1e14);
    }

    /// @dev Y3: no exit in kind was ever refused, and none took more than the shares were worth.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Y3_ExitsInKindAlwaysPass() public view {
        assertEq(_handler.exitsFailed(), 0);
        assertEq(_handler.exitsAboveWorth(), 0);
    }

    /// @dev Y4: nobody is approved for anything between calls, and a deposit takes nothing from those who were there.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_Y4_NothingIsLeftOpen() public view {
        for (uint256 k; k < strategies.length; ++k) {
            assertEq(usd.allowance(address(optimizer), address(strategies[k])), 0);
        }
        assertEq(_handler.priceFellInDeposit(), 0);
    }

    /// @dev The campaign means something only if plans get through.
    function test_move__honest_strategies__is_executed() public {
        _handler.move(3000, 3000, 3000);
        assertEq(_handler.moves(), 1);
        assertEq(optimizer.idle(), 1e11);
    }
}
