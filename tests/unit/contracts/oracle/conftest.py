"""A token and its feed."""

import pytest

from tests.fixtures.protocol import DAY, WAD


@pytest.fixture
def token(create_settlement):
    return create_settlement("GOLD", 18)


@pytest.fixture
def feed(create_feed, token):
    """100 USD, good for a day, believable from 50 to 200."""
    return create_feed(token, 100, heartbeat=DAY, min_price=50 * WAD, max_price=200 * WAD)
