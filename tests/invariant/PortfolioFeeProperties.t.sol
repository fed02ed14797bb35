// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PortfolioVault} from "./base/PortfolioVault.sol";
import {IShareBook} from "interfaces/portfolio/IShareBook.sol";

/// @title ERC-4626 properties of a portfolio that charges both fees, has a cap and no lock
contract PortfolioFeePropertiesTest is PortfolioVault {
    uint104 private constant _CAP = 1e27;

    function setUp() public override {
        super.setUp();
        book.setPolicy(address(portfolio), IShareBook.Policy(0, 10_000, _CAP));
    }

    /// @dev Two holders, stocks from nowhere, prices up and down, fees streaming, pending, crystallised and collected.
    function disturb(uint256 seed) internal override {
        _enter(other, 1e6 + seed % 1e12);
        stocks[0].mint(address(portfolio), (seed >> 16) % 1e20);
        _enter(holder, 1 + (seed >> 32) % 1e15);
        _wait((seed >> 64) % 200 days);
        _move(feeds[1], 8000 + (seed >> 96) % 6000);
        if (seed >> 112 & 1 == 1) _try(abi.encodeCall(IShareBook.crystallise, (address(portfolio))));
        if (seed >> 113 & 1 == 1) _try(abi.encodeCall(IShareBook.collectFees, (address(portfolio))));
        _wait((seed >> 128) % 40 days);
        _move(feeds[1], 8000 + (seed >> 160) % 6000);
        if (seed >> 176 & 1 == 1) _enter(holder, 1 + (seed >> 192) % 1e15);
    }

    /// @dev Fees are on, so that the properties above are about them.
    function test_disturb__gains_and_time__fees_are_owed_and_pending() public {
        _enter(holder, 1e12);
        stocks[0].mint(address(portfolio), 5e21);
        _wait(100 days);
        (IShareBook.Quote memory q,,,) =
            book.quote(address(portfolio), portfolio.totalAssets() + 1, portfolio.totalSupply() + 1e6);
        (uint256 owed,,,) = book.feeState(address(portfolio));
        assertGt(q.pending, 0);
        assertGt(owed, 0);
    }

    /// @dev Where there is room, and for a share at least.
    function _enter(address account, uint256 amount) private {
        if (portfolio.maxDeposit(account) < amount || portfolio.previewDeposit(amount) == 0) return;
        enter(account, amount);
    }

    /// @dev Too soon, nothing to take: either may happen.
    function _try(bytes memory call) private {
        (bool ok,) = address(book).call(call);
        ok;
    }
}
