"""A portfolio as the risk bot recorded it: its numbers beside their limits, by day, and what it holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from keepers.config import Config, load_config
from keepers.contracts.price_sources import configured_prices
from keepers.errors import KeeperError
from keepers.market import Prices
from keepers.market.bar_file import BarFile
from keepers.market.bars import Bars
from keepers.market.close_time import last_closed_day
from keepers.portfolio.state import STATES
from keepers.risk.recorded import GRADES, METRICS, Recorded, Summary, fold
from keepers.risk.reverse_stress import Limits
from keepers.store import Store, model_quality, risk_metrics
from keepers.store.model_quality import ModelQuality

DAILY = ("nav", "var95", "var99", "es975", "drawdown", "concentration", "days_to_liquidate")
"""Numbers whose days are shown."""


class NotRecorded(KeeperError):
    """A portfolio, or a block of it, that the store knows nothing of."""


@dataclass(frozen=True, eq=False)
class LivePortfolio:
    """The facts that the store has of a portfolio at a block.

    Attributes:
        name: Name in the deployment.
        config: Config of the keeper.
        recorded: Numbers and limits at the block.
        holdings: Newest weights at or below the block.
        stress: Losses by scenario of the signed report, fractions of NAV.
        daily: Summaries of `DAILY` by number and by the first second of the day; the block's own day ends with it.
        quality: Findings about the closes of the model at the block; None if another keeper posted it.
    """

    name: str
    config: Config
    recorded: Recorded
    holdings: risk_metrics.Holdings
    stress: Mapping[str, float]
    daily: Mapping[str, Mapping[int, Summary]]
    quality: ModelQuality | None = None

    @property
    def held(self) -> tuple[str, ...]:
        """Symbols of the portfolio's assets."""
        return tuple(self.holdings.weights)

    def closes(self) -> Prices:
        """Closes of the held assets up to the last that was known at the block, out of the config's sources.

        Raises:
            KeeperError: If a source or the chain cannot be read.
        """
        return configured_prices(self.config).closes(self.held, self.last_close)

    def bars(self) -> Bars | None:
        """Bars behind `closes`; None if their source has closes only.

        Raises:
            KeeperError: If a source or the chain cannot be read.
        """
        source = configured_prices(self.config)
        return source.bars(self.held, self.last_close) if isinstance(source, BarFile) else None

    @property
    def last_close(self) -> date:
        """Last day whose close was known at the block."""
        return last_closed_day(self.recorded.at)

    @property
    def limits(self) -> Limits:
        """The chain's limits, as reports and alerts take them."""
        found = self.recorded.limits
        return Limits(*(found.get(name) for name in ("drawdown", "var99", "weight", "concentration")))

    @property
    def data_hash(self) -> str:
        """SHA-256 of everything that is shown, as canonical JSON."""
        text = json.dumps(as_object(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def read_live(path: Path, block: int | None = None) -> LivePortfolio:
    """Reads what a keeper's store knows of its portfolio.

    The same block gives the same numbers, whatever was recorded after it, for as long as its row is kept.

    Args:
        path: Config of the keeper.
        block: Height; None for the newest that was recorded.

    Raises:
        NotRecorded: If the portfolio, or the block, is not in the store.
        KeeperError: If the config or the store cannot be read.
    """
    config = load_config(path)
    name = config.portfolio
    store = Store.open(config.store_url)
    try:
        found = risk_metrics.latest(store, name, block)
        if found is None:
            what = f"portfolio {name}" if block is None else f"portfolio {name} at block {block}"
            remedy = "let the risk bot run" if block is None else "give a block within risk.records.retention_days"
            raise NotRecorded(what, "is not in the store", remedy)
        holdings = risk_metrics.holdings(store, name, found.block)
        if holdings is None:
            raise NotRecorded(f"weights of portfolio {name}", "are not in the store", "let the risk bot run")
        stress = risk_metrics.stress_losses(store, name, found.report_nonce)
        quality = model_quality.quality_of(store, name, found.model_nonce)
        return LivePortfolio(name, config, found, holdings, stress, _daily(store, found), quality)
    finally:
        store.close()


def _daily(store: Store, found: Recorded) -> dict[str, dict[int, Summary]]:
    """Summaries of the days up to a block; of the block's own day only what came until then counts."""
    today: dict[str, Summary] = {}
    for row in risk_metrics.recorded(store, found.portfolio, found.day, found.at):
        if row.block <= found.block:
            today = fold(today, row)
    days: dict[str, dict[int, Summary]] = {}
    for metric in DAILY:
        days[metric] = risk_metrics.daily(store, found.portfolio, metric, found.day - 1)
        if metric in today:
            days[metric][found.day] = today[metric]
    return days


def state_of(found: Recorded) -> str:
    """The state of the chain's risk engine by its name."""
    return STATES[int(found.numbers["state"])]


def grade_of(found: Recorded) -> str:
    """The chain's grade by its letters; empty if it is unknown."""
    grade = found.numbers.get("grade")
    return "" if grade is None else GRADES[int(grade)]


def lines(found: LivePortfolio) -> list[str]:
    """Records for a terminal."""
    one = found.recorded
    at = datetime.fromtimestamp(one.at, UTC)
    told = [
        f"{found.name} at block {one.block}, {at:%Y-%m-%d %H:%M:%S} UTC: {state_of(one)}, "
        f"grade {grade_of(one) or '-'}, model {one.model_nonce}, report {one.report_nonce}"
    ]
    if one.reason:
        told.append(f"  no numbers of the chain: {one.reason}")
    for name, value in one.numbers.items():
        limit = one.limits.get(name)
        bound = "" if limit is None else f"  limit {limit:.6g}"
        told.append(f"  {name:<22}{value:>14.6g}{bound}")
    if found.quality is not None:
        told += _quality_lines(found.quality)
    for metric, days in found.daily.items():
        told.append(f"  {metric} by day: samples, minimum, maximum, mean, last")
        for day, each in days.items():
            values = (each.minimum, each.maximum, each.mean, each.last)
            told.append(f"    {_day(day)}{each.samples:>7}" + "".join(f"{value:>14.6g}" for value in values))
    return told


def _quality_lines(found: ModelQuality) -> list[str]:
    quality = found.quality
    return [
        f"  closes of model {found.model_nonce}: {quality.days:,} days of {quality.symbols} assets to "
        f"{found.last_close}, sha256 {found.data_hash[:16]}, findings {len(quality.findings)}",
        *(f"    {finding}" for finding in quality.findings),
    ]


def as_object(found: LivePortfolio) -> dict[str, Any]:
    """Records for programs."""
    one = found.recorded
    return {
        "portfolio": found.name,
        "block": one.block,
        "at": one.at,
        "state": state_of(one),
        "grade": grade_of(one) or None,
        "model_nonce": one.model_nonce,
        "report_nonce": one.report_nonce,
        "reason": one.reason,
        "numbers": {name: one.numbers.get(name) for name in METRICS},
        "limits": dict(one.limits),
        "used": used_parts(one),
        "weights": {"block": found.holdings.block, **found.holdings.weights},
        "stress": dict(found.stress),
        "quality": None if found.quality is None else _quality_object(found.quality),
        "daily": {
            metric: [{"day": _day(day), **asdict(summary)} for day, summary in days.items()]
            for metric, days in found.daily.items()
        },
    }


def _quality_object(found: ModelQuality) -> dict[str, Any]:
    quality = found.quality
    return {
        "last_close": str(found.last_close),
        "sha256": found.data_hash,
        "days": quality.days,
        "symbols": quality.symbols,
        "findings": [
            {**asdict(one), "first": str(one.first), "last": str(one.last), "refuses": one.refuses}
            for one in quality.findings
        ],
    }


def used_parts(found: Recorded) -> dict[str, float]:
    """Each number over its limit, where both are known and the limit is a maximum above zero."""
    return {
        name: found.numbers[name] / limit
        for name, limit in found.limits.items()
        if name in found.numbers and name != "sharpe" and limit > 0
    }


def _day(first: int) -> str:
    return f"{datetime.fromtimestamp(first, UTC):%Y-%m-%d}"
