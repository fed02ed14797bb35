"""Messages of the Travel Rule Protocol (TRP, OpenVASP), version 3, and travel addresses.

Source of names, headers and steps: TRISA's implementation of TRP 3.1.0 (trisacrypto/trisa, pkg/openvasp), which cites
OpenVASP's core specification; that text itself was not at hand. A transfer inquiry goes to the beneficiary's address,
its resolution to the callback of the inquiry, the confirmation to the callback of the resolution. Our own are `caip19`
as a name of an asset, and the extension EXTENSION: a message is a JOSE object (keepers.compliance.travel.jose) whose
claims hold TRP's JSON as `message`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.ivms import IdentityPayload, payload_of

API_VERSION = "3.1.0"
"""Value of the header `api-version`; every version 3 is taken."""
EXTENSION = "quantera-jose"
"""Value of the header `api-extensions`."""
LIFETIME, SKEW = 300, 60
"""Seconds for which a signed message counts, and by which two clocks may differ."""

Kind = Literal["inquiry", "resolution", "confirmation", "receipt"]
Rejection = Literal["unknown-beneficiary", "name-mismatch", "incomplete", "sanctions", "policy"]
REJECTIONS: tuple[Rejection, ...] = ("unknown-beneficiary", "name-mismatch", "incomplete", "sanctions", "policy")
"""Comments of a rejection: free text could name somebody."""

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VERSION = re.compile(r"3\.[0-9]+\.[0-9]+")
_CAIP19 = re.compile(r"eip155:([1-9][0-9]{0,19})/erc20:(0x[0-9a-fA-F]{40})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Inquiry:
    """A question whether a transfer may come.

    Attributes:
        chain_id: Chain of the token.
        token: Address of the token.
        amount: Whole tokens.
        callback: URL for the resolution.
        identities: Parties and their services.
    """

    chain_id: int
    token: str
    amount: Decimal
    callback: str
    identities: IdentityPayload

    def as_json(self) -> dict[str, Any]:
        """Returns TRP's JSON; the amount is a text, so that no reader rounds it."""
        return {
            "asset": {"caip19": f"eip155:{self.chain_id}/erc20:{self.token}"},
            "amount": format(self.amount, "f"),
            "callback": self.callback,
            "IVMS101": self.identities.as_json(),
        }

    @classmethod
    def of_json(cls, given: Mapping[str, Any], today: date) -> Inquiry:
        """Reads TRP's JSON.

        Raises:
            TravelError: If it is no inquiry, or its identities break IVMS 101.2023.
        """
        asset = given.get("asset")
        found = _CAIP19.fullmatch(str(asset.get("caip19"))) if isinstance(asset, dict) else None
        if found is None:
            raise TravelError("asset", "is not named by a CAIP-19 of an ERC-20", "write eip155:1/erc20:0x…")
        try:
            amount = Decimal(str(given.get("amount")))
        except InvalidOperation:
            amount = Decimal(0)
        if not (amount.is_finite() and 0 < amount < 10**60):
            raise TravelError("amount", "is no positive number", "write whole tokens, such as 12.5")
        identities = payload_of(given.get("IVMS101"), today)
        return cls(int(found[1]), found[2], amount, _text(given, "callback"), identities)


@dataclass(frozen=True)
class Resolution:
    """The answer to an inquiry.

    Attributes:
        address: Wallet that may be paid; "" if rejected.
        callback: URL for the confirmation; "" if rejected.
        rejected: Reason, one of REJECTIONS; "" if approved.
    """

    address: str = ""
    callback: str = ""
    rejected: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns TRP's JSON."""
        if self.rejected:
            return {"rejected": self.rejected}
        return {"approved": {"address": self.address, "callback": self.callback}}

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> Resolution:
        """Reads TRP's JSON; a comment that is none of REJECTIONS becomes "policy".

        Raises:
            TravelError: If it is no resolution.
        """
        approved, rejected = given.get("approved"), given.get("rejected")
        if (approved is None) == (rejected is None):
            raise TravelError("resolution", "is neither approved nor rejected", "send one of the two")
        if rejected is not None:
            return cls(rejected=rejected if rejected in REJECTIONS else "policy")
        if not isinstance(approved, dict) or not _ADDRESS.fullmatch(_text(approved, "address")):
            raise TravelError("approved.address", "is no address", "send the wallet of the inquiry")
        return cls(_text(approved, "address"), _text(approved, "callback"))


