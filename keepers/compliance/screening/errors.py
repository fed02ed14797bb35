"""Refusals of screening."""

from keepers.compliance.errors import ComplianceError


class ScreeningError(ComplianceError):
    """A name, a date or a list that cannot be screened."""
