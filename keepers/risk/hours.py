"""Probability that a portfolio breaches its limits in the next hours, from bars, and forecasts of it over a history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.market.bars import Bars
from keepers.risk.alerts import FIRST_DAYS, LEAST_SHOCKS, REFIT_DAYS, EwmaHistory, Paths, Rehearsal, names_of
from keepers.risk.errors import RiskError
from keepers.risk.metrics import Z99
from keepers.risk.monte_carlo import degrees_of, tail_factor
from keepers.risk.reverse_stress import Limits

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

HOURS_OF_A_DAY = 24.0


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of some hours that begin at the same place of a day as the last moment of bars.

    Attributes:
        hours: Length.
        closing: (looks,), whether each look is at the close of a day; the usual pattern of such stretches, to which all
            of these belong. Empty if no price comes so soon.
        starts: (windows,), moment at which each begins, rising.
        known: (windows,), number of daily returns that are known at the start.
        returns: (windows, looks, assets), simple returns from look to look.
        lows: (windows, looks, assets), lowest returns on the way to each look; nan where unknown.
        since: (windows + 1, assets), returns since the last close, of each start and of the last moment.
        wait: Hours that usually pass until the next price; infinite if no earlier day has a price at this place.
    """

    hours: float
    closing: tuple[bool, ...]
    starts: Indices
    known: Indices
    returns: Array
    lows: Array
    since: Array
    wait: float

    @property
    def ends(self) -> Indices:
        """(windows,), moment of the last look."""
        return self.starts + len(self.closing)


def windows_of(bars: Bars, hours: float) -> Windows:
    """Stretches of a history that begin where its last moment stands in a day.

    Args:
        bars: Bars.
        hours: Length, above 0 and below 24, so that no two overlap.

    Raises:
        RiskError: If the length is out of range.
    """
    if not 0 < hours < HOURS_OF_A_DAY:
        raise RiskError(f"{hours:g} hours", "not above 0 and below 24", "give 4h, or whole days such as 1d")
    clock, closing, days = bars.hours, bars.closing, bars.days
    firsts = np.flatnonzero(np.diff(days, prepend=-1))
    places = np.arange(days.size) - firsts[days]
    alike = closing if closing[-1] else ~closing & (places == places[-1])
    starts = np.flatnonzero(alike & (days > 0) & (clock + hours <= clock[-1] + 1e-9))
    ends = np.searchsorted(clock, clock[starts] + hours + 1e-9, side="right") - 1
    patterns = [tuple(map(bool, closing[start + 1 : end + 1])) for start, end in zip(starts, ends, strict=True)]
    usual = Counter(patterns).most_common(1)[0][0] if patterns else ()
    wait = float(np.median(clock[starts + 1] - clock[starts])) if patterns else np.inf
    starts = starts[np.array([pattern == usual for pattern in patterns], dtype=np.bool_)]
    before = np.maximum.accumulate(np.where(closing, np.arange(days.size), 0))
    wanted = np.append(starts, days.size - 1)
    since = bars.prices[wanted] / bars.prices[before[wanted]] - 1
    known = days[starts] - ~closing[starts]
    looks = starts[:, np.newaxis] + np.arange(1, len(usual) + 1)
    returns, lows = bars.prices[looks] / bars.prices[looks - 1] - 1, bars.lows[looks] / bars.prices[looks - 1] - 1
    return Windows(hours, usual, starts, known.astype(np.int64), returns, lows, since, wait)


@dataclass(frozen=True, eq=False)
class HourStart:
    """A portfolio and its market at a moment within a day.

    Attributes:
        weights: (assets,), fractions of NAV.
        covariance: (assets, assets), daily, of the day in question.
        since: (assets,), returns since the last close.
        shocks, lows: (windows, looks, assets), past returns and lows over the volatility of their day.
        closing: (looks,), whether each look is at a close.
        drawdown: Fraction that the portfolio is below its high-water mark.
    """

    weights: Array
    covariance: Array
    since: Array
    shocks: Array
    lows: Array
    closing: tuple[bool, ...]
    drawdown: float


def hour_probabilities(
    start: HourStart, limits: Limits, paths: int, seed: tuple[int, ...], z99: float = Z99
) -> dict[str, float]:
    """Share of simulated paths on which a limit is breached at some look, or at a low that is known.

    A path is a past stretch with all of its looks and assets together, at the volatility of the day in question
    (filtered historical simulation: Barone-Adesi, Giannopoulos and Vosper 1999). How much of a day's variance falls
    into the stretch, such as into a night, is the history's own, and no function of its length.

    Returns:
        A probability for every limit that is on; 1 for one that is breached at the start.

    Raises:
        RiskError: If there are fewer than 250 past stretches.
    """
    count = start.shocks.shape[0]
    if count < LEAST_SHOCKS and start.closing:
        raise RiskError(f"{count} stretches of hours", f"fewer than {LEAST_SHOCKS}", "give bars of more days")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(seed))))
    copies = np.repeat(start.covariance[:, :, np.newaxis], paths, axis=2)
    since = np.repeat(start.since[:, np.newaxis], paths, axis=1)
    walk = Paths(start.weights, copies, start.drawdown, limits, z99, since)
    scale = np.sqrt(np.maximum(np.diag(start.covariance), 0.0))[:, np.newaxis]
    drawn = generator.integers(0, max(count, 1), size=paths)
    for look, closes in enumerate(start.closing):
        returns, lows = (scale * values[drawn, look].T for values in (start.shocks, start.lows))
        walk.step(returns, closes=closes, lows=np.maximum(lows, -1.0))
    return {name: float(flags.mean()) for name, flags in walk.breached.items()}


