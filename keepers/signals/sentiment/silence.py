"""Sources that have fallen silent: a day without texts reads as neutral, which a feed that broke does too. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

PATIENCE = timedelta(days=7)
"""Days without a text that mean nothing."""


def silent_since(told: Iterable[date], until: date) -> date | None:
    """The day of the last text of a source that has been silent for longer than ever before, and for over a week.

    Args:
        told: Days with texts, in any order.
        until: Last day that could have some.

    Returns:
        The day, or None for a source that is as usual, or that never said anything.
    """
    days = sorted({day for day in told if day <= until})
    if not days:
        return None
    usual = max((after - before for before, after in pairwise(days)), default=PATIENCE)
    return days[-1] if until - days[-1] > max(usual, PATIENCE) else None
