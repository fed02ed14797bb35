"""Refusals about evidence; they name addresses and fields, and never a person or a document."""

from __future__ import annotations

from keepers.compliance.errors import ComplianceError


class EvidenceError(ComplianceError):
    """A folder, key, object or journal that cannot be used, or is not what was written."""


class Erased(EvidenceError):
    """A person about whom nothing can be kept or read any more, because the key was erased."""
