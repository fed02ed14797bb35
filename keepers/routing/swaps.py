"""Turns flows on edges into swaps of whole units, each pool once, as they would be executed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keepers.routing.curves import Floats, Ints
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.pools import quote
from keepers.routing.ways import Move, carried_parts, late_parts

_RETRIES = 12
_ROOM = 1e-6
_LEAST_KEPT = 0.5
_OVERSHOT, _MARGIN, _MOST_LESS = 1.05, 1e-6, 0.5
"""By how much more than what a pool refused less is sent to it: as a part of that, and of all that was sent; and the
largest part by which that is less at once."""
_SLIGHTLY, _LESSENED, _BEYOND, _HELPED = 0.3, 4.0, 0.02, 0.8
"""Part of an edge's input up to which it is lessened for being late; by how much more that is at most, as a factor and
as a part of the input; and what may be late the next time, as a part of that, for it to be done again."""
_DUST = 1e-7
"""Part of what a token brings below which an edge is left out."""


@dataclass(frozen=True)
class Swap:
    """A swap of a plan.

    Attributes:
        pool: The market's address or key.
        token_in, token_out: Addresses.
        amount_in, amount_out: Smallest units, above zero.
        share: Part of what the plan has of `token_in` when its swaps begin, above 0 to 1.
    """

    pool: str
    token_in: str
    token_out: str
    amount_in: int
    amount_out: int
    share: float


@dataclass(frozen=True)
class Execution:
    """Swaps in the order of execution, each pool at most once.

    Attributes:
        swaps: Every token is bought in full before it is sold.
        edges: Edges of the graph in the same order.
        amount_out: Smallest units of the token that is bought.
    """

    swaps: tuple[Swap, ...]
    edges: tuple[int, ...]
    amount_out: int


def execute(
    graph: Graph, token_in: int, token_out: int, amount: int, flow: dict[int, float], hops: int | None = None
) -> Execution:
    """Swaps that follow a flow, with whole amounts: what a token brings is divided as the flow divides it.

    Where the flow uses several pairs of one source, the largest stays. What leads nowhere is left out, and a circle is
    cut at its smallest edge.

    Args:
        graph: All markets.
        token_in, token_out: Positions of tokens.
        amount: Smallest units.
        flow: Input per edge, smallest units.
        hops: Maximum number of hops: where a plan cannot be seen as paths of so many, less is sent over longer ways, or
            the smallest edges there are left out. None for any number.

    Raises:
        InsufficientLiquidity: If the flow does not lead from one token to the other, or a pool refuses its amount.
    """
    return execute_all(graph, {token_in: amount}, token_out, flow, hops)


def execute_all(
    graph: Graph, held: Mapping[int, int], token_out: int, flow: dict[int, float], hops: int | None = None
) -> Execution:
    """Swaps that follow a flow from several tokens, as `execute`; whatever is held of each is sold in whole.

    Where several tokens start, a circle is cut at the edge that takes the smallest part of its token.

    Args:
        graph: All markets.
        held: Smallest units by position of the token, above zero.
        token_out: Position of the token that all of it becomes.
        flow: Input per edge, smallest units.
        hops: Maximum number of hops, as in `execute`.

    Raises:
        InsufficientLiquidity: If the flow leaves a token unsold, or a pool refuses its amount.
    """
    kept = _one_pair_per_source(graph, flow)
    _leave_room(graph, held, kept)
    retries, rates = _RETRIES, _rates(graph, kept)
    refusal, less, late = 0.0, 0.0, np.inf
    order, estimated = _sorted(graph, held, token_out, kept), hops is None
    while True:
        count = len(kept)
        try:
            if not estimated and hops is not None:
                # Estimates say at less cost than whole amounts where a way is too long; those have the last word.
                beyond = late_parts(graph, _estimated(graph, order, held, kept, rates), held, token_out, hops)
                estimated = not beyond
            if estimated:
                done = _in_order(graph, order, token_out, held, kept)
                if hops is None:
                    return done
                moves = [(edge, s.amount_in, s.amount_out) for edge, s in zip(done.edges, done.swaps, strict=True)]
                beyond = late_parts(graph, moves, held, token_out, hops)
                if not beyond:
                    return done
            late = _lessen(graph, held, kept, beyond, late)
        except _Refused as refused:
            token = graph.ends[refused.edge][0]
            if token in held or refused.kept < _LEAST_KEPT or not retries:
                del kept[refused.edge]
            else:
                # The pool is used to its end: less has to arrive. Outputs fall more slowly than inputs do, by far where
                # the pools before are used to their ends too.
                retries -= 1
                before, refusal = refusal, 1 - refused.kept
                less = 2 * less if before / 2 < refusal <= before else _OVERSHOT * refusal
                for edge in _feeding(graph, kept, token):
                    kept[edge] *= 1 - min(less, _MOST_LESS) - _MARGIN
        if len(kept) < count:
            order, estimated = _sorted(graph, held, token_out, kept), hops is None


def _feeding(graph: Graph, kept: Mapping[int, float], token: int) -> list[int]:
    """Edges that bring a token, without those that take the rest of what others beside them sell.

    What is sold is divided in proportion: less for all of them alike would be as much for each.
    """
    feeding = [edge for edge in kept if graph.ends[edge][1] == token]
    tails = [graph.ends[edge][0] for edge in feeding]
    several = {tail for tail in tails if tails.count(tail) > 1}
    rests = {_by_room(graph, kept, [edge for edge in kept if graph.ends[edge][0] == tail])[-1] for tail in several}
    return [edge for edge in feeding if edge not in rests]


def _by_room(graph: Graph, kept: Mapping[int, float], edges: Iterable[int]) -> list[int]:
    """Edges in an order in which the one that is farthest from its limit is the last."""
    return sorted(edges, key=lambda edge: (max(0.0, graph.limits[edge] - kept[edge]), kept[edge]))


def _rates(graph: Graph, kept: Mapping[int, float]) -> dict[int, float]:
    """Outputs of edges by unit of input at the inputs of a flow."""
    edges = np.array(sorted(kept), dtype=np.int64)
    inputs = np.array([kept[edge] for edge in edges.tolist()])
    rates: list[float] = (graph.curves.output(edges, inputs) / inputs).tolist()
    return dict(zip(edges.tolist(), rates, strict=True))


def _estimated(
    graph: Graph, order: list[int], starts: Mapping[int, int], kept: dict[int, float], rates: Mapping[int, float]
) -> list[Move]:
    """Sells each token in turn at the rates, in the proportions of `kept`."""
    held = {start: float(whole) for start, whole in starts.items()}
    sold: dict[int, list[int]] = {}
    for edge in kept:
        sold.setdefault(graph.ends[edge][0], []).append(edge)
    moves: list[Move] = []
    for token in order:
        out = sold.get(token, [])
        scale = held.get(token, 0.0) / (sum(kept[edge] for edge in out) or 1.0)
        for edge in out:
            part, head = kept[edge] * scale, graph.ends[edge][1]
            paid = part * rates[edge]
            held[head] = held.get(head, 0.0) + paid
            moves.append((edge, part, paid))
    return moves


def _lessen(
    graph: Graph, held: Mapping[int, int], kept: dict[int, float], beyond: Mapping[int, float], before: float
) -> float:
    """Sends less over edges of which a small part is late, or leaves one out where that did not help.

    A relaxation's flow is within its hops to the last unit, and executed a thousandth of it may not be.

    Args:
        graph: All markets.
        held: Smallest units that are sold, by position of the token.
        kept: Inputs by edge, which are edited.
        beyond: Parts that are late.
        before: How much was late when this was asked last.

    Returns:
        How much is late now; infinity where an edge was left out.
    """
    total = sum(beyond.values())
    if max(beyond.values()) > _SLIGHTLY or total > _HELPED * before:
        del kept[_least_carried(graph, held, kept, beyond)]
        return np.inf
    for edge, part in beyond.items():
        kept[edge] *= 1 - min(_LESSENED * part, _BEYOND + part) - _MARGIN
    return total


def _least_carried(graph: Graph, held: Mapping[int, int], kept: dict[int, float], beyond: Mapping[int, float]) -> int:
    """Returns the edge by which least of the order passes, among those on ways that are too long."""
    carried = carried_parts(graph, next(iter(held)), kept) if len(held) == 1 else dict.fromkeys(kept, 1.0)
    return min(beyond, key=lambda edge: (carried[edge] * (1 - beyond[edge]), carried[edge]))


def _leave_room(graph: Graph, starts: Mapping[int, int], kept: dict[int, float]) -> None:
    """Lets a little less arrive where a pool is used to its end, so that rounding does not overfill it."""
    full = {graph.ends[edge][0] for edge, x in kept.items() if x > graph.limits[edge] * (1 - _ROOM)} - set(starts)
    for edge in kept:
        if graph.ends[edge][1] in full:
            kept[edge] *= 1 - 2 * _ROOM


class _Refused(Exception):
    """An edge that does not take its part.

    Attributes:
        edge: The edge.
        kept: Part of what its token brings that could be sold.
    """

    def __init__(self, edge: int, kept: float) -> None:
        super().__init__(f"edge {edge}")
        self.edge, self.kept = edge, kept


def _in_order(
    graph: Graph, order: list[int], token_out: int, starts: Mapping[int, int], kept: dict[int, float]
) -> Execution:
    """Sells each token in turn; raises `_Refused` for the first edge that cannot take its part."""
    held = dict(starts)
    swaps: list[Swap] = []
    edges: list[int] = []
    sold: dict[int, list[int]] = {}
    for edge in kept:
        sold.setdefault(graph.ends[edge][0], []).append(edge)
    for token in order:
        out = _by_room(graph, kept, sold.get(token, ()))
        total, whole = sum(kept[edge] for edge in out), held.get(token, 0)
        left = whole
        for edge in out:
            # The one that is farthest from its limit takes the rest, so that no unit stays behind.
            part = left if edge == out[-1] else min(int(whole * (kept[edge] / total)), _most(graph, edge), left)
            paid = _paid(graph, edge, part, whole)
            onward = graph.ends[edge][1]
            held[onward] = held.get(onward, 0) + paid
            left -= part
            names = graph.tokens[token], graph.tokens[onward]
            swaps.append(Swap(graph.pools[graph.pool[edge]].address, *names, part, paid, part / whole))
            edges.append(edge)
    return Execution(tuple(swaps), tuple(edges), held.get(token_out, 0))


def _most(graph: Graph, edge: int) -> int:
    limit = graph.limits[edge]
    return int(limit * (1 - 1e-9)) if limit < 1e70 else 10**70


def _paid(graph: Graph, edge: int, part: int, whole: int) -> int:
    """Output of a part of what a token brings; raises `_Refused` where the pool pays nothing, or beyond a limit."""
    if graph.leg_impact_bps is not None and part > graph.limits[edge]:
        raise _Refused(edge, max(0.0, 1 - (part - _most(graph, edge)) / whole))
    try:
        paid = quote(graph.pools[graph.pool[edge]], graph.tokens[graph.ends[edge][0]], part) if part > 0 else 0
    except InsufficientLiquidity:
        raise _Refused(edge, max(0.0, 1 - (part - _most(graph, edge)) / whole)) from None
    if paid <= 0:
        raise _Refused(edge, 0.0)
    return paid


def flow_of(graph: Graph, swaps: Sequence[Swap]) -> dict[int, float]:
    """Inputs of swaps by edge of a graph, smallest units; swaps of pools that the graph lacks are left out."""
    first = {pool.address: pool.token0 for pool in graph.pools}
    inputs = ((graph.edge_of.get((swap.pool, first.get(swap.pool) == swap.token_in)), swap) for swap in swaps)
    return {edge: float(swap.amount_in) for edge, swap in inputs if edge is not None}


def merged(edge: Ints, x: Floats) -> dict[int, float]:
    """Inputs per edge from inputs per arc, without what is zero."""
    used = np.flatnonzero(x > 0)
    flow: dict[int, float] = {}
    for position in used.tolist():
        flow[int(edge[position])] = flow.get(int(edge[position]), 0.0) + float(x[position])
    return flow


def _one_pair_per_source(graph: Graph, flow: dict[int, float]) -> dict[int, float]:
    """Edges with flow; of pairs of one source the one that takes the largest part of what its token sells."""
    sold: dict[int, float] = {}
    for edge, x in flow.items():
        sold[graph.ends[edge][0]] = sold.get(graph.ends[edge][0], 0.0) + x
    part = {edge: x / sold[graph.ends[edge][0]] for edge, x in flow.items() if x > 0}
    largest: dict[int, int] = {}
    for edge in part:
        source = int(graph.source[edge])
        if source not in largest or part[edge] > part[largest[source]]:
            largest[source] = edge
    return {edge: flow[edge] for edge in largest.values()}


def _sorted(graph: Graph, starts: Mapping[int, int], token_out: int, kept: dict[int, float]) -> list[int]:
    """Tokens so that each comes after all that it is bought with; edits `kept` until there is such an order."""
    while True:
        _drop_loose_ends(graph, starts, token_out, kept)
        ends = {edge: graph.ends[edge] for edge in kept}
        before: dict[int, int] = {}
        for _, head in ends.values():
            before[head] = before.get(head, 0) + 1
        onward: dict[int, list[int]] = {}
        for tail, head in ends.values():
            onward.setdefault(tail, []).append(head)
        ready, order = [token for token in starts if not before.get(token)], list[int]()
        while ready:
            token = ready.pop()
            order.append(token)
            for head in onward.get(token, ()):
                before[head] -= 1
                if not before[head]:
                    ready.append(head)
        rest = {edge: pair for edge, pair in ends.items() if pair[0] not in order}
        if not rest:
            return order[: order.index(token_out)] + order[order.index(token_out) + 1 :]
        circle = _circling(rest)
        if len(starts) == 1:
            carried = carried_parts(graph, next(iter(starts)), kept)
            del kept[min(circle, key=lambda edge: carried[edge])]
            continue
        # Legs of a basket differ in size by more than their tokens do in price, so that parts are compared.
        sold: dict[int, float] = {}
        for edge, (tail, _) in ends.items():
            sold[tail] = sold.get(tail, 0.0) + kept[edge]
        del kept[min(circle, key=lambda edge: kept[edge] / sold[ends[edge][0]])]


def _circling(ends: dict[int, tuple[int, int]]) -> list[int]:
    """Edges without those that only lead away from circles."""
    while True:
        tails = {tail for tail, _ in ends.values()}
        inner = {edge: pair for edge, pair in ends.items() if pair[1] in tails}
        if len(inner) == len(ends):
            return list(ends)
        ends = inner


def _drop_loose_ends(graph: Graph, starts: Mapping[int, int], token_out: int, kept: dict[int, float]) -> None:
    """Leaves out dust, and edges that are not on a way from one end to the other."""
    while True:
        sold: dict[int, float] = {}
        for edge, x in kept.items():
            tail = graph.ends[edge][0]
            sold[tail] = sold.get(tail, 0.0) + x
        bought = {graph.ends[edge][1] for edge in kept} | set(starts)
        loose = [
            edge
            for edge, x in kept.items()
            if x < _DUST * sold[graph.ends[edge][0]]
            or graph.ends[edge][0] not in bought
            or (graph.ends[edge][1] != token_out and graph.ends[edge][1] not in sold)
        ]
        for edge in loose:
            del kept[edge]
        for unsold in set(starts) - {graph.ends[edge][0] for edge in kept}:
            raise InsufficientLiquidity(graph.tokens[unsold], f"no way to {graph.tokens[token_out]}", "trade less")
        if not loose:
            return
