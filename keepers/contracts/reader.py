"""Reads what keepers decide from, at one block, in as few round trips as it takes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from eth_utils.address import to_checksum_address
from numpy.typing import NDArray

from keepers import abi
from keepers.abi import Fragment
from keepers.contracts.deployment import Deployment, PoolRecord
from keepers.contracts.exact_pools import read_exact
from keepers.contracts.known_pools import agrees
from keepers.contracts.pool_functions import LIQUIDITY, RESERVES, SLOT0, TOKEN0, TOKEN1
from keepers.contracts.tick_words import TickWords
from keepers.portfolio.state import (
    STATES,
    DepthInfo,
    Limits,
    Metrics,
    ModelInfo,
    PortfolioState,
    ReportInfo,
    RiskView,
    StepBounds,
)
from keepers.risk.fixed_point import from_fixed_point
from keepers.routing.markets import VenueKind
from keepers.routing.pools import Pool, QuotedPool, Samples, V2Pool, V3Pool
from keepers.rpc.answers import Question, shown
from keepers.rpc.errors import ChainError, NodeRefused, Reverted
from keepers.rpc.node import Call, Node, must

_SAMPLES = 24
"""Amounts for which a market is asked that the routing has no maths for, each 2^-0.5 of the one before."""
_BELOW = 8
"""Number of them at least below the smallest trade."""
_MARK = int("a5" * 32, 16)
"""An amount that no calldata has by chance."""

_SPARE_PERCENT = 105
"""Maximum sample as a part of a portfolio's worth: a first hop may pay more of a token than the oracle says."""

_SPACING = Fragment("tickSpacing", (), outputs=("int24",))
_BITMAP = Fragment("tickBitmap", ("int16",), outputs=("uint256",))
_TICKS = Fragment(
    "ticks",
    ("int24",),
    outputs=("uint128", "int128", "uint256", "uint256", "int56", "uint160", "uint32", "bool"),
)
_DECIMALS = Fragment("decimals", (), outputs=("uint8",))


