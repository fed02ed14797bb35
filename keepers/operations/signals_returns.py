"""Return forecasts side by side: for a terminal, for programs, and as the table of a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers import __version__
from keepers.risk.backtests.scoring import Comparison
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame
from keepers.signals.returns.comparison import Judged, Row, judge
from keepers.signals.returns.conformal import MISS
from keepers.signals.returns.lstm import lstm
from keepers.signals.returns.models import HORIZONS, SIMPLE

PART = "returns-table"
"""Name of the generated part of a page."""
WALK = SIMPLE[0].name
NETWORK = "lstm"
AIM, AIM_OF_THIRDS = 0.01, 0.03
"""Distances from the nominal coverage that the table calls a miss: on all days, and in a third by volatility."""
_SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False)
class Returns:
    """Outcome of the comparison.

    Attributes:
        judged: Forecasts and what came of them.
        rows: Every model over every horizon, by horizon.
        data_hash: SHA-256 of the closes.
    """

    judged: Judged
    rows: tuple[Row, ...]
    data_hash: str


def compare(frame: Frame, with_network: bool, progress: Callable[[str], None] = lambda _: None) -> Returns:
    """Judges every model.

    Args:
        frame: History with `close`.
        with_network: True for the network too, which needs torch.
        progress: Called with each model's name.

    Raises:
        SignalError: If closes are missing, the history is too short, or a package is not installed.
    """
    if "close" not in frame.daily:
        raise SignalError("inputs without close", "returns are needed", "name it under data.daily")
    closes = np.ascontiguousarray(frame.daily["close"], dtype=np.float64)
    models = (*SIMPLE, lstm()) if with_network else SIMPLE
    judged = judge(models, frame.dates[1:], np.diff(np.log(closes)), progress)
    rows = tuple(judged.row(model.name, WALK, horizon) for horizon in HORIZONS for model in models)
    digest = hashlib.sha256("".join(map(str, frame.dates)).encode() + closes.astype(">f8").tobytes())
    return Returns(judged, rows, digest.hexdigest())


def as_object(found: Returns) -> dict[str, Any]:
    """The comparison for programs; `width` and `interval_score` are log returns."""
    dates = found.judged.dates
    return {
        "version": __version__,
        "data": {"sha256": found.data_hash, "first": str(dates[0]), "last": str(dates[-1])},
        "nominal_coverage": 1 - MISS,
        "rows": [
            {
                "model": row.model,
                "horizon": row.horizon,
                "days": row.days,
                "mase": row.mase,
                "diebold_mariano": None if row.against is None else vars(row.against),
                "coverage": row.coverage,
                "coverage_by_volatility": dict(zip(("calm", "middle", "wild"), row.coverages, strict=True)),
                "width": row.width,
                "interval_score": row.score,
            }
            for row in found.rows
        ],
    }


def lines(found: Returns) -> Iterator[str]:
    """The comparison for a terminal."""
    dates = found.judged.dates
    yield f"{len(dates):,} days from {dates[0]} to {dates[-1]}, data {found.data_hash[:16]}, quantera {__version__}"
    titles = ("MASE", "DM p", "covered", "calm", "middle", "wild", "width", "score")
    yield f"{'days':<6}{'':<14}{''.join(f'{title:>9}' for title in titles)}"
    for row in found.rows:
        yield f"{row.horizon:<6}{row.model:<14}{''.join(f'{cell:>9}' for cell in _cells(row))}"


def markdown(found: Returns, command: str) -> str:
    """The comparison as a table of a page.

    Args:
        found: The comparison.
        command: Command that computes it again.
    """
    dates = found.judged.dates
    head = (
        f"{_verdict(found.rows)} Forecasts after {len(dates):,} days from {dates[0]} to {dates[-1]}; intervals for "
        f"{1 - MISS:.0%} from the {min(row.days for row in found.rows):,} days that have enough before them. "
        f"`{command}`, quantera {__version__}, data SHA-256 `{found.data_hash}`."
    )
    columns = "days ahead | model | MASE | Diebold-Mariano p, to the random walk | covered | calm | middle | wild"
    table = [head, "", f"| {columns} | mean width | interval score |", "|--:|---|" + "--:|" * 8]
    for row in found.rows:
        table.append(f"| {row.horizon} | {row.model} | {' | '.join(_cells(row))} |")
    return "\n".join(table)


def _verdict(rows: tuple[Row, ...]) -> str:
    better = [row for row in rows if _told_apart(row.against) and row.mase < 1]
    tests = f"{sum(row.against is not None for row in rows)} tests at {_SIGNIFICANT:.0%}, uncorrected"
    told = ", ".join(f"`{row.model}` over {row.horizon}" for row in better) or "none"
    return f"**Smaller errors than the random walk's, in {tests}: {told}. {_uncovered(rows)}**"


def _uncovered(rows: tuple[Row, ...]) -> str:
    names = ("all", "calm", "middle", "wild")
    outside = [
        f"`{row.model}` over {row.horizon} on {name} days, {covered:.1%}"
        for row in rows
        for name, covered, aim in zip(names, (row.coverage, *row.coverages), (AIM, *[AIM_OF_THIRDS] * 3), strict=True)
        if abs(covered - (1 - MISS)) > aim
    ]
    aims = f"{1 - MISS:.0%} by {AIM:.0%}, and in a third by {AIM_OF_THIRDS:.0%}"
    return f"Coverages that miss {aims}: {'; '.join(outside) or 'none'}."


def _told_apart(test: Comparison | None) -> bool:
    return test is not None and test.p_value < _SIGNIFICANT


def _cells(row: Row) -> tuple[str, ...]:
    test = "" if row.against is None else f"{row.against.p_value:.3f}"
    covered = tuple(f"{value:.1%}" for value in (row.coverage, *row.coverages))
    return (f"{row.mase:.4f}", test, *covered, f"{row.width:.2%}", f"{row.score:.2%}")
