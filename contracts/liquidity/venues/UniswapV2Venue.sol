// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

import {IUniswapV2Pair} from "interfaces/liquidity/venues/IUniswapV2Pair.sol";

/// @title One swap on a Uniswap V2 pair, or on a fork's with a fee of its own
library UniswapV2Venue {
    using SafeTransferLib for address;

    uint256 private constant _PIPS = 1e6;

    /// @notice Swaps an amount that the pair has been sent. If less has arrived, its own check of the product reverts.
    /// @param feePips Hundredths of a basis point.
    /// @return amountOut Amount that the pair should have sent to `to`.
    function swap(
        address pair,
        bool zeroForOne,
        uint256 feePips,
        uint256 sent,
        address to
    )
        internal
        returns (uint256 amountOut)
    {
        amountOut = quote(pair, zeroForOne, feePips, sent);
        take(pair, zeroForOne, amountOut, to);
    }

    /// @notice Swaps the amount that the pair has received since its last update, of a token that may deliver less than
    /// was sent.
    /// @return amountOut Output of the swap, smallest units, as `swap` returns it.
    function swapReceived(
        address pair,
        address tokenIn,
        bool zeroForOne,
        uint256 feePips,
        address to
    )
        internal
        returns (uint256 amountOut)
    {
        (uint256 reserveIn,) = reserves(pair, zeroForOne);
        amountOut =
            swap(pair, zeroForOne, feePips, FixedPointMathLib.zeroFloorSub(tokenIn.balanceOf(pair), reserveIn), to);
    }

    /// @notice Asks the pair for an output that it has been paid for. Without data the pair does not call back.
    function take(address pair, bool zeroForOne, uint256 amountOut, address to) internal {
        (uint256 amount0Out, uint256 amount1Out) = zeroForOne ? (uint256(0), amountOut) : (amountOut, uint256(0));
        IUniswapV2Pair(pair).swap(amount0Out, amount1Out, to, "");
    }

    function reserves(address pair, bool zeroForOne) internal view returns (uint256 reserveIn, uint256 reserveOut) {
        (reserveIn, reserveOut,) = IUniswapV2Pair(pair).getReserves();
        if (!zeroForOne) (reserveIn, reserveOut) = (reserveOut, reserveIn);
    }

    /// @notice Returns the output that the pair would pay now, smallest units.
    function quote(address pair, bool zeroForOne, uint256 feePips, uint256 amountIn) internal view returns (uint256) {
        (uint256 reserveIn, uint256 reserveOut) = reserves(pair, zeroForOne);
        return quote(amountIn, reserveIn, reserveOut, feePips);
    }

    /// @dev Returns the maximum that the pair's own check lets out, rounded as its router does:
    /// UniswapV2Library.getAmountOut.
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

    /// @dev Returns the minimum that buys an output, rounded as the router does: UniswapV2Library.getAmountIn.
    function quoteIn(
        uint256 amountOut,
        uint256 reserveIn,
        uint256 reserveOut,
        uint256 feePips
    )
        internal
        pure
        returns (uint256)
    {
        return reserveIn * amountOut * _PIPS / ((reserveOut - amountOut) * (_PIPS - feePips)) + 1;
    }
}
