"""`python -m tests.bench.auction PATH`: routes every sell order of an auction, beside other routers.

PATH is an instance of CoW Protocol's solver template, JSON or gzipped JSON: amms, orders, tokens, metadata. Nothing in
the project depends on such a file; `tests/fixtures/routing_markets.py` makes markets of the same shape.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import numpy as np

from keepers.operations.generated_part import around, replace_part
from keepers.routing.errors import RoutingError
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order, RoutePlan
from keepers.routing.pools import Pool, V2Pool, V3Pool
from keepers.routing.router import find_route
from keepers.routing.stable import StableKind, StablePool, precision_of
from keepers.routing.v3_math import PIPS
from keepers.routing.weighted import ONE, WeightedPool
from tests.bench.auction_table import PART, table
from tests.bench.routers import Rival

GWEI = 10**9
_SPACINGS = {100: 1, 500: 10, 3000: 60, 10_000: 200}
_RIVALS: dict[str, Callable[[Rival], int | None]] = {
    "three-hop Bellman-Ford": Rival.bellman_ford,
    "path Frank-Wolfe": Rival.frank_wolfe,
    "water-filling in 256 chunks": Rival.water_filling,
}


@dataclass(frozen=True)
class Auction:
    """An auction.

    Attributes:
        pools: Pools that hold anything; pairs of multi-token pools are pools of one source.
        gas: Gas of using each, by address.
        prices: Wei of the native token per smallest unit, by token, where known.
        orders: (token in, token out, amount) of the sell orders.
    """

    pools: tuple[Pool, ...]
    gas: dict[str, float]
    prices: dict[str, float]
    orders: tuple[tuple[str, str, int], ...]

    def costs(self, token: str, gas_price: float) -> dict[str, int]:
        """Fixed costs in smallest units of a token at a price of gas in wei."""
        return {address: round(gas * gas_price / self.prices[token]) for address, gas in self.gas.items()}


def read_auction(path: Path) -> Auction:
    """Reads an instance; pools with an empty side are left out."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    data = json.loads(raw)
    decimals = {token: int(entry["decimals"]) for token, entry in data["tokens"].items()}
    pools: list[Pool] = []
    gas: dict[str, float] = {}
    for address, amm in data["amms"].items():
        for pool in _READERS[amm["kind"]](address, amm, decimals):
            pools.append(pool)
            gas[pool.address] = int(amm["cost"]["amount"]) / float(data["metadata"]["gas_price"])
    prices = {
        token: float(entry["external_price"]) for token, entry in data["tokens"].items() if entry["external_price"]
    }
    orders = tuple(
        (order["sell_token"], order["buy_token"], int(order["sell_amount"]))
        for order in data["orders"].values()
        if order["is_sell_order"]
    )
    return Auction(tuple(pools), gas, prices, orders)


def _constant_product(address: str, amm: dict[str, Any], _: Mapping[str, int]) -> list[Pool]:
    (token0, one), (token1, other) = ((token, int(reserve)) for token, reserve in amm["reserves"].items())
    if not (one and other):
        return []
    return [V2Pool(address, token0, token1, one, other, int(Fraction(amm["fee"]) * PIPS))]


def _concentrated(address: str, amm: dict[str, Any], _: Mapping[str, int]) -> list[Pool]:
    state, fee = amm["pool"]["state"], int(Fraction(amm["fee"]) * PIPS)
    token0, token1 = (token["id"] for token in amm["pool"]["tokens"])
    ticks = tuple(sorted((int(tick), int(net)) for tick, net in state["liquidity_net"].items()))
    price, tick, liquidity = int(state["sqrt_price"]), int(state["tick"]), int(state["liquidity"])
    return [V3Pool(address, token0, token1, price, tick, liquidity, fee, _SPACINGS[fee], ticks)]


