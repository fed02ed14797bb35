"""Forecasts of covariances side by side: for a terminal, for programs, and as the table of a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from keepers import __version__
from keepers.risk.backtests.scoring import Comparison
from keepers.signals.correlations.comparison import SIZE, WINDOW, Judged, judge
from keepers.signals.correlations.models import MODELS
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame

PART = "correlations-table"
"""Name of the generated part of a page."""
_YEAR = 252


@dataclass(frozen=True)
class Line:
    """A model in the table.

    Attributes:
        model: Its name.
        excess: Mean loss above the lowest of all models, per asset.
        included: The p-value in the confidence set, or None outside it.
        against: Test against the model of the lowest loss; None for that one itself.
        distance: Mean squared distance of the returns per asset; one where the forecast is as wide as they are.
        least: Realised volatility of the portfolio of least forecast variance, a year.
    """

    model: str
    excess: float
    included: float | None
    against: Comparison | None
    distance: float
    least: float


@dataclass(frozen=True, eq=False)
class CorrelationTable:
    """Outcome of the comparison.

    Attributes:
        judged: Scores of every model.
        data_hash: SHA-256 of the closes.
    """

    judged: Judged
    data_hash: str

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every model, the lowest loss first."""
        judged = self.judged
        means = {name: float(loss.mean()) / judged.assets for name, loss in judged.losses.items()}
        ranked = sorted(means, key=lambda name: means[name])
        kept, tests = judged.best(), judged.against(ranked[0])
        return tuple(
            Line(
                name,
                means[name] - means[ranked[0]],
                kept.get(name),
                tests.get(name),
                float(judged.distances[name].mean()),
                float(np.std(judged.leasts[name]) * np.sqrt(_YEAR)),
            )
            for name in ranked
        )


def compare(frame: Frame, progress: Callable[[int], None] = lambda _: None) -> CorrelationTable:
    """Judges every model.

    Args:
        frame: History with the panel `closes`.
        progress: Called with the number of days that were forecast, stretch by stretch.

    Raises:
        SignalError: If closes are missing, the history is too short, or no forecast has an inverse.
        RiskError: If `arch` cannot compare.
    """
    if "closes" not in frame.daily:
        raise SignalError("inputs without closes", "a panel of assets is needed", "name it under data.daily")
    closes = np.ascontiguousarray(frame.daily["closes"], dtype=np.float64)
    judged = judge(MODELS, frame.dates[1:], np.diff(np.log(closes), axis=0), progress)
    return CorrelationTable(judged, data_hash(frame))


def data_hash(frame: Frame) -> str:
    """SHA-256 of the days and of `closes`."""
    closes = frame.daily["closes"].astype(">f8")
    return hashlib.sha256("".join(map(str, frame.dates)).encode() + closes.tobytes()).hexdigest()


def forecast_days(frame: Frame) -> int:
    """Days that `compare` will forecast."""
    return max(len(frame.dates) - 1 - WINDOW, 0)


def as_object(found: CorrelationTable) -> dict[str, Any]:
    """The comparison for programs."""
    dates = found.judged.dates
    return {
        "version": __version__,
        "data": {"sha256": found.data_hash, "first": str(dates[0]), "last": str(dates[-1])},
        "days": len(dates),
        "assets": found.judged.assets,
        "models": [
            {
                "model": line.model,
                "excess_loss_per_asset": line.excess,
                "confidence_set_p": line.included,
                "diebold_mariano": None if line.against is None else vars(line.against),
                "squared_distance_per_asset": line.distance,
                "least_variance_volatility": line.least,
            }
            for line in found.lines
        ],
    }


def lines(found: CorrelationTable) -> Iterator[str]:
    """The comparison for a terminal."""
    dates = found.judged.dates
    yield (
        f"{len(dates):,} days from {dates[0]} to {dates[-1]}, {found.judged.assets} assets, "
        f"data {found.data_hash[:16]}, quantera {__version__}"
    )
    yield f"{'':<22}{'excess loss':>12}{'in the set':>12}{'DM p':>8}{'distance':>10}{'least':>9}"
    for line in found.lines:
        excess, included, p_value, distance, least = _cells(line)
        yield f"{line.model:<22}{excess:>12}{included:>12}{p_value:>8}{distance:>10}{least:>9}"


def markdown(found: CorrelationTable, command: str) -> str:
    """The comparison as a table of a page.

    Args:
        found: The comparison.
        command: Command that computes it again.
    """
    dates = found.judged.dates
    kept = " and ".join(f"`{line.model}`" for line in found.lines if line.included is not None)
    head = (
        f"**{kept} cannot be told from the best at {1 - SIZE:.0%}.** {len(dates):,} one-day forecasts of the "
        f"covariances of {found.judged.assets} assets from {dates[0]} to {dates[-1]}, each from the {WINDOW:,} days "
        f"before its stretch. `{command}`, quantera {__version__}, data SHA-256 `{found.data_hash}`."
    )
    columns = "model | excess loss per asset x 100 | p in the confidence set | Diebold-Mariano p, to the best"
    table = [
        head,
        "",
        f"| {columns} | squared distance per asset | volatility of the least-variance portfolio |",
        "|---|" + "--:|" * 5,
    ]
    table += [f"| {line.model} | {' | '.join(_cells(line))} |" for line in found.lines]
    return "\n".join(table)


def _cells(line: Line) -> tuple[str, ...]:
    return (
        f"{line.excess * 100:.2f}",
        "out" if line.included is None else f"{line.included:.2f}",
        "" if line.against is None else f"{line.against.p_value:.3f}",
        f"{line.distance:.3f}",
        f"{line.least:.2%}",
    )