class Reader:
    """Reads portfolios and pools of a deployment; what never changes is read once.

    Args:
        node: Node to read from.
        deployment: Deployment with the addresses.
    """

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self._node = node
        self._deployment = deployment
        self._decimals: dict[str, int] = {}
        self._tokens: dict[str, tuple[str, str, int]] = {}
        self._universes: dict[bytes, tuple[str, ...]] = {}
        self._worth: dict[str, int] = {}

    def model(self, universe: bytes, block: int | str = "latest") -> ModelInfo:
        """The last accepted model of a universe."""
        function = abi.function("CovarianceModels", "modelOf")
        return _model(self._node.call(self._models, function, universe, block=block))

    def step_bounds(self) -> StepBounds:
        """How far one model may be from the last."""
        return StepBounds(*self._node.call(self._models, abi.function("CovarianceModels", "stepBounds")))

    def entry_bounds(self, universe: bytes) -> tuple[list[int], list[int]]:
        """Minimum and maximum of each entry of the next model now, in a model's order; there has to be a last one."""
        least, most = self._node.call(self._models, abi.function("CovarianceModels", "entryBounds"), universe)
        return list(least), list(most)

    def model_entries(self, model: ModelInfo) -> list[int]:
        """Entries of a posted model: upper triangle by rows, 1e18 = 1; none before the first model."""
        return list(must(self._node.batch([_model_code(model, "latest")])[0])) if model.nonce else []

    def universe_assets(self, universe: bytes) -> tuple[str, ...]:
        """Token addresses of a universe, whose order never changes.

        Raises:
            ChainError: If there is no such universe.
        """
        if universe not in self._universes:
            function = abi.function("CovarianceModels", "universeAssets")
            found = tuple(map(_checksum, self._node.call(self._models, function, universe)))
            if not found:
                raise ChainError(f"universe 0x{universe.hex()}", "unknown to the risk engine", "deploy it first")
            self._universes[universe] = found
        return self._universes[universe]

    def risk(self, portfolio: str, universe: bytes, block: int | str = "latest") -> RiskView:
        """Reads the risk of a portfolio from the risk engine, in one round trip."""
        return _risk_view(self._node.calls(self._risk_calls(portfolio, universe), block))

    def recovering(self, portfolio: str) -> bool:
        """Returns True if a recovery of the portfolio's state has begun."""
        _, inside_since, _ = self._node.call(self._engine, abi.function("RiskEngine", "breakerOf"), portfolio)
        return bool(inside_since)

    def report(self, portfolio: str, block: int | str = "latest") -> ReportInfo:
        """The last accepted risk report of a portfolio."""
        reports = self._deployment.address("RiskReports")
        nonce = int(self._node.call(reports, abi.function("RiskReports", "latestOf"), portfolio, block=block))
        if nonce == 0:
            return ReportInfo(0)
        function = abi.function("RiskReports", "reportAt")
        _, _, as_of, expiry, model_nonce, _, _, _, _, var, shortfall, names, losses = self._node.call(
            reports, function, portfolio, nonce, block=block
        )
        scenarios = tuple(name.rstrip(b"\0").decode("ascii", "replace") for name in names)
        return ReportInfo(nonce, as_of, expiry, model_nonce, tuple(var), scenarios, tuple(losses), tuple(shortfall))

    def depths(self, universe: bytes, assets: Sequence[str], block: int | str = "latest") -> tuple[DepthInfo, ...]:
        """Reads the market depth registry's depths of assets, in one round trip."""
        book = self._deployment.address("MarketDepthRegistry")
        functions = [abi.function("MarketDepthRegistry", name) for name in ("reportOf", "depthOf")]
        calls = [Call(book, function, (universe, asset)) for asset in assets for function in functions]
        answers = list(map(must, self._node.calls(calls, block)))
        rows = zip(assets, answers[::2], answers[1::2], strict=True)
        return tuple(DepthInfo(asset, as_of, expiry, nonce, depth) for asset, (as_of, expiry, nonce), depth in rows)

    def portfolio(self, name: str, block: int) -> PortfolioState:
        """Everything that a rebalance is decided from, in two round trips.

        Raises:
            Reverted: If positions cannot be read: a price is stale.
            DeploymentError: If there is no portfolio of that name.
        """
        record = self._deployment.portfolio(name)
        positions = Call(record.address, abi.function("Portfolio", "positions"))
        bucket = Call(record.address, abi.function("Portfolio", "lossBucket"))
        outcomes = self._node.calls([positions, bucket, *self._risk_calls(record.address, record.universe)], block)
        assets, balances, values, _ = must(outcomes[0])
        level, capacity, _ = must(outcomes[1])
        risk = _risk_view(outcomes[2:])
        addresses = tuple(map(_checksum, assets))
        nav = sum(values)
        prices, entries = self._prices_and_model(addresses, risk.model, block)
        decimals = self._decimals_of(addresses)
        for token, price, places in zip(addresses, prices, decimals, strict=True):
            self._worth[token] = nav * 10**places // price * _SPARE_PERCENT // 100
        return PortfolioState(
            address=record.address,
            block=block,
            assets=addresses,
            decimals=decimals,
            balances=tuple(balances),
            values=tuple(values),
            prices=prices,
            risk=risk,
            covariance=self._covariance(entries, record.universe, addresses[1:]),
            loss_level=level,
            loss_capacity=capacity,
        )

    def oracle_prices(self, assets: Sequence[str], block: int | str = "latest") -> tuple[int, ...]:
        """WAD USD a whole token of each asset.

        Raises:
            Reverted: If one has no price: it is stale, outside its bounds or frozen.
        """
        oracle = self._deployment.address("PriceOracle")
        found = self._node.call(oracle, abi.function("PriceOracle", "prices"), list(assets), block=block)
        return tuple(found)

    def decimals(self, tokens: Sequence[str]) -> tuple[int, ...]:
        """Decimals of tokens; each is asked for once."""
        return self._decimals_of(tuple(tokens))

    def listed(self, pools: Sequence[str], block: int | str = "latest") -> frozenset[str]:
        """Those of the pools that the aggregator still lists, in one round trip."""
        aggregator, function = (
            self._deployment.address("LiquidityAggregator"),
            abi.function("LiquidityAggregator", "venueOf"),
        )
        venues = map(must, self._node.calls([Call(aggregator, function, (pool,)) for pool in pools], block))
        return frozenset(pool for pool, venue in zip(pools, venues, strict=True) if venue[0])

    def pools(
        self,
        tokens: Sequence[str],
        block: int,
        largest: Mapping[str, int] | None = None,
        smallest: Mapping[str, int] | None = None,
    ) -> tuple[Pool, ...]:
        """Listed markets of which both tokens are among `tokens`, in at most eight round trips; without empty ones.

        Pools of Uniswap V2 and V3 and their forks are read whole. Other markets are quoted by the chain's lens, up to
        `largest`; those that refuse, or are listed no more, are left out. Pools of Uniswap V4 without hooks and of
        Balancer V2 are read whole too, and count so where that pays what the lens says.

        Args:
            tokens: Addresses.
            block: Height.
            largest: Maximum of a token that a trade may bring, smallest units; by default what the portfolio that was
                last read is worth in it. Without either, markets that have to be quoted are left out.
            smallest: The same of the smallest of several trades; without it there is one.

        Raises:
            ChainError: If a pool cannot be read.
        """
        wanted = set(tokens)
        ends = self._pool_tokens()
        records = [pool for pool in self._deployment.pools if set(ends[pool.address][:2]) <= wanted]
        v2 = [pool for pool in records if pool.venue == VenueKind.UNISWAP_V2]
        v3 = [pool for pool in records if pool.venue == VenueKind.UNISWAP_V3]
        calls = [Call(pool.address, RESERVES) for pool in v2]
        for pool in v3:
            calls += [Call(pool.address, SLOT0), Call(pool.address, LIQUIDITY)]
        outcomes = [must(outcome) for outcome in self._node.calls(calls, block)]
        slots = outcomes[len(v2) :]
        states = list(zip(v3, slots[::2], slots[1::2], strict=True))
        ticks = self._ticks([(pool, slot0[1]) for pool, slot0, _ in states], block)
        found: list[Pool] = [
            self._v2(pool, reserves) for pool, reserves in zip(v2, outcomes, strict=False) if min(reserves[:2])
        ]
        found += [
            self._v3(pool, slot0, liquidity, ticks[pool.address]) for pool, slot0, liquidity in states if slot0[0]
        ]
        # Nobody but its maker can say what a market of signed quotes pays.
        others = [pool for pool in records if pool.market is not None and pool.venue != VenueKind.SIGNED_QUOTE]
        found += self._others(others, self._worth if largest is None else largest, smallest or {}, block)
        return tuple(found)

    def pool_ends(self) -> dict[str, tuple[str, str]]:
        """token0 and token1 of every market of the deployment's record, by address."""
        return {address: ends[:2] for address, ends in self._pool_tokens().items()}

    @property
    def _engine(self) -> str:
        return self._deployment.address("RiskEngine")

    @property
    def _models(self) -> str:
        return self._deployment.address("CovarianceModels")

    def _risk_calls(self, portfolio: str, universe: bytes) -> list[Call]:
        model = Call(self._models, abi.function("CovarianceModels", "modelOf"), (universe,))
        names = ("stateOf", "limitsOf", "metrics")
        state, limits, metrics = (Call(self._engine, abi.function("RiskEngine", n), (portfolio,)) for n in names)
        return [state, limits, model, metrics]

    def _prices_and_model(
        self, assets: tuple[str, ...], model: ModelInfo, block: int
    ) -> tuple[tuple[int, ...], list[int]]:
        prices = Call(self._deployment.address("PriceOracle"), abi.function("PriceOracle", "prices"), (assets,))
        wanted = [prices.request(block), *([_model_code(model, block)] if model.nonce else [])]
        found, *entries = map(must, self._node.batch(wanted))
        return tuple(found), entries[0] if entries else []

    def _covariance(self, entries: list[int], universe: bytes, risky: tuple[str, ...]) -> NDArray[np.float64] | None:
        if not entries:
            return None
        matrix = from_fixed_point(entries)
        order = self.universe_assets(universe)
        index = [order.index(asset) for asset in risky]
        picked: NDArray[np.float64] = matrix[np.ix_(index, index)]
        return picked

    def _decimals_of(self, assets: tuple[str, ...]) -> tuple[int, ...]:
        unknown = [asset for asset in assets if asset not in self._decimals]
        answers = self._node.calls([Call(asset, _DECIMALS) for asset in unknown]) if unknown else []
        for asset, answer in zip(unknown, answers, strict=True):
            self._decimals[asset] = int(must(answer))
        return tuple(self._decimals[asset] for asset in assets)

    def _pool_tokens(self) -> dict[str, tuple[str, str, int]]:
        """token0, token1 and tick spacing (zero for V2) of every pool."""
        for pool in self._deployment.pools:
            if pool.market is not None:
                self._tokens[pool.address] = pool.market.token0, pool.market.token1, 0
        unknown = [pool for pool in self._deployment.pools if pool.address not in self._tokens]
        calls: list[Call] = []
        for pool in unknown:
            last = _SPACING if pool.venue == VenueKind.UNISWAP_V3 else TOKEN1
            calls += [Call(pool.address, function) for function in (TOKEN0, TOKEN1, last)]
        answers = [must(answer) for answer in self._node.calls(calls)] if calls else []
        for position, pool in enumerate(unknown):
            token0, token1, spacing = answers[3 * position : 3 * position + 3]
            size = spacing if pool.venue == VenueKind.UNISWAP_V3 else 0
            self._tokens[pool.address] = _checksum(token0), _checksum(token1), size
        return self._tokens

    def _v2(self, pool: PoolRecord, reserves: tuple[int, int, int]) -> V2Pool:
        token0, token1, _ = self._tokens[pool.address]
        return V2Pool(pool.address, token0, token1, reserves[0], reserves[1], pool.fee)

    def _v3(self, pool: PoolRecord, slot0: Any, liquidity: int, ticks: tuple[tuple[int, int], ...]) -> V3Pool:
        token0, token1, spacing = self._tokens[pool.address]
        return V3Pool(pool.address, token0, token1, slot0[0], slot0[1], liquidity, pool.fee, spacing, ticks)

    def _others(
        self, records: list[PoolRecord], largest: Mapping[str, int], smallest: Mapping[str, int], block: int
    ) -> Iterator[Pool]:
        """Markets that are asked what they pay for ever larger amounts; read whole where that pays the same."""
        sides = [(pool, up, _sizes(pool, up, largest, smallest)) for pool in records for up in (True, False)]
        questions = [question for pool, up, amounts in sides for question in self._quotes(pool, up, amounts, block)]
        if not questions:
            return
        answers = iter(self._node.batch(questions))
        asked = {(pool.address, up): [(x, _paid(next(answers))) for x in amounts] for pool, up, amounts in sides}
        exact = read_exact(self._node, records, self._decimals_by_token(records), block)
        for pool in records:
            up, down = asked[pool.address, True], asked[pool.address, False]
            known = next((one.pool for one in exact.get(pool.address, ()) if agrees(one, up, down)), None)
            if known is not None:
                yield known
            elif pool.market is not None and any(paid for _, paid in (*up, *down)):
                market = pool.market
                sampled = _samples(up), _samples(down)
                yield QuotedPool(pool.address, market.token0, market.token1, market.source, *sampled)

    def _decimals_by_token(self, records: list[PoolRecord]) -> dict[str, int]:
        tokens = tuple(dict.fromkeys(token for pool in records for token in self._tokens[pool.address][:2]))
        return dict(zip(tokens, self._decimals_of(tokens), strict=True))

    def _quotes(self, pool: PoolRecord, up: bool, amounts: Sequence[int], block: int) -> Iterator[Question]:
        """One hop as an order, for each amount: of an order the lens looks at nothing else.

        The orders of a hop differ by the amount alone, and there are hundreds of them: encoding each takes longer than
        the node takes to answer.
        """
        token0, token1, _ = self._tokens[pool.address]
        token_in, token_out = (token0, token1) if up else (token1, token0)
        order = (token_in, token_out, _MARK, 0, pool.address, 0, [(_MARK, [(pool.address, up)])])
        data = "0x" + abi.function("LiquidityLens", "quoteOrder").encode(order).hex()
        lens, tag = self._deployment.address("LiquidityLens"), hex(block)
        for amount in amounts:
            message = {"to": lens, "data": data.replace(f"{_MARK:064x}", f"{amount:064x}")}
            yield Question("eth_call", (message, tag), _first_word)

    def _ticks(self, pools: list[tuple[PoolRecord, int]], block: int) -> dict[str, tuple[tuple[int, int], ...]]:
        """(tick, liquidityNet) around each pool's price, with the ends of what was looked at."""
        reads = {pool.address: TickWords(tick, self._tokens[pool.address][2]) for pool, tick in pools}
        words = [(address, word) for address, read in reads.items() for word in read.words]
        answers = map(must, self._node.calls([Call(address, _BITMAP, (word,)) for address, word in words], block))
        bitmaps: dict[str, list[tuple[int, int]]] = {address: [] for address in reads}
        for (address, word), bitmap in zip(words, answers, strict=True):
            bitmaps[address].append((word, bitmap))
        wanted = [(address, tick) for address, read in reads.items() for tick in read.initialised(bitmaps[address])]
        answers = map(must, self._node.calls([Call(address, _TICKS, (tick,)) for address, tick in wanted], block))
        nets: dict[str, dict[int, int]] = {address: {} for address in reads}
        for (address, tick), answer in zip(wanted, answers, strict=True):
            nets[address][tick] = answer[1]
        return {address: read.complete(nets[address]) for address, read in reads.items()}


