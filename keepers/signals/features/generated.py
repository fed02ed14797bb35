"""A generated history that has every input: an audit of features is about their code, and not about anybody's data."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from keepers.signals.features.frame import Frame, Release

Array = NDArray[np.float64]
FIRST = date(2015, 1, 1)
_REVISED_DAYS = 30


def generated_history(days: int = 700, assets: int = 5, seed: int = 1) -> Frame:
    """Weekdays with volatility that clusters, and releases of which one is revised a month later.

    Args:
        days: Trading days.
        assets: Columns of the panel.
        seed: The same seed gives the same history.
    """
    rng = np.random.default_rng(seed)
    dates = tuple(_weekdays(FIRST, days))
    sigma = 0.01 * np.exp(_walk(rng, days, 0.05, 0.98))
    market = sigma * rng.standard_normal(days)
    close = 100 * np.exp(np.cumsum(market))
    opened = close * np.exp(0.3 * sigma * rng.standard_normal(days))
    up, down = np.exp(0.5 * sigma * np.abs(rng.standard_normal((2, days))))
    betas = rng.uniform(0.5, 1.5, assets)
    panel = 50 * np.exp(np.cumsum(np.outer(market, betas) + 0.01 * rng.standard_normal((days, assets)), axis=0))
    daily = {
        "open": opened,
        "high": np.maximum(close, opened) * up,
        "low": np.minimum(close, opened) / down,
        "close": close,
        "closes": panel,
        "volume": 1e6 * np.exp(_walk(rng, days, 0.2, 0.9)),
        "turnover": 0.01 * np.exp(_walk(rng, days, 0.2, 0.9)),
        "pool_base": 1e6 * np.exp(_walk(rng, days, 0.05, 0.95)),
        "pool_quote": 1e6 * np.exp(_walk(rng, days, 0.05, 0.95)),
        "pool_depth": 1e5 * np.exp(_walk(rng, days, 0.1, 0.95)),
        "strategy_yield": 0.04 + 0.01 * _walk(rng, days, 0.1, 0.95),
    }
    return Frame(dates, daily, _releases(rng, dates))


def _releases(rng: np.random.Generator, dates: tuple[date, ...]) -> dict[str, Release]:
    months = sorted({day.replace(day=1) for day in dates})
    found = {
        name: Release.lagged(months, level + _walk(rng, len(months), 0.1, 0.98), lag)
        for name, level, lag in (("rate", 3.0, 35), ("aaa_yield", 4.0, 35), ("baa_yield", 5.0, 35))
    }
    for name, level, lag in (("long_rate", 4.0, 1), ("vix", 20.0, 1), ("fx", 1.1, 1), ("oil", 70.0, 2)):
        found[name] = Release.lagged(dates, level * np.exp(0.3 * _walk(rng, len(dates), 0.05, 0.98)), lag)
    found["core_cpi"] = _revised(rng, months)
    days = [dates[0] + timedelta(days=step) for step in range((dates[-1] - dates[0]).days + 1)]
    texts = rng.poisson(2.0, len(days)).astype(np.float64)
    found["sentiment"] = Release.lagged(days, np.where(texts > 0, rng.uniform(-1, 1, len(days)), 0.0), 1)
    found["texts"] = Release.lagged(days, texts, 1)
    return found


def _revised(rng: np.random.Generator, months: list[date]) -> Release:
    """Consumer prices, each first published after 45 days and revised 30 days later."""
    first = 250 * np.exp(np.cumsum(0.002 + 0.001 * rng.standard_normal(len(months))))
    revised = first * np.exp(0.001 * rng.standard_normal(len(months)))
    observed = np.array([month.toordinal() for month in months], dtype=np.int64)
    published = np.concatenate([observed + 45, observed + 45 + _REVISED_DAYS])
    order = np.argsort(published, kind="stable")
    return Release(np.tile(observed, 2)[order], published[order], np.concatenate([first, revised])[order])


def _walk(rng: np.random.Generator, steps: int, spread: float, persistence: float) -> Array:
    """A path that returns to zero."""
    found = np.zeros(steps)
    for step in range(1, steps):
        found[step] = persistence * found[step - 1] + spread * rng.standard_normal()
    return found


def _weekdays(first: date, count: int) -> list[date]:
    days: list[date] = []
    day = first
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days
