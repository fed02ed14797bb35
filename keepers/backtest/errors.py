"""Refusals of a backtest."""

from __future__ import annotations

from keepers.errors import KeeperError


class BacktestError(KeeperError):
    """A backtest that cannot be run."""
