"""A port for those who watch: /metrics for Prometheus, /healthz and /readyz for a supervisor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client.exposition import CONTENT_TYPE_LATEST

from keepers.errors import KeeperError
from keepers.runtime.listening import listening
from keepers.runtime.metrics import Metrics


class MonitorError(KeeperError):
    """A port that cannot be had."""


@contextmanager
def monitor(metrics: Metrics, host: str, port: int, patience: float) -> Iterator[int]:
    """Answers until the block ends; yields the port, which the system chooses if it was 0.

    /healthz is 503 when a bot hangs (restart it), /readyz also before its first look at the chain, after a failure
    and at its end (do not rely on it). It reads only: nothing can be set or stopped from here.

    Args:
        metrics: Metrics to serve.
        host, port: Address to listen on.
        patience: Seconds without a look at the chain after which a bot hangs.

    Raises:
        MonitorError: If the port is taken or not to be had.
    """

    try:
        server = ThreadingHTTPServer((host, port), _handler(metrics, patience))
    except OSError as error:
        reason = error.strerror or "not to be had"
        raise MonitorError(f"metrics port {host}:{port}", reason, "choose another metrics.port") from error
    server.daemon_threads = True
    with listening(server) as opened:
        yield opened


def _handler(metrics: Metrics, patience: float) -> type[BaseHTTPRequestHandler]:
    """Returns the class that answers one request from these metrics."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "quantera", ""

        def do_GET(self) -> None:
            """One of the three."""
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, metrics.exposition())
            elif self.path == "/healthz":
                self._report({bot: "hangs" for bot in metrics.hung(patience)})
            elif self.path == "/readyz":
                self._report(metrics.faults(patience))
            else:
                self._answer(404, "text/plain; charset=utf-8", b"try /metrics, /healthz or /readyz\n")

        def _report(self, faults: dict[str, str]) -> None:
            body = json.dumps({"ok": not faults, "faults": faults}).encode() + b"\n"
            self._answer(503 if faults else 200, "application/json", body)

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Scrapes are not logged: standard output is for decisions."""

    return Handler
