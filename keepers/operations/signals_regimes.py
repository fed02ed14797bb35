"""A Markov-switching model beside the simple rules of the regime: for a terminal, for programs, and for a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers import __version__
from keepers.operations.signals_evaluate import accuracy_table, difference_table, score_object
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.regimes.evaluation import Evaluation, Protocol, evaluate
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.switching import JUDGED, SWITCHING

PART = "regimes-table"
"""Name of the generated part of a page."""


@dataclass(frozen=True)
class RegimeTable:
    """Outcome of the comparison.

    Attributes:
        evaluation: Scores.
        protocol: How they came about.
        data_hash: SHA-256 of the history.
    """

    evaluation: Evaluation
    protocol: Protocol
    data_hash: str


MODELS = len(JUDGED)
"""Number of models that are judged."""


def compare(frame: Frame, protocol: Protocol, progress: Callable[[str], None] = lambda _: None) -> RegimeTable:
    """Judges the simple rules and the switching model.

    Args:
        frame: History with `close`.
        protocol: How models are fitted and judged.
        progress: Called with the name of a model before it is fitted.

    Raises:
        SignalError: If closes are missing, the history is too short, or the protocol trains on its test period.
    """
    if "close" not in frame.daily:
        raise SignalError("input 'close'", "not part of this history", "add it under 'daily'")
    inputs = Inputs.of(frame, (), protocol.label, np.empty((len(frame.dates), 0)))
    found = evaluate(inputs, frame.dates, protocol, progress, (), JUDGED)
    return RegimeTable(found, protocol, frame.digest())


def as_object(found: RegimeTable) -> dict[str, Any]:
    """The comparison for programs."""
    judged = found.evaluation
    return {
        "version": __version__,
        "data": {"sha256": found.data_hash},
        "test": {"first": judged.first, "last": judged.last, "days": judged.days, "turbulent": judged.turbulent},
        "scores": [score_object(score) for score in judged.scores],
    }


def lines(found: RegimeTable) -> list[str]:
    """The comparison for a terminal."""
    judged = found.evaluation
    span = f"{judged.days:,} days from {judged.first} to {judged.last}, {judged.turbulent:.1%} turbulent"
    rows = [f"{span}; data {found.data_hash[:16]}"]
    for score in judged.scores:
        ends = f"{score.accuracy.low:.1%} to {score.accuracy.high:.1%}"
        rows.append(f"  {score.model:20} {score.accuracy.value:.1%}  {ends}  Brier {score.brier:.3f}")
    return rows


def markdown(found: RegimeTable, command: str) -> str:
    """The comparison as tables of a page.

    Args:
        found: The comparison.
        command: Command that computes it again.
    """
    judged, protocol = found.evaluation, found.protocol
    switching = judged.scores[-1]
    verdict = "beats every rule" if switching.beats_all else "does not beat every rule"
    head = (
        f"**`{SWITCHING.name}` {verdict}.** {judged.days:,} days from {judged.first} to {judged.last}, "
        f"{judged.turbulent:.1%} of them turbulent; label, walk forward and intervals are those of "
        f"[signals](signals.md), fitted again every {protocol.refit} days. `{command}`, quantera {__version__}, data "
        f"SHA-256 `{found.data_hash}`."
    )
    differences = (
        "Accuracy of the model in the row less that of the one in the column, in percentage points with 95% intervals; "
        "bold where the interval is above zero."
    )
    return "\n\n".join([head, accuracy_table(judged, live=""), differences, difference_table(judged.scores)])
