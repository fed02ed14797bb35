// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";

import {MockStrategy} from "contracts/mocks/MockStrategy.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {YieldFactory} from "contracts/yield/YieldFactory.sol";
import {YieldOptimizer} from "contracts/yield/YieldOptimizer.sol";
import {YieldPlans} from "contracts/yield/YieldPlans.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IYieldOptimizer} from "interfaces/yield/IYieldOptimizer.sol";
import {IYieldPlans} from "interfaces/yield/IYieldPlans.sol";

/// @title Holders, a thief with the signing key, and strategies that earn, lose, steal, lie, refuse and fall silent
/// @notice Acts in any order and keeps the books a second time, from events and from balances.
contract YieldHandler is Test {
    struct Loss {
        uint256 time;
        uint256 fraction;
    }

    YieldOptimizer public immutable optimizer;
    YieldPlans private immutable _plans;
    YieldFactory private immutable _factory;
    address private immutable _admin;
    uint256 private immutable _key;
    SettlementToken private immutable _usd;
    MockStrategy[] private _strategies;
    address[3] private _holders = [makeAddr("ann"), makeAddr("bob"), makeAddr("cy")];
    uint256 private _nonce;
    bool private _reverted;
    Loss[] private _losses;

    // Books, in the asset.
    uint256 public paidIn;
    uint256 public paidOut;
    uint256 public gained;
    uint256 public lost;
    /// @notice Cash and shares of strategies that wait for holders.
    mapping(address token => uint256) public aside;

    uint256 public moves;
    uint256 public exitsFailed;
    uint256 public exitsAboveWorth;
    uint256 public priceFellInDeposit;

    constructor(
        YieldOptimizer optimizer_,
        YieldPlans plans,
        YieldFactory factory,
        MockStrategy[] memory strategies,
        uint256 key
    ) {
        (optimizer, _plans, _factory, _strategies, _key) = (optimizer_, plans, factory, strategies, key);
        _usd = SettlementToken(optimizer_.asset());
        _admin = msg.sender;
    }

    /// @dev Reads what events say that strategies gained and lost.
    modifier booked() {
        vm.recordLogs();
        _reverted = false;
        _;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        // The log of a call that reverted is recorded all the same.
        if (_reverted) return;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(optimizer)) continue;
            bytes32 topic = logs[i].topics[0];
            if (topic == IYieldOptimizer.GainReported.selector) {
                (uint256 gain,,) = abi.decode(logs[i].data, (uint256, uint256, uint256));
                gained += gain;
            } else if (topic == IYieldOptimizer.LossBooked.selector) {
                (uint256 loss,) = abi.decode(logs[i].data, (uint256, uint256));
                lost += loss;
            } else if (topic == IYieldOptimizer.MadeClaimable.selector) {
                aside[address(uint160(uint256(logs[i].topics[1])))] += abi.decode(logs[i].data, (uint256));
            } else if (topic == IYieldOptimizer.Moved.selector) {
                (uint256 before, uint256 afterwards,) = abi.decode(logs[i].data, (uint256, uint256, uint256));
                if (afterwards < before) {
                    _losses.push(Loss(vm.getBlockTimestamp(), (before - afterwards) * 1e18 / before));
                }
                ++moves;
            }
        }
    }

    // -- Holders

    function deposit(uint256 who, uint256 amount) external booked {
        address holder = _holders[who % 3];
        amount = bound(amount, 1, 1e13);
        if (optimizer.maxDeposit(holder) < amount || optimizer.previewDeposit(amount) == 0) return;
        uint256 price = optimizer.convertToAssets(1e24);
        _usd.mint(holder, amount);
        vm.startPrank(holder);
        _usd.approve(address(optimizer), amount);
        optimizer.deposit(amount, holder);
        vm.stopPrank();
        paidIn += amount;
        if (optimizer.convertToAssets(1e24) < price) ++priceFellInDeposit;
    }

    function redeem(uint256 who, uint256 part) external booked {
        address holder = _holders[who % 3];
        uint256 shares = optimizer.balanceOf(holder) * bound(part, 1, 100) / 100;
        vm.prank(holder);
        try optimizer.redeem(shares, holder, holder) returns (uint256 assets) {
            paidOut += assets;
        } catch {
            _reverted = true;
        }
    }

    function withdraw(uint256 who, uint256 part) external booked {
        address holder = _holders[who % 3];
        uint256 assets = optimizer.maxWithdraw(holder) * bound(part, 1, 100) / 100;
        vm.prank(holder);
        try optimizer.withdraw(assets, holder, holder) {
            paidOut += assets;
        } catch {
            _reverted = true;
        }
    }

    /// @dev An exit in kind must pass in any state of the strategies.
    function leaveInKind(uint256 who, uint256 part) external booked {
        address holder = _holders[who % 3];
        uint256 shares = optimizer.balanceOf(holder) * bound(part, 1, 100) / 100;
        if (shares == 0) return;
        uint256 worth = optimizer.convertToAssets(shares);
        uint256 before = _booksNow();
        uint256 pending = _pendingLosses();
        vm.prank(holder);
        try optimizer.redeemInKind(shares, holder, holder) {
            // The fall of the books beyond the losses that it booked is what left.
            uint256 left = before - pending - _booksNow();
            paidOut += left;
            // A strategy that tells nothing goes out unweighed.
            if (!_anySilent() && left > worth + 3) ++exitsAboveWorth;
        } catch {
            ++exitsFailed;
            _reverted = true;
        }
    }

    function claim(uint256 who, uint256 what) external booked {
        address holder = _holders[who % 3];
        address token = what % 4 == 3 ? address(_usd) : address(_strategies[what % 4]);
        vm.prank(holder);
        try optimizer.claim(token, holder) returns (uint256 amount) {
            aside[token] -= amount;
        } catch {
            _reverted = true;
        }
    }

    // -- The thief with the key

    function move(uint256 a, uint256 b, uint256 c) external booked {
        IYieldOptimizer.Target[] memory targets = new IYieldOptimizer.Target[](3);
        targets[0] = IYieldOptimizer.Target(address(_strategies[0]), uint16(bound(a, 0, 5000)));
        targets[1] = IYieldOptimizer.Target(address(_strategies[1]), uint16(bound(b, 0, 5000)));
        targets[2] = IYieldOptimizer.Target(address(_strategies[2]), uint16(bound(c, 0, 5000)));
        IYieldPlans.Plan memory plan =
            IYieldPlans.Plan(address(optimizer), targets, _nonce++, uint40(vm.getBlockTimestamp()));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_key, _plans.hashPlan(plan));
        ISignerSets.Signature[] memory signatures = new ISignerSets.Signature[](1);
        signatures[0] = ISignerSets.Signature(vm.addr(_key), abi.encodePacked(r, s, v));
        try _plans.execute(plan, signatures) {}
        catch {
            _reverted = true;
        }
    }

    function report(uint256 k) external booked {
        try optimizer.report(address(_strategies[k % 3])) {}
        catch {
            _reverted = true;
        }
    }

    function recall(uint256 k) external booked {
        try optimizer.recall(address(_strategies[k % 3])) {}
        catch {
            _reverted = true;
        }
    }

    // -- Strategies

    function earn(uint256 k, uint256 bps) external {
        MockStrategy strategy = _strategies[k % 3];
        _usd.mint(address(strategy), _usd.balanceOf(address(strategy)) * bound(bps, 0, 1000) / 10_000);
    }

    function lose(uint256 k, uint256 bps) external {
        MockStrategy strategy = _strategies[k % 3];
        strategy.lose(_usd.balanceOf(address(strategy)) * bound(bps, 0, 3000) / 10_000);
    }

    function temper(uint256 k, uint256 reads, uint256 pays, bool refuses) external {
        MockStrategy strategy = _strategies[k % 3];
        strategy.setReads(MockStrategy.Mood(reads % 3 == 0 ? reads / 3 % 6 : 0));
        strategy.setPays(MockStrategy.Mood(pays % 3 == 0 ? pays / 3 % 4 : 0));
        strategy.refuseTransfers(refuses);
    }

    function cheat(uint256 k, uint256 theft, uint256 fee, uint256 limit) external {
        MockStrategy strategy = _strategies[k % 3];
        strategy.setTheft(theft % 3 == 0 ? theft / 3 % 500 : 0);
        strategy.setExitFee(fee % 3 == 0 ? fee / 3 % 300 : 0);
        strategy.setLimit(limit % 3 == 0 ? limit / 3 % 1e12 : type(uint256).max);
    }

    function lie(uint256 k, uint256 amount) external {
        _strategies[k % 3].setLie(amount % 4 == 0 ? amount % 1e12 : 0);
    }

    // -- Others

    function donate(uint256 k, uint256 amount) external {
        amount = bound(amount, 1, 1e10);
        _usd.mint(address(this), 2 * amount);
        _usd.transfer(address(optimizer), amount);
        MockStrategy strategy = _strategies[k % 3];
        _usd.approve(address(strategy), amount);
        try strategy.deposit(amount, address(optimizer)) {}
        catch {
            _reverted = true;
        }
    }

    function govern(uint256 what, uint256 k) external booked {
        address strategy = address(_strategies[k % 3]);
        vm.startPrank(_admin);
        if (what % 8 == 0) _factory.cutStrategy(address(optimizer), strategy);
        if (what % 8 == 1) {
            try _factory.restoreStrategy(address(optimizer), strategy) {}
            catch {
                _reverted = true;
            }
        }
        if (what % 8 == 2) _factory.emergencyExit(address(optimizer));
        if (what % 8 > 4) _factory.reopen(address(optimizer));
        vm.stopPrank();
    }

    function wait(uint256 time) external {
        vm.warp(vm.getBlockTimestamp() + bound(time, 1, 2 days));
    }

    // -- What the invariants ask

    /// @return worst Largest sum of what plans lost inside any window, WAD.
    function worstLoss(uint256 window) external view returns (uint256 worst) {
        for (uint256 i; i < _losses.length; ++i) {
            uint256 sum;
            for (uint256 j = i; j < _losses.length && _losses[j].time <= _losses[i].time + window; ++j) {
                sum += _losses[j].fraction;
            }
            if (sum > worst) worst = sum;
        }
    }

    /// @return total Idle cash and all debts as written, losses that are not booked included.
    function _booksNow() private view returns (uint256 total) {
        total = optimizer.idle();
        IYieldOptimizer.Strategy[] memory list = optimizer.strategies();
        for (uint256 k; k < list.length; ++k) {
            total += list[k].debt;
        }
    }

    function books() external view returns (uint256) {
        return _booksNow();
    }

    function _pendingLosses() private view returns (uint256) {
        (uint256 locked,) = optimizer.lockedProfit();
        // gross - locked = total, and the books are gross and what is pending.
        uint256 total = optimizer.totalAssets();
        return total == 0 ? _pendingByHand() : _booksNow() - total - locked;
    }

    function _pendingByHand() private view returns (uint256 pending) {
        IYieldOptimizer.Strategy[] memory list = optimizer.strategies();
        for (uint256 k; k < list.length; ++k) {
            (bool known, uint256 worth) = _asked(list[k]);
            uint256 counts = known
                ? (worth < list[k].debt ? worth : list[k].debt)
                : (list[k].status == IYieldOptimizer.Status.Cut ? 0 : list[k].debt);
            pending += list[k].debt - counts;
        }
    }

    function _anySilent() private view returns (bool) {
        IYieldOptimizer.Strategy[] memory list = optimizer.strategies();
        for (uint256 k; k < list.length; ++k) {
            (bool known,) = _asked(list[k]);
            if (!known) return true;
        }
        return false;
    }

    function _asked(IYieldOptimizer.Strategy memory s) private view returns (bool, uint256) {
        if (s.shares == 0) return (true, 0);
        (bool ok, bytes memory data) =
            s.vault.staticcall{gas: 500_000}(abi.encodeWithSignature("previewRedeem(uint256)", s.shares));
        if (!ok || data.length < 32) return (false, 0);
        uint256 worth = abi.decode(data, (uint256));
        return worth > type(uint128).max ? (false, 0) : (true, worth);
    }
}
