// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {ICurveInt128, ICurveInt128NG, ICurveUint256, ICurveUint256NG} from "interfaces/liquidity/venues/ICurvePool.sol";

/// @title One swap on a Curve pool
/// @notice `swap` uses only functions that every generation has: `exchange` without a receiver, whose return value the
/// oldest lack. The output is measured, and sent on. `swapReceived` is for pools that are paid before they are called,
/// and pay the recipient themselves.
library CurveVenue {
    using Address for address;
    using SafeERC20 for IERC20;
    using SafeTransferLib for address;

    /// @param kind One of Curve's kinds.
    /// @param param Indices of token0 and, eight bits higher, token1.
    struct Pair {
        address pool;
        ILiquidityAggregator.VenueKind kind;
        uint96 param;
        bool zeroForOne;
    }

    /// @return amountOut Output in smallest units of tokenOut; it is here, not yet sent on.
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
        // The order's own minimum bounds what comes out.
        bytes4 selector = _isWide(pair) ? ICurveUint256.exchange.selector : ICurveInt128.exchange.selector;
        pair.pool.functionCall(bytes.concat(_encode(selector, pair, amountIn), bytes32(0)));
        amountOut = tokenOut.balanceOf(address(this)) - before;
    }

    /// @param amountIn Amount that the pool has already received.
    /// @return out Output that the pool reports as paid, above zero.
    function swapReceived(Pair memory pair, uint256 amountIn, address to) internal returns (uint256 out) {
        bytes4 selector =
            _isWide(pair) ? ICurveUint256NG.exchange_received.selector : ICurveInt128NG.exchange_received.selector;
        bytes memory call = bytes.concat(_encode(selector, pair, amountIn), abi.encode(0, to));
        out = abi.decode(pair.pool.functionCall(call), (uint256));
        // A pool that has no such function, but a fallback that answers.
        if (out == 0) revert ILiquidityAggregator.LiquidityAggregator__PartialFill(pair.pool, 0, amountIn);
    }

    /// @dev The oldest StableSwap pools (3pool) round to whole units before `get_dy` takes the fee, and after
    /// `exchange` has taken it: their quote is up to one unit above their payment. A pool does not say how old it is.
    function quote(Pair memory pair, uint256 amountIn) internal view returns (uint256 told) {
        told = _ask(pair, _isWide(pair) ? ICurveUint256.get_dy.selector : ICurveInt128.get_dy.selector, amountIn);
        if (pair.kind == ILiquidityAggregator.VenueKind.CurveInt128) told = FixedPointMathLib.zeroFloorSub(told, 1);
    }

    /// @dev `get_dx` takes the fee of the balances before the trade, and rounds as it likes. Where it falls short of
    /// what `get_dy` wants, the input grows by the same part as the output has to, at most threefold: outputs fall
    /// behind their inputs in every pool, so that this comes from below in a few steps. After four, each step is a
    /// quarter bolder, for pools that are nearly empty.
    function quoteIn(Pair memory pair, uint256 amountOut) internal view returns (uint256 amountIn) {
        amountIn = _ask(pair, _isWide(pair) ? ICurveUint256.get_dx.selector : ICurveInt128.get_dx.selector, amountOut);
        uint256 out = quote(pair, amountIn);
        for (uint256 step = 1; out < amountOut; ++step) {
            uint256 part = FixedPointMathLib.max(out, amountOut / 2 + 1);
            uint256 more = (amountOut - out) * FixedPointMathLib.max(step, 4);
            amountIn += FixedPointMathLib.fullMulDiv(more, amountIn, 4 * part) + 1;
            out = quote(pair, amountIn);
        }
    }

    function _isWide(Pair memory pair) private pure returns (bool) {
        return pair.kind == ILiquidityAggregator.VenueKind.CurveUint256
            || pair.kind == ILiquidityAggregator.VenueKind.CurveUint256NG;
    }

    function _ask(Pair memory pair, bytes4 selector, uint256 amount) private view returns (uint256) {
        return abi.decode(pair.pool.functionStaticCall(_encode(selector, pair, amount)), (uint256));
    }

    /// @dev Indices are small: as int128 and as uint256 they are the same word.
    function _encode(bytes4 selector, Pair memory pair, uint256 amount) private pure returns (bytes memory) {
        (uint256 i, uint256 j) = (uint8(pair.param), uint8(pair.param >> 8));
        if (!pair.zeroForOne) (i, j) = (j, i);
        return abi.encodeWithSelector(selector, i, j, amount);
    }
}
