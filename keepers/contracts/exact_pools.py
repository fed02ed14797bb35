"""Markets whose state and maths are known beyond Uniswap V2 and V3, so that any amount is quoted to the wei.

A listed market can be something else than its kind says: a hook that changes amounts, a pool with a formula of its
own. So what is read here counts only where it says what the chain quotes, for every amount that was asked
(`keepers.contracts.known_pools.agrees`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keepers.abi import Fragment
from keepers.contracts.crypto_pools import read_crypto
from keepers.contracts.deployment import PoolRecord
from keepers.contracts.known_pools import Known
from keepers.contracts.stable_pools import read_stable, read_vaults
from keepers.contracts.tick_words import TickWords
from keepers.routing.errors import RoutingError
from keepers.routing.markets import COIN_IS_TOKEN0, COIN_IS_TOKEN1, Market, VenueKind
from keepers.routing.pools import Pool, V3Pool
from keepers.routing.stable import StableKind, StablePool
from keepers.routing.v3_math import PIPS
from keepers.routing.weighted import WeightedPool
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Call, Node

_EXTSLOAD = Fragment("extsload", ("bytes32",), outputs=("bytes32",))
_POOL_TOKENS = Fragment("getPoolTokens", ("bytes32",), outputs=("address[]", "uint256[]", "uint256"))
_WEIGHTS = Fragment("getNormalizedWeights", (), outputs=("uint256[]",))
_FEE = Fragment("getSwapFeePercentage", (), outputs=("uint256",))
_AMPLIFICATION = Fragment("getAmplificationParameter", (), outputs=("uint256", "bool", "uint256"))
_SCALING = Fragment("getScalingFactors", (), outputs=("uint256[]",))

_POOLS_SLOT = 6
"""Slot of the mapping of pools in v4-core's PoolManager (its StateLibrary)."""
_LIQUIDITY_AT, _TICKS_AT, _BITMAP_AT = 3, 4, 5
"""Places of a pool's state, counted from its first slot."""
_DYNAMIC_FEE = 0x800000


@dataclass(frozen=True)
class _Parts:
    """Calls whose answers make a market, and what makes it of them; None where it is not of the known form."""

    calls: list[Call]
    made: Callable[[list[Any]], Pool | None]


def read_exact(
    node: Node, records: Iterable[PoolRecord], decimals: Mapping[str, int], block: int
) -> dict[str, list[Known]]:
    """Returns the readings of the markets among the records whose maths is known, by address, at a block.

    Pools of Uniswap V4 with hooks, a dynamic fee, the chain's own coin or a protocol fee that differs by direction are
    left out.

    Args:
        node: Node to read from.
        records: Any listed markets.
        decimals: Decimals of their tokens.
        block: Height.

    Raises:
        NodeUnreachable: If there is no answer.
    """
    markets = [(record, record.market) for record in records if record.market is not None]
    parts = {
        record.address: made
        for record, market in markets
        if (made := _balancer_parts(record.kind, market, decimals)) is not None
    }
    listed = [market for _, market in markets]
    pools = _assembled(node, parts, block)
    pools |= _v4_pools(node, [market for market in listed if _is_plain_v4(market)], block)
    found = {address: [Known(pool)] for address, pool in pools.items()}
    for read in (read_stable, read_crypto, read_vaults):
        found |= read(node, listed, decimals, block)
    return found


def _assembled(node: Node, parts: Mapping[str, _Parts], block: int) -> dict[str, Pool]:
    answers = iter(node.calls([call for part in parts.values() for call in part.calls], block) if parts else [])
    found: dict[str, Pool] = {}
    for address, part in parts.items():
        given = [next(answers) for _ in part.calls]
        if any(isinstance(answer, ChainError) for answer in given):
            continue
        try:
            pool = part.made(given)
        except RoutingError:
            continue
        if pool is not None:
            found[address] = pool
    return found


# -- Balancer V2


def _balancer_parts(kind: str, market: Market, decimals: Mapping[str, int]) -> _Parts | None:
    if market.kind != VenueKind.BALANCER_V2:
        return None
    pool = str(to_checksum_address(market.id[:20]))
    calls = [Call(market.target, _POOL_TOKENS, (market.id,)), Call(pool, _FEE)]
    if kind == "balancer-weighted":
        return _Parts([*calls, Call(pool, _WEIGHTS)], partial(_weighted, market, decimals))
    return _Parts([*calls, Call(pool, _AMPLIFICATION), Call(pool, _SCALING)], partial(_stable, market, pool))


def _weighted(market: Market, decimals: Mapping[str, int], answers: list[Any]) -> Pool | None:
    (tokens, balances, _), fee, weights = answers
    ends = _ends(market, tokens)
    if ends is None or len(weights) != len(tokens):
        return None
    zero, one = ends
    places = decimals[market.token0], decimals[market.token1]
    held, shares = (balances[zero], balances[one]), (weights[zero], weights[one])
    return WeightedPool(market.key, market.token0, market.token1, market.source, *held, *shares, fee, *places)


