"""Stable pools against their invariant."""

from collections.abc import Callable
from decimal import Decimal, localcontext

import pytest

from keepers.routing.errors import RoutingError
from keepers.routing.pools import quote, swap
from keepers.routing.stable import ONE, StableKind, StablePool, precision_of, stable_out

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


def test_stable_out__first_pools_of_curve__take_the_fee_after_scaling() -> None:
    later, earlier = pool_of(StableKind.CURVE, 10**15), pool_of(StableKind.CURVE_3POOL, 10**15)
    paid = stable_out(pool_of(StableKind.CURVE_3POOL, 0), True, 1234567890123456789)
    assert stable_out(earlier, True, 1234567890123456789) == paid - paid * 10**15 // ONE
    assert stable_out(later, True, 1234567890123456789) <= stable_out(earlier, True, 1234567890123456789)


def test_swap__stable__moves_both_balances_and_there_and_back_gains_nothing() -> None:
    pool = pool_of(StableKind.BALANCER)
    out, after = swap(pool, "A", 10**21)
    assert isinstance(after, StablePool)
    assert after.balances == (pool.balances[0] + 10**21, pool.balances[1] - out, pool.balances[2])
    assert quote(after, "B", out) < 10**21


def test_stable_pool__indices_alike__is_refused() -> None:
    with pytest.raises(RoutingError, match="one token twice"):
        StablePool("0xS", "A", "B", "0xS", StableKind.CURVE, (1, 1), (ONE, ONE), 1, 1, 100, 0)
