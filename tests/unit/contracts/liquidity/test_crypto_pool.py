"""The stand-in of Curve's two-coin crypto pools against its published invariant, solved with sixty digits."""

from __future__ import annotations

from decimal import Decimal, getcontext

import pytest

from scripts._lib.transactions import send
from scripts._lib.venues.uniswap import MAX_UINT256, token_at
from tests.fixtures.markets import WAD

DEPTH = 10**6 * WAD
A, GAMMA = 10 * WAD, 145 * 10**12


@pytest.fixture(autouse=True)
def digits():
    precision, getcontext().prec = getcontext().prec, 60
    yield
    getcontext().prec = precision


def residue(x: Decimal, y: Decimal, d: Decimal) -> Decimal:
    """K D (x + y) + x y - K D^2 - D^2 / 4, with K = A K0 gamma^2 / (gamma + 1 - K0)^2 and K0 = 4 x y / D^2."""
    gamma, k0 = Decimal(GAMMA) / WAD, 4 * x * y / (d * d)
    k = Decimal(A) / WAD * k0 * gamma**2 / (gamma + 1 - k0) ** 2
    return k * d * (x + y) + x * y - k * d * d - d * d / 4


def bisected(low: Decimal, high: Decimal, above) -> Decimal:
    """Where `above` begins to hold."""
    for _ in range(190):
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) else (middle, high)
    return high


def fee_of(x: Decimal, y: Decimal) -> Decimal:
    gamma, k0 = Decimal(230 * 10**12) / WAD, 4 * x * y / (x + y) ** 2
    f = gamma / (gamma + 1 - k0)
    # The pool's fees are whole tenths of a billionth, as Curve's.
    return Decimal(int(26_000_000 * f + 45_000_000 * (1 - f))) / 10**10


@pytest.fixture
def crypto_pool(market_listing, create_settlement, liquidity_provider):
    """Two coins, the second worth two and a half of the first, a little off the centre."""
    coins = [create_settlement(name, 18) for name in ("USD", "EUR")]
    for coin in coins:
        coin.mint(liquidity_provider, DEPTH, sender=liquidity_provider)
    made = market_listing.crypto_swap({coins[0].address: DEPTH // 2, coins[1].address: DEPTH // 5})
    for coin, amount in zip(coins, (DEPTH // 50, 0), strict=True):
        coin.transfer(made.address, amount, sender=liquidity_provider)
    send(market_listing.w3, liquidity_provider.address, made.functions.gulp())
    return made


def test_invariant__off_the_centre__is_the_published_one(crypto_pool):
    x, y = (Decimal(crypto_pool.functions.balances(k).call()) for k in range(2))
    y *= Decimal("2.5")
    solved = bisected(2 * (x * y).sqrt(), x + y, lambda d: residue(x, y, d) < 0)
    assert abs(crypto_pool.functions.invariant().call() - solved) <= 2


@pytest.mark.parametrize("part", [10**6, 10**4, 100, 7, 3])
@pytest.mark.parametrize("i", [0, 1])
def test_get_dy__any_size__is_what_the_invariant_leaves_and_never_more(crypto_pool, i, part):
    xp = [Decimal(crypto_pool.functions.balances(k).call()) * (Decimal("2.5") if k else 1) for k in range(2)]
    amount = crypto_pool.functions.balances(i).call() // part
    x, before = xp[i] + amount * (Decimal("2.5") if i else 1), xp[1 - i]
    d = Decimal(crypto_pool.functions.invariant().call())
    y = bisected(Decimal(1), before, lambda y: residue(x, y, d) > 0)
    exact = (before - y) * (1 - fee_of(x, y)) / (Decimal("2.5") if not i else 1)
    paid = crypto_pool.functions.get_dy(i, 1 - i, amount).call()
    assert exact - max(4, exact / 10**17) <= paid <= exact


@pytest.mark.parametrize("i", [0, 1])
def test_exchange__back_and_forth__never_gains_and_the_invariant_never_falls(
    crypto_pool, market_listing, liquidity_provider, i
):
    provider = liquidity_provider.address
    for k in range(2):
        coin = token_at(market_listing.w3, crypto_pool.functions.coins(k).call())
        send(market_listing.w3, provider, coin.functions.approve(crypto_pool.address, MAX_UINT256))
    amount, before = DEPTH // 10, crypto_pool.functions.invariant().call()
    got = crypto_pool.functions.get_dy(i, 1 - i, amount).call()
    send(market_listing.w3, provider, crypto_pool.functions.exchange(i, 1 - i, amount, got))
    assert crypto_pool.functions.get_dy(1 - i, i, got).call() < amount
    assert crypto_pool.functions.invariant().call() > before


@pytest.mark.parametrize("part", [10**6, 100, 5])
def test_get_dx__for_an_output__asks_for_what_pays_it(crypto_pool, part):
    wanted = crypto_pool.functions.balances(1).call() // part
    asked = crypto_pool.functions.get_dx(0, 1, wanted).call()
    assert (
        wanted * (1 - Decimal("1e-9"))
        <= crypto_pool.functions.get_dy(0, 1, asked).call()
        <= wanted * (1 + Decimal("1e-9"))
    )
