"""The flow problem over whole networks by the published protocol, beside cvxpy with Clarabel."""

from __future__ import annotations

import time
from statistics import median

import numpy as np

from tests.bench.framework import Bench, Row
from tests.fixtures.flow_markets import ConicProblem, published_network, solved

GROUP = "Flows"
SIZES = tuple(int(size) for size in np.round(10 ** np.linspace(2, 5, 20)))
SEEDS = range(10)
SHOWN = (SIZES[0], SIZES[7], SIZES[13], SIZES[-1])
GAP = 1e-6
PATIENCE = 300.0
METHOD = (
    f"Networks of {SIZES[0]:,} to {SIZES[-1]:,} markets over 2 sqrt(m) tokens as Diamandis, Angeris and Edelman (2024) "
    f"draw them (tests/fixtures/flow_markets.py), {len(SIZES)} sizes, {len(SEEDS)} seeds each, until trades that "
    f"overdraw no token are within {GAP:g} of the bound, as a part of it; the published figures stop at 1e-3. Ours is "
    "keepers.routing.decomposition, wall time of one core without making the arrays, median over the seeds. The peer "
    "is the same problem in power cones; its time is what Clarabel says that it took, without cvxpy's compilation, "
    f"median of the first three seeds, each at most {PATIENCE:.0f} s. It stops at its own tolerance of 1e-8, and where "
    "there is no peer it did not reach that on one of the three."
)


def rows(_: Bench) -> list[Row]:
    """The table."""
    gaps: list[float] = []
    found: list[Row] = []
    for size in SIZES:
        took = []
        for seed in SEEDS:
            network = published_network(seed, size)
            markets = network.markets()
            began = time.perf_counter()
            gaps.append(solved(network, markets, GAP).gap)
            took.append(1000 * (time.perf_counter() - began))
        if size in SHOWN:
            peer = _clarabel(size)
            name = f"{size:,} markets, {round(2 * np.sqrt(size))} tokens"
            found.append(Row(GROUP, name, "ms", median(took), peer, "Clarabel", None if peer is None else 0.05, METHOD))
    unsolved = sum(gap > GAP for gap in gaps)
    found.append(Row(GROUP, f"of {len(gaps)} networks: not solved", "", unsolved, target=0.0, method=METHOD))
    found.append(
        Row(GROUP, "of them: the largest gap", "parts in 10^9", 1e9 * max(gaps), target=1e9 * GAP, method=METHOD)
    )
    return found


def _clarabel(size: int) -> float | None:
    """Milliseconds that Clarabel takes, median of three seeds; None if it fails on one."""
    took = []
    for seed in range(3):
        answer = ConicProblem(published_network(seed, size)).solve(PATIENCE)
        if answer is None:
            return None
        took.append(1000 * answer[1])
    return median(took)
