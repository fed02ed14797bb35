"""The tables of `python -m tests.bench.auction` in docs/routing.md."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PART = "auction-table"
AIMS = {"within 1 bp": 0.95, "within 5 bps": 0.99}
MEDIAN_MS, SLOW_MS = 50.0, 250.0
_GAPS = (
    *("gas, gwei", "routed", "gap p50, bps", "p95", "p99", "worst", "within 1 bp", "within 5 bps"),
    *("solve p50, ms", "p99", "CPU p50, ms", "p99"),
)
_TIMES = (
    *("seconds an order", "gas, gwei", "within 1 bp", "within 5 bps", "gap p95, bps", "p99"),
    *("CPU p50, ms", "p99", "the most"),
)
_RIVALS = (
    *("gas, gwei", "beside", "wins", "ties", "losses", "only ours", "gained, mean bps", "median", "worst"),
    *("its time p50, ms", "p99"),
)


def table(path: Path, options: str, found: Sequence[Mapping[str, Any]], timed: Sequence[Mapping[str, Any]] = ()) -> str:
    """The generated part: what was run, the verdict on every aim, gaps and times, other times, and the other routers.

    Args:
        path: The auction.
        options: Options of the run.
        found: A summary for each price of gas.
        timed: The same with other times, which the verdict leaves out.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    command = f"`python -m tests.bench.auction AUCTION {options}`, data SHA-256 `{digest}`"
    head = [f"**{_verdict(found)}** {_orders(found)} {command}.", "", *_header(_GAPS)]
    return "\n".join([*head, *(_row(one) for one in found), *_timed(timed, found), *_beside(found)])


def _header(names: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(names)} |", f"|{'|'.join('--:' for _ in names)}|"]


def _verdict(found: Sequence[Mapping[str, Any]]) -> str:
    """Aims that are missed, or that none is."""
    missed = []
    for one in found:
        gas = f"{one['gas_gwei']:g} gwei"
        shares = {"within 1 bp": one["within_1_bp"], "within 5 bps": one["within_5_bp"]}
        missed += [
            f"{shares[name]:.1%} of orders {name} at {gas} (aim {aim:.0%})"
            for name, aim in AIMS.items()
            if shares[name] < aim
        ]
        times = one["cpu_ms"]
        missed += [
            f"{name} {times[name]:.0f} ms of CPU at {gas} (aim {aim:.0f})"
            for name, aim in (("p50", MEDIAN_MS), ("p99", SLOW_MS))
            if times[name] > aim
        ]
        missed += [
            f"{beside['losses']} losses to {name} at {gas}"
            for name, beside in one["beside"].items()
            if beside["losses"]
        ]
    return f"Missed: {'; '.join(missed)}." if missed else "Every aim is met."


def _orders(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return "No order."
    without = found[0]["orders"] - found[0]["routed"]
    return f"{found[0]['orders']} sell orders, each by itself; {without} have no market, or too little for one to pay."


def _row(one: Mapping[str, Any]) -> str:
    gap, wall, cpu = one["gap_bps"], one["solve_time_ms"], one["cpu_ms"]
    cells = [
        f"{one['gas_gwei']:g}",
        f"{one['routed']} of {one['orders']}",
        *(f"{gap[name]:.3f}" for name in ("p50", "p95", "p99", "p100")),
        f"{one['within_1_bp']:.1%}",
        f"{one['within_5_bp']:.1%}",
        *(f"{times[name]:.0f}" for times in (wall, cpu) for name in ("p50", "p99")),
    ]
    return f"| {' | '.join(cells)} |"


def _timed(timed: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows of shares, gaps and processor time for each time that an order was given."""
    if not timed:
        return []
    lines = ["", *_header(_TIMES)]
    for one in sorted((*timed, *found), key=lambda one: (one["gas_gwei"], one["seconds"])):
        gaps = [f"{one['gap_bps'][name]:.3f}" for name in ("p95", "p99")]
        times = [f"{one['cpu_ms'][name]:.0f}" for name in ("p50", "p99", "p100")]
        shares = [f"{one[name]:.1%}" for name in ("within_1_bp", "within_5_bp")]
        run = [f"{one[name]:g}" for name in ("seconds", "gas_gwei")]
        lines.append(f"| {' | '.join([*run, *shares, *gaps, *times])} |")
    return lines


def _beside(found: Sequence[Mapping[str, Any]]) -> list[str]:
    if not any(one["beside"] for one in found):
        return []
    lines = ["", *_header(_RIVALS)]
    for one in found:
        for name, beside in one["beside"].items():
            counts = [str(beside[key]) for key in ("wins", "ties", "losses", "only_ours")]
            gains = [f"{beside[key]:.3f}" for key in ("gain_bps_mean", "gain_bps_median")]
            times = [f"{beside['time_ms'][key]:.0f}" for key in ("p50", "p99")]
            cells = [f"{one['gas_gwei']:g}", name, *counts, *gains, f"{beside['worst_bps_and_order'][0]:.4f}", *times]
            lines.append(f"| {' | '.join(cells)} |")
    return lines
