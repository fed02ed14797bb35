"""Reads what keepers decide from, at one block, in as few round trips as it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from eth_utils.address import to_checksum_address
from numpy.typing import NDArray

from keepers.chain import abi
from keepers.chain.abi import Fragment
from keepers.chain.deployment import Deployment, PoolRecord
from keepers.chain.errors import ChainError, Reverted
from keepers.chain.node import Call, Node, must
from keepers.risk.fixed_point import from_fixed_point
from keepers.routing.pools import Pool, V2Pool, V3Pool
from keepers.routing.v3_math import MAX_TICK, MIN_TICK

WAD = 10**18
STATES = ("Normal", "DeRiskOnly", "Halted")
"""IRiskEngine.State by number."""

_WORDS = 2
"""Words of 256 tick spacings read on each side of a pool's price; quotes do not go further."""

_TOKEN0 = Fragment("token0", (), outputs=("address",))
_TOKEN1 = Fragment("token1", (), outputs=("address",))
_RESERVES = Fragment("getReserves", (), outputs=("uint112", "uint112", "uint32"))
_SPACING = Fragment("tickSpacing", (), outputs=("int24",))
_SLOT0 = Fragment("slot0", (), outputs=("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool"))
_LIQUIDITY = Fragment("liquidity", (), outputs=("uint128",))
_BITMAP = Fragment("tickBitmap", ("int16",), outputs=("uint256",))
_TICKS = Fragment(
    "ticks",
    ("int24",),
    outputs=("uint128", "int128", "uint256", "uint256", "int56", "uint160", "uint32", "bool"),
)
_DECIMALS = Fragment("decimals", (), outputs=("uint8",))


@dataclass(frozen=True)
class Limits:
    """IRiskEngine.Limits, basis points of NAV."""

    max_var99_bps: int
    max_weight_bps: int
    max_drawdown_bps: int
    halt_drawdown_bps: int


