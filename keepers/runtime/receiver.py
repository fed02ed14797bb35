"""A port for those who call: small POST requests, bounded in size, time and number.

It is made for a proxy in front of it that ends TLS. Each request has a connection of its own, which is closed at its
deadline whatever the caller does, so that slow callers keep nobody out for long.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from keepers.errors import KeeperError
from keepers.runtime.listening import listening

MOST_AT_ONCE = 32
"""Maximum number of connections; more are closed at once, and their callers try again."""


class ReceiverError(KeeperError):
    """A port that cannot be had."""


@dataclass(frozen=True)
class Posted:
    """A request.

    Attributes:
        path: Path of the address, without its query.
        headers: Headers, their names in lower case.
        body: The body, byte by byte as it came.
    """

    path: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """An answer to a request.

    Attributes:
        status: HTTP status.
        body: Body, byte by byte.
        headers: Headers beside those that every answer has.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bounds:
    """Bounds of a request.

    Attributes:
        body: Maximum number of bytes of a body.
        seconds: Maximum time from a connection to the end of its answer.
    """

    body: int = 256 * 1024
    seconds: float = 10.0


Take = Callable[[Posted], Answer]
"""Takes a request and returns the answer; it is called from several threads."""


@contextmanager
def receiver(
    take: Take, host: str, port: int, untaken: Callable[[str], object], bounds: Bounds | None = None
) -> Iterator[int]:
    """Takes requests until the block ends; yields the port, which the system chooses if it was 0.

    Args:
        take: Takes each request that was read whole; where it fails, the caller is told to come again.
        host, port: Address to listen on.
        untaken: Told why a request was not taken, in words that are not the caller's.
        bounds: Bounds of a request.

    Raises:
        ReceiverError: If the port is taken or not to be had.
    """
    try:
        bounds = bounds or Bounds()
        server = _Server((host, port), take, untaken, bounds)
    except OSError as error:
        reason = error.strerror or "not to be had"
        raise ReceiverError(f"port {host}:{port}", reason, "choose another port") from error
    with listening(server, bounds.seconds) as opened:
        yield opened


class _Server(ThreadingHTTPServer):
    """Takes so many connections at once, and says nothing about those that break."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], take: Take, untaken: Callable[[str], object], bounds: Bounds) -> None:
        self.take, self.untaken, self.bounds = take, untaken, bounds
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread where there is a place."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves, and gives the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a broken connection is its caller's, and a traceback could quote a body."""


class _Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server_version, sys_version = "quantera", ""
    server: _Server

    def setup(self) -> None:
        """Sets the deadline, which bytes that come one by one do not move."""
        super().setup()
        self.connection.settimeout(self.server.bounds.seconds)
        self._deadline = threading.Timer(self.server.bounds.seconds, self._cut)
        self._deadline.daemon = True
        self._deadline.start()

    def finish(self) -> None:
        """Ends the deadline with the connection."""
        try:
            super().finish()
        finally:
            self._deadline.cancel()

    def do_POST(self) -> None:
        """Reads a request whole and has it taken."""
        length = self.headers.get("content-length", "")
        if self.headers.get("transfer-encoding") or not (length.isascii() and length.isdecimal()):
            self._answer(Answer(411))
        elif len(length) > 9 or int(length) > self.server.bounds.body:
            self._answer(Answer(413))
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._answer(self._taken(Posted(self.path.partition("?")[0], headers, body)))

    def _taken(self, request: Posted) -> Answer:
        try:
            return self.server.take(request)
        except KeeperError as error:
            self.server.untaken(str(error))
        except Exception as error:
            # Its words may be the caller's, and the caller's words a person's name.
            self.server.untaken(type(error).__name__)
        return Answer(503)

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = True

    def _cut(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers what is no request for us with its status alone: nothing of it is repeated."""
        self._answer(Answer(405 if code == 501 else code))

    def log_message(self, *_: object) -> None:
        """Logs nothing: an address holds a secret, and standard output is for decisions."""
