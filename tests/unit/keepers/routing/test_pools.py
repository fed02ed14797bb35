"""Quotes of both kinds of pool."""

import math
from dataclasses import replace
from typing import Any

import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.pools import (
    MAX_UINT112,
    Pool,
    QuotedPool,
    Samples,
    V2Pool,
    V3Pool,
    is_zero_for_one,
    other_token,
    proceeds,
    quote,
    source_of,
    swap,
)
from keepers.routing.v3_math import Q96, sqrt_ratio_at_tick, swap_step

E18 = 10**18
V2 = V2Pool("0xV2", "A", "B", 100 * E18, 400 * E18)
V3 = V3Pool("0xV3", "A", "B", Q96, 0, 10**22, 3000, 60, ((-600, 10**22), (600, -(10**22))))


def test_v2_quote__published_fee__is_getamountout() -> None:
    amount = 7 * E18 + 3
    assert quote(V2, "A", amount) == amount * 997 * V2.reserve1 // (V2.reserve0 * 1000 + amount * 997)
    assert quote(V2, "B", amount) == amount * 997 * V2.reserve0 // (V2.reserve1 * 1000 + amount * 997)


def test_v2_quote__published_example__is_met() -> None:
    """v2-core's swap test: 1 of token0 into 5 and 10 pays 1662497915624478906 of token1."""
    assert quote(V2Pool("0x", "A", "B", 5 * E18, 10 * E18), "A", E18) == 1662497915624478906


def test_v2_swap__any__moves_both_reserves_and_keeps_the_product() -> None:
    out, after = swap(V2, "B", E18)
    assert isinstance(after, V2Pool)
    assert (after.reserve0, after.reserve1) == (V2.reserve0 - out, V2.reserve1 + E18)
    assert after.reserve0 * after.reserve1 > V2.reserve0 * V2.reserve1


def test_v2_quote__reserve_would_overflow__is_refused() -> None:
    assert quote(V2, "A", MAX_UINT112 - V2.reserve0) > 0
    with pytest.raises(InsufficientLiquidity, match="overflows"):
        quote(V2, "A", MAX_UINT112 - V2.reserve0 + 1)


@pytest.mark.parametrize(("token", "target"), [("A", -600), ("B", 600)])
def test_v3_quote__inside_one_range__is_one_step(token: str, target: int) -> None:
    step = swap_step(Q96, sqrt_ratio_at_tick(target), 10**22, E18, 3000)
    out, after = swap(V3, token, E18)
    assert isinstance(after, V3Pool)
    assert quote(V3, token, E18) == out == step.amount_out
    assert (after.sqrt_price_x96, after.liquidity) == (step.price, 10**22)
    assert after.tick == (-2 if token == "A" else 1)


def test_v3_quote__crosses_a_tick__uses_the_liquidity_beyond() -> None:
    deeper = replace(V3, ticks=((-600, 10**22), (-120, -(10**23)), (600, 9 * 10**22)), liquidity=10**22)
    first = swap_step(Q96, sqrt_ratio_at_tick(-120), 10**22, 100 * E18, 3000)
    left = 100 * E18 - first.amount_in - first.fee
    second = swap_step(first.price, sqrt_ratio_at_tick(-600), 11 * 10**22, left, 3000)
    out, after = swap(deeper, "A", 100 * E18)
    assert isinstance(after, V3Pool)
    assert out == first.amount_out + second.amount_out
    assert after.liquidity == 11 * 10**22


def test_v3_swap__ends_on_a_tick_going_down__is_below_it_and_comes_back() -> None:
    step = swap_step(Q96, sqrt_ratio_at_tick(-600), 10**22, 10**30, 3000)
    out, after = swap(V3, "A", step.amount_in + step.fee)
    assert isinstance(after, V3Pool)
    assert out == step.amount_out
    assert (after.tick, after.liquidity, after.sqrt_price_x96) == (-601, 0, sqrt_ratio_at_tick(-600))
    assert swap(after, "B", 10**18)[0] > 0


def test_v3_quote__end_of_a_word__rounds_as_the_contract_does() -> None:
    """Spacing 1 puts words 256 ticks apart: the contract stops at -256, which no position has initialised."""
    pool = replace(V3, tick_spacing=1, ticks=((-600, 10**6), (600, -(10**6))), liquidity=10**6)
    remaining, price, out = 25_000, Q96, 0
    for boundary in (0, -1 - 255, -512):
        step = swap_step(price, sqrt_ratio_at_tick(boundary), 10**6, remaining, 3000)
        remaining, price, out = remaining - step.amount_in - step.fee, step.price, out + step.amount_out
    assert remaining == 0
    straight = swap_step(Q96, sqrt_ratio_at_tick(-600), 10**6, 25_000, 3000)
    got, after = swap(pool, "A", 25_000)
    assert isinstance(after, V3Pool)
    assert (got, after.sqrt_price_x96) == (out, price)
    assert price != straight.price


