"""Inputs of models of the regime: the market's volatilities over the threshold, and the registry's features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.features import Feature, Frame, first_row, matrix
from keepers.signals.regimes.label import Label, Labelled

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

RATIO_DAYS = (5, 10, 21, 63, 126, 252)
"""Days of the volatilities whose ratios to the threshold the narrow models read."""

WIDE = (
    "average_correlation_21",
    "average_correlation_63",
    "absorption_252",
    "dispersion_21",
    "dispersion_daily_21",
    "breadth_63",
    "beta_252",
    "beta_dispersion_252",
    "return_1",
    "return_5",
    "return_21",
    "return_63",
    "return_126",
    "return_252",
    "momentum_12_1",
    "reversal_5",
    "trend_200",
    "up_days_21",
    "drawdown_252",
    "max_drawdown_252",
    "days_from_high_252",
    "skew_63",
    "skew_252",
    "kurtosis_252",
    "autocorrelation_63",
    "leverage_63",
    "rsi_14",
    "macd",
    "macd_histogram",
    "bollinger_20",
    "volatility_5",
    "volatility_10",
    "volatility_21",
    "volatility_63",
    "volatility_126",
    "volatility_252",
    "volatility_slope_5_21",
    "volatility_slope_21_63",
    "volatility_slope_63_252",
    "volatility_slope_21_252",
    "volatility_ewma",
    "volatility_of_volatility_63",
    "downside_63",
    "downside_share_63",
    "bipower_21",
    "jump_share_21",
    "largest_move_63",
)
"""The registered features that read closes only, as they were when the evaluation of docs/decisions/0139 was first run;
a feature that is registered later is not among them, so that the table stays what it was."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """A labelled history with its inputs, at the rows at which label and inputs are all known.

    Attributes:
        labelled: Label, threshold and returns of every day.
        rows: (labelled days,), rows of the history, contiguous.
        ratios: (labelled days, 6), logarithms of volatilities over the threshold.
        features: (labelled days, features).
        names: Names of the features.
    """

    labelled: Labelled
    rows: Rows
    ratios: Array
    features: Array
    names: tuple[str, ...]

    @property
    def turbulent(self) -> NDArray[np.bool_]:
        """(labelled days,), the label."""
        return self.labelled.turbulent[self.rows]

    @property
    def wide(self) -> Array:
        """(labelled days, 6 + features), all inputs."""
        return np.column_stack([self.ratios, self.features])

    @classmethod
    def of(cls, frame: Frame, features: Sequence[Feature], label: Label, known: Array | None = None) -> Inputs:
        """Inputs of a history.

        Args:
            frame: History with closes of the market.
            features: Features of the wide models.
            label: Definition of the label.
            known: `values_of` the same history and features, where they are there already.

        Raises:
            SignalError: If the history is too short, or a feature cannot be computed.
        """
        labelled = Labelled.of(frame.daily["close"], label)
        first = max(label.first_row, first_row(frame, features), max(RATIO_DAYS))
        rows = np.arange(first, len(frame.dates) - label.horizon, dtype=np.int64)
        values = (values_of(frame, features) if known is None else known)[rows]
        return cls(labelled, rows, _ratios(labelled, rows), values, tuple(found.name for found in features))


def newest(frame: Frame, features: Sequence[Feature], label: Label) -> Array:
    """Inputs of a wide model at the close of a history's last day, whose label nobody knows: (1, 6 + features).

    Raises:
        SignalError: If the history is too short, or an input has no value.
    """
    needed = max(label.first_row + label.horizon, max(RATIO_DAYS)) + 1
    last = len(frame.dates) - 1
    if last + 1 < needed:
        raise SignalError(f"{last + 1} days", f"{needed} are needed", "give a longer history")
    # The medians of earlier days are not wanted, and take most of the time.
    labelled = Labelled.of(frame.daily["close"][-needed:], label)
    row = np.column_stack([_ratios(labelled, np.array([needed - 1])), matrix(frame, features, [last])])
    if np.any(np.isnan(row)):
        raise SignalError(f"a ratio of {frame.dates[last]}", "has no value, as the market stood still", "wait a day")
    return row


def _ratios(labelled: Labelled, rows: Rows) -> Array:
    squares = np.concatenate([[0.0], np.cumsum(labelled.returns**2)])
    variances = np.column_stack([(squares[rows + 1] - squares[rows + 1 - days]) / days for days in RATIO_DAYS])
    with np.errstate(divide="ignore"):
        ratios: Array = 0.5 * np.log(np.maximum(variances, 0.0)) - np.log(labelled.threshold[rows])[:, None]
    # A market that stood still has no logarithm; training fills what is missing.
    ratios[~np.isfinite(ratios)] = np.nan
    return ratios


def values_of(frame: Frame, features: Sequence[Feature]) -> Array:
    """Features of every day: (days, features), NaN before all of them are known.

    Raises:
        SignalError: If the history is too short, or a feature cannot be computed.
    """
    first = first_row(frame, features)
    later = matrix(frame, features, range(first, len(frame.dates)))
    return np.vstack([np.full((first, len(features)), np.nan), later])
