"""Registry of features: what each one is, where it comes from, what it reads, and how late."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.features.frame import Frame, Window
from keepers.signals.features.inputs import input_named

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Feature:
    """A number that is known at the close of a day.

    Attributes:
        name: Name in tables, records and configs.
        formula: Definition, with r for daily log returns, t for the newest row of the window, and n for its length.
        source: Publication that defines it, or "definition".
        unit: Unit of the number.
        inputs: Inputs that it reads.
        length: Rows that it needs of each daily input; for releases, observations.
        lag: Rows between the decision and the newest row that it sees. Days of publication come on top.
        compute: The function; it gets a window that ends at the decision, and nothing else.
    """

    name: str
    formula: str
    source: str
    unit: str
    inputs: tuple[str, ...]
    length: int
    lag: int
    compute: Callable[[Window], float]

    def value(self, frame: Frame, row: int) -> float:
        """The feature at the close of a row's day.

        Raises:
            SignalError: If the history lacks an input or is too short, or the number is not finite.
        """
        window = frame.window(row, self.inputs, self.length, self.lag)
        for name in self.inputs:
            if window[name].shape[0] < self.length:
                raise SignalError(
                    f"{self.name} on {window.day}",
                    f"{window[name].shape[0]} observations of {name} are known and {self.length} are needed",
                    "begin the history earlier",
                )
        found = float(self.compute(window))
        if not math.isfinite(found):
            raise SignalError(f"{self.name} on {window.day}", f"is {found}", "clean its inputs, or leave it out")
        return found


_REGISTRY: dict[str, Feature] = {}
_OPTIONAL: dict[str, Feature] = {}


def feature(
    name: str,
    *,
    formula: str,
    unit: str,
    inputs: Sequence[str],
    length: int,
    source: str = "definition",
    lag: int = 0,
    optional: bool = False,
) -> Callable[[Callable[[Window], float]], Callable[[Window], float]]:
    """Registers the function below it as a feature; the parameters are those of `Feature`.

    An optional feature can be named, and belongs to no default set.

    Raises:
        SignalError: If the name is taken, an input is unknown, a text is empty, or length or lag make no window.
    """

    def register(compute: Callable[[Window], float]) -> Callable[[Window], float]:
        found = Feature(name, formula, source, unit, tuple(inputs), length, lag, compute)
        add(found, _OPTIONAL if optional else _REGISTRY)
        return compute

    return register


def add(found: Feature, registry: dict[str, Feature] | None = None) -> None:
    """Adds a feature to the registry, or to another one.

    Raises:
        SignalError: If `feature` would raise it.
    """
    known = _REGISTRY if registry is None else registry
    if found.name in known:
        raise SignalError(f"feature '{found.name}'", "registered already", "choose another name")
    if not (found.formula and found.unit and found.source and found.inputs):
        raise SignalError(f"feature '{found.name}'", "formula, source, unit or inputs are missing", "document it")
    if found.length < 1:
        raise SignalError(f"feature '{found.name}'", f"a window of {found.length} rows", "give 1 or more")
    if found.lag < 0:
        raise SignalError(f"feature '{found.name}'", f"a lag of {found.lag} looks into the future", "give 0 or more")
    for name in found.inputs:
        input_named(name)
    known[found.name] = found


def registered() -> tuple[Feature, ...]:
    """All features but the optional ones, in the order in which they are registered."""
    return tuple(_REGISTRY.values())


def optional() -> tuple[Feature, ...]:
    """The optional features, in the order in which they are registered."""
    return tuple(_OPTIONAL.values())


def feature_named(name: str) -> Feature:
    """The feature of a name.

    Raises:
        SignalError: If there is none.
    """
    found = _REGISTRY.get(name) or _OPTIONAL.get(name)
    if found is None:
        raise SignalError(f"feature '{name}'", "unknown", "choose from those that `quantera signals features` lists")
    return found


def readable(names: frozenset[str], features: Sequence[Feature] | None = None) -> tuple[Feature, ...]:
    """The features that need no other inputs than some."""
    return tuple(found for found in features or registered() if set(found.inputs) <= names)


def matrix(frame: Frame, features: Sequence[Feature], rows: Sequence[int]) -> Array:
    """Features at some rows of a history.

    Returns:
        (rows, features).

    Raises:
        SignalError: If one of them cannot be computed there.
    """
    return np.array([[found.value(frame, row) for found in features] for row in rows], dtype=np.float64).reshape(
        len(rows), len(features)
    )


def first_row(frame: Frame, features: Sequence[Feature]) -> int:
    """The first row at which all of some features can be computed.

    Raises:
        SignalError: If there is none.
    """
    first = max((found.length + found.lag - 1 for found in features), default=0)
    for found in features:
        for name in set(found.inputs) & set(frame.releases):
            while first < len(frame.dates):
                known = frame.releases[name].known(frame.dates[max(first - found.lag, 0)].toordinal(), found.length)
                if known.size >= found.length:
                    break
                first += 1
    if first >= len(frame.dates):
        raise SignalError(f"{len(frame.dates)} days", "too few for these features", "give a longer history")
    return first


def definition_hash(features: Sequence[Feature]) -> str:
    """SHA-256 of what some features say that they are; a changed definition has another hash."""
    lines = (
        f"{found.name};{found.formula};{found.unit};{','.join(found.inputs)};{found.length};{found.lag}"
        for found in features
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