def _weighted(address: str, amm: dict[str, Any], decimals: Mapping[str, int]) -> list[Pool]:
    held = [
        (token, int(reserve["balance"]), int(Fraction(reserve["weight"]) * ONE))
        for token, reserve in amm["reserves"].items()
    ]
    if not all(balance for _, balance, _ in held):
        return []
    fee = int(Fraction(amm["fee"]) * ONE)
    return [
        WeightedPool(f"{address}:{a}:{b}", a, b, address, x, y, v, w, fee, decimals[a], decimals[b])
        for (a, x, v), (b, y, w) in combinations(held, 2)
    ]


def _stable(address: str, amm: dict[str, Any], _: Mapping[str, int]) -> list[Pool]:
    kind, tokens = StableKind.BALANCER, list(amm["reserves"])
    balances = tuple(int(balance) for balance in amm["reserves"].values())
    if not all(balances):
        return []
    rates = tuple(ONE * ONE // int(amm["scaling_rates"][token]) for token in tokens)
    amplification = int(Fraction(amm["amplification_parameter"]) * precision_of(kind))
    fee = int(Fraction(amm["fee"]) * ONE)
    return [
        StablePool(
            f"{address}:{tokens[i]}:{tokens[j]}",
            tokens[i],
            tokens[j],
            address,
            kind,
            balances,
            rates,
            i,
            j,
            amplification,
            fee,
        )
        for i, j in combinations(range(len(tokens)), 2)
    ]


_READERS: dict[str, Callable[[str, dict[str, Any], Mapping[str, int]], list[Pool]]] = {
    "ConstantProduct": _constant_product,
    "Concentrated": _concentrated,
    "WeightedProduct": _weighted,
    "Stable": _stable,
}


@dataclass(frozen=True)
class Routed:
    """An order and what became of it; outputs are net of gas, smallest units.

    Attributes:
        number: Position among the sell orders.
        plan: Our plan, or None where no path takes the order.
        cpu_ms: Processor time that the plan took; on a busy machine less than its solve time.
        rivals: Output by router, None where it finds nothing.
        rival_ms: Time by router.
    """

    number: int
    plan: RoutePlan | None
    cpu_ms: float
    rivals: dict[str, int | None]
    rival_ms: dict[str, float]


def route_all(auction: Auction, gas_price: float, hops: int, effort: Effort, every: int, rivals: bool) -> list[Routed]:
    """Routes each order by itself against the auction's pools."""
    graph, found = Graph(auction.pools), []
    for number, (token_in, token_out, amount) in list(enumerate(auction.orders))[::every]:
        costs = auction.costs(token_out, gas_price)
        try:
            began = time.process_time()
            plan = find_route(graph, Order(token_in, token_out, amount, hops), costs, effort)
            cpu_ms = 1000 * (time.process_time() - began)
        except RoutingError as error:
            click.echo(f"order {number}: {error}", err=True)
            found.append(Routed(number, None, 0.0, {}, {}))
            continue
        outs: dict[str, int | None] = {}
        times: dict[str, float] = {}
        for name, solve in _RIVALS.items() if rivals else ():
            began = time.perf_counter()
            outs[name] = solve(Rival(graph, token_in, token_out, amount, costs))
            times[name] = 1000 * (time.perf_counter() - began)
        found.append(Routed(number, plan, cpu_ms, outs, times))
    return found


def summary(routed: list[Routed]) -> dict[str, Any]:
    """Coverage, gaps and times, and the comparison with each of the others."""
    plans = [entry for entry in routed if entry.plan is not None]
    gaps = np.array([entry.plan.gap_bps for entry in plans if entry.plan])
    times = np.array([entry.plan.solve_time_ms for entry in plans if entry.plan])
    told: dict[str, Any] = {
        "orders": len(routed),
        "routed": len(plans),
        "gap_bps": _spread(gaps, (50, 90, 95, 99, 100)),
        "within_1_bp": float((gaps <= 1).mean()),
        "within_5_bp": float((gaps <= 5).mean()),
        "solve_time_ms": _spread(times, (50, 90, 99, 100)),
        "cpu_ms": _spread(np.array([entry.cpu_ms for entry in plans]), (50, 90, 99, 100)),
        "beside": {name: _beside(plans, name) for name in (plans[0].rivals if plans else {})},
    }
    return told


def _beside(plans: list[Routed], name: str) -> dict[str, Any]:
    """Wins, ties and losses against a router, and what is gained over it, basis points of our output."""
    gains, worst = [], (0.0, -1)
    wins = losses = alone = 0
    for entry in plans:
        other = entry.rivals[name]
        assert entry.plan is not None
        ours = entry.plan.amount_out_net_gas
        if other is None:
            alone += 1
            continue
        wins, losses = wins + (ours > other), losses + (ours < other)
        gain = 1e4 * (ours - other) / entry.plan.amount_out
        gains.append(gain)
        worst = min(worst, (gain, entry.number))
    return {
        "wins": wins,
        "losses": losses,
        "ties": len(gains) - wins - losses,
        "only_ours": alone,
        "gain_bps_mean": float(np.mean(gains)),
        "gain_bps_median": float(np.median(gains)),
        "worst_bps_and_order": worst,
        "time_ms": _spread(np.array([entry.rival_ms[name] for entry in plans]), (50, 99)),
    }


def _spread(values: Any, percentiles: tuple[int, ...]) -> dict[str, float]:
    return {f"p{p}": round(float(np.percentile(values, p)), 4) for p in percentiles}


def _at_price(
    path: Path, hops: int, gap: float, cpu: bool, every: int, rivals: bool, seconds: float, gas_price: float
) -> dict[str, Any]:
    """Routes the whole auction at a price of gas in gwei, with so many seconds an order."""
    effort = Effort(gap, seconds, clock=time.process_time if cpu else time.perf_counter)
    routed = route_all(read_auction(path), gas_price * GWEI, hops, effort, every, rivals)
    return {"gas_gwei": gas_price, "hops": hops, "seconds": seconds, **summary(routed)}


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--gas", "gas_prices", type=float, multiple=True, default=(0.2, 10.0, 50.0), help="Gwei; repeatable.")
@click.option("--hops", type=click.IntRange(1, 6), default=3, show_default=True)
@click.option("--every", type=click.IntRange(min=1), default=1, help="Every n-th order only.")
@click.option("--gap", type=float, default=0.9, show_default=True, help="Basis points at which the router stops.")
@click.option("--seconds", type=float, default=1.0, show_default=True, help="Time that the router has per order.")
@click.option(
    "--also", type=click.FloatRange(min=0), multiple=True, help="Another time, without the other routers; repeatable."
)
@click.option("--cpu", is_flag=True, help="Count seconds of processor time, on a machine that others use too.")
@click.option("--rivals/--no-rivals", default=True, help="Whether the other routers run as well.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Prices of gas at a time, each in a process.")
@click.option(
    "--page",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Write the tables there, docs/routing.md.",
)
def main(
    path: Path,
    gas_prices: tuple[float, ...],
    hops: int,
    every: int,
    gap: float,
    seconds: float,
    also: tuple[float, ...],
    cpu: bool,
    rivals: bool,
    jobs: int,
    page: Path | None,
) -> None:
    """Print one JSON object per time and price of gas."""
    if page is not None:
        around(page, PART)
    found = []
    with ProcessPoolExecutor(jobs) as pool:
        runs = [
            (beside, taking, gas)
            for beside, taking in ((rivals, seconds), *((False, one) for one in also))
            for gas in gas_prices
        ]
        for entry in pool.map(partial(_at_price, path, hops, gap, cpu, every), *zip(*runs, strict=True)):
            found.append(entry)
            click.echo(json.dumps(entry, indent=1))
    if page is not None:
        options = " ".join(f"--gas {price:g}" for price in gas_prices)
        options += f" --hops {hops} --every {every} --gap {gap:g} --seconds {seconds:g}"
        options += "".join(f" --also {one:g}" for one in also)
        options += (" --cpu" if cpu else "") + ("" if rivals else " --no-rivals")
        replace_part(page, PART, table(path, options, found[: len(gas_prices)], found[len(gas_prices) :]))


if __name__ == "__main__":
    main()
