"""Performance of a portfolio beside a benchmark, and where the difference comes from."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers import __version__
from keepers.market.table_file import read_table
from keepers.operations.risk_backtest import History, portfolio_weights
from keepers.portfolio.attribution import Effects, Linking, brinson_fachler, link
from keepers.portfolio.errors import PerformanceError
from keepers.portfolio.factor_attribution import CurrencyEffects, FactorEffects, currency_effects, factor_effects
from keepers.portfolio.performance import TRADING_DAYS, Performance, alpha_beta, capture, drawdowns, performance
from keepers.risk.backtests.rolling import Protocol

Array = NDArray[np.float64]

CASH = 1e-9
"""Part of NAV from which on cash is a segment of its own."""

FORMULAS = {
    "total_return": "product of 1 + r, less 1",
    "annual_return": f"(1 + total)^({TRADING_DAYS} / days) - 1",
    "annual_volatility": f"sample deviation times sqrt({TRADING_DAYS})",
    "max_drawdown": "largest fall below the highest value so far",
    "sharpe": f"mean over deviation times sqrt({TRADING_DAYS}), no risk-free rate",
    "sortino": f"mean over downside deviation times sqrt({TRADING_DAYS})",
    "calmar": "annual return over maximum drawdown",
}
RELATIVE_FORMULAS = {
    "alpha": f"(1 + mean of r - beta b)^{TRADING_DAYS} - 1, no risk-free rate",
    "beta": "covariance with the benchmark over its variance, daily",
    "capture_up": f"ratio of annual returns on days on which the benchmark rose, {TRADING_DAYS} days a year",
    "capture_down": f"ratio of annual returns on days on which the benchmark fell, {TRADING_DAYS} days a year",
}


@dataclass(frozen=True, eq=False)
class Attribution:
    """A portfolio beside a benchmark over the last days of a history.

    Attributes:
        portfolio, benchmark: Names.
        first, last: First and last day.
        data_hash: SHA-256 of the closes.
        performances: Numbers of both, the portfolio first.
        alpha, beta: The portfolio's to the benchmark, alpha per year.
        capture_up, capture_down: Capture ratios; nan where the benchmark never rose, or never fell.
        segments: Name of each segment.
        effects: Linked effects of each segment.
        dates: Every day, ISO 8601.
        drawdowns: (days,) for both by name, the portfolio first.
        factors: Names of the factors, and their effects; None if none were given.
        currencies: Names of the currencies, and their effects; None if none were given.
    """

    portfolio: str
    benchmark: str
    first: str
    last: str
    data_hash: str
    performances: tuple[Performance, Performance]
    alpha: float
    beta: float
    capture_up: float
    capture_down: float
    segments: tuple[str, ...]
    effects: Effects
    dates: tuple[str, ...]
    drawdowns: Mapping[str, Array]
    factors: tuple[tuple[str, ...], FactorEffects] | None = None
    currencies: tuple[tuple[str, ...], CurrencyEffects] | None = None


@dataclass(frozen=True)
class Causes:
    """Further causes that an active return is attributed to.

    Attributes:
        factors: File of factors' daily returns, fractions: a column of days, and one for each factor.
        currencies: File of `symbol,currency` lines.
        rates: File of daily closes of currencies in the base currency: a column of days, and one for each currency.
            A currency without a column is the base currency.
    """

    factors: Path | None = None
    currencies: Path | None = None
    rates: Path | None = None

    def __post_init__(self) -> None:
        if (self.currencies is None) != (self.rates is None):
            raise PerformanceError("currencies", "given without their rates, or the other way round", "give both files")


def attribute(
    history: History,
    portfolio: str,
    benchmark: str,
    days: int,
    linking: Linking,
    segments: Mapping[str, str] | None = None,
    window: int = 1000,
    causes: Causes | None = None,
) -> Attribution:
    """Performance and effects of the last `days`, a period a day, both brought back to their weights every day.

    What a recorded portfolio holds in cash is a segment that earns nothing. A segment that one of both does not hold
    has the other's return there, so that nothing of it is selection.

    Args:
        history: Closes.
        portfolio, benchmark: Names from `keepers.operations.risk_backtest.PORTFOLIOS`.
        days: Number of days.
        linking: How effects are added up over days.
        segments: Segment of each symbol; every asset is one of its own for None.
        window: Returns that minimum variance is found from.
        causes: Further causes. Closes are in each asset's own currency where currencies are given, and all numbers
            but the currencies' effects are of local returns then.

    Raises:
        RiskError: If a portfolio is unknown.
        PriceError: If a file cannot be read.
        PerformanceError: If there are too few days, or a symbol, day or currency is missing.
    """
    mine, market = _path(history, portfolio, benchmark, days, window)
    names, member = _members(history.symbols, segments)
    rows = slice(len(history.dates) - days, None)
    returns = history.returns[rows]
    if np.any(np.abs(mine.sum(axis=1) - 1) > CASH) or np.any(np.abs(market.sum(axis=1) - 1) > CASH):
        names, member = (*names, "cash"), _with_cash(member)
        mine, market = (np.column_stack([weights, 1 - weights.sum(axis=1)]) for weights in (mine, market))
        returns = np.column_stack([returns, np.zeros(days)])
    effects = link(_effects(mine, market, returns, member), linking)
    both = np.sum(mine * returns, axis=1), np.sum(market * returns, axis=1)
    alpha, beta = alpha_beta(*both)
    causes = causes or Causes()
    factors, currencies = None, None
    if causes.factors is not None:
        factor_names, table = _aligned(causes.factors, history.dates[rows])
        factors = factor_names, factor_effects(*both, table, linking)
    if causes.currencies is not None and causes.rates is not None:
        currencies = _by_currency(history, rows, (mine, market), (causes.currencies, causes.rates), linking)
    return Attribution(
        portfolio,
        benchmark,
        str(history.dates[rows][0]),
        str(history.dates[-1]),
        history.data_hash,
        (performance(both[0]), performance(both[1])),
        alpha,
        beta,
        capture(*both, up=True),
        capture(*both, up=False),
        names,
        effects,
        tuple(map(str, history.dates[rows])),
        {f"portfolio, {portfolio}": drawdowns(both[0]), f"benchmark, {benchmark}": drawdowns(both[1])},
        factors,
        currencies,
    )


def read_segments(path: Path, group: str = "segment") -> dict[str, str]:
    """Reads a file of `symbol,segment` lines, or of another kind of group.

    Raises:
        PerformanceError: If it cannot be read, or a line is not such a line.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PerformanceError(path, f"unreadable ({error.__class__.__name__})", "give CSV in UTF-8") from error
    if not rows or [cell.strip() for cell in rows[0]] != ["symbol", group]:
        raise PerformanceError(f"{path} line 1", "another header", f"write symbol,{group}")
    found: dict[str, str] = {}
    for line, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        if cells and (len(cells) != 2 or not all(cells) or cells[0] in found):
            raise PerformanceError(f"{path} line {line}", f"no new symbol with a {group}", "write one line for each")
        found.update([(cells[0], cells[1])] if cells else [])
    return found


