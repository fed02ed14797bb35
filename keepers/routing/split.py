"""Splits an exact input over paths so that the most comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.pools import Pool, is_zero_for_one, other_token, quote, source_of

_FINEST = 24
"""Amounts are settled to 2^-24 of the whole. Each path may miss as much of the output at most: where the outputs are
concave, the last unit pays no more than the average one."""

Curve = Callable[[int], int | None]
"""Output for an input in smallest units; None where the path cannot take it."""


class Hop(NamedTuple):
    """A pool on a path, as ILiquidityAggregator.Hop has it."""

    pool: str
    zero_for_one: bool


@dataclass(frozen=True)
class PlannedPath:
    """A part of an order, as ILiquidityAggregator.Path has it.

    Attributes:
        amount_in: Smallest units of the order's input that go this way, above zero.
        hops: Pools in order.
    """

    amount_in: int
    hops: tuple[Hop, ...]


@dataclass(frozen=True)
class Split:
    """An order over paths that share no pool.

    Attributes:
        amount_in: Smallest units; the sum over the paths.
        amount_out: Smallest units of the other token, as quoted.
        paths: One or more.
    """

    amount_in: int
    amount_out: int
    paths: tuple[PlannedPath, ...]


@dataclass(frozen=True)
class Route:
    """Pools one after another, starting from a token."""

    token_in: str
    pools: tuple[Pool, ...]

    def hops(self) -> tuple[Hop, ...]:
        """The pools with the direction in which each is crossed."""
        hops, token = [], self.token_in
        for pool in self.pools:
            hops.append(Hop(pool.address, is_zero_for_one(pool, token)))
            token = other_token(pool, token)
        return tuple(hops)

    def quote(self, amount_in: int) -> int:
        """Returns the output of the last hop, smallest units; zero if nothing comes out of a hop.

        Raises:
            InsufficientLiquidity: If a pool cannot take what reaches it.
            RoutingError: If the pools do not join up, or the amount is not above zero.
        """
        token, amount = self.token_in, amount_in
        for pool in self.pools:
            amount = quote(pool, token, amount)
            if amount == 0:
                return 0
            token = other_token(pool, token)
        return amount


def find_routes(
    pools: Sequence[Pool], token_in: str, token_out: str, amount_in: int, via: Sequence[str] = ()
) -> tuple[Route, ...]:
    """Routes that share no pool: every direct pool, then two hops through each of `via`, best pairs first.

    Paths of one order run one after another: quotes of paths that share a pool would count its depth twice. Of markets
    that trade out of one pool, the first route to use one keeps the others out.

    Args:
        pools: Pools with distinct addresses.
        token_in, token_out: Distinct.
        amount_in: Smallest units, by which pairs of pools are ranked.
        via: Tokens that may stand between.

    Raises:
        RoutingError: If the tokens are the same or a pool is given twice.
    """
    if token_in == token_out:
        raise RoutingError(token_in, "is input and output", "give two tokens")
    if len({pool.address for pool in pools}) != len(pools):
        raise RoutingError(f"{len(pools)} pools", "an address appears more than once", "give each pool once")
    used: set[str] = set()
    routes = _disjoint([Route(token_in, (pool,)) for pool in _between(pools, token_in, token_out)], used)
    for middle in via:
        if middle not in (token_in, token_out):
            firsts, seconds = _between(pools, token_in, middle), _between(pools, middle, token_out)
            routes.extend(_disjoint(_pairs(token_in, firsts, seconds, amount_in), used))
    return tuple(routes)


def best_split(
    pools: Sequence[Pool],
    token_in: str,
    token_out: str,
    amount_in: int,
    *,
    via: Sequence[str] = (),
    max_paths: int = 4,
    path_cost: int = 0,
) -> Split:
    """The split of an exact input that pays most, less what paths cost; never worse than one path alone.

    What a path pays is concave in what it gets, so that marginal prices are equal at the best split. Amounts
    are found by greedy increments whose size is halved while the last increment of each path is taken back
    (Hochbaum 1994, "Lower and upper bounds for the allocation problem", Mathematics of Operations Research
    19(2)). With more paths than allowed or worth their cost, the one with the least input is dropped and the
    rest is split again. Rounding to whole units breaks concavity, so that outputs of a few hundred units may
    miss the best by some.

    Args:
        pools: Pools with distinct addresses.
        token_in, token_out: Distinct.
        amount_in: Smallest units, above zero.
        via: Tokens that a two-hop path may go through.
        max_paths: Maximum number of paths, above zero.
        path_cost: Smallest units of `token_out` that one more path costs in gas.

    Raises:
        InsufficientLiquidity: If no pool joins the tokens, they cannot take the amount, or it buys nothing.
        RoutingError: If `find_routes` raises it, the amount or `max_paths` is not above zero, or the cost is
            negative.
    """
    if amount_in <= 0 or max_paths <= 0 or path_cost < 0:
        given = f"amount {amount_in}, {max_paths} paths, path cost {path_cost}"
        raise RoutingError(given, "out of range", "give an amount and paths above zero, a cost of at least zero")
    routes = find_routes(pools, token_in, token_out, amount_in, via)
    candidates = [_single(route, amount_in) for route in routes]
    candidates += _several(list(routes), amount_in, max_paths, thorough=path_cost > 0)
    found = [split for split in candidates if split is not None]
    if not found:
        trade = f"{amount_in} of {token_in} for {token_out}"
        raise InsufficientLiquidity(trade, f"{len(routes)} routes cannot take it", "trade less or list pools")
    return max(found, key=lambda split: (split.amount_out - path_cost * len(split.paths), -len(split.paths)))


def _between(pools: Sequence[Pool], one: str, other: str) -> list[Pool]:
    return [pool for pool in pools if {pool.token0, pool.token1} == {one, other}]


def _pairs(token_in: str, firsts: list[Pool], seconds: list[Pool], amount_in: int) -> list[Route]:
    ranked = [(_curve(route)(amount_in) or 0, route) for route in _crossings(token_in, firsts, seconds)]
    ranked.sort(key=lambda entry: -entry[0])
    return [route for _, route in ranked]


def _disjoint(routes: list[Route], used: set[str]) -> list[Route]:
    """Drops routes that use a source twice or one that is in `used`, and adds the sources of the others to `used`."""
    chosen: list[Route] = []
    for route in routes:
        sources = {source_of(pool) for pool in route.pools}
        if len(sources) == len(route.pools) and used.isdisjoint(sources):
            chosen.append(route)
            used |= sources
    return chosen


def _crossings(token_in: str, firsts: list[Pool], seconds: list[Pool]) -> list[Route]:
    return [Route(token_in, (first, second)) for first in firsts for second in seconds]


def _curve(route: Route) -> Curve:
    def output(amount: int) -> int | None:
        try:
            return route.quote(amount) if amount else 0
        except InsufficientLiquidity:
            return None

    return output


def _single(route: Route, amount_in: int) -> Split | None:
    out = _curve(route)(amount_in)
    return Split(amount_in, out, (PlannedPath(amount_in, route.hops()),)) if out else None


def _several(routes: list[Route], amount_in: int, max_paths: int, *, thorough: bool) -> list[Split | None]:
    """Splits over ever fewer routes, down to two; unless `thorough`, only to the first that will do."""
    splits: list[Split | None] = []
    while len(routes) > 1:
        curves = [_curve(route) for route in routes]
        amounts = _allocate(curves, amount_in)
        if amounts is None:
            break
        used = [index for index, amount in enumerate(amounts) if amount]
        if 1 < len(used) <= max_paths:
            splits.append(_split_of(routes, curves, amounts))
        if not thorough and splits and splits[-1]:
            break
        least = min(used, key=lambda index: amounts[index])
        routes = [routes[index] for index in used if index != least]
    return splits


def _split_of(routes: list[Route], curves: list[Curve], amounts: list[int]) -> Split | None:
    """None where a path would pay nothing: a V2 pair reverts there."""
    used = [index for index, amount in enumerate(amounts) if amount]
    outs = [curves[index](amounts[index]) or 0 for index in used]
    paths = tuple(PlannedPath(amounts[index], routes[index].hops()) for index in used)
    return Split(sum(amounts), sum(outs), paths) if all(outs) else None


def _allocate(curves: list[Curve], total: int) -> list[int] | None:
    """Amounts that sum to `total`, the best over all increment sizes; None if the curves cannot take it."""
    amounts = [0] * len(curves)
    best: tuple[int, list[int]] | None = None
    step = max(1, total // 16)
    while True:
        out = _fill(curves, amounts, total, step)
        if out is not None and (best is None or out > best[0]):
            best = out, list(amounts)
        if step == 1 or (best is not None and step <= total >> _FINEST):
            return best[1] if best else None
        amounts = [max(0, amount - step) for amount in amounts]
        step = max(1, step // 2)


def _fill(curves: list[Curve], amounts: list[int], total: int, step: int) -> int | None:
    """Gives increments to whichever curve gains most from each, in place; the output if all was placed."""
    outputs = [curve(amount) or 0 for curve, amount in zip(curves, amounts, strict=True)]
    remaining = total - sum(amounts)
    size = min(step, remaining)
    following = [curve(amount + size) for curve, amount in zip(curves, amounts, strict=True)]
    while remaining:
        if remaining < size:
            size = remaining
            following = [curve(amount + size) for curve, amount in zip(curves, amounts, strict=True)]
        gains = [-1 if after is None else after - out for after, out in zip(following, outputs, strict=True)]
        winner = max(range(len(gains)), key=gains.__getitem__)
        after = following[winner]
        if after is None:
            return None
        outputs[winner] = after
        amounts[winner] += size
        remaining -= size
        following[winner] = curves[winner](amounts[winner] + size)
    return sum(outputs)
