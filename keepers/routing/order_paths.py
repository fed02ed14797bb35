"""Paths of an order: what the aggregator executes one after another, and what they bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise, permutations

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.plans import MAX_AMOUNT, Effort, Order, RoutePlan
from keepers.routing.pools import Pool, QuotedPool, is_zero_for_one, other_token, source_of, spent, swap
from keepers.routing.router import find_route
from keepers.routing.split import Hop, PlannedPath, Split, best_split

_MAX_HOPS = 3
_MOVED, _ROUNDS = (8, 32, 128, 512, 2048), 3
"""Parts of a path that are moved to another, one of so many, and how often each is tried."""
_RELIEF, _RELIEFS = 64, 48
"""Part of a path that is taken off it where a pool refuses it, one of so many, and how often."""


@dataclass(frozen=True)
class Parcel:
    """A part of an input on its way.

    Attributes:
        token_in: Token that went in.
        amount_in: Smallest units of it.
        held: Amount of the token that it has become, smallest units.
        hops: Pools behind it.
    """

    token_in: str
    amount_in: int
    held: float
    hops: tuple[Hop, ...]


def best_paths(
    pools: Sequence[Pool],
    token_in: str,
    token_out: str,
    amount_in: int,
    *,
    via: Sequence[str] = (),
    max_paths: int = 4,
    path_cost: int = 0,
    effort: Effort | None = None,
) -> Split:
    """The paths of an exact input that pay most: those of the router's plan, or the greedy split where it pays more.

    The router sees up to three hops and lets paths share pools; the greedy split sees direct pools and two hops that
    share none. Both are executed on the given state, path by path, and the outcomes are compared net of what paths
    cost. So the result is never below `best_split`.

    Args:
        pools: State at one block, distinct addresses.
        token_in, token_out: Distinct.
        amount_in: Smallest units, above zero.
        via: Tokens that a path may go through.
        max_paths: Maximum number of paths, above zero.
        path_cost: Smallest units of `token_out` that one more path costs in gas.
        effort: How far the router goes.

    Raises:
        InsufficientLiquidity: If no path within `via` takes the amount, or it buys nothing.
        RoutingError: As `best_split` raises it.
    """
    try:
        greedy = best_split(pools, token_in, token_out, amount_in, via=via, max_paths=max_paths, path_cost=path_cost)
        if len(_usable(pools, (token_in, token_out), via)) == 1:
            # There is one way to trade on one pool, which the greedy split has found.
            return greedy
    except InsufficientLiquidity as error:
        routed = _routed(pools, (token_in, token_out), amount_in, via, max_paths, path_cost, effort)
        if routed is None:
            raise error
        return routed
    routed = _routed(pools, (token_in, token_out), amount_in, via, max_paths, path_cost, effort)
    if routed is None or _net(greedy, path_cost) >= _net(routed, path_cost):
        return greedy
    return routed


def paths_of(plan: RoutePlan, pools: Mapping[str, Pool]) -> tuple[PlannedPath, ...]:
    """The paths that a plan's swaps are made of, the largest first.

    What a token has been bought with goes into the swaps that sell it in the order in which both stand in the plan
    (the decomposition of a flow into paths; Ahuja, Magnanti and Orlin 1993, "Network Flows", section 3.5), so that
    there are at most as many paths as swaps. Amounts of the input are whole and sum to the plan's.

    Args:
        plan: A plan over `pools`.
        pools: By address.
    """
    first, goal = plan.swaps[0].token_in, plan.swaps[-1].token_out
    last = {swap_.token_in: index for index, swap_ in enumerate(plan.swaps)}
    parcels = {first: [Parcel(first, plan.amount_in, float(plan.amount_in), ())]}
    for index, step in enumerate(plan.swaps):
        wanted = float("inf") if last[step.token_in] == index else float(step.amount_in)
        taken, parcels[step.token_in] = take(parcels[step.token_in], wanted)
        hop = Hop(step.pool, is_zero_for_one(pools[step.pool], step.token_in))
        rate = step.amount_out / step.amount_in
        onward = [Parcel(first, part.amount_in, part.held * rate, (*part.hops, hop)) for part in taken]
        parcels.setdefault(step.token_out, []).extend(onward)
    amounts: dict[tuple[Hop, ...], int] = {}
    for part in parcels[goal]:
        amounts[part.hops] = amounts.get(part.hops, 0) + part.amount_in
    paths = [PlannedPath(amount, hops) for hops, amount in amounts.items() if amount]
    return tuple(sorted(paths, key=lambda path: -path.amount_in))


def settled(
    pools: Mapping[str, Pool], token_in: str, paths: Sequence[PlannedPath]
) -> tuple[tuple[PlannedPath, ...], int]:
    """The paths in the order and with the amounts that pay most one after another, and what they pay.

    Paths that share a pool are not what the plan merges there: the first of them trades at the better prices. So either
    order is tried, and parts of the input are moved between paths as long as that pays, in ever smaller steps.

    Args:
        pools: State before the first path, by address.
        token_in: Token that is sold.
        paths: Paths of a plan.

    Raises:
        InsufficientLiquidity: If a pool refuses its part whatever is moved.
    """
    orders = [tuple(paths), tuple(reversed(paths))] if _share_pools(paths) else [tuple(paths)]
    found = [taken for order in orders if (taken := _taken(pools, token_in, order)) is not None]
    if not found:
        raise InsufficientLiquidity(sum(path.amount_in for path in paths), "is refused along the paths", "trade less")
    best = max(found, key=lambda one: one[0])
    for step in _MOVED * _ROUNDS if len(orders) > 1 else ():
        best = _moved(pools, token_in, best, step)
    return best[1], best[0]


def _taken(
    pools: Mapping[str, Pool], token_in: str, paths: tuple[PlannedPath, ...]
) -> tuple[int, tuple[PlannedPath, ...]] | None:
    """The output of paths, after parts of those that a pool refuses have gone to the largest other; None if in vain."""
    for _ in range(_RELIEFS):
        refused, total = _run_until_refused(pools, token_in, paths)
        if refused is None:
            return total, paths
        others = [other for other in range(len(paths)) if other != refused]
        part = -(-paths[refused].amount_in // _RELIEF)
        if not others or part == paths[refused].amount_in:
            return None
        largest = max(others, key=lambda other: paths[other].amount_in)
        paths = _with_moved(paths, refused, largest, part)
    return None


def _run_until_refused(
    pools: Mapping[str, Pool], token_in: str, paths: Sequence[PlannedPath]
) -> tuple[int | None, int]:
    """The first path that a pool refuses, or None, and what those before it pay."""
    market, total = dict(pools), 0
    for place, path in enumerate(paths):
        try:
            total += run_paths(market, token_in, (path,))
        except InsufficientLiquidity:
            return place, total
    return None, total


def _with_moved(paths: Sequence[PlannedPath], giving: int, taking: int, part: int) -> tuple[PlannedPath, ...]:
    changes = {giving: -part, taking: part}
    return tuple(replace(path, amount_in=path.amount_in + changes.get(place, 0)) for place, path in enumerate(paths))


def _share_pools(paths: Sequence[PlannedPath]) -> bool:
    passed = [hop.pool for path in paths for hop in path.hops]
    return len(set(passed)) < len(passed)


def _moved(
    pools: Mapping[str, Pool], token_in: str, best: tuple[int, tuple[PlannedPath, ...]], step: int
) -> tuple[int, tuple[PlannedPath, ...]]:
    """Paths after parts of one have been moved to another wherever that paid."""
    for giving, taking in permutations(range(len(best[1])), 2):
        whole = best[1][giving].amount_in
        part = whole // step
        if not 0 < part < whole:
            continue
        paths = _with_moved(best[1], giving, taking, part)
        refused, out = _run_until_refused(pools, token_in, paths)
        if refused is None and out > best[0]:
            best = out, paths
    return best


def run_paths(market: dict[str, Pool], token_in: str, paths: Sequence[PlannedPath]) -> int:
    """Executes paths one after another on a market, which holds the state after them then.

    Returns:
        Smallest units that come out.

    Raises:
        InsufficientLiquidity: If a pool cannot take what reaches it, or pays nothing: a V2 pair reverts there.
    """
    total = 0
    for path in paths:
        token, amount = token_in, path.amount_in
        for hop in path.hops:
            pool = market[hop.pool]
            amount, market[hop.pool] = swap(pool, token, amount)
            if not amount:
                raise InsufficientLiquidity(hop.pool, "pays nothing for so little", "trade more")
            token = other_token(pool, token)
            _spend(market, source_of(pool))
        total += amount
    return total


def _usable(pools: Sequence[Pool], ends: tuple[str, str], via: Sequence[str]) -> dict[str, Pool]:
    """Pools, by address, that trade nothing but the ends and what a path may go through."""
    allowed = {*ends, *via}
    return {pool.address: pool for pool in pools if {pool.token0, pool.token1} <= allowed}


def _routed(
    pools: Sequence[Pool],
    ends: tuple[str, str],
    amount_in: int,
    via: Sequence[str],
    max_paths: int,
    path_cost: int,
    effort: Effort | None,
) -> Split | None:
    """The router's plan as at most so many paths, with what they bring; None where it has none within `via`."""
    usable = _usable(pools, ends, via)
    traded = {token for pool in usable.values() for token in (pool.token0, pool.token1)}
    if amount_in >= MAX_AMOUNT or not set(ends) <= traded:
        return None
    try:
        plan = find_route(Graph(tuple(usable.values())), Order(*ends, amount_in, _MAX_HOPS), path_cost, effort)
        paths, amount_out = settled(usable, ends[0], _at_most(paths_of(plan, usable), max_paths))
        return Split(amount_in, amount_out, paths)
    except InsufficientLiquidity:
        return None


