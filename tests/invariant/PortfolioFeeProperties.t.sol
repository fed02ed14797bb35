// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {ProtocolTest} from "./base/ProtocolTest.sol";
import {VaultProperties} from "./base/VaultProperties.sol";
import {IShareBook} from "interfaces/portfolio/IShareBook.sol";

/// @title ERC-4626 properties of a portfolio that charges both fees, has a cap and no lock
contract PortfolioFeePropertiesTest is ProtocolTest, VaultProperties {
    uint104 private constant _CAP = 1e27;

    function setUp() public {
        setUpProtocol();
        book.setPolicy(address(portfolio), IShareBook.Policy(0, 10_000, _CAP));
    }

    function vault() internal view override returns (IERC4626) {
        return portfolio;
    }

    function fund(address account, uint256 amount) internal override {
        usd.mint(account, amount);
    }

    /// @dev A trillion dollars: beyond, marks (27 decimals) are too coarse for the last share. At 1e24 round trips gain
    /// four to eight raw shares, a few millionths of a unit.
    function most() internal pure override returns (uint256) {
        return 1e18;
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

    function _enter(address account, uint256 amount) private {
        if (portfolio.maxDeposit(account) < amount || portfolio.previewDeposit(amount) == 0) return;
        usd.mint(account, amount);
        vm.startPrank(account);
        usd.approve(address(portfolio), amount);
        portfolio.deposit(amount, account);
        vm.stopPrank();
    }

    /// @dev Too soon, nothing to take: either may happen.
    function _try(bytes memory call) private {
        (bool ok,) = address(book).call(call);
        ok;
    }
}
