"""Refusals of the execution room."""

from keepers.errors import KeeperError


class ExecutionError(KeeperError):
    """Orders, volumes or parameters that no schedule can be made of."""
