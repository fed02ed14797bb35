"""Routes on frozen random markets: distance from the bound, beside one path and beside the bots' split; solve times."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np

from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.many import quotes
from keepers.routing.order_paths import best_paths
from keepers.routing.plans import BPS, Effort, Order, RoutePlan
from keepers.routing.pools import V2Pool, V3Pool, quote
from keepers.routing.router import find_route
from keepers.routing.split import Split, best_split
from tests.bench.framework import Bench, Row
from tests.fixtures.routing_markets import RandomMarket, random_market

GROUP = "Routing"
SEEDS = range(60)
POOLS = 60
LARGER, LARGE = 100, 1000
GAS_PRICE = 10e9
METHOD = (
    f"{len(SEEDS)} random markets of {POOLS} contracts with the kinds, tick maps and depths of a mainnet auction "
    "(tests/fixtures/routing_markets.py), one order each of 0.1 to 100 coins from a hub to another token, gas at "
    "10 gwei. Distance is how far the output net of gas is below the certificate's bound. The bots' paths are "
    "keepers.routing.order_paths, at most four by way of the four hubs, a path costing what two pools cost at the "
    "median; the greedy split is keepers.routing.split, over constant-product and concentrated pools by way of the "
    "same hubs, and markets that it finds no way in are left out of its column. Times are medians of one core, without "
    "the graph."
)
QUOTED = 20_000
QUOTES = (
    f"{QUOTED:,} amounts, uniform up to all of the reserve or of the known ticks, one after another on one core by "
    "keepers.routing.pools.quote, whole units as the contracts pay; the best of five rounds. The V3 pool is the one "
    "with the most ticks; its steps are summed in the first round. All at once are the same amounts in one call of "
    "keepers.routing.many.quotes; a microsecond each is a million a second."
)


@dataclass(frozen=True)
class Case:
    """An order on a market."""

    market: RandomMarket
    order: Order
    costs: dict[str, int]


def cases(pools: int, seeds: range) -> list[Case]:
    """One order per seed, where the market trades both of its tokens."""
    found = []
    for seed in seeds:
        market = random_market(seed, pools)
        rng = np.random.default_rng(seed)
        traded = {token for pool in market.pools for token in (pool.token0, pool.token1)}
        others = [token for token in market.tokens[4:] if token in traded]
        token_in, token_out = market.tokens[int(rng.integers(4))], others[int(rng.integers(len(others)))]
        if token_in in traded:
            value = market.values[market.tokens.index(token_in)]
            amount = int(10 ** rng.uniform(-1, 2) * 10**18 / value)
            found.append(Case(market, Order(token_in, token_out, amount), market.costs(token_out, GAS_PRICE)))
    return found


def paths_net(case: Case) -> int | None:
    """Returns the output of the bots' paths net of gas, or None where they find no way."""
    order, hubs = case.order, case.market.tokens[:4]
    cost = 2 * int(median(case.costs.values()))
    try:
        found = best_paths(
            case.market.pools, order.token_in, order.token_out, order.amount_in, via=hubs, path_cost=cost
        )
    except InsufficientLiquidity:
        return None
    return _net(case, found)


def split_net(case: Case) -> int | None:
    """Returns the output of the greedy split net of gas, or None where it finds no way."""
    simple = [pool for pool in case.market.pools if isinstance(pool, V2Pool | V3Pool)]
    order, hubs = case.order, case.market.tokens[:4]
    try:
        found = best_split(simple, order.token_in, order.token_out, order.amount_in, via=hubs)
    except InsufficientLiquidity:
        return None
    return _net(case, found)


def routed(case: Case) -> RoutePlan | None:
    """Our plan, or None where no path takes the order."""
    try:
        return find_route(Graph(case.market.pools), case.order, case.costs, Effort(gap_bps=0.9, seconds=1.0))
    except InsufficientLiquidity:
        return None