def _model_code(model: ModelInfo, block: int | str) -> Question:
    """Asks for the entries of a posted model: upper triangle by rows, 1e18 = 1.

    They are kept as the code of a contract (Solady SSTORE2: one byte, then the data).
    """
    size = 8 * model.size * (model.size + 1) // 2

    def read(code: str) -> list[int] | NodeRefused:
        data = bytes.fromhex(code[2:])[1:]
        if len(data) != size:
            return NodeRefused("covariance model", f"has {len(data)} bytes, not {size}", "check the node")
        return [int.from_bytes(data[at : at + 8], "big", signed=True) for at in range(0, size, 8)]

    return Question("eth_getCode", (model.pointer, block if isinstance(block, str) else hex(block)), read)


def _sizes(pool: PoolRecord, up: bool, largest: Mapping[str, int], smallest: Mapping[str, int]) -> list[int]:
    """Rising, the last what a trade may bring at most; several are below what the smallest one may."""
    if pool.market is None:
        return []
    token = pool.market.token0 if up else pool.market.token1
    most = largest.get(token, 0)
    apart = math.ceil(2 * math.log2(most / max(1, smallest.get(token, most)))) if most else 0
    halves = (math.isqrt((most * most) >> k) for k in reversed(range(max(_SAMPLES, apart + _BELOW))))
    return sorted({amount for amount in halves if amount})