def lines(found: Attribution) -> list[str]:
    """A tear sheet for a terminal, with the formula beside each number."""
    told = [
        f"{found.portfolio} beside {found.benchmark}, {found.first} to {found.last}, data {found.data_hash[:16]}, "
        f"quantera {__version__}",
        f"  {'':<18}{'portfolio':>12}{'benchmark':>12}",
    ]
    for name, formula in FORMULAS.items():
        values = [f"{getattr(one, name):>12.4f}" for one in found.performances]
        told.append(f"  {name.replace('_', ' '):<18}{''.join(values)}  {formula}")
    told += [
        f"  alpha {found.alpha:+.4f} a year, beta {found.beta:.4f}, up capture {found.capture_up:.3f}, "
        f"down capture {found.capture_down:.3f}",
        f"  {'segment':<18}{'allocation':>12}{'selection':>12}{'interaction':>12}",
    ]
    effects = found.effects
    for index, segment in enumerate(found.segments):
        parts = (effects.allocation[index], effects.selection[index], effects.interaction[index])
        told.append(f"  {segment:<18}" + "".join(f"{part:>+12.4%}" for part in parts))
    sums = (effects.allocation.sum(), effects.selection.sum(), effects.interaction.sum())
    told.append(f"  {'sum':<18}" + "".join(f"{part:>+12.4%}" for part in sums) + f"  active {effects.total:+.4%}")
    return [*told, *_factor_lines(found), *_currency_lines(found)]