def take(parcels: list[Parcel], wanted: float) -> tuple[list[Parcel], list[Parcel]]:
    """Splits parcels into those that make up an amount, and the rest."""
    taken: list[Parcel] = []
    for index, part in enumerate(parcels):
        if part.held > wanted:
            units = min(int(part.amount_in * (wanted / part.held)), part.amount_in)
            taken.append(Parcel(part.token_in, units, wanted, part.hops))
            rest = Parcel(part.token_in, part.amount_in - units, part.held - wanted, part.hops)
            return taken, [rest, *parcels[index + 1 :]]
        taken.append(part)
        wanted -= part.held
    return taken, []


def _at_most(paths: tuple[PlannedPath, ...], count: int) -> tuple[PlannedPath, ...]:
    """The largest paths, which share the amounts of the others as their own ones stand to each other."""
    kept, total = paths[:count], sum(path.amount_in for path in paths)
    whole = sum(path.amount_in for path in kept)
    ends = [total * part // whole for part in accumulate(path.amount_in for path in kept)]
    amounts = [end - start for start, end in pairwise([0, *ends])]
    return tuple(PlannedPath(amount, path.hops) for amount, path in zip(amounts, kept, strict=True))


def _net(found: Split, path_cost: int) -> tuple[int, int]:
    return found.amount_out - path_cost * len(found.paths), -len(found.paths)


def _spend(market: dict[str, Pool], source: str) -> None:
    """Quotes of markets that trade out of what was traded on hold no more."""
    for key, pool in market.items():
        if isinstance(pool, QuotedPool) and pool.source == source:
            market[key] = spent(pool)