def test_v3_quote__at_the_last_tick_of_a_word_going_up__looks_in_the_next() -> None:
    price = sqrt_ratio_at_tick(255)
    pool = replace(V3, sqrt_price_x96=price, tick=255, tick_spacing=1, ticks=((0, 10**22), (600, -(10**22))))
    step = swap_step(price, sqrt_ratio_at_tick(511), 10**22, 10**25, 3000)
    beyond = swap_step(step.price, sqrt_ratio_at_tick(600), 10**22, E18, 3000)
    assert quote(pool, "B", step.amount_in + step.fee + E18) == step.amount_out + beyond.amount_out


@pytest.mark.parametrize("token", ["A", "B"])
def test_v3_quote__more_than_the_known_ticks_hold__is_refused(token: str) -> None:
    target = sqrt_ratio_at_tick(-600 if token == "A" else 600)
    step = swap_step(Q96, target, 10**22, 10**30, 3000)
    most = step.amount_in + step.fee
    assert quote(V3, token, most) == step.amount_out
    with pytest.raises(InsufficientLiquidity, match="known ticks"):
        quote(V3, token, most + 1)


def test_v3_quote__no_ticks_known__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity, match="known ticks"):
        quote(replace(V3, ticks=()), "A", 1)


def test_v3_quote__lowest_tick_of_all__stops_at_the_price_limit() -> None:
    pool = replace(V3, tick_spacing=1, ticks=((-887272, 10**6), (887272, -(10**6))), liquidity=10**6)
    with pytest.raises(InsufficientLiquidity, match="end of its prices"):
        quote(pool, "A", 10**40)


def test_v3_quote__liquidity_does_not_add_up__is_refused() -> None:
    pool = replace(V3, ticks=((-600, 10**22), (-60, 2 * 10**22), (600, -(10**22))))
    with pytest.raises(RoutingError, match="does not add up"):
        quote(pool, "A", 10**21)


@pytest.mark.parametrize("pool", [V2, V3])
@pytest.mark.parametrize("amount", [0, -1, 2**255])
def test_quote__no_amount__is_refused(pool: Pool, amount: int) -> None:
    with pytest.raises(RoutingError, match="not above zero"):
        quote(pool, "A", amount)


@pytest.mark.parametrize("pool", [V2, V3])
def test_quote__foreign_token__is_refused(pool: Pool) -> None:
    with pytest.raises(RoutingError, match="no token of pool"):
        quote(pool, "C", 1)


def test_direction__both_tokens__is_that_of_the_aggregator() -> None:
    assert is_zero_for_one(V2, "A") and not is_zero_for_one(V2, "B")
    assert (other_token(V2, "A"), other_token(V2, "B")) == ("B", "A")


@pytest.mark.parametrize(
    "change",
    [{"reserve0": 0}, {"reserve1": 2**112}, {"token1": "A"}, {"fee_pips": 1_000_000}, {"fee_pips": -1}],
)
def test_v2_pool__impossible__is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RoutingError):
        replace(V2, **change)


@pytest.mark.parametrize(
    "change",
    [
        {"tick": 1},
        {"tick": -2},
        {"tick": 887272},
        {"sqrt_price_x96": 1},
        {"liquidity": -1},
        {"liquidity": 2**128},
        {"tick_spacing": 0},
        {"ticks": ((-590, 1),)},
        {"ticks": ((-887280, 1),)},
        {"ticks": ((60, 1), (-60, 1))},
        {"ticks": ((60, 1), (60, 1))},
        {"token1": "A"},
        {"fee_pips": 1_000_000},
    ],
)
def test_v3_pool__impossible__is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RoutingError):
        replace(V3, **change)


def test_v3_pool__price_on_a_tick_it_came_down_to__is_accepted() -> None:
    assert replace(V3, tick=-1).tick == -1


# -- Quoted markets


def quoted(up: Samples = ((100, 90), (1000, 800)), down: Samples = ()) -> QuotedPool:
    return QuotedPool("0xQ", "A", "B", "0xVault", up, down)


@pytest.mark.parametrize(("amount", "out"), [(1, 0), (50, 44), (100, 90), (101, 90), (550, 444), (1000, 800)])
def test_quote__between_samples__is_a_unit_below_the_straight_line(amount: int, out: int) -> None:
    assert quote(quoted(), "A", amount) == out


def test_quote__venue_that_keeps_a_unit__never_promises_more_than_it_pays() -> None:
    """Curve's pools keep a unit of every swap against rounding: they pay nothing for less than that."""

    def pays(amount: int) -> int:
        return max(0, amount * 9996 // 10_000 - 1)

    pool = quoted(((100, pays(100)), (1000, pays(1000))))
    assert [amount for amount in range(1, 1001) if quote(pool, "A", amount) > pays(amount)] == []


def test_quote__beyond_the_last_sample_or_without_any__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity, match="beyond what 0xQ was quoted for"):
        quote(quoted(), "A", 1001)
    with pytest.raises(InsufficientLiquidity):
        quote(quoted(), "B", 1)


