"""Several sources of closes in an order of priority, each held against the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from datetime import date

from keepers.errors import KeeperError
from keepers.market.prices import NoCloses, PriceError, Prices
from keepers.market.source import PriceSource


class PrioritySource:
    """Takes all closes from the first source that has them, and compares them with those of the others.

    Sources are never mixed in one answer: a column that changes its source half-way has a jump there that no market
    made. A source that does not answer is passed over and told; one that answers otherwise stops everything.

    Args:
        sources: Sources by name, the preferred one first.
        tolerance: Maximum that two sources' last common close of a symbol may differ by, as a fraction.
        note: Told of a source that does not answer, as structlog's loggers are.
    """

    def __init__(
        self, sources: Sequence[tuple[str, PriceSource]], tolerance: float, note: Callable[..., object]
    ) -> None:
        self._sources = tuple(sources)
        self._tolerance = tolerance
        self._note = note

    def version(self) -> Hashable:
        """Versions of all sources; None for one that does not answer."""
        return tuple(self._version(name, source) for name, source in self._sources)

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of `symbols` of the first source that has them.

        Raises:
            PriceError: If none has them, or two do not agree.
        """
        failures: list[str] = []
        answers: list[tuple[str, Prices]] = []
        early = True
        for name, source in self._sources:
            try:
                answers.append((name, source.closes(symbols, until)))
            except KeeperError as error:
                early &= isinstance(error, NoCloses)
                failures.append(f"{name}: {error.reason}")
                self._note("source passed over", source=name, subject=str(error.value), reason=error.reason)
        if not answers:
            kind = NoCloses if early else PriceError
            raise kind(", ".join(symbols), "; ".join(failures), "correct prices.sources")
        chosen = answers[0]
        for other in answers[1:]:
            self._require_agreement(chosen, other)
        return chosen[1]

    def _version(self, name: str, source: PriceSource) -> Hashable:
        try:
            return source.version()
        except KeeperError as error:
            self._note("source passed over", source=name, subject=str(error.value), reason=error.reason)
            return None

    def _require_agreement(self, chosen: tuple[str, Prices], other: tuple[str, Prices]) -> None:
        """Raises PriceError if a symbol's closes of the last common day are further apart than the tolerance."""
        (name, prices), (other_name, others) = chosen, other
        common = sorted(set(prices.dates) & set(others.dates))
        if not common:
            return
        day = common[-1]
        row, other_row = prices.closes[prices.dates.index(day)], others.closes[others.dates.index(day)]
        for symbol, close, second in zip(prices.symbols, row, other_row, strict=True):
            if abs(math.log(close / second)) > math.log1p(self._tolerance):
                reason = f"{close:g} in {name} and {second:g} in {other_name}"
                remedy = "correct the wrong one, or widen prices.tolerance"
                raise PriceError(f"close of {symbol} on {day}", reason, remedy)
