"""Orders of a rebalance, in the words that the chain takes them in. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keepers.abi.words import hash_words
from keepers.errors import KeeperError

_UP, _LAST, _QUOTE_WORDS = 1 << 160, 1 << 161, 168
"""Bits of a hop's word: token0 goes in, and the hop is its path's last one."""
_MOST = 2**112 - 1
"""Largest amount that an order has room for, smallest units."""


class OrderError(KeeperError):
    """An order that the chain has no words for, or words that are no order."""


@dataclass(frozen=True)
class Order:
    """One order of a rebalance, which IPortfolio.execute takes in words.

    Attributes:
        token_in, token_out: Addresses.
        amount_in: Smallest units; the sum over the paths.
        min_amount_out: Smallest units.
        paths: (amount in, hops), hops (pool, zero for one).
    """

    token_in: str
    token_out: str
    amount_in: int
    min_amount_out: int
    paths: tuple[tuple[int, tuple[tuple[str, bool], ...]], ...]

    def words(self, assets: Sequence[str]) -> tuple[int, ...]:
        """A head and its route; the layout is IPortfolio.execute's.

        Args:
            assets: Addresses, the portfolio's list.

        Raises:
            OrderError: If a token is not on the list, or an amount has more than 112 bits.
        """
        route = [word for amount, hops in self.paths for word in (amount, *_hop_words(hops))]
        for amount in (self.amount_in, self.min_amount_out):
            if not 0 <= amount <= _MOST:
                raise OrderError(f"order of {amount}", "an order has room for 112 bits", "split it")
        indices = _index_of(self.token_in, assets) | _index_of(self.token_out, assets) << 8
        return (indices | len(route) << 16 | self.amount_in << 32 | self.min_amount_out << 144, *route)


def order_words(orders: Sequence[Order], assets: Sequence[str]) -> tuple[int, ...]:
    """Orders as AutoRebalancer.rebalance takes them.

    Args:
        orders: Orders in the sequence of execution.
        assets: Addresses, the portfolio's list.

    Raises:
        OrderError: If `Order.words` raises it.
    """
    return tuple(word for order in orders for word in order.words(assets))


def orders_of(words: Sequence[int], assets: Sequence[str]) -> tuple[Order, ...]:
    """The orders in words: `order_words` backwards.

    Raises:
        OrderError: If they are no orders of these assets.
    """
    found, rest = [], list(words)
    while rest:
        head, length = rest[0], rest[0] >> 16 & 0xFFFF
        sold, bought, route = head & 0xFF, head >> 8 & 0xFF, rest[1 : 1 + length]
        if len(route) != length or max(sold, bought) >= len(assets):
            raise OrderError("orders", "cannot be read", "check the portfolio's list of assets")
        amounts = head >> 32 & _MOST, head >> 144 & _MOST
        found.append(Order(assets[sold], assets[bought], *amounts, tuple(_paths_of(route))))
        rest = rest[1 + length :]
    return tuple(found)


def hash_orders(words: Sequence[int]) -> bytes:
    """keccak256 of orders in words, 32 bytes: `RebalanceSignal.orders_hash`."""
    return hash_words(words)


def _hop_words(hops: Sequence[tuple[str, bool]]) -> list[int]:
    words = [int(pool, 16) | (_UP if zero_for_one else 0) for pool, zero_for_one in hops]
    return [*words[:-1], words[-1] | _LAST]


def _paths_of(route: Sequence[int]) -> Iterator[tuple[int, tuple[tuple[str, bool], ...]]]:
    amount: int | None = None
    hops: list[tuple[str, bool]] = []
    words = iter(route)
    for word in words:
        if amount is None:
            amount = word
            continue
        # A signed quote says nothing about the way that an order takes.
        for _ in range(word >> _QUOTE_WORDS & 0xFF):
            next(words, None)
        hops.append((to_checksum_address(f"0x{word & (1 << 160) - 1:040x}"), bool(word & _UP)))
        if word & _LAST:
            yield amount, tuple(hops)
            amount, hops = None, []


def _index_of(token: str, assets: Sequence[str]) -> int:
    lowered = [asset.lower() for asset in assets]
    if token.lower() not in lowered:
        raise OrderError(f"order of {token}", "it is not among the portfolio's assets", "read the list again")
    return lowered.index(token.lower())
