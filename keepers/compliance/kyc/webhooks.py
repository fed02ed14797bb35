"""Webhooks: whether one is believed, and which check it is a hint about.

A webhook only says that it is time to ask the provider. Nothing else of it is used, so that neither a forged nor a
repeated one can lead to a claim.

Sources: Onfido API v3.6, webhooks (X-SHA2-Signature is the hexadecimal HMAC-SHA256 of the raw body under the webhook's
token); Jumio, callback (no signature is published, so the address that Jumio calls carries one of ours).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Any

import orjson

from keepers.compliance.kyc.checks import text
from keepers.compliance.kyc.errors import WebhookRefused

ONFIDO, JUMIO = "onfido", "jumio"
FORGED, UNREADABLE = 401, 400

_REFERENCE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Identifiers and kinds of events that are kept; anything else of a webhook could be personal."""


@dataclass(frozen=True)
class Hint:
    """All that is kept of a webhook.

    Attributes:
        provider: Name of the provider.
        digest: SHA-256 of the raw body and, for Jumio, of the address: the delivery's own name.
        event: Kind of the event, as the provider names it; "" if that is no name.
        check: The provider's identifier of the check; "" if it names none.
        reference: Our own name of the check, where the address says it; "" otherwise.
    """

    provider: str
    digest: str
    event: str
    check: str
    reference: str = ""


def onfido_hint(body: bytes, signature: str, token: bytes) -> Hint:
    """Reads a webhook of Onfido.

    Args:
        body: The body, byte by byte as it came.
        signature: Value of X-SHA2-Signature; "" if it is missing.
        token: Token of the webhook.

    Raises:
        WebhookRefused: If the signature is not this body's, or the body cannot be read.
    """
    expected = hmac.new(token, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise WebhookRefused(FORGED, "is not signed with the webhook's token")
    payload = _object(body).get("payload")
    found = text(payload, "object", "id") if text(payload, "resource_type") == "workflow_run" else ""
    return Hint(ONFIDO, hashlib.sha256(body).hexdigest(), _name(text(payload, "action")), _name(found))


def jumio_hint(body: bytes, place: str, secret: bytes) -> Hint:
    """Reads a callback of Jumio.

    Args:
        body: The body, byte by byte as it came.
        place: Last part of the address that was called.
        secret: Secret that addresses are made with.

    Raises:
        WebhookRefused: If the address is none of ours, or the body cannot be read.
    """
    found = _REFERENCE.fullmatch(place)
    reference, mark = (found[1], found[2]) if found else ("", "")
    # Compared in any case, so that the time tells nothing about the form of an address either.
    if not hmac.compare_digest(_mark(reference, secret).encode(), mark.encode()) or found is None:
        raise WebhookRefused(FORGED, "came to an address that was given to nobody")
    execution = _object(body).get("workflowExecution")
    digest = hashlib.sha256(place.encode() + b"\n" + body).hexdigest()
    return Hint(JUMIO, digest, _name(text(execution, "status")), _name(text(execution, "id")), reference)


def jumio_place(reference: str, secret: bytes) -> str:
    """Returns the last part of the address that Jumio is told to call about a check."""
    return f"{reference}.{_mark(reference, secret)}"


def _mark(reference: str, secret: bytes) -> str:
    return hmac.new(secret, b"jumio callback " + reference.encode(), hashlib.sha256).hexdigest()


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)  # The standard library's overflows the stack on deep nesting.
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise WebhookRefused(UNREADABLE, "holds no JSON object")
    return found


def _name(found: str) -> str:
    return found if _NAME.fullmatch(found) else ""
