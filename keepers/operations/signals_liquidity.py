"""Forecasts of liquidity on made histories, side by side: for a terminal, for programs, and as the tables of a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from keepers import __version__
from keepers.signals.errors import SignalError
from keepers.signals.liquidity.comparison import Judged, Outcomes, Row, judge_depth, judge_slippage, outcomes_of
from keepers.signals.liquidity.made import FEE, KINDS
from keepers.signals.liquidity.models import LAST
from keepers.signals.returns.conformal import MISS

PART = "liquidity-tables"
"""Name of the generated part of a page."""
HORIZONS = (1, 24)
"""Hours ahead."""
SEEDS = 20
"""Histories of each kind (docs/decisions/0222)."""
RULE = "chosen"
"""Name of the rule in tables: the model that the first half of the forecasts chooses."""
AIM, AIM_OF_THIRDS = 0.01, 0.03
"""Distances from the nominal coverage that the page calls a miss: on all hours, and in a third."""
_DRAWS = 2_000
_BPS = 10_000
_THIRDS = ("calm", "middle", "wild")


@dataclass(frozen=True)
class Line:
    """A model on all histories of a kind.

    Attributes:
        quantity: `depth` or `slippage`.
        kind: Kind of the histories.
        horizon: Hours ahead.
        model: Name of the model, or `RULE`.
        row: All seeds together, second half of the forecasts.
        ratio: Mean absolute error over the last value's; NaN where that makes none.
        low, high: Bounds of the interval of 95% of the ratio by a bootstrap over seeds.
        picked: Share of seeds by the model that the rule chose; empty of other models.
    """

    quantity: str
    kind: str
    horizon: int
    model: str
    row: Row
    ratio: float
    low: float
    high: float
    picked: dict[str, float]


@dataclass(frozen=True)
class Table:
    """Outcome of the comparison.

    Attributes:
        lines: By quantity, kind, horizon and model.
        seeds: Histories of each kind.
        times: Hours of each history.
        data_hash: SHA-256 of the histories.
    """

    lines: tuple[Line, ...]
    seeds: int
    times: int
    data_hash: str


def compare(seeds: int = SEEDS, advance: Callable[[int], None] = lambda _: None) -> Table:
    """Judges every model on every made history.

    Args:
        seeds: Histories of each kind.
        advance: Called with the number of histories that were judged.

    Raises:
        SignalError: If there are fewer than two seeds.
    """
    if seeds < 2:
        raise SignalError(f"{seeds} seeds", "have no interval", "give two or more")
    digest, lines, times = hashlib.sha256(), list[Line](), 0
    for number, (kind, make) in enumerate(KINDS.items()):
        judged: dict[tuple[str, int], list[Judged]] = {}
        for seed in range(seeds):
            history = make(np.random.default_rng((number, seed)))
            times = history.size
            digest.update(history.depth.astype(">f8").tobytes() + history.price.astype(">f8").tobytes())
            for horizon in HORIZONS:
                depth = judge_depth(history, horizon)
                judged.setdefault(("depth", horizon), []).append(depth)
                slippage = judge_slippage(history, history.depth, FEE, depth)
                judged.setdefault(("slippage", horizon), []).append(slippage)
            advance(1)
        for horizon in HORIZONS:
            depths, slippages = judged["depth", horizon], judged["slippage", horizon]
            picked = [depth.chosen(depth.outcomes.size // 2 - horizon) for depth in depths]
            lines += _lines_of(("depth", kind, horizon), depths, picked)
            lines += _lines_of(("slippage", kind, horizon), slippages, picked)
    order = {"depth": 0, "slippage": 1}
    return Table(tuple(sorted(lines, key=lambda line: order[line.quantity])), seeds, times, digest.hexdigest())


def _lines_of(what: tuple[str, str, int], judged: Sequence[Judged], picked: Sequence[str]) -> Iterator[Line]:
    for model in (*judged[0].forecasts, RULE):
        names = picked if model == RULE else [model] * len(judged)
        parts = [outcomes_of(one, name, one.outcomes.size // 2) for one, name in zip(judged, names, strict=True)]
        shares = {name: picked.count(name) / len(picked) for name in dict.fromkeys(picked)} if model == RULE else {}
        yield Line(*what, model, Row.of(parts), *_ratio(parts), shares)


def _ratio(parts: Sequence[Outcomes]) -> tuple[float, float, float]:
    """Error over the last value's, and its interval: seeds are drawn again."""
    errors, walks = np.array([p.errors.sum() for p in parts]), np.array([p.walks.sum() for p in parts])
    if not walks.sum() > 0:
        return float("nan"), float("nan"), float("nan")
    draws = np.random.default_rng(222).integers(0, len(parts), (_DRAWS, len(parts)))
    ratios = errors[draws].sum(axis=1) / walks[draws].sum(axis=1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(errors.sum() / walks.sum()), float(low), float(high)


def as_object(found: Table) -> dict[str, Any]:
    """The comparison for programs; `width` and `interval_score` are logarithms, and what is not known is null."""
    return {
        "version": __version__,
        "data": {"made": True, "sha256": found.data_hash, "seeds": found.seeds, "hours": found.times},
        "nominal_coverage": 1 - MISS,
        "rows": [
            {
                "quantity": line.quantity,
                "history": line.kind,
                "horizon_hours": line.horizon,
                "model": line.model,
                "forecasts": line.row.forecasts,
                "error_over_last_value": _known(line.ratio),
                "interval_95": [_known(line.low), _known(line.high)],
                "coverage": line.row.coverage,
                "coverage_by_size": {
                    name: _known(value) for name, value in zip(_THIRDS, line.row.coverages, strict=True)
                },
                "width": line.row.width,
                "interval_score": line.row.score,
                "picked": line.picked,
            }
            for line in found.lines
        ],
    }


def lines(found: Table) -> Iterator[str]:
    """The comparison for a terminal."""
    yield f"made histories, {found.seeds} of {found.times:,} hours of each kind, quantera {__version__}"
    titles = ("error", "from", "to", "covered", *_THIRDS, "width")
    yield f"{'quantity':<10}{'history':<13}{'h':>3}  {'model':<13}{''.join(f'{title:>9}' for title in titles)}"
    for line in found.lines:
        cells = (*_ratios(line), *_covers(line), f"{line.row.width:.4f}")
        head = f"{line.quantity:<10}{line.kind:<13}{line.horizon:>3}  {line.model:<13}"
        yield head + "".join(f"{cell:>9}" for cell in cells)


def markdown(found: Table, command: str) -> str:
    """The comparison as the tables of a page.

    Args:
        found: The comparison.
        command: Command that computes it again.
    """
    head = (
        f"**{_verdict(found)}** All histories are made: {found.seeds} of {found.times:,} hours of each kind, judged on "
        f"the second half of the forecasts. `{command}`, quantera {__version__}, data SHA-256 `{found.data_hash}`."
    )
    columns = (
        "history | hours ahead | model | error over the last value's | 95% from | to | covered | calm | middle | wild"
    )
    table = [head, "", "Depth:", "", f"| {columns} |", "|---|--:|---|" + "--:|" * 7]
    for line in found.lines:
        if line.quantity == "depth":
            cells = (line.kind, str(line.horizon), _named(line), *_ratios(line), *_covers(line))
            table.append(f"| {' | '.join(cells)} |")
    table += ["", "Slippage of an order of the present depth, by the model that was chosen for the depth:", ""]
    columns = "history | hours ahead | error over the last value's | 95% from | to | covered | calm | middle | wild"
    table += [f"| {columns} | mean width, bps |", "|---|--:|" + "--:|" * 8]
    for line in found.lines:
        if line.quantity == "slippage" and line.model == RULE:
            cells = (line.kind, str(line.horizon), *_ratios(line), *_covers(line), f"{_BPS * line.row.width:.0f}")
            table.append(f"| {' | '.join(cells)} |")
    return "\n".join(table)


def _verdict(found: Table) -> str:
    ruled = [line for line in found.lines if line.model == RULE and line.quantity == "depth"]
    better = [f"{line.kind} over {line.horizon} h" for line in ruled if line.high < 1]
    worse = [f"{line.kind} over {line.horizon} h" for line in ruled if line.low > 1]
    said = f"The rule's errors of depth are below the last value's on: {', '.join(better) or 'none'}"
    return f"{said}; above it on: {', '.join(worse) or 'none'}. {_uncovered(found)}"


def _uncovered(found: Table) -> str:
    """The rule's coverages that miss the aim."""
    names = ("all", *_THIRDS)
    outside = [
        f"{line.quantity}, {line.kind} over {line.horizon} h, {name} hours, {covered:.1%}"
        for line in found.lines
        if line.model == RULE
        for name, covered, aim in zip(
            names, (line.row.coverage, *line.row.coverages), (AIM, *[AIM_OF_THIRDS] * 3), strict=True
        )
        if abs(covered - (1 - MISS)) > aim
    ]
    aims = f"{1 - MISS:.0%} by {AIM:.0%}, and in a third by {AIM_OF_THIRDS:.0%}"
    return f"The rule's coverages that miss {aims}: {'; '.join(outside) or 'none'}."


def _named(line: Line) -> str:
    """A model, and of the rule how often it chose another than the last value."""
    if line.model != RULE:
        return line.model
    return f"{RULE} (another than the last value: {1 - line.picked.get(LAST, 0.0):.0%})"


def _ratios(line: Line) -> tuple[str, ...]:
    return tuple("" if isnan(value) else f"{value:.3f}" for value in (line.ratio, line.low, line.high))


def _covers(line: Line) -> tuple[str, ...]:
    return tuple("" if isnan(value) else f"{value:.1%}" for value in (line.row.coverage, *line.row.coverages))


def _known(value: float) -> float | None:
    return None if isnan(value) else value
