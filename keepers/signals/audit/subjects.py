"""The two things that can be audited: registered features, and any function of a pandas frame."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from keepers.signals.audit.changes import KINDS, Change, Kind, moved
from keepers.signals.audit.search import Unanswered
from keepers.signals.errors import SignalError
from keepers.signals.features.frame import Frame, Release
from keepers.signals.features.registry import Feature

Array = NDArray[np.float64]


class Registered:
    """Features of the registry over a history.

    Args:
        frame: The history; it has every input of the features.
        features: Function to audit.
        seed: The same seed gives the same changes.
    """

    _BACK = (0, 1, 2, 5, 21)
    """Rows before a cut that are compared; a window that ends at the decision knows nothing else."""

    def __init__(self, frame: Frame, features: Sequence[Feature], seed: int = 1) -> None:
        self._frame, self._features, self._seed = frame, tuple(features), seed
        self._cache: dict[tuple[str, Kind], Array] = {}
        self._columns = {name: number for number, name in enumerate(sorted(frame.names))}
        # A frame refuses what is not there, so that no cell of it can be missing.
        self.kinds: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "missing")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(found.name for found in self._features)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Inputs of the history."""
        return tuple(self._columns)

    @property
    def rows(self) -> int:
        """Trading days."""
        return len(self._frame.dates)

    def day(self, row: int) -> str:
        """Day of a row."""
        return str(self._frame.dates[row])

    def judged(self, cut: int) -> Sequence[int]:
        """The cut and some rows before it."""
        return sorted({max(cut - back, 0) for back in self._BACK})

    def outputs(self, change: Change | None, rows: Sequence[int]) -> Array:
        """Features at some rows; NaN where the history is too short for one."""
        frame = self._frame if change is None else self._changed(change)
        found = np.full((len(rows), len(self._features)), np.nan)
        for number, row in enumerate(rows):
            for column, known in enumerate(self._features):
                try:
                    found[number, column] = known.value(frame, row)
                except SignalError:
                    continue
        return found

    def _changed(self, change: Change) -> Frame:
        if change.kind == "truncated":
            return self._frame.until(self._frame.dates[change.after])
        daily = dict(self._frame.daily)
        releases = dict(self._frame.releases)
        first, last = (self._frame.dates[row].toordinal() for row in (change.after, change.until))
        for name in self.inputs:
            if not change.touches(name):
                continue
            if name in daily:
                rows = slice(change.after + 1, change.until + 1)
                daily[name] = daily[name].copy()
                daily[name][rows] = self._moved(name, change.kind)[rows]
            else:
                known = releases[name]
                later = (known.published > first) & (known.published <= last)
                values = np.where(later, self._moved(name, change.kind), known.values)
                releases[name] = Release(known.observed, known.published, values)
        return Frame(self._frame.dates, daily, releases)

    def _moved(self, name: str, kind: Kind) -> Array:
        if (name, kind) not in self._cache:
            values = self._frame.daily[name] if name in self._frame.daily else self._frame.releases[name].values
            self._cache[name, kind] = moved(values, kind, self._columns[name], self._seed)
        return self._cache[name, kind]


