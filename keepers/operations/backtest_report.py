"""A backtest as text, as JSON, and as a tear sheet with baselines on every chart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers import __version__
from keepers.operations.backtest import (
    BASELINES,
    EXCESS_BLOCK,
    EXCESS_RESAMPLES,
    EXCESS_SEED,
    Finding,
    Score,
    trades_of,
)
from keepers.operations.report.document import Cell, Chart, Column, Origin, Report, Section, Series, Table
from keepers.operations.risk_attribution import FORMULAS
from keepers.portfolio.overfitting import Overfitting
from keepers.portfolio.performance import TRADING_DAYS, Performance, drawdowns, performance, rolling
from keepers.portfolio.state import WAD

Array = NDArray[np.float64]

SURVIVORS = (
    "The packaged closes are of companies that still existed in 2022: their returns are no evidence of what a strategy "
    "earns. Compare portfolios with the baselines, which hold the same companies."
)
PART = "backtest-table"
"""Name of the generated part of a page."""
_NAMES = 26
"""Characters of a terminal's line that a name has."""
_POINTS = 800
"""Days that a chart shows at most; the last one is always among them."""
_LAST_TRADES = 20


def lines(found: Finding) -> list[str]:
    """A backtest for a terminal: a line for each portfolio and baseline, then what was refused."""
    study = found.study
    head = (
        f"{study.days[0]} to {study.days[-1]}, {len(study.days):,} days of {len(study.span.prices.symbols)} assets, "
        f"data {study.history.data_hash[:16]}, quantera {__version__}"
    )
    titles = ("return/y", "vol/y", "drawdown", "Sharpe", "DSR", "turnover/y", "cost/y", "trades")
    shown = [head, "", f"{'':<{_NAMES}}" + "".join(f"{title:>11}" for title in titles)]
    for name, score in found.scores.items():
        own = (_ratio(score.deflated.probability), f"{score.turnover:.1%}", f"{score.cost:.3%}", f"{score.trades:,}")
        shown.append(_line(name, score.performance, own))
    for name in BASELINES:
        shown.append(_line(name, performance(found.returns(name)), ("", "", "", "")))
    shown.append("")
    shown += [f"{name}: {note}" for name, score in found.scores.items() for note in _notes(score)]
    if found.overfitting is not None:
        shown.append(_overfitting_line(found.overfitting))
    shown.append(f"DSR is the deflated Sharpe ratio after {study.trials} trials.")
    return [*shown, *([SURVIVORS] if study.settings.data.prices is None else [])]


def as_object(found: Finding) -> dict[str, Any]:
    """A backtest for programs, with everything that it was computed from. Undefined numbers are null."""
    study = found.study
    return {
        "version": __version__,
        "data": {
            "sha256": study.history.data_hash,
            "symbols": study.span.prices.symbols,
            "findings": study.history.findings,
            "first": str(study.days[0]),
            "last": str(study.days[-1]),
            "survivors_only": study.settings.data.prices is None,
        },
        "settings": study.settings.model_dump(mode="json"),
        "trials": study.trials,
        "overfitting": None if found.overfitting is None else asdict(found.overfitting),
        "portfolios": {name: _portfolio(found, name) for name in found.tracks},
        "baselines": {
            name: {"performance": _defined(asdict(performance(found.returns(name)))), "values": _listed(found, name)}
            for name in BASELINES
        },
    }


def markdown(found: Finding, command: str) -> str:
    """The portfolios beside the baselines as a Markdown table, those of the highest return above equal weight first.

    Args:
        found: Outcome of a backtest.
        command: Command that computes it again.
    """
    study = found.study
    ranked = sorted(found.scores, key=lambda name: -found.excess[name].mean)
    better = [name for name in ranked if found.excess[name].low > 0]
    verdict = f"These do: {', '.join(f'`{name}`' for name in better)}." if better else "None of them does."
    head = (
        f"**Does a portfolio return more than equal weight of the same assets, beyond the 95% interval? {verdict}** "
        f"{len(study.days):,} days of {len(study.span.prices.symbols)} assets, {study.days[0]} to {study.days[-1]}, "
        "net of fees and costs; the baselines have neither limits, costs nor cash. Above equal weight is the "
        f"mean of daily differences times {TRADING_DAYS}, its interval by the stationary bootstrap, mean block "
        f"{EXCESS_BLOCK} days, {EXCESS_RESAMPLES:,} resamples, seed {EXCESS_SEED}. DSR is the deflated Sharpe ratio "
        f"after {study.trials} trials. `{command}`, quantera {__version__}, data SHA-256 `{study.history.data_hash}`."
    )
    titles = "portfolio | above equal weight a year | return a year | volatility | drawdown | Sharpe | DSR"
    columns = f"| {titles} | turnover a year | costs a year | trades | refused |"
    table = [columns, "|---" + "|--:" * 10 + "|"]
    for name in ranked:
        score, excess = found.scores[name], found.excess[name]
        own = (_ratio(score.deflated.probability), f"{score.turnover:.0%}", f"{score.cost:.2%}", f"{score.trades:,}")
        above = f"{excess.mean:+.2%} ({excess.low:+.2%} to {excess.high:+.2%})"
        table.append(_row(name, above, score.performance, (*own, f"{sum(score.refused.values()):,}")))
    table += [_row(name, "", performance(found.returns(name)), ("",) * 5) for name in BASELINES]
    closing = [_overfitting_line(found.overfitting)] if found.overfitting is not None else []
    closing += [SURVIVORS] if study.settings.data.prices is None else []
    return "\n".join([head, "", *table, "", " ".join(closing)]).rstrip()


