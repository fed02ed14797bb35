"""Refusals of the signals room."""

from keepers.errors import KeeperError


class SignalError(KeeperError):
    """Input from which no signal can be computed."""