def _paid(answer: int | ChainError) -> int:
    """Output of a quote, 0 where it was refused: by the lens, or by the node where a venue burns its gas."""
    return 0 if isinstance(answer, ChainError) else answer


def _first_word(answer: str) -> int | NodeRefused:
    """The first number that a function answered."""
    if len(answer) < 2 + 64:
        return NodeRefused("the lens", f"answered {shown(answer)}", "check the deployment file")
    return int(answer[2 : 2 + 64], 16)


def _samples(asked: Sequence[tuple[int, int]]) -> Samples:
    """Returns the samples from the first accepted amount to the last one before a refusal or a lower output."""
    found: list[tuple[int, int]] = []
    for amount, out in asked:
        if found and out < found[-1][1]:
            break
        if out:
            found.append((amount, out))
    return tuple(found)


def _risk_view(outcomes: Sequence[Any]) -> RiskView:
    state, limits, model, metrics = outcomes
    failed = metrics if isinstance(metrics, ChainError) else None
    if failed is not None and not isinstance(failed, Reverted):
        raise failed
    return RiskView(
        state=STATES[must(state)],
        limits=Limits(*must(limits)),
        model=_model(must(model)),
        metrics=None if failed else Metrics(*metrics),
        unavailable_reason=failed.revert.text if failed else "",
    )


def _model(raw: tuple[Any, ...]) -> ModelInfo:
    return ModelInfo(_checksum(raw[0]), *raw[1:])


def _checksum(address: str) -> str:
    return str(to_checksum_address(address))
