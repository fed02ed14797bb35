// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BorrowingThiefHandler} from "./base/BorrowingThiefHandler.sol";
import {ThiefPool} from "./base/ThiefPool.sol";
import {ThiefTest} from "./base/ThiefTest.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title A thief with borrowed depth, late prices and old signals, against a portfolio with a liquidity limit
contract BorrowedInvariantTest is ThiefTest {
    uint16 private constant _TURNOVER_BPS = 4000;
    uint32 private constant _TRADING_AGE = 2 hours;

    BorrowingThiefHandler private _handler;

    function setUp() public {
        setUpThief();
        IRiskEngine.Limits memory limits = basicLimits();
        limits.maxLiquidationTenths = 50;
        risk.tightenLimits(address(portfolio), limits);
        rebalancer.setPolicy(address(portfolio), IAutoRebalancer.Policy(_TURNOVER_BPS, uint32(WINDOW), 0, 0));
        ThiefPool[] memory markets = new ThiefPool[](stocks.length);
        for (uint256 k; k < stocks.length; ++k) {
            oracle.setTradingWindow(address(stocks[k]), IPriceOracle.TradingWindow(_TRADING_AGE, 0, 0, 0));
            markets[k] = new ThiefPool(address(usd), address(stocks[k]));
            aggregator.listPool(address(markets[k]), ILiquidityAggregator.VenueKind.UniswapV2, 0);
        }
        BorrowingThiefHandler.Surroundings memory around =
            BorrowingThiefHandler.Surroundings(markets, factory, models, liquidity, UNIVERSE, riskKey, modelAt(1));
        _handler = new BorrowingThiefHandler(portfolio, rebalancer, signalKey, pools, feeds, around);
        manager.grantRole(manager.ADMIN_ROLE(), address(_handler), 0);
        _handler.deposit(1e12);
        _reportHonestly();
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = BorrowingThiefHandler.tradeSome.selector;
        selectors[1] = BorrowingThiefHandler.borrowAndTrade.selector;
        selectors[2] = BorrowingThiefHandler.keep.selector;
        selectors[3] = BorrowingThiefHandler.useKept.selector;
        selectors[4] = BorrowingThiefHandler.relist.selector;
        selectors[5] = BorrowingThiefHandler.refresh.selector;
        selectors[6] = BorrowingThiefHandler.happen.selector;
        target(address(_handler), selectors);
    }

    /// @dev I2 holds at the oracle's prices, with a wei per trade for the recorder's own rounding; and at the market's,
    /// where the thief gains the move on both sides of a window's turnover, and NAV itself is off by the move.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I2_NoWindowLosesMoreThanTheBudgetAndWhatFeedsDoNotSay() public view {
        assertLe(_handler.worstLoss(WINDOW), uint256(BUDGET_BPS) * 1e14 + 1e6);
        assertLe(_handler.worstTrueLoss(WINDOW), trueBound());
    }

    /// @dev I3: no depth that lasts for a block passes the liquidity limit, and nothing passes the other limits.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I3_NothingBorrowedPassesALimit() public view {
        assertEq(_handler.liquidityCrossed(), 0, "liquidity");
        assertEq(_handler.limitsCrossed(), 0, "others");
    }

    /// @dev I5: no exit in kind was ever refused.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I5_ExitsInKindAlwaysPass() public view {
        assertEq(_handler.exitsFailed(), 0);
    }

    /// @dev I6: a signal for one list of assets is not executed under another.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I6_NoSignalOutlivesItsList() public view {
        assertEq(_handler.staleSignalsPassed(), 0);
    }

    /// @dev A deep campaign notes the worst that any run found: `make fuzz` prints it.
    function afterInvariant() public {
        if (!vm.envOr("QUANTERA_NOTE_WORST", false)) return;
        _note("a-thief-with-borrowed-depth", _handler.worstLoss(WINDOW));
        _note("a-thief-with-borrowed-depth-at-market-prices", _handler.worstTrueLoss(WINDOW));
    }

    // -- The campaign means something only if the thief gets trades through, and borrows what would help -------------

    function test_trade__belowTheLiquidityLimit__isExecuted() public {
        _handler.trade(0, true, 1400, 9951);
        assertEq(_handler.executed(), 1);
    }

    function test_trade__aboveTheLiquidityLimit__isRefused() public {
        _handler.trade(0, true, 1799, 9951);
        assertEq(_handler.refused(), 1);
    }

    function test_borrowAndTrade__aboveTheLiquidityLimit__isRefused() public {
        _handler.borrowAndTrade(0, true, 1799, 9951, 10_000_000);
        assertEq(_handler.refused(), 1);
    }

    /// @dev Two looks can both be borrowed, as decision 90 says.
    function test_borrowAndTrade__borrowedTwiceAndApart__passesTheLimit() public {
        _handler.borrowAndTrade(0, true, 1, 9951, 10_000_000);
        vm.roll(vm.getBlockNumber() + liquidity.confirmationBlocks());
        _handler.borrowAndTrade(0, true, 1799, 9951, 10_000_000);
        assertEq(_handler.executed(), 2);
        assertEq(_handler.liquidityCrossed(), 0);
    }

    function test_useKept__listUnchanged__isExecuted() public {
        _handler.keep(0, true, 1001);
        _handler.useKept();
        assertEq(_handler.executed(), 1);
    }

    function test_useKept__relistedSince__isRefused() public {
        _handler.keep(0, true, 1001);
        _handler.relist(1);
        _handler.useKept();
        assertEq(_handler.relisted(), 1);
        assertEq(_handler.refused(), 1);
    }

    function test_trade__pricesOlderThanTheTradingAge__isRefused() public {
        _handler.pass(_TRADING_AGE + 1);
        _handler.trade(0, true, 1000, 9999);
        assertEq(_handler.refused(), 1);
    }

    /// @dev This is the best attack that is known: a fair price by the feed, for the part that the market has left.
    function test_trade__stockHasFallenUnseen__takesTheMoveOnTheTurnover() public {
        _handler.drift(0, 9700);
        // The rate is 9999 of the feed's.
        _handler.trade(0, true, 1400, 49);
        assertEq(_handler.executed(), 1);
        assertApproxEqRel(_handler.worstTrueLoss(WINDOW), 0.14e18 * 3 / 100, 0.02e18);
        assertLe(_handler.worstTrueLoss(WINDOW), trueBound());
    }

    /// @return WAD of NAV: the budget, and the move on both sides of a window's turnover, of a NAV that is off by the
    /// move.
    function trueBound() private view returns (uint256) {
        uint256 move = _handler.MAX_MOVE_BPS();
        return (uint256(BUDGET_BPS) * 1e14 + 2 * uint256(_TURNOVER_BPS) * move * 1e10) * 10_000 / (10_000 - move) + 1e6;
    }

    function _note(string memory name, uint256 loss) private {
        string memory path = string.concat("build/worst/", name);
        uint256 known = vm.exists(path) ? vm.parseUint(vm.readFile(path)) : 0;
        if (loss > known) vm.writeFile(path, vm.toString(loss));
    }

    function _reportHonestly() private {
        for (uint256 k; k < stocks.length; ++k) {
            _handler.report(k);
        }
        vm.roll(vm.getBlockNumber() + liquidity.confirmationBlocks());
    }
}

/// @title The campaign of {BorrowedInvariantTest} over stocks of 0, 6 and 8 decimals
contract BorrowedInvariantFewDecimalsTest is BorrowedInvariantTest {
    function _newStock() internal override returns (SettlementToken) {
        uint8[3] memory decimals = [0, 6, 8];
        return new SettlementToken("Stock", "STK", decimals[stocks.length]);
    }
}
