// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibCall} from "solady/src/utils/LibCall.sol";

import {PairAdapter} from "./PairAdapter.sol";
import {IVenueAdapter} from "interfaces/liquidity/IVenueAdapter.sol";
import {IFluidDexAdapter} from "interfaces/liquidity/adapters/IFluidDexAdapter.sol";
import {IFluidDex} from "interfaces/liquidity/venues/IFluidDex.sol";

/// @title One pool of Fluid DEX as a venue
/// @notice See {IFluidDexAdapter}.
contract FluidDexAdapter is PairAdapter, IFluidDexAdapter {
    using SafeERC20 for IERC20;

    /// @dev A swap to this receiver reverts with its result.
    address private constant _ASK = 0x000000000000000000000000000000000000dEaD;
    uint256 private constant _RESULT_SIZE = 36;
    uint256 private constant _MOST_STEPS = 48;
    /// @dev Maximum number of grains by which rounding may have taken the search too far.
    uint256 private constant _MOST_GRAINS = 4;

    /// @inheritdoc IFluidDexAdapter
    address public immutable dex;
    /// @dev Smallest units of each token that the pool counts as one.
    uint256 private immutable _grain0;
    uint256 private immutable _grain1;
    /// @dev Size of a smallest unit of each token in the pool's own count, where that is one or more.
    uint256 private immutable _count0;
    uint256 private immutable _count1;

    constructor(IFluidDex dex_) PairAdapter(dex_.constantsView().token0, dex_.constantsView().token1) {
        dex = address(dex_);
        IFluidDex.ConstantViews2 memory p = dex_.constantsView2();
        _grain0 = FixedPointMathLib.max(1, p.token0DenominatorPrecision / p.token0NumeratorPrecision);
        _grain1 = FixedPointMathLib.max(1, p.token1DenominatorPrecision / p.token1NumeratorPrecision);
        _count0 = FixedPointMathLib.max(1, p.token0NumeratorPrecision / p.token0DenominatorPrecision);
        _count1 = FixedPointMathLib.max(1, p.token1NumeratorPrecision / p.token1DenominatorPrecision);
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
        bool up = _takesFirst(tokenIn, tokenOut);
        IERC20(tokenIn).forceApprove(dex, amountIn);
        amountOut = IFluidDex(dex).swapIn(up, amountIn, 0, to);
        _requireTaken(tokenIn, dex, amountIn);
    }

    /// @inheritdoc IVenueAdapter
    function quote(bytes32, address tokenIn, address tokenOut, uint256 amountIn) external returns (uint256) {
        return _output(_takesFirst(tokenIn, tokenOut), amountIn);
    }

    /// @inheritdoc IVenueAdapter
    function quoteIn(bytes32, address tokenIn, address tokenOut, uint256 amountOut)
        external
        returns (uint256 amountIn)
    {
        bool up = _takesFirst(tokenIn, tokenOut);
        (uint256 grainIn, uint256 grainOut) = up ? (_grain0, _grain1) : (_grain1, _grain0);
        uint256 counted = FixedPointMathLib.divUp(amountOut, grainOut);
        amountIn = _input(up, counted * grainOut);
        // The pool rounds the input of an exact output down: one of what it counts may be missing, or more than one
        // where it splits the two kinds of swap differently. What one costs is tried first, then always twice as much.
        uint256 more = amountIn / (counted * (up ? _count1 : _count0)) / grainIn + 1;
        for (uint256 step; !_pays(up, amountIn, amountOut); ++step) {
            if (step == _MOST_STEPS) revert FluidDexAdapter__NoInput(amountOut);
            amountIn += (more << step) * grainIn;
        }
        for (uint256 k; k < _MOST_GRAINS && amountIn > grainIn; ++k) {
            if (!_pays(up, amountIn - grainIn, amountOut)) break;
            amountIn -= grainIn;
        }
    }

    function _output(bool up, uint256 amountIn) private returns (uint256 amountOut) {
        try IFluidDex(dex).swapIn(up, amountIn, 0, _ASK) returns (uint256) {
            revert FluidDexAdapter__NoAnswer(dex);
        } catch (bytes memory answer) {
            return _result(answer);
        }
    }

    function _input(bool up, uint256 amountOut) private returns (uint256 amountIn) {
        try IFluidDex(dex).swapOut(up, amountOut, type(uint256).max, _ASK) returns (uint256) {
            revert FluidDexAdapter__NoAnswer(dex);
        } catch (bytes memory answer) {
            return _result(answer);
        }
    }

    /// @dev An input that the pool refuses, because it is too small, pays nothing.
    function _pays(bool up, uint256 amountIn, uint256 wanted) private returns (bool) {
        try IFluidDex(dex).swapIn(up, amountIn, 0, _ASK) returns (uint256) {
            revert FluidDexAdapter__NoAnswer(dex);
        } catch (bytes memory answer) {
            return _isResult(answer) && _result(answer) >= wanted;
        }
    }

    function _isResult(bytes memory answer) private pure returns (bool) {
        return answer.length == _RESULT_SIZE && bytes4(answer) == IFluidDex.FluidDexSwapResult.selector;
    }

    /// @return amount The pool's answer; anything else is the pool's reason, and is passed on.
    function _result(bytes memory answer) private pure returns (uint256 amount) {
        if (!_isResult(answer)) LibCall.bubbleUpRevert(answer);
        assembly ("memory-safe") {
            amount := mload(add(answer, 36))
        }
    }
}
