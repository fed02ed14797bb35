"""Curve's StableSwap pools and ERC-4626 vaults, read whole.

A pool does not say of which generation it is. So each reading that its views allow is a candidate, and the quotes of
the lens choose (`keepers.contracts.known_pools`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from eth_utils.address import to_checksum_address

from keepers.abi import Fragment
from keepers.contracts.known_pools import Known
from keepers.routing.errors import RoutingError
from keepers.routing.markets import Market, VenueKind
from keepers.routing.stable import StableKind, StablePool, stable_out, told_by_first_pools
from keepers.routing.vaults import VaultPool
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Call, Node

_MOST_COINS = 8
_FEE_UNIT = 10**8
"""WAD of Curve's unit of fees."""
_MOST_DECIMALS = 36

_COIN = Fragment("coins", ("uint256",), outputs=("address",))
_BALANCE = Fragment("balances", ("uint256",), outputs=("uint256",))
_RATES = Fragment("stored_rates", (), outputs=("uint256[]",))
_DECIMALS = Fragment("decimals", (), outputs=("uint8",))
_NUMBERS = tuple(
    Fragment(name, (), outputs=("uint256",)) for name in ("A_precise", "A", "fee", "admin_fee", "offpeg_fee_multiplier")
)
_ASSET = Fragment("asset", (), outputs=("address",))
_TOTALS = tuple(Fragment(name, (), outputs=("uint256",)) for name in ("totalAssets", "totalSupply"))
_MOST_DEPOSIT = Fragment("maxDeposit", ("address",), outputs=("uint256",))
_ANYBODY = "0x0000000000000000000000000000000000000001"
_ENDLESS = 1 << 128

_STABLE = (VenueKind.CURVE_INT128, VenueKind.CURVE_INT128_NG)
_OFFSETS = (0, 3, 6, 12, 18)
"""Powers of ten that vaults add to their shares, beside those that make up for the asset's decimals."""


def read_stable(
    node: Node, markets: Sequence[Market], decimals: Mapping[str, int], block: int
) -> dict[str, list[Known]]:
    """Returns the readings of the StableSwap pools among markets, by key; none of one that does not answer.

    Args:
        node: Node to read from.
        markets: Any markets.
        decimals: Decimals of tokens, as far as they are known.
        block: Height.

    Raises:
        NodeUnreachable: If there is no answer.
    """
    pools = [market for market in markets if market.kind in _STABLE]
    answers = answers_of(node, pools, _stable_calls, block)
    coins = {key: _coins(given) for key, given in answers.items()}
    places = decimals_of(node, coins.values(), decimals, block)
    return {market.key: _stable_readings(market, coins[market.key], answers[market.key], places) for market in pools}


def read_vaults(
    node: Node, markets: Sequence[Market], decimals: Mapping[str, int], block: int
) -> dict[str, list[Known]]:
    """Returns the readings of the ERC-4626 vaults among markets, by key.

    Raises:
        NodeUnreachable: If there is no answer.
    """
    vaults = [market for market in markets if market.kind == VenueKind.ERC4626]
    answers = answers_of(node, vaults, _vault_calls, block)
    return {market.key: _vault_readings(market, answers[market.key], decimals) for market in vaults}


def answers_of(
    node: Node, markets: Sequence[Market], calls_of: Callable[[Market], list[Call]], block: int
) -> dict[str, list[Any]]:
    """Answers to the calls of each market, by key, in one round trip; None in the place of one that failed.

    Raises:
        NodeUnreachable: If there is no answer.
    """
    calls = {market.key: calls_of(market) for market in markets}
    wanted = [call for of_market in calls.values() for call in of_market]
    answers = iter(node.calls(wanted, block) if wanted else [])
    found = {key: [next(answers) for _ in of_market] for key, of_market in calls.items()}
    return {key: [None if isinstance(a, ChainError) else a for a in given] for key, given in found.items()}


# -- StableSwap


def _stable_calls(market: Market) -> list[Call]:
    numbers = [Call(market.target, function) for function in (*_NUMBERS, _RATES)]
    each = [Call(market.target, view, (k,)) for view in (_COIN, _BALANCE) for k in range(_MOST_COINS)]
    return [*numbers, *each]


def decimals_of(node: Node, coins: Iterable[Iterable[str]], known: Mapping[str, int], block: int) -> dict[str, int]:
    """Returns the decimals of the coins of pools beside those that are known; a coin that does not tell has none.

    Raises:
        NodeUnreachable: If there is no answer.
    """
    unknown = sorted({coin for found in coins for coin in found} - known.keys())
    answered = node.calls([Call(coin, _DECIMALS) for coin in unknown], block) if unknown else []
    told = {coin: int(n) for coin, n in zip(unknown, answered, strict=True) if not isinstance(n, ChainError)}
    return {**known, **told}


