"""Verifications, levels and persons for tests of the pure room."""

from __future__ import annotations

from typing import Any

from keepers.compliance.kyc.checks import CheckResult, DocumentHolder, Outcome
from keepers.compliance.kyc.settings import Level, WantedTopic
from keepers.compliance.kyc.verification import Verification, VerificationState
from keepers.compliance.screening.screen import Subject

NOW = 1_790_000_000
DAY = 86_400
PERSON = Subject("Jan Kowalski", "person", "1970-05-06")
HOLDER = DocumentHolder("JAN KOWALSKI", "1970-05-06")
LEVEL = Level(
    provider="jumio",
    workflow="10011",
    topics=(WantedTopic(topic=1), WantedTopic(topic=2, needs="liveness")),
    valid_days=365,
)


def verification(state: VerificationState = VerificationState.PENDING, **changes: Any) -> Verification:
    """Returns a verification that was asked for an hour ago."""
    fields: dict[str, Any] = {
        "id": 7,
        "reference": "ab" * 16,
        "person": "P-17",
        "level": "standard",
        "provider": "jumio",
        "workflow": "10011",
        "onchain_id": "0x" + "1" * 40,
        "asked_by": "Ada Example",
        "asked": NOW - 3600,
        "state": state,
        "account": "account",
        "check": "check",
        "expires": NOW + 7 * DAY,
    }
    return Verification(**{**fields, **changes})


def result(outcome: Outcome = Outcome.APPROVED, **changes: Any) -> CheckResult:
    """Returns an answer of a minute ago about the person."""
    fields: dict[str, Any] = {
        "label": "PASSED",
        "completed": NOW - 60,
        "passed": frozenset({"liveness", "similarity"}),
        "holder": HOLDER,
        "document_expires": NOW + 2000 * DAY,
        "content": b"{}",
    }
    return CheckResult(outcome, **{**fields, **changes})
