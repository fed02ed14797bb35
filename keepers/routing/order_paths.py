"""Paths of an order: what the aggregator executes one after another, and what they bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.plans import MAX_AMOUNT, Effort, Order, RoutePlan
from keepers.routing.pools import Pool, QuotedPool, is_zero_for_one, other_token, source_of, spent, swap
from keepers.routing.router import find_route
from keepers.routing.split import Hop, PlannedPath, Split, best_split

_MAX_HOPS = 3


@dataclass(frozen=True)
class _Parcel:
    """A part of the input on its way.

    Attributes:
        amount_in: Smallest units of the order's input.
        held: Amount of the token that it has become, smallest units.
        hops: Pools behind it.
    """

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
    parcels = {first: [_Parcel(plan.amount_in, float(plan.amount_in), ())]}
    for index, step in enumerate(plan.swaps):
        wanted = float("inf") if last[step.token_in] == index else float(step.amount_in)
        taken, parcels[step.token_in] = _take(parcels[step.token_in], wanted)
        hop = Hop(step.pool, is_zero_for_one(pools[step.pool], step.token_in))
        rate = step.amount_out / step.amount_in
        onward = [_Parcel(part.amount_in, part.held * rate, (*part.hops, hop)) for part in taken]
        parcels.setdefault(step.token_out, []).extend(onward)
    amounts: dict[tuple[Hop, ...], int] = {}
    for part in parcels[goal]:
        amounts[part.hops] = amounts.get(part.hops, 0) + part.amount_in
    paths = [PlannedPath(amount, hops) for hops, amount in amounts.items() if amount]
    return tuple(sorted(paths, key=lambda path: -path.amount_in))


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
        paths = _at_most(paths_of(plan, usable), max_paths)
        return Split(amount_in, run_paths(dict(usable), ends[0], paths), paths)
    except InsufficientLiquidity:
        return None


def _take(parcels: list[_Parcel], wanted: float) -> tuple[list[_Parcel], list[_Parcel]]:
    """Splits parcels into those that make up an amount, and the rest."""
    taken: list[_Parcel] = []
    for index, part in enumerate(parcels):
        if part.held > wanted:
            units = min(int(part.amount_in * (wanted / part.held)), part.amount_in)
            taken.append(_Parcel(units, wanted, part.hops))
            rest = _Parcel(part.amount_in - units, part.held - wanted, part.hops)
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
