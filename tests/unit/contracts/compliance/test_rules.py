"""Rules as data: what they say, how they are kept, who may change them."""

import pytest

from scripts._lib.deployment import roles
from tests.fixtures.compliance import rule
from tests.fixtures.protocol import (
    ACCREDITED,
    DAY,
    EVERY_CLASS,
    GERMANY,
    INSTITUTIONAL,
    RETAIL,
    SWITZERLAND,
)
from tests.reverts import reverts

EDGES = (1, 249, 250, 499, 500, 749, 750, 999)
FULL = {
    "classes": 1 << ACCREDITED | 1 << INSTITUTIONAL,
    "inbound_blocked": True,
    "outbound_blocked": True,
    "resident_only": True,
    "documents": 0xFFFF,
    "lockup": 2**32 - 1,
    "max_holders": 2**32 - 1,
    "min_holding": 99_999_999_999_999 * 10**18,
    "max_holding": 10**60,
    "volume_limit": 12_345_678_901_234,
    "period": 2**32 - 1,
    "travel_threshold": 1,
    "report_threshold": 99 * 10**30,
}


@pytest.fixture
def factory(access_manager, admin, manager):
    """An account that may open rules, as factories may."""
    access_manager.grantRole(roles.FACTORY, manager, 0, sender=admin)
    return manager


@pytest.fixture
def token(compliance_engine, factory, pool):
    """An account with rules of its own: Swiss retail."""
    compliance_engine.openRules(pool, [SWITZERLAND], 1 << RETAIL, sender=factory)
    return pool


# -- Opening


def test_open_rules__new__stored(compliance_engine, identity_registry, token):
    assert compliance_engine.registryOf(token) == identity_registry.address
    assert tuple(compliance_engine.ruleOf(token, SWITZERLAND)) == rule(1 << RETAIL)
    assert tuple(compliance_engine.ruleOf(token, GERMANY)) == rule(0)


def test_open_rules__new__says_so(compliance_engine, identity_registry, factory, pool):
    receipt = compliance_engine.openRules(pool, [GERMANY], 1 << RETAIL, sender=factory)
    assert compliance_engine.RulesOpened(pool, identity_registry) in receipt.events
    assert [log.country for log in receipt.events if log.event_name == "RuleSet"] == [GERMANY]


def test_open_rules__no_countries__lets_nobody_in(compliance_engine, factory, pool):
    compliance_engine.openRules(pool, [], EVERY_CLASS, sender=factory)
    assert not compliance_engine.isCountryAllowed(pool, SWITZERLAND)


def test_open_rulebook__edges__each_its_own(compliance_engine, identity_registry, factory, pool):
    rules = [rule(lockup=edge) for edge in EDGES]
    compliance_engine.openRulebook(pool, identity_registry, (0b101, 7), list(EDGES), rules, sender=factory)
    assert [compliance_engine.ruleOf(pool, edge).lockup for edge in EDGES] == list(EDGES)
    assert tuple(compliance_engine.tokenRuleOf(pool)) == (0b101, 7)


def test_open_rules__second_time__refused(compliance_engine, identity_registry, factory, token):
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesExist, token):
        compliance_engine.openRules(token, [GERMANY], EVERY_CLASS, sender=factory)
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesExist, token):
        compliance_engine.openRulebook(token, identity_registry, (0, 0), [], [], sender=factory)


def test_open_rules__reserved_country__refused(compliance_engine, factory, pool):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidCountry, 65535):
        compliance_engine.openRules(pool, [SWITZERLAND, 65535], EVERY_CLASS, sender=factory)


@pytest.mark.parametrize("country", [0, 1000])
def test_open_rules__country_without_an_iso_number__opened(compliance_engine, factory, pool, country):
    compliance_engine.openRules(pool, [country], EVERY_CLASS, sender=factory)
    assert compliance_engine.isCountryAllowed(pool, country)
    assert compliance_engine.ruleOf(pool, country).classes == EVERY_CLASS


@pytest.mark.parametrize("classes", [0, 1, 16, 255])
def test_open_rules__no_such_classes__refused(compliance_engine, factory, pool, classes):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidClasses, classes):
        compliance_engine.openRules(pool, [SWITZERLAND], classes, sender=factory)


def test_open_rulebook__registry_without_code__refused(compliance_engine, factory, pool, thief):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidRegistry, thief):
        compliance_engine.openRulebook(pool, thief, (0, 0), [], [], sender=factory)


# -- Setting


def test_set_rules__every_field_at_its_edge__comes_back(compliance_engine, compliance_officer, token):
    wanted = rule(**FULL)
    compliance_engine.setRules(token, [GERMANY], [wanted], sender=compliance_officer)
    assert tuple(compliance_engine.ruleOf(token, GERMANY)) == wanted
    assert tuple(compliance_engine.ruleOf(token, SWITZERLAND)) == rule(1 << RETAIL)


