"""Weighted pools against exact arithmetic, and against what the deployed contracts round."""

from decimal import Decimal, localcontext

import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.pools import quote, swap
from keepers.routing.weighted import ONE, WeightedPool, pow_up, weighted_out

E18 = 10**18
HALF = ONE // 2
POOL = WeightedPool("0xW", "A", "B", "0xVault:01", 100 * E18, 400 * E18, 8 * ONE // 10, 2 * ONE // 10, 3 * 10**15)


def exact(pool: WeightedPool, amount: int) -> Decimal:
    """Out given in of the whitepaper with sixty digits, A for B."""
    with localcontext() as context:
        context.prec = 60
        less_fee = Decimal(amount) * (1 - Decimal(pool.fee) / ONE)
        base = Decimal(pool.balance0) / (pool.balance0 + less_fee)
        return Decimal(pool.balance1) * (1 - base ** (Decimal(pool.weight0) / pool.weight1))


@pytest.mark.parametrize("amount", [10**9, 10**15, 10**18, 3 * 10**18, 30 * 10**18])
def test_weighted_out__any_size__is_below_the_exact_value_by_the_power_error(amount: int) -> None:
    out, value = weighted_out(POOL, True, amount), exact(POOL, amount)
    # FixedPoint.powUp adds 1e-14 of the power, and a few units; both are kept from the output.
    assert 0 <= value - out <= Decimal(POOL.balance1) * Decimal("1.1e-14") + 10


def test_weighted_out__equal_weights__is_the_constant_product_without_a_power() -> None:
    pool = WeightedPool("0xW", "A", "B", "s", 100 * E18, 400 * E18, HALF, HALF, 0)
    amount = 7 * E18 + 3
    base = -(-100 * E18 * ONE // (100 * E18 + amount))
    assert weighted_out(pool, True, amount) == 400 * E18 * (ONE - base) // ONE


def test_weighted_out__six_decimals__is_scaled_as_the_vault_scales() -> None:
    whole = WeightedPool("0xW", "A", "B", "s", 10**24, 10**24, HALF, HALF, 0)
    small = WeightedPool("0xW", "A", "B", "s", 10**12, 10**24, HALF, HALF, 0, decimals0=6)
    assert weighted_out(small, True, 10**9) == weighted_out(whole, True, 10**21)


def test_weighted_out__above_thirty_percent__is_refused() -> None:
    assert weighted_out(POOL, True, 30 * E18) > 0
    with pytest.raises(InsufficientLiquidity, match="30%"):
        weighted_out(POOL, True, 31 * E18)


def test_pow_up__known_powers__are_taken_exactly() -> None:
    assert pow_up(9 * ONE // 10, ONE) == 9 * ONE // 10
    assert pow_up(9 * ONE // 10, 2 * ONE) == 81 * ONE // 100
    assert pow_up(9 * ONE // 10, 4 * ONE) == 6561 * ONE // 10_000


@pytest.mark.parametrize("base", [1, 10**9, HALF, ONE - 10**17, ONE - 1, ONE])
@pytest.mark.parametrize("exponent", [10**15, HALF, 3 * ONE, 49 * ONE])
def test_pow_up__any__is_not_below_the_power(base: int, exponent: int) -> None:
    with localcontext() as context:
        context.prec = 60
        true = (Decimal(base) / ONE) ** (Decimal(exponent) / ONE) * ONE
    if true < 1e-20:
        return
    found = pow_up(base, exponent)
    assert true <= found <= true * (1 + Decimal("1.2e-14")) + 3


def test_swap__weighted__moves_both_balances() -> None:
    out, after = swap(POOL, "A", E18)
    assert isinstance(after, WeightedPool)
    assert (after.balance0, after.balance1) == (POOL.balance0 + E18, POOL.balance1 - out)
    assert quote(after, "A", E18) < out


def test_weighted_pool__empty__is_refused() -> None:
    with pytest.raises(RoutingError, match="leave out empty pools"):
        WeightedPool("0xW", "A", "B", "s", 0, 1, HALF, HALF, 0)
