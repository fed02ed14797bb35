// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {ThiefPool} from "./ThiefPool.sol";
import {MockFeed} from "contracts/mocks/market/MockFeed.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {ISignerSets} from "interfaces/access/ISignerSets.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";
import {IPortfolio} from "interfaces/portfolio/IPortfolio.sol";
import {IAutoRebalancer} from "interfaces/rebalance/IAutoRebalancer.sol";
import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title A thief who holds the signing key and every listed pool
/// @notice Trades at any rate, towards any weights, at any time, between deposits, exits and price moves; records what
/// the invariants ask about.
contract ThiefHandler is Test {
    struct Loss {
        uint256 time;
        uint256 fraction;
    }

    bytes32 public constant MODEL = "model";

    IPortfolio public immutable portfolio;
    IAutoRebalancer internal immutable _rebalancer;
    IRiskEngine internal immutable _risk;
    IPriceOracle internal immutable _oracle;
    uint256 internal immutable _signalKey;
    address private immutable _investor = makeAddr("investor");

    ThiefPool[] public pools;
    MockFeed[] internal _feeds;
    uint256 private _nonce;
    Loss[] private _losses;

    // The last signal that went through, for replays.
    IAutoRebalancer.RebalanceSignal private _lastSignal;
    uint256[] private _lastOrders;
    ISignerSets.Signature[] private _lastSignatures;

    uint256 public executed;
    uint256 public refused;
    uint256 public exits;
    uint256 public replaysPassed;
    uint256 public exitsFailed;
    uint256 public limitsCrossed;
    uint256 public worstWindow;

    constructor(
        IPortfolio portfolio_,
        IAutoRebalancer rebalancer,
        uint256 signalKey,
        ThiefPool[] memory pools_,
        MockFeed[] memory feeds
    ) {
        portfolio = portfolio_;
        _rebalancer = rebalancer;
        _risk = IRiskEngine(portfolio_.riskEngine());
        _oracle = IPriceOracle(portfolio_.oracle());
        _signalKey = signalKey;
        for (uint256 i; i < pools_.length; ++i) {
            pools.push(pools_[i]);
        }
        for (uint256 i; i < feeds.length; ++i) {
            _feeds.push(feeds[i]);
        }
    }

    // -- What a thief does -------------------------------------------------------------------------------------------

    /// @param rateBps Part of the fair price that the pool gives, basis points: 9,000 to 10,100.
    function trade(uint256 stock, bool buy, uint256 sizeBps, uint256 rateBps) public {
        stock = bound(stock, 0, pools.length - 1);
        rateBps = _bite(rateBps);
        (address cash, address other) = (portfolio.asset(), stockOf(stock));
        (address tokenIn, address tokenOut) = buy ? (cash, other) : (other, cash);
        uint256 amountIn = SettlementToken(tokenIn).balanceOf(address(portfolio)) * bound(sizeBps, 1, 10_000) / 10_000;
        if (amountIn == 0) return;
        _setRate(pools[stock], tokenIn, tokenOut, rateBps);

        (IAutoRebalancer.RebalanceSignal memory signal, uint256[] memory orders) =
            _signal(pools[stock], tokenIn, tokenOut, amountIn);
        ISignerSets.Signature[] memory signatures = _sign(_signalKey, _rebalancer.hashSignal(signal));
        _run(signal, orders, signatures);
    }

    /// @notice Sends the last signal that went through once more.
    function replay() external {
        if (_lastOrders.length == 0) return;
        try _rebalancer.rebalance(_lastSignal, _lastOrders, _lastSignatures) {
            ++replaysPassed;
        } catch {}
    }

    // -- What happens around it --------------------------------------------------------------------------------------

    function deposit(uint256 amount) public {
        amount = bound(amount, 1e6, 1e12);
        SettlementToken usd = SettlementToken(portfolio.asset());
        usd.mint(_investor, amount);
        vm.startPrank(_investor);
        usd.approve(address(portfolio), amount);
        try portfolio.deposit(amount, _investor) {} catch {}
        vm.stopPrank();
    }

    /// @notice Leaves in kind, which has to pass in any state and at any prices (I5).
    function exit(uint256 partBps) public {
        uint256 shares = portfolio.balanceOf(_investor) * bound(partBps, 1, 5000) / 10_000;
        if (shares == 0) return;
        vm.prank(_investor);
        try portfolio.redeemInKind(shares, _investor, _investor) {
            ++exits;
        } catch {
            ++exitsFailed;
        }
    }

    function wait(uint256 time) public {
        vm.roll(vm.getBlockNumber() + time % 12);
        vm.warp(vm.getBlockTimestamp() + bound(time, 1 minutes, 2 days));
        for (uint256 i; i < _feeds.length; ++i) {
            (, int256 answer,,,) = _feeds[i].latestRoundData();
            _feeds[i].setAnswer(answer);
        }
    }

    function move(uint256 feed, uint256 bps) public {
        feed = bound(feed, 1, _feeds.length - 1);
        (, int256 answer,,,) = _feeds[feed].latestRoundData();
        if (answer == 0) return;
        _feeds[feed].setAnswer(answer * int256(bound(bps, 8500, 11_500)) / 10_000 + 1);
    }

    function trip() external {
        try _risk.trip(address(portfolio)) {} catch {}
    }

    function recover() external {
        try _risk.recover(address(portfolio)) {} catch {}
    }

    // -- For the invariants ------------------------------------------------------------------------------------------

    /// @return Token that a pool trades for cash.
    function stockOf(uint256 pool) public view returns (address) {
        address token = pools[pool].token0();
        return token == portfolio.asset() ? pools[pool].token1() : token;
    }

    /// @return most Largest sum of losses in any window, WAD of NAV at the time of each.
    function worstLoss(uint256 window) external view returns (uint256 most) {
        return _worst(_losses, window);
    }

    // -- Internals ---------------------------------------------------------------------------------------------------

    function _worst(Loss[] storage losses, uint256 window) internal view returns (uint256 most) {
        for (uint256 i; i < losses.length; ++i) {
            uint256 sum;
            for (uint256 j = i; j < losses.length && losses[j].time - losses[i].time <= window; ++j) {
                sum += losses[j].fraction;
            }
            if (sum > most) most = sum;
        }
    }

    function _run(
        IAutoRebalancer.RebalanceSignal memory signal,
        uint256[] memory orders,
        ISignerSets.Signature[] memory signatures
    )
        internal
    {
        (,, uint256[] memory before,) = portfolio.positions();
        try _rebalancer.rebalance(signal, orders, signatures) {
            ++executed;
            (,, uint256[] memory afterwards,) = portfolio.positions();
            _remember(signal, orders, signatures);
            _judge(before, afterwards);
        } catch {
            ++refused;
        }
    }

    /// @dev Books the result of a rebalance that stood.
    function _judge(uint256[] memory before, uint256[] memory afterwards) internal virtual {
        _recordLoss(_losses, _sum(before), _sum(afterwards));
        _checkLimits(before, afterwards);
    }

    function _recordLoss(Loss[] storage losses, uint256 navBefore, uint256 navAfter) internal {
        if (navAfter < navBefore) {
            losses.push(Loss(vm.getBlockTimestamp(), (navBefore - navAfter) * 1e18 / navBefore));
        }
    }

    /// @dev Computes I3 from plain loops: each metric is inside, or strictly closer if it was outside before.
    function _checkLimits(uint256[] memory before, uint256[] memory afterwards) private {
        IRiskEngine.Limits memory limits = _risk.limitsOf(address(portfolio));
        (uint256 navBefore, uint256 navAfter) = (_sum(before), _sum(afterwards));
        for (uint256 k = 1; k < before.length; ++k) {
            uint256 weight = afterwards[k] * 1e18 / navAfter;
            if (weight > uint256(limits.maxWeightBps) * 1e14 && weight >= before[k] * 1e18 / navBefore) {
                ++limitsCrossed;
            }
        }
        uint256 varAfter = _variance(afterwards, navAfter);
        uint256 most = uint256(limits.maxVar99Bps) * 1e14;
        // (z sigma)^2 beside limit^2, one part in a million for the engine's own rounding.
        if (5.411894431e18 * varAfter / 1e18 > (most * most / 1e18) * 1_000_001 / 1_000_000) {
            if (varAfter >= _variance(before, navBefore)) ++limitsCrossed;
        }
    }

    /// @dev Returns w'Sw for the model of ProtocolTest: variance 1e-4, covariance 5e-5. WAD.
    function _variance(uint256[] memory values, uint256 nav) private pure returns (uint256 total) {
        for (uint256 i = 1; i < values.length; ++i) {
            for (uint256 j = 1; j < values.length; ++j) {
                uint256 covariance = i == j ? 1e14 : 5e13;
                total += (values[i] * 1e18 / nav) * (values[j] * 1e18 / nav) / 1e18 * covariance / 1e18;
            }
        }
    }

    function _remember(
        IAutoRebalancer.RebalanceSignal memory signal,
        uint256[] memory orders,
        ISignerSets.Signature[] memory signatures
    )
        private
    {
        _lastSignal = signal;
        delete _lastSignatures;
        _lastOrders = orders;
        _lastSignatures.push(signatures[0]);
    }

    /// @dev Targets are the weights that the trade leads to at fair prices, in a band as wide as it gets.
    function _signal(
        ThiefPool pool,
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    )
        internal
        returns (IAutoRebalancer.RebalanceSignal memory signal, uint256[] memory orders)
    {
        orders = new uint256[](3);
        // One path over one pool; the layout is IPortfolio.execute's.
        orders[0] = _indexOf(tokenIn) | _indexOf(tokenOut) << 8 | 2 << 16 | amountIn << 32;
        orders[1] = amountIn;
        orders[2] = uint160(address(pool)) | (pool.token0() == tokenIn ? 1 << 160 : 0) | 1 << 161;

        signal.portfolio = address(portfolio);
        signal.assetsHash = keccak256(abi.encodePacked(portfolio.assets()));
        signal.targets = _fairTargets(tokenIn, tokenOut, amountIn);
        (signal.bandBps, signal.maxTurnoverBps, signal.maxSlippageBps) = (10_000, 10_000, 10_000);
        (signal.maxParts, signal.modelId) = (1, MODEL);
        signal.validUntil = type(uint40).max;
        signal.nonce = _nonce++;
        signal.ordersHash = keccak256(abi.encodePacked(orders));
    }

    /// @return Index of a listed token in `assets()`.
    function _indexOf(address token) private view returns (uint256) {
        address[] memory list = portfolio.assets();
        for (uint256 k; k < list.length; ++k) {
            if (list[k] == token) return k;
        }
        revert("not listed");
    }

    function _fairTargets(
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    )
        private
        view
        returns (uint256[] memory targets)
    {
        (address[] memory list, uint256[] memory balances, uint256[] memory values,) = portfolio.positions();
        uint256 nav = _sum(values);
        targets = new uint256[](list.length);
        uint256 rest = 1e18;
        uint256 moved;
        for (uint256 k; k < list.length; ++k) {
            // It tries to sell what is set aside, too.
            if (list[k] == tokenIn && balances[k] != 0) {
                moved = values[k] * (amountIn < balances[k] ? amountIn : balances[k]) / balances[k];
            }
        }
        for (uint256 k = 1; k < list.length; ++k) {
            uint256 value = values[k];
            if (list[k] == tokenIn) value -= moved;
            if (list[k] == tokenOut) value += moved;
            targets[k] = value * 1e18 / nav;
            rest -= targets[k];
        }
        targets[0] = rest;
    }

    /// @dev Sets deep reserves, so that the trade's size hardly moves the rate.
    function _setRate(ThiefPool pool, address tokenIn, address tokenOut, uint256 rateBps) internal {
        uint256 depth = 1e12;
        uint256 unitsIn = depth * 1e18 * 10 ** SettlementToken(tokenIn).decimals() / _oracle.price(tokenIn);
        uint256 unitsOut = depth * 1e18 * 10 ** SettlementToken(tokenOut).decimals() / _oracle.price(tokenOut);
        unitsOut = unitsOut * rateBps / 10_000;
        (uint256 r0, uint256 r1) = pool.token0() == tokenIn ? (unitsIn, unitsOut) : (unitsOut, unitsIn);
        pool.setReserves(r0, r1);
    }

    /// @dev Returns mostly small losses, which a thief would take; now and then a large one.
    function _bite(uint256 seed) internal pure returns (uint256) {
        return seed % 4 == 0 ? 9000 + seed % 1101 : 9950 + seed % 60;
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (ISignerSets.Signature[] memory signatures) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        signatures = new ISignerSets.Signature[](1);
        signatures[0] = ISignerSets.Signature(vm.addr(key), abi.encodePacked(r, s, v));
    }

    function _sum(uint256[] memory values) internal pure returns (uint256 total) {
        for (uint256 k; k < values.length; ++k) {
            total += values[k];
        }
    }
}
