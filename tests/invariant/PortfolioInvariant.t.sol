// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ThiefHandler} from "./base/ThiefHandler.sol";
import {ThiefTest} from "./base/ThiefTest.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";

/// @title A thief with every key, against the portfolio
contract PortfolioInvariantTest is ThiefTest {
    ThiefHandler private _handler;

    function setUp() public {
        setUpThief();
        _handler = new ThiefHandler(portfolio, rebalancer, signalKey, pools, feeds);
        _handler.deposit(1e12);
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = ThiefHandler.trade.selector;
        selectors[1] = ThiefHandler.replay.selector;
        selectors[2] = ThiefHandler.deposit.selector;
        selectors[3] = ThiefHandler.exit.selector;
        selectors[4] = ThiefHandler.wait.selector;
        selectors[5] = ThiefHandler.move.selector;
        selectors[6] = ThiefHandler.trip.selector;
        selectors[7] = ThiefHandler.recover.selector;
        target(address(_handler), selectors);
    }

    /// @dev I1: the aggregator is approved for nothing between calls and holds nothing.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I1_NothingIsLeftWithTheAggregator() public view {
        address[] memory list = portfolio.assets();
        for (uint256 k; k < list.length; ++k) {
            assertEq(SettlementToken(list[k]).allowance(address(portfolio), address(aggregator)), 0);
            assertEq(SettlementToken(list[k]).balanceOf(address(aggregator)), 0);
        }
    }

    /// @dev I2: no window loses more than the budget, with a wei per trade for the recorder's own rounding.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I2_NoWindowLosesMoreThanTheBudget() public view {
        assertLe(_handler.worstLoss(WINDOW), uint256(BUDGET_BPS) * 1e14 + 1e6);
    }

    /// @dev I3: every rebalance that stood ended inside each limit or strictly closer.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I3_NoLimitIsCrossed() public view {
        assertEq(_handler.limitsCrossed(), 0);
    }

    /// @dev I5: no exit in kind was ever refused.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I5_ExitsInKindAlwaysPass() public view {
        assertEq(_handler.exitsFailed(), 0);
    }

    /// @dev I6: no signal was executed twice.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I6_NoReplayPasses() public view {
        assertEq(_handler.replaysPassed(), 0);
    }

    /// @dev The portfolio holds at least the amount of every asset that is set aside.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_SetAsideIsCovered() public view {
        address[] memory list = portfolio.assets();
        for (uint256 k; k < list.length; ++k) {
            assertGe(SettlementToken(list[k]).balanceOf(address(portfolio)), portfolio.totalClaimable(list[k]));
        }
    }

    /// @dev The campaign means something only if the thief gets trades through.
    function test_trade__fairPrice__isExecuted() public {
        _handler.trade(0, true, 2000, 9951);
        assertEq(_handler.executed(), 1);
    }
}
