"""Attribution of a return above the benchmark to its causes, over one period or many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.portfolio.errors import PerformanceError

Array = NDArray[np.float64]

Linking = Literal["carino", "menchero"]

_SUM = 1e-9


@dataclass(frozen=True, eq=False)
class Effects:
    """The parts of an active return.

    Attributes:
        allocation: Weights that differ from the benchmark's: (w - v)(b - B).
        selection: Returns that differ inside a segment: v (r - b).
        interaction: Both at once: (w - v)(r - b).
        portfolio, benchmark: Returns of both, fractions.
    """

    allocation: Array
    selection: Array
    interaction: Array
    portfolio: float | Array
    benchmark: float | Array

    @property
    def total(self) -> float:
        """Sum of all parts, which is the active return."""
        return float(self.allocation.sum() + self.selection.sum() + self.interaction.sum())


def brinson_fachler(weights: Array, benchmark_weights: Array, returns: Array, benchmark_returns: Array) -> Effects:
    """Effects of every segment in every period.

    Source: Brinson and Fachler (1985), "Measuring non-US equity portfolio performance", J. of Portfolio Management
    11(3). w and v are the portfolio's and the benchmark's weights, r and b their returns in a segment, and B is the
    benchmark's return.

    Args:
        weights, benchmark_weights: (periods, segments), at the beginning of each period, summing to one; cash is a
            segment.
        returns, benchmark_returns: (periods, segments), fractions.

    Returns:
        Effects of shape (periods, segments), and the returns of each period.

    Raises:
        PerformanceError: If shapes differ, a number is not finite, or weights do not sum to one.
    """
    parts = {"weights": weights, "benchmark weights": benchmark_weights}
    for name, table in {**parts, "returns": returns, "benchmark returns": benchmark_returns}.items():
        if table.ndim != 2 or table.shape != weights.shape or not np.all(np.isfinite(table)):
            raise PerformanceError(f"{name} {table.shape}", "not (periods, segments), finite", "align all four")
    for name, table in parts.items():
        off = np.abs(table.sum(axis=1) - 1)
        if np.any(off > _SUM):
            period = int(np.argmax(off))
            raise PerformanceError(
                f"{name} of period {period}", f"sum to {table[period].sum():.10g}", "add cash as a segment"
            )
    total = np.sum(benchmark_weights * benchmark_returns, axis=1)
    over, better = weights - benchmark_weights, returns - benchmark_returns
    # Weights that sum to one only within rounding leave a rest at the benchmark's return; it belongs to allocation.
    return Effects(
        over * (benchmark_returns - total[:, np.newaxis]) + (over.sum(axis=1) * total)[:, np.newaxis] / over.shape[1],
        benchmark_weights * better,
        over * better,
        np.sum(weights * returns, axis=1),
        total,
    )


def link(effects: Effects, method: Linking = "carino") -> Effects:
    """Effects over all periods, which sum to the compounded active return.

    Args:
        effects: Effects of every period, (periods, segments).
        method: As for `linking_factors`.

    Returns:
        Effects of shape (segments,).

    Raises:
        PerformanceError: If `linking_factors` raises it.
    """
    mine, market = np.atleast_1d(effects.portfolio), np.atleast_1d(effects.benchmark)
    factors = linking_factors(mine, market, method)
    total, base = float(np.prod(1 + mine)) - 1, float(np.prod(1 + market)) - 1
    return Effects(
        factors @ effects.allocation, factors @ effects.selection, factors @ effects.interaction, total, base
    )


def linking_factors(portfolio: Array, benchmark: Array, method: Linking = "carino") -> Array:
    """Factors by which parts of every period's active return sum to the compounded active return.

    Sources: Cariño (1999), "Combining attribution effects over time", J. of Performance Measurement 3(4); Menchero
    (2000), "An optimized approach to linking attribution effects over time", J. of Performance Measurement 5(1).

    Args:
        portfolio, benchmark: (periods,), returns, fractions.
        method: "carino" weighs a period by the logarithmic active return; "menchero" by a factor as equal as possible.

    Returns:
        (periods,).

    Raises:
        PerformanceError: If a period loses everything, or the method is unknown.
    """
    if np.any(portfolio <= -1) or np.any(benchmark <= -1):
        raise PerformanceError("a period", "loses everything, so nothing can be compounded", "end the series before it")
    total, base = float(np.prod(1 + portfolio)) - 1, float(np.prod(1 + benchmark)) - 1
    if method == "carino":
        found: Array = _log_factor(portfolio, benchmark) / _log_factor(np.array([total]), np.array([base]))[0]
        return found
    if method == "menchero":
        return _menchero(portfolio, benchmark, total, base)
    raise PerformanceError(f"linking '{method}'", "unknown", "choose carino or menchero")


def _log_factor(mine: Array, market: Array) -> Array:
    """(log(1 + r) - log(1 + b)) / (r - b), and its limit 1 / (1 + b)."""
    part = (mine - market) / (1 + market)
    safe = np.where(part == 0, 1.0, part)
    found: Array = np.where(part == 0, 1.0, np.log1p(safe) / safe) / (1 + market)
    return found


def _menchero(mine: Array, market: Array, total: float, base: float) -> Array:
    """M + c a_t, with a_t the active return of a period and c what makes the sum right."""
    periods = mine.size
    active = mine - market
    growth = (1 + base) ** (1 / periods)
    apart = growth * float(np.expm1(np.log1p((total - base) / (1 + base)) / periods))
    scale = (total - base) / periods / apart if apart != 0 else (1 + base) ** ((periods - 1) / periods)
    squares = float(active @ active)
    rest = total - base - scale * float(active.sum())
    found: Array = scale + (rest / squares * active if squares > 0 else np.zeros(periods))
    return found
