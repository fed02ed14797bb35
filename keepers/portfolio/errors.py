"""Refusals of the portfolio room."""

from __future__ import annotations

from keepers.errors import KeeperError


class OptimisationFailed(KeeperError):
    """No target weights: the problem has no solution, or the solver no answer."""


class PerformanceError(KeeperError):
    """Returns, values or weights from which no performance can be computed."""
