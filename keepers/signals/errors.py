"""Refusals of the signals room."""

from keepers.errors import KeeperError


class SignalError(KeeperError):
    """Input from which no signal can be computed."""


class StaleHistory(SignalError):
    """A history that ends too early for what is asked."""

    EXIT_CODE = 75
    """The code EX_TEMPFAIL, so that a program can tell it from other faults."""
