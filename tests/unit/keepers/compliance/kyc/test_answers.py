"""Answers of Onfido and Jumio: each status has a meaning, and an answer about another check is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keepers.compliance.kyc import jumio, onfido
from keepers.compliance.kyc.checks import Applicant, CheckRequest, Expected, Outcome
from keepers.compliance.kyc.errors import ProviderRefused

EXPECTED = Expected("account", "check", "10011", "ab" * 16)


def request(**changes: Any) -> CheckRequest:
    fields: dict[str, Any] = {
        "reference": "ab" * 16,
        "workflow": "10011",
        "applicant": Applicant("Jan", "Kowalski", "1970-05-06"),
        "callback": "https://desk.example/jumio/x",
        "link_days": 7,
        "asked": 0,
    }
    return CheckRequest(**{**fields, **changes})


def run(status: str = "approved", **changes: Any) -> dict[str, Any]:
    ids = {"id": "check", "applicant_id": "account", "workflow_id": "10011"}
    return {**ids, "status": status, "updated_at": "2026-09-21T14:13:20Z", "output": {}, **changes}


def details(decision: str = "PASSED", **changes: Any) -> dict[str, Any]:
    workflow = {"id": "check", "status": "PROCESSED", "definitionKey": "10011", "customerInternalReference": "ab" * 16}
    passed = {"decision": {"type": "PASSED", "details": {"label": "OK"}}}
    data = {"firstName": "JAN", "lastName": "KOWALSKI", "dateOfBirth": "1970-05-06", "expiryDate": "2031-05-06"}
    found = {
        "workflow": workflow,
        "account": {"id": "account"},
        "completedAt": "2026-09-21T14:13:20.123Z",
        "decision": {"type": decision, "details": {"label": decision}, "risk": {"score": 10.0}},
        "capabilities": {"extraction": [{**passed, "data": data}], "liveness": [passed], "similarity": []},
    }
    return {**found, **changes}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("awaiting_input", Outcome.PENDING),
        ("processing", Outcome.PENDING),
        ("approved", Outcome.APPROVED),
        ("declined", Outcome.DECLINED),
        ("review", Outcome.REVIEW),
        ("abandoned", Outcome.EXPIRED),
        ("error", Outcome.FAILED),
    ],
)
def test_onfido_result__every_published_status__has_a_meaning(status: str, outcome: Outcome) -> None:
    assert onfido.result_of(run(status), EXPECTED).outcome is outcome


def test_onfido_result__approved__has_moment_parts_expiry_and_content() -> None:
    output = {"watchlist": "clear", "face": True, "age": 1, "address": "consider", "document_expiry": "2031-05-06"}
    found = onfido.result_of(run(output=output), EXPECTED)
    assert found.completed == 1_790_000_000 and found.passed == {"watchlist", "face"}
    assert found.document_expires == 1_935_878_400 and json.loads(found.content)["output"] == output
    assert "consider" not in repr(found)


@pytest.mark.parametrize("changes", [{"id": "x"}, {"applicant_id": "x"}, {"workflow_id": "x"}, {"status": "great"}])
def test_onfido_result__another_run_or_status__is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProviderRefused):
        onfido.result_of({**run(), **changes}, EXPECTED)


@pytest.mark.parametrize("answer", [None, [], "x", {}, {"id": 7}])
def test_answers__of_another_form__are_refused_by_both(answer: Any) -> None:
    for read in (onfido.result_of, jumio.result_of, jumio.status_of):
        with pytest.raises(ProviderRefused):
            read(answer, EXPECTED)
    for begin in (onfido.started, jumio.started, onfido.applicant_of_answer):
        with pytest.raises(ProviderRefused):
            begin(answer)


def test_onfido_bodies__of_a_person__are_as_published() -> None:
    assert onfido.applicant_body(request()) == {"first_name": "Jan", "last_name": "Kowalski", "dob": "1970-05-06"}
    body = onfido.run_body(request(), "account", 0)
    link = {"expires_at": "1970-01-08T00:00:00Z"}
    assert body == {"workflow_id": "10011", "applicant_id": "account", "tags": ["quantera-" + "ab" * 16], "link": link}


def test_onfido_applicant__name_that_it_does_not_take__is_refused_without_the_name() -> None:
    with pytest.raises(ProviderRefused, match="takes no such name") as refused:
        onfido.applicant_body(request(applicant=Applicant("Jan;", "Kowalski")))
    assert "Jan" not in str(refused.value)


def test_onfido_found_among__runs_of_others__takes_the_one_with_the_tag_and_the_workflow() -> None:
    tag = onfido.tag_of(request())
    others = [{}, "x", run(tags=["quantera-other"]), run(tags=[tag], workflow_id="other")]
    runs = [*others, run(tags=["a", tag], id="mine")]
    found = onfido.found_among(runs, request())
    assert found is not None and found.check == "mine"
    assert onfido.found_among(others, request()) is None


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [
        ("PASSED", Outcome.APPROVED),
        ("WARNING", Outcome.REVIEW),
        ("REJECTED", Outcome.DECLINED),
        ("NOT_EXECUTED", Outcome.EXPIRED),
    ],
)
def test_jumio_result__every_published_decision__has_a_meaning(decision: str, outcome: Outcome) -> None:
    assert jumio.result_of(details(decision), EXPECTED).outcome is outcome


def test_jumio_result__passed__has_holder_parts_and_expiry() -> None:
    found = jumio.result_of(details(), EXPECTED)
    assert found.holder is not None and (found.holder.name, found.holder.birth_date) == ("JAN KOWALSKI", "1970-05-06")
    assert found.passed == {"extraction", "liveness"} and found.document_expires == 1_935_878_400
    assert found.completed == 1_790_000_000 and "KOWALSKI" not in repr(found)


def test_jumio_result__one_run_of_a_capability_failed__did_not_pass_it() -> None:
    failed = {"decision": {"type": "WARNING"}}
    answer = details()
    answer["capabilities"]["liveness"].append(failed)
    assert "liveness" not in jumio.result_of(answer, EXPECTED).passed


def test_jumio_result__label_that_is_a_text__is_not_repeated() -> None:
    answer = details(decision="PASSED")
    answer["decision"]["details"]["label"] = "Jan Kowalski's passport"
    assert jumio.result_of(answer, EXPECTED).label == ""


@pytest.mark.parametrize("field", ["id", "definitionKey", "customerInternalReference"])
def test_jumio_result__of_another_execution__is_refused(field: str) -> None:
    answer = details()
    answer["workflow"][field] = "other"
    with pytest.raises(ProviderRefused, match="answered about another check"):
        jumio.result_of(answer, EXPECTED)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("INITIATED", Outcome.PENDING),
        ("ACQUIRED", Outcome.PENDING),
        ("SESSION_EXPIRED", Outcome.EXPIRED),
        ("TOKEN_EXPIRED", Outcome.EXPIRED),
        ("PROCESSED", None),
    ],
)
def test_jumio_status__every_published_one__has_a_meaning(status: str, outcome: Outcome | None) -> None:
    answer = {"account": {"id": "account"}, "workflowExecution": {"id": "check", "status": status}}
    found = jumio.status_of(answer, EXPECTED)
    assert (None if found is None else found.outcome) is outcome


def test_jumio_body__of_a_check__says_nothing_of_the_person() -> None:
    body = jumio.account_body(request())
    assert body == {
        "customerInternalReference": "ab" * 16,
        "userReference": "ab" * 16,
        "workflowDefinition": {"key": 10011},
        "tokenLifetime": "7d",
        "callbackUrl": "https://desk.example/jumio/x",
    }
    assert "Kowalski" not in str(body)


def test_jumio_body__callback_longer_than_it_takes__is_refused() -> None:
    with pytest.raises(ProviderRefused, match="takes no callback address of that length"):
        jumio.account_body(request(callback="https://" + "x" * 250))
