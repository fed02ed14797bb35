// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {QueueHandler} from "./QueueHandler.sol";
import {StoppableToken} from "./StoppableToken.sol";
import {ThiefPool} from "./ThiefPool.sol";
import {MockFeed} from "contracts/mocks/market/MockFeed.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IPortfolioFactory} from "interfaces/portfolio/IPortfolioFactory.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title A manager who lists, retires and drops stocks while holders come, wait and go and a thief trades
/// @notice Feeds fall silent, issuers stop their tokens, strangers donate. The handler keeps books of its own: which
/// stocks are listed, how much of a retired stock has to be there, how much is dust, and when each request was made.
contract ListingHandler is QueueHandler {
    IPortfolioFactory private immutable _factory;
    IRiskEngine private immutable _engine;

    mapping(address stock => IPortfolio.Listing) public listingOf;
    /// @notice Balance that the portfolio has to hold of a stock that is not listed, amounts that are set aside
    /// included.
    mapping(address stock => uint256) public kept;
    mapping(address stock => uint256) private _dust;
    mapping(uint256 requestId => uint256) private _askedAt;
    mapping(uint256 feed => int256) private _answers;
    uint256 private _heldRetiredAt;

    uint256 public retired;
    uint256 public relisted;
    uint256 public dropped;
    uint256 public entered;
    uint256 public leftWithRetired;

    uint256 public enteredWhileClosed;
    uint256 public movedByListing;
    uint256 public tradedUnlisted;
    uint256 public unfairParts;
    uint256 public filledStale;
    uint256 public droppedHeld;
    uint256 public refusedToRetire;

    constructor(
        IPortfolio portfolio_,
        IPortfolioFactory factory,
        IAutoRebalancer rebalancer,
        uint256 signalKey,
        ThiefPool[] memory pools_,
        MockFeed[] memory feeds
    )
        QueueHandler(portfolio_, rebalancer, signalKey, pools_, feeds)
    {
        _factory = factory;
        _engine = IRiskEngine(portfolio_.riskEngine());
        for (uint256 k; k < pools_.length; ++k) {
            listingOf[stockOf(k)] = IPortfolio.Listing.Listed;
        }
    }

    // -- What the manager does ---------------------------------------------------------------------------------------

    /// @dev No change of the list moves a balance.
    modifier movesNothing() {
        uint256[] memory before = _balances();
        _;
        uint256[] memory afterwards = _balances();
        for (uint256 k; k < before.length; ++k) {
            if (before[k] != afterwards[k]) ++movedByListing;
        }
    }

    function retire(uint256 which) public movesNothing {
        address stock = stockOf(which % pools.length);
        if (listingOf[stock] != IPortfolio.Listing.Listed) return;
        uint256 dust = _dustOf(stock);
        try _factory.retireAsset(address(portfolio), stock) {
            ++retired;
            listingOf[stock] = IPortfolio.Listing.Retired;
            (kept[stock], _dust[stock]) = (SettlementToken(stock).balanceOf(address(portfolio)), dust);
            if (_free(stock) > dust) _heldRetiredAt = vm.getBlockTimestamp();
        } catch {
            ++refusedToRetire;
        }
    }

    function relist(uint256 which) public movesNothing {
        address stock = stockOf(which % pools.length);
        if (listingOf[stock] == IPortfolio.Listing.Listed) return;
        try _factory.listAsset(address(portfolio), stock) {
            ++relisted;
            listingOf[stock] = IPortfolio.Listing.Listed;
        } catch {}
    }

    function drop(uint256 which) external movesNothing {
        address stock = stockOf(which % pools.length);
        uint256 held = _free(stock);
        try _factory.unlistAsset(address(portfolio), stock) {
            ++dropped;
            if (held != 0) ++droppedHeld;
            listingOf[stock] = IPortfolio.Listing.None;
            kept[stock] = SettlementToken(stock).balanceOf(address(portfolio));
        } catch {}
    }

    function reopen() external {
        try _engine.reopen(address(portfolio)) {} catch {}
    }

    // -- What holders and the thief do -------------------------------------------------------------------------------

    function enterAnyway(uint256 who, uint256 amount) external {
        bool closed = holdsRetired();
        uint256 supply = portfolio.totalSupply();
        this.enter(who, amount);
        if (portfolio.totalSupply() == supply) return;
        ++entered;
        if (closed) ++enteredWhileClosed;
    }

    function ask(uint256 who, uint256 partBps) external {
        uint256 count = requests.length;
        this.request(who, partBps);
        if (requests.length != count) _askedAt[requests[count]] = vm.getBlockTimestamp();
    }

    /// @notice Leaves in kind: every holding pays the same part, whether it is listed or not; a part that is not sent is
    /// set aside.
    function leaveWithParts(uint256 who, uint256 partBps) public {
        address holder = holders[who % 3];
        uint256 shares = portfolio.balanceOf(holder) * bound(partBps, 1, 10_000) / 10_000;
        if (shares == 0) return;
        address[] memory all = portfolio.allAssets();
        uint256[] memory held = new uint256[](all.length);
        uint256[] memory had = new uint256[](all.length);
        for (uint256 k; k < all.length; ++k) {
            (held[k], had[k]) = (_free(all[k]), _has(all[k], holder));
        }
        vm.prank(holder);
        try portfolio.redeemInKind(shares, holder, holder) {}
        catch {
            ++exitsRefused;
            return;
        }
        uint256[] memory paid = new uint256[](all.length);
        for (uint256 k; k < all.length; ++k) {
            paid[k] = _has(all[k], holder) - had[k];
            if (held[k] - paid[k] != _free(all[k])) ++unfairParts;
        }
        _requireOneFraction(held, paid);
        _noteRetired(all, paid);
    }

    function claimStock(uint256 who, uint256 which) public {
        address holder = holders[who % 3];
        address stock = stockOf(which % pools.length);
        uint256 before = SettlementToken(stock).balanceOf(holder);
        vm.prank(holder);
        try portfolio.claim(stock, holder) {
            if (!_isListed(stock)) kept[stock] -= SettlementToken(stock).balanceOf(holder) - before;
        } catch {}
    }

    /// @dev The thief cannot even prepare a trade where a price is missing or a token is stopped.
    function tradeAnything(uint256 which, bool buy, uint256 sizeBps, uint256 rateBps) external {
        which %= pools.length;
        uint256 trades = executed;
        try this.tradeWhileTheyWait(which, buy, sizeBps, rateBps) {} catch {}
        if (executed != trades && !_isListed(stockOf(which))) ++tradedUnlisted;
    }

    // -- What happens around them ------------------------------------------------------------------------------------

    /// @dev Donates any amount, from dust to a fortune.
    function donate(uint256 which, uint256 amount) external {
        address stock = stockOf(which % pools.length);
        amount = bound(amount, 1, 10 ** bound(amount % 23, 1, 22));
        SettlementToken(stock).mint(address(portfolio), amount);
        if (!_isListed(stock)) kept[stock] += amount;
    }

    /// @notice Silences a feed; later all of them answer again.
    function silence(uint256 which) external {
        uint256 feed = 1 + which % pools.length;
        (, int256 answer,,,) = _feeds[feed].latestRoundData();
        if (answer == 0) return;
        _answers[feed] = answer;
        _feeds[feed].setAnswer(0);
    }

    function speak() public {
        for (uint256 feed = 1; feed < _feeds.length; ++feed) {
            (, int256 answer,,,) = _feeds[feed].latestRoundData();
            if (answer == 0) _feeds[feed].setAnswer(_answers[feed]);
        }
    }

    function stop(uint256 which, bool stopped) public {
        StoppableToken(stockOf(which % pools.length)).stop(stopped);
    }

    /// @notice Retires everything, lets everybody leave and claim, and lists again every asset that has a price.
    function windUp() external {
        for (uint256 k; k < pools.length; ++k) {
            retire(k);
        }
        for (uint256 who; who < 3; ++who) {
            leaveWithParts(who, 10_000);
        }
        speak();
        for (uint256 k; k < pools.length; ++k) {
            stop(k, false);
            for (uint256 who; who < 3; ++who) {
                claimStock(who, k);
            }
            relist(k);
        }
    }

    // -- For the invariants ------------------------------------------------------------------------------------------

    /// @return True if the portfolio has more than dust of a retired stock that nobody has a claim to.
    function holdsRetired() public view returns (bool) {
        for (uint256 k; k < pools.length; ++k) {
            address stock = stockOf(k);
            if (listingOf[stock] == IPortfolio.Listing.Retired && _free(stock) > _dust[stock]) return true;
        }
        return false;
    }

    function owedOf(address asset) external view returns (uint256 sum) {
        for (uint256 k; k < 3; ++k) {
            sum += portfolio.claimable(asset, holders[k]);
        }
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev An exit of a part x pays x of each holding, less than a unit rounded away: so for any two of them the
    /// products below differ by less than the larger holding.
    function _requireOneFraction(uint256[] memory held, uint256[] memory paid) private {
        for (uint256 i; i < held.length; ++i) {
            for (uint256 j; j < i; ++j) {
                uint256 a = paid[i] * held[j];
                uint256 b = paid[j] * held[i];
                if ((a > b ? a - b : b - a) > (held[i] > held[j] ? held[i] : held[j])) ++unfairParts;
            }
        }
    }

    /// @dev Lowers the balance that has to be there by the paid amount. A part that a stopped token could not send is
    /// set aside and still there.
    function _noteRetired(address[] memory all, uint256[] memory paid) private {
        for (uint256 k; k < all.length; ++k) {
            if (listingOf[all[k]] != IPortfolio.Listing.Retired) continue;
            if (!StoppableToken(all[k]).stopped()) kept[all[k]] -= paid[k];
            if (paid[k] != 0) ++leftWithRetired;
        }
    }

    /// @dev A request that is older than the retirement of a held stock would be paid without its part of that stock.
    function _noteFilled(uint256 requestId) internal override {
        if (_askedAt[requestId] <= _heldRetiredAt) ++filledStale;
    }

    function _isListed(address stock) private view returns (bool) {
        return listingOf[stock] == IPortfolio.Listing.Listed;
    }

    function _free(address asset) private view returns (uint256) {
        return SettlementToken(asset).balanceOf(address(portfolio)) - portfolio.totalClaimable(asset);
    }

    /// @return Balance of an account in an asset, with the amount that is set aside for it.
    function _has(address asset, address account) private view returns (uint256) {
        return SettlementToken(asset).balanceOf(account) + portfolio.claimable(asset, account);
    }

    function _balances() private view returns (uint256[] memory balances) {
        balances = new uint256[](pools.length + 1);
        for (uint256 k; k < pools.length; ++k) {
            balances[k] = SettlementToken(stockOf(k)).balanceOf(address(portfolio));
        }
        balances[pools.length] = _usd.balanceOf(address(portfolio));
    }

    /// @return Smallest units; 0 without prices.
    /// @dev The stocks have 18 decimals.
    function _dustOf(address stock) private view returns (uint256) {
        IPriceOracle oracle = IPriceOracle(portfolio.oracle());
        uint256 least = 100e18 * 1e18 / oracle.feedOf(stock).maxPrice;
        try portfolio.positions() returns (address[] memory, uint256[] memory, uint256[] memory values, uint256) {
            uint256 basisPoint = _sum(values) / 10_000 * 1e18 / oracle.price(stock);
            return basisPoint > least ? basisPoint : least;
        } catch {
            return least;
        }
    }
}