def _factor_lines(found: Attribution) -> list[str]:
    if found.factors is None:
        return []
    names, fit = found.factors
    told = [f"  {'factor':<18}{'loading':>12}{'error':>12}{'p':>12}{'effect':>12}"]
    for index, name in enumerate(names):
        numbers = f"{fit.loadings[index]:>12.4f}{fit.errors[index]:>12.4f}{fit.p_values[index]:>12.4f}"
        told.append(f"  {name:<18}{numbers}{fit.effects[index]:>+12.4%}")
    told.append(f"  {'specific':<54}{fit.specific:>+12.4%}  active {fit.total:+.4%}, R2 {fit.r_squared:.4f}")
    return told


def _currency_lines(found: Attribution) -> list[str]:
    if found.currencies is None:
        return []
    names, effects = found.currencies
    told = [f"  {'currency':<18}{'effect':>12}"]
    told += [f"  {name:<18}{effect:>+12.4%}" for name, effect in zip(names, effects.currency, strict=True)]
    told.append(f"  {'local':<18}{effects.local.total:>+12.4%}  active in the base currency {effects.total:+.4%}")
    return told


def as_object(found: Attribution) -> dict[str, Any]:
    """The tear sheet for programs; undefined ratios are null."""
    effects = found.effects
    return {
        "version": __version__,
        "data": f"sha256:{found.data_hash}",
        "first": found.first,
        "last": found.last,
        "portfolio": {"name": found.portfolio, **_defined(asdict(found.performances[0]))},
        "benchmark": {"name": found.benchmark, **_defined(asdict(found.performances[1]))},
        "formulas": FORMULAS,
        **_defined({name: getattr(found, name) for name in ("alpha", "beta", "capture_up", "capture_down")}),
        "active": effects.total,
        "dates": found.dates,
        "drawdowns": {name: values.tolist() for name, values in found.drawdowns.items()},
        "effects": [
            {
                "segment": segment,
                "allocation": float(effects.allocation[index]),
                "selection": float(effects.selection[index]),
                "interaction": float(effects.interaction[index]),
            }
            for index, segment in enumerate(found.segments)
        ],
        "factors": _factors_object(found),
        "currencies": _currencies_object(found),
    }


def _factors_object(found: Attribution) -> dict[str, Any] | None:
    if found.factors is None:
        return None
    names, fit = found.factors
    columns = {"loading": fit.loadings, "error": fit.errors, "p": fit.p_values, "effect": fit.effects}
    rows = [
        {"factor": name, **{key: float(column[index]) for key, column in columns.items()}}
        for index, name in enumerate(names)
    ]
    return {"rows": rows, "specific": fit.specific, **_defined({"r_squared": fit.r_squared}), "active": fit.total}


def _currencies_object(found: Attribution) -> dict[str, Any] | None:
    if found.currencies is None:
        return None
    names, effects = found.currencies
    rows = [{"currency": name, "effect": float(one)} for name, one in zip(names, effects.currency, strict=True)]
    return {"rows": rows, "local": effects.local.total, "active": effects.total}