def report(found: Finding, command: str) -> Report:
    """The tear sheet.

    Args:
        found: Outcome of a backtest.
        command: Command that prints the same numbers again.
    """
    study = found.study
    origin = Origin(str(study.days[-1]), "keepers.backtest", f"sha256:{study.history.data_hash}", command)
    facts = {
        "Days": f"{study.days[0]} to {study.days[-1]}, {len(study.days):,} trading days",
        "Assets": ", ".join(study.span.prices.symbols),
        "Capital": f"{study.span.capital:,} USD",
        "Trials": str(study.trials),
        "Software": f"quantera {__version__}, numpy {np.__version__}",
        "Reproduce with": command,
    }
    sections = [_summary(found, origin)]
    sections += [_portfolio_section(found, name, origin) for name in found.tracks]
    return Report("Backtest: " + ", ".join(found.tracks), facts, tuple(sections))


def _line(name: str, numbers: Performance, own: tuple[str, ...]) -> str:
    shared = (
        f"{numbers.annual_return:.2%}",
        f"{numbers.annual_volatility:.2%}",
        f"{numbers.max_drawdown:.2%}",
        _ratio(numbers.sharpe),
    )
    return f"{name:<{_NAMES}}" + "".join(f"{cell:>11}" for cell in (*shared, *own))


def _row(name: str, above: str, numbers: Performance, own: tuple[str, ...]) -> str:
    shared = (f"{numbers.annual_return:.2%}", f"{numbers.annual_volatility:.2%}", f"{numbers.max_drawdown:.1%}")
    return "| " + " | ".join((name, above, *shared, _ratio(numbers.sharpe), *own)) + " |"