@dataclass(frozen=True)
class Confirmation:
    """The end of a transfer: its transaction, or "" if it is canceled."""

    txid: str

    def as_json(self) -> dict[str, Any]:
        """Returns TRP's JSON."""
        return {"txid": self.txid} if self.txid else {"canceled": "canceled"}

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> Confirmation:
        """Reads TRP's JSON; a comment is not kept.

        Raises:
            TravelError: If it is no confirmation.
        """
        txid, canceled = given.get("txid"), given.get("canceled")
        if (txid is None) == (canceled is None):
            raise TravelError("confirmation", "has neither txid nor canceled", "send one of the two")
        if txid is None:
            return cls("")
        if not isinstance(txid, str) or not _HASH.fullmatch(txid):
            raise TravelError("txid", "is no hash of a transaction", "send 0x and 64 hexadecimal digits")
        return cls(txid)


@dataclass(frozen=True)
class Envelope:
    """A message with what binds it: to two parties, a URL, a moment and a transfer.

    Attributes:
        kind: Kind of the message.
        sender, receiver: Names of the two parties.
        url: URL that it is sent to.
        request: Identifier of the transfer, as in the header `request-identifier`.
        id: Identifier of the message; a repetition has the same.
        message: TRP's JSON.
    """

    kind: Kind
    sender: str
    receiver: str
    url: str
    request: str
    id: str
    message: Mapping[str, Any]

    def claims(self, now: int) -> dict[str, Any]:
        """Returns the claims of RFC 7519 with those of our own."""
        return {
            "iss": self.sender,
            "aud": self.receiver,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": self.id,
            "kind": self.kind,
            "url": self.url,
            "request": self.request,
            "message": self.message,
        }

    @property
    def digest(self) -> str:
        """Hash of what the message says, with no moment in it: two repetitions have the same."""
        words = json.dumps([self.kind, self.request, self.message], sort_keys=True)
        return hashlib.sha256(words.encode()).hexdigest()

    @classmethod
    def of_claims(cls, claims: Mapping[str, Any], now: int) -> Envelope:
        """Reads claims.

        Raises:
            TravelError: If one is missing, or the message is early or late.
        """
        issued, expires, message = claims.get("iat"), claims.get("exp"), claims.get("message")
        if type(issued) is not int or type(expires) is not int or not isinstance(message, dict):
            raise TravelError("message", "lacks iat, exp or message", "follow docs/travel-rule.md")
        if not issued - SKEW <= now <= min(expires, issued + LIFETIME) + SKEW:
            raise TravelError("message", "is late or early", "compare the clocks, and send it again")
        names = ("kind", "iss", "aud", "url", "request", "jti")
        kind, sender, receiver, url, request, number = (_text(claims, name) for name in names)
        if not (_UUID.fullmatch(request) and _UUID.fullmatch(number)):
            raise TravelError("message", "has an identifier that is no UUID", "follow docs/travel-rule.md")
        return cls(cast("Kind", kind), sender, receiver, url, request, number, message)


def is_version(text: str) -> bool:
    """Returns True for a version of TRP that is understood."""
    return _VERSION.fullmatch(text) is not None


def travel_address(url: str) -> str:
    """Returns the travel address of an https URL: "ta", and base58check of it without scheme and with t=i.

    Raises:
        TravelError: If it is no https URL without a query.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise TravelError("URL", "has no travel address", "give an https:// address without a query")
    raw = f"{parts.netloc}{parts.path}?t=i".encode()
    return "ta" + _base58(raw + _checksum(raw))


def url_of(address: str) -> str:
    """Returns the https URL of a travel address.

    Raises:
        TravelError: If it is none, or its checksum fails.
    """
    raw = _base58_bytes(address.removeprefix("ta")) if address.startswith("ta") else b""
    content, checksum = raw[:-4], raw[-4:]
    text = content.decode("utf-8", errors="replace")
    if len(raw) < 5 or _checksum(content) != checksum or not text.endswith("?t=i") or "://" in text:
        raise TravelError("travel address", "is none, or its checksum fails", "ask the beneficiary for it again")
    return "https://" + text.removesuffix("?t=i")


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= 2048:
        raise TravelError(name, "is missing", "follow docs/travel-rule.md")
    return found


def _checksum(raw: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(raw).digest()).digest()[:4]


def _base58(raw: bytes) -> str:
    number, found = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        found = _ALPHABET[digit] + found
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + found


def _base58_bytes(text: str) -> bytes:
    if len(text) > 2048 or any(letter not in _ALPHABET for letter in text):
        return b""
    number = 0
    for letter in text:
        number = number * 58 + _ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
