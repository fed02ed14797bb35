// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {PortfolioVault} from "./base/PortfolioVault.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";

/// @title ERC-4626 properties of a portfolio that charges both fees, has a cap and no lock
contract PortfolioFeePropertiesTest is PortfolioVault {
    function setUp() public override {
        super.setUp();
        // More than anybody brings.
        uint256 cap = FixedPointMathLib.min(1e21 * unit(), type(uint104).max);
        book.setPolicy(address(portfolio), IFeeManager.Policy(0, 10_000, uint104(cap)));
    }

    /// @dev There are two holders, stocks from nowhere, prices that go up and down, and fees that stream, are pending,
    /// crystallised and collected.
    function disturb(uint256 seed) internal override {
        _enter(other, unit() + seed % (1e6 * unit()));
        stocks[0].mint(address(portfolio), (seed >> 16) % 1e20);
        _enter(holder, 1 + (seed >> 32) % (1e9 * unit()));
        _wait((seed >> 64) % 200 days);
        _move(feeds[1], 8000 + (seed >> 96) % 6000);
        if (seed >> 112 & 1 == 1) _try(abi.encodeCall(IFeeManager.crystallise, (address(portfolio))));
        if (seed >> 113 & 1 == 1) _try(abi.encodeCall(IFeeManager.collectFees, (address(portfolio))));
        _wait((seed >> 128) % 40 days);
        _move(feeds[1], 8000 + (seed >> 160) % 6000);
        if (seed >> 176 & 1 == 1) _enter(holder, 1 + (seed >> 192) % (1e9 * unit()));
    }

    /// @dev Fees are on, so that the properties above are about them.
    function test_disturb__gains_and_time__fees_are_owed_and_pending() public {
        _enter(holder, 1e6 * unit());
        stocks[0].mint(address(portfolio), 5e21);
        _wait(100 days);
        (IFeeManager.Quote memory q,,,) =
            book.quote(address(portfolio), portfolio.totalAssets(), portfolio.totalSupply());
        (uint256 owed,,,) = book.feeState(address(portfolio));
        assertGt(q.pending, 0);
        assertGt(owed, 0);
    }

    /// @dev Enters where there is room, and for at least one share.
    function _enter(address account, uint256 amount) private {
        if (portfolio.maxDeposit(account) < amount || portfolio.previewDeposit(amount) == 0) return;
        enter(account, amount);
    }

    /// @dev The call may revert, because it is too soon or there is nothing to take.
    function _try(bytes memory call) private {
        (bool ok,) = address(book).call(call);
        ok;
    }
}

/// @title The properties of {PortfolioFeePropertiesTest} for a settlement token of no decimals
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract PortfolioFeePropertiesOf0DecimalsTest is PortfolioFeePropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 0;
    }
}

/// @title The properties of {PortfolioFeePropertiesTest} for a settlement token of eight decimals
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract PortfolioFeePropertiesOf8DecimalsTest is PortfolioFeePropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 8;
    }
}

/// @title The properties of {PortfolioFeePropertiesTest} for a settlement token of 18 decimals
/// forge-config: default.fuzz.runs = 64
/// forge-config: deep.fuzz.runs = 20000
contract PortfolioFeePropertiesOf18DecimalsTest is PortfolioFeePropertiesTest {
    function settlementDecimals() internal pure override returns (uint8) {
        return 18;
    }

    /// @dev Marks have 27 decimals: see {PortfolioPropertiesOf18DecimalsTest}.
    function slack() internal view override returns (uint256) {
        return 4 * (vault().totalSupply() + vault().convertToShares(most())) / 1e27;
    }

    /// @dev The maximum is a billion dollars.
    function most() internal pure override returns (uint256) {
        return 1e9 * unit();
    }
}
