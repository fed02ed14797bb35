"""Opening, widening and narrowing a token's rules."""

import pytest

from scripts.deployment import roles
from tests.fixtures.protocol import (
    ACCREDITED,
    EVERY_CLASS,
    GERMANY,
    INSTITUTIONAL,
    RETAIL,
    SWITZERLAND,
    UNITED_STATES,
)
from tests.reverts import reverts

# Ends of the four words that hold a token's countries.
EDGES = (1, 249, 250, 499, 500, 749, 750, 999)
UNREAL = (0, 1000, 65535)


@pytest.fixture
def factory(access_manager, admin, manager, compliance_engine):
    """An account that holds FACTORY, as the factories do."""
    access_manager.grantRole(roles.FACTORY, manager, 0, sender=admin)
    return manager


@pytest.fixture
def token(compliance_engine, factory, pool):
    """Any address: rules ask nothing of the token. Open to Swiss retail."""
    compliance_engine.openRules(pool, [SWITZERLAND], 1 << RETAIL, sender=factory)
    return pool


# -- openRules


def test_open_rules__new__stored(compliance_engine, token):
    assert compliance_engine.isCountryAllowed(token, SWITZERLAND)
    assert not compliance_engine.isCountryAllowed(token, GERMANY)
    assert compliance_engine.allowedClasses(token) == 1 << RETAIL


def test_open_rules__new__says_so(compliance_engine, factory, pool):
    receipt = compliance_engine.openRules(pool, [GERMANY, SWITZERLAND], 1 << RETAIL, sender=factory)
    assert receipt.events == [compliance_engine.RulesOpened(pool, [GERMANY, SWITZERLAND], 1 << RETAIL)]


def test_open_rules__no_countries__lets_nobody_in(compliance_engine, factory, pool):
    compliance_engine.openRules(pool, [], EVERY_CLASS, sender=factory)
    assert not compliance_engine.isCountryAllowed(pool, SWITZERLAND)


@pytest.mark.parametrize("country", EDGES)
def test_open_rules__edge_of_a_word__is_that_country_alone(compliance_engine, factory, pool, country):
    compliance_engine.openRules(pool, [country], EVERY_CLASS, sender=factory)
    assert [edge for edge in EDGES if compliance_engine.isCountryAllowed(pool, edge)] == [country]
    assert compliance_engine.allowedClasses(pool) == EVERY_CLASS


def test_open_rules__second_time__refused(compliance_engine, factory, token):
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesExist, token):
        compliance_engine.openRules(token, [GERMANY], EVERY_CLASS, sender=factory)


@pytest.mark.parametrize("country", UNREAL)
def test_open_rules__no_such_country__refused(compliance_engine, factory, pool, country):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidCountry, country):
        compliance_engine.openRules(pool, [SWITZERLAND, country], EVERY_CLASS, sender=factory)


@pytest.mark.parametrize("classes", [0, 1, 0b1111, 0b10000, 0xFF])
def test_open_rules__no_such_classes__refused(compliance_engine, factory, pool, classes):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidClasses, classes):
        compliance_engine.openRules(pool, [SWITZERLAND], classes, sender=factory)


# -- Countries


def test_allow_countries__further__let_in_beside_the_others(compliance_engine, compliance_officer, token):
    receipt = compliance_engine.allowCountries(token, [GERMANY, UNITED_STATES], sender=compliance_officer)
    assert receipt.events == [compliance_engine.CountriesAllowed(token, [GERMANY, UNITED_STATES])]
    for country in (SWITZERLAND, GERMANY, UNITED_STATES):
        assert compliance_engine.isCountryAllowed(token, country)


def test_block_countries__allowed__shut_out_alone(compliance_engine, compliance_officer, token):
    compliance_engine.allowCountries(token, [GERMANY], sender=compliance_officer)
    receipt = compliance_engine.blockCountries(token, [SWITZERLAND], sender=compliance_officer)
    assert receipt.events == [compliance_engine.CountriesBlocked(token, [SWITZERLAND])]
    assert not compliance_engine.isCountryAllowed(token, SWITZERLAND)
    assert compliance_engine.isCountryAllowed(token, GERMANY)


@pytest.mark.parametrize("function", ["allowCountries", "blockCountries"])
def test_countries__any_change__leaves_the_classes(compliance_engine, compliance_officer, token, function):
    getattr(compliance_engine, function)(token, list(EDGES), sender=compliance_officer)
    assert compliance_engine.allowedClasses(token) == 1 << RETAIL