def test_quote__concave_venue_sampled_thinly__never_promises_more_than_it_pays() -> None:
    venue = V2Pool("0xV", "A", "B", 10**24, 3 * 10**24, 0)
    sizes = [10**23 >> k for k in reversed(range(12))]
    pool = quoted(tuple((size, quote(venue, "A", size)) for size in sizes))
    for amount in range(sizes[0] // 7, sizes[-1], sizes[-1] // 997):
        assert quote(pool, "A", amount) <= quote(venue, "A", amount)
        assert quote(pool, "A", amount) >= quote(venue, "A", amount) * 99 // 100


def test_swap__quoted_market__takes_nothing_afterwards() -> None:
    out, after = swap(quoted(down=((7, 7),)), "A", 100)
    assert out == 90
    for token in ("A", "B"):
        with pytest.raises(InsufficientLiquidity):
            quote(after, token, 1)


@pytest.mark.parametrize("samples", [((0, 1),), ((1, 0),), ((2, 2), (2, 3)), ((2, 2), (3, 1))])
def test_quoted_pool__samples_that_do_not_rise__are_refused(samples: Samples) -> None:
    with pytest.raises(RoutingError, match="quote it again"):
        quoted(samples)


def test_source_of__pool_of_its_own_and_market_of_a_vault__says_where_depth_is() -> None:
    assert source_of(V2Pool("0xV", "A", "B", 1, 1)) == "0xV"
    assert source_of(quoted()) == "0xVault"


# -- Proceeds


def test_proceeds__v2__is_what_selling_to_the_lower_price_pays() -> None:
    pool = V2Pool("0x1", "A", "B", 10**24, 4 * 10**24, fee_pips=0)
    found = proceeds(pool, "A", 200)
    # Sell as much as it takes, then look at the price.
    sold = math.isqrt(10**24 * 10**24 * 10_000 // 9_800) - 10**24
    paid, after = swap(pool, "A", sold)
    assert found == pytest.approx(paid, rel=1e-9)
    assert isinstance(after, V2Pool)
    assert after.reserve1 / after.reserve0 == pytest.approx(4 * 0.98, rel=1e-9)


@pytest.mark.parametrize("token", ["A", "B"])
def test_proceeds__v3_across_ticks__is_what_the_swap_pays(token: str) -> None:
    pool = ladder()
    found = proceeds(pool, token, 500)
    low, high = 1, 10**30
    while high - low > 1:  # The most that can be sold before the price has fallen by 5%.
        middle = (low + high) // 2
        price = price_of(swap(pool, token, middle)[1], token) if fits(pool, token, middle) else 0.0
        low, high = (middle, high) if price >= 0.95 * price_of(pool, token) else (low, middle)
    assert found == pytest.approx(swap(pool, token, low)[0], rel=1e-6)


def test_proceeds__ticks_end_before__counts_what_is_known() -> None:
    pool = ladder()
    narrow = replace(pool, ticks=tuple(entry for entry in pool.ticks if abs(entry[0]) <= 120))
    assert 0 < proceeds(narrow, "A", 5000) < proceeds(pool, "A", 5000)


def test_proceeds__deeper_fall__pays_more() -> None:
    found = [proceeds(ladder(), "A", fall) for fall in (1, 100, 200, 1000, 5000, 9999)]
    assert found == sorted(found) and found[0] > 0


@pytest.mark.parametrize("fall", [0, -1, 10_000])
def test_proceeds__no_such_fall__is_refused(fall: int) -> None:
    with pytest.raises(RoutingError, match="not within"):
        proceeds(ladder(), "A", fall)


def test_proceeds__stranger__is_refused() -> None:
    with pytest.raises(RoutingError):
        proceeds(ladder(), "0xdead", 100)


def ladder() -> V3Pool:
    """Liquidity in three steps around a price of one, without a fee; nothing beyond the widest."""
    ticks = ((-6000, 10**22), (-120, 10**23), (-60, 10**24), (60, -(10**24)), (120, -(10**23)), (6000, -(10**22)))
    known = ((-15_360, 0), *ticks, (15_300, 0))
    return V3Pool("0x3", "A", "B", 1 << 96, 0, 10**22 + 10**23 + 10**24, 0, 60, known)


def fits(pool: V3Pool, token: str, amount: int) -> bool:
    try:
        swap(pool, token, amount)
    except InsufficientLiquidity:
        return False
    return True


def price_of(pool: object, token: str) -> float:
    assert isinstance(pool, V3Pool)
    price = (pool.sqrt_price_x96 / 2**96) ** 2
    return price if token == "A" else 1 / price