def _stable(market: Market, pool: str, answers: list[Any]) -> Pool | None:
    (tokens, balances, _), fee, (amplification, _, _), factors = answers
    own = pool.lower()
    kept = [place for place, token in enumerate(tokens) if token.lower() != own]
    ends = _ends(market, [tokens[place] for place in kept])
    if ends is None or len(factors) != len(tokens):
        return None
    return StablePool(
        market.key,
        market.token0,
        market.token1,
        market.source,
        StableKind.BALANCER,
        tuple(balances[place] for place in kept),
        tuple(factors[place] for place in kept),
        *ends,
        amplification,
        fee,
    )


def _ends(market: Market, tokens: Sequence[str]) -> tuple[int, int] | None:
    """Positions of the market's tokens."""
    places = {token.lower(): place for place, token in enumerate(tokens)}
    zero, one = places.get(market.token0.lower()), places.get(market.token1.lower())
    return None if zero is None or one is None else (zero, one)


# -- Uniswap V4


def _is_plain_v4(market: Market) -> bool:
    hooks, coin = any(market.id), market.param & (COIN_IS_TOKEN0 | COIN_IS_TOKEN1)
    return market.kind == VenueKind.UNISWAP_V4 and not hooks and not coin and market.fee != _DYNAMIC_FEE


def _v4_pools(node: Node, markets: Sequence[Market], block: int) -> dict[str, Pool]:
    """Pools in three round trips: prices and liquidity, bitmaps, ticks."""
    calls = [_at(market, _first_slot(market) + place) for market in markets for place in (0, _LIQUIDITY_AT)]
    words = [answer if isinstance(answer, ChainError) else _number(answer) for answer in node.calls(calls, block)]
    states = {
        market.key: (market, slot0, liquidity)
        for market, slot0, liquidity in zip(markets, words[::2], words[1::2], strict=True)
        if not isinstance(slot0, ChainError) and not isinstance(liquidity, ChainError) and slot0
    }
    reads = {key: TickWords(_signed(slot0 >> 160, 24), market.param) for key, (market, slot0, _) in states.items()}
    ticks = _v4_ticks(node, {key: states[key][0] for key in states}, reads, block)
    found: dict[str, Pool] = {}
    for key, (market, slot0, liquidity) in states.items():
        fee = _fee_of(slot0)
        if fee is None or key not in ticks:
            continue
        price, tick = slot0 & ((1 << 160) - 1), _signed(slot0 >> 160, 24)
        state = price, tick, liquidity & ((1 << 128) - 1), fee, market.param, ticks[key]
        try:
            found[key] = V3Pool(key, market.token0, market.token1, *state)
        except RoutingError:
            continue
    return found


def _v4_ticks(
    node: Node, markets: Mapping[str, Market], reads: Mapping[str, TickWords], block: int
) -> dict[str, tuple[tuple[int, int], ...]]:
    wanted = [(key, word) for key, words in reads.items() for word in words.words]
    calls = [_at(markets[key], _mapped(markets[key], _BITMAP_AT, word)) for key, word in wanted]
    bitmaps: dict[str, list[tuple[int, int]]] = {key: [] for key in reads}
    failed = set()
    for (key, word), answer in zip(wanted, node.calls(calls, block) if calls else [], strict=True):
        if isinstance(answer, ChainError):
            failed.add(key)
        else:
            bitmaps[key].append((word, _number(answer)))
    initialised = [(key, tick) for key, words in reads.items() for tick in words.initialised(bitmaps[key])]
    calls = [_at(markets[key], _mapped(markets[key], _TICKS_AT, tick)) for key, tick in initialised]
    nets: dict[str, dict[int, int]] = {key: {} for key in reads}
    for (key, tick), answer in zip(initialised, node.calls(calls, block) if calls else [], strict=True):
        if isinstance(answer, ChainError):
            failed.add(key)
        else:
            nets[key][tick] = _signed(_number(answer) >> 128, 128)
    return {key: reads[key].complete(nets[key]) for key in reads if key not in failed}


def _fee_of(slot0: int) -> int | None:
    """Pips of an input for protocol and providers (v4-core's ProtocolFeeLibrary); None if it differs by direction."""
    protocol, provider = slot0 >> 184 & 0xFFFFFF, slot0 >> 208 & 0xFFFFFF
    down, up = protocol & 0xFFF, protocol >> 12
    return None if down != up else down + provider - down * provider // PIPS


def _first_slot(market: Market) -> int:
    key = market.token0, market.token1, market.fee, market.param, "0x" + "00" * 20
    pool = keccak(encode(("address", "address", "uint24", "int24", "address"), key))
    return int.from_bytes(keccak(pool + _POOLS_SLOT.to_bytes(32, "big")), "big")


def _mapped(market: Market, place: int, key: int) -> int:
    slot = _first_slot(market) + place
    return int.from_bytes(keccak(encode(("int256", "uint256"), (key, slot))), "big")


def _at(market: Market, slot: int) -> Call:
    return Call(market.target, _EXTSLOAD, (slot.to_bytes(32, "big"),))


def _number(word: bytes) -> int:
    return int.from_bytes(word, "big")


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
