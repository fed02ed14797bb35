"""Predictive alerts of a portfolio: the probability of each breach, calibrated on history, with its hit rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from keepers import __version__
from keepers.operations.risk_backtest import History, current_weights
from keepers.operations.risk_hours import (
    Forecast,
    Terms,
    count_forecasts,
    default_hours,
    forecast_hours,
    hourly_bars,
    why_none,
)
from keepers.operations.risk_simulation import WINDOW
from keepers.risk.alerts import EwmaHistory, Rehearsal, Start, breach_probabilities, rehearsal_days, rehearse
from keepers.risk.backtests.probabilities import (
    Bin,
    Calibration,
    Hits,
    brier_score,
    count_hits,
    fit_calibration,
    reliability,
)
from keepers.risk.errors import RiskError
from keepers.risk.monte_carlo import degrees_of, tail_factor
from keepers.risk.reverse_stress import Limits

PATHS, REHEARSAL_PATHS = 20_000, 500
MODEL = "filtered historical simulation, decay 0.94, VaR limit by the quantile of a fitted t"
DAYS = ("1d", "5d", "10d")
THRESHOLD = 0.25
LEAST_FORECASTS = 20
"""Forecasts in each half of a history, below which nothing is calibrated or scored."""


@dataclass(frozen=True)
class Score:
    """Forecasts of the later half of a history, with the calibration of the earlier half.

    Attributes:
        forecasts, events: Number of forecasts, and of breaches.
        brier_simulated, brier: Brier scores as simulated and as calibrated.
        brier_base: Brier score of always saying how often breaches came in the earlier half.
        hits: Alerts beside breaches.
        bins: Forecast and observed frequencies.
    """

    forecasts: int
    events: int
    brier_simulated: float
    brier: float
    brier_base: float
    hits: Hits
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Alert:
    """The probability of one breach.

    Attributes:
        limit: Name of the limit.
        value: The limit, a fraction.
        horizon: Horizon as it was asked for, such as 4h or 5d.
        simulated, probability: Probability as simulated, and as calibrated.
        raised: True if the probability reaches the threshold.
        note: Fallback that the calibration took; empty if none.
        score: Record of such forecasts; None where the history says nothing about them.
    """

    limit: str
    value: float
    horizon: str
    simulated: float
    probability: float
    raised: bool
    note: str
    score: Score | None


@dataclass(frozen=True)
class Alerts:
    """All alerts of a portfolio.

    Attributes:
        portfolio: Name.
        as_of: Last day of the closes.
        hours_from: Moment from which hours count: that of the last price; empty where only closes are known.
        data_hash: SHA-256 of the closes.
        threshold: Probability from which on an alert is raised.
        paths, seed: Simulation.
        alerts: One for each limit and horizon.
    """

    portfolio: str
    as_of: str
    hours_from: str
    data_hash: str
    threshold: float
    paths: int
    seed: int
    alerts: tuple[Alert, ...]


def horizon_days(text: str) -> float:
    """Days of a horizon such as 4h or 5d; 24 hours are a day.

    Raises:
        RiskError: If it is neither.
    """
    number, unit = text[:-1], text[-1:]
    most = {"h": 23, "d": 60}.get(unit, 0)
    if not (number.isascii() and number.isdigit() and 1 <= int(number) <= most):
        raise RiskError(f"horizon '{text}'", "neither 1h to 23h nor 1d to 60d", "give 4h or 5d")
    return int(number) / 24 if unit == "h" else float(number)


def default_horizons(history: History) -> tuple[str, ...]:
    """Horizons that are looked at if nobody names others: hours within which a price usually comes, and days."""
    return (default_hours(history), *DAYS)


def rehearsals(history: History, horizons: Sequence[str] = ()) -> int:
    """Number of forecasts over a history that `alerts_of` makes; without horizons, for the default ones.

    Raises:
        RiskError: If a horizon is none.
    """
    days = [horizon_days(text) for text in dict.fromkeys(horizons or default_horizons(history))]
    longest = int(max(days, default=0))
    count = len(rehearsal_days(len(history.dates), WINDOW, longest)) if longest else 0
    count += sum(count_forecasts(history, 24 * day) for day in days if day < 1)
    return count


def alerts_of(
    history: History,
    portfolio: str,
    limits: Limits,
    horizons: Sequence[str] = (),
    *,
    drawdown: float = 0.0,
    threshold: float = THRESHOLD,
    paths: int = PATHS,
    seed: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Alerts:
    """Probabilities at the end of a history, calibrated on its earlier half and scored on its later half.

    Args:
        history: Closes.
        portfolio: Name from `keepers.operations.risk_backtest.PORTFOLIOS`.
        limits: Limits that are watched.
        horizons: Horizons such as 4h or 5d; without any, those of `default_horizons`.
        drawdown: Fraction that the portfolio is below its high-water mark now.
        threshold: Probability from which on an alert is raised.
        paths, seed: Simulation.
        progress: Called with 1 after every forecast of the history.

    Raises:
        RiskError: If there is no limit, a number is out of range, or there is too little history.
    """
    _check(limits, seed, threshold)
    unique = tuple(dict.fromkeys(horizons or default_horizons(history)))
    days = [horizon_days(text) for text in unique]
    weights = current_weights(portfolio, history, WINDOW)
    held = np.flatnonzero(weights)
    returns, weights = history.returns[:, held], weights[held]
    ewma, end = EwmaHistory(returns), returns.shape[0]
    start = Start(weights, ewma.covariance(end), ewma.shocks(end, WINDOW), drawdown)
    factor = tail_factor(degrees_of(start.shocks))
    found = breach_probabilities(start, limits, days, paths, (seed,), factor)
    whole = tuple(sorted({int(day) for day in days if day >= 1}))
    past = None
    if whole:
        past = rehearse(returns, weights, limits, whole, WINDOW, REHEARSAL_PATHS, seed, drawdown, progress)
    bars, terms = hourly_bars(history), Terms(limits, factor, paths, REHEARSAL_PATHS, seed)
    forecasts = []
    for index, day in enumerate(days):
        simulated = {name: float(values[index]) for name, values in found.items()}
        if past is not None and day >= 1:
            forecasts.append(Forecast(simulated, past, whole.index(int(day))))
            continue
        hours = why_none(history) if bars is None else forecast_hours(bars, start, 24 * day, terms, held, progress)
        forecasts.append(Forecast(simulated, None, 0, f"as simulated: {hours}") if isinstance(hours, str) else hours)
    told = tuple(
        _alert(name, float(asdict(limits)[name]), text, one, threshold)
        for name in found
        for text, one in zip(unique, forecasts, strict=True)
    )
    hours_from = "" if bars is None else f"{bars.moments[-1]:%Y-%m-%d %H:%M}"
    return Alerts(portfolio, str(history.dates[-1]), hours_from, history.data_hash, threshold, paths, seed, told)


def _check(limits: Limits, seed: int, threshold: float) -> None:
    if all(value is None for value in asdict(limits).values()):
        raise RiskError("limits", "none is given", "give --max-drawdown, --max-var, --max-weight or another")
    if seed < 0:
        raise RiskError(f"seed {seed}", "negative", "give 0 or more")
    if not 0 < threshold < 1:
        raise RiskError(f"threshold {threshold}", "not between 0 and 1", "give 0.25 for 25%")


def _alert(name: str, value: float, text: str, one: Forecast, threshold: float) -> Alert:
    simulated = one.simulated[name]
    if one.past is None:
        return Alert(name, value, text, simulated, simulated, simulated >= threshold, one.note, None)
    calibration, score = judge(one.past, name, one.column, threshold)
    # A limit that is breached now is no forecast.
    final = 1.0 if simulated == 1.0 else float(calibration.apply(np.array([simulated]))[0])
    return Alert(name, value, text, simulated, final, final >= threshold, calibration.note, score)


def judge(past: Rehearsal, name: str, column: int, threshold: float) -> tuple[Calibration, Score | None]:
    """Calibrates forecasts on the earlier half of a rehearsal and scores them on the later one.

    Args:
        past: Forecasts and what happened.
        name: Limit.
        column: Index of the horizon.
        threshold: Probability from which on an alert is raised.

    Returns:
        The calibration, and the score; None if a half has fewer than 20 forecasts.
    """
    said, came = past.probabilities[name][:, column], past.happened[name][:, column]
    known = ~np.isnan(said)
    said, came = said[known], came[known]
    middle = said.size // 2
    least = 0.5 / REHEARSAL_PATHS
    if middle < LEAST_FORECASTS:
        note = f"as simulated: {said.size} forecasts, fewer than {2 * LEAST_FORECASTS}"
        return Calibration(0.0, 1.0, least, note), None
    calibration = fit_calibration(said[:middle], came[:middle], least)
    later, events = said[middle:], came[middle:]
    final = calibration.apply(later)
    base = np.full(later.size, float(came[:middle].mean()))
    score = Score(
        int(later.size),
        int(events.sum()),
        brier_score(later, events),
        brier_score(final, events),
        brier_score(base, events),
        count_hits(final, events, threshold),
        reliability(final, events),
    )
    return calibration, score


def lines(found: Alerts) -> list[str]:
    """Alerts for a terminal."""
    told = [
        f"{found.portfolio} as of {found.as_of}, {MODEL}, {found.paths:,} paths, seed {found.seed}, "
        f"data {found.data_hash[:16]}, quantera {__version__}"
    ]
    if found.hours_from:
        told.append(f"hours count from the last price, {found.hours_from}")
    for one in found.alerts:
        told.append(
            f"{'ALERT' if one.raised else '     '} {one.limit} above {one.value:.2%} within {one.horizon}: "
            f"{one.probability:.2%} (simulated {one.simulated:.2%})"
        )
        if one.note:
            told.append(f"        {one.note}")
        if one.score:
            score, hits = one.score, one.score.hits
            told.append(
                f"        later half: {score.events} breaches in {score.forecasts} forecasts; {hits.hits} of "
                f"{hits.raised} alerts came true, {hits.missed} breaches had none; Brier {score.brier:.4f} "
                f"(simulated {score.brier_simulated:.4f}, base rate {score.brier_base:.4f})"
            )
    return told


def as_object(found: Alerts) -> dict[str, Any]:
    """Alerts for programs."""
    return {"version": __version__, "model": MODEL, **asdict(found)}
