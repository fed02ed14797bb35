"""Routes executed on chain over pools of the venues' own contracts, beside the bound and simpler routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from statistics import median

import numpy as np
from web3.contract import Contract
from web3.logs import DISCARD
from web3.types import RPCEndpoint

from keepers.contracts import deployment
from keepers.contracts.reader import Reader
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.markets import Market, VenueKind
from keepers.routing.order_paths import paths_of, settled
from keepers.routing.plans import BPS, Effort, Order, RoutePlan
from keepers.routing.pools import Pool, QuotedPool, V2Pool, V3Pool, quote
from keepers.routing.router import find_route
from keepers.routing.split import PlannedPath, Split, best_split
from keepers.rpc.node import connect
from scripts._lib.transactions import send
from scripts._lib.venues.balancer import BalancerV2
from scripts._lib.venues.uniswap import FAR_FUTURE, MAX_UINT256, UniswapV2, UniswapV3, sort_tokens
from scripts._lib.venues.uniswap_v4 import UniswapV4
from tests.bench.framework import Bench, Row

GROUP = "Executed routes"
MARKETS = 200
SIZES = (0.001, 0.01, 0.05, 0.4)
"""Parts of the deepest pool that orders are, and where rows divide them."""
TOKENS = 4
UNIT = 10**18
DEPTH = 10**6 * UNIT
GAS_OF_POOL = 120_000
GAS_PRICE = 10 * 10**9
COIN = 2000
"""Worth of the chain's own coin."""
COST = GAS_OF_POOL * GAS_PRICE * COIN
"""Worth of the gas of a pool."""
METHOD = (
    f"{MARKETS} random markets of {TOKENS} tokens, 5 to 12 pools each: Uniswap V2, V3 with three ranges, V4, and "
    "Balancer weighted 80 to 20, from the packages' own bytecode, with depths from a thousandth to all of a million "
    "units and prices apart by 0.3% (one standard deviation). One order each, log-uniform from "
    f"{SIZES[0]:.1%} to {SIZES[-1]:.0%} of the deepest pool of its input. Pools are read from the chain, the order is "
    f"planned with {GAS_OF_POOL:,} gas a pool at 10 gwei and a coin worth {COIN:,} units, and executed by the "
    "aggregator as paths. Distance is how far what came out, less that gas, is below the certificate's bound, in basis "
    "points of it; it can be below zero, because a Balancer pool takes 30% of a balance at once, and a bound is one of "
    "plans that pass it once. One venue is the best pool that trades the pair, the greedy split that of "
    "keepers.routing.split over the V2, V3 and V4 pools; orders that these cannot take are left out of their columns."
)


@dataclass(frozen=True)
class _Venues:
    """The venues and the aggregator that lists their pools."""

    bench: Bench
    aggregator: Contract
    lens: Contract
    v2: UniswapV2
    v3: UniswapV3
    v4: UniswapV4
    balancer: BalancerV2


@dataclass(frozen=True)
class Executed:
    """An order that was executed.

    Attributes:
        bound: The plan's bound, smallest units.
        net: What came out on chain, less gas.
        differs: Whether that is another amount than the keepers' maths says of the paths.
        one_venue: Output net of gas of the best pool of the pair, or None.
        split: Output net of gas of the greedy split, or None.
        part: Amount of the order as a part of the deepest pool of its input.
    """

    bound: int
    net: int
    differs: bool
    one_venue: int | None
    split: int | None
    part: float

    def below_bound_bps(self, net: int) -> float:
        """How far a net output is below the bound, basis points of the bound."""
        return BPS * (self.bound - net) / self.bound


