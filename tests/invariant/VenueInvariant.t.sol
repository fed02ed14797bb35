// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VenueHandler} from "./base/VenueHandler.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {LiquidityAggregator} from "contracts/liquidity/LiquidityAggregator.sol";
import {VenueQuotes} from "contracts/liquidity/VenueQuotes.sol";
import {FixedRateAdapter} from "contracts/mocks/FixedRateAdapter.sol";
import {GreedyVault} from "contracts/mocks/GreedyVault.sol";
import {HostilePool} from "contracts/mocks/HostilePool.sol";
import {MockCryptoSwap} from "contracts/mocks/MockCryptoSwap.sol";
import {MockStableSwap} from "contracts/mocks/MockStableSwap.sol";
import {MockVault} from "contracts/mocks/MockVault.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {Test} from "forge-std/Test.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Orders either way over venues that pull, push and call back, some of them hostile
contract VenueInvariantTest is Test {
    LiquidityAggregator private _aggregator;
    VenueHandler private _handler;
    address[] private _tokens;
    address[] private _markets;
    address[] private _targets;
    HostilePool[] private _hostile;

    function setUp() public {
        _aggregator =
            new LiquidityAggregator(address(new AccessManager(address(this))), address(0), new VenueQuotes(), 10_000);
        SettlementToken a = new SettlementToken("A", "A", 18);
        SettlementToken b = new SettlementToken("B", "B", 18);
        SettlementToken c = new SettlementToken("C", "C", 6);
        MockVault vault = new MockVault(a);
        GreedyVault greedy = new GreedyVault(b);
        _tokens = [address(a), address(b), address(c), address(vault), address(greedy)];

        _addStable(a, b);
        _addCrypto(b, c);
        _addMarket(ILiquidityAggregator.VenueKind.ERC4626, address(vault), 0, address(a), address(vault));
        _addMarket(ILiquidityAggregator.VenueKind.ERC4626, address(greedy), 0, address(b), address(greedy));
        (address low, address high) = _sorted(address(a), address(b));
        FixedRateAdapter adapter = new FixedRateAdapter(low, high);
        a.mint(address(adapter), 1e30);
        b.mint(address(adapter), 1e30);
        _addMarket(ILiquidityAggregator.VenueKind.Adapter, address(adapter), 0, low, high);
        _addHostile(a, b, ILiquidityAggregator.VenueKind.UniswapV2);
        _addHostile(a, b, ILiquidityAggregator.VenueKind.UniswapV3);

        _handler = new VenueHandler(_aggregator, _tokens, _markets, _hostile, greedy);
        _fund(_handler.trader(), a, b, vault, greedy);
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = VenueHandler.swap.selector;
        selectors[1] = VenueHandler.swapExactOut.selector;
        selectors[2] = VenueHandler.corrupt.selector;
        selectors[3] = VenueHandler.grow.selector;
        selectors[4] = VenueHandler.collect.selector;
        selectors[5] = VenueHandler.swapExactOut.selector;
        selectors[6] = VenueHandler.swapRoute.selector;
        selectors[7] = VenueHandler.swapExactOutSingle.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev I1: the aggregator has no balance of any token, and no coin.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I1_TheAggregatorHoldsNothing() public view {
        for (uint256 k; k < _tokens.length; ++k) {
            assertEq(SettlementToken(_tokens[k]).balanceOf(address(_aggregator)), 0);
        }
        assertEq(address(_aggregator).balance, 0);
    }

    /// @dev I1: the aggregator gives no allowance to any venue.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I1_TheAggregatorApprovesNobody() public view {
        for (uint256 k; k < _tokens.length; ++k) {
            for (uint256 i; i < _targets.length; ++i) {
                assertEq(SettlementToken(_tokens[k]).allowance(address(_aggregator), _targets[i]), 0);
            }
        }
        assertEq(_handler.collected(), 0);
    }

    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_OrdersSettleAsTheySay() public view {
        assertEq(_handler.wrongSettlements(), 0);
    }

    /// @dev The route sends one unit through a vault that takes nothing: the trader ends with more than it began with.
    function test_Handler_AGainIsNoPayment() public {
        _handler.grow(1, false, false);
        _handler.swapExactOut(2229964897137385133339723622, 1);
        assertEq(_handler.exactOutsPassed(), 1);
        assertEq(_handler.wrongSettlements(), 0);
    }

    /// @dev The handler is not a wall: orders of both kinds go through.
    function test_Handler_OrdersPass() public {
        for (uint256 i; i < 60; ++i) {
            _handler.swap(i, 1e9);
            _handler.swapExactOut(i, 1e9);
            _handler.swapRoute(i, 1e9);
            _handler.swapExactOutSingle(i, 1e9, i % 2 == 0);
        }
        assertGt(_handler.swapsPassed(), 20);
        assertGt(_handler.exactOutsPassed(), 20);
        assertGt(_handler.splitsPassed(), 5);
        assertGt(_handler.routesPassed(), 20);
        assertGt(_handler.singlesPassed(), 40);
    }

    function _addStable(SettlementToken a, SettlementToken b) private {
        (address low, address high) = _sorted(address(a), address(b));
        address[] memory coins = new address[](2);
        (coins[0], coins[1]) = (high, low);
        MockStableSwap pool = new MockStableSwap(coins, 200, 4e6, true, false);
        a.mint(address(pool), 1e9 * 10 ** a.decimals());
        b.mint(address(pool), 1e9 * 10 ** b.decimals());
        pool.gulp();
        _addMarket(ILiquidityAggregator.VenueKind.CurveInt128, address(pool), 1, low, high);
    }

    function _addCrypto(SettlementToken a, SettlementToken b) private {
        (address low, address high) = _sorted(address(a), address(b));
        MockCryptoSwap.CurveParameters memory terms =
            MockCryptoSwap.CurveParameters(10e18, 145e12, 1e18, 26e6, 45e6, 230e12);
        MockCryptoSwap pool = new MockCryptoSwap([high, low], terms);
        a.mint(address(pool), 1e9 * 10 ** a.decimals());
        b.mint(address(pool), 1e9 * 10 ** b.decimals());
        pool.gulp();
        _addMarket(ILiquidityAggregator.VenueKind.CurveUint256, address(pool), 1, low, high);
    }

    function _addHostile(SettlementToken a, SettlementToken b, ILiquidityAggregator.VenueKind kind) private {
        (address low, address high) = _sorted(address(a), address(b));
        HostilePool pool = new HostilePool(low, high, 500);
        a.mint(address(pool), 1e30);
        b.mint(address(pool), 1e30);
        pool.sync();
        _aggregator.listPool(address(pool), kind, 500);
        _hostile.push(pool);
        _markets.push(address(pool));
        _targets.push(address(pool));
    }

    function _addMarket(
        ILiquidityAggregator.VenueKind kind,
        address target,
        uint96 param,
        address a,
        address b
    )
        private
    {
        (address low, address high) = _sorted(a, b);
        ILiquidityAggregator.Market memory market =
            ILiquidityAggregator.Market(kind, 0, target, param, bytes32(0), low, high);
        _markets.push(_aggregator.listMarket(market));
        _targets.push(target);
    }

    function _fund(address trader, SettlementToken a, SettlementToken b, MockVault vault, GreedyVault greedy) private {
        for (uint256 k; k < 3; ++k) {
            SettlementToken(_tokens[k]).mint(trader, 1e32);
        }
        vm.startPrank(trader);
        a.approve(address(vault), type(uint256).max);
        b.approve(address(greedy), type(uint256).max);
        vault.deposit(1e30, trader);
        greedy.deposit(1e30, trader);
        for (uint256 k; k < _tokens.length; ++k) {
            SettlementToken(_tokens[k]).approve(address(_aggregator), type(uint256).max);
        }
        vm.stopPrank();
    }

    function _sorted(address a, address b) private pure returns (address, address) {
        return a < b ? (a, b) : (b, a);
    }
}
