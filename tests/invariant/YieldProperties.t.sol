// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {VaultProperties} from "./base/VaultProperties.sol";
import {YieldTest} from "./base/YieldTest.sol";
import {MockAavePool} from "contracts/mocks/MockAavePool.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {AaveV3Strategy} from "contracts/yield/AaveV3Strategy.sol";
import {IAavePool} from "interfaces/yield/IAavePool.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";

/// @title ERC-4626 properties of the yield optimizer
contract YieldOptimizerPropertiesTest is YieldTest, VaultProperties {
    function setUp() public {
        setUpYield();
    }

    function vault() internal view override returns (IERC4626) {
        return optimizer;
    }

    /// @dev There are two holders, money in three strategies, gains that are reported, unreported and unlocking,
    /// losses, and limits on single payments.
    function disturb(uint256 seed) internal override {
        enter(other, 1 + seed % (1e6 * unit()));
        enter(holder, 1 + (seed >> 16) % (1e9 * unit()));
        IYieldOptimizer.Target[] memory targets = new IYieldOptimizer.Target[](3);
        for (uint256 k; k < 3; ++k) {
            targets[k] = IYieldOptimizer.Target(address(strategies[k]), uint16((seed >> (32 + 8 * k)) % 3000));
        }
        move(targets);
        for (uint256 k; k < 3; ++k) {
            uint256 held = usd.balanceOf(address(strategies[k]));
            uint256 dice = (seed >> (64 + 16 * k)) % 65_536;
            if (dice % 4 == 0) usd.mint(address(strategies[k]), held * dice / 1_000_000);
            if (dice % 4 == 1) strategies[k].lose(held * dice / 1_000_000);
        }
        vm.warp(vm.getBlockTimestamp() + 1 days);
        if (seed >> 128 & 1 == 1) optimizer.report(address(strategies[0]));
        if (seed >> 129 & 1 == 1) optimizer.report(address(strategies[1]));
        vm.warp(vm.getBlockTimestamp() + (seed >> 130) % 8 days);
        if (seed >> 160 & 1 == 1) strategies[0].setLimit((seed >> 161) % (1e8 * unit()));
    }
}

/// @title The properties of {YieldOptimizerPropertiesTest} for a token of no decimals
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract YieldOptimizerPropertiesOf0DecimalsTest is YieldOptimizerPropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 0;
    }
}

/// @title The properties of {YieldOptimizerPropertiesTest} for a token of eight decimals
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract YieldOptimizerPropertiesOf8DecimalsTest is YieldOptimizerPropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 8;
    }
}

/// @title The properties of {YieldOptimizerPropertiesTest} for a token of 18 decimals
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract YieldOptimizerPropertiesOf18DecimalsTest is YieldOptimizerPropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 18;
    }
}

/// @title ERC-4626 properties of the Aave strategy, over the arithmetic of an Aave reserve
abstract contract AaveStrategyProperties is VaultProperties {
    SettlementToken private _usd;
    MockAavePool private _pool;
    AaveV3Strategy private _strategy;

    /// @return True if the pool rounds and counts as version 3.5 does.
    function favoursPool() internal pure virtual returns (bool);

    function setUp() public {
        _usd = new SettlementToken("US Dollar", "USD", 18);
        _pool = new MockAavePool(_usd, favoursPool());
        _strategy = new AaveV3Strategy(IAavePool(address(_pool)), IERC20(address(_usd)), "Aave", "aUSD");
    }

    function vault() internal view override returns (IERC4626) {
        return _strategy;
    }

    /// @dev Aave refuses to burn less than half a scaled unit.
    function least() internal pure override returns (uint256) {
        return 4;
    }

    /// @dev The index is any number up to eight; there are holders who came at other indices, borrowers, other
    /// suppliers, and a supply cap.
    function disturb(uint256 seed) internal override {
        uint256 index = 1e27 + seed % 3e27;
        _pool.setIndex(index);
        enter(other, 10 + (seed >> 16) % 1e24);
        index += (seed >> 32) % 2e27;
        _pool.setIndex(index);
        enter(holder, 10 + (seed >> 48) % 1e24);
        _pool.setIndex(index + (seed >> 64) % 2e27);
        // Interest is paid by borrowers.
        _usd.mint(address(_pool), 8e24);
        _pool.repaid((seed >> 80) % 8e24);
        if (seed >> 200 & 1 == 1) {
            _pool.lend(address(0xdead), _available() - FixedPointMathLib.min(_available(), (seed >> 100) % 1e24));
        }
        if (seed >> 201 & 1 == 1) {
            _pool.setConfiguration(uint256(1) << 56 | uint256(18) << 48 | ((seed >> 202) % 1e7 + 1) << 116);
        }
    }

    function _available() private view returns (uint256) {
        return favoursPool() ? _pool.getVirtualUnderlyingBalance(address(_usd)) : _usd.balanceOf(address(_pool));
    }
}

/// @title The properties of {AaveStrategyProperties} up to version 3.4 of Aave
contract AaveV30StrategyPropertiesTest is AaveStrategyProperties {
    function favoursPool() internal pure override returns (bool) {
        return false;
    }
}

/// @title The properties of {AaveStrategyProperties} since version 3.5 of Aave
contract AaveV35StrategyPropertiesTest is AaveStrategyProperties {
    function favoursPool() internal pure override returns (bool) {
        return true;
    }
}
