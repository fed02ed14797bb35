"""A token's compliance against a second reading of its specification, after any history of anybody's acts."""

from __future__ import annotations

import ape
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.protocol import ACCREDITED, DAY, INSTITUTIONAL, RETAIL, YEAR
from tests.fuzz.contracts.compliance_model import (
    AMOUNTS,
    COUNTRIES,
    EVERYWHERE,
    LIFETIMES,
    NAMES,
    PERIODS,
    VALIDITY,
    Model,
)
from tests.fuzz.contracts.modelled_chain import ModelledChain
from tests.isolation import isolated

# -- Histories

people = st.sampled_from(NAMES)
amounts = st.sampled_from(AMOUNTS)
rules = st.fixed_dictionaries(
    {},
    optional={
        "classes": st.sampled_from((0, 1 << RETAIL, 1 << ACCREDITED | 1 << INSTITUTIONAL)),
        "inbound_blocked": st.just(True),
        "outbound_blocked": st.just(True),
        "resident_only": st.just(True),
        "documents": st.sampled_from((1, 3)),
        "lockup": st.sampled_from((DAY, 40 * DAY)),
        "max_holders": st.integers(1, 3),
        "min_holding": st.sampled_from((1, 40, 100)),
        "max_holding": st.sampled_from((100, 500, 2_000)),
        "volume_limit": st.sampled_from((40, 250, 1_000)),
        "travel_threshold": st.sampled_from((100, 250)),
        "report_threshold": st.sampled_from((1, 1_000)),
    },
)
ends = st.sampled_from((*COUNTRIES, EVERYWHERE))
lives = st.sampled_from(((0, 2**40 - 1), (0, DAY), (DAY, 40 * DAY)))
duties = st.sampled_from(
    (
        (1, 0, 0, 0),
        (0, 40 * DAY, 0, 2),
        (0, DAY, 1_100, 0),
        (0, 40 * DAY, 2_000, 0),
        (0, 0, 250, 0),
        (2, DAY, 1_000, 0),
        (0, 0, 0, 1),
        (0, 0, 0, 2),
        (0, 0, 0, 4),
    )
).map(lambda drawn: (False, *drawn))
# Bit 9 belongs to no topic: a claim that nobody has, and that the officer's word has all the same.
class_rules = st.tuples(
    ends,
    st.sampled_from((1 << RETAIL, 1 << ACCREDITED, 0b1110)),
    st.sampled_from((0, 1 << 9)),
    st.one_of(st.just((True, 0, 0, 0, 0)), duties, duties),
).map(lambda drawn: (*drawn[:3], *drawn[3]))
movements = st.one_of(
    st.tuples(st.just("mint"), st.dictionaries(people, amounts, min_size=1, max_size=3)),
    st.tuples(st.just("transfer"), people, people, amounts),
    st.tuples(st.just("transfer"), people, people, amounts),
    st.tuples(st.just("transferFrom"), people, people, people, amounts),
    st.tuples(st.just("batch"), people, st.dictionaries(people, amounts, min_size=1, max_size=3)),
    st.tuples(st.just("burn"), people, amounts),
    st.tuples(st.just("force"), people, people, amounts),
    st.tuples(st.just("recover"), people, people),
)
terms = st.one_of(
    st.tuples(st.just("way"), ends, ends, lives),
    st.tuples(st.just("openWay"), st.integers(0, 3)),
    st.tuples(st.just("blackout"), lives, st.booleans()),
    st.tuples(st.just("endBlackout"), st.integers(0, 3)),
    st.tuples(st.just("affiliate"), people, st.booleans()),
    st.tuples(st.just("limit"), ends, st.booleans(), st.sampled_from(PERIODS), st.sampled_from((40, 250))),
    st.tuples(st.just("unlimit"), st.integers(0, 3)),
    st.tuples(st.just("classRule"), class_rules),
    st.tuples(st.just("endClassRule"), st.integers(0, 3)),
)
acts = st.one_of(
    st.tuples(
        st.just("register"), people, st.sampled_from(COUNTRIES), st.sampled_from((1, 2, 3)), st.sampled_from(LIFETIMES)
    ),
    st.tuples(st.just("identify"), people, st.sampled_from(COUNTRIES), st.integers(0, 1)),
    st.tuples(st.just("grade"), st.sampled_from((RETAIL, ACCREDITED))),
    st.tuples(st.just("delete"), people),
    st.tuples(st.just("file"), people, st.sampled_from((1, 3))),
    st.tuples(st.just("freeze"), people, st.booleans()),
    st.tuples(st.just("freezeWallet"), people, st.booleans()),
    st.tuples(st.just("freezePart"), people, amounts),
    st.tuples(st.just("holdBack"), people, amounts),
    st.tuples(st.just("sanction"), people),
    st.tuples(st.just("venue"), people, st.booleans()),
    st.tuples(st.just("ledger"), people),
    st.tuples(st.just("admit"), people, st.booleans()),
    st.tuples(st.just("rule"), st.sampled_from(COUNTRIES), rules, st.sampled_from(PERIODS)),
    st.tuples(st.just("holders"), st.integers(0, 4)),
    st.tuples(st.just("treasury"), people, st.booleans()),
    st.tuples(
        st.just("issues"),
        st.sampled_from((0, *COUNTRIES)),
        st.sampled_from((0, 500, 2_000)),
        st.sampled_from((0, 100, 1_000)),
        st.sampled_from(PERIODS),
    ),
    st.tuples(st.just("recount"), people),
    terms,
    st.tuples(st.just("wait"), st.sampled_from((500, DAY, 31 * DAY))),
)