def _ratio(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "n/a"


def _notes(score: Score) -> list[str]:
    """Sentences about what a portfolio was kept from, and what its signal could not decide."""
    found = []
    if score.refused:
        counts = ", ".join(f"{count} by {bound}" for bound, count in score.refused.items())
        found.append(f"{sum(score.refused.values())} proposals were refused: {counts}")
    states = ", ".join(f"{count:,} days {state}" for state, count in score.states.items())
    found.append(f"breaker: {states}")
    if score.fees:
        found.append(f"the recipient of fees has {score.fees:.2%} of all shares in the end")
    if score.fallbacks:
        found.append(f"the signal could not decide on {score.fallbacks:,} days, and the strategy was held")
    return found


def _overfitting_line(found: Overfitting) -> str:
    return (
        f"Probability of backtest overfitting: {found.probability:.1%} of {found.splits:,} splits of {found.days:,} "
        f"days into {found.blocks} blocks; the chosen portfolio loses in {found.loss:.1%}."
    )


def _defined(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in values.items()
    }


def _listed(found: Finding, name: str) -> list[float]:
    return [float(value) for value in found.values(name)]


def _portfolio(found: Finding, name: str) -> dict[str, Any]:
    """Numbers, path, trades and refusals of one portfolio."""
    score, track = found.scores[name], found.tracks[name]
    settings = next(each.settings for each in found.study.participants if each.name == name)
    numbers = asdict(score)
    numbers["performance"], numbers["deflated"] = _defined(numbers["performance"]), _defined(numbers["deflated"])
    return {
        "settings": settings.model_dump(mode="json"),
        **_defined(numbers),
        "path": [
            {
                "day": str(day.day),
                "nav": day.nav / WAD,
                "share_price": day.share_price / WAD,
                "cash": day.weights[0],
                "state": day.state,
                "outcome": day.outcome,
                "model": day.model,
                "confidence": day.confidence,
                "turnover": day.turnover,
            }
            for day in track.days
        ],
        "trades": [
            {"day": str(day.day), "symbol": symbol, "usd": usd, "cost_usd": cost, "reason": day.reason}
            for day, symbol, usd, cost in trades_of(track, found.study.span.prices.symbols)
        ],
        "refused": [
            {"day": str(day.day), "bound": refusal.error, "reason": refusal.text}
            for day in track.days
            for refusal in day.refusals
        ],
        "fell_back": [{"day": str(day), "reason": reason} for day, reason in track.fallbacks],
    }


def _summary(found: Finding, origin: Origin) -> Section:
    """Every portfolio beside the baselines, in one table."""
    columns = (
        Column("portfolio"), Column("return a year", "fraction"), Column("volatility a year", "fraction"),
        Column("largest drawdown", "fraction"), Column("Sharpe", "number", 3), Column("deflated Sharpe", "number", 3),
        Column("alpha a year", "fraction"), Column("beta", "number", 3), Column("turnover a year", "fraction", 1),
        Column("costs a year", "fraction", 3), Column("trades", "count"), Column("refused", "count"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for name, score in found.scores.items():
        own = (score.deflated.probability, score.alpha, score.beta, score.turnover, score.cost, score.trades)
        rows.append((name, *_shared(score.performance), *own, sum(score.refused.values())))
    for name in BASELINES:
        rows.append((name, *_shared(performance(found.returns(name))), None, None, None, None, None, None, None))
    text = [
        f"Returns are of the share price, net of fees and of the costs of trading. The deflated Sharpe ratio is the "
        f"probability that the true ratio is above what the best of {found.study.trials} trials without skill would "
        "have (Bailey and Lopez de Prado 2014).",
        "; ".join(f"{name}: {FORMULAS[name]}" for name in ("annual_return", "annual_volatility", "sharpe")) + ".",
    ]
    if found.overfitting is not None:
        text.append(_overfitting_line(found.overfitting) + " (Bailey, Borwein, Lopez de Prado and Zhu 2017)")
    if found.study.settings.data.prices is None:
        text.append(SURVIVORS)
    table = Table("Portfolios beside the baselines", columns, tuple(rows), origin)
    return Section("Summary", tuple(text), (table,))


def _shared(numbers: Performance) -> tuple[Cell, ...]:
    return numbers.annual_return, numbers.annual_volatility, numbers.max_drawdown, numbers.sharpe


def _portfolio_section(found: Finding, name: str, origin: Origin) -> Section:
    """Charts of one portfolio beside the baselines, what refused it, and its last trades."""
    score, track = found.scores[name], found.tracks[name]
    refused: tuple[tuple[Cell, ...], ...] = tuple(score.refused.items())
    trades = trades_of(track, found.study.span.prices.symbols)[-_LAST_TRADES:]
    latest: tuple[tuple[Cell, ...], ...] = tuple(
        (str(day.day), symbol, usd, cost, day.reason) for day, symbol, usd, cost in trades
    )
    tables = [_years(found, name, origin)]
    if refused:
        tables.append(Table("Refused proposals", (Column("bound"), Column("times", "count")), refused, origin))
    if latest:
        columns = (
            Column("day"), Column("asset"), Column("bought, USD", "number", 0), Column("cost, USD", "number"),
            Column("reason"),
        )  # fmt: skip
        tables.append(Table("Last trades", columns, latest, origin))
    return Section(name, tuple(f"{note}." for note in _notes(score)), tuple(tables), _charts(found, name, origin))


def _charts(found: Finding, name: str, origin: Origin) -> tuple[Chart, ...]:
    """Growth, drawdown, and a year's Sharpe ratio and volatility, of a portfolio and of the baselines."""
    names, days = (name, *BASELINES), found.study.days
    charts = [
        _chart("Value of one unit", days, {each: found.values(each) for each in names}, "number", origin),
        _chart("Drawdown", days, {each: -drawdowns(found.returns(each)) for each in names}, "fraction", origin),
    ]
    window = min(TRADING_DAYS, len(days))
    for measure, unit in (("sharpe", "number"), ("volatility", "fraction")):
        values = {each: rolling(found.returns(each), window, measure) for each in names}
        title = f"{measure.capitalize()} of the last {window} days, a year"
        charts.append(_chart(title, days[window - 1 :], values, unit, origin))
    return tuple(charts)


def _chart(title: str, days: tuple[date, ...], values: Mapping[str, Array], unit: Any, origin: Origin) -> Chart:
    """A chart of at most so many days, evenly apart; days on which a number is undefined are left out."""
    every = -(-len(days) // _POINTS)
    rows = [
        row
        for row in range((len(days) - 1) % every, len(days), every)
        if all(math.isfinite(value[row]) for value in values.values())
    ]
    series = tuple(Series(name, tuple(float(value[row]) for row in rows)) for name, value in values.items())
    shown = title if every == 1 else f"{title}, each {every}th day"
    return Chart(shown, "lines", tuple(str(days[row]) for row in rows), series, unit, origin)


def _years(found: Finding, name: str, origin: Origin) -> Table:
    """Returns of each calendar year."""
    days = np.array([day.year for day in found.study.days])
    returns = {each: found.returns(each) for each in (name, *BASELINES)}
    rows: list[tuple[Cell, ...]] = []
    for year in sorted(set(days.tolist())):
        grown = [float(np.prod(1 + values[days == year])) - 1 for values in returns.values()]
        rows.append((str(year), *grown))
    columns = (Column("year"), *(Column(each, "fraction") for each in returns))
    return Table("Returns by year", columns, tuple(rows), origin)