def _coins(answers: Sequence[Any]) -> list[str]:
    """Addresses of the pool's coins, up to the first that it does not have."""
    found = []
    for coin in answers[len(_NUMBERS) + 1 :][:_MOST_COINS]:
        if coin is None:
            break
        found.append(str(to_checksum_address(coin)))
    return found


def _stable_readings(
    market: Market, coins: list[str], answers: Sequence[Any], decimals: Mapping[str, int]
) -> list[Known]:
    precise, whole, fee, admin_fee, off_peg = answers[: len(_NUMBERS)]
    balances = answers[-_MOST_COINS:][: len(coins)]
    indices = market.param & 0xFF, market.param >> 8 & 0xFF
    ends = [coins[k] if k < len(coins) else "" for k in indices]
    rates = _rates(answers[len(_NUMBERS)], coins, decimals)
    if fee is None or None in balances or rates is None or ends != [market.token0, market.token1]:
        return []
    given = tuple(balances), rates, *indices
    fees = fee * _FEE_UNIT, 0 if off_peg is None else off_peg * _FEE_UNIT, (admin_fee or 0) * _FEE_UNIT
    readings: list[Known] = []
    for kind, amplification in _generations(precise, whole, off_peg):
        try:
            pool = StablePool(
                market.key, market.token0, market.token1, market.source, kind, *given, amplification, *fees
            )
        except RoutingError:
            continue
        readings += [Known(pool, told) for told in _told(market, pool)]
    return readings


def _rates(stored: Any, coins: Sequence[str], decimals: Mapping[str, int]) -> tuple[int, ...] | None:
    """WAD factors to 18 decimals: those that the pool stores, or those of its coins' decimals."""
    if stored is not None and len(stored) == len(coins):
        return tuple(stored)
    places = [decimals.get(coin, _MOST_DECIMALS + 1) for coin in coins]
    return tuple(10 ** (_MOST_DECIMALS - n) for n in places) if max(places, default=0) <= _MOST_DECIMALS else None


def _generations(precise: int | None, whole: int | None, off_peg: int | None) -> list[tuple[StableKind, int]]:
    """Kinds that the views of a pool allow, each with its amplification."""
    hundredths = precise if precise is not None else (whole or 0) * 100
    found = [(StableKind.CURVE_NG, hundredths)] if off_peg is not None else []
    found += [(StableKind.CURVE, precise)] if precise is not None else []
    return [*found, (StableKind.CURVE_3POOL, whole)] if whole is not None else found


def _told(market: Market, pool: StablePool) -> list[Any]:
    """Ways in which the lens may put a pool's payment: CurveVenue.quote takes a unit off what `CurveInt128` answers."""
    if market.kind == VenueKind.CURVE_INT128_NG:
        return [None]
    views = (stable_out,) if pool.kind is StableKind.CURVE_NG else (stable_out, told_by_first_pools)
    return [partial(_less_a_unit, view, pool) for view in views]


def _less_a_unit(view: Any, pool: StablePool, zero_for_one: bool, amount: int) -> int:
    return max(0, int(view(pool, zero_for_one, amount)) - 1)


# -- ERC-4626


def _vault_calls(market: Market) -> list[Call]:
    numbers = [Call(market.target, function) for function in (_ASSET, *_TOTALS)]
    return [*numbers, Call(market.target, _MOST_DEPOSIT, (_ANYBODY,))]


def _vault_readings(market: Market, answers: Sequence[Any], decimals: Mapping[str, int]) -> list[Known]:
    asset, assets, shares, most = answers
    tokens = market.token0, market.token1
    if asset is None or assets is None or shares is None or market.target not in tokens:
        return []
    share_first = market.target == market.token0
    if to_checksum_address(asset) != tokens[share_first]:
        return []
    room = most if most is not None and most < _ENDLESS else 0
    apart = decimals[tokens[not share_first]] - decimals[tokens[share_first]]
    offsets = sorted({abs(apart), *_OFFSETS})
    readings = []
    for virtual in ((0, 0), *((1, 10**offset) for offset in offsets)):
        try:
            pool = VaultPool(market.key, *tokens, market.source, share_first, assets, shares, *virtual, room)
        except RoutingError:
            continue
        readings.append(Known(pool))
    return readings
