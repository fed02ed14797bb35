"""Hears of new blocks over a websocket, so that nobody has to ask. What a block holds is always asked over HTTP."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Sequence
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from keepers.rpc.answers import shown
from keepers.rpc.endpoints import redact
from keepers.rpc.errors import ChainError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_PONG_SECONDS = 10.0
"""Seconds that a connection that was silent may take to answer a ping."""


class HeadStream:
    """A subscription to newHeads that comes back by itself; while it is down its reader polls.

    Args:
        urls: ws:// or wss://, tried in turn.
        wake: Set at every new block, and when the connection is lost.
        log: structlog logger.
        silence: Seconds without a word after which a connection is asked whether it is there.
    """

    def __init__(self, urls: Sequence[str], wake: threading.Event, log: Any, silence: float = 60.0) -> None:
        for url in urls:
            _require_websocket(url)
        self._urls = tuple(urls)
        self._wake = wake
        self._log = log
        self._silence = silence
        self._closing = threading.Event()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="heads", daemon=True)

    @property
    def live(self) -> bool:
        """True while the websocket tells of new blocks."""
        return self._connection is not None

    def start(self) -> None:
        """Connects in a thread of its own."""
        if self._urls:
            self._thread.start()

    def close(self) -> None:
        """Disconnects."""
        self._closing.set()
        if self._connection is not None:
            self._connection.close()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        pause, lost = _FIRST_PAUSE, False
        for url in itertools.cycle(self._urls):
            if self._closing.is_set():
                return
            try:
                with connect(url, open_timeout=10, close_timeout=1, max_size=2**22) as connection:
                    self._subscribe(connection)
                    pause = _FIRST_PAUSE
                    self._log.info("reconnected" if lost else "websocket up", url=redact(url))
                    lost = True
                    self._listen(connection)
            except (OSError, TimeoutError, ValueError, WebSocketException) as error:
                if not self._closing.is_set():
                    reason = str(error) or type(error).__name__
                    self._log.warning("websocket down", url=redact(url), reason=reason)
            finally:
                self._connection = None
                self._wake.set()
            self._closing.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _subscribe(self, connection: Connection) -> None:
        _ask_for_heads(connection)
        self._connection = connection

    def _listen(self, connection: Connection) -> None:
        while not self._closing.is_set():
            try:
                connection.recv(timeout=self._silence)
            except TimeoutError:
                # A quiet chain has no new heads; only a connection that answers nothing is lost.
                if not connection.ping().wait(_PONG_SECONDS):
                    raise TimeoutError(f"no answer for {self._silence + _PONG_SECONDS:.0f} s") from None
                continue
            self._wake.set()


def subscribe_once(url: str) -> None:
    """Makes sure that an address tells of new blocks.

    Raises:
        ChainError: If it does not.
    """
    _require_websocket(url)
    try:
        with connect(url, open_timeout=10, close_timeout=1) as connection:
            _ask_for_heads(connection)
    except (OSError, TimeoutError, ValueError, WebSocketException) as error:
        raise ChainError(
            redact(url), str(error) or type(error).__name__, "correct ws_urls; bots poll until then"
        ) from error


def _require_websocket(url: str) -> None:
    if not url.startswith(("ws://", "wss://")):
        raise ChainError(redact(url), "not a ws:// or wss:// address", "correct ws_urls")


def _ask_for_heads(connection: Connection) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
    connection.send(json.dumps(request))
    answer = json.loads(connection.recv(timeout=10))
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), str):
        raise ValueError(f"no subscription but {shown(answer)}")
