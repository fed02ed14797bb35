"""Quotes for several requests at once, each over a market of every venue."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from keepers.contracts import deployment
from keepers.contracts.deployment import PoolRecord
from keepers.operations.route import RouteDesk, RouteLimits
from keepers.routing.markets import Market, VenueKind
from keepers.routing.plans import ExactOutputPlan, RoutePlan
from keepers.rpc.node import connect
from scripts._lib.anvil import advance
from scripts._lib.artifacts import artifact
from scripts._lib.transactions import deploy, send
from scripts._lib.venues.uniswap import UniswapV2, UniswapV3, sort_tokens
from tests.bench.framework import Bench, Row
from tests.fixtures.markets import V2, V3, VENUES, Listing

GROUP = "Quotes"
REQUESTS, ROUNDS = 10, 5
UNIT = 10**18
DEPTH, COINS = 10**6 * UNIT, 1000 * UNIT
PARTS = ("0.00001", "0.0001", "0.001", "0.01", "0.05")
"""Amounts, as parts of what a market holds."""
ORDERS = [(*ends, str(Decimal(part) * DEPTH / UNIT)) for part in PARTS for ends in (("AAA", "BBB"), ("BBB", "AAA"))]
LIMITS = RouteLimits(pool_cost="0.001", excluded=("adapter",))
"""The adapter that tests list takes any amount at one price: it is read, and would take every order alone."""
HELD = {"lite-psm": (1000, 1000), "balancer-weighted": (1, 4)}
"""Parts of the depth that venues hold otherwise: little at a constant price, and the same price at unequal weights."""
_KINDS = {
    **dict.fromkeys(("uniswap-v4-native", "uniswap-v4-hook", "uniswap-v4-dynamic"), "uniswap-v4"),
    **dict.fromkeys(("aerodrome-volatile", "aerodrome-stable"), "aerodrome"),
}
"""Names in deployment files of venues that have another one here."""
METHOD = (
    f"{REQUESTS} orders at once, each in a thread: `keepers.operations.route.RouteDesk` reads every listed market at "
    "the newest block through a local node, for all orders that wait, and routes each with its bound and the default "
    f"effort. There is a market of each of {len(VENUES)} kinds of pools between the same two tokens, or by way of a "
    "vault's share or the chain's coin (tests/fixtures/markets.py); contracts come from the venues' packages, or stand "
    f"in for them where there is none. Orders are {', '.join(PARTS)} of a market's depth, in both directions; a swap "
    "costs a thousandth of a unit. The clock's time from the first request to the last answer, median of "
    f"{ROUNDS} rounds after one, each in a block of its own. The tokens have no prices of an oracle."
)


@dataclass
class _Recorded(Listing):
    """Listing that keeps the records of what it lists.

    Attributes:
        records: All of them.
    """

    records: list[PoolRecord] = field(default_factory=list)
    _market: Market | None = None
    _fee: int = 0

    def create(self, venue: str, amounts: dict[str, int], **options: Any) -> str:
        """See `Listing`."""
        self._market, self._fee = None, 0
        key = super().create(venue, amounts, **options)
        self.records.append(PoolRecord(key, _KINDS.get(venue, venue), self._fee, self._market))
        return key

    def list_market(
        self, kind: int, target: str, tokens: tuple[str, str], fee: int = 0, param: int = 0, id_: bytes = bytes(32)
    ) -> str:
        """See `Listing`."""
        self._market, self._fee = Market(VenueKind(kind), target, *tokens, fee, param, id_), fee
        return super().list_market(kind, target, tokens, fee, param, id_)

    def _listed(self, pool: Any, kind: int, fee: int) -> str:
        self._fee = fee
        return super()._listed(pool, kind, fee)

    def add(self, kind: str, pool: Any, number: int, fee: int) -> None:
        """Lists a pool that was made elsewhere."""
        self.records.append(PoolRecord(super()._listed(pool, number, fee), kind, fee))


def rows(bench: Bench) -> list[Row]:
    """The table."""
    desk = _desk(bench)

    def quoted(order: tuple[str, str, str]) -> RoutePlan | ExactOutputPlan:
        return desk.routed(*order, LIMITS).plan

    took: list[float] = []
    alone: list[float] = []
    plans: list[RoutePlan | ExactOutputPlan] = []
    with ThreadPoolExecutor(REQUESTS) as pool:
        for _ in range(1 + ROUNDS):
            for orders, times in ((ORDERS[-1:], alone), (ORDERS, took)):
                # Nothing of what was read before is of the newest block.
                advance(bench.w3, 12)
                began = time.perf_counter()
                plans = list(pool.map(quoted, orders))
                times.append(1000 * (time.perf_counter() - began))
    return [
        Row(GROUP, f"{REQUESTS} quotes at once, over every venue", "ms", median(took[1:]), target=500.0, method=METHOD),
        Row(GROUP, "one of them alone", "ms", median(alone[1:]), method=METHOD),
        Row(GROUP, "of them: the largest gap", "bps", max(plan.gap_bps for plan in plans), method=METHOD),
        Row(GROUP, "of them: the most swaps", "", max(len(plan.swaps) for plan in plans), method=METHOD),
    ]


def _desk(bench: Bench) -> RouteDesk:
    """Routes over a market of every venue."""
    w3, owner = bench.w3, bench.deployer
    one, other = (bench.token(symbol).address for symbol in ("AAA", "BBB"))
    asked = bench.deploy_authority().address, "0x" + "00" * 20, bench.deploy("VenueQuotes").address
    aggregator = bench.deploy("LiquidityAggregator", *asked, 10_000)
    lens = bench.deploy("LiquidityLens", aggregator.address)
    v2 = UniswapV2(w3, owner).deploy()
    v3 = UniswapV3(w3, owner).deploy(v2.weth, v2.factory.address)
    coin, vault = v2.weth.address, deploy(w3, owner, artifact("MockVault"), one)
    listing = _Recorded(w3, owner, owner, aggregator)
    send(w3, owner, v2.weth.functions.deposit(), value=4 * COINS)
    asset = w3.eth.contract(address=one, abi=artifact("SettlementToken").abi)
    bench.send(owner, asset.functions.approve(vault.address, 4 * DEPTH))
    bench.send(owner, vault.functions.mint(2 * DEPTH, owner))
    for venue in VENUES:
        if venue == "uniswap-v2":
            for amounts in (
                {one: DEPTH, other: DEPTH},
                {coin: COINS, other: COINS},
                {vault.address: DEPTH, other: DEPTH},
            ):
                listing.add(venue, v2.add_liquidity(owner, amounts), V2, 3000)
        elif venue == "uniswap-v3":
            pool = v3.create_pool({one: DEPTH, other: DEPTH}, 3000)
            v3.add_liquidity(owner, pool, {one: DEPTH, other: DEPTH}, None)
            listing.add(venue, pool, V3, 3000)
        elif venue == "uniswap-v4-native":
            listing.create(venue, {coin: COINS, one: COINS}, coin=coin)
        elif venue == "erc4626":
            listing.create(venue, {one: DEPTH, vault.address: DEPTH}, vault=vault.address)
        else:
            held = zip(sort_tokens(one, other), HELD.get(venue, (1, 1)), strict=True)
            listing.create(venue, {token: DEPTH // part for token, part in held})
    names = {"LiquidityAggregator": aggregator, "LiquidityLens": lens}
    contracts = {name: deployment.Contract(contract.address, "0x", 0) for name, contract in names.items()}
    tokens = {"AAA": one, "BBB": other, "WETH": coin, "vAAA": vault.address}
    record = deployment.Deployment(
        Path("bench"), "bench", w3.eth.chain_id, 0, contracts, tokens, {}, tuple(listing.records), {}
    )
    url = w3.provider.endpoint_uri  # type: ignore[attr-defined]
    return RouteDesk(connect(url, w3.eth.chain_id), record, shared=True)
