// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {ICurveInt128, ICurveUint256} from "interfaces/liquidity/venues/ICurvePool.sol";

/// @title One swap on a Curve pool
/// @notice Written to what every generation has: `exchange` without a receiver, whose return value the oldest lack. What came
/// out is measured, and sent on.
library CurveHop {
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    /// @param wide Whether coin indices are uint256 (CryptoSwap).
    /// @param param Indices of token0 and, eight bits higher, token1.
    struct Pair {
        address pool;
        bool wide;
        uint96 param;
        bool zeroForOne;
    }

    /// @return amountOut What came out; it is here, not yet sent on.
    function swap(
        Pair memory pair,
        address tokenIn,
        address tokenOut,
        uint256 amountIn
    )
        internal
        returns (uint256 amountOut)
    {
        uint256 before = tokenOut.balanceOf(address(this));
        IERC20(tokenIn).forceApprove(pair.pool, amountIn);
        (uint256 i, uint256 j) = _indices(pair);
        // The order's own minimum bounds what comes out.
        if (pair.wide) ICurveUint256(pair.pool).exchange(i, j, amountIn, 0);
        else ICurveInt128(pair.pool).exchange(int128(uint128(i)), int128(uint128(j)), amountIn, 0);
        amountOut = tokenOut.balanceOf(address(this)) - before;
    }

    /// @dev The oldest StableSwap pools (3pool) round to whole units before `get_dy` takes the fee, and after `exchange` has
    /// taken it: what they say is up to one unit more than what they pay. A pool does not say how old it is.
    function quote(Pair memory pair, uint256 amountIn) internal view returns (uint256) {
        (uint256 i, uint256 j) = _indices(pair);
        if (pair.wide) return ICurveUint256(pair.pool).get_dy(i, j, amountIn);
        uint256 told = ICurveInt128(pair.pool).get_dy(int128(uint128(i)), int128(uint128(j)), amountIn);
        return FixedPointMathLib.zeroFloorSub(told, 1);
    }

    /// @dev `get_dx` takes the fee of the balances before the trade, and rounds as it likes. Where it falls short of what
    /// `get_dy` wants, the input grows by the same part as the output has to, at most threefold: outputs fall behind their
    /// inputs in every pool, so that this comes from below in a few steps. After four, each step is a quarter bolder, for pools
    /// that are nearly empty.
    function quoteIn(Pair memory pair, uint256 amountOut) internal view returns (uint256 amountIn) {
        (uint256 i, uint256 j) = _indices(pair);
        amountIn = pair.wide
            ? ICurveUint256(pair.pool).get_dx(i, j, amountOut)
            : ICurveInt128(pair.pool).get_dx(int128(uint128(i)), int128(uint128(j)), amountOut);
        uint256 out = quote(pair, amountIn);
        for (uint256 step = 1; out < amountOut; ++step) {
            uint256 part = FixedPointMathLib.max(out, amountOut / 2 + 1);
            uint256 more = (amountOut - out) * FixedPointMathLib.max(step, 4);
            amountIn += FixedPointMathLib.fullMulDiv(more, amountIn, 4 * part) + 1;
            out = quote(pair, amountIn);
        }
    }

    function _indices(Pair memory pair) private pure returns (uint256 i, uint256 j) {
        (i, j) = (uint8(pair.param), uint8(pair.param >> 8));
        if (!pair.zeroForOne) (i, j) = (j, i);
    }
}
