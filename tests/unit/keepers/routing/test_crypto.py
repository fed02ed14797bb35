"""CryptoSwap pools against a published implementation of them, and against their invariant.

`data/curvesim.json` has what curvesim 0.5.0 (Curve Research, MIT) answers for random pools: `get_dy` of its two-coin
pools, which are the first generation's, and of its three-coin pools, which are Tricrypto-NG's, and `exchange` of its
stable pools.
"""

import json
from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepers.routing.crypto import ONE, CryptoPool, crypto_out
from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.graph import Graph
from keepers.routing.pools import quote, swap
from keepers.routing.stable import StableKind, StablePool, after_swap

PUBLISHED = json.loads((Path(__file__).parent / "data" / "curvesim.json").read_text())
FEES = 26 * 10**6, 45 * 10**6


def integers(texts: list[str]) -> tuple[int, ...]:
    return tuple(int(text) for text in texts)


def published_pool(case: dict[str, Any]) -> CryptoPool:
    """The pool of a case, with the coin that goes in as token0."""
    lists = (integers(case[name]) for name in ("balances", "precisions", "prices"))
    numbers = case["i"], case["j"], case["a"], int(case["gamma"]), int(case["d"])
    three = len(case["balances"]) == 3
    return CryptoPool("0xC", "A", "B", "0xC", *lists, *numbers, FEES, 230 * 10**12, cubic=three)


def pool_of(count: int = 2, cubic: bool = False) -> CryptoPool:
    """A pool at the centre of its liquidity, whose invariant is the sum of its balances."""
    balances = (10**24, 5 * 10**11, 2 * 10**24)[:count]
    shape = balances, (1, 10**12, 1)[:count], (ONE, 2 * ONE, ONE // 2)[:count], 0, 1
    numbers = 400_000 * count, 145 * 10**12, count * 10**24
    return CryptoPool("0xC", "A", "B", "0xC", *shape, *numbers, FEES, 230 * 10**12, cubic)


@pytest.mark.parametrize("case", PUBLISHED["crypto"])
def test_crypto_out__pool_of_a_published_implementation__pays_the_same_to_the_wei(case: dict[str, Any]) -> None:
    pool, amount = published_pool(case), int(case["dx"])
    if case["dy"] is None:
        with pytest.raises(InsufficientLiquidity):
            crypto_out(pool, True, amount)
    else:
        assert crypto_out(pool, True, amount) == int(case["dy"])


@pytest.mark.parametrize("case", PUBLISHED["stable"])
def test_after_swap__3pool_of_a_published_implementation__leaves_the_same_balances(case: dict[str, Any]) -> None:
    lists = integers(case["balances"]), integers(case["rates"])
    fees = case["fee"] * 10**8, 0, case["admin_fee"] * 10**8
    kind = StableKind.CURVE_3POOL
    pool = StablePool("0xS", "A", "B", "0xS", kind, *lists, case["i"], case["j"], case["a"], *fees)
    paid, after = after_swap(pool, True, int(case["dx"]))
    assert paid == int(case["dy"])
    assert after.balances == integers(case["after"])


@pytest.mark.parametrize(("count", "cubic"), [(2, False), (3, False), (3, True)])
@pytest.mark.parametrize("part", [10**6, 1000, 20, 3])
def test_crypto_out__without_fee__is_what_the_invariant_leaves(count: int, cubic: bool, part: int) -> None:
    pool = replace(pool_of(count, cubic), fees=(0, 0))
    amount = pool.balances[0] // part
    with localcontext() as context:
        context.prec = 60
        d, gamma = Decimal(pool.invariant), Decimal(pool.gamma) / ONE
        u = [Decimal(balance) / d for balance in pool.scaled(pool.balances)]
        u[0] += amount / d

        def residue(v: Decimal) -> Decimal:
            k0, total = Decimal(count**count), Decimal(0)
            for place, balance in enumerate(u):
                k0, total = k0 * (v if place == 1 else balance), total + (v if place == 1 else balance)
            weight = Decimal(pool.amplification) / 10_000 * gamma**2
            return weight * k0 * (total - 1) - (1 - k0) * (gamma + 1 - k0) ** 2

        low, high = Decimal("0.001"), u[1]
        for _ in range(180):
            middle = (low + high) / 2
            low, high = (middle, high) if residue(middle) < 0 else (low, middle)
        value = (u[1] - high) * d / (2 * 10**12)
    assert abs(value - crypto_out(pool, True, amount)) <= 2 + value / 10**12


def test_crypto_out__balances_too_far_apart__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity, match="too far apart"):
        crypto_out(pool_of(), True, 10**27)


def test_swap__crypto__pays_its_quote_and_takes_nothing_more() -> None:
    paid, after = swap(pool_of(), "A", 10**20)
    assert paid == quote(pool_of(), "A", 10**20)
    with pytest.raises(InsufficientLiquidity, match="takes nothing after a swap"):
        quote(after, "B", 1000)
    assert Graph((after,)).pool.size == 0


@pytest.mark.parametrize(("count", "cubic"), [(2, False), (3, False), (3, True)])
@pytest.mark.parametrize("token", ["A", "B"])
def test_graph__crypto_pool_in_balance__has_a_curve_just_above_what_it_pays(
    count: int, cubic: bool, token: str
) -> None:
    pool = pool_of(count, cubic)
    graph, held = Graph((pool,)), pool.balances[0 if token == "A" else 1]
    edge = np.array([graph.edge_of["0xC", token == "A"]])
    for part in np.geomspace(1e-5, 0.5, 40):
        amount = int(held * part)
        paid = quote(pool, token, amount)
        curve = float(graph.curves.output(edge, np.array([float(amount)]))[0])
        assert paid <= curve * (1 + 1e-9) + 1
        assert curve <= paid * (1 + 2e-5) + 3


def test_crypto_pool__three_prices_for_two_coins__is_refused() -> None:
    with pytest.raises(RoutingError, match="do not fit the rest"):
        replace(pool_of(), prices=(ONE, ONE, ONE))


def test_crypto_pool__cubic_with_two_coins__is_refused() -> None:
    with pytest.raises(RoutingError, match="do not fit the rest"):
        pool_of(2, cubic=True)
