// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PortfolioVault} from "./base/PortfolioVault.sol";
import {IIdentityRegistry} from "interfaces/identity/IIdentityRegistry.sol";
import {IRedemptionQueue} from "interfaces/portfolio/IRedemptionQueue.sol";

/// @title ERC-4626 properties of the portfolio, while others wait for cash
contract PortfolioPropertiesTest is PortfolioVault {
    address internal immutable _waiter = makeAddr("waiter");

    /// @dev The amount is more than there is of any asset, and far from where arithmetic ends.
    function endless() internal pure override returns (uint256) {
        return type(uint112).max;
    }

    /// @dev There are three holders; some of the cash is in stocks, whose prices moved since; there are donations;
    /// requests of another holder and of the holder itself are filled as far as cash went or wait for all of it.
    function disturb(uint256 seed) internal override {
        enter(other, 1 + seed % (1e6 * unit()));
        enter(holder, 100 * unit() + (seed >> 16) % (1e9 * unit()));
        enter(_waiter, 100 * unit() + (seed >> 32) % (1e9 * unit()));
        uint256 cash = usd.balanceOf(address(portfolio));
        for (uint256 k; k < 3; ++k) {
            _invest(k, cash * ((seed >> (64 + 8 * k)) % 33) / 100);
            feeds[k + 1].setAnswer(int256((k + 1) * 50e8 * (50 + (seed >> (88 + 8 * k)) % 100) / 100));
        }
        if (seed >> 112 & 1 == 1) usd.mint(address(portfolio), (seed >> 113) % (1e6 * unit()));
        if (seed >> 153 & 1 == 1) _request(_waiter, 25 + (seed >> 154) % 76);
        if (seed >> 162 & 1 == 1) _request(holder, 25 + (seed >> 163) % 60);
        if (seed >> 171 & 1 == 1) IRedemptionQueue(portfolio.queue()).fulfil(address(portfolio), 1);
        if (seed >> 172 & 1 == 1) usd.mint(address(portfolio), (seed >> 173) % (1e8 * unit()));
    }

    /// @dev The properties mean something only if disturbed portfolios do run short.
    function test_disturb__somebody_waits__cash_is_short() public {
        disturb(
            uint256(0x20) << 64 | uint256(0x20) << 72 | uint256(0x1d) << 80 | uint256(1) << 153 | uint256(75) << 154
        );
        assertGt(portfolio.totalQueuedShares(), 0);
        assertLt(portfolio.maxWithdraw(holder), portfolio.convertToAssets(portfolio.balanceOf(holder)));
    }

    /// @dev Leaves the holdings that trades at fair prices would leave.
    function _invest(uint256 stock, uint256 cash) private {
        vm.prank(address(portfolio));
        usd.transfer(address(0xdead), cash);
        stocks[stock].mint(address(portfolio), cash * 1e18 / unit() / ((stock + 1) * 50));
    }

    function _request(address owner, uint256 percent) private {
        uint256 shares = portfolio.balanceOf(owner) * percent / 100;
        IRedemptionQueue queue = IRedemptionQueue(portfolio.queue());
        vm.prank(owner);
        queue.requestRedeem(address(portfolio), shares, owner, owner);
    }
}

/// @title The properties of {PortfolioPropertiesTest} for a settlement token that has no decimals
contract PortfolioPropertiesOf0DecimalsTest is PortfolioPropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 0;
    }
}

/// @title The properties of {PortfolioPropertiesTest} for a settlement token of eight decimals
contract PortfolioPropertiesOf8DecimalsTest is PortfolioPropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 8;
    }
}

/// @title The properties of {PortfolioPropertiesTest} for a settlement token of 18 decimals
/// @notice Marks have 27 decimals, so that rounding them may give a round trip a few parts in 1e27 of the whole.
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract PortfolioPropertiesOf18DecimalsTest is PortfolioPropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 18;
    }

    function slack() internal view override returns (uint256) {
        return 4 * (vault().totalSupply() + vault().convertToShares(most())) / 1e27;
    }

    /// @dev The maximum is a billion dollars.
    function most() internal pure override returns (uint256) {
        return 1e9 * unit();
    }
}

/// @title The properties of {PortfolioPropertiesTest} for shares that only registered holders have
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract PortfolioPropertiesOfRestrictedSharesTest is PortfolioPropertiesTest {
    function setUp() public override {
        super.setUp();
        address[4] memory holders = [holder, other, spender, _waiter];
        for (uint256 k; k < holders.length; ++k) {
            registry.registerIdentity(
                holders[k], COUNTRY, IIdentityRegistry.InvestorClass.Institutional, type(uint40).max
            );
        }
    }

    function restricted() internal pure override returns (bool) {
        return true;
    }

    function test_deposit__unregistered__reverts() public {
        address stranger = makeAddr("stranger");
        fund(stranger, unit());
        vm.startPrank(stranger);
        usd.approve(address(portfolio), unit());
        assertEq(portfolio.maxDeposit(stranger), 0);
        vm.expectRevert();
        portfolio.deposit(unit(), stranger);
        vm.stopPrank();
    }
}
