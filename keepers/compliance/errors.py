"""Refusals of the compliance room."""

from keepers.errors import KeeperError


class ComplianceError(KeeperError):
    """Input from which no rule, verdict or log can be made."""


class RulebookError(ComplianceError):
    """A rulebook file that cannot be used."""
