"""Cases on both databases: opened once, moved on the state that a step was made for, all or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.cases.cases import CaseState, Finding, Plan, Verdict, changed, decide, opened
from keepers.store import Store, StoreError
from keepers.store.cases import CaseEvent, all_cases, carry_out, case_of, events, move, note

FOUND = Finding("P-1", "un", "7", 3, "a record", 0.9, ("name_exact", "birth_date"))
CASE = opened(FOUND, "ab" * 16, 1000)
OTHER = opened(replace(FOUND, uid="8"), "cd" * 16, 1000)


def test_carry_out__new_cases__are_read_back_with_their_first_step(store_url: str) -> None:
    store = Store.open(store_url)
    assert carry_out(store, Plan((CASE, OTHER), (), 0, 0), 1000) == [1, 2]
    assert all_cases(store) == [replace(CASE, id=1), replace(OTHER, id=2)] and case_of(store, 3) is None
    assert events(store, 1) == [CaseEvent(1000, "desk", "opened", "")]


def test_carry_out__a_case_that_another_process_opened__leaves_nothing(store_url: str) -> None:
    store = Store.open(store_url)
    carry_out(store, Plan((CASE,), (), 0, 0), 1000)
    with pytest.raises(StoreError, match="a case: was opened meanwhile; run it again"):
        carry_out(store, Plan((OTHER, CASE), (), 0, 0), 2000)
    assert len(all_cases(store)) == 1


def test_carry_out__a_case_that_an_officer_moved_meanwhile__leaves_nothing(store_url: str) -> None:
    store = Store.open(store_url)
    carry_out(store, Plan((CASE,), (), 0, 0), 1000)
    (before,) = all_cases(store)
    move(store, before, decide(before, Verdict.MATCH, "Ada", 2), CaseEvent(2, "Ada", "decided", "match"))
    after = changed(before, replace(FOUND, record="another"))
    with pytest.raises(StoreError, match="case 1: was changed meanwhile"):
        carry_out(store, Plan((OTHER,), ((before, after),), 0, 0), 3000)
    (found,) = all_cases(store)
    assert (found.state, found.verdict) == (CaseState.DECIDED, Verdict.MATCH)


def test_move__two_officers_on_the_same_state__one_is_refused(store_url: str) -> None:
    store = Store.open(store_url)
    carry_out(store, Plan((CASE,), (), 0, 0), 1000)
    (seen,) = all_cases(store)
    move(store, seen, decide(seen, Verdict.MATCH, "Ada", 2), CaseEvent(2, "Ada", "decided", "match"))
    with pytest.raises(StoreError, match="case 1: was changed meanwhile"):
        move(store, seen, decide(seen, Verdict.FALSE_POSITIVE, "Bea", 2), CaseEvent(2, "Bea", "decided", "no"))
    assert [one.officer for one in events(store, 1)] == ["desk", "Ada"]


def test_note__words__stay_in_their_order(store_url: str) -> None:
    store = Store.open(store_url)
    carry_out(store, Plan((CASE,), (), 0, 0), 1000)
    (case,) = all_cases(store)
    for words in ("first", "second"):
        note(store, case, CaseEvent(5, "Ada", "note", words))
    assert [one.words for one in events(store, 1)] == ["", "first", "second"]


def test_all_cases__by_state_and_person__are_those(store_url: str) -> None:
    store = Store.open(store_url)
    stranger = opened(replace(FOUND, person="P-2"), "ef" * 16, 1)
    carry_out(store, Plan((CASE, stranger), (), 0, 0), 1000)
    assert [one.person for one in all_cases(store, person="P-2")] == ["P-2"]
    assert all_cases(store, [CaseState.CLOSED]) == []