def rows(bench: Bench) -> list[Row]:
    """The table."""
    venues = _deployed(bench)
    found = [one for seed in range(MARKETS) if (one := _apart(venues, seed)) is not None]
    ours = np.array([one.below_bound_bps(one.net) for one in found])
    peers = {
        "one venue": np.array([one.below_bound_bps(one.one_venue) for one in found if one.one_venue is not None]),
        "greedy split": np.array([one.below_bound_bps(one.split) for one in found if one.split is not None]),
    }
    told = [
        Row(GROUP, "Distance from the bound, median", "bps", float(np.median(ours)), target=1.0, method=METHOD),
        Row(GROUP, "Distance from the bound, the worst", "bps", float(ours.max()), target=10.0, method=METHOD),
    ]
    for name, theirs in peers.items():
        for title, part in (("mean", np.mean), ("90th percentile", lambda values: np.percentile(values, 90))):
            row = f"Distance from the bound, {title}"
            told.append(Row(GROUP, row, "bps", float(part(ours)), float(part(theirs)), name, method=METHOD))
    told.append(Row(GROUP, "Orders executed", "", len(found), method=METHOD))
    differing = sum(one.differs for one in found)
    told.append(Row(GROUP, "of them: paid another amount than foreseen", "", differing, target=0.0, method=METHOD))
    return told + [_gained(found, low, high) for low, high in pairwise(SIZES)]


def _gained(found: Sequence[Executed], low: float, high: float) -> Row:
    """The gain of orders of a size over one venue."""
    gained = [
        BPS * (one.net - one.one_venue) / one.one_venue
        for one in found
        if low <= one.part < high and one.one_venue is not None and one.one_venue > 0
    ]
    name = f"Gained over one venue, orders of {low:.1%} to {high:.0%} of the deepest pool, median of {len(gained)}"
    return Row(GROUP, name, "bps", median(gained) if gained else 0.0, method=METHOD)


def _deployed(bench: Bench) -> _Venues:
    w3, owner = bench.w3, bench.deployer
    asked = bench.deploy_authority().address, "0x" + "00" * 20, bench.deploy("VenueQuotes").address
    aggregator = bench.deploy("LiquidityAggregator", *asked, 10_000)
    v2 = UniswapV2(w3, owner).deploy()
    v3 = UniswapV3(w3, owner).deploy(v2.weth, v2.factory.address)
    v4, balancer = UniswapV4(w3, owner).deploy(), BalancerV2(w3, owner).deploy(v2.weth.address)
    return _Venues(bench, aggregator, bench.deploy("LiquidityLens", aggregator.address), v2, v3, v4, balancer)


def _apart(venues: _Venues, seed: int) -> Executed | None:
    """The same for a market that is gone afterwards, so that the node has no more of them to keep."""
    w3 = venues.bench.w3
    before = w3.provider.make_request(RPCEndpoint("evm_snapshot"), [])["result"]
    try:
        return _executed(venues, seed)
    finally:
        w3.provider.make_request(RPCEndpoint("evm_revert"), [before])


def _executed(venues: _Venues, seed: int) -> Executed | None:
    """Makes a market, plans an order on it and executes it; None where no path takes the order."""
    bench, rng = venues.bench, np.random.default_rng(seed)
    made = _Market(venues, rng)
    token_in, token_out = made.tokens[0], made.tokens[1]
    part = float(10 ** rng.uniform(np.log10(SIZES[0]), np.log10(SIZES[-1])))
    amount = int(part * made.deepest / made.prices[token_in])
    pools = made.read(amount)
    order, cost = Order(token_in, token_out, amount), int(COST / made.prices[token_out])
    try:
        plan = find_route(Graph(pools), order, cost, Effort(gap_bps=0.1, seconds=4.0))
    except InsufficientLiquidity:
        return None
    if plan.amount_out_net_gas <= 0:
        return None
    greedy = _split(pools, order, cost)
    paths, foreseen = _paths(plan, pools, greedy)
    hops = [(path.amount_in, [(hop.pool, hop.zero_for_one) for hop in path.hops]) for path in paths]
    swap = venues.aggregator.functions.swap((token_in, token_out, amount, 0, bench.trader, FAR_FUTURE, hops))
    made.approve(token_in)
    receipt = send(bench.w3, bench.trader, swap)
    (event,) = venues.aggregator.events.Swapped().process_receipt(receipt, errors=DISCARD)
    net = int(event["args"]["amountOut"]) - cost * _pools_of(paths)
    split = None if greedy is None else greedy.amount_out - cost * _pools_of(greedy.paths)
    differs = int(event["args"]["amountOut"]) != foreseen
    return Executed(plan.bound, net, differs, _one_venue(pools, order, cost), split, part)


