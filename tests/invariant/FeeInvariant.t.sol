// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FeeHandler} from "./base/FeeHandler.sol";
import {ProtocolTest} from "./base/ProtocolTest.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";

/// @title Fees never exceed their schedule
contract FeeInvariantTest is ProtocolTest {
    FeeHandler private _handler;

    function setUp() public {
        setUpProtocol();
        _handler = new FeeHandler(portfolio, book, feeds, stocks);
        _handler.deposit(0, 1e12);
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = FeeHandler.deposit.selector;
        selectors[1] = FeeHandler.redeem.selector;
        selectors[2] = FeeHandler.exitInKind.selector;
        selectors[3] = FeeHandler.move.selector;
        selectors[4] = FeeHandler.donate.selector;
        selectors[5] = FeeHandler.wait.selector;
        selectors[6] = FeeHandler.crystallise.selector;
        selectors[7] = FeeHandler.collect.selector;
        selectors[8] = FeeHandler.outage.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev F1: no step gave the recipient more of the supply than rate times time, and rate times the gain above the
    /// mark.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_F1_NoStepChargesMoreThanTheSchedule() public view {
        assertEq(_handler.overcharged(), 0, "overcharged");
    }

    /// @dev F2: the mark never falls.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_F2_TheMarkNeverFalls() public view {
        assertEq(_handler.marksLowered(), 0, "lowered");
    }

    /// @dev F3: an account that enters or leaves lowers nobody's net price.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_F3_NoMoveLowersThePrice() public view {
        assertEq(_handler.pricesLowered(), 0, "lowered");
    }

    /// @dev F4: two crystallisations are a period apart.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_F4_CrystallisedOnceAPeriod() public view {
        assertEq(_handler.crystallisedEarly(), 0, "early");
    }

    /// @dev I5 holds with fees.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I5_ExitsInKindAlwaysPass() public view {
        assertEq(_handler.exitsFailed(), 0, "failed");
    }

    /// @dev The campaign means something only if there are fees to take.
    function test_handler__a_gain_and_a_month__are_charged() public {
        _handler.donate(1e21);
        _handler.wait(31 days);
        _handler.crystallise();
        (uint256 owed,,,) = book.feeState(address(portfolio));
        assertGt(owed, 0);
    }
}
