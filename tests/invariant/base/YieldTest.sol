// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Test} from "forge-std/Test.sol";

import {SignerSets} from "contracts/access/SignerSets.sol";
import {MockStrategy} from "contracts/mocks/MockStrategy.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {YieldFactory} from "contracts/yield/YieldFactory.sol";
import {YieldOptimizer} from "contracts/yield/YieldOptimizer.sol";
import {YieldPlans} from "contracts/yield/YieldPlans.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";
import {IYieldPlans} from "interfaces/yield/IYieldPlans.sol";

/// @title A yield optimizer over three strategies, for Foundry's campaigns
/// @notice This contract is the admin; functions that no role is mapped to are the admin's.
abstract contract YieldTest is Test {
    uint16 internal constant BUDGET_BPS = 200;
    uint40 internal constant WINDOW = 7 days;
    uint16 internal constant CAP_BPS = 5000;

    SettlementToken internal usd;
    SignerSets internal signerSets;
    YieldPlans internal plans;
    YieldFactory internal factory;
    YieldOptimizer internal optimizer;
    MockStrategy[] internal strategies;
    uint256 internal planKey = 0xB0B;
    uint256 private _nonce;

    function setUpYield() internal {
        vm.warp(1_600_000_000);
        AccessManager manager = new AccessManager(address(this));
        bytes memory init = abi.encodeWithSignature("initialize(address)", manager);
        signerSets = SignerSets(address(new ERC1967Proxy(address(new SignerSets()), init)));
        plans = new YieldPlans(address(manager), signerSets);
        factory = new YieldFactory(address(manager), address(plans));
        usd = new SettlementToken("US Dollar", "USD", settlementDecimals());
        IYieldOptimizer.OptimizerTerms memory terms =
            IYieldOptimizer.OptimizerTerms(500, BUDGET_BPS, 500, 1000, WINDOW, 1 hours, 1 days, 7 days);
        IYieldOptimizer.InitParams memory params = IYieldOptimizer.InitParams("Yield", "qUSD", address(usd), terms);
        optimizer = YieldOptimizer(factory.createOptimizer(params, "yield"));
        for (uint256 k; k < 3; ++k) {
            strategies.push(new MockStrategy(usd));
            factory.addStrategy(address(optimizer), address(strategies[k]), CAP_BPS);
        }
        address[] memory signers = new address[](1);
        signers[0] = vm.addr(planKey);
        signerSets.createSet(bytes32(uint256(uint160(address(optimizer)))), signers, 1);
    }

    /// @return The settlement token's decimals.
    function settlementDecimals() internal pure virtual returns (uint8) {
        return 6;
    }

    /// @return One settlement token in smallest units.
    function unit() internal pure returns (uint256) {
        return 10 ** settlementDecimals();
    }

    /// @dev Signed and sent.
    function move(IYieldOptimizer.Target[] memory targets) internal {
        (IYieldPlans.Plan memory plan, ISignerSets.Signature[] memory signatures) = signedPlan(targets);
        plans.execute(plan, signatures);
    }

    function signedPlan(IYieldOptimizer.Target[] memory targets)
        internal
        returns (IYieldPlans.Plan memory plan, ISignerSets.Signature[] memory signatures)
    {
        plan = IYieldPlans.Plan(address(optimizer), targets, _nonce++, uint40(vm.getBlockTimestamp()) + 1 hours);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(planKey, plans.hashPlan(plan));
        signatures = new ISignerSets.Signature[](1);
        signatures[0] = ISignerSets.Signature(vm.addr(planKey), abi.encodePacked(r, s, v));
    }
}