def _paths(plan: RoutePlan, pools: Sequence[Pool], greedy: Split | None) -> tuple[Sequence[PlannedPath], int]:
    """Paths of the plan and what they pay; those of the greedy split where a pool refuses a plan's parts one by one."""
    known = {pool.address: pool for pool in pools}
    paths = paths_of(plan, known)
    try:
        return settled(known, plan.swaps[0].token_in, paths)
    except InsufficientLiquidity:
        if greedy is None:
            raise
        return greedy.paths, greedy.amount_out


def _pools_of(paths: Sequence[PlannedPath]) -> int:
    return len({hop.pool for path in paths for hop in path.hops})


def _one_venue(pools: Sequence[Pool], order: Order, cost: int) -> int | None:
    found = []
    for pool in pools:
        if {pool.token0, pool.token1} == {order.token_in, order.token_out}:
            try:
                found.append(quote(pool, order.token_in, order.amount_in) - cost)
            except InsufficientLiquidity:
                continue
    return max(found, default=None)


def _split(pools: Sequence[Pool], order: Order, cost: int) -> Split | None:
    simple = [pool for pool in pools if isinstance(pool, V2Pool | V3Pool)]
    via = tuple({token for pool in simple for token in (pool.token0, pool.token1)} - {order.token_in, order.token_out})
    try:
        return best_split(simple, order.token_in, order.token_out, order.amount_in, via=via, path_cost=cost)
    except InsufficientLiquidity:
        return None


