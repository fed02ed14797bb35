"""A webhook is believed by its raw body or its address alone, and nothing of it is kept but a hint."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from keepers.compliance.kyc.errors import WebhookRefused
from keepers.compliance.kyc.webhooks import jumio_hint, jumio_place, onfido_hint
from tests.fixtures.identity_providers import signed

TOKEN = b"onfido-webhook-token-of-a-test"
REFERENCE, SECRET = "ab" * 16, b"jumio-callback-secret-of-a-test"
RUN = "5f3a0e22-6f5c-4b8e-9d63-0c9c8f0c2a11"


def event(**changes: Any) -> bytes:
    payload = {
        "resource_type": "workflow_run",
        "action": "workflow_run.completed",
        "object": {"id": RUN, "status": "approved", "completed_at_iso8601": "2026-09-21T14:13:20Z", "href": "x"},
        **changes,
    }
    return json.dumps({"payload": payload}).encode()


def test_onfido_hint__signed_body__names_the_run_and_nothing_else() -> None:
    body = event(resource={"output": {"first_name": "Zbigniew"}})
    found = onfido_hint(body, signed(body), TOKEN)
    assert (found.provider, found.event, found.check) == ("onfido", "workflow_run.completed", RUN)
    assert "Zbigniew" not in repr(found) and len(found.digest) == 64


def test_onfido_hint__signature_that_openssl_made__is_believed() -> None:
    # printf '{"payload":{}}' | openssl dgst -sha256 -hmac secret
    signature = "6da579fbf37ee0df00637dae2bd95d0f17efc13bb4c6a189ec333159875dc5b3"
    assert onfido_hint(b'{"payload":{}}', signature, b"secret").provider == "onfido"


@pytest.mark.parametrize(
    "signature",
    ["", "0" * 64, "\u00e9" * 64, signed(event()).upper(), signed(event()) + "0", signed(event(), "another token")],
)
def test_onfido_hint__another_signature__is_not_believed(signature: str) -> None:
    with pytest.raises(WebhookRefused) as refused:
        onfido_hint(event(), signature, TOKEN)
    assert refused.value.status == 401


def test_onfido_hint__same_json_in_another_form__is_not_believed() -> None:
    body = event()
    with pytest.raises(WebhookRefused):
        onfido_hint(json.dumps(json.loads(body), indent=1).encode(), signed(body), TOKEN)


def test_onfido_hint__compares__in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    original = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or original(a, b))
    onfido_hint(event(), signed(event()), TOKEN)
    jumio_hint(b"{}", jumio_place(REFERENCE, SECRET), SECRET)
    assert [len(one) for one, _ in compared] == [64, 64]


@pytest.mark.parametrize("body", [b"", b"[]", b"nothing", b"\xff", b"[" * 100_000])
def test_onfido_hint__signed_and_no_object__cannot_be_read(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as refused:
        onfido_hint(body, signed(body), TOKEN)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "changes",
    [{"object": {"id": "Jan Example"}}, {"object": None}, {"object": {"id": 7}}, {"resource_type": "report"}],
)
def test_onfido_hint__names_no_run__keeps_no_text_of_it(changes: dict[str, Any]) -> None:
    body = event(**changes)
    assert onfido_hint(body, signed(body), TOKEN).check == ""


def test_jumio_hint__address_of_ours__names_our_reference() -> None:
    body = json.dumps({"workflowExecution": {"id": RUN, "status": "PROCESSED"}}).encode()
    found = jumio_hint(body, jumio_place(REFERENCE, SECRET), SECRET)
    assert (found.reference, found.check, found.event) == (REFERENCE, RUN, "PROCESSED")


@pytest.mark.parametrize(
    "place",
    [
        "",
        REFERENCE,
        f"{REFERENCE}.{'0' * 64}",
        jumio_place("cd" * 16, SECRET).replace("cd" * 16, REFERENCE),
        jumio_place(REFERENCE, b"another secret of a test"),
        jumio_place(REFERENCE, SECRET) + "/",
        jumio_place(REFERENCE, SECRET).upper(),
    ],
)
def test_jumio_hint__address_that_was_given_to_nobody__is_not_believed(place: str) -> None:
    with pytest.raises(WebhookRefused) as refused:
        jumio_hint(b"{}", place, SECRET)
    assert refused.value.status == 401


def test_jumio_hint__same_body_about_two_checks__is_two_deliveries() -> None:
    first, second = (jumio_hint(b"{}", jumio_place(one * 16, SECRET), SECRET) for one in ("ab", "cd"))
    assert first.digest != second.digest
