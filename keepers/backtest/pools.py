"""Costs of trading after a close: a pool of each asset at the close's price, or a flat cost. No I/O.

Arbitrage brings a pool to the close and refills it before keepers act, as `make demo` has it: a simulated portfolio
moves a pool for its own later orders of the same rebalance, and for nobody after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers.backtest.arithmetic import BPS, WAD
from keepers.backtest.terms import Costs
from keepers.routing.pools import Pool, QuotedPool, V2Pool, V3Pool, proceeds
from keepers.routing.weighted import WeightedPool

_LARGEST_USD = 10**12
"""USD up to which a flat cost is quoted."""


@dataclass(frozen=True)
class Listing:
    """The assets of a portfolio, the settlement token first.

    Attributes:
        symbols: Symbol of each.
        addresses: Address of each.
        decimals: Decimals of each.
    """

    symbols: tuple[str, ...]
    addresses: tuple[str, ...]
    decimals: tuple[int, ...]

    @classmethod
    def of(cls, symbols: Sequence[str]) -> Listing:
        """A listing of stocks with 18 decimals and a settlement token with six, at addresses of its own."""
        addresses = tuple(f"0x{number:040x}" for number in range(1, len(symbols) + 2))
        return cls(("USD", *symbols), addresses, (6, *(18 for _ in symbols)))


def pools_at(listing: Listing, prices: Sequence[int], costs: Costs) -> tuple[Pool, ...]:
    """A pool of each risky asset against the settlement token.

    Args:
        listing: Assets.
        prices: WAD USD a whole token of each asset, the settlement token first.
        costs: Depth and fee, or a flat cost.
    """
    found: list[Pool] = []
    cash, unit = listing.addresses[0], 10 ** listing.decimals[0]
    for number, (token, price, decimals) in enumerate(
        zip(listing.addresses[1:], prices[1:], listing.decimals[1:], strict=True), 1
    ):
        address = f"0x{number + (1 << 32):040x}"
        if costs.flat_bps is not None:
            found.append(_flat(address, (cash, token), (unit, 10**decimals), (prices[0], price), costs.flat_bps))
            continue
        settlement = int(costs.pool_usd * unit)
        stock = settlement * prices[0] * 10**decimals // (price * unit)
        found.append(V2Pool(address, cash, token, settlement, stock, costs.fee_pips))
    return tuple(found)


def depths_of(listing: Listing, prices: Sequence[int], pools: Sequence[Pool], fall_bps: int) -> tuple[int, ...]:
    """WAD USD a day that each asset can be sold for, as a depth report of this moment has it; cash first.

    Args:
        listing: Assets.
        prices: WAD USD a whole token of each asset.
        pools: Pools at the same moment.
        fall_bps: Fall of a pool's price up to which what it pays counts.
    """
    unit = 10 ** listing.decimals[0]
    found = [0]
    for token in listing.addresses[1:]:
        paid = 0
        for pool in pools:
            if token not in (pool.token0, pool.token1):
                continue
            if isinstance(pool, V2Pool | V3Pool):
                paid += proceeds(pool, token, fall_bps)
            elif isinstance(pool, QuotedPool | WeightedPool):
                paid += _LARGEST_USD * unit
        found.append(paid * prices[0] // unit)
    return tuple(found)


def _flat(
    address: str, tokens: tuple[str, str], units: tuple[int, int], prices: tuple[int, int], cost_bps: float
) -> QuotedPool:
    """A market that pays the oracle's price less a part of it, whatever the amount."""
    kept = int((1 - cost_bps / BPS) * WAD)
    cash = _LARGEST_USD * units[0]
    stock = cash * prices[0] * units[1] // (prices[1] * units[0])
    return QuotedPool(address, *tokens, address, ((cash, stock * kept // WAD),), ((stock, cash * kept // WAD),))
