"""Bounded answers, no redirects, and errors that repeat nothing of a body."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from keepers.compliance.kyc.errors import CheckNotKnown, KycError, ProviderDown, ProviderRefused
from keepers.providers import http
from keepers.providers.http import HttpClient
from tests.fixtures.services import Answer, Request, serve

NAME = "Zbigniew Qwertynski"


@contextmanager
def answering(*answers: Answer, now: float = 0.0) -> Iterator[HttpClient]:
    """A client of a server that gives these answers, one after the other."""
    left = list(answers)
    with serve(lambda _: left.pop(0)) as url:
        yield HttpClient("onfido", url, clock=lambda: now)


def asked(answer: Answer, now: float = 0.0) -> Any:
    with answering(answer, now=now) as client:
        return client.ask("GET", "/x", "Token token=t")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ProviderRefused),
        (401, ProviderDown),
        (403, ProviderDown),
        (404, CheckNotKnown),
        (408, ProviderDown),
        (422, ProviderRefused),
        (429, ProviderDown),
        (500, ProviderDown),
        (503, ProviderDown),
        (302, ProviderDown),
    ],
)
def test_ask__each_status__waits_ends_or_is_unknown(status: int, kind: type[KycError]) -> None:
    body = {"error": {"type": "validation_error", "message": f"{NAME} is wrong", "fields": {"first_name": [NAME]}}}
    with pytest.raises(KycError) as raised:
        asked(Answer(status, body, {"location": f"https://elsewhere.example/{NAME}"}))
    assert type(raised.value) is kind
    text = str(raised.value)
    assert str(status) in text and "validation_error: first_name" in text and NAME.split()[0] not in text


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("9" * 40, None),
    ],
)
def test_ask__too_many_requests__says_how_long_to_wait(header: str, seconds: float | None) -> None:
    with pytest.raises(ProviderDown) as raised:
        asked(Answer(429, {}, {"retry-after": header}), now=60.0)
    assert raised.value.seconds == seconds


def test_ask__credentials_refused__rests_for_long_and_names_them() -> None:
    with pytest.raises(ProviderDown, match="refuses our credentials; correct its credentials in kyc") as raised:
        asked(Answer(401, {}))
    assert raised.value.seconds == http.REFUSED_REST


@pytest.mark.parametrize("body", [b"", b"<html>", b"7", b'"text"', b"[" * 100_000])
def test_ask__success_without_an_object__waits(body: bytes) -> None:
    with pytest.raises(ProviderDown, match="answered no JSON"):
        asked(Answer(200, body))


def test_ask__answer_without_end__is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST", 1000)
    with pytest.raises(ProviderDown, match="answered more than 1000 bytes"):
        asked(Answer(200, {"text": "x" * 2000}))


def test_ask__slow_answer__is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "WHOLE_SECONDS", -1.0)
    with pytest.raises(ProviderDown, match="takes longer than"):
        asked(Answer(200, {"text": "x"}))


def test_ask__nobody_listens__waits_and_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ProviderDown, match="onfido: does not answer \\(ConnectionError\\)"):
        HttpClient("onfido", f"http://127.0.0.1:{port}").ask("GET", "/x", "t")


def test_ask__redirect__does_not_carry_the_credentials_on() -> None:
    seen: list[Request] = []
    with (
        serve(lambda request: seen.append(request) or Answer(200, {})) as elsewhere,
        pytest.raises(ProviderDown, match="answered 307"),
    ):
        asked(Answer(307, {}, {"location": elsewhere}))
    assert seen == []


def test_ask__netrc_of_the_user__does_not_replace_the_credentials(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[Request] = []
    with serve(lambda request: seen.append(request) or Answer(200, {})) as url:
        HttpClient("onfido", url).ask("GET", "/x", "Token token=t")
    assert seen[0].headers["authorization"] == "Token token=t"


@pytest.mark.parametrize(
    "url", ["http://api.eu.onfido.com", "ftp://127.0.0.1", "127.0.0.1", "http://127.0.0.1.example"]
)
def test_client__address_that_is_not_encrypted__is_refused(url: str) -> None:
    with pytest.raises(KycError, match="is no https:// address"):
        HttpClient("onfido", url)
