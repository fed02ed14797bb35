"""The labelled cases of the detection, and the tables in the docs."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from keepers.execution.extraction import Kind, Swap
from keepers.operations.generated_part import around, markers
from tests.extraction.cases import HABITS, POOL, Habit, made
from tests.extraction.table import PART, judged, markdown, score

PAGE = Path(__file__).resolve().parents[4] / "docs/execution.md"


def test_page__of_the_repository__has_the_tables_of_the_cases() -> None:
    before, after = around(PAGE, PART)
    begin, end = markers(PART)
    written = "make extraction-table"
    assert PAGE.read_text(encoding="utf-8") == f"{before}{begin}\n{markdown(judged())}\n{end}{after}", written


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: f"{habit.kind and habit.kind.name}-{habit.name}")
def test_made__any_habit__has_our_swap_and_events_that_the_label_names(habit: Habit) -> None:
    for seed in range(50):
        case = made(habit, Random(seed))
        assert case.ours in case.block and case.ours.origin == "us"
        assert [event.position for event in case.block] == [(index, index) for index in range(len(case.block))]
        assert {event.pool for event in case.block} == {POOL}
        assert (case.label is None) == (habit.kind is None)
        named = {event for event in case.block if case.label and event.position in case.label.events}
        assert case.ours not in named and (len(named) > 0) == (habit.kind is not None)


def test_made__a_sandwich__buys_before_and_sells_no_more_than_that_after() -> None:
    for seed in range(50):
        case = made(HABITS[0], Random(seed))
        assert case.label is not None
        first, last = (event for event in case.block if event.position in case.label.events)
        assert isinstance(first, Swap) and isinstance(last, Swap)
        assert first.position < case.ours.position < last.position
        assert first.sells_token0 == case.ours.sells_token0 != last.sells_token0
        assert 0.9 * first.amount_out <= last.amount_in + 1 and last.amount_in <= first.amount_out


def test_score__habits_that_the_detection_is_made_for__are_all_found() -> None:
    for habit in (HABITS[0], HABITS[4], HABITS[6]):
        own = [one for one in judged(50) if one.habit is habit]
        assert habit.kind is not None and score(own, habit.kind).recall == 1


def test_score__two_accounts__are_not_seen_as_one() -> None:
    own = [one for one in judged(50) if one.habit is HABITS[3]]
    assert score(own, Kind.SANDWICH).recall == 0


def test_score__harmless_blocks__have_no_recall_and_every_finding_is_wrong() -> None:
    own = [one for one in judged(200) if one.habit.kind is None]
    found = score(own, Kind.BACK_RUN)
    assert (found.labelled, found.right, found.recall, found.precision) == (0, 0, None, 0) and found.found > 0
