"""Clients of Onfido and Jumio against stand-ins that follow the providers' published documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keepers.compliance.kyc.checks import Applicant, CheckRequest, Expected, Outcome, StartedCheck
from keepers.compliance.kyc.errors import CheckNotKnown, ProviderDown, ProviderRefused
from keepers.providers.jumio import JumioClient, JumioHosts
from keepers.providers.onfido import OnfidoClient
from tests.fixtures.identity_providers import (
    API_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    KEY,
    WORKFLOW,
    JumioStandIn,
    OnfidoStandIn,
)
from tests.fixtures.services import Answer

LIMITED = Answer(429, {"title": "Too Many Requests", "status": 429, "detail": "x"}, {"retry-after": "3"})


@pytest.fixture
def onfido() -> Iterator[OnfidoStandIn]:
    found = OnfidoStandIn()
    with found.running():
        yield found


@pytest.fixture
def jumio() -> Iterator[JumioStandIn]:
    found = JumioStandIn()
    with found.running():
        yield found


def client_of(provider: Any, secret: str = "") -> Any:
    def clock() -> float:
        return float(provider.now)

    if isinstance(provider, OnfidoStandIn):
        return OnfidoClient(provider.url, secret or API_TOKEN, clock)
    return JumioClient(JumioHosts(*[provider.url] * 3), (CLIENT_ID, secret or CLIENT_SECRET), "Example Ltd", clock)


def request(workflow: str, reference: str = "ab" * 16, **changes: Any) -> CheckRequest:
    fields = {"applicant": Applicant("Jan", "Kowalski"), "callback": "https://desk.example/jumio/x"}
    return CheckRequest(reference, workflow, link_days=7, asked=1_790_000_000, **{**fields, **changes})


def expected(started: StartedCheck, workflow: str, reference: str = "ab" * 16) -> Expected:
    return Expected(started.account, started.check, workflow, reference)


def test_onfido__from_start_to_result__is_one_applicant_and_one_run(onfido: OnfidoStandIn) -> None:
    client = client_of(onfido)
    started = client.start(request(WORKFLOW))
    assert started.link.startswith("https://eu.onfido.app/l/")
    assert client.result(expected(started, WORKFLOW)).outcome is Outcome.PENDING
    onfido.finish(started.check, "approved", watchlist="clear")
    found = client.result(expected(started, WORKFLOW))
    assert (found.outcome, found.passed, found.completed) == (Outcome.APPROVED, {"watchlist"}, 1_790_000_000)
    (person,) = onfido.applicants.values()
    assert (person["first_name"], person["last_name"]) == ("Jan", "Kowalski") and len(onfido.runs) == 1


def test_onfido_find__run_whose_answer_was_lost__is_found_by_its_tag(onfido: OnfidoStandIn) -> None:
    client, onfido.lost = client_of(onfido), True
    for number in range(25):
        with pytest.raises(ProviderDown, match="answered 504"):
            client.start(request(WORKFLOW, f"{number:032x}"))
    found = client.find(request(WORKFLOW, f"{22:032x}"))
    assert found is not None and onfido.runs[found.check]["tags"] == [f"quantera-{22:032x}"]
    assert client.find(request(WORKFLOW, "ff" * 16)) is None


def test_onfido__wrong_token__is_credentials_to_correct(onfido: OnfidoStandIn) -> None:
    with pytest.raises(ProviderDown, match=r"401 \(authorization_error\): it refuses our credentials"):
        client_of(onfido, "another").start(request(WORKFLOW))


def test_onfido__unknown_workflow__is_refused_by_field(onfido: OnfidoStandIn) -> None:
    with pytest.raises(ProviderRefused, match=r"422 \(validation_error: workflow_id\)"):
        client_of(onfido).start(request("another"))


def test_onfido__run_that_is_gone__is_not_known(onfido: OnfidoStandIn) -> None:
    with pytest.raises(CheckNotKnown, match=r"404 \(resource_not_found\)"):
        client_of(onfido).result(Expected("a", "gone", WORKFLOW, "ab" * 16))


def test_onfido__name_is_not_complete__is_refused_without_it(onfido: OnfidoStandIn) -> None:
    with pytest.raises(ProviderRefused) as refused:
        client_of(onfido).start(request(WORKFLOW, applicant=Applicant("", "Kowalski")))
    assert "422 (validation_error: first_name)" in str(refused.value) and "Kowalski" not in str(refused.value)


def test_jumio__from_start_to_result__takes_one_token(jumio: JumioStandIn) -> None:
    client = client_of(jumio)
    started = client.start(request(KEY))
    assert "jumio.ai/web/v4/app" in started.link
    assert client.result(expected(started, KEY)).outcome is Outcome.PENDING
    jumio.finish(started.check, "PASSED", firstName="JAN", lastName="KOWALSKI", dateOfBirth="1970-05-06")
    found = client.result(expected(started, KEY))
    assert found.outcome is Outcome.APPROVED and found.holder is not None and found.holder.name == "JAN KOWALSKI"
    assert len(jumio.made("POST", "/oauth2/token")) == 1
    assert jumio.requests[1].headers["user-agent"].startswith("Example Ltd quantera/")


def test_jumio__token_about_to_end__is_renewed_before(jumio: JumioStandIn) -> None:
    client = client_of(jumio)
    started = client.start(request(KEY))
    jumio.now += 3600 - 120
    client.result(expected(started, KEY))
    assert len(jumio.made("POST", "/oauth2/token")) == 2


def test_jumio__token_ended_before_its_time__is_renewed_once(jumio: JumioStandIn) -> None:
    client = client_of(jumio)
    started = client.start(request(KEY))
    jumio.tokens.clear()
    assert client.result(expected(started, KEY)).outcome is Outcome.PENDING
    assert len(jumio.made("POST", "/oauth2/token")) == 2


def test_jumio__every_token_is_refused__is_credentials_to_correct(jumio: JumioStandIn) -> None:
    client = client_of(jumio)
    started = client.start(request(KEY))
    jumio.faults = [Answer(401, {}), None, Answer(401, {})]
    with pytest.raises(ProviderDown, match="it refuses our credentials"):
        client.result(expected(started, KEY))


def test_jumio__wrong_secret__is_credentials_to_correct(jumio: JumioStandIn) -> None:
    with pytest.raises(ProviderDown, match="401: it refuses our credentials"):
        client_of(jumio, "another").start(request(KEY))


def test_jumio__unknown_workflow__is_refused(jumio: JumioStandIn) -> None:
    with pytest.raises(ProviderRefused, match=r"400 \(Bad Request\)"):
        client_of(jumio).start(request("77"))


def test_jumio__execution_that_lapsed__says_so_without_details(jumio: JumioStandIn) -> None:
    client = client_of(jumio)
    started = client.start(request(KEY))
    jumio.lapse(started.check)
    found = client.result(expected(started, KEY))
    assert (found.outcome, found.label) == (Outcome.EXPIRED, "TOKEN_EXPIRED")
    assert not jumio.made("GET", started.check)


def test_jumio__rate_limit__waits_as_long_as_it_says(jumio: JumioStandIn) -> None:
    client = client_of(jumio)
    client.start(request(KEY))
    jumio.faults = [LIMITED]
    with pytest.raises(ProviderDown, match=r"429 \(Too Many Requests\): too many requests") as limited:
        client.start(request(KEY, "cd" * 16))
    assert limited.value.seconds == 3.0


def test_clients__shown__hold_no_secret(onfido: OnfidoStandIn, jumio: JumioStandIn) -> None:
    shown = repr(client_of(onfido)) + repr(client_of(jumio)) + repr(vars(client_of(jumio))["_token"])
    assert API_TOKEN not in shown and CLIENT_SECRET not in shown


def test_hosts__of_a_region__are_jumios() -> None:
    assert JumioHosts.of("apac-1").retrieval == "https://retrieval.apac-1.jumio.ai"
