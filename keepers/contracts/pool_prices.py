"""Closes out of listed pools: the time-weighted price over the minutes before each day's cut time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from keepers.abi import Fragment
from keepers.contracts.deployment import Deployment, PoolRecord
from keepers.contracts.pool_functions import LIQUIDITY, RESERVES, SLOT0, TOKEN0, TOKEN1
from keepers.market.close_time import close_of
from keepers.market.prices import NoCloses, PriceError, Prices
from keepers.routing.markets import VenueKind
from keepers.rpc.errors import NodeRefused, Reverted
from keepers.rpc.node import Block, Call, Node, must

_DECIMALS = Fragment("decimals", (), outputs=("uint8",))
_CUMULATIVE = Fragment("price0CumulativeLast", (), outputs=("uint256",))
_OBSERVE = Fragment("observe", ("uint32[]",), outputs=("int56[]", "uint160[]"))
_KINDS = (VenueKind.UNISWAP_V2, VenueKind.UNISWAP_V3)
_FINAL = 1024
"""Blocks below the head that no reorganisation reaches."""


@dataclass(frozen=True)
class _Span:
    """The window before a cut.

    Attributes:
        cut: Unix seconds.
        end, begin: Last blocks by the cut and by the window's begin; None before the deployment's.
    """

    cut: int
    end: Block | None
    begin: Block | None


_Whole = tuple[int, Block, Block]
"""A span whose blocks are there: cut, end, begin."""


@dataclass(frozen=True)
class _Pool:
    """A pool of an asset and the settlement token.

    Attributes:
        record: The pool in the deployment.
        settles_in_token0: True if the settlement token is the pool's first.
        scale: 10^(decimals of token0 - decimals of token1): price in whole tokens by price in smallest units.
    """

    record: PoolRecord
    settles_in_token0: bool
    scale: float

    def worth(self, price: float) -> float:
        """Price of the asset in the settlement token, whole tokens, from that of token0 in token1, smallest units."""
        whole = price * self.scale
        return 1.0 / whole if self.settles_in_token0 else whole


class PoolPrices:
    """A price source that reads pools of Uniswap V2 and V3 and their forks at the blocks of the cut times.

    A day's close is the mean price over the window before the cut: of the tick in V3 (Adams et al. 2021, "Uniswap v3
    Core", 5.1 and 5.2), of the price in V2 (Adams, Zinsmeister and Robinson 2020, "Uniswap v2 Core", 2.2). Whoever
    moves a pool for one block moves it little. The pool is the one with the most of the settlement token within reach
    at the last day's cut. Blocks of the past need a node that keeps their state.

    Args:
        node: Node to read from.
        deployment: Deployment with the pools.
        settlement: Address of the token that closes are in.
        days: Calendar days that are looked back.
        window: Seconds before the cut over which prices are averaged.
    """

    def __init__(self, node: Node, deployment: Deployment, settlement: str, days: int, window: int) -> None:
        self._node = node
        self._deployment = deployment
        self._settlement = settlement.lower()
        self._days = days
        self._window = window
        self._blocks: dict[int, Block] = {}
        self._pools: dict[str, tuple[_Pool, ...]] = {}

    def version(self) -> Hashable:
        """The newest block's day and hour: pools trade at any time."""
        return self._node.latest().timestamp // 3600

    def closes(self, symbols: Sequence[str], until: date) -> Prices:
        """Closes of `symbols`, in that order, of the days up to and including `until`.

        Raises:
            PriceError: If a symbol has no such pool, or the deepest one keeps no observations of the window.
            NoCloses: If there is no day on which all of them had a price.
            ChainError: If the node does not answer.
        """
        days = [until - timedelta(days=back) for back in range(self._days, -1, -1)]
        cuts = [close_of(day) for day in days]
        blocks = self._blocks_at([*cuts, *(cut - self._window for cut in cuts)])
        spans = [_Span(cut, *both) for cut, *both in zip(cuts, blocks[: len(days)], blocks[len(days) :], strict=True)]
        columns = [self._column(symbol, spans) for symbol in symbols]
        rows = [at for at in range(len(days)) if all(column[at] is not None for column in columns)]
        if not rows:
            reason = f"no day within {self._days} days up to {until} on which every pool had a price"
            raise NoCloses(", ".join(symbols), reason, "use a node that keeps past states, or another source")
        closes = np.array([[column[at] for column in columns] for at in rows], dtype=np.float64)
        return Prices(tuple(days[at] for at in rows), tuple(symbols), closes)

    def _column(self, symbol: str, spans: Sequence[_Span]) -> list[float | None]:
        """Prices of a symbol over spans; None where there was none."""
        last = next((span.end for span in reversed(spans) if span.end is not None), None)
        if last is None:
            return [None] * len(spans)
        pool = self._deepest(symbol, last)
        whole = [(span.cut, span.end, span.begin) for span in spans if span.end is not None and span.begin is not None]
        read = self._v2 if pool.record.venue == VenueKind.UNISWAP_V2 else self._v3
        found = dict(zip([cut for cut, _, _ in whole], read(pool, whole), strict=True))
        return [found.get(span.cut) for span in spans]

    # -- Pools

    def _deepest(self, symbol: str, block: Block) -> _Pool:
        """The pool of a symbol with the most of the settlement token within reach at a block."""
        pools = self._pools_of(symbol)
        calls = [
            Call(pool.record.address, function)
            for pool in pools
            for function in ((RESERVES,) if pool.record.venue == VenueKind.UNISWAP_V2 else (SLOT0, LIQUIDITY))
        ]
        answers = iter(self._node.calls(calls, block.number))
        depths = [self._reach(pool, answers) for pool in pools]
        if not pools or max(depths) <= 0:
            reason = "no listed pool of Uniswap V2 or V3 against the settlement token holds any of it"
            raise PriceError(symbol, reason, "list one, or use another source")
        return pools[int(np.argmax(depths))]

    def _reach(self, pool: _Pool, answers: Iterator[Any]) -> float:
        """Settlement tokens that the pool holds, or would hold if its liquidity went on for ever, smallest units."""
        first = next(answers)
        if pool.record.venue == VenueKind.UNISWAP_V2:
            return 0.0 if _failed(first) else float(first[0 if pool.settles_in_token0 else 1])
        liquidity = next(answers)
        if _failed(first) or _failed(liquidity) or not first[0]:
            return 0.0
        root = float(first[0]) / 2.0**96
        return float(liquidity) / root if pool.settles_in_token0 else float(liquidity) * root

    def _pools_of(self, symbol: str) -> tuple[_Pool, ...]:
        """Pools of a symbol and the settlement token; they are looked for once."""
        if symbol not in self._deployment.tokens:
            known = ", ".join(self._deployment.tokens) or "none"
            raise PriceError(symbol, f"not in {self._deployment.path}", f"choose from {known}")
        if symbol not in self._pools:
            asset = self._deployment.tokens[symbol].lower()
            records = [pool for pool in self._deployment.pools if pool.venue in _KINDS]
            calls = [Call(pool.address, function) for pool in records for function in (TOKEN0, TOKEN1)]
            ends = [str(must(answer)).lower() for answer in self._node.calls(calls)]
            pairs = list(zip(records, ends[::2], ends[1::2], strict=True))
            mine = [(record, first) for record, first, other in pairs if {first, other} == {asset, self._settlement}]
            asked = [Call(token, _DECIMALS) for token in (asset, self._settlement)]
            of_asset, of_settlement = (int(must(answer)) for answer in self._node.calls(asked))
            self._pools[symbol] = tuple(
                _Pool(record, first == self._settlement, 10.0 ** _exponent(first == asset, of_asset, of_settlement))
                for record, first in mine
            )
        return self._pools[symbol]

    # -- Prices over a window

    def _v3(self, pool: _Pool, spans: Sequence[_Whole]) -> list[float | None]:
        """Prices of the mean ticks over the windows before the cuts."""
        asked = [
            request
            for cut, end, _ in spans
            for request in (
                Call(pool.record.address, SLOT0).request(end.number),
                Call(pool.record.address, _OBSERVE, ([max(0, end.timestamp - cut + self._window), 0],)).request(
                    end.number
                ),
            )
        ]
        answers = self._node.batch(asked)
        found: list[float | None] = []
        for (cut, end, _), slot0, observed in zip(spans, answers[::2], answers[1::2], strict=True):
            if _failed(slot0) or _failed(observed):
                found.append(None)
                continue
            # The pool kept the last block's tick until the cut, for at most the whole window.
            stood = min(cut - end.timestamp, self._window)
            before, after = observed[0]
            found.append(pool.worth(1.0001 ** ((after - before + slot0[1] * stood) / self._window)))
        if spans and found[-1] is None:
            reason = f"{pool.record.address} keeps no observations of the window before the last cut"
            raise PriceError("prices.sources", reason, "raise its observation cardinality, or shorten window_minutes")
        return found

    def _v2(self, pool: _Pool, spans: Sequence[_Whole]) -> list[float | None]:
        """Mean prices of token0 over the windows before the cuts."""
        moments = [moment for cut, end, begin in spans for moment in ((cut, end), (cut - self._window, begin))]
        asked = [
            Call(pool.record.address, function).request(block.number)
            for _, block in moments
            for function in (RESERVES, _CUMULATIVE)
        ]
        answers = self._node.batch(asked)
        sums = [
            _accumulated(reserves, cumulative, time)
            for reserves, cumulative, (time, _) in zip(answers[::2], answers[1::2], moments, strict=True)
        ]
        found: list[float | None] = []
        for after, before in zip(sums[::2], sums[1::2], strict=True):
            if after is None or before is None:
                found.append(None)
            else:
                found.append(pool.worth((after - before) % 2**256 / self._window / 2.0**112))
        return found

    # -- Blocks

    def _blocks_at(self, times: Sequence[int]) -> list[Block | None]:
        """The last block of each time, none before the deployment's; all are searched for side by side."""
        head = self._node.latest()
        low = dict.fromkeys(times, self._deployment.block)
        high = dict.fromkeys(times, head.number)
        known: dict[int, Block] = {head.number: head, **self._blocks}
        while open_ := [time for time in low if low[time] <= high[time]]:
            middles = {time: (low[time] + high[time]) // 2 for time in open_}
            self._learn(known, sorted(set(middles.values()) - known.keys()))
            for time, middle in middles.items():
                if known[middle].timestamp <= time:
                    low[time] = middle + 1
                else:
                    high[time] = middle - 1
        # A block that is deep below the head is not taken back.
        self._blocks = {number: block for number, block in known.items() if number < head.number - _FINAL}
        return [known[high[time]] if high[time] >= self._deployment.block else None for time in times]

    def _learn(self, known: dict[int, Block], numbers: Sequence[int]) -> None:
        for number, block in zip(numbers, self._node.blocks(numbers), strict=True):
            if block is None:
                raise NodeRefused(f"block {number}", "unknown to the node", "wait for it to catch up")
            known[number] = block


def _failed(answer: Any) -> bool:
    """True for a pool that was not there yet, or refuses."""
    return isinstance(answer, Reverted | NodeRefused)


def _exponent(asset_first: bool, of_asset: int, of_settlement: int) -> int:
    """Decimals of token0 less those of token1."""
    return of_asset - of_settlement if asset_first else of_settlement - of_asset


def _accumulated(reserves: Any, cumulative: Any, timestamp: int) -> int | None:
    """Sum over seconds of a V2 pool's price of token0 at a time, UQ112.112; None for a pool that was not there."""
    if _failed(reserves) or _failed(cumulative) or not reserves[0]:
        return None
    first, second, last = map(int, reserves)
    return int(cumulative) + ((second << 112) // first) * ((timestamp - last) % 2**32)


def settlement_of(node: Node, portfolio: str) -> str:
    """Address of the token that a portfolio's shares are settled in."""
    return str(node.call(portfolio, Fragment("asset", (), outputs=("address",))))
