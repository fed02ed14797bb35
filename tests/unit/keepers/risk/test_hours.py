"""Probabilities of breaches within hours against closed forms and real bars, and forecasts that know no later price."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from keepers.market.bar_file import BarFile
from keepers.market.bars import Bars
from keepers.risk.alerts import Paths
from keepers.risk.errors import RiskError
from keepers.risk.hours import HourHistory, HourStart, hour_forecasts, hour_probabilities, rehearse_hours, windows_of
from keepers.risk.models.garch import DECAY
from keepers.risk.reverse_stress import Limits
from tests.fixtures.bars import hourly_rows, write_index, write_lines

ONE = np.array([1.0])
NORMAL = norm.ppf((np.arange(20_000) + 0.5) / 20_000)[:, np.newaxis, np.newaxis]
PATHS = 40_000


def index(folder: Path, name: str = "nasdaq", *, unfinished: bool = False) -> Bars:
    return BarFile(write_index(folder, name, unfinished=unfinished)).bars((name,), date.max)


def hourly(folder: Path, days: int, *symbols: str, cut: int = 0) -> Bars:
    rows = hourly_rows(days, symbols or ("AAA",))
    return BarFile(write_lines(folder, rows[: len(rows) - cut])).bars(symbols or ("AAA",), date.max)


def start(shocks: np.ndarray = NORMAL, lows: float = np.nan, since: float = 0.0) -> HourStart:
    unknown = np.full_like(shocks, lows)
    return HourStart(ONE, np.array([[4e-4]]), np.array([since]), shocks, unknown, (False,) * shocks.shape[1], 0.0)


def test_windows_of__daily_bars_at_the_close__end_at_the_next_open(tmp_path: Path) -> None:
    bars = index(tmp_path)
    found = windows_of(bars, 18.0)
    assert found.closing == (False,) and found.wait == 17.5 and bars.closing[found.starts].all()
    row = found.starts[100]
    assert found.returns[100, 0, 0] == bars.prices[row + 1, 0] / bars.prices[row, 0] - 1
    assert np.isnan(found.lows).all(), "nobody knows the lows of a night"
    weekdays = {bars.dates[start].weekday() for start in found.starts}
    assert weekdays == {0, 1, 2, 3}, "no price comes within 18 hours of a Friday's close"


def test_windows_of__daily_bars_at_the_open__end_at_the_close_with_their_lows(tmp_path: Path) -> None:
    bars = index(tmp_path, unfinished=True)
    found = windows_of(bars, 7.0)
    assert found.closing == (True,) and found.wait == 6.5 and not bars.closing[found.starts].any()
    row = found.starts[100]
    assert found.lows[100, 0, 0] == bars.lows[row + 1, 0] / bars.prices[row, 0] - 1
    assert found.since[100, 0] == bars.prices[row, 0] / bars.prices[row - 1, 0] - 1
    assert found.known[100] == bars.days[row] - 1, "the day's own return is not known yet"


def test_windows_of__too_few_hours_for_a_price__has_no_looks(tmp_path: Path) -> None:
    found = windows_of(index(tmp_path), 4.0)
    assert found.closing == () and found.wait == 17.5 and len(hour_forecasts(found, 1000)) == 0


def test_windows_of__hourly_bars__look_every_hour_until_the_close(tmp_path: Path) -> None:
    # The last price is that of 21:00, three hours before the day closes.
    bars = hourly(tmp_path, 20, cut=3)
    found = windows_of(bars, 4.0)
    assert found.closing == (False, False, True, False)
    assert {bars.moments[one].hour for one in found.starts} == {21}


def test_windows_of__place_that_no_day_has__has_no_stretches(tmp_path: Path) -> None:
    bars = BarFile(write_lines(tmp_path, ("2020-01-02,A,10,12,9,11", "2020-01-03,A,10,12,9,11"))).bars(("A",), date.max)
    found = windows_of(replace(bars, finished=False), 4.0)
    assert found.starts.size == 0 and found.closing == () and found.wait == np.inf


@pytest.mark.parametrize("hours", [0.0, 24.0, float("nan")])
def test_windows_of__hours_out_of_range__are_refused(tmp_path: Path, hours: float) -> None:
    with pytest.raises(RiskError, match="not above 0 and below 24"):
        windows_of(hourly(tmp_path, 3), hours)


def test_hour_probabilities__one_normal_look__is_the_closed_form() -> None:
    got = hour_probabilities(start(), Limits(drawdown=0.03), PATHS, (7,))["drawdown"]
    want = float(norm.cdf(-0.03 / 0.02))
    assert abs(got - want) < 4 * np.sqrt(want * (1 - want) / PATHS) + 1e-4


def test_hour_probabilities__low_beyond_the_limit__is_a_breach_though_the_look_is_none() -> None:
    flat = np.zeros((300, 1, 1))
    limits = Limits(drawdown=0.03)
    assert hour_probabilities(start(flat), limits, 200, (7,))["drawdown"] == 0
    assert hour_probabilities(start(flat, lows=-2.0), limits, 200, (7,))["drawdown"] == 1


def test_hour_probabilities__too_few_stretches__are_refused() -> None:
    with pytest.raises(RiskError, match="100 stretches of hours: fewer than 250"):
        hour_probabilities(start(NORMAL[:100]), Limits(drawdown=0.03), 200, (7,))


def test_paths__close_of_a_day__moves_the_covariance_by_the_whole_day() -> None:
    paths = Paths(ONE, np.full((1, 1, 1), 1e-4), 0.0, Limits(var99=0.5), since=np.array([[0.02]]))
    paths.step(np.array([[0.03]]), closes=False)
    paths.step(np.array([[-0.01]]))
    day = 1.02 * 1.03 * 0.99 - 1
    np.testing.assert_allclose(paths.deviations[0, 0] ** 2, DECAY * 1e-4 + (1 - DECAY) * day**2, rtol=1e-12)


def test_paths__lows_of_two_assets__say_nothing() -> None:
    paths = Paths(np.array([0.5, 0.5]), np.zeros((2, 2, 1)), 0.0, Limits(drawdown=0.03))
    paths.step(np.zeros((2, 1)), lows=np.full((2, 1), -0.5))
    assert not paths.breached["drawdown"][0]


def test_rehearse_hours__later_prices_change__earlier_forecasts_stay(tmp_path: Path) -> None:
    bars = hourly(tmp_path, 420)
    prices = bars.prices.copy()
    prices[bars.days >= 400] *= np.linspace(1, 3, int(np.sum(bars.days >= 400)))[:, np.newaxis]
    changed = replace(bars, prices=prices, lows=np.minimum(bars.lows, prices))
    runs = []
    for one in (bars, changed):
        windows = windows_of(one, 4.0)
        runs.append(rehearse_hours(HourHistory(one, windows), ONE, Limits(drawdown=0.01), 250, 200, 1))
    same = int(np.sum(runs[0].days < 398))
    assert same > 50
    first, second = (run.probabilities["drawdown"] for run in runs)
    np.testing.assert_array_equal(first[:same], second[:same])
    assert np.any(first[same:] != second[same:])


def test_rehearse_hours__one_fall_within_a_session__happened_in_its_forecast_only(tmp_path: Path) -> None:
    rows = [f"{date.fromordinal(737000 + day)},A,{100.1 + day % 2},102,99.5,100" for day in range(400)]
    rows[380] = f"{date.fromordinal(737380)},A,100.1,102,80,100"
    rows.append(f"{date.fromordinal(737400)},A,100.1,,,")
    bars = BarFile(write_lines(tmp_path, rows)).bars(("A",), date.max)
    found = rehearse_hours(HourHistory(bars, windows_of(bars, 7.0)), ONE, Limits(drawdown=0.1), 250, 200, 1)
    assert found.days[found.happened["drawdown"][:, 0]].tolist() == [378], "the last return before the day of the fall"


def test_rehearse_hours__profile_of_a_day__is_the_historys_own(tmp_path: Path) -> None:
    """The first hour has half of a day's variance, so that the square root of time would say far too little."""
    bars = hourly(tmp_path, 900)
    found = rehearse_hours(HourHistory(bars, windows_of(bars, 1.0)), ONE, Limits(drawdown=0.02), 500, 500, 1)
    said, came = found.probabilities["drawdown"].mean(), found.happened["drawdown"].mean()
    # One look at the end of an hour whose deviation is 0.01, and a low a thousandth lower.
    want = float(norm.cdf(-0.019 / 0.01))
    assert said == pytest.approx(want, abs=0.012) and came == pytest.approx(want, abs=0.03)
    assert said > 5 * float(norm.cdf(-0.02 / (0.01 * np.sqrt(2) / np.sqrt(24))))


@pytest.mark.parametrize(("hours", "unfinished"), [(18.0, False), (7.0, True)])
def test_rehearse_hours__nasdaq__means_what_it_says(tmp_path: Path, hours: float, unfinished: bool) -> None:
    """Over fifteen years the mean probability is near the frequency, without any calibration."""
    bars = index(tmp_path, unfinished=unfinished)
    windows = windows_of(bars, hours)
    found = rehearse_hours(HourHistory(bars, windows), ONE, Limits(drawdown=0.01), 1000, 200, 1)
    said, came = found.probabilities["drawdown"][:, 0], found.happened["drawdown"][:, 0]
    assert said.size > 2500
    error = 4 * np.sqrt(came.mean() * (1 - came.mean()) / said.size)
    assert abs(said.mean() - came.mean()) < error + 0.02 * came.mean()
    assert np.mean(came[said > np.quantile(said, 0.9)]) > 2 * came.mean(), "high probabilities come true more often"
