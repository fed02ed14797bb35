"""Issuing tokens: what the factory refuses, and where tokens are."""

import ape
import pytest
from eth_utils import keccak

from tests.fixtures.protocol import EVERY_CLASS, GERMANY, RETAIL, SWITZERLAND
from tests.reverts import reverts

SALT = keccak(text="bond")


def params(decimals=18, countries=(SWITZERLAND,), classes=EVERY_CLASS, salt=SALT):
    return ("Bond", "BND", decimals, list(countries), classes, salt)


def test_create_token__valid__named_as_asked(create_token):
    token = create_token("BND", "Bond", 6)
    assert (token.name(), token.symbol(), token.decimals(), token.totalSupply()) == ("Bond", "BND", 6, 0)


def test_create_token__valid__rules_open(create_token, compliance_engine):
    token = create_token(countries=[GERMANY], classes=1 << RETAIL)
    assert compliance_engine.isCountryAllowed(token, GERMANY)
    assert not compliance_engine.isCountryAllowed(token, SWITZERLAND)
    assert compliance_engine.ruleOf(token, GERMANY).classes == 1 << RETAIL


def test_create_token__valid__says_so(token_factory, issuer):
    receipt = token_factory.createToken(params(), sender=issuer)
    assert token_factory.TokenCreated(token_factory.addressOf(SALT), "Bond", "BND") in receipt.events


def test_create_token__valid__known_as_token(token_factory, issuer, thief):
    assert not token_factory.isToken(token_factory.addressOf(SALT))
    token_factory.createToken(params(), sender=issuer)
    assert token_factory.isToken(token_factory.addressOf(SALT))
    assert not token_factory.isToken(thief)


def test_create_token__salt__decides_the_address_beforehand(token_factory, issuer):
    address = token_factory.addressOf(SALT)
    assert token_factory.createToken.call(params(), sender=issuer) == address
    token_factory.createToken(params(), sender=issuer)
    assert ape.project.ComplianceAwareToken.at(address).symbol() == "BND"


def test_create_token__same_salt_twice__refused(token_factory, issuer):
    token_factory.createToken(params(), sender=issuer)
    with reverts(token_factory.TokenFactory__SaltUsed, SALT):
        token_factory.createToken(params(decimals=6), sender=issuer)


@pytest.mark.parametrize("decimals", [0, 36])
def test_create_token__extreme_decimals__kept(create_token, decimals):
    assert create_token(decimals=decimals).decimals() == decimals


@pytest.mark.parametrize("decimals", [37, 255])
def test_create_token__too_many_decimals__refused(token_factory, issuer, decimals):
    with reverts(token_factory.TokenFactory__UnsupportedDecimals, decimals):
        token_factory.createToken(params(decimals=decimals), sender=issuer)


def test_create_token__no_such_country__refused(token_factory, compliance_engine, issuer):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidCountry, 65535):
        token_factory.createToken(params(countries=[65535]), sender=issuer)


def test_create_token__no_such_class__refused(token_factory, compliance_engine, issuer):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidClasses, 1):
        token_factory.createToken(params(classes=1), sender=issuer)


@pytest.mark.parametrize("actor", ["admin", "guardian", "compliance_officer", "manager", "thief"])
def test_create_token__without_issuer__refused(token_factory, actors, actor):
    with reverts(token_factory.AccessManagedUnauthorized, actors[actor]):
        token_factory.createToken(params(), sender=actors[actor])
