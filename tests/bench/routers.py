"""Other ways to route, to compare with: three-hop Bellman-Ford, Frank-Wolfe over paths, water-filling in chunks.

Each gives a flow, which is executed as ours is: in whole units, each pool once, as paths of at most three hops. Each
may leave out its smallest parts where that saves more gas than it costs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from keepers.routing.curves import Floats, Ints
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.swaps import Execution, execute

HOPS = 3
CHUNKS = 256
ITERATIONS = 24
STEPS = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015)


class Rival:
    """One order for the other routers.

    Args:
        graph: All markets.
        token_in, token_out: Addresses.
        amount: Smallest units.
        costs: Fixed cost by pool, smallest units of the output.
    """

    def __init__(self, graph: Graph, token_in: str, token_out: str, amount: int, costs: Mapping[str, int]) -> None:
        self._graph, self._amount = graph, amount
        self._start, self._goal = graph.find(token_in), graph.find(token_out)
        self._costs = [costs[pool.address] for pool in graph.pools]
        usable = (graph.token_out != self._start) & (graph.token_in != self._goal)
        self._edges = np.flatnonzero(usable & (graph.first_slope > 0))

    def bellman_ford(self) -> int | None:
        """Best output net of gas of one path of up to three hops at trade size, for each number of hops."""
        paths = self._best_paths(np.zeros(self._graph.pool.size), float(self._amount))
        nets = [self._net(dict.fromkeys(path, 1.0)) for path in paths]
        return max((net for net in nets if net is not None), default=None)

    def frank_wolfe(self) -> int | None:
        """Parts of paths; each step goes towards the path that is best at the margin, as far as the output grows."""
        paths: dict[tuple[int, ...], float] = {}
        best: tuple[int, dict[tuple[int, ...], float]] | None = None
        for path in self._best_paths(np.zeros(self._graph.pool.size), float(self._amount)):
            out = self._gross(self._flow({tuple(path): 1.0}))
            if out is not None and (best is None or out > best[0]):
                best = out, {tuple(path): 1.0}
        if best is None:
            return None
        for _ in range(ITERATIONS):
            paths = best[1]
            taken = np.zeros(self._graph.pool.size)
            for edge, x in self._flow(paths).items():
                taken[edge] += x
            found = self._best_paths(taken, float(self._amount) * 1e-6)
            better = None
            for path in found:
                for step in STEPS:
                    moved = {other: part * (1 - step) for other, part in paths.items() if part * (1 - step) > 1e-4}
                    moved[tuple(path)] = moved.get(tuple(path), 0.0) + step
                    out = self._gross(self._flow(moved))
                    if out is not None and out > (better or best)[0]:
                        better = out, moved
            if better is None or better[0] <= best[0] * (1 + 1e-8):
                break
            best = better
        return self._pruned(self._flow(best[1]))

    def water_filling(self) -> int | None:
        """The order in 256 equal chunks, each by the path that pays most for it beside what is placed already."""
        taken, chunk = np.zeros(self._graph.pool.size), self._amount / CHUNKS
        for _ in range(CHUNKS):
            paths = self._best_paths(taken, chunk)
            if not paths:
                return None
            best = max(paths, key=lambda path: self._along(path, taken, chunk)[-1])
            for edge, x in zip(best, [chunk, *self._along(best, taken, chunk)], strict=False):
                taken[edge] += x
        return self._pruned({int(edge): float(taken[edge]) for edge in np.flatnonzero(taken)})

    def _along(self, path: list[int], taken: Floats, amount: float) -> list[float]:
        """Returns the output of each hop for an amount on top of the placed ones, as far as the path takes it."""
        found: list[float] = []
        for edge in path:
            if amount <= 0:
                break
            amount = float(self._more(np.array([edge]), taken, np.array([amount]))[0])
            found.append(amount)
        return found

    def _more(self, edges: Ints, taken: Floats, x: Floats) -> Floats:
        """Additional output of edges, minus infinity beyond their limits."""
        curves, before = self._graph.curves, taken[edges]
        after = before + x
        more = curves.output(edges, after) - curves.output(edges, before)
        return np.where(after <= self._graph.limit[edges], more, -np.inf)

    def _best_paths(self, taken: Floats, amount: float) -> list[list[int]]:
        """The path with the largest output for an amount, one per number of hops."""
        graph, count = self._graph, len(self._graph.tokens)
        held = np.full(count, -np.inf)
        held[self._start] = amount
        before: list[Ints] = []
        paths = []
        for hop in range(HOPS):
            edges = self._edges[held[graph.token_in[self._edges]] > 0]
            if not edges.size:
                break
            out = self._more(edges, taken, held[graph.token_in[edges]])
            order = np.lexsort((out, graph.token_out[edges]))
            heads = graph.token_out[edges][order]
            last = np.append(heads[1:] != heads[:-1], True)
            origin = np.full(count, -1, dtype=np.int64)
            origin[heads[last]] = edges[order][last]
            held = np.full(count, -np.inf)
            held[heads[last]] = out[order][last]
            before.append(origin)
            if held[self._goal] > 0:
                path, token = [], self._goal
                for step in range(hop, -1, -1):
                    path.insert(0, int(before[step][token]))
                    token = int(graph.token_in[path[0]])
                if len({int(graph.source[edge]) for edge in path}) == len(path):
                    paths.append(path)
        return paths

    def _flow(self, paths: Mapping[tuple[int, ...], float]) -> dict[int, float]:
        flow: dict[int, float] = {}
        nothing = np.zeros(self._graph.pool.size)
        for path, part in paths.items():
            amounts = [part * self._amount, *self._along(list(path), nothing, part * self._amount)]
            if len(amounts) <= len(path) or amounts[-1] <= 0:
                return {}
            for edge, x in zip(path, amounts, strict=False):
                flow[edge] = flow.get(edge, 0.0) + x
        return flow

    def _execute(self, flow: dict[int, float]) -> Execution | None:
        try:
            return execute(self._graph, self._start, self._goal, self._amount, flow, HOPS)
        except InsufficientLiquidity:
            return None

    def _gross(self, flow: dict[int, float]) -> int | None:
        done = self._execute(flow)
        return None if done is None else done.amount_out

    def _net(self, flow: dict[int, float]) -> int | None:
        done = self._execute(flow)
        return None if done is None else self._worth(done)

    def _worth(self, done: Execution) -> int:
        return done.amount_out - sum(self._costs[int(self._graph.pool[edge])] for edge in done.edges)

    def _pruned(self, flow: dict[int, float]) -> int | None:
        """Best output net of gas, while the smallest part of any token is left out again and again."""
        best: int | None = None
        while True:
            done = self._execute(flow)
            if done is None:
                return best
            best = max(self._worth(done), best) if best is not None else self._worth(done)
            split = [(swap.share, edge) for swap, edge in zip(done.swaps, done.edges, strict=True) if swap.share < 1]
            if not split:
                return best
            flow = {edge: flow[edge] for edge in done.edges}
            del flow[min(split)[1]]