def _defined(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in values.items()}


def _by_currency(
    history: History, rows: slice, weights: tuple[Array, Array], files: tuple[Path, Path], linking: Linking
) -> tuple[tuple[str, ...], CurrencyEffects]:
    """Names of the currencies, and their effects over some rows of a history whose closes are local."""
    names, member = _members(history.symbols, read_segments(files[0], "currency"), "currency")
    days = history.dates[rows]
    if not rows.start:
        reason = "the first return of the closes needs a rate of the day before it"
        raise PerformanceError(f"{len(days)} days", reason, "choose fewer")
    found, closes = _aligned(files[1], (history.dates[rows.start - 1], *days))
    if not np.all(closes > 0):
        raise PerformanceError(files[1], "has a rate that is not positive", "correct the cell")
    of_name = dict(zip(found, (np.diff(closes, axis=0) / closes[:-1]).T, strict=True))
    rates = np.column_stack([of_name.get(name, np.zeros(len(days))) for name in names])
    return names, currency_effects(*weights, history.returns[rows], rates @ member.T, member, linking)


def _aligned(path: Path, days: Sequence[date]) -> tuple[tuple[str, ...], Array]:
    """Names of a table's columns, and its rows of some days."""
    table = read_table(path)
    of_day = {moment.date(): row for row, moment in enumerate(table.index)}
    for day in days:
        if day not in of_day:
            raise PerformanceError(f"{path}", f"has no row of {day}", "add it")
    try:
        values = table.to_numpy(np.float64)[[of_day[day] for day in days]]
    except (ValueError, TypeError):
        raise PerformanceError(path, "has cells that are no numbers", "correct them") from None
    return tuple(map(str, table.columns)), values


def _members(
    symbols: tuple[str, ...], segments: Mapping[str, str] | None, group: str = "segment"
) -> tuple[tuple[str, ...], Array]:
    """Names of segments, or of another kind of group, and (assets, segments) with a one where an asset is a member."""
    if segments is None:
        return symbols, np.eye(len(symbols))
    for symbol in symbols:
        if symbol not in segments:
            raise PerformanceError(f"symbol {symbol}", f"has no {group}", "add a line for it")
    names = tuple(dict.fromkeys(segments[symbol] for symbol in symbols))
    member = np.array([[float(segments[symbol] == name) for name in names] for symbol in symbols])
    return names, member


def _with_cash(member: Array) -> Array:
    """(assets + 1, segments + 1), with cash as the last asset and a segment of its own."""
    found = np.pad(member, ((0, 1), (0, 1)))
    found[-1, -1] = 1.0
    return found


def _path(history: History, portfolio: str, benchmark: str, days: int, window: int) -> tuple[Array, Array]:
    """(days, assets) of weights of a portfolio and of a benchmark on the last days.

    Raises:
        RiskError: If one of them is unknown.
        PerformanceError: If there are too few days.
    """
    needed = days + (window if "minimum variance" in (portfolio, benchmark) else 0)
    if days < 2 or needed > len(history.dates):
        most = len(history.dates) - (needed - days)
        raise PerformanceError(f"{days} days", f"not between 2 and {most}", "choose another number of days")
    mine, market = (portfolio_weights(name, history, Protocol(window))[-days:] for name in (portfolio, benchmark))
    return mine, market


def _effects(mine: Array, market: Array, returns: Array, member: Array) -> Effects:
    """Daily effects of segments, of weights (days, assets)."""
    weights, base = mine @ member, market @ member
    earned, earned_base = (mine * returns) @ member, (market * returns) @ member
    held, held_base = weights > 0, base > 0
    own = np.where(held, earned / np.where(held, weights, 1.0), 0.0)
    theirs = np.where(held_base, earned_base / np.where(held_base, base, 1.0), own)
    own = np.where(held, own, theirs)
    return brinson_fachler(weights, base, own, theirs)
