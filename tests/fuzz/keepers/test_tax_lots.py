"""Lots of any ledger: nothing is lost or made, under every method and scope."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.compliance.tax.engine import Scope, account
from keepers.compliance.tax.lots import Method
from keepers.compliance.tax.share_matching import match_shares
from tests.fixtures.ledgers import ASSETS, conserves, random_ledger

WAYS = [(method, scope) for method in Method for scope in Scope]
LEDGERS = 100_000 if os.environ.get("QUANTERA_FUZZ") == "deep" else 500
"""Random ledgers of the run that counts them."""


@given(seed=st.integers(0, 2**64), length=st.integers(1, 60), way=st.sampled_from(WAYS))
def test_account__any_ledger__conserves_units_and_cost(seed: int, length: int, way: tuple[Method, Scope]) -> None:
    entries = random_ledger(Random(seed), length)
    conserves(entries, account(entries, *way), by_wallet=way[1] is Scope.WALLET)


@given(
    seed=st.integers(0, 2**64),
    length=st.integers(1, 60),
    method=st.sampled_from([method for method in Method if method is not Method.AVERAGE]),
    scope=st.sampled_from(list(Scope)),
)
def test_account__any_ledger_with_wash_sales__moves_losses_and_loses_none(
    seed: int, length: int, method: Method, scope: Scope
) -> None:
    entries = random_ledger(Random(seed), length)
    conserves(entries, account(entries, method, scope, securities=ASSETS), by_wallet=scope is Scope.WALLET)


@given(seed=st.integers(0, 2**64), length=st.integers(1, 60))
def test_match_shares__any_ledger__conserves_units_and_cost(seed: int, length: int) -> None:
    entries = random_ledger(Random(seed), length)
    conserves(entries, match_shares(entries), by_wallet=False)


@pytest.mark.parametrize("part", range(10))
def test_account__many_random_ledgers__conserve_to_the_base_unit(part: int) -> None:
    random = Random(part)
    for number in range(LEDGERS // 10):
        entries = random_ledger(random, random.randint(1, 40))
        method, scope = WAYS[number % len(WAYS)]
        washed = ASSETS if number % 3 and method is not Method.AVERAGE else None
        conserves(entries, account(entries, method, scope, securities=washed), by_wallet=scope is Scope.WALLET)