class _Market:
    """New tokens and pools between them, listed.

    Attributes:
        tokens: Addresses.
        prices: Worth of a smallest unit of each.
        deepest: Worth of what the deepest pool of the first token holds of it.
    """

    def __init__(self, venues: _Venues, rng: np.random.Generator) -> None:
        self._venues, self._rng = venues, rng
        self._contracts = [venues.bench.token(f"T{number}") for number in range(TOKENS)]
        self.tokens = [contract.address for contract in self._contracts]
        self.prices = dict(zip(self.tokens, rng.lognormal(0, 1, TOKENS).tolist(), strict=True))
        self.deepest = 0.0
        kinds = ("uniswap-v2", "uniswap-v3", "uniswap-v4", "balancer-weighted")
        pairs = list(combinations(self.tokens, 2))
        every = [(kind, pair) for kind in kinds for pair in pairs if (kind, pair) != (kinds[0], pairs[0])]
        chosen = rng.permutation(len(every))[: int(rng.integers(4, 12))]
        self._records = [self._made(kind, pair) for kind, pair in [(kinds[0], pairs[0]), *(every[at] for at in chosen)]]

    def read(self, amount: int) -> tuple[Pool, ...]:
        """The pools as the keepers read them for an order of so much of the first token.

        Raises:
            AssertionError: If a pool is not read whole.
        """
        w3 = self._venues.bench.w3
        names = {"LiquidityAggregator": self._venues.aggregator, "LiquidityLens": self._venues.lens}
        contracts = {name: deployment.Contract(contract.address, "0x", 0) for name, contract in names.items()}
        tokens = {f"T{number}": token for number, token in enumerate(self.tokens)}
        record = deployment.Deployment(
            Path("bench"), "bench", w3.eth.chain_id, 0, contracts, tokens, {}, tuple(self._records), {}
        )
        worth = amount * self.prices[self.tokens[0]]
        largest = {token: int(1.1 * worth / price) for token, price in self.prices.items()}
        reader = Reader(connect(w3.provider.endpoint_uri, w3.eth.chain_id), record)  # type: ignore[attr-defined]
        pools = reader.pools(self.tokens, w3.eth.block_number, largest)
        if any(isinstance(pool, QuotedPool) for pool in pools):
            raise AssertionError("a pool of the market is sampled and not read")
        return pools

    def approve(self, token: str) -> None:
        """Lets the aggregator take the trader's tokens."""
        contract = self._contracts[self.tokens.index(token)]
        bench = self._venues.bench
        bench.send(bench.trader, contract.functions.approve(self._venues.aggregator.address, MAX_UINT256))

    def _made(self, kind: str, pair: tuple[str, str]) -> deployment.PoolRecord:
        depth = float(DEPTH * 10 ** self._rng.uniform(-3, 0))
        off = float(np.exp(self._rng.normal(0, 0.003)))
        amounts = {pair[0]: int(depth / self.prices[pair[0]]), pair[1]: int(depth * off / self.prices[pair[1]])}
        if self.tokens[0] in pair:
            self.deepest = max(self.deepest, depth)
        return {
            "uniswap-v2": self._v2,
            "uniswap-v3": self._v3,
            "uniswap-v4": self._v4,
            "balancer-weighted": self._weighted,
        }[kind](amounts)

    def _v2(self, amounts: dict[str, int]) -> deployment.PoolRecord:
        pair = self._venues.v2.add_liquidity(self._venues.bench.deployer, amounts)
        return self._pool(pair.address, "uniswap-v2", 1, 3000)

    def _v3(self, amounts: dict[str, int]) -> deployment.PoolRecord:
        venue, provider = self._venues.v3, self._venues.bench.deployer
        fee = int(self._rng.choice([500, 3000]))
        pool, spacing = venue.create_pool(amounts, fee), venue.tick_spacing[fee]
        middle = pool.functions.slot0().call()[1] // spacing * spacing
        for width in (0, *(int(width) for width in self._rng.integers(5, 200, 2))):
            ends = (middle - width * spacing, middle + width * spacing) if width else None
            venue.add_liquidity(provider, pool, {token: amount // 3 for token, amount in amounts.items()}, ends)
        return self._pool(pool.address, "uniswap-v3", 2, fee)

    def _v4(self, amounts: dict[str, int]) -> deployment.PoolRecord:
        key = self._venues.v4.create_pool(self._venues.bench.deployer, amounts)
        market = Market(
            VenueKind.UNISWAP_V4, self._venues.v4.manager.address, *sort_tokens(*amounts), key.fee, key.tick_spacing
        )
        return self._market("uniswap-v4", market)

    def _weighted(self, amounts: dict[str, int]) -> deployment.PoolRecord:
        weights = dict(zip(amounts, (UNIT * 4 // 5, UNIT // 5), strict=True))
        heavy, light = amounts
        held = {heavy: amounts[heavy], light: amounts[light] // 4}
        id_ = self._venues.balancer.weighted_pool(self._venues.bench.deployer, held, weights, 2 * 10**15)
        market = Market(VenueKind.BALANCER_V2, self._venues.balancer.vault.address, *sort_tokens(*amounts), id=id_)
        return self._market("balancer-weighted", market)

    def _pool(self, address: str, kind: str, number: int, fee: int) -> deployment.PoolRecord:
        bench = self._venues.bench
        bench.send(bench.deployer, self._venues.aggregator.functions.listPool(address, number, fee))
        return deployment.PoolRecord(address, kind, fee)

    def _market(self, kind: str, market: Market) -> deployment.PoolRecord:
        bench = self._venues.bench
        bench.send(bench.deployer, self._venues.aggregator.functions.listMarket(market.as_tuple()))
        return deployment.PoolRecord(market.key, kind, market.fee, market)
