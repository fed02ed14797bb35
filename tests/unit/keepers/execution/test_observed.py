"""Volume by hour and shares of moves that were left, from made-up trades and prices."""

from __future__ import annotations

from math import exp

import pytest

from keepers.execution.errors import ExecutionError
from keepers.execution.observed import MOST_LEFT, Priced, Traded, moves_left, volume_by_hour
from keepers.execution.shortfall import recovered_after

HOUR, DAY = 3_600, 86_400


def test_volume_by_hour__two_days__is_the_mean_of_both() -> None:
    trades = [Traded(10 * HOUR, 100), Traded(DAY + 10 * HOUR + 5, 300), Traded(3 * HOUR, 7)]
    found = volume_by_hour(trades, 0, 2 * DAY)
    assert found[10] == 200 and found[3] == 3.5 and sum(found) == 203.5


def test_volume_by_hour__part_of_an_hour_was_seen__is_scaled_to_the_hour() -> None:
    trades = [Traded(10, 100), Traded(DAY + 10, 100)]
    # Hour zero was seen one and a half times.
    assert volume_by_hour(trades, 0, DAY + HOUR // 2)[0] == pytest.approx(200 / 1.5)


def test_volume_by_hour__trades_outside_the_interval__do_not_count() -> None:
    trades = [Traded(-1, 5), Traded(DAY, 5), Traded(0, 1)]
    assert sum(volume_by_hour(trades, 0, DAY)) == 1


@pytest.mark.parametrize(
    ("trades", "last", "words"),
    [([Traded(5, 1)], DAY - 1, "below a day"), ([], DAY, "no trade"), ([Traded(5, 0)], DAY, "no trade")],
)
def test_volume_by_hour__too_little__is_refused(trades: list[Traded], last: int, words: str) -> None:
    with pytest.raises(ExecutionError, match=words):
        volume_by_hour(trades, 0, last)


def test_moves_left__a_move_that_decays__gives_back_its_rate() -> None:
    # Steps below the least move are no moves of their own, so that one decay is observed.
    prices = [Priced(0, 100.0)] + [Priced(1 + age, 100.0 * exp(-5e-4 * exp(-age / 60))) for age in range(0, 240, 5)]
    ages, left = moves_left(prices, 240)
    assert len(ages) == 47
    assert recovered_after(60, ages, left) == pytest.approx(1 - exp(-1), rel=0.01)


def test_moves_left__a_move_that_stays__is_all_left() -> None:
    assert moves_left([Priced(0, 1.0), Priced(1, 2.0), Priced(9, 2.0)], 60) == ((8.0,), (1.0,))


def test_moves_left__another_move_outweighs_it__is_bounded() -> None:
    _, left = moves_left([Priced(0, 1.0), Priced(1, 1.01), Priced(2, 9.0)], 60)
    assert left == (MOST_LEFT,)


def test_moves_left__later_than_the_window__is_not_observed() -> None:
    assert moves_left([Priced(0, 1.0), Priced(1, 2.0), Priced(99, 1.0)], 60) == ((), ())


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_moves_left__no_price__is_refused(price: float) -> None:
    with pytest.raises(ExecutionError, match="not all above zero"):
        moves_left([Priced(0, 1.0), Priced(1, price)], 60)
