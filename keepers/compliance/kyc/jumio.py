"""Jumio's requests and answers: Account API and Retrieval API of the Jumio Platform (KYX), version 1.

Source: Jumio's documentation, "Creating or Updating Accounts", "Calling Retrieval APIs", "Workflow Status", "Workflow
Details", "Transaction Decisions and Risk Scores", and "Callback".
"""

from __future__ import annotations

import json
from typing import Any

from keepers.compliance.kyc.checks import (
    CheckRequest,
    CheckResult,
    DocumentHolder,
    Expected,
    Outcome,
    StartedCheck,
    member,
    text,
)
from keepers.compliance.kyc.errors import ProviderRefused
from keepers.compliance.kyc.moments import end_of_day, moment
from keepers.compliance.kyc.webhooks import JUMIO

_WAITS = ("INITIATED", "ACQUISITION_STARTED", "ACQUIRED")
_LAPSED = ("SESSION_EXPIRED", "TOKEN_EXPIRED")
PROCESSED = "PROCESSED"

_DECISIONS = {
    "PASSED": Outcome.APPROVED,
    "WARNING": Outcome.REVIEW,
    "REJECTED": Outcome.DECLINED,
    "NOT_EXECUTED": Outcome.EXPIRED,
}
_LONGEST_CALLBACK = 255


def account_body(request: CheckRequest) -> dict[str, Any]:
    """Returns the body of POST /api/v1/accounts; nothing of the person is in it.

    Raises:
        ProviderRefused: If the address for callbacks is longer than Jumio takes.
    """
    if len(request.callback) > _LONGEST_CALLBACK:
        raise ProviderRefused(JUMIO, "takes no callback address of that length", "shorten kyc.webhooks.public_url")
    callback = {"callbackUrl": request.callback} if request.callback else {}
    return {
        "customerInternalReference": request.reference,
        "userReference": request.reference,
        "workflowDefinition": {"key": int(request.workflow) if request.workflow.isdigit() else request.workflow},
        "tokenLifetime": f"{request.link_days}d",
        **callback,
    }


def started(answer: Any) -> StartedCheck:
    """Returns the check that a new account's workflow execution is.

    Raises:
        ProviderRefused: If the answer has none.
    """
    account, check = text(answer, "account", "id"), text(answer, "workflowExecution", "id")
    if not 0 < len(account) <= 64 or not 0 < len(check) <= 64:
        raise ProviderRefused(JUMIO, "answered without an identifier", "look at the Jumio Portal")
    return StartedCheck(account, check, text(answer, "web", "href"))


def status_of(answer: Any, expected: Expected) -> CheckResult | None:
    """Returns how an execution stands; None if it is processed, and its details can be asked for.

    Raises:
        ProviderRefused: If the answer is about another check, or has a status that nobody published.
    """
    found = (text(answer, "account", "id"), text(answer, "workflowExecution", "id"))
    if found != (expected.account, expected.check):
        raise _another()
    status = text(answer, "workflowExecution", "status")
    if status == PROCESSED:
        return None
    if status in _WAITS:
        return CheckResult(Outcome.PENDING, status)
    if status in _LAPSED:
        return CheckResult(Outcome.EXPIRED, status)
    raise ProviderRefused(JUMIO, "answered with a status that its API does not have", "update quantera")


def result_of(answer: Any, expected: Expected) -> CheckResult:
    """Returns the result of a processed execution.

    Raises:
        ProviderRefused: If the answer is about another check, or has a decision that nobody published.
    """
    workflow = member(answer, "workflow")
    found = (
        text(answer, "account", "id"),
        text(workflow, "id"),
        text(workflow, "customerInternalReference"),
        str(member(workflow, "definitionKey") or ""),
    )
    if found != (expected.account, expected.check, expected.reference, expected.workflow):
        raise _another()
    outcome = _DECISIONS.get(text(answer, "decision", "type"))
    if outcome is None:
        raise ProviderRefused(JUMIO, "answered with a decision that its API does not have", "update quantera")
    label = text(answer, "decision", "details", "label")
    data = _extracted(answer)
    return CheckResult(
        outcome,
        label if label.isascii() and label.replace("_", "").isalnum() else "",
        moment(text(answer, "completedAt")),
        _passed(answer),
        _holder(data),
        end_of_day(text(data, "expiryDate")),
        json.dumps(answer, ensure_ascii=False, sort_keys=True).encode(),
    )


def _another() -> ProviderRefused:
    return ProviderRefused(JUMIO, "answered about another check", "look at the check in the Jumio Portal")


def _runs(answer: Any, capability: str) -> list[Any]:
    found = member(answer, "capabilities", capability)
    return found if isinstance(found, list) else []


def _passed(answer: Any) -> frozenset[str]:
    """Capabilities that ran, and passed each time."""
    capabilities = member(answer, "capabilities")
    names = capabilities if isinstance(capabilities, dict) else {}
    return frozenset(
        name
        for name in names
        if (runs := _runs(answer, name)) and all(text(run, "decision", "type") == "PASSED" for run in runs)
    )


def _extracted(answer: Any) -> Any:
    """Data that were read off the document: those of the extraction that passed."""
    for run in _runs(answer, "extraction"):
        if text(run, "decision", "type") == "PASSED":
            return member(run, "data")
    return None


def _holder(data: Any) -> DocumentHolder:
    name = " ".join(part for part in (text(data, "firstName"), text(data, "lastName")) if part)
    return DocumentHolder(name, text(data, "dateOfBirth"))
