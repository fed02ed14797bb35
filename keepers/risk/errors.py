"""Refusals of the risk room."""

from keepers.errors import KeeperError


class RiskError(KeeperError):
    """Input from which no risk number can be computed."""
