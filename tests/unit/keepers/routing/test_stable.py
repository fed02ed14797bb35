"""Stable pools against their invariant."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, localcontext

import numpy as np
import pytest

from keepers.routing.errors import RoutingError
from keepers.routing.graph import Graph
from keepers.routing.pools import quote, swap
from keepers.routing.stable import ONE, StableKind, StablePool, precision_of, stable_out, told_by_first_pools

E18, E6 = 10**18, 10**6
KINDS = list(StableKind)


def pool_of(kind: StableKind, fee: int = 4 * 10**14) -> StablePool:
    balances, rates = (10**6 * E18, 8 * 10**5 * E6, 9 * 10**5 * E18), (ONE, 10**30, ONE)
    amplification = 200 * precision_of(kind)
    return StablePool("0xS", "A", "B", "0xS", kind, balances, rates, 0, 1, amplification, fee)


def exact(pool: StablePool, amount: int) -> Decimal:
    """Output before fees with sixty digits, A for B, by bisection of Egorov's invariant."""
    with localcontext() as context:
        context.prec = 60
        scaled = [Decimal(b) * r / ONE for b, r in zip(pool.balances, pool.rates, strict=True)]
        amplified = Decimal(pool.amplification) / precision_of(pool.kind) * len(scaled)

        def error(balances: list[Decimal], d: Decimal) -> Decimal:
            product = d
            for balance in balances:
                product *= d / (len(balances) * balance)
            return amplified * sum(balances) + d - amplified * d - product

        d = bisected(lambda value: error(scaled, value), sum(scaled) / 2, sum(scaled) * 2)
        after = [scaled[0] + Decimal(amount) * pool.rates[0] / ONE, scaled[1], scaled[2]]
        left = bisected(lambda y: -error([after[0], y, after[2]], d), scaled[1] / 10**6, scaled[1])
        return (scaled[1] - left) * ONE / pool.rates[1]


def bisected(falling: Callable[[Decimal], Decimal], low: Decimal, high: Decimal) -> Decimal:
    for _ in range(170):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return low


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("amount", [10**15, 10**18, 10**22, 5 * 10**23])
def test_stable_out__without_fee__is_the_invariants_value_less_units(kind: StableKind, amount: int) -> None:
    out, value = stable_out(pool_of(kind, fee=0), True, amount), exact(pool_of(kind), amount)
    assert 0 <= value - out <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_stable_out__with_fee__pays_less_by_the_fee(kind: StableKind) -> None:
    free, paid = stable_out(pool_of(kind, fee=0), True, 10**21), stable_out(pool_of(kind), True, 10**21)
    assert (free - paid) / free == pytest.approx(4e-4, rel=1e-2)


def test_told_by_first_pools__whole_units__has_the_fee_taken_after_scaling() -> None:
    pool = pool_of(StableKind.CURVE_3POOL, 10**15)
    free = replace(pool, fee=0)
    differences = set()
    for amount in range(10**18, 10**18 + 60 * 7919 * 10**9, 7919 * 10**9):
        told, whole = told_by_first_pools(pool, True, amount), stable_out(free, True, amount)
        assert told == whole - whole * 10**15 // ONE
        differences.add(told - stable_out(pool, True, amount))
    assert differences == {0, 1}, "the answer is at times a unit above the payment"


def test_stable_out__stable_swap_ng_off_the_peg__charges_up_to_the_multiple() -> None:
    still = replace(pool_of(StableKind.CURVE_NG), balances=(10**24, 10**6 * E6, 10**24))
    moving = replace(still, off_peg=2 * ONE)
    free, fixed, dynamic = (stable_out(pool, True, 9 * 10**23) for pool in (replace(still, fee=0), still, moving))
    assert 1.05 < (free - dynamic) / (free - fixed) < 2
    small = [stable_out(pool, True, 10**18) for pool in (still, moving)]
    assert small[0] - small[1] <= 1, "in balance the fee is the least"


def test_stable_out__stable_swap_ng__rounds_its_fee_in_ten_billionths() -> None:
    pool = replace(pool_of(StableKind.CURVE_NG), off_peg=5 * ONE)
    amount = 4 * 10**23
    scaled = [balance * rate // ONE for balance, rate in zip(pool.balances, pool.rates, strict=True)]
    gross = stable_out(replace(pool, fee=0, rates=(ONE, 10**30, ONE)), True, amount) * 10**12
    one, other = scaled[0] + amount // 2, scaled[1] - gross // 2
    fee = 5 * 10**10 * 4 * 10**6 // (4 * 10**10 * 4 * one * other // (one + other) ** 2 + 10**10)
    assert stable_out(pool, True, amount) == pytest.approx((gross - gross * fee // 10**10) // 10**12, abs=1)


@pytest.mark.parametrize("off_peg", [ONE, 2 * ONE, 20 * ONE])
@pytest.mark.parametrize("token", ["A", "B"])
def test_graph__stable_swap_ng__has_a_curve_just_above_what_it_pays(off_peg: int, token: str) -> None:
    pool = replace(pool_of(StableKind.CURVE_NG), off_peg=off_peg)
    graph, held = Graph((pool,)), pool.balances[0 if token == "A" else 1]
    edge = np.array([graph.edge_of["0xS", token == "A"]])
    for part in np.geomspace(1e-5, 0.5, 60):
        paid = quote(pool, token, int(held * part))
        curve = float(graph.curves.output(edge, np.array([float(int(held * part))]))[0])
        assert paid <= curve * (1 + 1e-9) + 1
        assert curve <= paid * (1 + 2e-4) + 2


def test_swap__stable__moves_both_balances_and_there_and_back_gains_nothing() -> None:
    pool = pool_of(StableKind.BALANCER)
    out, after = swap(pool, "A", 10**21)
    assert isinstance(after, StablePool)
    assert after.balances == (pool.balances[0] + 10**21, pool.balances[1] - out, pool.balances[2])
    assert quote(after, "B", out) < 10**21


def test_stable_pool__indices_alike__is_refused() -> None:
    with pytest.raises(RoutingError, match="one token twice"):
        StablePool("0xS", "A", "B", "0xS", StableKind.CURVE, (1, 1), (ONE, ONE), 1, 1, 100, 0)
