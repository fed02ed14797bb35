"""The token that most tests of rules move; a file that needs another one has its own."""

import pytest

from tests.fixtures.compliance import AML_TOPIC, KYC_TOPIC, class_rule
from tests.fixtures.protocol import ACCREDITED, GERMANY, SWITZERLAND, UNITED_STATES


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


@pytest.fixture
def bind(transfer_terms, compliance_officer):
    """`bind(token, **fields)`: adds a class rule; it binds retail investors unless said otherwise."""

    def done(token, **fields):
        transfer_terms.addClassRules(token, [class_rule(**fields)], sender=compliance_officer)

    return done


@pytest.fixture
def accredited(register, actors):
    """An accredited Swiss, on the officer's word."""
    return register(actors["trader"], SWITZERLAND, ACCREDITED)


@pytest.fixture
def identified(trusted, create_onchainid, claim, compliance_officer, wallet):
    """`identified(topic, country, expiry)`: an ONCHAINID with KYC, AML and one more claim, and its wallet."""

    def made(topic=None, country=SWITZERLAND, expiry=2**40 - 1):
        identity, account = create_onchainid(), wallet()
        for known in (KYC_TOPIC, AML_TOPIC):
            claim(identity, known)
        if topic is not None:
            claim(identity, topic, expiry)
        trusted.registerIdentity(account, identity, country, sender=compliance_officer)
        return identity, account

    return made
