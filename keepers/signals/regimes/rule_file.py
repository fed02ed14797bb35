"""The EWMA rule as a file: what it learned, so that a keeper and an auditor apply the same cut."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.regimes.forecast import RegimeForecast, require_inputs
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.label import Label, Labelled
from keepers.signals.regimes.rules import best_cut, ewma_at

NAME = "ewma threshold"


@dataclass(frozen=True)
class EwmaRule:
    """The rule of decision 139 with what training days taught it.

    Attributes:
        label: Label that it forecasts.
        cut: Logarithm of volatility over threshold above which it predicts turbulence.
        above, below: Share of turbulence among the training days on either side of the cut.
        trained_until: Last day whose close it was fitted to.
        data: SHA-256 of the history that it was fitted to.
    """

    label: Label
    cut: float
    above: float
    below: float
    trained_until: date
    data: str

    @classmethod
    def fit(cls, inputs: Inputs, training: NDArray[np.int64], dates: tuple[date, ...], data: str) -> EwmaRule:
        """Fits the cut and the shares.

        Args:
            inputs: Labelled history.
            training: Places of the training days among the labelled days.
            dates: Day of each row of the history.
            data: SHA-256 of the history.
        """
        scores, turbulent = ewma_at(inputs.labelled, inputs.rows[training]), inputs.turbulent[training]
        cut = best_cut(scores, turbulent)
        sides = (scores > cut, scores <= cut)
        above, below = (float(turbulent[side].mean()) if side.any() else 0.5 for side in sides)
        until = dates[int(inputs.rows[training[-1]]) + inputs.labelled.label.horizon]
        return cls(inputs.labelled.label, cut, above, below, until, data)

    @property
    def content(self) -> bytes:
        """Bytes of its file."""
        raw = {
            "rule": NAME,
            "horizon_days": self.label.horizon,
            "median_days": self.label.median_days,
            "cut": self.cut,
            "above": self.above,
            "below": self.below,
            "trained_until": self.trained_until.isoformat(),
            "data": self.data,
        }
        return (json.dumps(raw, indent=1, sort_keys=True) + "\n").encode()

    @property
    def weights_hash(self) -> bytes:
        """keccak256 of its file, 32 bytes."""
        return keccak(self.content)

    @classmethod
    def open(cls, content: bytes, registered: bytes | None = None) -> EwmaRule:
        """Opens a file.

        Args:
            content: Bytes of the file.
            registered: Hash that the chain has for it; None where nothing is signed.

        Raises:
            SignalError: If the hash is another, or the file is no such rule.
        """
        found = keccak(content)
        if registered is not None and registered != found:
            raise SignalError(f"model file 0x{found.hex()}", f"registered is 0x{registered.hex()}", "use that file")
        try:
            raw = json.loads(content)
            rule, label = raw["rule"], Label(int(raw["horizon_days"]), int(raw["median_days"]))
            until, data = date.fromisoformat(raw["trained_until"]), str(raw["data"])
            opened = cls(label, float(raw["cut"]), float(raw["above"]), float(raw["below"]), until, data)
        except (ValueError, KeyError, TypeError):
            raise SignalError("the model file", "not a fitted rule", "train it again") from None
        shares = (opened.above, opened.below)
        if rule != NAME or not math.isfinite(opened.cut) or not all(0 <= share <= 1 for share in shares):
            raise SignalError("the model file", f"not the rule '{NAME}' with a cut and two shares", "train it again")
        if opened.content != content:
            raise SignalError("the model file", "not as it was written", "train it again")
        return opened

    def forecast(self, frame: Frame) -> RegimeForecast:
        """Forecast at the close of a history's last day.

        Raises:
            SignalError: If the history is too short or lacks the market's closes.
        """
        require_inputs(frame, ("close",))
        labelled = Labelled.of(frame.daily["close"], self.label)
        score = ewma_at(labelled, np.array([len(frame.dates) - 1]))
        if not math.isfinite(score[0]):
            raise SignalError(f"the volatility of {frame.dates[-1]}", f"is {score[0]}", "clean the closes")
        turbulent = bool(score[0] > self.cut)
        return RegimeForecast(score, self.above if turbulent else self.below, turbulent)
