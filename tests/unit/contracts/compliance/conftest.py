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


@pytest.fixture
def wallets(trusted, create_onchainid, claim, compliance_officer, actors):
    """`wallets(country, ...)`: wallets of one ONCHAINID, one in each country."""

    def made(*countries):
        identity = create_onchainid()
        claim(identity, 1)
        claim(identity, 2)
        found = [actors[name] for name in ("spender", "keeper", "router")[: len(countries)]]
        for account, country in zip(found, countries, strict=True):
            trusted.registerIdentity(account, identity, country, sender=compliance_officer)
        return found

    return made
