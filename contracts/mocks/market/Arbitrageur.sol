// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";
import {IUniswapV3Pool, IUniswapV3SwapCallback} from "interfaces/liquidity/venues/IUniswapV3Pool.sol";

/// @title Moves pools to a price
/// @notice Stand-in for tests and local networks: it moves many pools in one transaction, as arbitrage does on a real
/// chain. It pays from its own balances, fees included, and anyone may call it.
contract Arbitrageur is IUniswapV3SwapCallback {
    using SafeTransferLib for address;

    /// @param v3 A Uniswap V3 pool; otherwise a Uniswap V2 pair with a fee of 0.3%.
    /// @param sqrtPriceX96 Square root of token1 per token0, smallest units, 96 fractional bits.
    struct Target {
        address pool;
        bool v3;
        uint160 sqrtPriceX96;
    }

    error Arbitrageur__UnexpectedCallback(address caller);

    uint256 private constant _Q96 = 1 << 96;

    address private transient _pool;

    /// @notice Trades with every pool until its price is the one given.
    function align(Target[] calldata targets) external {
        for (uint256 i; i < targets.length; ++i) {
            Target calldata target = targets[i];
            if (target.v3) _alignV3(target.pool, target.sqrtPriceX96);
            else _alignV2(target.pool, target.sqrtPriceX96);
        }
    }

    /// @inheritdoc IUniswapV3SwapCallback
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata) external {
        if (msg.sender != _pool) revert Arbitrageur__UnexpectedCallback(msg.sender);
        if (amount0Delta > 0) IUniswapV3Pool(msg.sender).token0().safeTransfer(msg.sender, uint256(amount0Delta));
        if (amount1Delta > 0) IUniswapV3Pool(msg.sender).token1().safeTransfer(msg.sender, uint256(amount1Delta));
    }

    function _alignV3(address pool, uint160 sqrtPriceX96) private {
        (uint160 current,,,,,,) = ISlot0(pool).slot0();
        if (current == sqrtPriceX96) return;
        _pool = pool;
        IUniswapV3Pool(pool).swap(address(this), current > sqrtPriceX96, type(int256).max, sqrtPriceX96, "");
        _pool = address(0);
    }

    /// @dev The pair has reserves (in, out) and gets the input a. For a price p of one out in units of in, it ends at p
    /// where (in + a)(1000 in + 997 a) = 1000 p in out, because the pair keeps the fee.
    function _alignV2(address pool, uint160 sqrtPriceX96) private {
        (uint112 reserve0, uint112 reserve1,) = IUniswapV2Pair(pool).getReserves();
        uint256 price = FixedPointMathLib.fullMulDiv(sqrtPriceX96, sqrtPriceX96, _Q96);
        bool zeroForOne = FixedPointMathLib.fullMulDiv(reserve1, _Q96, reserve0) > price;
        uint256 product = uint256(reserve0) * reserve1;
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        uint256 squared = zeroForOne
            ? FixedPointMathLib.fullMulDiv(product, _Q96, price)
            : FixedPointMathLib.fullMulDiv(product, price, _Q96);
        uint256 root = FixedPointMathLib.sqrt(9 * reserveIn * reserveIn + 3_988_000 * squared);
        uint256 amountIn = FixedPointMathLib.zeroFloorSub(root, 1997 * reserveIn) / 1994;
        uint256 withFee = amountIn * 997;
        uint256 amountOut = withFee * reserveOut / (reserveIn * 1000 + withFee);
        if (amountOut == 0) return;
        address tokenIn = zeroForOne ? IUniswapV2Pair(pool).token0() : IUniswapV2Pair(pool).token1();
        tokenIn.safeTransfer(pool, amountIn);
        (uint256 out0, uint256 out1) = zeroForOne ? (uint256(0), amountOut) : (amountOut, uint256(0));
        IUniswapV2Pair(pool).swap(out0, out1, address(this), "");
    }
}

interface ISlot0 {
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
}
