"""Refusals about cases; they name lines, identifiers and fields, and never a person."""

from __future__ import annotations

from keepers.compliance.errors import ComplianceError


class CaseError(ComplianceError):
    """A case that does not allow a step, or a file of people or ownership that cannot be used."""
