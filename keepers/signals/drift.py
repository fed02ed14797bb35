"""Drift of a model that is followed: its inputs and its forecasts beside what they were in training.

A volatility that looks back over months spends most quarters in a few deciles of its history, so that the customary
bounds of the population stability index are exceeded at all times. The bounds are therefore those that windows of the
same length reached in training; docs/decisions/0196.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

INPUT_DAYS, OUTCOME_DAYS = 63, 252
"""Days of the windows that inputs and outcomes are judged over."""
MARGIN = 1.25
"""Factor on the largest index of training, beyond which inputs have drifted."""
BINS = 12
"""Bins of an input: between deciles of training, and one on either side of its range."""
_SMOOTHING = 0.5
"""Days that each bin has beyond those that fell into it, so that an empty one has a logarithm."""


def reference_path(file: Path) -> Path:
    """File of the training days of a model, beside the model's own: `rule.reference.json` for `rule.json`."""
    return file.with_suffix(".reference.json")


@dataclass(frozen=True)
class Reference:
    """The training days of a model, as far as drift is judged by them.

    Attributes:
        weights_hash: keccak256 of the model's file, 0x-prefixed.
        edges: (columns, 11), least value, deciles and largest value of each input over the training days.
        shares: (columns, 12), share of the training days in each bin, the first and last of which are beyond training.
        stability_bound: Index of the inputs beyond which they have drifted; None where training had too few days.
        brier_bound: Largest mean Brier score of a window in training; None likewise.
        coverage_bound: Largest shortfall of a window in training, a fraction of days; None likewise.
    """

    weights_hash: str
    edges: tuple[tuple[float, ...], ...]
    shares: tuple[tuple[float, ...], ...]
    stability_bound: float | None
    brier_bound: float | None
    coverage_bound: float | None

    @classmethod
    def fit(cls, weights_hash: str, inputs: Array, probability: Array, predicted: Flags, turbulent: Flags) -> Reference:
        """The reference of training days, oldest first.

        Args:
            weights_hash: keccak256 of the model's file, 0x-prefixed.
            inputs: (days, columns), the numbers that the model read; NaN counts for no bin.
            probability: (days,), its probability of turbulence.
            predicted: (days,), what it predicted.
            turbulent: (days,), the label.
        """
        edges = np.nanquantile(inputs, np.arange(BINS - 1) / (BINS - 2), axis=0).T
        places = _one_hot(inputs, edges)
        shares = _smoothed(places.sum(axis=0), len(inputs))
        index = _index(_smoothed(_windows(places, INPUT_DAYS), INPUT_DAYS), shares)
        brier = _windows((probability - turbulent) ** 2, OUTCOME_DAYS) / OUTCOME_DAYS
        short = _windows(_shortfalls(probability, predicted, turbulent), OUTCOME_DAYS) / OUTCOME_DAYS
        return cls(
            weights_hash,
            tuple(tuple(map(float, row)) for row in edges),
            tuple(tuple(map(float, row)) for row in shares),
            MARGIN * float(index.max()) if index.size else None,
            float(brier.max()) if brier.size else None,
            float(short.max()) if short.size else None,
        )

    @property
    def content(self) -> bytes:
        """Bytes of its file."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def open(cls, content: bytes, weights_hash: str) -> Reference:
        """Opens a file.

        Args:
            content: Bytes of the file.
            weights_hash: Hash of the model that it has to be of, 0x-prefixed.

        Raises:
            SignalError: If it is none, or another model's.
        """
        try:
            raw = json.loads(content)
            edges, shares = (tuple(tuple(map(float, row)) for row in raw[name]) for name in ("edges", "shares"))
            bounds = [raw[f"{name}_bound"] for name in ("stability", "brier", "coverage")]
            given = [None if bound is None else float(bound) for bound in bounds]
            opened = cls(str(raw["weights_hash"]), edges, shares, *given)
        except (ValueError, KeyError, TypeError):
            raise SignalError("the model's reference", "cannot be read", "train the model again") from None
        opened._require_bins()
        if opened.weights_hash != weights_hash:
            raise SignalError(
                f"a reference of {opened.weights_hash}", f"the model is {weights_hash}", "use the model's own"
            )
        return opened

    def _require_bins(self) -> None:
        bounds = [bound for bound in (self.stability_bound, self.brier_bound, self.coverage_bound) if bound is not None]
        numbers = [*(number for row in (*self.edges, *self.shares) for number in row), *bounds]
        lengths = {(len(row), len(other)) for row, other in zip(self.edges, self.shares, strict=False)}
        finite = len(self.edges) == len(self.shares) and all(map(math.isfinite, numbers))
        if not finite or lengths != {(BINS - 1, BINS)} or min(share for row in self.shares for share in row) <= 0:
            raise SignalError("the model's reference", "has no bins with shares above 0", "train the model again")


@dataclass(frozen=True, eq=False)
class Followed:
    """Inputs and forecasts of a model on the newest days, oldest first.

    Attributes:
        inputs: (days, columns).
        probability: (days,), probability of turbulence.
        predicted: (days,), what it predicted.
        outcome: (days,), 1 for turbulence, 0 for calm, NaN where it is not known yet.
    """

    inputs: Array
    probability: Array
    predicted: Flags
    outcome: Array


@dataclass(frozen=True)
class Gauge:
    """One number that drift is judged by.

    Attributes:
        name: Name of the number.
        days: Days that there are.
        needed: Days of a window; before there are so many the number is None.
        value: The number over the newest window; None without a window.
        bound: Value beyond which the model has drifted; None where training had too few days.
    """

    name: str
    days: int
    needed: int
    value: float | None
    bound: float | None

    @property
    def beyond(self) -> bool:
        """True if the model has drifted by this number."""
        return self.value is not None and self.bound is not None and self.value > self.bound

    def __str__(self) -> str:
        """The number beside its bound, or the reason why there is none."""
        if self.bound is None:
            return f"{self.name}: training had fewer than {self.needed} days"
        if self.value is None:
            return f"{self.name}: {self.days} of {self.needed} days, bound {self.bound:.3f}"
        return f"{self.name} {self.value:.3f} over {self.needed} days, bound {self.bound:.3f}"


def gauges(reference: Reference, followed: Followed) -> tuple[Gauge, ...]:
    """The numbers that drift is judged by, each over its newest window.

    `inputs` is the mean over columns of the population stability index, the sum over bins of (q - p) ln(q / p) for the
    shares p of training and q of the window (Siddiqi 2006, "Credit Risk Scorecards"; the symmetric divergence of
    Jeffreys 1946). `Brier score` is the mean squared error. `coverage` is the mean probability of the predicted regime
    less the share of days on which it came true.

    Raises:
        SignalError: If the inputs have another number of columns than training.
    """
    days = len(followed.inputs)
    columns = len(reference.edges)
    if followed.inputs.shape != (days, columns):
        raise SignalError(f"inputs of shape {followed.inputs.shape}", f"training had {columns} columns", "train again")
    known = ~np.isnan(followed.outcome)
    truth, probability = followed.outcome[known][-OUTCOME_DAYS:], followed.probability[known][-OUTCOME_DAYS:]
    predicted = followed.predicted[known][-OUTCOME_DAYS:]
    enough = int(known.sum()) >= OUTCOME_DAYS
    brier = float(np.mean((probability - truth) ** 2)) if enough else None
    short = float(np.mean(_shortfalls(probability, predicted, truth > 0.5))) if enough else None
    index = None
    if days >= INPUT_DAYS:
        places = _one_hot(followed.inputs[-INPUT_DAYS:], np.array(reference.edges))
        index = float(_index(_smoothed(places.sum(axis=0), INPUT_DAYS)[None], np.array(reference.shares))[0])
    outcomes = int(known.sum())
    return (
        Gauge("inputs", days, INPUT_DAYS, index, reference.stability_bound),
        Gauge("Brier score", outcomes, OUTCOME_DAYS, brier, reference.brier_bound),
        Gauge("coverage", outcomes, OUTCOME_DAYS, short, reference.coverage_bound),
    )


def _one_hot(inputs: Array, edges: Array) -> Array:
    """Bins of inputs: (days, columns, 12) of zeros and ones; a NaN is in no bin."""
    bins = np.stack(
        [np.searchsorted(edges[column], inputs[:, column], side="right") for column in range(len(edges))], 1
    )
    found: Array = (bins[:, :, None] == np.arange(BINS)) & ~np.isnan(inputs)[:, :, None]
    return found.astype(np.float64)


def _smoothed(counts: Array, days: int) -> Array:
    found: Array = (counts + _SMOOTHING) / (days + BINS * _SMOOTHING)
    return found


def _index(shares: Array, of_training: Array) -> Array:
    """Mean stability index over columns of (windows, columns, 12) shares: (windows,)."""
    found: Array = ((shares - of_training) * np.log(shares / of_training)).sum(axis=2).mean(axis=1)
    return found


def _shortfalls(probability: Array, predicted: Flags, turbulent: Flags) -> Array:
    """Probability of the predicted regime less 1 where it came true: (days,)."""
    stated = np.where(predicted, probability, 1 - probability)
    found: Array = stated - (predicted == turbulent)
    return found


def _windows(values: Array, days: int) -> Array:
    """Sums over every window of so many days; none where there are fewer."""
    if len(values) < days:
        return np.empty((0, *values.shape[1:]))
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    found: Array = sums[days:] - sums[:-days]
    return found
