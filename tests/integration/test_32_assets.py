"""The largest portfolio there can be, from a config, over real pools: everything fits into a transaction."""

import pytest

from scripts._lib.anvil import anvil
from tests.bench.framework import Bench
from tests.bench.portfolio import LIMIT, Large


@pytest.fixture
def large():
    with anvil() as w3:
        yield Large(Bench(w3))


def test_32_assets__every_operation__below_the_gas_of_a_transaction(large):
    """Each is sent with EIP-7825's 16,777,216 gas; the figures are the bench's."""
    assert len(large.portfolio.functions.assets().call()) == 32
    gas = large.life()
    print(*(f"{name}: {used:,}" for name, used in gas.items()), sep="\n")
    assert len(gas) == 12
    assert all(used < LIMIT for used in gas.values()), gas
