"""The worst that tests found, for the summary that `make fuzz` ends with."""

from __future__ import annotations

ERRORS: dict[str, tuple[float, int]] = {}
"""Largest relative error and number of comparisons, by what was compared."""


def note(what: str, error: float) -> float:
    """Remembers the error and gives it back."""
    largest, count = ERRORS.get(what, (0.0, 0))
    ERRORS[what] = (max(largest, error), count + 1)
    return error


BOUNDS: dict[str, tuple[float, float]] = {}
"""Worst found and the bound that it may not pass, by what was bounded."""


def note_bound(what: str, found: float, bound: float) -> None:
    """Remembers the worst."""
    BOUNDS[what] = (max(BOUNDS.get(what, (0.0, bound))[0], found), bound)
