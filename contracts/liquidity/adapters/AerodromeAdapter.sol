// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {PairAdapter} from "./PairAdapter.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IAerodromeAdapter} from "interfaces/liquidity/adapters/IAerodromeAdapter.sol";
import {IAerodromeFactory, IAerodromePool} from "interfaces/liquidity/venues/IAerodromePool.sol";

/// @title One pool of Aerodrome or Velodrome V2 as a venue
/// @notice See {IAerodromeAdapter}.
contract AerodromeAdapter is PairAdapter, IAerodromeAdapter {
    using SafeERC20 for IERC20;

    uint256 private constant _WHOLE_BPS = 10_000;
    uint256 private constant _MOST_STEPS = 255;
    /// @dev Maximum number of units by which rounding may have taken the search too far.
    uint256 private constant _MOST_UNITS = 4;

    /// @inheritdoc IAerodromeAdapter
    address public immutable pool;
    address private immutable _factory;
    bool private immutable _stable;

    constructor(IAerodromePool pool_) PairAdapter(pool_.token0(), pool_.token1()) {
        pool = address(pool_);
        (_factory, _stable) = (pool_.factory(), pool_.stable());
    }

    /// @inheritdoc IVenueAdapter
    function swap(
        bytes32,
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        address to
    )
        external
        returns (uint256 amountOut)
    {
        bool zeroForOne = _takesFirst(tokenIn, tokenOut);
        amountOut = IAerodromePool(pool).getAmountOut(amountIn, tokenIn);
        IERC20(tokenIn).safeTransfer(pool, amountIn);
        IAerodromePool(pool).swap(zeroForOne ? 0 : amountOut, zeroForOne ? amountOut : 0, to, "");
    }

    /// @inheritdoc IVenueAdapter
    function quote(bytes32, address tokenIn, address tokenOut, uint256 amountIn) external view returns (uint256) {
        _takesFirst(tokenIn, tokenOut);
        _requireOpen();
        return IAerodromePool(pool).getAmountOut(amountIn, tokenIn);
    }

    /// @inheritdoc IVenueAdapter
    function quoteIn(bytes32, address tokenIn, address tokenOut, uint256 amountOut) external view returns (uint256) {
        bool zeroForOne = _takesFirst(tokenIn, tokenOut);
        _requireOpen();
        (uint256 reserve0, uint256 reserve1,) = IAerodromePool(pool).getReserves();
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        if (amountOut >= reserveOut) revert AerodromeAdapter__Drained(tokenOut, amountOut, reserveOut);
        if (_stable) return _searched(tokenIn, amountOut, reserveIn, reserveOut);
        return _withFee(FixedPointMathLib.fullMulDivUp(amountOut, reserveIn, reserveOut - amountOut));
    }

    function _requireOpen() private view {
        if (IAerodromeFactory(_factory).isPaused()) revert AerodromeAdapter__Paused(_factory);
    }

    /// @return amountIn Minimum input that leaves this amount after the fee, which is rounded down.
    function _withFee(uint256 left) private view returns (uint256 amountIn) {
        uint256 fee = IAerodromeFactory(_factory).getFee(pool, _stable);
        if (fee >= _WHOLE_BPS) revert AerodromeAdapter__FeeTakesAll(fee);
        amountIn = FixedPointMathLib.fullMulDivUp(left, _WHOLE_BPS, _WHOLE_BPS - fee);
        if (amountIn != 0 && amountIn - 1 - (amountIn - 1) * fee / _WHOLE_BPS >= left) --amountIn;
    }

    /// @dev The search starts below. A pool's output is concave in its input, so a step in proportion to the missing
    /// output does not reach beyond the minimum input that pays it. Steps grow with their number where that would take
    /// too long.
    function _searched(
        address tokenIn,
        uint256 amountOut,
        uint256 reserveIn,
        uint256 reserveOut
    )
        private
        view
        returns (uint256 amountIn)
    {
        if (amountOut == 0) return 0;
        amountIn = FixedPointMathLib.fullMulDiv(amountOut, reserveIn, reserveOut) + 1;
        uint256 out = IAerodromePool(pool).getAmountOut(amountIn, tokenIn);
        for (; out >= amountOut && amountIn > 1; out = IAerodromePool(pool).getAmountOut(amountIn, tokenIn)) {
            amountIn /= 2;
        }
        for (uint256 step = 1; out < amountOut; ++step) {
            if (step > _MOST_STEPS) revert AerodromeAdapter__NoInput(amountOut);
            uint256 more = (amountOut - out) * FixedPointMathLib.max(step, 8);
            amountIn += FixedPointMathLib.fullMulDiv(more, amountIn, 8 * FixedPointMathLib.max(out, amountOut / 2 + 1))
            + 1;
            out = IAerodromePool(pool).getAmountOut(amountIn, tokenIn);
        }
        for (uint256 k; k < _MOST_UNITS && amountIn > 1; ++k) {
            if (IAerodromePool(pool).getAmountOut(amountIn - 1, tokenIn) < amountOut) break;
            --amountIn;
        }
    }
}
