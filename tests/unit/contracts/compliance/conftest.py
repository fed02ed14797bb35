"""The token that most tests of rules move; a file that needs another one has its own."""

import pytest

from tests.fixtures.protocol import GERMANY, SWITZERLAND, UNITED_STATES


@pytest.fixture
def token(create_token, register, issuer, investor, counterparty):
    """Open to Swiss, Germans and Americans; investor and counterparty are Swiss, the investor holds 1000."""
    token = create_token(countries=[SWITZERLAND, GERMANY, UNITED_STATES])
    register(investor)
    register(counterparty)
    token.mint(investor, 1000, sender=issuer)
    return token
