"""HTTP as a provider's client needs it: bounded answers, no redirects, and errors that repeat nothing of a body.

An answer about a person, and an error that quotes one, never become part of a message: status, kind of error and names
of fields do.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import requests
from requests.auth import AuthBase

from keepers import __version__
from keepers.compliance.kyc.checks import member
from keepers.compliance.kyc.errors import CheckNotKnown, KycError, ProviderDown, ProviderRefused
from keepers.urls import PRIVATE_REMEDY, is_private

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5.0, 15.0, 30.0
"""Maximum time to connect, between two pieces of an answer, and for all of it."""
LARGEST = 4 * 2**20
"""Maximum number of bytes of an answer."""
REFUSED_REST = 900.0
"""Seconds that a provider rests that refuses our credentials: a person has to correct them."""

_PIECE = 65_536
_WORD = re.compile(r"[a-zA-Z][a-zA-Z0-9_.]{0,39}")
"""Kinds of errors and names of fields: what else stands in an error could be personal."""


@dataclass(frozen=True)
class HttpAnswer:
    """An answer that was read whole.

    Attributes:
        status: Status code.
        body: JSON value; None if it is none.
        retry_after: Seconds that the server asks to wait; None if it does not.
    """

    status: int
    body: Any = field(repr=False)
    retry_after: float | None = None


class _Authorization(AuthBase):
    """Sets a header; `requests` would otherwise take another one from the user's .netrc."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class HttpClient:
    """One host of a provider.

    Args:
        provider: Name of the provider, for messages.
        url: https://…, or http:// on this machine.
        agent: User-Agent; the default names this program.
        clock: Unix seconds.

    Raises:
        KycError: If the address is neither.
    """

    def __init__(
        self, provider: str, url: str, agent: str = f"quantera/{__version__}", clock: Callable[[], float] = time.time
    ) -> None:
        if not is_private(url):
            raise KycError(f"kyc.{provider}.url", "is no https:// address", PRIVATE_REMEDY)
        self._provider = provider
        self._url = url.rstrip("/")
        self._clock = clock
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", "User-Agent": agent})

    def __repr__(self) -> str:
        return f"HttpClient({self._provider})"

    def send(self, method: str, path: str, authorization: str, **body: Any) -> HttpAnswer:
        """Sends one request; returns whatever the provider answers.

        Raises:
            ProviderDown: If there is no whole answer.
        """
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        try:
            with self._session.request(
                method,
                f"{self._url}{path}",
                auth=_Authorization(authorization),
                # A redirect would carry the credentials to wherever it points.
                allow_redirects=False,
                stream=True,
                timeout=timeout,
                **body,
            ) as response:
                content = self._whole(response)
                return HttpAnswer(response.status_code, _json(content), self._wait_of(response.headers))
        except requests.RequestException as error:
            raise self._down(f"does not answer ({type(error).__name__})") from None
        except OSError as error:
            raise self._down(f"does not answer ({type(error).__name__})") from None

    def ask(self, method: str, path: str, authorization: str, **body: Any) -> Any:
        """Sends one request; returns the JSON that a success answers with.

        Raises:
            ProviderDown: If the work has to wait.
            ProviderRefused: If the request will never be taken.
            CheckNotKnown: If there is no such thing.
        """
        return self.require(self.send(method, path, authorization, **body))

    def require(self, answer: HttpAnswer) -> Any:
        """Returns the JSON of a success; raises as `ask` does."""
        status = answer.status
        if 200 <= status < 300:
            if not isinstance(answer.body, dict | list):
                raise self._down("answered no JSON")
            return answer.body
        words = f"answered {status}{_kind(answer.body)}"
        if status in (401, 403):
            remedy = "correct its credentials in kyc, and their rights at the provider"
            raise ProviderDown(self._provider, f"{words}: it refuses our credentials", remedy, REFUSED_REST)
        if status == 404:
            raise CheckNotKnown(self._provider, f"{words}: it has no such thing", "check the workflow in kyc.levels")
        if status == 429:
            raise ProviderDown(self._provider, f"{words}: too many requests", "wait", answer.retry_after)
        if status in (400, 405, 409, 410, 415, 422):
            raise ProviderRefused(self._provider, words, "check the workflow in kyc.levels and the person's entry")
        raise ProviderDown(self._provider, words, "wait, or see the provider's status page", answer.retry_after)

    def close(self) -> None:
        """Closes connections."""
        self._session.close()

    def _whole(self, response: requests.Response) -> bytes:
        content, deadline = bytearray(), time.monotonic() + WHOLE_SECONDS
        for piece in response.iter_content(_PIECE):
            content += piece
            if len(content) > LARGEST:
                raise self._down(f"answered more than {LARGEST} bytes")
            if time.monotonic() > deadline:
                raise self._down(f"takes longer than {WHOLE_SECONDS:.0f} seconds to answer")
        return bytes(content)

    def _wait_of(self, headers: Mapping[str, str]) -> float | None:
        """Seconds or a date, as RFC 9110 has them; what is neither counts as nothing."""
        given = headers.get("Retry-After", "").strip()
        if given.isdecimal() and len(given) < 10:
            return float(given)
        try:
            return max(parsedate_to_datetime(given).timestamp() - self._clock(), 0.0)
        except (ValueError, TypeError):
            return None

    def _down(self, reason: str) -> ProviderDown:
        return ProviderDown(self._provider, reason, "wait, or check the network and the provider's status page")


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _kind(body: Any) -> str:
    """Returns an error's kind and the fields that it names, as Onfido and Jumio write them; "" if there are none."""
    named = member(body, "error", "type") or member(body, "title")
    kind = named if isinstance(named, str) and _WORD.fullmatch(named.replace(" ", "_")) else ""
    fields = member(body, "error", "fields")
    names = sorted(name for name in fields if _WORD.fullmatch(name)) if isinstance(fields, dict) else []
    told = [part for part in (kind, ", ".join(names[:5])) if part]
    return f" ({': '.join(told)})" if told else ""
