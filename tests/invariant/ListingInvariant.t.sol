// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ListingHandler} from "./base/ListingHandler.sol";
import {QueueHandler} from "./base/QueueHandler.sol";
import {StoppableToken} from "./base/StoppableToken.sol";
import {ThiefHandler} from "./base/ThiefHandler.sol";
import {ThiefTest} from "./base/ThiefTest.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Stocks are retired, dropped and listed again under holders who come and go
contract ListingInvariantTest is ThiefTest {
    ListingHandler private _handler;

    function setUp() public {
        setUpThief();
        _handler = new ListingHandler(portfolio, factory, rebalancer, signalKey, pools, feeds);
        // It is the manager, past every delay, and reopens what halted.
        manager.grantRole(manager.ADMIN_ROLE(), address(_handler), 0);
        for (uint256 k; k < 3; ++k) {
            _handler.enter(k, 1e12);
        }
        // Two of three stocks are held: the third can be dropped.
        _handler.tradeAnything(0, true, 3000, 9999);
        _handler.tradeAnything(1, true, 3000, 9999);
        bytes4[] memory selectors = new bytes4[](18);
        selectors[0] = ListingHandler.retire.selector;
        selectors[1] = ListingHandler.relist.selector;
        selectors[2] = ListingHandler.drop.selector;
        selectors[3] = ListingHandler.reopen.selector;
        selectors[4] = ListingHandler.enterAnyway.selector;
        selectors[5] = ListingHandler.ask.selector;
        selectors[6] = ListingHandler.leaveWithParts.selector;
        selectors[7] = ListingHandler.claimStock.selector;
        selectors[8] = ListingHandler.tradeAnything.selector;
        selectors[9] = ListingHandler.donate.selector;
        selectors[10] = ListingHandler.silence.selector;
        selectors[11] = ListingHandler.speak.selector;
        selectors[12] = ListingHandler.stop.selector;
        selectors[13] = QueueHandler.fulfil.selector;
        selectors[14] = QueueHandler.withdraw.selector;
        selectors[15] = QueueHandler.claim.selector;
        selectors[16] = ThiefHandler.move.selector;
        selectors[17] = ThiefHandler.wait.selector;
        target(address(_handler), selectors);
    }

    function _newStock() internal override returns (SettlementToken) {
        return new StoppableToken();
    }

    /// @dev Every run ends in the same way: all that is left is retired, and everybody leaves with a part of it.
    function afterInvariant() public {
        _handler.windUp();
        assertGt(_handler.retired(), 0);
        assertGt(_handler.relisted(), 0);
        assertEq(portfolio.assets().length, 4);
        for (uint256 k; k < 3; ++k) {
            assertEq(portfolio.balanceOf(_handler.holders(k)), 0);
            assertEq(portfolio.totalClaimable(_handler.stockOf(k)), 0);
        }
        invariant_L1_NobodyEntersWhileSomethingRetiredIsHeld();
        invariant_L2_NothingThatIsHeldIsLost();
        invariant_L3_ListedFirstThenRetired();
        invariant_I5_ExitsInKindPassWhateverIsListed();
    }

    /// @dev L1: nobody enters while a retired asset is held, and no request that was made before is filled.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_L1_NobodyEntersWhileSomethingRetiredIsHeld() public view {
        assertEq(_handler.enteredWhileClosed(), 0, "entered");
        assertEq(_handler.filledStale(), 0, "filled");
        assertEq(factory.holdsRetired(address(portfolio)), _handler.holdsRetired(), "dust");
    }

    /// @dev L2: the balance of a retired stock is there, was paid out in kind in one proportion with all else, or is
    /// listed again; listing moves nothing, and an asset that is not listed is not traded.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_L2_NothingThatIsHeldIsLost() public view {
        assertEq(_handler.movedByListing(), 0, "moved");
        assertEq(_handler.unfairParts(), 0, "unfair");
        assertEq(_handler.droppedHeld(), 0, "dropped");
        assertEq(_handler.tradedUnlisted(), 0, "traded");
        for (uint256 k; k < 3; ++k) {
            SettlementToken stock = SettlementToken(_handler.stockOf(k));
            uint256 held = stock.balanceOf(address(portfolio));
            if (_handler.listingOf(address(stock)) != IPortfolio.Listing.Listed) {
                assertEq(held, _handler.kept(address(stock)), "kept");
            }
            assertEq(portfolio.totalClaimable(address(stock)), _handler.owedOf(address(stock)), "owed");
            assertGe(held, portfolio.totalClaimable(address(stock)), "covered");
        }
    }

    /// @dev L3: `allAssets` has the listed assets, settlement first, then the retired ones, each once.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_L3_ListedFirstThenRetired() public view {
        address[] memory listed = portfolio.assets();
        address[] memory all = portfolio.allAssets();
        assertEq(all[0], address(usd));
        uint256 expected = 1;
        for (uint256 k; k < 3; ++k) {
            IPortfolio.Listing listing = _handler.listingOf(_handler.stockOf(k));
            assertEq(portfolio.isAsset(_handler.stockOf(k)), listing == IPortfolio.Listing.Listed);
            if (listing != IPortfolio.Listing.None) ++expected;
        }
        assertEq(all.length, expected);
        for (uint256 k; k < all.length; ++k) {
            if (k < listed.length) assertEq(all[k], listed[k]);
            assertEq(portfolio.isAsset(all[k]), k < listed.length);
            for (uint256 j; j < k; ++j) {
                assertTrue(all[j] != all[k]);
            }
        }
    }

    /// @dev I5 holds with any assets retired, silent or stopped.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I5_ExitsInKindPassWhateverIsListed() public view {
        assertEq(_handler.exitsRefused(), 0, "refused");
        assertEq(_handler.refusedToRetire(), 0, "retire");
    }

    /// @dev The campaign means something only if stocks are retired while they are held, and come back.
    function test_retire__held__closes_entry_until_it_is_listed_again() public {
        address stock = _handler.stockOf(0);
        _handler.retire(0);
        assertEq(_handler.retired(), 1);
        assertGt(_handler.kept(stock), 0);
        _handler.enterAnyway(0, 1e9);
        assertEq(_handler.entered(), 0);
        _handler.tradeAnything(0, false, 10_000, 9999);
        assertEq(_handler.executed(), 2);
        _handler.leaveWithParts(1, 5000);
        assertEq(_handler.leftWithRetired(), 1);
        assertGt(SettlementToken(stock).balanceOf(_handler.holders(1)), 0);
        _handler.relist(0);
        assertEq(_handler.relisted(), 1);
        _handler.enterAnyway(0, 1e9);
        assertEq(_handler.entered(), 1);
        _handler.tradeAnything(0, false, 10_000, 9999);
        assertEq(_handler.executed(), 3);
        _handler.drop(0);
        assertEq(_handler.dropped(), 1);
        afterInvariant();
    }

    /// @dev The campaign also needs requests that wait, silent feeds and stopped tokens.
    function test_retire__silent_and_stopped__parts_are_set_aside_and_requests_returned() public {
        address stock = _handler.stockOf(1);
        _handler.ask(0, 5000);
        assertGt(portfolio.queuedShares(_handler.holders(0)), 0);
        _handler.silence(1);
        _handler.stop(1, true);
        _handler.retire(1);
        _handler.leaveWithParts(2, 10_000);
        assertGt(portfolio.totalClaimable(stock), 0);
        assertEq(_handler.kept(stock), SettlementToken(stock).balanceOf(address(portfolio)));
        _handler.fulfil(5);
        assertEq(_handler.filled(), 0);
        assertEq(portfolio.queuedShares(_handler.holders(0)), 0);
        _handler.stop(1, false);
        _handler.claimStock(2, 1);
        assertGt(SettlementToken(stock).balanceOf(_handler.holders(2)), 0);
        invariant_L2_NothingThatIsHeldIsLost();
    }
}
