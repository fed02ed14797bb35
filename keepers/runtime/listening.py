"""Servers that listen in a thread of their own, and end when they are told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import TCPServer

_LOOK_SECONDS = 0.1
"""Time between two looks for the end, on a system where closing a port wakes nobody."""


@contextmanager
def listening(server: TCPServer, patience: float | None = None) -> Iterator[int]:
    """Serves until the block ends, which frees the port at once; yields the port.

    Args:
        server: A server whose port is bound.
        patience: Maximum number of seconds to wait for its thread at the end; None waits for as long as it takes.
    """
    look = (_LOOK_SECONDS,)
    thread = threading.Thread(target=server.serve_forever, args=look, name="listening", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        # The standard library's server looks for its end between two waits for callers: a port that takes no more
        # callers ends the wait.
        with suppress(OSError):
            server.socket.shutdown(socket.SHUT_RDWR)
        server.shutdown()
        server.server_close()
        thread.join(patience)
