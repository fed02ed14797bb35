"""Volatility forecasts side by side: for a terminal, for programs, and as the table of a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from keepers import __version__
from keepers.risk.backtests.scoring import Comparison
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.volatility.comparison import SIZE, WINDOW, Judged, judge
from keepers.signals.volatility.history import RangeHistory
from keepers.signals.volatility.models import SIMPLE
from keepers.signals.volatility.network import network

PART = "volatility-table"
"""Name of the generated part of a page."""
NEEDED = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Line:
    """A model in the table.

    Attributes:
        model: Its name.
        excess, excess_ranges: Mean loss above the lowest of all models, by squared returns and by ranges.
        included, included_ranges: The p-value in the confidence set, or None outside it.
        against: Test against the model of the lowest loss; None for that one itself.
        beyond: Fraction of days on which the realised move was above two forecast volatilities.
    """

    model: str
    excess: float
    excess_ranges: float
    included: float | None
    included_ranges: float | None
    against: Comparison | None
    beyond: float


@dataclass(frozen=True, eq=False)
class Volatility:
    """Outcome of the comparison.

    Attributes:
        judged: Forecasts and what came of them.
        data_hash: SHA-256 of the prices.
    """

    judged: Judged
    data_hash: str

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every model, the lowest loss first."""
        judged = self.judged
        losses, ranges = judged.losses(), judged.losses(ranges=True)
        means = {name: float(loss.mean()) for name, loss in losses.items()}
        wide = {name: float(loss.mean()) for name, loss in ranges.items()}
        ranked = sorted(means, key=lambda name: means[name])
        kept, kept_ranges, tests = judged.best(), judged.best(ranges=True), judged.against(ranked[0])
        squares = judged.returns**2
        return tuple(
            Line(
                name,
                means[name] - means[ranked[0]],
                wide[name] - min(wide.values()),
                kept.get(name),
                kept_ranges.get(name),
                tests.get(name),
                float(np.mean(squares > 4 * judged.forecasts[name])),
            )
            for name in ranked
        )


def compare(frame: Frame, with_network: bool, progress: Callable[[str], None] = lambda _: None) -> Volatility:
    """Judges every model.

    Args:
        frame: History with `open`, `high`, `low` and `close`.
        with_network: True for the network too, which needs torch.
        progress: Called with each model's name.

    Raises:
        SignalError: If an input is missing or wrong, the history is too short, or a package is not installed.
    """
    missing = [name for name in NEEDED if name not in frame.daily]
    if missing:
        raise SignalError(f"inputs without {', '.join(missing)}", "ranges are needed", "name them under data.daily")
    columns = [np.ascontiguousarray(frame.daily[name], dtype=np.float64) for name in NEEDED]
    history = RangeHistory.of(frame.dates, *columns)
    models = (*SIMPLE, network()) if with_network else SIMPLE
    digest = hashlib.sha256("".join(map(str, frame.dates)).encode())
    for column in columns:
        digest.update(column.astype(">f8").tobytes())
    return Volatility(judge(models, history, progress), digest.hexdigest())


def as_object(found: Volatility) -> dict[str, Any]:
    """The comparison for programs."""
    return {
        "version": __version__,
        "data": {"sha256": found.data_hash, "first": str(found.judged.dates[0]), "last": str(found.judged.dates[-1])},
        "days": len(found.judged.dates),
        "models": [
            {
                "model": line.model,
                "excess_loss": line.excess,
                "excess_loss_ranges": line.excess_ranges,
                "confidence_set_p": line.included,
                "confidence_set_p_ranges": line.included_ranges,
                "diebold_mariano": None if line.against is None else vars(line.against),
                "beyond_two_volatilities": line.beyond,
            }
            for line in found.lines
        ],
    }


def lines(found: Volatility) -> Iterator[str]:
    """The comparison for a terminal."""
    dates = found.judged.dates
    yield f"{len(dates):,} days from {dates[0]} to {dates[-1]}, data {found.data_hash[:16]}, quantera {__version__}"
    yield f"{'':<20}{'excess QLIKE':>14}{'in the set':>12}{'DM p':>9}{'by ranges':>12}{'in the set':>12}"
    for line in found.lines:
        cells = (f"{line.excess * 100:.2f}", _included(line.included), _p_value(line.against))
        wide = (f"{line.excess_ranges * 100:.2f}", _included(line.included_ranges))
        yield f"{line.model:<20}{cells[0]:>14}{cells[1]:>12}{cells[2]:>9}{wide[0]:>12}{wide[1]:>12}"


def markdown(found: Volatility, command: str) -> str:
    """The comparison as a table of a page.

    Args:
        found: The comparison.
        command: Command that computes it again.
    """
    judged = found.judged
    kept = [line.model for line in found.lines if line.included is not None]
    best = f"**{_listed(kept)} cannot be told from the best at {1 - SIZE:.0%}.**"
    head = (
        f"{best} {len(judged.dates):,} one-day forecasts from {judged.dates[0]} to {judged.dates[-1]}, each from the "
        f"{WINDOW:,} days before its stretch. `{command}`, quantera {__version__}, data SHA-256 `{found.data_hash}`."
    )
    table = [
        head,
        "",
        "| model | excess QLIKE x 100 | p in the confidence set | Diebold-Mariano p, to the best "
        "| excess by ranges x 100 | p in its set | days beyond two volatilities |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for line in found.lines:
        cells = (
            line.model,
            f"{line.excess * 100:.2f}",
            _included(line.included),
            _p_value(line.against),
            f"{line.excess_ranges * 100:.2f}",
            _included(line.included_ranges),
            f"{line.beyond:.1%}",
        )
        table.append(f"| {' | '.join(cells)} |")
    return "\n".join(table)


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _included(value: float | None) -> str:
    return "out" if value is None else f"{value:.2f}"


def _p_value(test: Comparison | None) -> str:
    return "" if test is None else f"{test.p_value:.3f}"
