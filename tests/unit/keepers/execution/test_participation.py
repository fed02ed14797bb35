import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.participation import Capped, allowed, capped


def test_capped__thin_slot__carries_over() -> None:
    assert capped([100, 100, 100], [1_000, 500, 5_000], 1_000) == Capped((100, 50, 150), 0)


def test_capped__volume_too_small_to_the_end__says_what_is_undone() -> None:
    assert capped([100, 100], [300, 300], 1_000) == Capped((30, 30), 140)


def test_capped__cap_below_the_least_slice__waits() -> None:
    assert capped([100, 100], [300, 3_000], 1_000, least=50) == Capped((0, 200), 0)


def test_capped__no_volume__sells_nothing() -> None:
    assert capped([100], [0], 10_000) == Capped((0,), 100)


def test_capped__another_number_of_volumes__is_refused() -> None:
    with pytest.raises(ExecutionError, match="1 volumes: the schedule has 2 slots"):
        capped([1, 2], [3], 100)


@pytest.mark.parametrize("numbers", [(1, 1, 0, 1), (1, 1, 10_001, 1), (-1, 1, 5, 1), (1, -1, 5, 1), (1, 1, 5, 0)])
def test_allowed__number_out_of_range__is_refused(numbers: tuple[int, int, int, int]) -> None:
    with pytest.raises(ExecutionError, match=r"cap|least"):
        allowed(*numbers)