class Pipeline:
    """A function of a pandas frame that has one row for each time.

    It may return a frame, a series or an array. An array has a row for each row of the frame. The index of a frame or a
    series says when each output is known: it is compared as of the last row of the data at or before that time.

    Args:
        function: Function; it gets a copy.
        data: Frame with a sorted index of distinct times.
        labels: Columns of its result that are meant to know the future, and are not audited.
        seed: The same seed gives the same changes.

    Raises:
        SignalError: If the index is not sorted and distinct, or the function fails or returns something else.
    """

    def __init__(
        self, function: Callable[[pd.DataFrame], Any], data: pd.DataFrame, labels: Sequence[str] = (), seed: int = 1
    ) -> None:
        if not isinstance(data.index, pd.DatetimeIndex) or not data.index.is_monotonic_increasing:
            raise SignalError("the frame's index", "is no rising series of times", "sort the rows by time")
        if not data.index.is_unique:
            twice = data.index[data.index.duplicated()][0]
            raise SignalError(f"row {twice}", "appears more than once", "give each time one row")
        self._function, self._data, self._seed = function, data, seed
        self._labels = frozenset(labels)
        self._cache: dict[tuple[int, Kind], Any] = {}
        self.kinds: tuple[Kind, ...] = KINDS
        try:
            self._names = tuple(name for name in self._result(data.copy()).columns if name not in self._labels)
        except Unanswered as error:
            raise SignalError(error.value, error.reason, error.remedy) from error
        if not self._names:
            raise SignalError("the pipeline", "returns no column that is audited", "return one, or name fewer labels")

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the result."""
        return self._names

    @property
    def inputs(self) -> tuple[str, ...]:
        """Columns of the data."""
        return tuple(map(str, self._data.columns))

    @property
    def rows(self) -> int:
        """Rows of the data."""
        return len(self._data)

    @property
    def days(self) -> tuple[date, ...]:
        """Day of each row."""
        return tuple(stamp.date() for stamp in self._data.index)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Rows in which a cell is missing."""
        return tuple(int(row) for row in np.flatnonzero(self._data.isna().any(axis=1).to_numpy()))

    def day(self, row: int) -> str:
        """Time of a row, without a time of day where that is midnight."""
        stamp = self._data.index[row]
        return str(stamp.date()) if stamp == stamp.normalize() else stamp.isoformat()

    def judged(self, cut: int) -> Sequence[int]:
        """Every row up to the cut."""
        return range(cut + 1)

    def outputs(self, change: Change | None, rows: Sequence[int]) -> Array:
        """Outputs as of some rows."""
        result = self._result(self._data.copy() if change is None else self._changed(change))
        found = np.full((len(rows), len(self._names)), np.nan)
        known = self._data.index.searchsorted(result.index, side="right") - 1
        at = {int(row): number for number, row in enumerate(known) if row >= 0}
        there = [(number, at[row]) for number, row in enumerate(rows) if row in at]
        if there:
            to, source = (np.array(part, dtype=np.intp) for part in zip(*there, strict=True))
            for column, name in enumerate(self._names):
                if name in result:
                    found[to, column] = _numbers(result[name])[source]
        return found

    def _result(self, data: pd.DataFrame) -> pd.DataFrame:
        try:
            # Changed histories make code warn that does not warn of the real one.
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = self._function(data)
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
            raise Unanswered("the audited code", reason, "make it compute over this history") from error
        if isinstance(result, pd.Series):
            result = result.to_frame(str(result.name) if result.name is not None else "output")
        if isinstance(result, pd.DataFrame):
            return _timed(result.rename(columns=str), data)
        values = np.asarray(result)
        if values.ndim not in (1, 2) or values.shape[0] != len(data):
            raise Unanswered(
                "the audited code", f"returned {type(result).__name__} of shape {values.shape}", "return a row per row"
            )
        names = ["output"] if values.ndim == 1 else [f"output {number}" for number in range(values.shape[1])]
        return pd.DataFrame(values.reshape(len(data), -1), index=data.index, columns=names)

    def _changed(self, change: Change) -> pd.DataFrame:
        if change.kind == "truncated":
            return self._data.iloc[: change.after + 1].copy()
        changed = self._data.copy()
        rows = slice(change.after + 1, change.until + 1)
        for position, name in enumerate(self.inputs):
            if change.touches(name):
                column = self._data.iloc[:, position]
                values = column.to_numpy(copy=True)
                values[rows] = self._moved(position, change.kind)[rows]
                kept: Any = column.dtype
                changed.isetitem(position, pd.array(values, dtype=kept))
        return changed

    def _moved(self, position: int, kind: Kind) -> Any:
        if (position, kind) not in self._cache:
            self._cache[position, kind] = self._move(position, kind)
        return self._cache[position, kind]

    def _move(self, position: int, kind: Kind) -> Any:
        """A whole column, changed, of the type that it had."""
        column = self._data.iloc[:, position]
        values = column.to_numpy()
        if values.dtype.kind == "f":
            return moved(values.astype(np.float64), kind, position, self._seed).astype(values.dtype)
        if kind == "missing":
            return values
        if values.dtype.kind in "iu":
            shifted = moved(values.astype(np.float64), kind, position, self._seed)
            return np.where(np.rint(shifted) == values, values + 1, np.rint(shifted)).astype(values.dtype)
        if values.dtype.kind == "b":
            return ~values
        # Texts and times: the same values in another order.
        return values[np.random.default_rng([self._seed, position]).permutation(values.size)]


def _timed(result: pd.DataFrame, data: pd.DataFrame) -> pd.DataFrame:
    """A result whose index is of times like the data's; one without times has a row for each row."""
    if not result.columns.is_unique:
        name = result.columns[result.columns.duplicated()][0]
        raise Unanswered("the audited code", f"returned two columns '{name}'", "name each column once")
    if not isinstance(result.index, pd.DatetimeIndex):
        if len(result) != len(data):
            reason = f"returned {len(result)} rows without times for {len(data)}"
            raise Unanswered("the audited code", reason, "keep the index, or return a row for each row")
        return result.set_axis(data.index, axis=0)
    if (result.index.tz is None) != (pd.DatetimeIndex(data.index).tz is None):
        raise Unanswered("the audited code", "returned times of another kind of zone", "keep the index")
    return result


def _numbers(column: pd.Series[Any]) -> Array:
    """A column as numbers; other values by their hash, so that they compare as equal or not."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    hashed = pd.util.hash_array(column.astype(str).to_numpy(dtype=object)) >> np.uint64(12)
    return np.where(column.isna(), np.nan, hashed.astype(np.float64))
