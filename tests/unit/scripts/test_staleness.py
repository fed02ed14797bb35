"""The cost of trading a close late, from turnovers and prices."""

from __future__ import annotations

from datetime import date

from scripts._lib.demo.data import Closes, close_time
from scripts._lib.demo.staleness import Staleness, measure_staleness

WAD = 10**18
DAYS = (date(2020, 3, 6), date(2020, 3, 9), date(2020, 3, 10))
CLOSES = Closes(("AAA", "BBB"), DAYS, (("100", "50"), ("90", "49"), ("99", "50.96")))


def test_measure_staleness__two_rebalances__turnover_times_the_largest_move():
    monday, tuesday = (close_time(day) + 60 for day in DAYS[1:])
    found = measure_staleness([(monday, WAD // 10), (tuesday, WAD // 2)], CLOSES)
    # A tenth of NAV times 10%, and half of NAV times 10%.
    assert found == Staleness(rebalances=2, median_bps=300.0, worst_bps=500.0, worst_day=DAYS[2])


def test_measure_staleness__before_the_next_close__counts_for_the_close_before_it():
    (found,) = {measure_staleness([(close_time(DAYS[2]) - 1, WAD)], CLOSES)}
    assert (found.worst_bps, found.worst_day) == (1000.0, DAYS[1])