def rows(_: Bench) -> list[Row]:
    """The table."""
    pairs = [(case, plan) for case in cases(POOLS, SEEDS) if (plan := routed(case)) is not None]
    pairs = [(case, plan) for case, plan in pairs if plan.amount_out_net_gas > 0]
    gaps = np.array([plan.gap_bps for _, plan in pairs])
    single = [_distance(plan, plan.single_out_net_gas) for _, plan in pairs if plan.single_out_net_gas is not None]
    split = [_distance(plan, net) for case, plan in pairs if (net := split_net(case)) is not None]
    paths = [_distance(plan, net) for case, plan in pairs if (net := paths_net(case)) is not None]
    found = [
        _row("Distance from the bound, median", float(np.median(gaps)), 1.0, median(split), "greedy split"),
        _row("Distance of the bots' paths, median", median(paths), None, median(split), "greedy split"),
        _row("Distance from the bound, 95th percentile", float(np.percentile(gaps, 95)), 5.0),
        _row("Distance of the best single path, median", median(single), None),
    ]
    for pools, target in ((LARGER, 10.0), (LARGE, 100.0)):
        plans = [plan for case in cases(pools, range(8)) if (plan := routed(case)) is not None]
        took = median(plan.solve_time_ms for plan in plans)
        found.append(Row(GROUP, f"Solve, {pools:,} pools", "ms", took, target=target, method=METHOD))
    return found + quote_rows()


def quote_rows() -> list[Row]:
    """Time of one quote of each kind of pool, by the pools of a large market."""
    pools = random_market(0, LARGE).pools
    pair = max((pool for pool in pools if isinstance(pool, V2Pool)), key=lambda pool: pool.reserve0)
    ranged = max((pool for pool in pools if isinstance(pool, V3Pool)), key=lambda pool: len(pool.ticks))
    two, three = _microseconds(pair, pair.reserve0), _microseconds(ranged, _most(ranged))
    return [
        Row(GROUP, "A quote of a V2 pair", "us", two, target=1.0, method=QUOTES),
        Row(GROUP, "A quote over the ticks of a V3 pool", "us", three, target=5.0, method=QUOTES),
        Row(
            GROUP, "The same of a V2 pair, all at once", "us", _at_once(pair, pair.reserve0), target=1.0, method=QUOTES
        ),
        Row(
            GROUP,
            "The same of a V3 pool, all at once",
            "us",
            _at_once(ranged, _most(ranged)),
            target=5.0,
            method=QUOTES,
        ),
    ]


def _most(pool: V3Pool) -> int:
    """Largest power of two of token0 that the known ticks take."""
    amount = 1
    while True:
        try:
            quote(pool, pool.token0, 2 * amount)
        except InsufficientLiquidity:
            return amount
        amount *= 2


def _microseconds(pool: V2Pool | V3Pool, most: int) -> float:
    """Time of one quote, one after another."""

    def one_by_one(amounts: list[int]) -> None:
        for amount in amounts:
            quote(pool, pool.token0, amount)

    return _best(one_by_one, most)


def _at_once(pool: V2Pool | V3Pool, most: int) -> float:
    """Time of one quote of many at once."""
    return _best(lambda amounts: quotes(pool, pool.token0, amounts), most)


def _best(quoted: Callable[[list[int]], object], most: int) -> float:
    """Microseconds an amount, the best of several rounds over the same random amounts."""
    rng = np.random.default_rng(0)
    amounts = [max(1, int(most * share)) for share in rng.uniform(size=QUOTED)]
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        quoted(amounts)
        rounds.append(time.perf_counter() - started)
    return 1e6 * min(rounds) / QUOTED


def _net(case: Case, found: Split) -> int:
    """Output net of gas: each path pays for each of its pools."""
    return found.amount_out - sum(case.costs[hop.pool] for path in found.paths for hop in path.hops)


def _distance(plan: RoutePlan, net: int | None) -> float:
    """How far a net output is below the bound, basis points of ours."""
    assert net is not None
    return BPS * (plan.bound - net) / plan.amount_out_net_gas


def _row(name: str, ours: float, target: float | None, peer: float | None = None, peer_name: str = "") -> Row:
    # With a peer a target would be one of the ratio.
    return Row(GROUP, name, "bps", ours, peer, peer_name, target if peer is None else None, METHOD)