@pytest.fixture(params=("sole", "shared"))
def world(
    request, chain, actors, identity_registry, compliance_engine, transfer_terms, sanctions_list, create_token,
    create_sole_token, admin, compliance_officer,
) -> ModelledChain:  # fmt: skip
    """Three countries open to everybody, in a registry of the token's own or in one that serves another token too.

    A trusted issuer finds the claims of two ONCHAINIDs always valid.
    """
    sole = request.param == "sole"
    if sole:
        token, registry = create_sole_token(list(COUNTRIES))
    else:
        token, registry = create_token(countries=COUNTRIES), identity_registry
        create_token(symbol="OTHER")
    issuer = admin.deploy(ape.project.LyingIdentity)
    registry.setTopicTerms(1, (True, True, 1, RETAIL, VALIDITY), sender=compliance_officer)
    registry.addTrustedIssuer(issuer, [1], sender=compliance_officer)
    identities = [admin.deploy(ape.project.LyingIdentity) for _ in range(2)]
    model = Model({country: {} for country in COUNTRIES})
    there = (token, compliance_engine, registry, sanctions_list, transfer_terms)
    return ModelledChain(chain, model, *there, actors, identities, sole)


def _admit(world, grades, singles):
    """Two persons with two wallets each, and two people with one: their classes, and for how long they last."""
    for place, name in enumerate(NAMES):
        if place < 4:
            world.do(("grade", grades[place]))
            world.do(("identify", name, COUNTRIES[place % 3], place // 2))
        else:
            world.do(("register", name, COUNTRIES[place % 3], *singles[place - 4]))


# An example sends dozens of transactions: fewer of them than of pure ones.
@settings(
    max_examples=max(settings.default.max_examples // 6, 8),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    first=st.lists(acts, max_size=6),
    history=st.lists(st.one_of(movements, movements, acts), min_size=5, max_size=20),
    funds=st.lists(amounts, min_size=len(NAMES), max_size=len(NAMES)),
)
def test_token__after_any_history__is_as_the_model_says(chain, world, first, history, funds):
    with isolated(chain):
        world.model = Model({country: {} for country in COUNTRIES})
        for place, (name, amount) in enumerate(zip(NAMES, funds, strict=True)):
            if place % 2:
                world.do(("identify", name, COUNTRIES[place % 3], place // 3))
            else:
                world.do(("register", name, COUNTRIES[place % 3], 1 + place % 3, YEAR))
            world.do(("mint", {name: amount}))
        for act in [*first, *history]:
            world.do(act)
        world.compare()


@settings(
    max_examples=max(settings.default.max_examples // 6, 8),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    way=st.tuples(st.just("way"), ends, ends, st.just((0, 2**40 - 1))),
    limit=st.tuples(st.just("limit"), ends, st.booleans(), st.just(30 * DAY), st.sampled_from((40, 250))),
    by_class=st.tuples(st.just("classRule"), class_rules),
    grades=st.tuples(*[st.sampled_from((RETAIL, ACCREDITED))] * 4),
    pool=st.booleans(),
    history=st.lists(st.one_of(movements, movements, terms), min_size=8, max_size=20),
)
def test_token__people_whom_nothing_else_stops__terms_are_as_the_model_says(
    chain, world, way, limit, by_class, grades, pool, history
):
    with isolated(chain):
        world.model = Model({country: {} for country in COUNTRIES})
        _admit(world, grades, ((RETAIL, YEAR), (RETAIL, YEAR)))
        for name in NAMES:
            world.do(("mint", {name: 1_000}))
        if pool:
            world.do(("delete", "trader"))
            world.do(("venue", "trader", True))
        for act in (way, limit, by_class, ("affiliate", "investor", True), *history):
            world.do(act)
        # The class rules that bind a receiver lock up what is issued to it now.
        for name in NAMES:
            world.do(("mint", {name: 40}))
        everybody = [(sender, receiver) for sender in NAMES for receiver in NAMES if sender != receiver]
        for sender, receiver in everybody:
            world.do(("transfer", sender, receiver, 40))
        world.compare()


few_rules = st.tuples(
    ends,
    st.sampled_from((1 << RETAIL, 1 << RETAIL, 0b1110)),
    st.just(0),
    st.integers(2, 4).map(lambda most: (False, 0, 0, 0, most)),
).map(lambda drawn: (*drawn[:3], *drawn[3]))
steps = st.one_of(
    st.tuples(st.just("transfer"), people, people, st.sampled_from((40, 100))),
    st.tuples(st.just("transfer"), people, people, st.just(100)),
    st.tuples(st.just("batch"), people, st.dictionaries(people, st.sampled_from((0, 50)), min_size=2, max_size=3)),
    st.tuples(st.just("mint"), st.dictionaries(people, st.just(100), min_size=1, max_size=2)),
    st.tuples(st.just("burn"), people, st.just(100)),
    st.tuples(st.just("force"), people, people, st.just(100)),
    st.tuples(st.just("recover"), people, people),
    st.tuples(st.just("recount"), people),
    st.tuples(st.just("delete"), people),
    st.tuples(
        st.just("register"), people, st.sampled_from(COUNTRIES), st.sampled_from((1, 2, 3)), st.sampled_from(LIFETIMES)
    ),
    st.tuples(st.just("identify"), people, st.sampled_from(COUNTRIES), st.integers(0, 1)),
    st.tuples(st.just("grade"), st.sampled_from((RETAIL, ACCREDITED))),
    st.tuples(st.just("classRule"), few_rules),
    st.tuples(st.just("wait"), st.sampled_from((1_000, DAY))),
)


@settings(
    max_examples=max(settings.default.max_examples // 4, 8),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    few=few_rules,
    grades=st.tuples(*[st.sampled_from((RETAIL, ACCREDITED))] * 4),
    holders=st.sets(people, min_size=1, max_size=4),
    before=st.booleans(),
    history=st.lists(steps, min_size=10, max_size=24),
)
def test_token__few_may_hold__persons_are_counted_as_the_model_says(
    chain, world, few, grades, holders, before, history
):
    with isolated(chain):
        world.model = Model({country: {} for country in COUNTRIES})
        _admit(world, grades, ((ACCREDITED, 900), (INSTITUTIONAL, YEAR)))
        start = [("classRule", few), *(("mint", {name: 100}) for name in sorted(holders))]
        # Holders who were there before the rule are not counted until somebody does it.
        entries = [("mint", {name: 100}) for name in NAMES]
        for act in [*(start if before else start[::-1]), *entries, *history]:
            world.do(act)
        for name in NAMES:
            world.do(("recount", name))
        for place, sender in enumerate(NAMES):
            world.do(("transfer", sender, NAMES[(place + 1) % len(NAMES)], 100))
        world.compare()
