"""Messages of the travel rule over HTTP: handed over to an address, and taken in at a port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.jose import MOST
from keepers.compliance.travel.trp import API_VERSION, EXTENSION, is_version
from keepers.errors import KeeperError
from keepers.runtime.receiver import Answer, Bounds, Posted, receiver
from keepers.store import StoreError
from keepers.urls import PRIVATE_REMEDY, is_private

MEDIA_TYPE = "application/jose"
"""JOSE object in compact form (RFC 7515, 9.2)."""

Receive = Callable[[str, str, str], str]
"""Gets path, request identifier and body of a message; returns the receipt."""

_SECONDS, _PIECE = 10.0, 65_536


@dataclass(frozen=True)
class Delivered:
    """The outcome of a request.

    Attributes:
        status: HTTP status; 0 if there was no answer.
        body: Text of the answer.
        fault: Reason why there was no answer.
    """

    status: int
    body: str = ""
    fault: str = ""


class Post:
    """Hands messages over."""

    def send(self, url: str, request: str, body: str) -> Delivered:
        """Posts a message; a failure is an answer too."""
        headers = {
            "content-type": MEDIA_TYPE,
            "api-version": API_VERSION,
            "api-extensions": EXTENSION,
            "request-identifier": request,
        }
        try:
            # Redirects are not followed: they would carry a message to wherever they point.
            with requests.post(
                url, data=body, headers=headers, timeout=_SECONDS, stream=True, allow_redirects=False
            ) as response:
                found = b""
                for piece in response.iter_content(_PIECE):
                    found += piece
                    if len(found) > MOST:
                        return Delivered(0, fault="answered with too much")
                return Delivered(response.status_code, found.decode("ascii", errors="replace"))
        except (requests.RequestException, OSError) as error:
            return Delivered(0, fault=f"does not answer ({type(error).__name__})")


def require_private(url: str, what: str) -> str:
    """Returns an address without a slash at its end.

    Raises:
        TravelError: If it is neither https:// nor this machine's.
    """
    parts = urlsplit(url)
    if not is_private(url) or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise TravelError(what, "is no https:// address", PRIVATE_REMEDY)
    return url.rstrip("/")


@contextmanager
def serving(
    host: str,
    port: int,
    receive: Receive,
    unknown: type[KeeperError],
    say: Callable[[str], None],
) -> Iterator[int]:
    """Takes messages in until the block ends; yields the port.

    Args:
        host, port: Address to listen on; port 0 takes a free one.
        receive: Gets path, request identifier and body; returns the receipt.
        unknown: Refusal that is answered with 404; any other with 400.
        say: Told each refusal, which names nobody.

    Raises:
        KeeperError: If the port is not to be had.
    """

    def take(posted: Posted) -> Answer:
        """Takes one message in."""
        if not is_version(posted.headers.get("api-version", "")):
            return _words(400, f"must specify api version header {API_VERSION}")
        if not posted.body:
            return _words(413, f"must have a length of at most {MOST}")
        request = posted.headers.get("request-identifier", "")
        try:
            receipt = receive(posted.path, request, posted.body.decode("ascii", errors="replace"))
        except unknown as error:
            say(str(error))
            return _words(404, "not found")
        except StoreError:
            raise
        except KeeperError as error:
            # The counterparty learns no more: it may be nobody's.
            say(str(error))
            return _words(400, "bad request")
        return _answer(200, MEDIA_TYPE, receipt)

    with receiver(take, host, port, say, Bounds(body=MOST)) as opened:
        yield opened


def _words(status: int, text: str) -> Answer:
    return _answer(status, "text/plain", f"{text}\n")


def _answer(status: int, kind: str, text: str) -> Answer:
    return Answer(status, text.encode(), {"content-type": kind, "api-version": API_VERSION})
