"""A backtest as text, as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers import __version__
from keepers.operations.risk_backtest import History, Result, passes_holm
from keepers.risk.backtests.calibration import Rate
from keepers.risk.backtests.outcome import Outcome
from keepers.risk.backtests.rolling import Protocol, Track
from keepers.risk.backtests.scoring import confidence_set, diebold_mariano, fz0_loss
from keepers.risk.models import Factors

Array = NDArray[np.float64]

DEMO_DAYS = (date(2019, 8, 1), date(2020, 6, 30))
"""Days that `make demo` replays."""


def lines(results: Sequence[Result], history: History) -> list[str]:
    """A backtest for a terminal: a block for each model, portfolio and level, a line for each test."""
    found = [f"closes of {len(history.symbols)} assets, data {history.data_hash[:16]}, quantera {__version__}"]
    for result in results:
        days = result.outcomes[0].observations
        found += [
            "",
            f"{result.model}, {result.portfolio}, {result.level:.1%}: exceeded on {result.exceeded:,} of {days:,} "
            f"days, {result.expected:,.1f} expected",
            f"  {'test':<17}{'statistic':>10}{'critical':>10}{'p':>9}{'N':>7}  result",
            *(_line(outcome) for outcome in result.outcomes),
            *(f"  fallback: {note}" for note in result.notes),
        ]
    return found


def _line(outcome: Outcome) -> str:
    said = "accepted" if outcome.accepted else "REJECTED"
    note = f", {outcome.note}" if outcome.note else ""
    return (
        f"  {outcome.test:<17}{outcome.statistic:>10.4f}{outcome.critical:>10.4f}{outcome.p_value:>9.4f}"
        f"{outcome.observations:>7}  {said}{note}"
    )


def as_object(
    results: Sequence[Result],
    history: History,
    protocol: Protocol,
    tracks: Mapping[tuple[str, str], Track] | None = None,
    factors: Factors | None = None,
) -> dict[str, Any]:
    """A backtest for programs, with what it was computed from. Infinite critical values are null.

    Args:
        results: Tests of every model, portfolio and level.
        history: Closes.
        protocol: How forecasts were made.
        tracks: Forecasts by model and portfolio that are told day by day; None to tell none.
        factors: Given factors of the models; None if there were none.
    """
    given = {} if factors is None else {"factors": {"sha256": factors.digest, "names": factors.names}}
    return {
        **({} if tracks is None else {"forecasts": [_forecasts(key, one, history) for key, one in tracks.items()]}),
        "version": __version__,
        "data": {
            "sha256": history.data_hash,
            "symbols": history.symbols,
            "findings": history.findings,
            "first": str(history.dates[protocol.window]),
            "last": str(history.dates[-1]),
        },
        **given,
        "protocol": asdict(protocol),
        "results": [_object(result) for result in results],
    }


def _forecasts(key: tuple[str, str], track: Track, history: History) -> dict[str, Any]:
    """Returns and value at risk of every day, fractions, the latter by level."""
    return {
        "model": key[0],
        "portfolio": key[1],
        "dates": [str(day) for day in history.dates[-track.returns.size :]],
        "returns": track.returns.tolist(),
        "var": {f"{level:g}": track.var[index].tolist() for index, level in enumerate(track.levels)},
    }


def _object(result: Result) -> dict[str, Any]:
    found = asdict(result)
    for line, outcome in zip(found["outcomes"], result.outcomes, strict=True):
        line["accepted"] = outcome.accepted
        line["critical"] = outcome.critical if abs(outcome.critical) != float("inf") else None
    return found


def summary_table(results: Sequence[Result], test_level: float) -> str:
    """A line for each model: how many tests reject at each level, and whether the whole row passes. Markdown."""
    levels = sorted({result.level for result in results})
    rows = [
        "| model | " + " | ".join(f"rejected at {level:.0%}" for level in levels) + " | every test | after Holm |",
        "|---|" + "--:|" * len(levels) + "---|---|",
    ]
    for model, group in groupby(results, key=lambda result: result.model):
        mine = list(group)
        outcomes = [outcome for result in mine for outcome in result.outcomes]
        counts = []
        for level in levels:
            at = [outcome for result in mine if result.level == level for outcome in result.outcomes]
            counts.append(f"{sum(not outcome.accepted for outcome in at)} of {len(at)}")
        every = "passes" if all(outcome.accepted for outcome in outcomes) else "fails"
        holm = "passes" if passes_holm(outcomes, test_level) else "fails"
        rows.append(f"| {model} | " + " | ".join(counts) + f" | {every} | {holm} |")
    return "\n".join(rows)


def full_table(results: Sequence[Result]) -> str:
    """A line for each model, portfolio and level with the p-value of every test, bold where it rejects. Markdown."""
    names = [outcome.test for outcome in results[0].outcomes]
    rows = [
        "| model | portfolio | level | exceeded | expected | " + " | ".join(names) + " |",
        "|---|---|--:|--:|--:|" + "--:|" * len(names),
    ]
    for result in results:
        cells = [_cell(outcome) for outcome in result.outcomes]
        head = f"{result.model} | {result.portfolio} | {result.level:.0%} | {result.exceeded} | {result.expected:.1f}"
        rows.append(f"| {head} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _cell(outcome: Outcome) -> str:
    text = f"{outcome.p_value:.3f}" if outcome.p_value >= 0.0005 else "<0.001"
    return text if outcome.accepted else f"**{text}**"


def size_table(rates: Sequence[Rate]) -> str:
    """Sizes in percent: with ties counted in part and, in brackets, of what a user sees. Markdown."""
    columns = sorted({(rate.level, rate.days) for rate in rates})
    rows = [
        "| test | " + " | ".join(f"{level:.1%}, N = {days}" for level, days in columns) + " |",
        "|---|" + "--:|" * len(columns),
    ]
    for test in dict.fromkeys(rate.test for rate in rates):
        cells = []
        for column in columns:
            (rate,) = (found for found in rates if found.test == test and (found.level, found.days) == column)
            cells.append(f"{100 * rate.randomised:.1f} ({100 * rate.decided:.1f})")
        rows.append(f"| {test} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def power_table(rates: Sequence[Rate]) -> str:
    """Powers in percent: a line for each truth, level and length, a column for each test. Markdown."""
    names = list(dict.fromkeys(rate.test for rate in rates))
    rows = ["| truth | level | N | " + " | ".join(names) + " |", "|---|--:|--:|" + "--:|" * len(names)]
    for truth, level, days in dict.fromkeys((rate.truth, rate.level, rate.days) for rate in rates):
        values = {
            rate.test: rate.decided for rate in rates if (rate.truth, rate.level, rate.days) == (truth, level, days)
        }
        cells = " | ".join(f"{100 * values[name]:.0f}" for name in names)
        rows.append(f"| {truth} | {level:.1%} | {days} | {cells} |")
    return "\n".join(rows)


def score_table(tracks: Mapping[tuple[str, str], Track], standing: str, set_size: float = 0.1) -> str:
    """Mean FZ0 losses: bold in the model confidence set, an asterisk where the default is told apart. Markdown.

    Args:
        tracks: Forecasts by model and portfolio.
        standing: Model that the others are compared with by Diebold and Mariano's test, at 5%.
        set_size: Probability that the best model is left out of the confidence set.
    """
    models = list(dict.fromkeys(model for model, _ in tracks))
    portfolios = list(dict.fromkeys(portfolio for _, portfolio in tracks))
    levels = next(iter(tracks.values())).levels
    cells: dict[str, list[str]] = {model: [] for model in models}
    for portfolio in portfolios:
        for index, level in enumerate(levels):
            losses = {model: _fz0(tracks[model, portfolio], index, level) for model in models}
            kept = confidence_set(losses, set_size)
            for model in models:
                text = f"{float(losses[model].mean()):.4f}"
                apart = model != standing and diebold_mariano(losses[model], losses[standing]).p_value < 0.05
                cells[model].append((f"**{text}**" if model in kept else text) + ("*" if apart else ""))
    heads = [f"{portfolio}, {level:.0%}" for portfolio in portfolios for level in levels]
    rows = ["| model | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    return "\n".join(rows + [f"| {model} | " + " | ".join(cells[model]) + " |" for model in models])


def demo_table(tracks: Mapping[tuple[str, str], Track], dates: Sequence[date], portfolio: str) -> str:
    """Exceedances of a portfolio between two dates: a line for each model, a column for each level. Markdown.

    Args:
        tracks: Forecasts by model and portfolio.
        dates: Day of each forecast, of which those within DEMO_DAYS count.
        portfolio: Name of the portfolio.
    """
    inside = np.array([DEMO_DAYS[0] <= day <= DEMO_DAYS[1] for day in dates])
    mine = {model: track for (model, name), track in tracks.items() if name == portfolio}
    levels = next(iter(mine.values())).levels
    heads = [f"{level:.0%}: of {inside.sum()} days, {inside.sum() * (1 - level):.1f} expected" for level in levels]
    rows = ["| model | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(heads)]
    for model, track in mine.items():
        counts = [str(int(track.exceeded(index)[inside].sum())) for index in range(len(levels))]
        rows.append(f"| {model} | " + " | ".join(counts) + " |")
    return "\n".join(rows)


def caution_table(
    names: Mapping[str, str],
    held: Mapping[tuple[str, str], Track],
    estimated: Mapping[tuple[str, str], Track],
    level: float = 0.99,
) -> str:
    """Value at risk of stepped models over that of their estimates: a line for each model and portfolio. Markdown.

    Args:
        names: The estimate's model by the stepped model's.
        held, estimated: Forecasts by model and portfolio.
        level: Confidence of the value at risk, one of the tracks'.
    """
    rows = ["| model | portfolio | mean | higher | lower | lowest |", "|---|---|--:|--:|--:|--:|"]
    for (model, portfolio), track in held.items():
        index = track.levels.index(level)
        ratios = track.var[index] / estimated[names[model], portfolio].var[index]
        cells = (ratios.mean(), np.mean(ratios > 1.01), np.mean(ratios < 0.99), ratios.min())
        rows.append(f"| {model} | {portfolio} | " + " | ".join(f"{float(cell):.1%}" for cell in cells) + " |")
    return "\n".join(rows)


def _fz0(track: Track, index: int, level: float) -> Array:
    return fz0_loss(track.returns, track.var[index], track.shortfall[index], level)
