"""The live selector: the rule that won the evaluation, fitted to the index before the replay begins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from keepers.market.packaged import sp500_index
from keepers.signals.features import Frame
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.rule_file import EwmaRule

RULE_FILE = "selector.json"
_ADVICE = re.compile(r"\b(calm|turbulent) by (\d+)%, ([a-z-]+), inputs")


@dataclass(frozen=True)
class Advised:
    """The advice that a decision names.

    Attributes:
        regime: "calm" or "turbulent".
        confidence: Probability of that regime.
        strategy: Strategy that it asks for.
    """

    regime: str
    confidence: float
    strategy: str


def fit_selector(first: date, folder: Path) -> EwmaRule:
    """Fits the rule of decision 141 to the index's closes before a day, and writes its file.

    Args:
        first: First day of the replay, which the rule knows nothing of.
        folder: Folder of the file.
    """
    closes = sp500_index()
    rows = sum(day < first for day in closes.dates)
    frame = Frame(closes.dates[:rows], {"close": closes.closes[:rows, 0]})
    inputs = Inputs.of(frame, (), Label())
    rule = EwmaRule.fit(inputs, np.arange(inputs.rows.size), frame.dates, frame.digest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RULE_FILE).write_bytes(rule.content)
    return rule


def index_cells() -> dict[date, str]:
    """The index's closes by day, as a price file spells them."""
    closes = sp500_index()
    return {day: repr(float(close)) for day, close in zip(closes.dates, closes.closes[:, 0], strict=True)}


def advised(reason: str) -> Advised | None:
    """The advice that the reason of a decision names; None where the selector could not decide."""
    found = _ADVICE.search(reason)
    return None if found is None else Advised(found[1], int(found[2]) / 100, found[3])


def summarise_advice(reasons: Sequence[str]) -> dict[str, Any]:
    """Days of each regime and strategy, and the median confidence.

    Args:
        reasons: Reason of each day's decision.
    """
    found = [advice for reason in reasons if (advice := advised(reason)) is not None]
    return {
        "days": len(found),
        "without": len(reasons) - len(found),
        "regimes": dict(Counter(advice.regime for advice in found)),
        "strategies": dict(Counter(advice.strategy for advice in found)),
        "confidence": median(advice.confidence for advice in found) if found else None,
    }
