"""Diffs of rules, and the transactions that apply them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.compliance.countries import UNSTATED
from keepers.compliance.plan import MOST_A_TRANSACTION, changes, issue_steps, steps, token_steps
from keepers.compliance.rules import CLOSED, IssueRule, Rule, TokenRule, ceil_amount, floor_amount

OPEN = Rule(classes=0b1100, lockup=100, max_holders=50, min_holding=10, max_holding=1000, travel_threshold=5)

amounts = st.integers(0, 3)
rules = st.builds(
    Rule,
    classes=st.sampled_from([0, 2, 4, 6, 8, 12, 14]),
    inbound_blocked=st.booleans(),
    outbound_blocked=st.booleans(),
    resident_only=st.booleans(),
    documents=st.integers(0, 3),
    lockup=amounts,
    max_holders=amounts,
    min_holding=amounts,
    max_holding=amounts,
    volume_limit=amounts,
    period=st.integers(0, 4),
    travel_threshold=amounts,
    report_threshold=amounts,
)
books = st.dictionaries(st.integers(1, 999), rules, max_size=100)


def test_changes__same_rules__are_none() -> None:
    assert changes({756: OPEN, 4: CLOSED}, {756: OPEN}) == []


def test_changes__nobody_wants_a_country__it_is_closed() -> None:
    (change,) = changes({756: OPEN}, {})
    assert change.after == CLOSED


def test_steps__unstated_country_is_open__is_closed_by_the_number_that_calls_take() -> None:
    (step,) = steps(changes({UNSTATED: Rule(classes=0b1110)}, {}))
    assert step.function == "tightenRules"
    assert step.arguments()[0] == [0]


@pytest.mark.parametrize(
    "tighter",
    [
        {"classes": 0b1000},
        {"inbound_blocked": True},
        {"outbound_blocked": True},
        {"resident_only": True},
        {"documents": 1},
        {"lockup": 101},
        {"max_holders": 49},
        {"min_holding": 11},
        {"max_holding": 999},
        {"volume_limit": 1, "period": 3},
        {"travel_threshold": 4},
        {"report_threshold": 1},
    ],
)
def test_steps__field_by_field__tightening_acts_at_once_and_loosening_waits(tighter: dict[str, int]) -> None:
    tight = replace(OPEN, **tighter)
    (now,) = steps(changes({756: OPEN}, {756: tight}))
    (later,) = steps(changes({756: tight}, {756: OPEN}))
    assert (now.function, later.function) == ("tightenRules", "setRules")


def test_steps__both_at_once__tightens_now_and_loosens_later() -> None:
    wanted = replace(OPEN, lockup=200, max_holders=60)
    now, later = steps(changes({756: OPEN}, {756: wanted}))
    assert now.function == "tightenRules" and now.rules == (replace(OPEN, lockup=200),)
    assert later.function == "setRules" and later.rules == (wanted,)


def test_steps__country_closed__is_closed_at_once() -> None:
    now, later = steps(changes({756: OPEN}, {}))
    assert now.function == "tightenRules" and now.rules[0].classes == 0
    assert later.rules == (CLOSED,)


@given(on_chain=books, wanted=books)
def test_steps__any_books__end_at_the_wanted_rules_within_the_bound(
    on_chain: dict[int, Rule], wanted: dict[int, Rule]
) -> None:
    pending = changes(on_chain, wanted)
    planned = steps(pending)
    bound = 2 * -(-len(pending) // MOST_A_TRANSACTION)
    assert len(planned) <= bound
    state = dict(on_chain)
    for step in planned:
        assert 0 < len(step.countries) == len(step.rules) <= MOST_A_TRANSACTION
        for country, rule in zip(step.countries, step.rules, strict=True):
            if step.function == "tightenRules":
                assert not rule.looser_in(state.get(country, CLOSED))
            state[country] = rule
    assert changes(state, wanted) == []


@given(first=rules, second=rules)
def test_strictest__any_two__is_nowhere_looser_than_either(first: Rule, second: Rule) -> None:
    both = first.strictest(second)
    assert not both.looser_in(first) and not both.looser_in(second)


@given(units=st.integers(0, 2**200))
def test_amounts__any__keep_fourteen_digits_and_their_side(units: int) -> None:
    low, high = floor_amount(units), ceil_amount(units)
    assert low <= units <= high
    assert len(str(low).rstrip("0")) <= 14 and len(str(high).rstrip("0")) <= 14


@pytest.mark.parametrize(
    ("on_chain", "wanted", "function"),
    [(0, 1_999, "tightenTokenRule"), (2_500, 1_999, "tightenTokenRule"), (99, 1_999, "setTokenRule")],
)
def test_token_steps__other_maximum_of_holders__is_set_at_once_only_if_it_is_lower(
    on_chain: int, wanted: int, function: str
) -> None:
    before = TokenRule(required_topics=3, max_holders=on_chain, others=(7,))
    (step,) = token_steps(before, wanted)
    assert (step.function, step.rule) == (function, TokenRule(3, wanted, (7,)))
    assert step.arguments() == ((3, wanted, 7),)


@pytest.mark.parametrize(
    ("before", "function"),
    [
        (IssueRule(), "tightenIssueRule"),
        (IssueRule(issuance_limit=101, period=10), "tightenIssueRule"),
        (IssueRule(issuance_limit=99, period=10), "setIssueRule"),
        (IssueRule(issuance_limit=100, period=11), "setIssueRule"),
    ],
)
def test_issue_steps__other_limit__is_set_at_once_only_if_it_is_tighter(before: IssueRule, function: str) -> None:
    wanted = IssueRule(issuance_limit=100, period=10)
    (step,) = issue_steps({756: before}, {756: wanted})
    assert (step.function, step.loosens) == (function, function == "setIssueRule")
    assert step.arguments() == (756, (0, 100, 10))


def test_issue_steps__unstated_country__is_named_as_the_engine_names_it() -> None:
    (step,) = issue_steps({}, {UNSTATED: IssueRule(issuance_limit=1, period=3)})
    assert step.arguments()[0] == 0


@pytest.mark.parametrize("wanted", [IssueRule(), IssueRule(issuance_limit=100, period=10)])
def test_issue_steps__no_limit_asked_or_the_same__leaves_what_the_officer_set(wanted: IssueRule) -> None:
    assert issue_steps({756: IssueRule(issuance_limit=100, period=10)}, {756: wanted}) == []


@pytest.mark.parametrize("wanted", [0, 99])
def test_token_steps__no_maximum_asked_or_the_same__leaves_what_the_officer_set(wanted: int) -> None:
    assert token_steps(TokenRule(max_holders=99), wanted) == []
