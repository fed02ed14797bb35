"""Histories and frames that the tests of features share."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from keepers.signals.features import Feature, Frame, Release, feature_named
from keepers.signals.features.generated import generated_history

DAYS = 420
SCALE_FREE = ("open", "high", "low", "close", "closes", "pool_base", "pool_quote", "pool_depth")


@lru_cache(maxsize=4)
def history(seed: int = 1) -> Frame:
    return generated_history(DAYS, seed=seed)


@lru_cache(maxsize=4)
def table(seed: int = 1) -> pd.DataFrame:
    """The daily series of that history, for formulas of pandas."""
    frame = history(seed)
    series = {name: value for name, value in frame.daily.items() if value.ndim == 1}
    return pd.DataFrame(series, index=pd.DatetimeIndex(frame.dates))


def panel(seed: int = 1) -> pd.DataFrame:
    frame = history(seed)
    return pd.DataFrame(frame.daily["closes"], index=pd.DatetimeIndex(frame.dates))


def value(name: str, row: int, frame: Frame | None = None) -> float:
    return feature_named(name).value(frame or history(), row)


def scaled(frame: Frame, factor: float) -> Frame:
    """The same history in another unit of the quote currency."""
    daily = {name: column * factor if name in SCALE_FREE else column for name, column in frame.daily.items()}
    return Frame(frame.dates, daily, frame.releases)


def without_first(frame: Frame, rows: int) -> Frame:
    return Frame(frame.dates[rows:], {name: column[rows:] for name, column in frame.daily.items()}, frame.releases)


__all__ = ["DAYS", "Feature", "Frame", "Release", "history", "panel", "scaled", "table", "value", "without_first"]
