// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ThiefHandler} from "./ThiefHandler.sol";
import {ThiefPool} from "./ThiefPool.sol";
import {MockFeed} from "contracts/mocks/market/MockFeed.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";
import {ICovarianceModels} from "interfaces/risk/ICovarianceModels.sol";
import {IMarketDepthRegistry} from "interfaces/risk/IMarketDepthRegistry.sol";

/// @title A thief who borrows for a block, knows prices before the feeds do and keeps signals while assets are relisted
/// @notice Holds the quorums' keys of trades, depth and models. Keeps books of its own: the prices that the market
/// pays, and the reports of depth that were made with borrowed money.
contract BorrowingThiefHandler is ThiefHandler {
    /// @param markets A pool of each stock, whose depth is reported.
    /// @param model Model that was posted last.
    struct Surroundings {
        ThiefPool[] markets;
        IPortfolioFactory factory;
        ICovarianceModels models;
        IMarketDepthRegistry book;
        bytes32 universe;
        uint256 riskKey;
        ICovarianceModels.CovarianceModel model;
    }

    /// @dev The view of the market depth registry: the last report, and the one before it that had stood.
    struct Reported {
        uint256 postedAt;
        bool borrowed;
        bool borrowedBefore;
    }

    uint256 public constant DEPTH = 150_000;
    uint256 public constant MAX_MOVE_BPS = 300;
    uint256 private constant _DAYS_TENTHS = 50;
    uint256 private constant _PARTICIPATION_BPS = 2000;

    Surroundings private _around;
    /// @dev Market price of a stock, basis points of its feed's; 0 stands for the feed's own.
    mapping(address stock => uint256) private _truth;
    mapping(address stock => Reported) private _reported;
    Loss[] private _trueLosses;
    address private _borrowedFor;

    IAutoRebalancer.RebalanceSignal private _kept;
    uint256[] private _keptOrders;
    ISignerSets.Signature[] private _keptSignatures;

    uint256 public relisted;
    uint256 public staleSignalsPassed;
    uint256 public liquidityCrossed;

    constructor(
        IPortfolio portfolio_,
        IAutoRebalancer rebalancer,
        uint256 signalKey,
        ThiefPool[] memory pools_,
        MockFeed[] memory feeds,
        Surroundings memory around
    )
        ThiefHandler(portfolio_, rebalancer, signalKey, pools_, feeds)
    {
        _around = around;
        for (uint256 k; k < around.markets.length; ++k) {
            _fund(k, DEPTH);
        }
    }

    /// @notice Makes one act of nine that happen around the thief, so that every second act is a trade.
    function happen(uint256 which, uint256 where, uint256 size) external {
        which %= 9;
        if (which == 0) deposit(size);
        if (which == 1) exit(size);
        if (which == 2) wait(size);
        if (which == 3) move(where, size);
        if (which == 4) report(where);
        if (which == 5) pass(size);
        if (which == 6) drift(where, size);
        if (which == 7) refresh();
        if (which == 8) renew();
    }

    // -- Borrowed depth ----------------------------------------------------------------------------------------------

    /// @notice Lends the market some dollars, reports its depth, trades and takes the dollars back, all in one block.
    function borrowAndTrade(uint256 stock, bool buy, uint256 sizeBps, uint256 rateBps, uint256 dollars) external {
        stock = bound(stock, 0, pools.length - 1);
        dollars = bound(dollars, 1, 50_000_000);
        _fund(stock, DEPTH + dollars);
        _borrowedFor = stockOf(stock);
        _report(stock, DEPTH + dollars);
        trade(stock, buy, _part(sizeBps), rateBps);
        _borrowedFor = address(0);
        _fund(stock, DEPTH);
    }

    /// @notice Trades a size that the turnover allows.
    function tradeSome(uint256 stock, bool buy, uint256 sizeBps, uint256 rateBps) external {
        trade(stock, buy, _part(sizeBps), rateBps);
    }

    /// @notice Posts the report of an honest desk.
    function report(uint256 stock) public {
        _report(bound(stock, 0, pools.length - 1), DEPTH);
    }

    // -- Late prices -------------------------------------------------------------------------------------------------

    /// @notice Lets time pass, in which no feed answers anew.
    function pass(uint256 time) public {
        vm.roll(vm.getBlockNumber() + time % 12);
        vm.warp(vm.getBlockTimestamp() + bound(time, 1 minutes, 3 hours));
    }

    /// @notice Moves the market before the feed does.
    function drift(uint256 stock, uint256 bps) public {
        stock = bound(stock, 0, pools.length - 1);
        _truth[stockOf(stock)] = bound(bps, 10_000 - MAX_MOVE_BPS, 10_000 + MAX_MOVE_BPS);
    }

    /// @notice Sets all feeds to the market's prices.
    function refresh() public {
        for (uint256 k; k < pools.length; ++k) {
            (, int256 answer,,,) = _feeds[k + 1].latestRoundData();
            _feeds[k + 1].setAnswer(answer * int256(_truthOf(stockOf(k))) / 10_000);
            delete _truth[stockOf(k)];
        }
    }

    // -- Lists that change -------------------------------------------------------------------------------------------

    /// @notice Signs a trade at a fair rate, for later.
    function keep(uint256 stock, bool buy, uint256 sizeBps) external {
        stock = bound(stock, 0, pools.length - 1);
        (address cash, address other) = (portfolio.asset(), stockOf(stock));
        (address tokenIn, address tokenOut) = buy ? (cash, other) : (other, cash);
        uint256 amountIn = SettlementToken(tokenIn).balanceOf(address(portfolio)) * _part(sizeBps) / 10_000;
        if (amountIn == 0) return;
        _setRate(pools[stock], tokenIn, tokenOut, 9999);
        (_kept, _keptOrders) = _signal(pools[stock], tokenIn, tokenOut, amountIn);
        delete _keptSignatures;
        _keptSignatures.push(_sign(_signalKey, _rebalancer.hashSignal(_kept))[0]);
    }

    function useKept() external {
        if (_keptOrders.length == 0) return;
        uint256 before = executed;
        bool stale = keccak256(abi.encodePacked(portfolio.assets())) != _kept.assetsHash;
        _run(_kept, _keptOrders, _keptSignatures);
        if (stale && executed != before) ++staleSignalsPassed;
        delete _keptOrders;
    }

    /// @notice Drops, as the manager, a stock that is not held and lists it again, which puts it last.
    function relist(uint256 stock) external {
        address asset = stockOf(bound(stock, 0, pools.length - 1));
        if (SettlementToken(asset).balanceOf(address(portfolio)) != 0) return;
        _around.factory.unlistAsset(address(portfolio), asset);
        _around.factory.listAsset(address(portfolio), asset);
        ++relisted;
    }

    /// @notice Posts the next model, which equals the last.
    function renew() public {
        ICovarianceModels.CovarianceModel memory next = _around.model;
        ++next.nonce;
        next.asOf = uint40(vm.getBlockTimestamp());
        next.expiry = next.asOf + 10 days;
        try _around.models.postModel(next, _sign(_around.riskKey, _around.models.hashModel(next))) {
            _around.model.nonce = next.nonce;
        } catch {}
    }

    // -- For the invariants ------------------------------------------------------------------------------------------

    /// @return Loss as `worstLoss` defines it, at the market's prices.
    function worstTrueLoss(uint256 window) external view returns (uint256) {
        return _worst(_trueLosses, window);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _judge(uint256[] memory before, uint256[] memory afterwards) internal override {
        super._judge(before, afterwards);
        _recordLoss(_trueLosses, _truly(before), _truly(afterwards));
        // Two reports that were made with borrowed money, each standing or older, count what is borrowed now.
        if (_borrowedFor != address(0) && _countsBorrowed(_reported[_borrowedFor])) return;
        uint256 slowest = _slowest(afterwards);
        uint256 most = _DAYS_TENTHS * 1e17;
        if (slowest > most + most / 1e6 && slowest >= _slowest(before)) ++liquidityCrossed;
    }

    /// @dev The policies of turnover and liquidity mostly leave room for the size; now and then it is anything.
    function _part(uint256 seed) private pure returns (uint256) {
        return seed % 8 == 0 ? 1 + seed % 10_000 : 1 + seed % 2000;
    }

    /// @return most WAD days at the depth that nobody borrowed.
    function _slowest(uint256[] memory values) private pure returns (uint256 most) {
        for (uint256 k = 1; k < values.length; ++k) {
            uint256 time = values[k] * 10_000 / (DEPTH * _PARTICIPATION_BPS);
            if (time > most) most = time;
        }
    }

    function _truly(uint256[] memory values) private view returns (uint256 total) {
        address[] memory list = portfolio.assets();
        for (uint256 k; k < list.length; ++k) {
            total += values[k] * _truthOf(list[k]) / 10_000;
        }
    }

    function _truthOf(address asset) private view returns (uint256) {
        return _truth[asset] == 0 ? 10_000 : _truth[asset];
    }

    function _report(uint256 stock, uint256 dollars) private {
        IMarketDepthRegistry book = _around.book;
        address asset = stockOf(stock);
        (,, uint64 nonce) = book.reportOf(_around.universe, asset);
        uint40 now_ = uint40(vm.getBlockTimestamp());
        address[] memory named = new address[](1);
        named[0] = address(_around.markets[stock]);
        IMarketDepthRegistry.DepthReport memory made = IMarketDepthRegistry.DepthReport(
            _around.universe, asset, nonce + 1, now_, now_ + 9 days, uint128(dollars * 1e18), named
        );
        book.postDepth(made, _sign(_around.riskKey, book.hashDepth(made)));
        Reported storage reported = _reported[asset];
        if (_stood(reported)) reported.borrowedBefore = reported.borrowed;
        (reported.postedAt, reported.borrowed) = (vm.getBlockNumber(), dollars > DEPTH);
    }

    function _stood(Reported storage reported) private view returns (bool) {
        return vm.getBlockNumber() >= reported.postedAt + _around.book.confirmationBlocks();
    }

    function _countsBorrowed(Reported storage reported) private view returns (bool) {
        return reported.borrowed && (_stood(reported) || reported.borrowedBefore);
    }

    /// @dev Makes the market hold this many dollars on the side of cash.
    function _fund(uint256 stock, uint256 dollars) private {
        ThiefPool market = _around.markets[stock];
        uint256 cash = dollars * 10 ** SettlementToken(portfolio.asset()).decimals();
        uint256 units = 1e6 * 10 ** SettlementToken(stockOf(stock)).decimals();
        (uint256 r0, uint256 r1) = market.token0() == portfolio.asset() ? (cash, units) : (units, cash);
        market.setReserves(r0, r1);
    }
}
