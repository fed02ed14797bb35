// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

import {ThiefHandler} from "./ThiefHandler.sol";
import {ThiefPool} from "./ThiefPool.sol";
import {MockFeed} from "contracts/mocks/market/MockFeed.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IRedemptionQueue} from "interfaces/portfolio/IRedemptionQueue.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";

/// @title Holders who ask for cash, cancel, leave in kind and pass shares on, while a thief trades
/// @notice Records events that must not happen: a later request that is paid before an earlier one, a taking of cash
/// that others wait for, a refused exit in kind.
contract QueueHandler is ThiefHandler {
    IRedemptionQueue public immutable queue;
    SettlementToken internal immutable _usd;
    address[3] public holders = [makeAddr("first"), makeAddr("second"), makeAddr("third")];
    uint256[] public requests;
    address[] private _owners;

    uint256 public filled;
    uint256 public cancelled;
    uint256 public jumped;
    uint256 public cashTaken;
    uint256 public exitsRefused;
    uint256 public boundMoved;

    constructor(
        IPortfolio portfolio_,
        IAutoRebalancer rebalancer,
        uint256 signalKey,
        ThiefPool[] memory pools_,
        MockFeed[] memory feeds
    )
        ThiefHandler(portfolio_, rebalancer, signalKey, pools_, feeds)
    {
        queue = IRedemptionQueue(portfolio_.queue());
        _usd = SettlementToken(portfolio_.asset());
    }

    // -- What holders do ---------------------------------------------------------------------------------------------

    function enter(uint256 who, uint256 amount) external {
        address holder = holders[who % 3];
        amount = bound(amount, 100e6, 1e12);
        _usd.mint(holder, amount);
        vm.startPrank(holder);
        _usd.approve(address(portfolio), amount);
        try portfolio.deposit(amount, holder) {} catch {}
        vm.stopPrank();
    }

    function request(uint256 who, uint256 partBps) external {
        address holder = holders[who % 3];
        uint256 free = portfolio.balanceOf(holder) - portfolio.queuedShares(holder);
        vm.prank(holder);
        try queue.requestRedeem(address(portfolio), free * bound(partBps, 1, 10_000) / 10_000, holder, holder) returns (
            uint256 id
        ) {
            requests.push(id);
            _owners.push(holder);
        } catch {}
    }

    function cancel(uint256 which) external {
        if (requests.length == 0) return;
        which %= requests.length;
        vm.prank(_owners[which]);
        try queue.cancelRedeemRequest(requests[which]) {
            ++cancelled;
        } catch {}
    }

    function fulfil(uint256 most) external {
        vm.recordLogs();
        try queue.fulfil(address(portfolio), bound(most, 1, 5)) {
            _look(vm.getRecordedLogs());
        } catch {}
    }

    function withdraw(uint256 who, uint256 partBps) external {
        address holder = holders[who % 3];
        uint256 amount = portfolio.maxWithdraw(holder) * bound(partBps, 1, 10_000) / 10_000;
        (uint256 cash, uint256 waiting) = _cash();
        vm.prank(holder);
        try portfolio.withdraw(amount, holder, holder) {
            _requireLeft(cash, waiting);
        } catch {}
    }

    /// @dev Passes on, alternately, the free shares, which has to pass, and one more, which must not.
    function pass(uint256 from, uint256 to, bool more) external {
        address holder = holders[from % 3];
        uint256 free = portfolio.balanceOf(holder) - portfolio.queuedShares(holder);
        if (more && portfolio.queuedShares(holder) == 0) return;
        vm.prank(holder);
        try portfolio.transfer(holders[to % 3], more ? free + 1 : free / 2) {
            if (more && from % 3 != to % 3) ++boundMoved;
        } catch {
            if (!more) ++boundMoved;
        }
    }

    /// @notice Leaves in kind, which I5 lets pass for any bound shares.
    function leaveInKind(uint256 who, uint256 partBps) external {
        address holder = holders[who % 3];
        uint256 shares = portfolio.balanceOf(holder) * bound(partBps, 1, 10_000) / 10_000;
        if (shares == 0) return;
        vm.prank(holder);
        try portfolio.redeemInKind(shares, holder, holder) {}
        catch {
            ++exitsRefused;
        }
    }

    function claim(uint256 who) external {
        address holder = holders[who % 3];
        vm.prank(holder);
        try portfolio.claim(address(_usd), holder) {} catch {}
    }

    /// @notice Makes the thief's trades, and records whether they took cash that others wait for.
    function tradeWhileTheyWait(uint256 stock, bool buy, uint256 sizeBps, uint256 rateBps) external {
        (uint256 cash, uint256 waiting) = _cash();
        uint256 trades = executed;
        this.trade(stock, buy, sizeBps, rateBps);
        if (executed > trades) _requireLeft(cash, waiting);
    }

    // -- For the invariants ------------------------------------------------------------------------------------------

    /// @return shares Number of shares with which an owner's requests still wait.
    function pendingOf(address owner) external view returns (uint256 shares) {
        for (uint256 k; k < requests.length; ++k) {
            if (_owners[k] == owner) shares += queue.pendingRedeemRequest(requests[k], owner);
        }
    }

    function owed() external view returns (uint256 sum) {
        for (uint256 k; k < 3; ++k) {
            sum += portfolio.claimable(address(_usd), holders[k]);
        }
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    /// @dev Checks that every request before the last one that got something has ended.
    function _look(Vm.Log[] memory logs) private {
        uint256 last;
        for (uint256 k; k < logs.length; ++k) {
            if (logs[k].topics[0] != IRedemptionQueue.RequestFilled.selector) continue;
            ++filled;
            _noteFilled(uint256(logs[k].topics[1]));
            if (uint256(logs[k].topics[1]) < last) ++jumped;
            last = uint256(logs[k].topics[1]);
        }
        for (uint256 k; k < requests.length && requests[k] < last; ++k) {
            if (queue.pendingRedeemRequest(requests[k], _owners[k]) != 0) ++jumped;
        }
    }

    /// @dev Campaigns that ask more of a filled request override this.
    function _noteFilled(uint256 requestId) internal virtual {}

    /// @return cash Cash that is not set aside.
    /// @return waiting Worth of the requests; 0 without prices, when nobody leaves in cash.
    function _cash() private view returns (uint256 cash, uint256 waiting) {
        cash = _usd.balanceOf(address(portfolio)) - portfolio.totalClaimable(address(_usd));
        try portfolio.convertToAssets(portfolio.totalQueuedShares()) returns (uint256 assets) {
            waiting = assets;
        } catch {}
    }

    function _requireLeft(uint256 cash, uint256 waiting) private {
        (uint256 left,) = _cash();
        if (left < (cash < waiting ? cash : waiting)) ++cashTaken;
    }
}
