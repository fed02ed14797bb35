"""The part of an order that is due at a time, and the minimum output of a slice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.orders import MOST_CAUGHT_UP, OrderState, SlicedOrder
from keepers.execution.participation import Caps

ORDER = SlicedOrder(
    *(1, 1, "0x1", "0x2", "0x3", ("USDC", "AAA"), (6, 18), 1000, "twap", (250, 250, 250, 250), 10_000, 60, 10, 0, 50),
    *(OrderState.RUNNING, 10_000),
)


@pytest.mark.parametrize(("now", "slot"), [(9_999, None), (10_000, 0), (10_059, 0), (10_060, 1), (10_239, 3)])
def test_slot_at__a_time__is_the_slot_that_covers_it(now: int, slot: int | None) -> None:
    assert ORDER.slot_at(now) == slot


def test_slot_at__the_end__is_none() -> None:
    assert ORDER.slot_at(ORDER.ends) is None and ORDER.ends == 10_240


def test_due__nothing_missed__is_the_planned_slice() -> None:
    assert [ORDER.due(slot, 250 * slot) for slot in range(4)] == [250] * 4


def test_due__slots_were_missed__catches_up_with_no_more_than_two_slices() -> None:
    assert [ORDER.due(slot, 0) for slot in range(4)] == [250, 500, 500, 500]
    assert MOST_CAUGHT_UP == 2


def test_due__less_than_the_least__is_nothing() -> None:
    assert ORDER.due(3, 991) == 0 and ORDER.due(3, 990) == 10


def test_due__more_was_sold_than_planned__is_nothing() -> None:
    assert ORDER.due(0, 251) == 0


def test_least_output__no_limit__is_the_quote_less_slippage() -> None:
    assert ORDER.least_output(250, 10_000) == 9_950


def test_least_output__limit_above_slippage__is_the_limit() -> None:
    assert replace(ORDER, limit_out=39_900).least_output(250, 10_000) == 9_975


def test_least_output__dust__is_never_zero() -> None:
    assert ORDER.least_output(1, 1) == 1


def test_least_output__quote_below_the_limit__is_refused() -> None:
    with pytest.raises(ExecutionError, match="below the price limit, which asks for 10001"):
        replace(ORDER, limit_out=40_001).least_output(250, 10_000)


@pytest.mark.parametrize(
    "change",
    [{"amount": 0}, {"amount": 999}, {"slot_seconds": 0}, {"slippage_bps": 10_000}, {"limit_out": -1}, {"least": 0}],
)
def test_order__a_number_out_of_range__is_refused(change: dict[str, int]) -> None:
    with pytest.raises(ExecutionError):
        replace(ORDER, **change)  # type: ignore[arg-type]


CAPPED = replace(ORDER, planned=(100, 100, 100, 100), caps=Caps(volume_bps=1_000), most=(100, 100, 100, 100))
"""An order of which the cap leaves 600 over."""


def test_due__caps_leave_some_over__it_is_due_in_every_slot() -> None:
    assert [CAPPED.due(slot, 100 * slot) for slot in range(4)] == [200] * 4


def test_left_over__before_the_first_slot__is_what_the_plan_leaves_over() -> None:
    assert CAPPED.left_over(-1, 0) == CAPPED.undone == 600


def test_left_over__a_slot_sold_more_or_less_than_expected__changes_by_that() -> None:
    assert CAPPED.left_over(0, 200) == 500 and CAPPED.left_over(0, 0) == 700


def test_left_over__last_slot_is_over__is_all_that_was_not_sold() -> None:
    assert CAPPED.left_over(3, 450) == 550


def test_left_over__no_caps_and_time_enough__is_nothing() -> None:
    assert ORDER.left_over(-1, 0) == 0 and ORDER.left_over(1, 0) == 0


def test_left_over__no_caps_and_too_many_missed_slots__is_what_two_slices_do_not_catch_up() -> None:
    assert ORDER.left_over(2, 0) == 500


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"planned": (100, 100, 100, 100)}, "do not sum"),
        ({"planned": (0, 0, 0, 0), "caps": Caps(1), "most": (0, 0, 0, 0)}, "leave no slice"),
        ({"caps": Caps(1)}, "not one per slot"),
        ({"most": (1, 1, 1, 1)}, "not one per slot"),
        ({"planned": (500, 500, 250, 0), "caps": Caps(1), "most": (1, 1, 1, 1)}, "do not sum"),
    ],
)
def test_order__caps_and_plan_that_do_not_fit__are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ExecutionError, match=words):
        replace(ORDER, **changes)
