// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {GreedyVault} from "contracts/mocks/GreedyVault.sol";
import {HostilePool} from "contracts/mocks/HostilePool.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {Test} from "forge-std/Test.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Anyone who swaps, either way, over markets of every kind of venue
/// @notice Some of the venues are hostile. Records what must never happen.
contract VenueHandler is Test {
    ILiquidityAggregator public immutable aggregator;
    address[] public tokens;
    address[] public markets;
    HostilePool[] private _hostile;
    GreedyVault private immutable _greedy;
    address private _trader = makeAddr("trader");

    uint256 public swapsPassed;
    uint256 public exactOutsPassed;
    uint256 public splitsPassed;
    uint256 public routesPassed;
    uint256 public singlesPassed;
    uint256 public wrongSettlements;
    uint256 public collected;

    constructor(
        ILiquidityAggregator aggregator_,
        address[] memory tokens_,
        address[] memory markets_,
        HostilePool[] memory hostile,
        GreedyVault greedy
    ) {
        (aggregator, tokens, markets, _hostile, _greedy) = (aggregator_, tokens_, markets_, hostile, greedy);
    }

    /// @notice The trader's tokens, which the test has to provide.
    function trader() external view returns (address) {
        return _trader;
    }

    function swap(uint256 seed, uint96 amount) external {
        (ILiquidityAggregator.Path[] memory paths, address tokenIn, address tokenOut) = _walk(seed, amount);
        ILiquidityAggregator.Order memory order;
        (order.tokenIn, order.tokenOut, order.amountIn) = (tokenIn, tokenOut, amount);
        (order.recipient, order.deadline, order.paths) = (_trader, type(uint40).max, paths);
        ILiquidityAggregator.SwapTerms memory terms;
        (uint256 paid, uint256 held) = (_balance(tokenIn), _balance(tokenOut));
        vm.prank(_trader);
        try aggregator.swapOnTerms(order, terms) returns (uint256 amountOut) {
            ++swapsPassed;
            if (paths.length > 1) ++splitsPassed;
            if (paid - _balance(tokenIn) != amount || _balance(tokenOut) - held != amountOut) ++wrongSettlements;
        } catch {}
    }

    function swapExactOut(uint256 seed, uint96 amount) external {
        (ILiquidityAggregator.Path[] memory paths, address tokenIn, address tokenOut) = _walk(seed, amount);
        ILiquidityAggregator.ExactOutOrder memory order;
        (order.tokenIn, order.tokenOut, order.amountOut) = (tokenIn, tokenOut, amount);
        (order.maxAmountIn, order.recipient) = (2 * uint256(amount) + 1e18, _trader);
        (order.deadline, order.paths) = (type(uint40).max, paths);
        ILiquidityAggregator.SwapTerms memory terms;
        (uint256 paid, uint256 held) = (_balance(tokenIn), _balance(tokenOut));
        vm.prank(_trader);
        try aggregator.swapExactOut(order, terms) returns (uint256 amountIn) {
            ++exactOutsPassed;
            if (paths.length > 1) ++splitsPassed;
            paid = _spent(tokenIn, paid);
            if (paid != amountIn || paid > order.maxAmountIn || _balance(tokenOut) - held < amount) {
                ++wrongSettlements;
            }
        } catch {}
    }

    /// @notice Swaps along the same walks in words, caller to caller.
    function swapRoute(uint256 seed, uint96 amount) external {
        (ILiquidityAggregator.Path[] memory paths, address tokenIn, address tokenOut) = _walk(seed, amount);
        uint256[] memory route = _words(paths);
        (uint256 paid, uint256 held) = (_balance(tokenIn), _balance(tokenOut));
        vm.prank(_trader);
        try aggregator.swapRoute(tokenIn, tokenOut, 0, type(uint40).max, route) returns (uint256 amountOut) {
            ++routesPassed;
            if (paid - _balance(tokenIn) != amount || _balance(tokenOut) - held != amountOut) ++wrongSettlements;
        } catch {}
    }

    /// @notice One market, bought from.
    function swapExactOutSingle(uint256 seed, uint96 amount, bool up) external {
        address market = markets[seed % markets.length];
        ILiquidityAggregator.Market memory what = aggregator.marketOf(market);
        (address tokenIn, address tokenOut) = up ? (what.token0, what.token1) : (what.token1, what.token0);
        uint256 most = 2 * uint256(amount) + 1e18;
        (uint256 paid, uint256 held) = (_balance(tokenIn), _balance(tokenOut));
        vm.prank(_trader);
        try aggregator.swapExactOutSingle(market, tokenIn, tokenOut, amount, most, type(uint40).max) returns (
            uint256 amountIn
        ) {
            ++singlesPassed;
            paid = _spent(tokenIn, paid);
            if (paid != amountIn || paid > most || _balance(tokenOut) - held < amount) ++wrongSettlements;
        } catch {}
    }

    function corrupt(uint256 seed, uint8 act, bool honest) external {
        HostilePool pool = _hostile[seed % _hostile.length];
        pool.plan(HostilePool.Act(honest ? 0 : act % 7), "");
    }

    function grow(uint64 shortBy, bool lying, bool honest) external {
        _greedy.plan(honest ? 0 : shortBy, lying);
    }

    /// @notice Lets the vault take, now, the part of its approval that it has not taken.
    function collect(uint256 amount) external {
        try _greedy.collect(address(aggregator), bound(amount, 1, 1e30)) {
            ++collected;
        } catch {}
    }

    function tokenCount() external view returns (uint256) {
        return tokens.length;
    }

    function marketCount() external view returns (uint256) {
        return markets.length;
    }

    /// @dev One to three hops from a random token; then, half of the time, a third of the amount goes another way,
    /// where one market leads from the first token to the last.
    function _walk(
        uint256 seed,
        uint256 amount
    )
        private
        view
        returns (ILiquidityAggregator.Path[] memory paths, address tokenIn, address token)
    {
        uint256 dice = uint256(keccak256(abi.encode(seed)));
        tokenIn = tokens[(dice >> 8) % tokens.length];
        ILiquidityAggregator.Hop[] memory hops;
        (hops, token) = _hops(dice, tokenIn);
        (address direct, bool up) = (dice >> 16) % 2 == 0 ? _direct(dice, tokenIn, token) : (address(0), false);
        paths = new ILiquidityAggregator.Path[](direct == address(0) ? 1 : 2);
        paths[0] = ILiquidityAggregator.Path(amount, hops);
        if (direct != address(0)) {
            paths[1].amountIn = amount / 3;
            paths[0].amountIn = amount - amount / 3;
            paths[1].hops = new ILiquidityAggregator.Hop[](1);
            paths[1].hops[0] = ILiquidityAggregator.Hop(direct, up);
        }
    }

    function _words(ILiquidityAggregator.Path[] memory paths) private pure returns (uint256[] memory words) {
        uint256 count = paths.length;
        for (uint256 i; i < paths.length; ++i) {
            count += paths[i].hops.length;
        }
        words = new uint256[](count);
        uint256 cursor;
        for (uint256 i; i < paths.length; ++i) {
            words[cursor++] = paths[i].amountIn;
            for (uint256 k; k < paths[i].hops.length; ++k) {
                ILiquidityAggregator.Hop memory hop = paths[i].hops[k];
                words[cursor++] = uint160(hop.pool) | (hop.zeroForOne ? 1 << 160 : 0);
            }
            words[cursor - 1] |= 1 << 161;
        }
    }

    function _hops(
        uint256 dice,
        address tokenIn
    )
        private
        view
        returns (ILiquidityAggregator.Hop[] memory hops, address token)
    {
        hops = new ILiquidityAggregator.Hop[](1 + dice % 3);
        token = tokenIn;
        for (uint256 i; i < hops.length; ++i) {
            dice = uint256(keccak256(abi.encode(dice)));
            for (uint256 k; k < markets.length; ++k) {
                address market = markets[addmod(dice, k, markets.length)];
                ILiquidityAggregator.Market memory what = aggregator.marketOf(market);
                if (what.token0 != token && what.token1 != token) continue;
                hops[i] = ILiquidityAggregator.Hop(market, what.token0 == token);
                token = what.token0 == token ? what.token1 : what.token0;
                break;
            }
        }
    }

    /// @dev Some market between two tokens; the zero address if there is none.
    function _direct(uint256 dice, address tokenIn, address tokenOut) private view returns (address, bool) {
        for (uint256 k; k < markets.length; ++k) {
            address market = markets[addmod(dice >> 24, k, markets.length)];
            ILiquidityAggregator.Market memory what = aggregator.marketOf(market);
            if (what.token0 == tokenIn && what.token1 == tokenOut) return (market, true);
            if (what.token1 == tokenIn && what.token0 == tokenOut) return (market, false);
        }
        return (address(0), false);
    }

    /// @dev Zero where a route through a vault that takes too little gave more back than it cost.
    function _spent(address token, uint256 before) private view returns (uint256) {
        uint256 left = _balance(token);
        return before > left ? before - left : 0;
    }

    function _balance(address token) private view returns (uint256) {
        return SettlementToken(token).balanceOf(_trader);
    }
}
