"""Closes out of the rounds of price feeds: the price that was in force at each day's cut time."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from keepers.market.close_time import close_of
from keepers.market.prices import NoCloses, PriceError, Prices

_PHASE_BITS = 64
"""A proxy's round id is `phase << 64 | round of the phase's aggregator`; rounds are counted from 1 (Chainlink,
"Historical price data")."""
_ROUND = (1 << _PHASE_BITS) - 1
_LONGEST_GAP = 3
"""Rounds in a row that a finished phase may have no data of before it counts as ended."""


@dataclass(frozen=True)
class Round:
    """A round of a feed.

    Attributes:
        id: The proxy's round id.
        answer: Price in the feed's own decimals; not positive where the feed has none.
        updated: Unix seconds at which the round was answered, above zero.
    """

    id: int
    answer: int
    updated: int


class RoundReader(Protocol):
    """Anything that reads the rounds of feeds, which are given by address."""

    def latest(self, feeds: Sequence[str]) -> list[Round]:
        """Returns the newest round of each feed."""
        ...

    def rounds(self, wanted: Sequence[tuple[str, int]]) -> list[Round | None]:
        """Returns rounds by feed and id, None where the feed has no data of one."""
        ...

    def decimals(self, feeds: Sequence[str]) -> list[int]:
        """Returns the decimals of each feed."""
        ...


@dataclass(frozen=True)
class _Search:
    """A search for the last round of a feed that was answered by a time.

    Attributes:
        feed: Address.
        time: Unix seconds.
        phase: Phase of the feed that is searched.
        low, high: The round is none above `high`; `found` is the newest one below `low`.
        gap: Rounds without data that were met in a row below the middle.
        found: The newest round by that time that was seen; None for none yet.
    """

    feed: str
    time: int
    phase: int
    low: int
    high: int
    gap: int = 0
    found: Round | None = None

    @property
    def over(self) -> bool:
        """True if there is nothing left to ask for in this phase."""
        return self.low > self.high

    @property
    def wanted(self) -> int:
        """Round id to ask for next."""
        return self.phase << _PHASE_BITS | ((self.low + self.high) // 2 - self.gap)

    def told(self, answer: Round | None) -> _Search:
        """The search after the answer to what was wanted."""
        middle, asked = (self.low + self.high) // 2, self.wanted & _ROUND
        if answer is None:
            # A round without data says nothing about time: the one before it does, down to the lowest.
            return replace(self, gap=self.gap + 1) if asked > self.low else replace(self, low=middle + 1, gap=0)
        if answer.updated <= self.time:
            return replace(self, low=middle + 1, gap=0, found=answer)
        return replace(self, high=asked - 1, gap=0)


def rounds_at(reader: RoundReader, wanted: Sequence[tuple[str, int]]) -> list[Round | None]:
    """Returns the round in force at times: the last one that was answered by then.

    All times are searched for side by side, so that the number of questions one after another grows with the logarithm
    of the number of rounds. Where a newer phase of a feed has a round by a time, older phases are not asked.

    Args:
        reader: Reader of the rounds.
        wanted: Feeds and unix seconds.

    Returns:
        A round for each; None where the feed had none yet.
    """
    feeds = list(dict.fromkeys(feed for feed, _ in wanted))
    newest = dict(zip(feeds, reader.latest(feeds), strict=True))
    searches = [
        _Search(feed, time, newest[feed].id >> _PHASE_BITS, 1, newest[feed].id & _ROUND) for feed, time in wanted
    ]
    lengths: dict[tuple[str, int], int] = {}
    while True:
        searches = _searched(reader, searches)
        ended = {(one.feed, one.phase - 1) for one in searches if one.found is None and one.phase > 1}
        missing = sorted(ended - lengths.keys())
        if not ended:
            return [one.found for one in searches]
        lengths.update(zip(missing, _lengths(reader, missing), strict=True))
        searches = [
            _Search(one.feed, one.time, one.phase - 1, 1, lengths[one.feed, one.phase - 1])
            if one.found is None and one.phase > 1
            else one
            for one in searches
        ]


def _searched(reader: RoundReader, searches: Sequence[_Search]) -> list[_Search]:
    """The searches, each at the end of its phase."""
    found = list(searches)
    while True:
        asked = sorted({(one.feed, one.wanted) for one in found if not one.over})
        if not asked:
            return found
        answers = dict(zip(asked, reader.rounds(asked), strict=True))
        found = [one if one.over else one.told(answers[one.feed, one.wanted]) for one in found]


def _lengths(reader: RoundReader, phases: Sequence[tuple[str, int]]) -> list[int]:
    """Returns how many rounds finished phases have, by doubling and then halving."""
    low, high = dict.fromkeys(phases, 0), dict.fromkeys(phases, _LONGEST_GAP + 1)
    growing = list(phases)
    while growing:
        there = _there(reader, [(feed, phase, high[feed, phase]) for feed, phase in growing])
        growing = [one for one, found in zip(growing, there, strict=True) if found]
        for one in growing:
            low[one], high[one] = high[one], high[one] * 2
    while open_ := [one for one in phases if high[one] - low[one] > 1]:
        middle = {one: (low[one] + high[one]) // 2 for one in open_}
        there = _there(reader, [(feed, phase, middle[feed, phase]) for feed, phase in open_])
        for one, found in zip(open_, there, strict=True):
            (low if found else high)[one] = middle[one]
    return [low[one] for one in phases]


def _there(reader: RoundReader, places: Sequence[tuple[str, int, int]]) -> list[bool]:
    """Returns for each feed, phase and round whether it, or one of the few before it, has data: feeds leave gaps."""
    groups = [
        [(feed, phase << _PHASE_BITS | number) for number in range(max(1, last - _LONGEST_GAP), last + 1)]
        for feed, phase, last in places
    ]
    asked = [one for group in groups for one in group]
    answered = {one for one, found in zip(asked, reader.rounds(asked), strict=True) if found is not None}
    return [not answered.isdisjoint(group) for group in groups]


class RoundPrices:
    """A price source that reads feeds' rounds: for who has no other closes than the chain's own.

    A day's close is the price of the round in force at the day's cut time. A day counts if every feed was answered
    between the cut before and its own: a weekend on which no stock moves is no day of a model.

    Args:
        reader: Reader of the rounds.
        feeds: Address by symbol.
        days: Calendar days that are looked back.
    """

    def __init__(self, reader: RoundReader, feeds: Mapping[str, str], days: int) -> None:
        self._reader = reader
        self._feeds = dict(feeds)
        self._days = days
        self._known: dict[tuple[str, date], Round | None] = {}

    def version(self) -> Hashable:
        """The newest round of each feed."""
        return tuple(found.id for found in self._reader.latest(sorted(set(self._feeds.values()))))

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of `symbols`, in that order, of the days up to and including `until`.

        Raises:
            PriceError: If a symbol has no feed, or a feed's answer is not positive.
            NoCloses: If there is no day on which all of them were answered.
        """
        for symbol in symbols:
            if symbol not in self._feeds:
                known = ", ".join(sorted(self._feeds)) or "none"
                raise PriceError(symbol, "has no feed in the deployment", f"choose from {known}")
        days = [until - timedelta(days=back) for back in range(self._days, -1, -1)]
        self._read([self._feeds[symbol] for symbol in symbols], days)
        rows = [day for day in days[1:] if all(self._answered(self._feeds[symbol], day) for symbol in symbols)]
        if not rows:
            reason = f"no day within {self._days} days up to {until} on which every feed was answered"
            raise NoCloses(", ".join(symbols), reason, "look at the feeds, or name a file in prices.path")
        columns = [self._column(symbol, rows) for symbol in symbols]
        return Prices(tuple(rows), tuple(symbols), np.array(columns, dtype=np.float64).T)

    def _read(self, feeds: Sequence[str], days: Sequence[date]) -> None:
        """Reads the rounds at the cuts of days; those of the last day anew, because a block may be taken back."""
        wanted = [(feed, day) for feed in feeds for day in days if day == days[-1] or (feed, day) not in self._known]
        found = rounds_at(self._reader, [(feed, close_of(day)) for feed, day in wanted])
        self._known.update(zip(wanted, found, strict=True))

    def _answered(self, feed: str, day: date) -> bool:
        found = self._known[feed, day]
        return found is not None and found.updated > close_of(day - timedelta(days=1))

    def _column(self, symbol: str, days: Sequence[date]) -> list[float]:
        feed = self._feeds[symbol]
        (decimals,) = self._reader.decimals([feed])
        column = []
        for day in days:
            found = self._known[feed, day]
            assert found is not None
            if found.answer <= 0:
                reason = f"round {found.id & _ROUND} of its feed answers {found.answer}"
                raise PriceError(f"{symbol} on {day}", reason, "name another source in prices.sources")
            column.append(found.answer / 10**decimals)
        return column
