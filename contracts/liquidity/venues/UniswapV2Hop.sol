// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title One exact-input swap on a Uniswap V2 pair
library UniswapV2Hop {
    using SafeTransferLib for address;

    uint256 private constant _PIPS = 1e6;

    /// @notice Swaps what the pair has received since its last update. A gift that someone sent it goes along, so that a
    /// gift of one wei cannot stop the order.
    /// @param feePips Hundredths of a basis point.
    /// @param sent What the pair has to have received at least; a token that takes a fee on transfer falls short of it.
    /// @return amountOut Sent by the pair to `to`, if it keeps its word.
    function swap(
        address pair,
        address tokenIn,
        bool zeroForOne,
        uint256 feePips,
        uint256 sent,
        address to
    )
        internal
        returns (uint256 amountOut)
    {
        // slither-disable-next-line unused-return
        (uint256 reserveIn, uint256 reserveOut,) = IUniswapV2Pair(pair).getReserves();
        if (!zeroForOne) (reserveIn, reserveOut) = (reserveOut, reserveIn);
        uint256 received = FixedPointMathLib.zeroFloorSub(tokenIn.balanceOf(pair), reserveIn);
        if (received < sent) {
            revert ILiquidityAggregator.LiquidityAggregator__BalanceMismatch(tokenIn, sent, received);
        }
        amountOut = quote(received, reserveIn, reserveOut, feePips);
        (uint256 amount0Out, uint256 amount1Out) = zeroForOne ? (uint256(0), amountOut) : (amountOut, uint256(0));
        // Without data the pair does not call back.
        IUniswapV2Pair(pair).swap(amount0Out, amount1Out, to, "");
    }

    /// @dev The most that the pair's own check lets out, as its router rounds: UniswapV2Library.getAmountOut.
    function quote(
        uint256 amountIn,
        uint256 reserveIn,
        uint256 reserveOut,
        uint256 feePips
    )
        internal
        pure
        returns (uint256)
    {
        uint256 amountInLessFee = amountIn * (_PIPS - feePips);
        return amountInLessFee * reserveOut / (reserveIn * _PIPS + amountInLessFee);
    }
}
