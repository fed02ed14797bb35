// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {V4Key} from "./venues/V4Key.sol";
import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {ILiquidityLens} from "interfaces/liquidity/ILiquidityLens.sol";
import {IPoolManager} from "interfaces/liquidity/venues/IPoolManager.sol";
import {IUniswapV3Pool} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

interface IV3State {
    /// @dev PancakeSwap's function has a wider last field: only the first two are read.
    function slot0() external view returns (uint160 sqrtPriceX96, int24 tick);
    function ticks(int24 tick) external view returns (uint128 liquidityGross, int128 liquidityNet);
}

/// @title Price, liquidity and initialised ticks of Uniswap V3 and V4 pools
library TickReader {
    // Slot of `mapping(PoolId => Pool.State) pools` in PoolManager's storage, and offsets inside a state.
    uint256 private constant _POOLS_SLOT = 6;
    uint256 private constant _LIQUIDITY = 3;
    uint256 private constant _TICKS = 4;
    uint256 private constant _BITMAP = 5;

    /// @dev The source of ticks: a slot of the manager, or without a manager the pool itself.
    struct Source {
        address pool;
        address manager;
        bytes32 slot;
        int24 spacing;
    }

    function readV3(
        address pool,
        uint256 words
    )
        internal
        view
        returns (uint256[] memory state, ILiquidityLens.Tick[] memory ticks)
    {
        state = new uint256[](3);
        (uint160 price, int24 tick) = IV3State(pool).slot0();
        (state[0], state[1], state[2]) = (price, uint256(int256(tick)), IUniswapV3Pool(pool).liquidity());
        ticks = _ticks(Source(pool, address(0), 0, IUniswapV3Pool(pool).tickSpacing()), tick, words);
    }

    function readV4(
        ILiquidityAggregator.Market calldata market,
        uint256 words
    )
        internal
        view
        returns (uint256[] memory state, ILiquidityLens.Tick[] memory ticks)
    {
        (IPoolManager.PoolKey memory key,) =
            V4Key.keyOf(market.token0, market.token1, market.param, market.fee, address(uint160(uint256(market.id))));
        bytes32 slot = keccak256(abi.encode(keccak256(abi.encode(key)), _POOLS_SLOT));
        uint256 slot0 = uint256(IPoolManager(market.target).extsload(slot));
        int24 tick = int24(uint24(slot0 >> 160));
        state = new uint256[](3);
        (state[0], state[1]) = (uint160(slot0), uint256(int256(tick)));
        state[2] = uint128(uint256(IPoolManager(market.target).extsload(_plus(slot, _LIQUIDITY))));
        ticks = _ticks(Source(address(0), market.target, slot, key.tickSpacing), tick, words);
    }

    function _ticks(
        Source memory source,
        int24 tick,
        uint256 words
    )
        private
        view
        returns (ILiquidityLens.Tick[] memory found)
    {
        int256 compressed = tick / source.spacing;
        if (tick < 0 && tick % source.spacing != 0) --compressed;
        int256 middle = compressed >> 8;
        int256 span = int256(words);
        uint256[] memory bitmaps = new uint256[](2 * words + 1);
        uint256 count;
        for (uint256 w; w < bitmaps.length; ++w) {
            bitmaps[w] = _bitmap(source, int16(middle - span + int256(w)));
            for (uint256 bits = bitmaps[w]; bits != 0; bits &= bits - 1) {
                ++count;
            }
        }
        found = new ILiquidityLens.Tick[](count);
        count = 0;
        for (uint256 w; w < bitmaps.length; ++w) {
            for (uint256 bit; bit < 256 && bitmaps[w] != 0; ++bit) {
                if (bitmaps[w] >> bit & 1 == 0) continue;
                int24 index = int24((((middle - span + int256(w)) << 8) + int256(bit)) * source.spacing);
                found[count++] = ILiquidityLens.Tick(index, _net(source, index));
            }
        }
    }

    function _bitmap(Source memory source, int16 word) private view returns (uint256) {
        if (source.manager == address(0)) return IUniswapV3Pool(source.pool).tickBitmap(word);
        bytes32 slot = keccak256(abi.encode(int256(word), _plus(source.slot, _BITMAP)));
        return uint256(IPoolManager(source.manager).extsload(slot));
    }

    function _net(Source memory source, int24 tick) private view returns (int128 net) {
        if (source.manager == address(0)) {
            (, net) = IV3State(source.pool).ticks(tick);
            return net;
        }
        bytes32 slot = keccak256(abi.encode(int256(tick), _plus(source.slot, _TICKS)));
        return int128(int256(uint256(IPoolManager(source.manager).extsload(slot))) >> 128);
    }

    function _plus(bytes32 slot, uint256 offset) private pure returns (bytes32) {
        return bytes32(uint256(slot) + offset);
    }
}
