"""Curve's CryptoSwap pools of two and three coins, read whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eth_utils.address import to_checksum_address

from keepers.abi import Fragment
from keepers.contracts.known_pools import Known
from keepers.contracts.stable_pools import answers_of, decimals_of
from keepers.routing.crypto import ONE, CryptoPool
from keepers.routing.errors import RoutingError
from keepers.routing.markets import Market, VenueKind
from keepers.rpc.node import Call, Node

_MOST_COINS = 3
_DECIMALS_OF_D = 18

_NUMBERS = tuple(
    Fragment(name, (), outputs=("uint256",))
    for name in ("A", "gamma", "D", "mid_fee", "out_fee", "fee_gamma", "price_scale")
)
_PRICE = Fragment("price_scale", ("uint256",), outputs=("uint256",))
_COIN = Fragment("coins", ("uint256",), outputs=("address",))
_BALANCE = Fragment("balances", ("uint256",), outputs=("uint256",))

_KINDS = (VenueKind.CURVE_UINT256, VenueKind.CURVE_UINT256_NG)


def read_crypto(
    node: Node, markets: Sequence[Market], decimals: Mapping[str, int], block: int
) -> dict[str, list[Known]]:
    """Returns the readings of the CryptoSwap pools among markets, by key; none of one that does not answer.

    A pool whose A or gamma is on the way to another value computes D anew, so that its quotes agree with no reading.

    Args:
        node: Node to read from.
        markets: Any markets.
        decimals: Decimals of tokens, as far as they are known.
        block: Height.

    Raises:
        NodeUnreachable: If there is no answer.
    """
    pools = [market for market in markets if market.kind in _KINDS]
    answers = answers_of(node, pools, _calls, block)
    coins = {key: _coins(given) for key, given in answers.items()}
    places = decimals_of(node, coins.values(), decimals, block)
    return {m.key: _readings(m, coins[m.key], answers[m.key], places) for m in pools}


def _calls(market: Market) -> list[Call]:
    numbers = [Call(market.target, function) for function in _NUMBERS]
    numbers += [Call(market.target, _PRICE, (k,)) for k in range(_MOST_COINS - 1)]
    return numbers + [Call(market.target, view, (k,)) for view in (_COIN, _BALANCE) for k in range(_MOST_COINS)]


def _coins(answers: Sequence[Any]) -> list[str]:
    """Addresses of the pool's coins, up to the first that it does not have."""
    given = answers[-2 * _MOST_COINS : -_MOST_COINS]
    count = given.index(None) if None in given else _MOST_COINS
    return [str(to_checksum_address(coin)) for coin in given[:count]]


def _readings(market: Market, coins: list[str], answers: Sequence[Any], decimals: Mapping[str, int]) -> list[Known]:
    a, gamma, invariant, mid_fee, out_fee, fee_gamma, single = answers[: len(_NUMBERS)]
    each = answers[len(_NUMBERS) : len(_NUMBERS) + len(coins) - 1]
    prices = [single] if len(coins) == 2 else each
    balances = answers[-_MOST_COINS:][: len(coins)]
    indices = market.param & 0xFF, market.param >> 8 & 0xFF
    ends = [coins[k] if k < len(coins) else "" for k in indices]
    places = [decimals.get(coin, _DECIMALS_OF_D + 1) for coin in coins]
    whole = None in (a, gamma, invariant, mid_fee, out_fee, fee_gamma, *prices, *balances)
    if whole or ends != [market.token0, market.token1] or max(places) > _DECIMALS_OF_D:
        return []
    precisions = tuple(10 ** (_DECIMALS_OF_D - n) for n in places)
    state = tuple(balances), precisions, (ONE, *prices), *indices, a, gamma, invariant, (mid_fee, out_fee), fee_gamma
    readings = []
    for cubic in (True, False) if len(coins) == 3 else (False,):
        try:
            readings.append(Known(CryptoPool(market.key, market.token0, market.token1, market.source, *state, cubic)))
        except RoutingError:
            continue
    return readings
