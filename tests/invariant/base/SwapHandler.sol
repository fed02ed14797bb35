// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HostilePool} from "contracts/mocks/HostilePool.sol";
import {SettlementToken} from "contracts/mocks/market/SettlementToken.sol";
import {Test} from "forge-std/Test.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";

/// @title Anyone who swaps, over pools that do what they like
/// @notice Lists, delists and corrupts pools, makes gifts, and sends orders of any caller over any route. Records what
/// must never happen.
contract SwapHandler is Test {
    ILiquidityAggregator public immutable aggregator;
    SettlementToken[] public tokens;
    HostilePool[] public pools;
    address[] public callers;

    /// @dev Balances of pools when they were last seen unlisted.
    mapping(HostilePool => mapping(SettlementToken => uint256)) public frozen;
    mapping(SettlementToken => uint256) public gifts;
    uint256 public swapsPassed;
    uint256 public wrongSettlements;
    uint256 public strayCallbacks;

    constructor(ILiquidityAggregator aggregator_, SettlementToken[] memory tokens_, HostilePool[] memory pools_) {
        (aggregator, tokens, pools) = (aggregator_, tokens_, pools_);
        for (uint256 i; i < 4; ++i) {
            address caller = makeAddr(string.concat("caller ", vm.toString(i)));
            callers.push(caller);
            for (uint256 k; k < tokens.length; ++k) {
                tokens[k].mint(caller, 1e30);
                vm.prank(caller);
                tokens[k].approve(address(aggregator), type(uint256).max);
            }
        }
        _remember();
    }

    /// @dev Sends one to three paths of one to three hops, mostly over pools that meet.
    function swap(uint256 seed, uint96 amount, bool toOther) external {
        (ILiquidityAggregator.Order memory order, address caller) = _order(seed, amount, toOther);
        SettlementToken tokenIn = SettlementToken(order.tokenIn);
        SettlementToken tokenOut = SettlementToken(order.tokenOut);
        uint256 paid = tokenIn.balanceOf(caller);
        uint256 held = tokenOut.balanceOf(order.recipient);
        vm.prank(caller);
        try aggregator.swap(order) returns (uint256 amountOut) {
            ++swapsPassed;
            paid -= tokenIn.balanceOf(caller);
            held = tokenOut.balanceOf(order.recipient) - held;
            if (paid != order.amountIn || held != amountOut || held < order.minAmountOut) ++wrongSettlements;
        } catch {}
    }

    /// @dev Turns a pool hostile in any way; while it reenters, it sends an order of its own.
    function corrupt(uint256 seed, uint8 act, bool honest) external {
        (ILiquidityAggregator.Order memory order,) = _order(seed, 1e18, false);
        bytes memory errand = abi.encodeCall(ILiquidityAggregator.swap, (order));
        uint256 acts = uint256(type(HostilePool.Act).max) + 1;
        _pool(seed).plan(HostilePool.Act(honest ? 0 : act % acts), errand);
    }

    function list(uint256 seed, bool asV2) external {
        HostilePool pool = _pool(seed);
        pool.sync();
        ILiquidityAggregator.VenueKind kind =
            asV2 ? ILiquidityAggregator.VenueKind.UniswapV2 : ILiquidityAggregator.VenueKind.UniswapV3;
        aggregator.listPool(address(pool), kind, pool.fee());
    }

    function delist(uint256 seed) external {
        HostilePool pool = _pool(seed);
        if (_isListed(pool)) aggregator.delistPool(address(pool));
        _remember();
    }

    /// @dev Tokens that somebody sends to the aggregator are lost, to everyone.
    function giveAway(uint256 seed, uint96 amount) external {
        SettlementToken token = tokens[seed % tokens.length];
        token.mint(address(aggregator), amount);
        gifts[token] += amount;
    }

    /// @dev Lets a pool call back that nobody has called.
    function callBack(uint256 seed, int128 amount0, int128 amount1) external {
        try _pool(seed).callBackUnasked(aggregator, amount0, amount1) {
            ++strayCallbacks;
        } catch {}
    }

    function tokenCount() external view returns (uint256) {
        return tokens.length;
    }

    function poolCount() external view returns (uint256) {
        return pools.length;
    }

    /// @dev Returns true if a pool that is not listed was sent tokens or paid any.
    function unlistedMoved() external view returns (bool) {
        for (uint256 i; i < pools.length; ++i) {
            for (uint256 k; k < tokens.length && !_isListed(pools[i]); ++k) {
                if (tokens[k].balanceOf(address(pools[i])) != frozen[pools[i]][tokens[k]]) return true;
            }
        }
        return false;
    }

    function _order(
        uint256 seed,
        uint256 amount,
        bool toOther
    )
        private
        view
        returns (ILiquidityAggregator.Order memory order, address caller)
    {
        caller = callers[seed % callers.length];
        uint256 dice = uint256(keccak256(abi.encode(seed)));
        SettlementToken start = tokens[dice % tokens.length];
        order.tokenIn = address(start);
        order.recipient = toOther ? callers[dice % callers.length] : caller;
        order.deadline = type(uint40).max;
        // Half of the orders go one way, the rest are split over two or three.
        uint256 ways = (dice >> 8) % 4;
        order.paths = new ILiquidityAggregator.Path[](ways < 2 ? 1 : ways);
        for (uint256 i; i < order.paths.length; ++i) {
            dice = uint256(keccak256(abi.encode(dice)));
            // Ways that end in another token fail the order: some do.
            if (i == 0 || dice % 4 == 0) (order.paths[i].hops, order.tokenOut) = _walk(address(start), dice);
            else order.paths[i].hops = order.paths[0].hops;
            order.paths[i].amountIn = amount;
            order.amountIn += amount;
        }
        order.minAmountOut = dice % 4 == 0 ? order.amountIn : 0;
    }

    function _walk(
        address token,
        uint256 dice
    )
        private
        view
        returns (ILiquidityAggregator.Hop[] memory hops, address end)
    {
        hops = new ILiquidityAggregator.Hop[](1 + dice % 3);
        for (uint256 i; i < hops.length; ++i) {
            dice = uint256(keccak256(abi.encode(dice)));
            HostilePool pool = _pool(dice);
            for (uint256 tries; tries < pools.length && pool.token0() != token && pool.token1() != token; ++tries) {
                pool = _pool(dice + tries);
            }
            bool zeroForOne = pool.token0() == token;
            hops[i] = ILiquidityAggregator.Hop(address(pool), zeroForOne);
            token = zeroForOne ? pool.token1() : pool.token0();
        }
        end = token;
    }

    function _remember() private {
        for (uint256 i; i < pools.length; ++i) {
            for (uint256 k; k < tokens.length; ++k) {
                frozen[pools[i]][tokens[k]] = tokens[k].balanceOf(address(pools[i]));
            }
        }
    }

    function _pool(uint256 seed) private view returns (HostilePool) {
        return pools[seed % pools.length];
    }

    function _isListed(HostilePool pool) private view returns (bool) {
        return aggregator.venueOf(address(pool)).kind != ILiquidityAggregator.VenueKind.None;
    }
}
