"""Refusals of the travel rule; they name fields, constraints and numbers, and never a person."""

from __future__ import annotations

from keepers.compliance.errors import ComplianceError


class TravelError(ComplianceError):
    """A message, key, exchange or identity that cannot be used."""
