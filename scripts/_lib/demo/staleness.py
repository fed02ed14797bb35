"""How much a thief could have taken if the portfolio had traded at the previous close."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from keepers.portfolio.state import WAD
from scripts._lib.demo.data import Closes, close_time


@dataclass(frozen=True)
class Staleness:
    """The bound of docs/rebalancing.md, turnover times move, for every rebalance of the replay.

    The move is the largest of any stock since the previous close. No loss budget sees it, because the budget is kept at
    the feeds' prices.

    Attributes:
        rebalances: How many.
        median_bps, worst_bps: Basis points of NAV.
        worst_day: When.
    """

    rebalances: int
    median_bps: float
    worst_bps: float
    worst_day: date


def measure_staleness(executed: Sequence[tuple[int, int]], closes: Closes) -> Staleness:
    """Bounds what trading a close late could have cost.

    Args:
        executed: Unix seconds and turnover, WAD of NAV, of each rebalance; at least one.
        closes: The prices that were replayed.
    """
    moments = [close_time(day) for day in closes.days]
    bounds = []
    for timestamp, turnover in executed:
        index = bisect_right(moments, timestamp) - 1
        pairs = zip(closes.prices(index - 1), closes.prices(index), strict=True)
        move = max(abs(now / before - 1) for before, now in pairs)
        bounds.append((turnover / WAD * move * 10_000, closes.days[index]))
    worst, day = max(bounds)
    return Staleness(len(bounds), round(median(bound for bound, _ in bounds), 1), round(worst, 1), day)


def executed_rebalances(rebalancer: Any, w3: Any, last: int) -> list[tuple[int, int]]:
    """Unix seconds and turnover of each rebalance up to a block."""
    events = rebalancer.events.Rebalanced().get_logs(from_block=0, to_block=last)
    return [(w3.eth.get_block(event["blockNumber"])["timestamp"], event["args"]["turnover"]) for event in events]
