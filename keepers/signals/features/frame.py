"""Histories that features are computed from, and the windows that are all a feature gets to see of them."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.features.inputs import input_named

Array = NDArray[np.float64]
Days = NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Release:
    """Observations that become known some time after their date, and may be revised.

    An observation that appears twice was revised: a window shows the vintage that was known at its time.

    Attributes:
        observed: (n,), ordinal of the day that each value is about.
        published: (n,), ordinal of the day from whose close on it is known; rising. Copied, read-only.
        values: (n,). Copied, read-only.
    """

    observed: Days
    published: Days
    values: Array
    _plain: bool = field(init=False)

    def __post_init__(self) -> None:
        for name, kind in (("observed", np.int64), ("published", np.int64), ("values", np.float64)):
            object.__setattr__(self, name, _frozen(np.array(getattr(self, name), dtype=kind)))
        object.__setattr__(self, "_plain", bool(np.all(np.diff(self.observed) > 0)))

    @classmethod
    def lagged(cls, days: Sequence[date], values: Array, lag_days: int) -> Release:
        """A release whose every observation is published a fixed number of calendar days after its date."""
        observed = np.array([day.toordinal() for day in days], dtype=np.int64)
        return cls(observed, observed + lag_days, values)

    def known(self, day: int, count: int) -> Array:
        """The newest `count` observations known at the close of a day, each in its newest vintage known then."""
        rows = int(np.searchsorted(self.published, day, side="right"))
        if self._plain:
            return self.values[max(0, rows - count) : rows].copy()
        vintages = {int(self.observed[row]): self.values[row] for row in range(rows)}
        newest = sorted(vintages)[-count:]
        return np.array([vintages[observed] for observed in newest], dtype=np.float64)

    def check(self, name: str) -> None:
        """Refuses a release that is known too early, is unsorted, or has a value that is none.

        Raises:
            SignalError: If any of that is so.
        """
        known = input_named(name)
        if not self.observed.shape == self.published.shape == self.values.shape or self.values.ndim != 1:
            raise SignalError(f"{name}", "days and values differ in number", "give each value a day")
        if np.any(np.diff(self.published) < 0):
            raise SignalError(f"{name}", "days of publication fall", "sort by publication")
        lags = self.published - self.observed
        if lags.size and int(lags.min()) < known.least_lag_days:
            day = date.fromordinal(int(self.observed[int(lags.argmin())]))
            raise SignalError(
                f"{name} of {day}",
                f"known after {int(lags.min())} days, and such a value takes {known.least_lag_days}",
                "correct its lag",
            )
        _check_values(name, self.values)


class Window:
    """All that a feature sees: copies of its inputs that end at the decision time, read-only.

    It holds no reference to the history that it was cut from.

    Args:
        day: Day of the decision, whose close is known.
        values: The cut inputs by name.
    """

    __slots__ = ("_values", "day")

    def __init__(self, day: date, values: Mapping[str, Array]) -> None:
        self.day = day
        self._values = {name: _frozen(value) for name, value in values.items()}

    def __getitem__(self, name: str) -> Array:
        try:
            return self._values[name]
        except KeyError:
            asked = ", ".join(sorted(self._values)) or "nothing"
            raise SignalError(f"input '{name}'", f"the feature declares {asked}", "declare it") from None


@dataclass(frozen=True, eq=False)
class Frame:
    """Series, panels and releases over one calendar of trading days.

    Attributes:
        dates: Trading days, strictly rising.
        daily: Series (days,) and panels (days, assets) by name of their input. Copied, read-only.
        releases: Releases by name of their input.

    Raises:
        SignalError: If days are unsorted, an input is unknown, of another shape or number of days, or has a value that
            is none, or a release is known before it can be.
    """

    dates: tuple[date, ...]
    daily: Mapping[str, Array]
    releases: Mapping[str, Release] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "daily", {name: _frozen(np.array(value, dtype=np.float64)) for name, value in self.daily.items()}
        )
        object.__setattr__(self, "releases", dict(self.releases))
        for earlier, later in pairwise(self.dates):
            if later <= earlier:
                raise SignalError(later, f"comes after {earlier}", "sort the days and give each once")
        for name, value in self.daily.items():
            self._check_daily(name, value)
        for name, release in self.releases.items():
            if input_named(name).shape != "release":
                raise SignalError(f"{name}", "is no release", "give it as a series")
            release.check(name)

    @property
    def names(self) -> frozenset[str]:
        """Names of the inputs that it has."""
        return frozenset(self.daily) | frozenset(self.releases)

    def window(self, row: int, inputs: Sequence[str], length: int, lag: int = 0) -> Window:
        """The inputs that are known at the close of a row's day, and nothing else.

        Args:
            row: Row of the decision.
            inputs: Names of the wanted inputs.
            length: Rows of each daily input, and the most observations of each release.
            lag: Rows by which the window ends before the decision.

        Raises:
            SignalError: If the row is none, the window would begin before the history, the lag is negative, or an
                input is not there.
        """
        if not 0 <= row < len(self.dates):
            raise SignalError(f"row {row}", f"the history has {len(self.dates)} days", "ask for one of them")
        if lag < 0:
            raise SignalError(f"lag {lag}", "looks into the future", "give 0 or more")
        end = row - lag + 1
        if end < length:
            raise SignalError(
                self.dates[row], f"{max(end, 0)} days are known and {length} are needed", "begin the history earlier"
            )
        day = self.dates[end - 1]
        values: dict[str, Array] = {}
        for name in inputs:
            if name in self.daily:
                values[name] = self.daily[name][end - length : end].copy()
            elif name in self.releases:
                values[name] = self.releases[name].known(day.toordinal(), length)
            else:
                raise SignalError(f"input '{name}'", "not part of this history", "add it, or leave the feature out")
        return Window(self.dates[row], values)

    def until(self, day: date) -> Frame:
        """The history as it was known at the close of a day."""
        rows = bisect_right(self.dates, day)
        releases = {}
        for name, release in self.releases.items():
            known = int(np.searchsorted(release.published, day.toordinal(), side="right"))
            releases[name] = Release(release.observed[:known], release.published[:known], release.values[:known])
        return Frame(self.dates[:rows], {name: value[:rows] for name, value in self.daily.items()}, releases)

    def digest(self) -> str:
        """SHA-256 of every day, name and number."""
        found = hashlib.sha256(",".join(map(str, self.dates)).encode())
        for name in sorted(self.daily):
            found.update(
                f";{name}{self.daily[name].shape};".encode() + np.ascontiguousarray(self.daily[name]).tobytes()
            )
        for name, release in sorted(self.releases.items()):
            parts = (release.observed, release.published, release.values)
            found.update(f";{name};".encode() + b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
        return found.hexdigest()

    def require_past(self, today: date) -> None:
        """Refuses a history that ends in the future.

        Raises:
            SignalError: If a day, or a day that an observation is about, lies after `today`.
        """
        if self.dates and self.dates[-1] > today:
            raise SignalError(f"data end on {self.dates[-1]}", f"after today, {today}", "drop what has not happened")
        for name, release in self.releases.items():
            if release.observed.size and int(release.observed.max()) > today.toordinal():
                last = date.fromordinal(int(release.observed.max()))
                raise SignalError(f"{name} ends on {last}", f"after today, {today}", "drop what has not happened")

    def _check_daily(self, name: str, value: Array) -> None:
        known = input_named(name)
        dimensions = {"series": 1, "panel": 2}.get(known.shape)
        if dimensions is None:
            raise SignalError(f"{name}", "has days of publication", "give it as a release")
        if value.ndim != dimensions or value.shape[0] != len(self.dates):
            raise SignalError(
                f"{name} of shape {value.shape}", f"not a {known.shape} of {len(self.dates)} days", "match the dates"
            )
        bad = np.argwhere(~np.isfinite(value) | ((value <= 0) if known.sign == "positive" else False))
        if bad.size:
            where = self.dates[int(bad[0][0])]
            found = value[tuple(bad[0])]
            raise SignalError(f"{name} on {where} at {found}", "no value for it", "correct it or drop the day")


def _check_values(name: str, values: Array) -> None:
    bad = ~np.isfinite(values) | ((values <= 0) if input_named(name).sign == "positive" else False)
    if np.any(bad):
        raise SignalError(f"{name} at {values[bad][0]}", "no value for it", "correct it or drop it")


def _frozen(values: NDArray[Kind]) -> NDArray[Kind]:
    values.setflags(write=False)
    return values
