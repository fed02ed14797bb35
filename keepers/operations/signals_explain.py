"""One forecast of a trained model, told: what it read, what came out, and what each input did to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.operations.signals_train import open_model
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.regimes.inputs import RATIO_DAYS
from keepers.signals.signal import regime_inputs_hash

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """A forecast and its making.

    Attributes:
        day: Day of the decision.
        regime: `calm` or `turbulent`.
        probability: Probability of turbulence.
        confidence: Probability of the predicted regime.
        trained_on_it: True if the day is no later than the last that the model was trained by.
        weights_hash: keccak256 of the model's file, 0x-prefixed.
        inputs_hash: The hash that a signal of this forecast carries, 0x-prefixed.
        inputs: Each input's name, value, and the probability less what it would be with the training days' median.
    """

    day: date
    regime: str
    probability: float
    confidence: float
    trained_on_it: bool
    weights_hash: str
    inputs_hash: str
    inputs: tuple[tuple[str, float, float], ...]


def explain(frame: Frame, folder: Path, day: date | None) -> Explanation:
    """Explains the forecast of a day.

    Args:
        frame: The history; what comes after the day is not looked at.
        folder: Folder of the model.
        day: Day of the decision; the last one for None.

    Raises:
        SignalError: If the day is not in the history, or the model cannot decide.
    """
    opened = open_model(folder)
    if day is not None and day not in frame.dates:
        raise SignalError(day, "no day of this history", f"choose one from {frame.dates[0]} to {frame.dates[-1]}")
    known = frame if day is None else frame.until(day)
    found = opened.model.forecast(known)
    effects = found.probability - opened.model.probability(_replaced(found.inputs, opened.record.medians))
    names = (*(f"ratio_{days}" for days in RATIO_DAYS), *opened.model.card.features)
    rows = zip(names, map(float, found.inputs), map(float, effects), strict=True)
    weights = opened.model.weights_hash
    return Explanation(
        day=known.dates[-1],
        regime="turbulent" if found.turbulent else "calm",
        probability=found.probability,
        confidence=found.confidence,
        trained_on_it=known.dates[-1] <= opened.record.trained_until,
        weights_hash="0x" + weights.hex(),
        inputs_hash="0x" + regime_inputs_hash(weights, found).hex(),
        inputs=tuple(sorted(rows, key=lambda row: -abs(row[2]))),
    )


def _replaced(row: Array, medians: tuple[float, ...]) -> Array:
    """The row once for each column, with that column at its median."""
    if len(medians) != row.size:
        raise SignalError("the model's record", f"has {len(medians)} medians for {row.size} inputs", "train it again")
    found = np.tile(row, (row.size, 1))
    np.fill_diagonal(found, medians)
    return found


def lines(found: Explanation, shown: int = 12) -> list[str]:
    """The explanation for a terminal: the inputs that moved it most."""
    late = "; the model was trained on this day" if found.trained_on_it else ""
    rows: list[Any] = [
        f"{found.day}: {found.regime}, probability of turbulence {found.probability:.1%}{late}",
        f"model   {found.weights_hash}",
        f"inputs  {found.inputs_hash}",
    ]
    return [
        *rows,
        *(f"  {name:32}{value:>12.5f}{100 * effect:>+8.1f} points" for name, value, effect in found.inputs[:shown]),
    ]