class HourHistory:
    """Stretches of hours at the volatilities of their days.

    Args:
        bars: Bars of the held assets.
        windows: Stretches.

    Attributes:
        windows: Stretches.
        daily: Covariances and shocks of whole days; a rehearsal asks for them in their order.
        usable: Index of the first stretch whose volatility is known.
    """

    def __init__(self, bars: Bars, windows: Windows) -> None:
        self.windows = windows
        returns = bars.closes().returns()
        self.daily = EwmaHistory(returns)
        self.usable = int(np.searchsorted(windows.known, FIRST_DAYS))
        ahead = EwmaHistory(returns)
        variances = [np.diag(ahead.covariance(int(day))) for day in windows.known[self.usable :]]
        deviations = np.sqrt(np.array(variances)).reshape(-1, 1, len(bars.symbols))
        self._shocks, self._lows = (
            np.divide(values[self.usable :], deviations, out=np.zeros_like(values[self.usable :]), where=deviations > 0)
            for values in (windows.returns, windows.lows)
        )

    def start(self, weights: Array, drawdown: float, index: int, window: int) -> HourStart:
        """The start of a stretch, with the shocks of those that ended before it; ask for stretches in their order."""
        last = int(np.searchsorted(self.windows.ends, self.windows.starts[index], side="right")) - self.usable
        covariance = self.daily.covariance(int(self.windows.known[index]))
        return self._start(weights, drawdown, covariance, index, last, window)

    def now(self, weights: Array, drawdown: float, covariance: Array, window: int) -> HourStart:
        """The last moment of the bars, with the shocks of all stretches."""
        return self._start(weights, drawdown, covariance, -1, self._shocks.shape[0], window)

    def _start(
        self, weights: Array, drawdown: float, covariance: Array, index: int, last: int, window: int
    ) -> HourStart:
        rows = slice(max(last - window, 0), max(last, 0))
        since, closing = self.windows.since[index], self.windows.closing
        return HourStart(weights, covariance, since, self._shocks[rows], self._lows[rows], closing, drawdown)


def hour_forecasts(windows: Windows, window: int) -> range:
    """Indices of the stretches that a rehearsal forecasts: those with so many before them whose volatility is known."""
    usable = int(np.searchsorted(windows.known, FIRST_DAYS))
    return range(min(usable + window + 1, windows.starts.size), windows.starts.size) if windows.closing else range(0)


def rehearse_hours(
    history: HourHistory,
    weights: Array,
    limits: Limits,
    window: int,
    paths: int,
    seed: int,
    drawdown: float = 0.0,
    progress: Callable[[int], None] = lambda _: None,
) -> Rehearsal:
    """A forecast for every stretch, from the days and stretches before it only; all begin at the same weights.

    Args:
        history: Stretches.
        weights: (assets,), fractions of NAV.
        limits: Limits.
        window: Stretches of shocks behind each forecast, and days behind each quantile of value at risk.
        paths, seed: Simulation of each forecast; the seed is joined by the moment.
        drawdown: Fraction that the portfolio is below its high-water mark before each forecast.
        progress: Called with 1 after every forecast.
    """
    windows = history.windows
    chosen = hour_forecasts(windows, window)
    names = names_of(limits)
    said = {name: np.full((len(chosen), 1), np.nan) for name in names}
    came = {name: np.zeros((len(chosen), 1), dtype=np.bool_) for name in names}
    factor = Z99
    for row, index in enumerate(chosen):
        known = int(windows.known[index])
        if limits.var99 is not None and row % REFIT_DAYS == 0:
            factor = tail_factor(degrees_of(history.daily.shocks(known, window)))
        start = history.start(weights, drawdown, index, window)
        real = Paths(
            weights, start.covariance[:, :, np.newaxis].copy(), drawdown, limits, factor, start.since[:, np.newaxis]
        )
        already = {name: bool(flags[0]) for name, flags in real.breached.items()}
        for look, closes in enumerate(windows.closing):
            moved, lows = windows.returns[index, look], windows.lows[index, look]
            real.step(moved[:, np.newaxis], closes=closes, lows=lows[:, np.newaxis])
        found = hour_probabilities(start, limits, paths, (seed, int(windows.starts[index])), factor)
        for name in names:
            came[name][row] = real.breached[name]
            said[name][row] = np.nan if already[name] else found[name]
        progress(1)
    days = windows.known[chosen.start : chosen.stop] - 1
    return Rehearsal(days, (windows.hours / HOURS_OF_A_DAY,), said, came)
