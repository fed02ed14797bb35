"""Exact outputs run in code that the aggregator delegates to, and that refuses everyone else."""

from __future__ import annotations

import ape
import pytest

from scripts._lib.artifacts import artifact
from tests.fixtures.markets import TERMS, order_over
from tests.reverts import reverts

EIP_3860 = 49_152


@pytest.fixture
def exact_output(admin, aggregator):
    """The part that the aggregator deploys, for whoever calls it himself."""
    return admin.deploy(ape.project.ExactOutput, aggregator.quotes(), aggregator.oracle())


def test_swap_exact_out__called_directly__refused(exact_output, create_market, trader):
    market = create_market("adapter")
    with reverts(exact_output.ExactOutput__NotDelegated):
        exact_output.swapExactOut(order_over(market, True, 1, trader, 1), TERMS, sender=trader)


def test_deliver__called_directly__refused(exact_output, create_market, trader):
    """Its legs say themselves what they were listed as."""
    market = create_market("adapter")
    leg = (market.key, 8, True, market.tokens[0], market.tokens[1], 0)
    with reverts(exact_output.ExactOutput__NotDelegated):
        exact_output.deliver([leg], 0, 1, trader, sender=trader)


def test_creation_code__of_the_aggregator_with_all_it_deploys__fits_a_block():
    """EIP-3860; three words of arguments come behind it."""
    assert len(artifact("LiquidityAggregator").bytecode.removeprefix("0x")) // 2 + 96 <= EIP_3860