def test_set_rules__amount_with_fifteen_digits__refused(compliance_engine, compliance_officer, token):
    amount = 10**18 + 10**3
    with reverts(compliance_engine.AutomatedComplianceEngine__InexactAmount, amount):
        compliance_engine.setRules(token, [GERMANY], [rule(max_holding=amount)], sender=compliance_officer)


@pytest.mark.parametrize(
    "fields",
    [
        {"min_holding": 2, "max_holding": 1},
        {"volume_limit": 1},
        {"period": 10},
        {"volume_limit": 1, "period": 2},
        {"volume_limit": 10**34, "period": 10},
    ],
)
def test_set_rules__contradiction__refused(compliance_engine, compliance_officer, token, fields):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidRule, GERMANY):
        compliance_engine.setRules(token, [GERMANY], [rule(**fields)], sender=compliance_officer)


@pytest.mark.parametrize("classes", [1, 16, 255])
def test_set_rules__no_such_classes__refused(compliance_engine, compliance_officer, token, classes):
    with reverts(compliance_engine.AutomatedComplianceEngine__InvalidClasses, classes):
        compliance_engine.setRules(token, [GERMANY], [rule(classes)], sender=compliance_officer)


@pytest.mark.parametrize("function", ["setRules", "tightenRules"])
def test_set_rules__as_many_countries_as_rules__else_refused(compliance_engine, compliance_officer, token, function):
    with reverts(compliance_engine.AutomatedComplianceEngine__LengthMismatch):
        getattr(compliance_engine, function)(token, [GERMANY], [], sender=compliance_officer)


# -- Tightening

LOOSER = {
    "classes": EVERY_CLASS,
    "inbound_blocked": False,
    "outbound_blocked": False,
    "resident_only": False,
    "documents": 1,
    "lockup": 99,
    "max_holders": 101,
    "min_holding": 99,
    "max_holding": 10_001,
    "volume_limit": 1_001,
    "period": 999,
    "travel_threshold": 501,
    "report_threshold": 501,
}
STANDING = {
    "classes": 1 << RETAIL | 1 << ACCREDITED,
    "inbound_blocked": True,
    "outbound_blocked": True,
    "resident_only": True,
    "documents": 3,
    "lockup": 100,
    "max_holders": 100,
    "min_holding": 100,
    "max_holding": 10_000,
    "volume_limit": 1_000,
    "period": 1_000,
    "travel_threshold": 500,
    "report_threshold": 500,
}
TIGHTER = {
    "classes": 1 << RETAIL,
    "documents": 7,
    "lockup": 101,
    "max_holders": 99,
    "min_holding": 101,
    "max_holding": 9_999,
    "volume_limit": 999,
    "period": 1_001,
    "travel_threshold": 499,
    "report_threshold": 499,
}


@pytest.mark.parametrize("field", TIGHTER)
def test_tighten_rules__one_field_tighter__stands_at_once(
    compliance_engine, compliance_officer, token, set_rule, field
):
    set_rule(token, GERMANY, **STANDING)
    wanted = rule(**{**STANDING, field: TIGHTER[field]})
    compliance_engine.tightenRules(token, [GERMANY], [wanted], sender=compliance_officer)
    assert tuple(compliance_engine.ruleOf(token, GERMANY)) == wanted


@pytest.mark.parametrize("field", LOOSER)
def test_tighten_rules__one_field_looser__refused(compliance_engine, compliance_officer, token, set_rule, field):
    set_rule(token, GERMANY, **STANDING)
    wanted = rule(**{**STANDING, field: LOOSER[field]})
    with reverts(compliance_engine.AutomatedComplianceEngine__NotTighter, token, GERMANY):
        compliance_engine.tightenRules(token, [GERMANY], [wanted], sender=compliance_officer)


@pytest.mark.parametrize("field", ["max_holders", "max_holding", "travel_threshold", "report_threshold"])
def test_tighten_rules__limit_taken_away__refused(compliance_engine, compliance_officer, token, set_rule, field):
    set_rule(token, GERMANY, **STANDING)
    with reverts(compliance_engine.AutomatedComplianceEngine__NotTighter, token, GERMANY):
        wanted = rule(**{**STANDING, field: 0})
        compliance_engine.tightenRules(token, [GERMANY], [wanted], sender=compliance_officer)


def test_tighten_rules__country_without_rule__refused(compliance_engine, compliance_officer, token):
    with reverts(compliance_engine.AutomatedComplianceEngine__NotTighter, token, GERMANY):
        compliance_engine.tightenRules(token, [GERMANY], [rule()], sender=compliance_officer)


