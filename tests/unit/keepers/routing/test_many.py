"""Quotes for many amounts at once beside one at a time."""

import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.many import quotes
from keepers.routing.pools import MAX_UINT112, Pool, QuotedPool, V2Pool, V3Pool, quote
from keepers.routing.v3_math import Q96
from keepers.routing.vaults import VaultPool

E18 = 10**18
POOLS: list[Pool] = [
    V2Pool("0xV2", "A", "B", 100 * E18, 400 * E18, 2500),
    V3Pool("0xV3", "A", "B", Q96, 0, 10**22, 3000, 60, ((-600, 10**22), (600, -(10**22)))),
    VaultPool("0xE", "A", "B", "0xE", False, 3 * E18, 2 * E18, 1, 1, 10 * E18),
    QuotedPool("0xQ", "A", "B", "0xQ", ((E18, E18), (9 * E18, 8 * E18)), ((E18, E18),)),
]
AMOUNTS = [7 * E18, 1, 10**9 + 7, 3 * E18, 10**30, MAX_UINT112]


def one_by_one(pool: Pool, token: str, amount: int) -> int | None:
    try:
        return quote(pool, token, amount)
    except InsufficientLiquidity:
        return None


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.address)
@pytest.mark.parametrize("token", ["A", "B"])
def test_quotes__amounts_in_any_order__are_those_of_one_at_a_time(pool: Pool, token: str) -> None:
    found = quotes(pool, token, AMOUNTS)
    assert found == [one_by_one(pool, token, amount) for amount in AMOUNTS]
    assert found[2] is not None and found[5] is None


@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.address)
def test_quotes__no_amount__is_nothing(pool: Pool) -> None:
    assert quotes(pool, "A", []) == []


@pytest.mark.parametrize("amounts", [[1, 0], [-1, 1], [1, 1 << 255]])
@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.address)
def test_quotes__amount_out_of_range__is_refused(pool: Pool, amounts: list[int]) -> None:
    with pytest.raises(RoutingError, match="give smallest units"):
        quotes(pool, "A", amounts)


def test_quotes__token_of_another_pool__is_refused() -> None:
    with pytest.raises(RoutingError, match="no token of pool"):
        quotes(POOLS[0], "C", [1])
