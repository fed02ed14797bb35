// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {MockFeed} from "contracts/mocks/market/MockFeed.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {IFeeManager} from "interfaces/portfolio/IFeeManager.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";

/// @title Holders of a portfolio that charges, over months
/// @notice The handler comes, goes, moves prices and lets feeds fail; it compares the fees that were taken with the
/// schedule, by arithmetic of its own.
contract FeeHandler is Test {
    /// @param supply Effective supply: grossAssets / supply is the net price.
    struct Seen {
        uint256 time;
        uint256 grossAssets;
        uint256 issued;
        uint256 owed;
        uint256 supply;
        uint256 mark;
    }

    IPortfolio private immutable _portfolio;
    IFeeManager private immutable _book;
    address[2] private _holders = [makeAddr("first holder"), makeAddr("second holder")];
    MockFeed[] private _feeds;
    SettlementToken[] private _stocks;
    uint256 private _crystallisedAt;

    uint256 public overcharged;
    uint256 public marksLowered;
    uint256 public pricesLowered;
    uint256 public crystallisedEarly;
    uint256 public exitsFailed;

    /// @dev Compares the state before and after acts that do not move prices.
    modifier watched() {
        Seen memory before = _seen();
        _;
        Seen memory afterwards = _seen();
        _judge(before, afterwards);
        // Net price before and after, cross-multiplied; a unit for `totalAssets`, which rounds the sum of what is left
        // down.
        if (_less(afterwards.grossAssets + 1, before.supply, before.grossAssets, afterwards.supply)) ++pricesLowered;
    }

    constructor(IPortfolio portfolio, IFeeManager book, MockFeed[] memory feeds, SettlementToken[] memory stocks) {
        (_portfolio, _book) = (portfolio, book);
        for (uint256 k; k < feeds.length; ++k) {
            _feeds.push(feeds[k]);
        }
        for (uint256 k; k < stocks.length; ++k) {
            _stocks.push(stocks[k]);
        }
        (, _crystallisedAt,,) = book.feeState(address(portfolio));
    }

    // -- Holders

    function deposit(uint256 who, uint256 amount) public watched {
        amount = bound(amount, 1e6, 1e14);
        address holder = _holders[who % 2];
        if (_portfolio.maxDeposit(holder) < amount) return;
        SettlementToken usd = SettlementToken(_portfolio.asset());
        usd.mint(holder, amount);
        vm.startPrank(holder);
        usd.approve(address(_portfolio), amount);
        _portfolio.deposit(amount, holder);
        vm.stopPrank();
    }

    function redeem(uint256 who, uint256 part) external watched {
        address holder = _holders[who % 2];
        uint256 shares = _portfolio.maxRedeem(holder) * bound(part, 1, 10_000) / 10_000;
        if (_portfolio.previewRedeem(shares) == 0) return;
        vm.prank(holder);
        _portfolio.redeem(shares, holder, holder);
    }

    function exitInKind(uint256 who, uint256 part) public watched {
        _exitInKind(_holders[who % 2], part);
    }

    /// @notice Leaves in kind while no feed answers.
    function outage(uint256 who, uint256 part) external {
        (, int256 answer,,,) = _feeds[1].latestRoundData();
        _feeds[1].setAnswer(0);
        _exitInKind(_holders[who % 2], part);
        _feeds[1].setAnswer(answer);
    }

    // -- What happens to them

    function move(uint256 feed, uint256 bps) external {
        MockFeed moved = _feeds[bound(feed, 1, _feeds.length - 1)];
        (, int256 answer,,,) = moved.latestRoundData();
        moved.setAnswer(answer * int256(bound(bps, 6000, 16_000)) / 10_000 + 1);
    }

    function donate(uint256 amount) external {
        _stocks[0].mint(address(_portfolio), bound(amount, 1, 1e21));
    }

    function wait(uint256 time) external {
        Seen memory before = _seen();
        vm.warp(vm.getBlockTimestamp() + bound(time, 1, 40 days));
        for (uint256 k; k < _feeds.length; ++k) {
            (, int256 answer,,,) = _feeds[k].latestRoundData();
            _feeds[k].setAnswer(answer);
        }
        _judge(before, _seen());
    }

    function crystallise() external watched {
        try _book.crystallise(address(_portfolio)) {
            uint256 time = vm.getBlockTimestamp();
            if (time < _crystallisedAt + _book.feesOf(address(_portfolio)).period) ++crystallisedEarly;
            _crystallisedAt = time;
        } catch {}
    }

    function collect() external watched {
        try _book.collectFees(address(_portfolio)) {} catch {}
    }

    // -- What the invariants ask

    /// @dev Management: the supply without the pending part grows by at most e^x - 1 <= x + x^2 of itself, and 4e-18
    /// for growth that is rounded at both ends. Performance: the supply is no more than what leaves the base (grossAssets - f
    /// gain) of the grossAssets.
    function _judge(Seen memory before, Seen memory afterwards) private {
        IFeeManager.FeeTerms memory terms = _book.feesOf(address(_portfolio));
        if (afterwards.mark < before.mark) ++marksLowered;
        uint256 x = uint256(terms.managementBps) * 1e14 * (afterwards.time - before.time) / 365 days;
        uint256 base = afterwards.issued + afterwards.owed;
        if (afterwards.issued == before.issued && afterwards.time != before.time) {
            uint256 most = before.issued + before.owed;
            most += most * (x + x * x / 1e18 + 4) / 1e18 + 1;
            if (base > most) ++overcharged;
        }
        uint256 free = afterwards.mark * (base / 1e6) / 1e27;
        uint256 gain = afterwards.grossAssets > free ? afterwards.grossAssets - free : 0;
        uint256 net = afterwards.grossAssets - gain * terms.performanceBps / 10_000;
        // net / base <= grossAssets / supply, a millionth of a millionth and a unit for the roundings of this arithmetic.
        if (_less(afterwards.grossAssets * (1e12 + 1), base, (net - 1) * 1e12, afterwards.supply)) ++overcharged;
    }

    function _seen() private view returns (Seen memory s) {
        s.time = vm.getBlockTimestamp();
        s.grossAssets = _portfolio.totalAssets() + 1;
        s.issued = _portfolio.totalSupply() + 1e6;
        (s.owed,, s.mark,) = _book.feeState(address(_portfolio));
        (s.supply,) = _book.supplyOf(address(_portfolio), s.grossAssets - 1, s.issued - 1e6);
    }

    function _exitInKind(address holder, uint256 part) private {
        uint256 shares = _portfolio.balanceOf(holder) * bound(part, 1, 10_000) / 10_000;
        if (shares == 0) return;
        vm.prank(holder);
        try _portfolio.redeemInKind(shares, holder, holder) {}
        catch {
            ++exitsFailed;
        }
    }

    /// @return True if a * b < c * d.
    function _less(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (bool) {
        return a * b < c * d;
    }
}