@pytest.mark.parametrize("country", UNREAL)
@pytest.mark.parametrize("function", ["allowCountries", "blockCountries"])
def test_countries__no_such_country__refused(compliance_engine, compliance_officer, token, function, country):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidCountry, country):
        getattr(compliance_engine, function)(token, [country], sender=compliance_officer)


@pytest.mark.parametrize("country", UNREAL)
def test_is_country_allowed__no_such_country__no(compliance_engine, token, country):
    assert not compliance_engine.isCountryAllowed(token, country)


# -- Classes


def test_allow_classes__further__let_in_beside_the_others(compliance_engine, compliance_officer, token):
    receipt = compliance_engine.allowClasses(token, 1 << INSTITUTIONAL, sender=compliance_officer)
    assert receipt.events == [compliance_engine.ClassesAllowed(token, 1 << INSTITUTIONAL)]
    assert compliance_engine.allowedClasses(token) == 1 << RETAIL | 1 << INSTITUTIONAL


def test_block_classes__allowed__shut_out_alone(compliance_engine, compliance_officer, token):
    compliance_engine.allowClasses(token, EVERY_CLASS, sender=compliance_officer)
    receipt = compliance_engine.blockClasses(token, 1 << RETAIL, sender=compliance_officer)
    assert receipt.events == [compliance_engine.ClassesBlocked(token, 1 << RETAIL)]
    assert compliance_engine.allowedClasses(token) == 1 << ACCREDITED | 1 << INSTITUTIONAL


def test_block_classes__all_of_them__rules_stay_open(compliance_engine, compliance_officer, factory, token):
    compliance_engine.blockClasses(token, EVERY_CLASS, sender=compliance_officer)
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesExist, token):
        compliance_engine.openRules(token, [GERMANY], EVERY_CLASS, sender=factory)


@pytest.mark.parametrize("function", ["allowClasses", "blockClasses"])
def test_classes__any_change__leaves_the_countries(compliance_engine, compliance_officer, token, function):
    compliance_engine.allowCountries(token, list(EDGES), sender=compliance_officer)
    getattr(compliance_engine, function)(token, EVERY_CLASS, sender=compliance_officer)
    assert all(compliance_engine.isCountryAllowed(token, edge) for edge in EDGES)


@pytest.mark.parametrize("classes", [0, 1, 0b10000])
@pytest.mark.parametrize("function", ["allowClasses", "blockClasses"])
def test_classes__no_such_classes__refused(compliance_engine, compliance_officer, token, function, classes):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidClasses, classes):
        getattr(compliance_engine, function)(token, classes, sender=compliance_officer)


# -- Unopened rules and roles

CHANGES = [
    ("allowCountries", [SWITZERLAND]),
    ("blockCountries", [SWITZERLAND]),
    ("allowClasses", EVERY_CLASS),
    ("blockClasses", EVERY_CLASS),
]


@pytest.mark.parametrize(("function", "argument"), CHANGES)
def test_every_change__rules_not_open__refused(compliance_engine, compliance_officer, thief, function, argument):
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, thief):
        getattr(compliance_engine, function)(thief, argument, sender=compliance_officer)


@pytest.mark.parametrize("actor", ["admin", "guardian", "issuer", "registrar", "thief"])
@pytest.mark.parametrize(("function", "argument"), CHANGES)
def test_every_change__without_compliance_officer__refused(compliance_engine, actors, actor, token, function, argument):
    with reverts(compliance_engine.AccessManagedUnauthorized, actors[actor]):
        getattr(compliance_engine, function)(token, argument, sender=actors[actor])


@pytest.mark.parametrize("actor", ["admin", "issuer", "compliance_officer", "thief"])
def test_open_rules__without_factory__refused(compliance_engine, actors, actor, pool):
    with reverts(compliance_engine.AccessManagedUnauthorized, actors[actor]):
        compliance_engine.openRules(pool, [SWITZERLAND], EVERY_CLASS, sender=actors[actor])


@pytest.mark.parametrize(("function", "argument"), [CHANGES[0], CHANGES[2]])
def test_widening__held_with_a_delay__waits(
    compliance_engine, access_manager, admin, compliance_officer, token, function, argument
):
    access_manager.grantRole(roles.COMPLIANCE_OFFICER_DELAYED, compliance_officer, 86_400, sender=admin)
    call = getattr(compliance_engine, function)
    data = call.encode_input(token, argument)
    operation = access_manager.hashOperation(compliance_officer, compliance_engine, data)
    with reverts(access_manager.AccessManagerNotScheduled, operation):
        call(token, argument, sender=compliance_officer)


def test_identity_registry__always__is_the_one_given(compliance_engine, identity_registry):
    assert compliance_engine.identityRegistry() == identity_registry.address
