"""The time that an effort leaves."""

from __future__ import annotations

from keepers.routing.plans import Effort

_FINISHING, _MOST_FINISHING = 0.3, 0.15
"""Part of the time that is kept for finishing the best plan, and the most seconds of it."""


class Deadline:
    """Counts an effort's time from now on.

    Args:
        effort: How far to go.
    """

    def __init__(self, effort: Effort) -> None:
        self._effort, self._began = effort, effort.clock()

    @property
    def spent(self) -> float:
        """Seconds that have passed."""
        return self._effort.clock() - self._began

    @property
    def left(self) -> float:
        """Seconds that are left; not below zero."""
        return max(0.0, self._effort.seconds - self.spent)

    def is_past(self) -> bool:
        """Returns whether the time is up, or the effort was cancelled."""
        return self._effort.cancelled() or self.spent > self._effort.seconds

    def is_near(self) -> bool:
        """Returns whether what is left of the time is needed to finish the best plan."""
        seconds = self._effort.seconds
        enough = max((1 - _FINISHING) * seconds, seconds - _MOST_FINISHING)
        return self._effort.cancelled() or self.spent > enough
