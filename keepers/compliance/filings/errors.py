"""Refusals about filings; they name fields and records by their number, and never a person's data."""

from __future__ import annotations

from keepers.compliance.errors import ComplianceError


class FilingError(ComplianceError):
    """Input from which no filing can be made, or a file that is none."""
