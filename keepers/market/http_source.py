"""Closes from any HTTP interface that answers with JSON, described by a URL and the paths of its fields."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
import orjson
import requests

from keepers import __version__
from keepers.market.prices import NoCloses, PriceError, Prices
from keepers.urls import PRIVATE_REMEDY, is_private

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
"""Maximum time to connect, and between two pieces of an answer."""
LARGEST = 32 * 2**20
"""Maximum number of bytes of an answer."""
_PIECE = 65_536
_RETRIED = (408, 425, 429, 500, 502, 503, 504)
"""Status codes after which the same question is asked again."""
_LONGEST_WAIT = 60.0
"""Maximum seconds between two tries, whatever the server asks for."""

Moment = Literal["iso", "seconds", "milliseconds"]


@dataclass(frozen=True)
class HttpInterface:
    """An interface that answers with rows of days and closes.

    Attributes:
        url: Template with {symbol}, {since} and {until} (ISO days), or {since_seconds} and {until_seconds}.
        rows: Path of the list of rows in the answer, such as "data.candles"; "" if the answer is the list.
        day: Path of the day within a row; a number is a place in a list.
        close: Path of the close within a row.
        moment: Form of the day: ISO date or time, or unix seconds or milliseconds.
        names: The interface's name of a symbol, where it is another one.
        days: Calendar days that are asked for.
        tries: Maximum number of tries of one question.
        per_minute: Maximum number of questions per minute.
        cache_hours: Hours for which an answer is kept in the cache.
        authorization: Value of the header Authorization; "" for none.
    """

    url: str
    rows: str = ""
    day: str = "date"
    close: str = "close"
    moment: Moment = "iso"
    names: dict[str, str] = field(default_factory=dict)
    days: int = 1500
    tries: int = 4
    per_minute: int = 60
    cache_hours: float = 12.0
    authorization: str = field(default="", repr=False)


class HttpPriceSource:
    """A price source that asks an HTTP interface, one question a symbol.

    Redirects are not followed: they would carry the credentials to wherever they point.

    Args:
        interface: Description of the interface.
        cache: Folder that answers are kept in.
        clock: Unix seconds.
        sleep: Waits so many seconds.

    Raises:
        PriceError: If the address is neither https:// nor one of this machine.
    """

    def __init__(
        self,
        interface: HttpInterface,
        cache: Path,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not is_private(interface.url):
            raise PriceError("prices.sources.url", "is no https:// address", PRIVATE_REMEDY)
        self._interface = interface
        self._cache = cache
        self._clock = clock
        self._sleep = sleep
        self._next_at = 0.0
        self._session = requests.Session()
        self._session.headers.update({"Accept": "application/json", "User-Agent": f"quantera/{__version__}"})

    def version(self) -> Hashable:
        """Changes when the cache no longer counts."""
        return int(self._clock() // (self._interface.cache_hours * 3600))

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of `symbols`, in that order, of the days up to and including `until` that all of them have.

        Raises:
            PriceError: If the interface does not answer, or its answer is not as described.
            NoCloses: If there is no such day.
        """
        found = [self._column(symbol, until) for symbol in symbols]
        days = sorted(set.intersection(*(set(column) for column in found)))
        if not days:
            raise NoCloses(", ".join(symbols), f"no common day up to {until}", "compare prices.sources with the answer")
        closes = np.array([[column[day] for column in found] for day in days], dtype=np.float64)
        return Prices(tuple(days), tuple(symbols), closes)

    def _column(self, symbol: str, until: date) -> dict[date, float]:
        """Closes of one symbol by day."""
        described = self._interface
        since = until - timedelta(days=described.days)
        url = described.url.format(
            symbol=quote(described.names.get(symbol, symbol), safe=""),
            since=since,
            until=until,
            since_seconds=_midnight(since),
            until_seconds=_midnight(until + timedelta(days=1)),
        )
        rows = member(self._answer(symbol, url), described.rows)
        if not isinstance(rows, list):
            reason = f"the answer has no list at '{described.rows}'"
            raise PriceError(f"closes of {symbol}", reason, "correct rows of the source")
        column: dict[date, float] = {}
        for number, row in enumerate(rows):
            day = self._day(symbol, number, row)
            if since <= day <= until:
                if day in column:
                    raise PriceError(f"closes of {symbol}", f"{day} is there twice", "ask for daily closes")
                column[day] = self._close(symbol, day, row)
        return column

    def _day(self, symbol: str, number: int, row: Any) -> date:
        value, form = member(row, self._interface.day), self._interface.moment
        try:
            if form == "iso":
                return datetime.fromisoformat(str(value)).date()
            seconds = float(value) / (1000 if form == "milliseconds" else 1)
            return datetime.fromtimestamp(seconds, UTC).date()
        except (ValueError, TypeError, OverflowError, OSError):
            where = f"closes of {symbol}, row {number + 1}"
            reason = f"{self._interface.day} is no day in the form {form}"
            raise PriceError(where, reason, "correct day and moment of the source") from None

    def _close(self, symbol: str, day: date, row: Any) -> float:
        try:
            close = float(member(row, self._interface.close))
        except (ValueError, TypeError):
            close = float("nan")
        if not (np.isfinite(close) and close > 0):
            reason = f"{self._interface.close} is no positive number"
            raise PriceError(f"close of {symbol} on {day}", reason, "correct close of the source, or use another one")
        return close

    # -- Asking

    def _answer(self, symbol: str, url: str) -> Any:
        """The JSON that an address answers with, out of the cache while it counts."""
        kept = self._cache / f"{sha256(url.encode()).hexdigest()}.json"
        try:
            if self._clock() - kept.stat().st_mtime < self._interface.cache_hours * 3600:
                return orjson.loads(kept.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            pass  # It is not there, or was cut off by a crash: it is asked for again.
        content = self._asked(symbol, url)
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise PriceError(f"closes of {symbol}", "the answer is no JSON", "correct url of the source") from None
        self._keep(kept, content)
        return answer

    def _keep(self, kept: Path, content: bytes) -> None:
        """Writes an answer into the cache, whole or not at all."""
        try:
            self._cache.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._cache, delete=False) as scratch:
                scratch.write(content)
            os.utime(scratch.name, (self._clock(), self._clock()))
            os.replace(scratch.name, kept)
        except OSError as error:
            raise PriceError(self._cache, error.strerror or "cannot be written", "name another cache") from error

    def _asked(self, symbol: str, url: str) -> bytes:
        """Content of a success; asks again, ever later, while the interface is busy or away."""
        reason = ""
        for attempt in range(self._interface.tries):
            self._pace()
            status, content, wait = self._once(url)
            if status == 200:
                return content
            reason = f"answers {status}" if status else content.decode()
            if status and status not in _RETRIED:
                break
            if attempt + 1 < self._interface.tries:
                self._sleep(min(_LONGEST_WAIT, wait if wait is not None else 2.0**attempt))
        raise PriceError(f"closes of {symbol}", f"the interface {reason}", "wait, or correct url of the source")

    def _pace(self) -> None:
        """Waits until another question is within the limit per minute."""
        now = self._clock()
        if now < self._next_at:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 60.0 / self._interface.per_minute

    def _once(self, url: str) -> tuple[int, bytes, float | None]:
        """One try: status (0 for no whole answer, whose reason is the content then), content, seconds to wait."""
        # `requests` takes a header from the user's .netrc if a request has none of its own.
        headers = {"Authorization": self._interface.authorization} if self._interface.authorization else {}
        try:
            with self._session.get(
                url,
                headers=headers,
                auth=lambda request: request,
                allow_redirects=False,
                stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            ) as response:
                content = bytearray()
                for piece in response.iter_content(_PIECE):
                    content += piece
                    if len(content) > LARGEST:
                        return 0, f"answers more than {LARGEST} bytes".encode(), None
                asked = response.headers.get("Retry-After", "").strip()
                return response.status_code, bytes(content), float(asked) if asked.isdecimal() else None
        except (requests.RequestException, OSError) as error:
            return 0, f"does not answer ({type(error).__name__})".encode(), None


def member(value: Any, path: str) -> Any:
    """The part of a JSON value at a path of names and places joined by dots; None if there is none."""
    for name in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _midnight(day: date) -> int:
    """Unix seconds at which a day begins in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
