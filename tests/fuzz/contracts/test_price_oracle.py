"""Any decimals, any answer, any amount: the oracle's arithmetic against Python's integers."""

import ape
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.protocol import DAY
from tests.isolation import isolated
from tests.reverts import reverts

LOW, HIGH = 1, 2**128 - 1


@st.composite
def integers_of_any_length(draw, bits):
    return draw(st.integers(1, 2 ** draw(st.integers(1, bits)) - 1))


@pytest.fixture(scope="session")
def contracts_with_decimals(create_settlement, admin):
    """`contracts_with_decimals(token, feed)`: deployed once for every number of decimals."""
    tokens, feeds = {}, {}

    def deployed(token, feed):
        if token not in tokens:
            tokens[token] = create_settlement(f"D{token}", token)
        if feed not in feeds:
            feeds[feed] = admin.deploy(ape.project.MockFeed, feed, "stand-in / USD", 1)
        return tokens[token], feeds[feed]

    return deployed


@given(
    token_decimals=st.integers(0, 36),
    feed_decimals=st.integers(0, 36),
    answer=integers_of_any_length(255),
    amount=integers_of_any_length(128),
)
def test_values__any_decimals__exact_and_rounded_down(
    oracle, admin, chain, contracts_with_decimals, token_decimals, feed_decimals, answer, amount
):
    token, feed = contracts_with_decimals(token_decimals, feed_decimals)
    with isolated(chain):
        feed.setAnswer(answer, sender=admin)
        oracle.setFeed(token, feed, DAY, LOW, HIGH, sender=admin)
        wad = answer * 10**18 // 10**feed_decimals
        if LOW <= wad <= HIGH:
            assert oracle.prices([token]) == [wad]
            assert oracle.values([token], [amount]) == [amount * wad // 10**token_decimals]
        else:
            told = min(wad, 2**256 - 1)
            with reverts(oracle.PriceOracle__PriceOutOfBounds, token, told, LOW, HIGH):
                oracle.prices([token])
