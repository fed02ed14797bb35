"""A portfolio that is ready to be rebalanced."""

import pytest

from tests.fixtures.portfolio import USD, order


@pytest.fixture
def ready(portfolio, market, post_model, deposit, investor):
    """A million dollars in cash, a model, listed pools."""
    deposit(portfolio, investor, 1_000_000)
    post_model()
    return portfolio


@pytest.fixture
def buy(universe, usd, market):
    """`buy(portfolio, dollars)`: one order for the first stock."""
    return lambda portfolio, dollars, **changes: order(
        portfolio, usd, universe.stocks[0], dollars * USD, market[0], **changes
    )
