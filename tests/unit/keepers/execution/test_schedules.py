import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.schedules import hours_to_slots, twap, vwap
from keepers.execution.slices import Division

FLAT = [1.0] * 24


def test_twap__amount_that_does_not_divide__is_even_within_one_unit() -> None:
    assert twap(Division(10, 4)) == (3, 2, 3, 2)


def test_twap__slices_below_the_least__wait_for_each_other() -> None:
    assert twap(Division(10, 5, least=4)) == (0, 4, 0, 6, 0)


def test_twap__least_is_the_order__is_one_slice() -> None:
    assert twap(Division(10, 3, least=10)) == (0, 0, 10)


def test_vwap__volumes__sells_in_their_proportion() -> None:
    assert vwap(Division(1_000, 4), [1, 0, 6, 3]) == (100, 0, 600, 300)


def test_vwap__order_beyond_float64__sums_exactly() -> None:
    assert sum(vwap(Division(10**30 + 7, 3), [0.1, 0.2, 0.7])) == 10**30 + 7


@pytest.mark.parametrize("volumes", [[], [1, 2], [0, 0, 0], [1, -1, 1], [1, float("nan"), 1], [1, float("inf"), 1]])
def test_vwap__volumes_without_proportion__are_refused(volumes: list[float]) -> None:
    with pytest.raises(ExecutionError, match="weight"):
        vwap(Division(100, 3), volumes)


@pytest.mark.parametrize(("amount", "slots", "least"), [(0, 1, 1), (-5, 1, 1), (9, 0, 1), (9, 10**6, 1), (9, 3, 10)])
def test_division__number_out_of_range__is_refused(amount: int, slots: int, least: int) -> None:
    with pytest.raises(ExecutionError, match="not"):
        Division(amount, slots, least)


def test_hours_to_slots__slot_over_two_hours__has_a_part_of_each() -> None:
    by_hour = [10.0, 20.0, *[0.0] * 22]
    assert hours_to_slots(by_hour, 1_800, 3_600, 2) == pytest.approx((5.0, 10.0))


def test_hours_to_slots__over_midnight__begins_the_day_again() -> None:
    by_hour = [8.0, *[0.0] * 22, 2.0]
    assert hours_to_slots(by_hour, 23 * 3_600, 7_200, 2) == pytest.approx((2.0, 8.0))


@pytest.mark.parametrize(("by_hour", "seconds", "slots"), [(FLAT[:23], 60, 2), (FLAT, 1, 2), (FLAT, 60, 0)])
def test_hours_to_slots__no_day_or_no_slots__is_refused(by_hour: list[float], seconds: int, slots: int) -> None:
    with pytest.raises(ExecutionError, match=r"hour|slots"):
        hours_to_slots(by_hour, 0, seconds, slots)
