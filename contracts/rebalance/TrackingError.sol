// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Distance by which a portfolio may run away from its targets
library TrackingError {
    /// @notice Daily volatility of the return of `values` less that of `targets`: sqrt((a - b)' S (a - b)) for their
    /// weights a and b (Grinold and Kahn, "Active Portfolio Management", active risk).
    /// @dev It is computed from three volatilities, because the engine takes no negative weights: with m the volatility
    /// of a and b in equal parts, (a - b)' S (a - b) = 2 a'Sa + 2 b'Sb - 4 m^2 (parallelogram law). A result below 1e-9
    /// of a or b is lost in rounding.
    /// @param values WAD USD in the order of the portfolio's `assets()`.
    /// @param targets WAD weights in the same order.
    /// @return WAD.
    function between(
        IRiskEngine engine,
        address portfolio,
        uint256[] memory values,
        uint256[] memory targets
    )
        internal
        view
        returns (uint256)
    {
        uint256 sum;
        for (uint256 k; k < values.length; ++k) {
            sum += values[k];
        }
        uint256[] memory mixed = new uint256[](values.length);
        for (uint256 k; k < values.length; ++k) {
            mixed[k] = FixedPointMathLib.fullMulDiv(values[k], 1e18, sum) + targets[k];
        }
        uint256 ours = engine.volatility(portfolio, values);
        uint256 theirs = engine.volatility(portfolio, targets);
        uint256 both = engine.volatility(portfolio, mixed);
        uint256 square = 2 * (ours * ours + theirs * theirs);
        return FixedPointMathLib.sqrt(FixedPointMathLib.zeroFloorSub(square, 4 * both * both));
    }
}
