"""Ways through a plan: how much of an order an edge carries, and what arrives in more hops than allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from keepers.routing.graph import Graph
from keepers.routing.linear import LinearProgram

_HOPS = 6
"""Hops that are followed to say how much of an order an edge carries: as many as an order may have."""
_LATE = 1e-6
"""Part of an order that may take more hops than allowed: what rounding moves from one path to another."""

Move = tuple[int, float, float]
"""An edge, what it takes and what it pays."""


def carried_parts(graph: Graph, start: int, kept: dict[int, float]) -> dict[int, float]:
    """Parts of an order that edges carry, by ways of as many hops as any order may have."""
    sold: dict[int, float] = {}
    leading: dict[int, list[tuple[int, int, float]]] = {}
    for edge, x in kept.items():
        tail, head = graph.ends[edge]
        sold[tail] = sold.get(tail, 0.0) + x
        leading.setdefault(tail, []).append((edge, head, x))
    carried, at = dict.fromkeys(kept, 0.0), {start: 1.0}
    for _ in range(_HOPS):
        onward: dict[int, float] = {}
        for token, arrived in at.items():
            for edge, head, x in leading.get(token, ()):
                part = arrived * x / sold[token]
                carried[edge] += part
                onward[head] = onward.get(head, 0.0) + part
        at = onward
    return carried


def late_parts(
    graph: Graph, moves: Sequence[Move], starts: Mapping[int, int], token_out: int, hops: int
) -> dict[int, float]:
    """Parts of edges' inputs that lead to the end in more hops than allowed; empty where all is within.

    Where it is empty, the plan is a union of paths that are short enough, merged in each pool.

    Args:
        graph: All markets.
        moves: A plan's; every token is bought in full before it is sold.
        starts: Smallest units that are sold, by position of the token.
        token_out: Position of the token that all becomes.
        hops: Maximum number of hops.
    """
    onward, least = {token_out: 0}, {token_out: 0}
    for edge, _, _ in reversed(moves):
        token, head = graph.ends[edge]
        onward[token] = max(onward.get(token, 0), 1 + onward[head])
        least[token] = min(least.get(token, hops + 1), 1 + least[head])
    if max(onward[start] for start in starts) <= hops or _first_come(graph, moves, starts, token_out, hops, onward):
        return {}
    return _fewest_late(graph, moves, starts, hops, least)


def _first_come(
    graph: Graph, moves: Sequence[Move], starts: Mapping[int, int], token_out: int, hops: int, onward: Mapping[int, int]
) -> bool:
    """Whether all is within where what a token got by few hops goes first to the edges with the longest ways onward.

    That is quick, and says no where another assignment would do.
    """
    depths = range(1 + max(onward.values()))
    held = {token: [0.0 for _ in depths] for token in onward}
    for start, whole in starts.items():
        held[start][0] = float(whole)
    for token, group in groupby(moves, key=lambda move: graph.ends[move[0]][0]):
        supply, depth = held[token], 0
        for edge, amount_in, amount_out in sorted(group, key=lambda move: -onward[graph.ends[move[0]][1]]):
            found, rate, wanted = held[graph.ends[edge][1]], amount_out / amount_in, float(amount_in)
            while wanted > 0 and depth < len(depths):
                part = min(supply[depth], wanted)
                if part > 0:
                    found[depth + 1] += part * rate
                wanted -= part
                supply[depth] -= part
                if supply[depth] <= 0:
                    depth += 1
    ends = held[token_out]
    return sum(ends[hops + 1 :]) <= _LATE * sum(ends)


def _fewest_late(
    graph: Graph, moves: Sequence[Move], starts: Mapping[int, int], hops: int, least: Mapping[int, int]
) -> dict[int, float]:
    """Parts that are late where as much as possible of the order is not: a flow over tokens and hops.

    A column is the part of a move whose input took so many hops; what it takes arrived after as many.
    """
    nearest, brought = dict.fromkeys(starts, 0), {token: float(whole) for token, whole in starts.items()}
    for edge, _, paid in moves:
        tail, head = graph.ends[edge]
        nearest[head] = min(nearest.get(head, hops), nearest[tail] + 1)
        brought[head] = brought.get(head, 0.0) + paid
    tokens = len(graph.tokens)
    first, through, after = np.zeros(tokens, dtype=np.int64), np.ones(tokens), np.zeros(tokens, dtype=np.int64)
    first[list(nearest)], through[list(brought)] = list(nearest.values()), list(brought.values())
    after[list(least)] = list(least.values())
    edges = np.array([edge for edge, _, _ in moves])
    tail, head = graph.token_in[edges], graph.token_out[edges]
    spends, brings = np.array([move[1:] for move in moves]).T / (through[tail], through[head])
    count = np.maximum(hops - after[head] - first[tail], 0)
    place = np.repeat(np.arange(edges.size), count)
    depth = first[tail][place] + np.arange(place.size) - (np.cumsum(count) - count)[place]
    spent_at, brought_at = tail[place] * (hops + 1) + depth, head[place] * (hops + 1) + depth + 1
    at, row = np.unique(spent_at, return_inverse=True)
    leads = np.flatnonzero(np.isin(brought_at, at))
    column = np.arange(place.size)
    entries = (
        np.concatenate([column, column, leads]),
        np.concatenate([place, edges.size + row, edges.size + np.searchsorted(at, brought_at[leads])]),
        np.concatenate([np.ones(place.size), spends[place], -brings[place[leads]]]),
    )
    held = np.zeros(at.size)
    for start, whole in starts.items():
        held[at == start * (hops + 1)] = whole / through[start]
    inputs = {edge: taken for edge, taken, _ in moves}
    carried = carried_parts(graph, next(iter(starts)), inputs) if len(starts) == 1 else dict.fromkeys(inputs, 1.0)
    worth = np.array([carried[edge] for edge in inputs])
    upper = np.concatenate([np.ones(edges.size), held])
    parts = LinearProgram().maximum(worth[place], np.ones(place.size), entries, upper)
    if parts is None:
        return dict.fromkeys(inputs, 1.0)
    late = 1 - np.bincount(place, parts, edges.size)
    if float((late * worth).max()) <= _LATE:
        return {}
    return {edge: part for edge, part in zip(inputs, late.tolist(), strict=True) if part > _LATE}
