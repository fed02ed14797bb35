// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SwapHandler} from "./base/SwapHandler.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {LiquidityAggregator} from "contracts/liquidity/LiquidityAggregator.sol";
import {VenueQuotes} from "contracts/liquidity/VenueQuotes.sol";
import {HostilePool} from "contracts/mocks/HostilePool.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {Test} from "forge-std/Test.sol";

/// @title Any orders of anyone over hostile pools, against the aggregator
contract AggregatorInvariantTest is Test {
    LiquidityAggregator private _aggregator;
    SwapHandler private _handler;
    address private _bystander = makeAddr("bystander");
    uint256 private constant _HELD = 1e24;

    function setUp() public {
        AccessManager authority = new AccessManager(address(this));
        _aggregator = new LiquidityAggregator(address(authority), address(0), new VenueQuotes(), 10_000);
        SettlementToken[] memory tokens = new SettlementToken[](3);
        for (uint256 k; k < 3; ++k) {
            tokens[k] = new SettlementToken("Stand-in", "STAND", 18);
            tokens[k].mint(_bystander, _HELD);
            vm.prank(_bystander);
            tokens[k].approve(address(_aggregator), type(uint256).max);
        }
        HostilePool[] memory pools = new HostilePool[](6);
        for (uint256 i; i < 6; ++i) {
            (SettlementToken a, SettlementToken b) = (tokens[i % 3], tokens[(i + 1) % 3]);
            if (a > b) (a, b) = (b, a);
            pools[i] = new HostilePool(address(a), address(b), 500);
            a.mint(address(pools[i]), 1e30);
            b.mint(address(pools[i]), 1e30);
        }
        _handler = new SwapHandler(_aggregator, tokens, pools);
        authority.grantRole(authority.ADMIN_ROLE(), address(_handler), 0);
        for (uint256 i; i < 5; ++i) {
            _handler.list(i, i % 2 == 0);
        }
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](8);
        // Three times as often as the rest.
        selectors[0] = selectors[1] = selectors[2] = SwapHandler.swap.selector;
        selectors[3] = SwapHandler.corrupt.selector;
        selectors[4] = SwapHandler.list.selector;
        selectors[5] = SwapHandler.delist.selector;
        selectors[6] = SwapHandler.giveAway.selector;
        selectors[7] = SwapHandler.callBack.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev No order leaves anything with the aggregator or takes what was there before.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_TheAggregatorHoldsGiftsOnly() public view {
        for (uint256 k; k < _handler.tokenCount(); ++k) {
            SettlementToken token = _handler.tokens(k);
            assertEq(token.balanceOf(address(_aggregator)), _handler.gifts(token));
        }
    }

    /// @dev It pays with transfers; nobody can take from it.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_TheAggregatorApprovesNobody() public view {
        for (uint256 k; k < _handler.tokenCount(); ++k) {
            for (uint256 i; i < _handler.poolCount(); ++i) {
                assertEq(_handler.tokens(k).allowance(address(_aggregator), address(_handler.pools(i))), 0);
            }
        }
    }

    /// @dev Only listed pools are sent tokens or asked to pay.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_UnlistedPoolsAreLeftAlone() public view {
        assertFalse(_handler.unlistedMoved());
    }

    /// @dev Payers pay their order's amount, recipients get what was returned and at least the minimum.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_OrdersSettleAsTheySay() public view {
        assertEq(_handler.wrongSettlements(), 0);
    }

    /// @dev An unlimited allowance is safe with the aggregator: only its owner's own orders use it.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_BystandersKeepTheirTokens() public view {
        for (uint256 k; k < _handler.tokenCount(); ++k) {
            assertEq(_handler.tokens(k).balanceOf(_bystander), _HELD);
        }
    }

    /// @dev A pool that was not asked to swap is paid nothing.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_NoStrayCallbackIsPaid() public view {
        assertEq(_handler.strayCallbacks(), 0);
    }

    /// @dev The handler is not a wall: with honest pools its orders go through.
    function test_Handler_SwapsPass() public {
        for (uint256 i; i < 50; ++i) {
            _handler.swap(i, 1e18, i % 2 == 0);
        }
        assertGt(_handler.swapsPassed(), 10);
    }
}
