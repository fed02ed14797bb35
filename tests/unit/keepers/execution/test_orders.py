"""The part of an order that is due at a time, and the minimum output of a slice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.orders import MOST_CAUGHT_UP, OrderState, SlicedOrder

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
