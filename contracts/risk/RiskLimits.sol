// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";

import {IRiskEngine} from "interfaces/risk/IRiskEngine.sol";

/// @title Limits: their validity, their order and their breaches
/// @notice A struct of limits is fifteen words in memory; all but the last are maximums, the last is a minimum.
library RiskLimits {
    uint256 internal constant FIELDS = 15;
    uint256 internal constant OFF = type(uint16).max;
    /// @dev Part of a limit above which the state is a warning, basis points.
    uint256 internal constant WARNING_BPS = 9600;
    uint256 internal constant WHOLE_BPS = 10_000;
    /// @dev Number of daily returns below which a ratio of them says nothing, and binds nothing.
    uint256 internal constant MIN_OBSERVATIONS = 20;

    uint256 private constant _LEAST = 14;
    uint256 private constant _GRADE = 13;
    uint256 private constant _HALT = 3;
    uint256 private constant _METRICS = 12;
    uint256 private constant _BPS_TO_WAD = 1e14;
    uint256 private constant _TENTHS_TO_WAD = 1e17;
    /// @dev The slot of limits that limit nothing, as `none` returns them.
    uint256 private constant _NONE = 0x8000ffffffffffffffffffffffffffffffffffffff2710271027102710;

    /// @return l Limits that limit nothing.
    function none() internal pure returns (IRiskEngine.Limits memory l) {
        for (uint256 k; k < _GRADE; ++k) {
            _set(l, k, int256(k <= _HALT ? WHOLE_BPS : OFF));
        }
        l.worstGrade = type(uint8).max;
        l.minSharpeBps = type(int16).min;
    }

    function valid(IRiskEngine.Limits memory l) internal pure returns (bool) {
        for (uint256 k; k < _GRADE; ++k) {
            int256 value = field(l, k);
            if (value == 0 || (k <= _HALT && value > int256(WHOLE_BPS))) return false;
        }
        return l.haltDrawdownBps >= l.maxDrawdownBps;
    }

    /// @return True if no limit of `l` is looser than that of `than`.
    function asTight(IRiskEngine.Limits memory l, IRiskEngine.Limits memory than) internal pure returns (bool) {
        for (uint256 k; k < FIELDS; ++k) {
            if (!asTightAt(k, field(l, k), field(than, k))) return false;
        }
        return true;
    }

    /// @return The tighter of both, field by field. Each fills one slot: from the lowest bit thirteen fields of 16
    /// bits, the grade's 8, and the minimum Sharpe ratio's 16.
    function tighter(
        IRiskEngine.Limits storage a,
        IRiskEngine.Limits storage b
    )
        internal
        view
        returns (IRiskEngine.Limits memory)
    {
        uint256 y;
        assembly ("memory-safe") {
            y := sload(b.slot)
        }
        IRiskEngine.Limits memory l = a;
        // A comparison needs floors.
        if (y == _NONE) return l;
        for (uint256 k; k < _GRADE; ++k) {
            _set(l, k, int256(FixedPointMathLib.min(uint256(field(l, k)), uint16(y))));
            y >>= 16;
        }
        l.worstGrade = uint8(FixedPointMathLib.min(l.worstGrade, uint8(y)));
        l.minSharpeBps = int16(FixedPointMathLib.max(l.minSharpeBps, int16(uint16(y >> 8))));
        return l;
    }

    function asTightAt(uint256 k, int256 value, int256 than) internal pure returns (bool) {
        return k == _LEAST ? value >= than : value <= than;
    }

    /// @notice Returns the first limit that metrics are outside of.
    /// @param partBps Part of each limit that counts, basis points; halting drawdown, grade and Sharpe count whole.
    /// @return breached True if there is such a limit.
    /// @return metric Metric of that limit.
    /// @return value WAD, a plain number for the grade, the absolute value for beta and Sharpe.
    /// @return limit The limit, in the same unit.
    function firstOutside(
        IRiskEngine.Limits memory l,
        IRiskEngine.Metrics memory m,
        uint256 partBps
    )
        internal
        pure
        returns (bool breached, IRiskEngine.Metric metric, uint256 value, uint256 limit)
    {
        uint256[_METRICS] memory values = [
            m.var99,
            m.maxWeight,
            m.drawdown,
            m.var95,
            m.es975,
            m.volatility,
            m.maxComponent,
            m.herfindahl,
            m.leverage,
            m.realisedVolatility,
            FixedPointMathLib.abs(m.beta),
            m.daysToLiquidate
        ];
        for (uint256 k; k < _METRICS; ++k) {
            metric = IRiskEngine.Metric(k);
            limit = bound(l, metric, partBps);
            if (values[k] > limit) return (true, metric, values[k], limit);
        }
        if (m.grade > l.worstGrade) return (true, IRiskEngine.Metric.Grade, m.grade, l.worstGrade);
        int256 least = int256(l.minSharpeBps) * int256(_BPS_TO_WAD);
        // Neither few returns nor returns that do not vary make a ratio: a fund in cash would never get out of it.
        bool known = m.observations >= MIN_OBSERVATIONS && m.realisedVolatility != 0;
        // The lowest is off: a fund in a crash has less than -3.2768 a year.
        if (known && l.minSharpeBps != type(int16).min && m.sharpe < least) {
            return (true, IRiskEngine.Metric.Sharpe, FixedPointMathLib.abs(m.sharpe), FixedPointMathLib.abs(least));
        }
        return (false, metric, 0, 0);
    }

    /// @return Part of the limit of a metric up to Liquidity, WAD; 2^256 - 1 where it is off.
    function bound(
        IRiskEngine.Limits memory l,
        IRiskEngine.Metric metric,
        uint256 partBps
    )
        internal
        pure
        returns (uint256)
    {
        uint256 k = uint256(metric);
        // The halting drawdown stands between the limits of Drawdown and Var95.
        uint256 value = uint256(field(l, k < _HALT ? k : k + 1));
        if (value == OFF) return type(uint256).max;
        return value * (metric == IRiskEngine.Metric.Liquidity ? _TENTHS_TO_WAD : _BPS_TO_WAD) * partBps / WHOLE_BPS;
    }

    /// @return Part of a limit in basis points, WAD; 2^256 - 1 where it is off.
    function part(uint256 limitBps, uint256 partBps) internal pure returns (uint256) {
        unchecked {
            return limitBps == OFF ? type(uint256).max : limitBps * _BPS_TO_WAD * partBps / WHOLE_BPS;
        }
    }

    /// @dev Solidity keeps each member of a struct in a word of its own, sign-extended.
    function field(IRiskEngine.Limits memory l, uint256 k) internal pure returns (int256 value) {
        assembly ("memory-safe") {
            value := mload(add(l, shl(5, k)))
        }
    }

    function _set(IRiskEngine.Limits memory l, uint256 k, int256 value) private pure {
        assembly ("memory-safe") {
            mstore(add(l, shl(5, k)), value)
        }
    }
}
