// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ProtocolTest} from "./base/ProtocolTest.sol";
import {RiskHandler} from "./base/RiskHandler.sol";
import {Roles} from "contracts/access/Roles.sol";
import {RiskLimits} from "contracts/risk/RiskLimits.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title A manager, a guardian and a stolen risk desk, against the risk engine
/// @notice The manager holds MANAGER and no delayed role; the desk's quorum signs anything that the desk wants.
contract RiskLimitsInvariantTest is ProtocolTest {
    RiskHandler private _handler;

    function setUp() public {
        setUpProtocol();
        postModel(1);
        _handler = new RiskHandler(portfolio, risk, models, riskKey);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IRiskEngine.tightenLimits.selector;
        manager.setTargetFunctionRole(address(risk), selectors, Roles.MANAGER);
        manager.grantRole(Roles.MANAGER, _handler.MANAGER(), 0);
        selectors = new bytes4[](3);
        (selectors[0], selectors[1], selectors[2]) =
        (IRiskEngine.deRisk.selector, IRiskEngine.shutdown.selector, IRiskEngine.tightenFloors.selector);
        manager.setTargetFunctionRole(address(risk), selectors, Roles.GUARDIAN);
        manager.grantRole(Roles.GUARDIAN, _handler.GUARDIAN(), 0);
        targetContract(address(_handler));
    }

    /// @dev R2: no sequence of calls of a manager or a guardian loosens a limit.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_R2_NoLimitEverLoosens() public view {
        assertTrue(RiskLimits.asTight(risk.limitsOf(address(portfolio)), _handler.tightest()));
    }

    /// @dev R3: a state falls only by a recovery that waited out its cooling time, and never from a halt or a held
    /// state.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_R3_NoStateFallsUnauthorised() public view {
        assertEq(_handler.unauthorisedFalls(), 0);
    }

    /// @dev R1: however many models a stolen quorum posts while prices stand, variance is at least 0.94 and at most
    /// 1.25 to the number of 20-hour delays.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_R1_DriftIsBoundedByTime() public view {
        (uint256 variance, uint256 steps) = _handler.drift();
        (uint256 least, uint256 most) = (1e14, 1e14);
        for (uint256 k; k < steps; ++k) {
            (least, most) = (least * 94 / 100, most * 125 / 100 + 1);
        }
        assertGe(variance + 100, least);
        assertLe(variance, most);
    }

    /// @dev I6: no model was accepted twice.
    /// forge-config: default.invariant.fail-on-revert = true
    function invariant_I6_NoModelTwice() public view {
        assertEq(_handler.replaysPassed(), 0);
    }

    /// @dev The handler is not a wall: honest steps, tightenings and trips go through.
    function test_Handler_Passes() public {
        _handler.wait(20 hours);
        _handler.post(0, 600);
        assertEq(models.modelOf(UNIVERSE).nonce, 2);
        _handler.wait(20 hours);
        _handler.post(4, 2000);
        assertEq(models.modelOf(UNIVERSE).nonce, 3);
        _handler.tighten(0, 5000);
        assertLt(risk.limitsOf(address(portfolio)).maxVar99Bps, 300);
        _handler.guard(0);
        assertEq(uint256(risk.stateOf(address(portfolio))), uint256(IRiskEngine.State.DeRiskOnly));
    }
}
