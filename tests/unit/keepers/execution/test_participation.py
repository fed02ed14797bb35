import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.participation import Capped, Caps, allowed, capped


def test_capped__thin_slot__carries_over() -> None:
    assert capped([100, 100, 100], [100, 50, 500]) == Capped((100, 50, 150), 0)


def test_capped__volume_too_small_to_the_end__says_what_is_undone() -> None:
    assert capped([100, 100], [30, 30]) == Capped((30, 30), 140)


def test_capped__cap_below_the_least_slice__waits() -> None:
    assert capped([100, 100], [30, 300], least=50) == Capped((0, 200), 0)


def test_capped__no_volume__sells_nothing() -> None:
    assert capped([100], [0]) == Capped((0,), 100)


def test_capped__another_number_of_volumes__is_refused() -> None:
    with pytest.raises(ExecutionError, match="1 largest amounts: the schedule has 2 slots"):
        capped([1, 2], [3])


@pytest.mark.parametrize("numbers", [(-1, 1, 1), (1, -1, 1), (1, 1, 0)])
def test_allowed__number_out_of_range__is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ExecutionError, match="least"):
        allowed(*numbers)


@pytest.mark.parametrize(
    ("caps", "most"),
    [
        (Caps(volume_bps=1_000), 93),
        (Caps(depth_bps=500), 250),
        (Caps(1_000, 500), 93),
        (Caps(10_000, 100), 50),
    ],
)
def test_most__volume_and_depth__is_the_smaller_part_less_what_was_sold_of_the_volume(caps: Caps, most: int) -> None:
    assert caps.most(volume=1_000, depth=5_000, sold=7) == most


def test_most__sold_more_than_the_cap__is_nothing() -> None:
    assert Caps(volume_bps=100).most(volume=1_000, depth=0, sold=11) == 0


@pytest.mark.parametrize("cap", [-1, 10_001])
def test_caps__cap_out_of_range__is_refused(cap: int) -> None:
    with pytest.raises(ExecutionError, match="cap"):
        Caps(volume_bps=cap)
    with pytest.raises(ExecutionError, match="cap"):
        Caps(depth_bps=cap)


@pytest.mark.parametrize(
    ("caps", "numbers"),
    [(Caps(), (1, 1, 0)), (Caps(1, 1), (-1, 1, 0)), (Caps(1, 1), (1, -1, 0)), (Caps(1), (1, 1, -1))],
)
def test_most__no_cap_or_a_negative_number__is_refused(caps: Caps, numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ExecutionError, match="negative, or no cap"):
        caps.most(*numbers)
