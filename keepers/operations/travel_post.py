"""Messages of the travel rule over HTTP: handed over to an address, and taken in at a port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests

from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.jose import MOST
from keepers.compliance.travel.trp import API_VERSION, EXTENSION, is_version
from keepers.documents.kubo import is_here
from keepers.errors import KeeperError

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
    local = parts.scheme == "http" and is_here(parts.hostname or "")
    if (parts.scheme != "https" and not local) or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise TravelError(what, "is no https:// address", "use TLS; http:// is for this machine only")
    return url.rstrip("/")


@contextmanager
def serving(
    host: str,
    port: int,
    receive: Callable[[str, str, str], str],
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
        TravelError: If the port is not to be had.
    """
    try:
        server = ThreadingHTTPServer((host, port), _handler(receive, unknown, say))
    except OSError as error:
        raise TravelError(f"port {host}:{port}", error.strerror or "is not to be had", "choose another one") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(receive: Receive, unknown: type[KeeperError], say: Callable[[str], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version, timeout = "quantera", "", _SECONDS

        def do_POST(self) -> None:
            """Takes one message in."""
            if not is_version(self.headers.get("api-version", "")):
                self._answer(400, "text/plain", f"must specify api version header {API_VERSION}\n")
                return
            request, length = self.headers.get("request-identifier", ""), self.headers.get("content-length", "")
            if not length.isdecimal() or not 0 < int(length) <= MOST:
                self._answer(413, "text/plain", f"must have a length of at most {MOST}\n")
                return
            body = self.rfile.read(int(length)).decode("ascii", errors="replace")
            try:
                self._answer(200, MEDIA_TYPE, receive(urlsplit(self.path).path, request, body))
            except unknown as error:
                say(str(error))
                self._answer(404, "text/plain", "not found\n")
            except KeeperError as error:
                # The counterparty learns no more: it may be nobody's.
                say(str(error))
                self._answer(400, "text/plain", "bad request\n")

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("api-version", API_VERSION)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Paths have the secrets of callbacks."""

    return Handler
