"""Onfido's requests and answers: Onfido API v3.6 (Studio), as its published OpenAPI document describes them.

Source: onfido/onfido-openapi-spec, v3.6: schemas of applicants, workflow runs, webhook events and errors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from keepers.compliance.kyc.checks import (
    CheckRequest,
    CheckResult,
    Expected,
    Outcome,
    StartedCheck,
    member,
    text,
)
from keepers.compliance.kyc.errors import ProviderRefused
from keepers.compliance.kyc.moments import DAY, end_of_day, moment
from keepers.compliance.kyc.webhooks import ONFIDO

DOCUMENT_EXPIRY = "document_expiry"
"""Property of a workflow's output that bounds claims, if the workflow has one."""

_OUTCOMES = {
    "awaiting_input": Outcome.PENDING,
    "processing": Outcome.PENDING,
    "approved": Outcome.APPROVED,
    "declined": Outcome.DECLINED,
    "review": Outcome.REVIEW,
    "abandoned": Outcome.EXPIRED,
    "error": Outcome.FAILED,
}
_FORBIDDEN = frozenset('!#$%*=<>;{}"')
"""Characters that Onfido takes in no name."""
_PASSED = ("clear", "approved", "passed")
"""Texts of an output's property that say that a part was passed; so does true."""


def applicant_body(request: CheckRequest) -> dict[str, Any]:
    """Returns the body of POST /applicants.

    Raises:
        ProviderRefused: If Onfido would take no such name.
    """
    person = request.applicant
    if _FORBIDDEN & {*person.given, *person.family} or not person.family:
        raise ProviderRefused(ONFIDO, "takes no such name", "correct the name in the register of people")
    born = {"dob": person.birth_date} if person.birth_date else {}
    return {"first_name": person.given, "last_name": person.family, **born}


def run_body(request: CheckRequest, applicant: str, now: int) -> dict[str, Any]:
    """Returns the body of POST /workflow_runs.

    Args:
        request: Check to begin.
        applicant: Onfido's identifier of the person.
        now: Unix seconds.
    """
    expires = datetime.fromtimestamp(now + request.link_days * DAY, UTC)
    link = {"expires_at": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
    return {"workflow_id": request.workflow, "applicant_id": applicant, "tags": [tag_of(request)], "link": link}


def tag_of(request: CheckRequest) -> str:
    """Returns the tag by which a run is found again."""
    return f"quantera-{request.reference}"


def applicant_of_answer(answer: Any) -> str:
    """Returns the identifier of a new applicant.

    Raises:
        ProviderRefused: If the answer has none.
    """
    return _required(text(answer, "id"))


def started(run: Any) -> StartedCheck:
    """Returns the check that a workflow run is.

    Raises:
        ProviderRefused: If the answer is no run.
    """
    return StartedCheck(_required(text(run, "applicant_id")), _required(text(run, "id")), text(run, "link", "url"))


def found_among(runs: Sequence[Any], request: CheckRequest) -> StartedCheck | None:
    """Returns the run with a request's tag, or None."""
    for run in runs:
        tags = member(run, "tags")
        if isinstance(tags, list) and tag_of(request) in tags and text(run, "workflow_id") == request.workflow:
            return started(run)
    return None


def result_of(run: Any, expected: Expected) -> CheckResult:
    """Returns how a workflow run stands.

    Raises:
        ProviderRefused: If the answer is about another run, or has a status that nobody published.
    """
    same = (text(run, "id"), text(run, "applicant_id"), text(run, "workflow_id"))
    if same != (expected.check, expected.account, expected.workflow):
        raise ProviderRefused(ONFIDO, "answered about another check", "look at the check in Onfido's dashboard")
    status = text(run, "status")
    outcome = _OUTCOMES.get(status)
    if outcome is None:
        raise ProviderRefused(ONFIDO, "answered with a status that its API does not have", "update quantera")
    if outcome is Outcome.PENDING:
        return CheckResult(outcome, status)
    output = member(run, "output")
    parts = output.items() if isinstance(output, dict) else ()
    passed = frozenset(name for name, value in parts if value is True or (isinstance(value, str) and value in _PASSED))
    return CheckResult(
        outcome,
        status,
        moment(text(run, "updated_at")),
        passed,
        None,
        end_of_day(text(output, DOCUMENT_EXPIRY)),
        json.dumps(run, ensure_ascii=False, sort_keys=True).encode(),
    )


def _required(identifier: str) -> str:
    if not identifier or len(identifier) > 64:
        raise ProviderRefused(ONFIDO, "answered without an identifier", "look at Onfido's dashboard")
    return identifier
