"""Refusals about ledgers, methods and rates; they name lines and fields, and never a wallet or a person."""

from __future__ import annotations

from keepers.compliance.errors import ComplianceError


class TaxError(ComplianceError):
    """A ledger, method, profile or rate from which no lot, gain or withholding can be made."""
