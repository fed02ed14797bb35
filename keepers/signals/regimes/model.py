"""A trained model of the regime: what it reads, how rows are prepared, and its committee."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.features import definition_hash, feature_named
from keepers.signals.preparation import Preparation
from keepers.signals.regimes.committee import Committee
from keepers.signals.regimes.inputs import RATIO_DAYS
from keepers.signals.regimes.label import Label

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Card:
    """Description that a model file holds of itself.

    Attributes:
        features: Registered features that it reads, after the six ratios.
        definitions: SHA-256 of their definitions, lags among them.
        label: Label that it forecasts.
        trained_until: Last day whose close it was trained on, through a label or an input.
        data: SHA-256 of the history that it was trained on.
    """

    features: tuple[str, ...]
    definitions: str
    label: Label
    trained_until: date
    data: str

    @property
    def columns(self) -> int:
        """Number of columns of a row."""
        return len(RATIO_DAYS) + len(self.features)

    def require_current(self) -> None:
        """Refuses a model whose features are defined otherwise by now.

        Raises:
            SignalError: If a feature is unknown, or a definition or lag has changed.
        """
        now = definition_hash([feature_named(name) for name in self.features])
        if now != self.definitions:
            raise SignalError("the model's features", "have other definitions or lags by now", "train it again")

    def to_text(self) -> str:
        """The card as JSON; the same card has the same text."""
        raw = {
            "features": self.features,
            "definitions": self.definitions,
            "horizon_days": self.label.horizon,
            "median_days": self.label.median_days,
            "trained_until": self.trained_until.isoformat(),
            "data": self.data,
        }
        return json.dumps(raw, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> Card:
        """The card of a JSON text.

        Raises:
            SignalError: If it is none.
        """
        try:
            raw = json.loads(text)
            return cls(
                tuple(map(str, raw["features"])),
                str(raw["definitions"]),
                Label(int(raw["horizon_days"]), int(raw["median_days"])),
                date.fromisoformat(raw["trained_until"]),
                str(raw["data"]),
            )
        except (ValueError, KeyError, TypeError):
            raise SignalError("the model file", "does not say what it reads", "export it again") from None


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model in numpy, which its ONNX file has to agree with.

    Attributes:
        card: Description that it carries.
        preparation: Statistics of its training rows.
        committee: Its networks.
    """

    card: Card
    preparation: Preparation
    committee: Committee

    def probability(self, rows: Array) -> Array:
        """Probability of turbulence: (rows,).

        Args:
            rows: (rows, columns), complete.

        Raises:
            SignalError: If a cell is not finite, or the number of columns is another.
        """
        require_complete(rows, self.card.columns)
        found: Array = self.committee.probabilities(self.preparation.apply(rows)).mean(axis=0)
        return found


def joined(members: Sequence[Committee]) -> Committee:
    """One committee of the members of several."""
    layers = range(len(members[0].weights))
    return Committee(
        tuple(np.concatenate([member.weights[layer] for member in members]) for layer in layers),
        tuple(np.concatenate([member.biases[layer] for member in members]) for layer in layers),
        np.concatenate([member.slopes for member in members]),
    )


def require_complete(rows: Array, columns: int) -> None:
    """Refuses rows that a live model must not decide on.

    Raises:
        SignalError: If a cell is not finite, or the number of columns is another.
    """
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise SignalError(f"rows of shape {rows.shape}", f"the model reads {columns} columns", "give those")
    bad = np.argwhere(~np.isfinite(rows))
    if bad.size:
        raise SignalError(f"column {bad[0][1]} of row {bad[0][0]}", f"is {rows[tuple(bad[0])]}", "clean its inputs")