@dataclass(frozen=True)
class Metrics:
    """IRiskEngine.Metrics, all WAD: nav USD, sharePrice settlement tokens, the rest fractions."""

    nav: int
    volatility: int
    var95: int
    var99: int
    max_weight: int
    share_price: int
    high_water_mark: int
    drawdown: int

    def breaches(self, limits: Limits) -> list[str]:
        """Names of the limits that are breached: "VaR", "weight", "drawdown"."""
        pairs = (
            ("VaR", self.var99, limits.max_var99_bps),
            ("weight", self.max_weight, limits.max_weight_bps),
            ("drawdown", self.drawdown, limits.max_drawdown_bps),
        )
        return [name for name, value, bound in pairs if value > bound * WAD // 10_000]


@dataclass(frozen=True)
class ModelInfo:
    """IRiskEngine.ModelInfo; the nonce is zero before the first model."""

    pointer: str
    as_of: int
    expiry: int
    size: int
    nonce: int


@dataclass(frozen=True)
class RiskView:
    """What the risk engine says about a portfolio.

    Attributes:
        state: Of STATES.
        limits: Risk limits.
        model: Of the portfolio's universe.
        metrics: None where the chain cannot compute them.
        why_not: The decoded reason for that, otherwise "".
    """

    state: str
    limits: Limits
    model: ModelInfo
    metrics: Metrics | None
    why_not: str

    def breaches(self) -> list[str]:
        """As `Metrics.breaches`; empty where there are no metrics."""
        return self.metrics.breaches(self.limits) if self.metrics else []


@dataclass(frozen=True, eq=False)
class PortfolioState:
    """A portfolio at one block. Lists are in the order of `assets`, the settlement token first.

    Attributes:
        address: Of the portfolio.
        block: Height.
        assets: Addresses.
        decimals: Of each.
        balances: Smallest units.
        values: WAD USD.
        prices: WAD USD a whole token.
        risk: What the risk engine says.
        covariance: (assets - 1, assets - 1), daily, of the risky assets, as the posted model has it; None
            before the first model.
        loss_level, loss_capacity: WAD of NAV in the loss bucket, and what it holds.
    """

    address: str
    block: int
    assets: tuple[str, ...]
    decimals: tuple[int, ...]
    balances: tuple[int, ...]
    values: tuple[int, ...]
    prices: tuple[int, ...]
    risk: RiskView
    covariance: NDArray[np.float64] | None
    loss_level: int
    loss_capacity: int

    @property
    def nav(self) -> int:
        """WAD USD."""
        return sum(self.values)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(assets - 1,), of the risky assets, fractions of NAV; zeros for an empty portfolio."""
        nav = self.nav
        risky = [value / nav if nav else 0.0 for value in self.values[1:]]
        return np.array(risky, dtype=np.float64)


class Reader:
    """Reads portfolios and pools of a deployment; what never changes is read once.

    Args:
        node: Where from.
        deployment: What is where.
    """

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self._node = node
        self._deployment = deployment
        self._decimals: dict[str, int] = {}
        self._tokens: dict[str, tuple[str, str, int]] = {}
        self._universes: dict[bytes, tuple[str, ...]] = {}

    def model(self, universe: bytes, block: int | str = "latest") -> ModelInfo:
        """The last accepted model of a universe."""
        function = abi.function("RiskEngine", "modelOf")
        return _model(self._node.call(self._engine, function, universe, block=block))

    def universe_assets(self, universe: bytes) -> tuple[str, ...]:
        """Token addresses of a universe, whose order never changes.

        Raises:
            ChainError: If there is no such universe.
        """
        if universe not in self._universes:
            function = abi.function("RiskEngine", "universeAssets")
            found = tuple(map(_checksum, self._node.call(self._engine, function, universe)))
            if not found:
                raise ChainError(f"universe 0x{universe.hex()}", "unknown to the risk engine", "deploy it first")
            self._universes[universe] = found
        return self._universes[universe]

    def risk(self, portfolio: str, universe: bytes, block: int | str = "latest") -> RiskView:
        """What the risk engine says about a portfolio, in one round trip."""
        return _risk_view(self._node.calls(self._risk_calls(portfolio, universe), block))

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
        assets, balances, values = must(outcomes[0])
        level, capacity, _ = must(outcomes[1])
        risk = _risk_view(outcomes[2:])
        addresses = tuple(map(_checksum, assets))
        prices, code = self._prices_and_model(addresses, risk.model, block)
        return PortfolioState(
            address=record.address,
            block=block,
            assets=addresses,
            decimals=self._decimals_of(addresses),
            balances=tuple(balances),
            values=tuple(values),
            prices=prices,
            risk=risk,
            covariance=self._covariance(code, record.universe, addresses[1:]),
            loss_level=level,
            loss_capacity=capacity,
        )

    def pools(self, tokens: Sequence[str], block: int) -> tuple[Pool, ...]:
        """Listed pools of which both tokens are among `tokens`, in three round trips; without empty ones.

        Raises:
            ChainError: If a pool cannot be read.
        """
        wanted = set(tokens)
        ends = self._pool_tokens()
        records = [pool for pool in self._deployment.pools if set(ends[pool.address][:2]) <= wanted]
        v2 = [pool for pool in records if pool.kind == "uniswap-v2"]
        v3 = [pool for pool in records if pool.kind == "uniswap-v3"]
        calls = [Call(pool.address, _RESERVES) for pool in v2]
        for pool in v3:
            calls += [Call(pool.address, _SLOT0), Call(pool.address, _LIQUIDITY)]
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
        return tuple(found)

    @property
    def _engine(self) -> str:
        return self._deployment.address("RiskEngine")

    def _risk_calls(self, portfolio: str, universe: bytes) -> list[Call]:
        ask = (("stateOf", portfolio), ("limitsOf", portfolio), ("modelOf", universe), ("metrics", portfolio))
        return [Call(self._engine, abi.function("RiskEngine", name), (argument,)) for name, argument in ask]

    def _prices_and_model(self, assets: tuple[str, ...], model: ModelInfo, block: int) -> tuple[tuple[int, ...], bytes]:
        prices = Call(self._deployment.address("PriceOracle"), abi.function("PriceOracle", "prices"), (assets,))
        code = ("eth_getCode", [model.pointer, hex(block)])
        raw_prices, raw_code = self._node.batch([prices.request(block), code])
        data = bytes.fromhex(must(raw_prices).removeprefix("0x"))
        found = tuple(prices.function.decode_output(data))
        return found, bytes.fromhex(must(raw_code).removeprefix("0x")) if model.nonce else b""

    def _covariance(self, code: bytes, universe: bytes, risky: tuple[str, ...]) -> NDArray[np.float64] | None:
        if not code:
            return None
        matrix = from_fixed_point(unpack_model(code))
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
        unknown = [pool for pool in self._deployment.pools if pool.address not in self._tokens]
        calls: list[Call] = []
        for pool in unknown:
            last = _SPACING if pool.kind == "uniswap-v3" else _TOKEN1
            calls += [Call(pool.address, function) for function in (_TOKEN0, _TOKEN1, last)]
        answers = [must(answer) for answer in self._node.calls(calls)] if calls else []
        for position, pool in enumerate(unknown):
            token0, token1, spacing = answers[3 * position : 3 * position + 3]
            size = spacing if pool.kind == "uniswap-v3" else 0
            self._tokens[pool.address] = _checksum(token0), _checksum(token1), size
        return self._tokens

    def _v2(self, pool: PoolRecord, reserves: tuple[int, int, int]) -> V2Pool:
        token0, token1, _ = self._tokens[pool.address]
        return V2Pool(pool.address, token0, token1, reserves[0], reserves[1], pool.fee)

    def _v3(self, pool: PoolRecord, slot0: Any, liquidity: int, ticks: tuple[tuple[int, int], ...]) -> V3Pool:
        token0, token1, spacing = self._tokens[pool.address]
        return V3Pool(pool.address, token0, token1, slot0[0], slot0[1], liquidity, pool.fee, spacing, ticks)

    def _ticks(self, pools: list[tuple[PoolRecord, int]], block: int) -> dict[str, tuple[tuple[int, int], ...]]:
        """(tick, liquidityNet) around each pool's price, with the ends of what was looked at."""
        words = [(pool, word) for pool, tick in pools for word in _words_around(tick, self._tokens[pool.address][2])]
        bitmaps = self._node.calls([Call(pool.address, _BITMAP, (word,)) for pool, word in words], block)
        wanted = [
            (pool, (word * 256 + bit) * self._tokens[pool.address][2])
            for (pool, word), bitmap in zip(words, map(must, bitmaps), strict=True)
            for bit in range(256)
            if bitmap >> bit & 1
        ]
        answers = self._node.calls([Call(pool.address, _TICKS, (tick,)) for pool, tick in wanted], block)
        found: dict[str, dict[int, int]] = {
            pool.address: dict.fromkeys(_ends(tick, self._tokens[pool.address][2]), 0) for pool, tick in pools
        }
        for (pool, tick), answer in zip(wanted, map(must, answers), strict=True):
            found[pool.address][tick] = answer[1]
        return {address: tuple(sorted(ticks.items())) for address, ticks in found.items()}


def unpack_model(code: bytes) -> list[int]:
    """Entries of a posted model from the code that holds it (Solady SSTORE2: one byte, then the data).

    Returns:
        Upper triangle by rows, 1e18 = 1.
    """
    data = code[1:]
    return [int.from_bytes(data[at : at + 8], "big", signed=True) for at in range(0, len(data), 8)]


def _words_around(tick: int, spacing: int) -> range:
    middle = tick // spacing >> 8
    lowest, highest = MIN_TICK // spacing >> 8, MAX_TICK // spacing >> 8
    return range(max(middle - _WORDS, lowest), min(middle + _WORDS, highest) + 1)


def _ends(tick: int, spacing: int) -> tuple[int, int]:
    """First and last tick of the words that are read, where nothing is initialised unless it is found so."""
    words = _words_around(tick, spacing)
    lowest, highest = math.ceil(MIN_TICK / spacing), MAX_TICK // spacing
    return max(words[0] * 256, lowest) * spacing, min(words[-1] * 256 + 255, highest) * spacing


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
        why_not=failed.revert.text if failed else "",
    )


def _model(raw: tuple[Any, ...]) -> ModelInfo:
    pointer, as_of, expiry, size, nonce = raw
    return ModelInfo(_checksum(pointer), as_of, expiry, size, nonce)


def _checksum(address: str) -> str:
    return str(to_checksum_address(address))
