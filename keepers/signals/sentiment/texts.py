"""Texts about symbols, and which of them say something new."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from keepers.signals.errors import SignalError

REPEAT = timedelta(days=7)
"""A text that comes again within this time of its first appearance is a copy (docs/decisions/0218)."""
FIRST_YEAR = 1900
LONGEST = 100_000
"""Characters of the longest text."""


@dataclass(frozen=True)
class Text:
    """Something that was published.

    Attributes:
        time: Moment from which anybody could read it, with an offset.
        source: Name of the publisher.
        text: Words.
        symbols: Symbols that it is about, each once.
    """

    time: datetime
    source: str
    text: str
    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise SignalError(f"time '{self.time.isoformat()}'", "has no offset", "write it as 2024-05-01T13:30:00Z")
        if self.time.year < FIRST_YEAR:
            raise SignalError(f"time '{self.time.isoformat()}'", f"before {FIRST_YEAR}", "correct it")
        if not self.source.strip() or not self.text.strip():
            missing = "text" if self.source.strip() else "source"
            raise SignalError(f"a text of {self.time.isoformat()}", f"has no {missing}", "fill it in, or drop the row")
        if len(self.text) > LONGEST:
            raise SignalError(
                f"a text of {self.time.isoformat()}", f"{len(self.text)} characters", f"give at most {LONGEST}"
            )
        if not self.symbols:
            raise SignalError(f"a text of {self.time.isoformat()}", "names no symbol", "name one, or drop the row")
        for symbol in self.symbols:
            if not symbol.isprintable() or symbol.split() != [symbol]:
                raise SignalError(f"symbol {symbol!a}", "not one printable word", "correct it")

    @property
    def day(self) -> date:
        """The day in UTC on which it was published."""
        return self.time.astimezone(UTC).date()

    @property
    def words(self) -> str:
        """The text as copies of it are recognised: compatible forms, case, punctuation and spaces do not count."""
        folded = unicodedata.normalize("NFKC", self.text).casefold()
        letters = "".join(char if char.isalnum() else " " for char in folded)
        # A text of signs alone is told from others by its signs.
        return " ".join(letters.split()) or " ".join(folded.split())


@dataclass(frozen=True)
class Mention:
    """A text about one symbol.

    Attributes:
        text: The text.
        symbol: The symbol.
    """

    text: Text
    symbol: str


def fresh(texts: Sequence[Text]) -> tuple[Mention, ...]:
    """Each text about each symbol, without copies, the earliest first.

    A text with the words of one that was kept for the symbol less than a week before is a copy, whoever publishes it.
    What is kept depends on earlier texts alone, and not on the order in which the texts are given.
    """
    kept: dict[tuple[str, str], datetime] = {}
    found = []
    for text in sorted(texts, key=lambda one: (one.time, one.source, one.text, one.symbols)):
        for symbol in dict.fromkeys(text.symbols):
            key = (symbol, text.words)
            if key in kept and text.time - kept[key] < REPEAT:
                continue
            kept[key] = text.time
            found.append(Mention(text, symbol))
    return tuple(found)
