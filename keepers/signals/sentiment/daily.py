"""Scores of texts as a value for each day and symbol."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.sentiment.texts import Mention, Text, fresh

Array = NDArray[np.float64]


class Scorer(Protocol):
    """A method that gives texts a score."""

    @property
    def name(self) -> str:
        """Name in tables."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of what its scores depend on."""
        ...

    def scores(self, texts: Sequence[str]) -> Array:
        """Scores from -1 for bad to 1 for good: (texts,). A text's score depends on no other text."""
        ...


@dataclass(frozen=True, eq=False)
class DailyScores:
    """Scores of calendar days in UTC.

    Attributes:
        days: Every calendar day from the first to the last.
        symbols: Symbols, sorted.
        scores: (days, symbols), from -1 to 1; 0 where there is no text.
        texts: (days, symbols), number of texts.
        copies: Number of mentions that were left out as copies.
    """

    days: tuple[date, ...]
    symbols: tuple[str, ...]
    scores: Array
    texts: NDArray[np.int64]
    copies: int


def daily_scores(texts: Sequence[Text], scorer: Scorer, until: date) -> DailyScores:
    """The score of each day and symbol: the mean over sources of the mean of each source's texts.

    A source that publishes a hundred texts on a day counts as much as one that publishes a single text.

    Args:
        texts: Texts in any order.
        scorer: What gives them a score.
        until: Last day; texts of later days are left out, so that a day that is not over has no score.

    Raises:
        SignalError: If no text is early enough, or a score is none.
    """
    known = [text for text in texts if text.day <= until]
    if not known:
        raise SignalError(f"{len(texts)} texts", f"none was published by {until}", "give earlier ones, or wait a day")
    mentions = fresh(known)
    wanted = tuple(dict.fromkeys(mention.text.text for mention in mentions))
    found = np.asarray(scorer.scores(wanted), dtype=np.float64)
    if found.shape != (len(wanted),) or not np.all(np.abs(found) <= 1):
        raise SignalError(f"scores of {scorer.name}", "not a number from -1 to 1 for each text", "use another scorer")
    by_text = dict(zip(wanted, found.tolist(), strict=True))
    first = min(mention.text.day for mention in mentions)
    days = tuple(first + timedelta(days=step) for step in range((until - first).days + 1))
    symbols = tuple(sorted({mention.symbol for mention in mentions}))
    scores, counts = _table(mentions, by_text, days, symbols)
    every = sum(len(set(text.symbols)) for text in known)
    return DailyScores(days, symbols, scores, counts, every - len(mentions))


def _table(
    mentions: Sequence[Mention], by_text: dict[str, float], days: tuple[date, ...], symbols: tuple[str, ...]
) -> tuple[Array, NDArray[np.int64]]:
    grouped: dict[tuple[int, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    column = {symbol: place for place, symbol in enumerate(symbols)}
    for mention in mentions:
        place = ((mention.text.day - days[0]).days, column[mention.symbol])
        grouped[place][mention.text.source].append(by_text[mention.text.text])
    scores = np.zeros((len(days), len(symbols)))
    counts = np.zeros((len(days), len(symbols)), dtype=np.int64)
    for cell, sources in grouped.items():
        scores[cell] = np.mean([np.mean(values) for values in sources.values()])
        counts[cell] = sum(map(len, sources.values()))
    return scores, counts
