"""The models that the risk keeper posted, read back from the reasons of its decisions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_MODEL = re.compile(
    r"\d+ days, (?P<model>.+?)(?:, t of [\d.]+ degrees)?(?:, shrinkage [\d.]+)?"
    r"(?P<held>(?:, (?:tails )?held back by .+)?)$"
)
"""`keepers.risk.next_model` writes it after the days of the closes."""


@dataclass(frozen=True)
class PostedModels:
    """How the posted models came about.

    Attributes:
        models: Number of models by the name of what estimated them; a fallback has its own name and its reason.
        held: Number of models that the chain's bounds held back.
    """

    models: dict[str, int]
    held: int


def summarise_models(reasons: Sequence[str]) -> PostedModels:
    """Counts models.

    Args:
        reasons: Reasons of the decisions that posted one.
    """
    found = [match for match in map(_MODEL.search, reasons) if match is not None]
    return PostedModels(dict(Counter(match["model"] for match in found)), sum(bool(match["held"]) for match in found))
