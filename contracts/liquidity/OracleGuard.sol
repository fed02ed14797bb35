// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {ILiquidityAggregator} from "interfaces/liquidity/ILiquidityAggregator.sol";
import {IPriceOracle} from "interfaces/oracle/IPriceOracle.sol";

/// @title Check that an order's output is worth its input
/// @notice The guard of orders that ask for one (ILiquidityAggregator.SwapTerms). A part of {ExactOutput}, apart from the
/// aggregator, because most orders do without.
abstract contract OracleGuard {
    uint256 private constant _BPS = 10_000;

    IPriceOracle private immutable _oracle;

    constructor(address oracle) {
        _oracle = IPriceOracle(oracle);
    }

    /// @notice Reverts if the output is worth less than the input by more than the deviation.
    /// @param amountIn Smallest units, as is amountOut.
    /// @param deviationBps Basis points.
    function requireWorth(
        address tokenIn,
        address tokenOut,
        uint256 amountIn,
        uint256 amountOut,
        uint256 deviationBps
    )
        public
        view
    {
        address[] memory tokens = new address[](2);
        uint256[] memory amounts = new uint256[](2);
        (tokens[0], tokens[1], amounts[0], amounts[1]) = (tokenIn, tokenOut, amountIn, amountOut);
        uint256[] memory values = _oracle.values(tokens, amounts);
        uint256 kept = FixedPointMathLib.zeroFloorSub(_BPS, deviationBps);
        if (values[1] < FixedPointMathLib.fullMulDivUp(values[0], kept, _BPS)) {
            revert ILiquidityAggregator.LiquidityAggregator__OracleDeviation(values[0], values[1], deviationBps);
        }
    }
}
