"""Redis beside the database: tells others of decisions and of risk as they come, and remembers what is dear to compute.

Nothing depends on it. The database is what keepers know; Redis may be empty, slow or gone, and a bot goes on.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from keepers.risk.recorded import RiskUpdate
from keepers.store.engine import StoreError, line_of

STREAM = "quantera:decisions"
"""Redis stream of decisions, each one field `line`: the log line as JSON."""

RISK_STREAM = "quantera:risk"
"""Redis stream of updates of portfolios' risk, each one field `line`."""

_STREAMS = {"decision": STREAM, RiskUpdate.EVENT: RISK_STREAM}
"""Streams by the name of the log line that is published there."""

_KEPT = 10_000
_WAITING = 1_000
_SECONDS = 1.0


class Fanout:
    """A connection; `Fanout.open` makes one. Needs the `redis` extra."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(_WAITING)
        self._writer: threading.Thread | None = None
        self.dropped = 0

    @classmethod
    def open(cls, url: str) -> Fanout:
        """Prepares a connection; nothing is sent yet.

        Args:
            url: redis://, rediss:// or unix://.

        Raises:
            StoreError: If redis is not installed or the URL is none.
        """
        try:
            import redis
        except ImportError as error:
            raise StoreError("redis", "redis is not installed", "pip install 'quantera[redis]'") from error
        try:
            client = redis.Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
        except ValueError as error:
            # The cause is not shown: it could quote a password.
            raise StoreError("redis", "not a URL of Redis", "write redis://host:6379/0") from error
        return cls(client)

    def close(self) -> None:
        """Sends what waits, for a second at most, and disconnects."""
        if self._writer is not None:
            try:
                self._waiting.put(None, timeout=_SECONDS)
            except queue.Full:
                self.dropped += 1
            self._writer.join(2 * _SECONDS)
        self._client.close()

    def ping(self) -> None:
        """Makes sure that it answers.

        Raises:
            StoreError: If it does not.
        """
        self._asked(self._client.ping)

    def watch(self, line: Mapping[str, Any]) -> None:
        """Publishes decisions and updates of risk from a thread of its own; a bot never waits for Redis.

        What cannot be sent is dropped and counted; followers find it in the database.
        """
        stream = _STREAMS.get(str(line.get("event")))
        if stream is None:
            return
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, daemon=True)
            self._writer.start()
        try:
            self._waiting.put_nowait((stream, json.dumps(dict(line), default=str)))
        except queue.Full:
            self.dropped += 1

    def follow(
        self, last: str = "$", block_ms: int = 500, stream: str = STREAM
    ) -> Iterator[tuple[str, dict[str, Any]] | None]:
        """Lines of a stream as they come: (id, line), or None whenever `block_ms` passed without one.

        Args:
            last: Id after which to begin; "$" for what comes from now on, "0" for all that is kept.
            block_ms: Milliseconds to wait at a time.
            stream: Stream of decisions or of updates of risk.

        Raises:
            StoreError: If Redis is gone.
        """
        if last == "$":
            # Resolved once: a decision between two waits would be lost otherwise.
            newest = self._asked(lambda: self._client.xrevrange(stream, count=1))
            last = newest[0][0].decode() if newest else "0"
        while True:
            found = self._asked(partial(self._client.xread, {stream: last}, count=100, block=block_ms))
            if not found:
                yield None
            for name, fields in [entry for _, entries in found for entry in entries]:
                last = name.decode()
                yield last, json.loads(fields[b"line"])

    def remember(self, key: str, seconds: int, make: Callable[[], str]) -> str:
        """Returns the result of `make`, or a result that anyone remembered under `key` less than `seconds` ago."""
        import redis

        name = f"quantera:{key}"
        try:
            known = self._client.get(name)
        except redis.RedisError:
            return make()
        if known is not None:
            return str(known.decode())
        made = make()
        try:
            self._client.set(name, made, ex=seconds)
        except redis.RedisError:
            self.dropped += 1
        return made

    def _asked(self, ask: Callable[[], Any]) -> Any:
        import redis

        try:
            return ask()
        except redis.RedisError as error:
            raise StoreError("redis", line_of(error), "start it, or take redis out of the config") from error

    def _write(self) -> None:
        import redis

        while (waiting := self._waiting.get()) is not None:
            stream, line = waiting
            try:
                self._client.xadd(stream, {"line": line}, maxlen=_KEPT, approximate=True)
            except redis.RedisError:
                self.dropped += 1