def test_block_countries__allowed__shut_out_with_its_other_limits(
    compliance_engine, compliance_officer, token, set_rule
):
    set_rule(token, GERMANY, **STANDING)
    compliance_engine.blockCountries(token, [GERMANY], sender=compliance_officer)
    assert not compliance_engine.isCountryAllowed(token, GERMANY)
    assert compliance_engine.isCountryAllowed(token, SWITZERLAND)
    # Whoever could not send before cannot now: a block loosens nothing.
    assert tuple(compliance_engine.ruleOf(token, GERMANY)) == rule(**{**STANDING, "classes": 0})


@pytest.mark.parametrize("country", [0, 1000])
def test_is_country_allowed__no_such_country__no(compliance_engine, token, country):
    assert not compliance_engine.isCountryAllowed(token, country)


def test_tighten_token_rule__more_topics_fewer_holders__stands(compliance_engine, compliance_officer, token):
    compliance_engine.setTokenRule(token, (0b01, 100), sender=compliance_officer)
    compliance_engine.tightenTokenRule(token, (0b11, 99), sender=compliance_officer)
    assert tuple(compliance_engine.tokenRuleOf(token)) == (0b11, 99)


@pytest.mark.parametrize("looser", [(0b10, 100), (0b01, 101), (0b01, 0)])
def test_tighten_token_rule__looser__refused(compliance_engine, compliance_officer, token, looser):
    compliance_engine.setTokenRule(token, (0b01, 100), sender=compliance_officer)
    with reverts(compliance_engine.AutomatedComplianceEngine__NotTighter, token, 0):
        compliance_engine.tightenTokenRule(token, looser, sender=compliance_officer)


# -- Who may

CHANGES = [
    ("setRules", ([SWITZERLAND], [rule()])),
    ("tightenRules", ([SWITZERLAND], [rule(1 << RETAIL)])),
    ("blockCountries", ([SWITZERLAND],)),
    ("setTokenRule", ((0, 0),)),
    ("tightenTokenRule", ((1, 1),)),
]


@pytest.mark.parametrize(("function", "arguments"), CHANGES)
def test_every_change__rules_not_open__refused(compliance_engine, compliance_officer, thief, function, arguments):
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, thief):
        getattr(compliance_engine, function)(thief, *arguments, sender=compliance_officer)


@pytest.mark.parametrize("actor", ["admin", "guardian", "issuer", "manager", "thief"])
@pytest.mark.parametrize(("function", "arguments"), CHANGES)
def test_every_change__without_compliance_officer__refused(
    compliance_engine, actors, actor, token, function, arguments
):
    with reverts(compliance_engine.AccessManagedUnauthorized, actors[actor]):
        getattr(compliance_engine, function)(token, *arguments, sender=actors[actor])


@pytest.mark.parametrize("actor", ["admin", "issuer", "compliance_officer", "thief"])
def test_open_rules__without_factory__refused(compliance_engine, identity_registry, actors, actor, pool):
    with reverts(compliance_engine.AccessManagedUnauthorized, actors[actor]):
        compliance_engine.openRules(pool, [SWITZERLAND], EVERY_CLASS, sender=actors[actor])
    with reverts(compliance_engine.AccessManagedUnauthorized, actors[actor]):
        compliance_engine.openRulebook(pool, identity_registry, (0, 0), [], [], sender=actors[actor])


@pytest.mark.parametrize(("function", "arguments"), [CHANGES[0], CHANGES[3]], ids=["setRules", "setTokenRule"])
def test_loosening__role_held_with_a_delay__has_to_be_scheduled(
    compliance_engine, access_manager, admin, compliance_officer, token, function, arguments
):
    access_manager.grantRole(roles.COMPLIANCE_OFFICER_DELAYED, compliance_officer, DAY, sender=admin)
    call = getattr(compliance_engine, function)
    data = call.encode_input(token, *arguments)
    operation = access_manager.hashOperation(compliance_officer, compliance_engine, data)
    with reverts(access_manager.AccessManagerNotScheduled, operation):
        call(token, *arguments, sender=compliance_officer)


def test_set_registry__caller_without_rules__refused(compliance_engine, identity_registry, thief):
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, thief):
        compliance_engine.setRegistry(identity_registry, sender=thief)


def test_record_refusal__caller_without_rules__refused(compliance_engine, thief):
    with reverts(compliance_engine.AutomatedComplianceEngine__RulesNotSet, thief):
        compliance_engine.recordRefusal(thief, thief, thief, 1, thief, 1, sender=thief)


def test_identity_registry__always__is_the_one_given(compliance_engine, identity_registry):
    assert compliance_engine.identityRegistry() == identity_registry.address
