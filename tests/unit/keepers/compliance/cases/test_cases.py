"""The state machine of a case, and what its memory holds back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keepers.compliance.cases.cases import (
    MOVES,
    Case,
    CaseState,
    Finding,
    Move,
    Verdict,
    approve,
    changed,
    covers,
    decide,
    marked,
    opened,
    plan_cases,
    refuse,
)
from keepers.compliance.cases.errors import CaseError
from keepers.compliance.officers import OfficerNameError

FOUND = Finding("P-1", "un", "7", 3, "record of somebody", 0.9, ("name_exact", "birth_date"))
SALT = "ab" * 16
A, B = "Ada", "Bea"
NO, YES = Verdict.FALSE_POSITIVE, Verdict.MATCH


def closed(found: Finding = FOUND, verdict: Verdict = NO) -> Case:
    return approve(decide(opened(found, SALT, 1), verdict, A, 2), verdict, B, 3)


STEPS: dict[Move, Callable[[Case], Case]] = {
    Move.DECIDE: lambda case: decide(case, NO, A, 5),
    Move.APPROVE: lambda case: approve(case, NO, B, 5),
    Move.REFUSE: lambda case: refuse(case, B),
    Move.CHANGE: lambda case: changed(case, FOUND),
}


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("move", Move)
def test_move__every_state_and_step__is_in_the_table_or_refused(state: CaseState, move: Move) -> None:
    case = replace(opened(FOUND, SALT, 1), id=4, state=state, verdict=NO, decided_by=A)
    if (state, move) in MOVES:
        after = STEPS[move](case)
        assert after.state is MOVES[state, move] and after.moves == case.moves + 1
    else:
        with pytest.raises(CaseError, match=f"case 4: is {state.value}, not "):
            STEPS[move](case)


def test_opened__a_finding__keeps_a_salted_mark_of_the_record_alone() -> None:
    case = opened(FOUND, SALT, 1)
    assert case.mark == marked(FOUND.record, SALT) != marked(FOUND.record, "cd" * 16)
    assert "somebody" not in repr(case)


@pytest.mark.parametrize("step", [lambda case: approve(case, NO, "ADA", 5), lambda case: refuse(case, "ada")])
def test_second_officer__the_one_who_decided__is_refused(step: Callable[[Case], Case]) -> None:
    with pytest.raises(OfficerNameError, match="was asked for by the same officer"):
        step(decide(opened(FOUND, SALT, 1), NO, A, 2))


def test_approve__another_decision_than_it_has__is_refused() -> None:
    with pytest.raises(CaseError, match="was decided as match, not as false-positive"):
        approve(decide(opened(FOUND, SALT, 1), YES, A, 2), NO, B, 3)


def test_refuse__a_decision__leaves_nothing_of_it() -> None:
    case = refuse(decide(opened(FOUND, SALT, 1), NO, A, 2), B)
    assert (case.state, case.verdict, case.decided_by, case.decided) == (CaseState.OPEN, Verdict.NONE, "", 0)


def test_changed__a_decided_case__is_open_and_undecided_about_the_new_record() -> None:
    fresh = replace(FOUND, record="another record", version=4, score=0.95)
    case = changed(decide(opened(FOUND, SALT, 1), NO, A, 2), fresh)
    assert (case.state, case.verdict, case.version, case.score) == (CaseState.OPEN, Verdict.NONE, 4, 0.95)
    assert covers(case, fresh) and not covers(case, FOUND)


@pytest.mark.parametrize(
    ("found", "held"),
    [
        (FOUND, True),
        (replace(FOUND, version=9), True),
        (replace(FOUND, score=0.8), True),
        (replace(FOUND, rules=("name_exact",)), True),
        (replace(FOUND, record="record of somebody else"), False),
        (replace(FOUND, score=0.91), False),
        (replace(FOUND, rules=("name_exact", "country")), False),
    ],
)
def test_covers__an_alert__is_held_back_while_record_and_strength_are_those_judged(found: Finding, held: bool) -> None:
    assert covers(closed(), found) is held


def planned(found: Finding, *known: Case, ids: dict[str, frozenset[str]] | None = None) -> tuple[int, int, int, int]:
    plan = plan_cases([found], known, ids or {}, ["cd" * 16], 9)
    return len(plan.new), len(plan.changed), plan.kept, plan.held


def test_plan_cases__a_new_alert__opens_a_case() -> None:
    assert planned(FOUND) == (1, 0, 0, 0)


@pytest.mark.parametrize("verdict", [NO, YES])
def test_plan_cases__a_closed_case__holds_the_same_alert_back(verdict: Verdict) -> None:
    assert planned(FOUND, closed(verdict=verdict)) == (0, 0, 0, 1)


def test_plan_cases__a_changed_record__opens_a_case_that_follows_the_closed_one() -> None:
    plan = plan_cases([replace(FOUND, record="new")], [replace(closed(), id=5)], {}, ["cd" * 16], 9)
    assert [case.follows for case in plan.new] == [5]


def test_plan_cases__an_open_case__is_kept_or_changed() -> None:
    case = opened(FOUND, SALT, 1)
    assert planned(FOUND, case) == (0, 0, 1, 0)
    assert planned(replace(FOUND, record="new"), case) == (0, 1, 0, 0)


def test_plan_cases__another_person_or_party__is_not_held_back() -> None:
    assert planned(replace(FOUND, person="P-2"), closed()) == (1, 0, 0, 0)
    assert planned(replace(FOUND, uid="8"), closed()) == (1, 0, 0, 0)


def test_plan_cases__a_person_with_another_identifier_now__is_remembered() -> None:
    ids = {"P-0": frozenset({"P-0", "P-1"})}
    assert planned(replace(FOUND, person="P-0"), closed(), ids=ids) == (0, 0, 0, 1)
