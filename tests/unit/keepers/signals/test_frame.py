"""A window ends at the decision, holds copies, and knows of a release what was published by then."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, Release, Window

DAYS = tuple(date(2024, 1, 1) + timedelta(day) for day in range(10))
CLOSE = np.arange(1.0, 11.0)
MONTHS = [date(2023, month, 1) for month in (9, 10, 11, 12)]


def frame(**releases: Release) -> Frame:
    return Frame(DAYS, {"close": CLOSE}, releases)


def vix(values: list[float], lag: int = 1) -> Release:
    return Release.lagged(DAYS[: len(values)], np.array(values), lag)


def test_window__row_in_the_middle__ends_at_its_close() -> None:
    np.testing.assert_array_equal(frame().window(5, ["close"], 3)["close"], [4.0, 5.0, 6.0])


def test_window__lag_of_two__ends_two_rows_earlier() -> None:
    np.testing.assert_array_equal(frame().window(5, ["close"], 3, lag=2)["close"], [2.0, 3.0, 4.0])


def test_window__values__hold_no_reference_to_the_history() -> None:
    assert frame().window(5, ["close"], 3)["close"].base is None


def test_window__values__cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        frame().window(5, ["close"], 3)["close"][0] = 9.0


def test_window__writable_again__leaves_the_history_as_it_was() -> None:
    history = frame()
    cut = history.window(5, ["close"], 3)["close"]
    cut.setflags(write=True)
    cut[:] = 0.0
    np.testing.assert_array_equal(history.daily["close"], CLOSE)


def test_window__input_that_was_not_declared__is_refused() -> None:
    with pytest.raises(SignalError, match="input 'volume': the feature declares close; declare it"):
        frame().window(5, ["close"], 3)["volume"]


def test_window__nothing_but_the_day_and_values__is_reachable() -> None:
    assert [name for name in dir(Window) if not name.startswith("__")] == ["_values", "day"]


def test_window__release_with_a_lag__shows_what_was_published() -> None:
    history = frame(vix=vix([11.0, 12.0, 13.0, 14.0, 15.0]))
    np.testing.assert_array_equal(history.window(3, ["vix"], 2)["vix"], [12.0, 13.0])


def test_window__release_that_was_revised__shows_the_vintage_of_its_time() -> None:
    observed = np.array([day.toordinal() for day in (MONTHS[0], MONTHS[1], MONTHS[0])])
    published = np.array([day.toordinal() for day in (DAYS[1], DAYS[3], DAYS[5])])
    history = frame(core_cpi=Release(observed, published, np.array([100.0, 101.0, 99.0])))
    np.testing.assert_array_equal(history.window(4, ["core_cpi"], 2)["core_cpi"], [100.0, 101.0])
    np.testing.assert_array_equal(history.window(5, ["core_cpi"], 2)["core_cpi"], [99.0, 101.0])


def test_until__a_day__is_the_history_known_then() -> None:
    cut = frame(vix=vix([11.0, 12.0, 13.0, 14.0, 15.0])).until(DAYS[3])
    assert cut.dates == DAYS[:4]
    np.testing.assert_array_equal(cut.releases["vix"].values, [11.0, 12.0, 13.0])


@pytest.mark.parametrize(
    ("row", "length", "lag", "said"),
    [
        (1, 3, 0, "2024-01-02: 2 days are known and 3 are needed"),
        (5, 3, -1, "lag -1: looks into the future"),
        (10, 1, 0, "row 10: the history has 10 days"),
        (-1, 1, 0, "row -1"),
    ],
)
def test_window__that_does_not_exist__is_refused(row: int, length: int, lag: int, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        frame().window(row, ["close"], length, lag)


def test_window__input_that_is_not_there__is_refused() -> None:
    with pytest.raises(SignalError, match="input 'volume': not part of this history"):
        frame().window(5, ["volume"], 1)


@pytest.mark.parametrize(
    ("daily", "said"),
    [
        ({"close": np.append(CLOSE[:-1], np.nan)}, "close on 2024-01-10 at nan: no value for it"),
        ({"close": np.append(CLOSE[:-1], 0.0)}, "close on 2024-01-10 at 0.0"),
        ({"close": np.append(CLOSE[:-1], np.inf)}, "close on 2024-01-10 at inf"),
        ({"close": CLOSE[:-1]}, r"close of shape \(9,\): not a series of 10 days"),
        ({"closes": CLOSE}, r"closes of shape \(10,\): not a panel"),
        ({"vix": CLOSE}, "vix: has days of publication"),
        ({"clsoe": CLOSE}, "input 'clsoe': unknown; choose from"),
    ],
)
def test_frame__daily_input_that_is_none__is_refused(daily: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(SignalError, match=said):
        Frame(DAYS, daily)


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (vix([11.0], lag=0), "vix of 2024-01-01: known after 0 days, and such a value takes 1; correct its lag"),
        (vix([11.0], lag=-1), "known after -1 days"),
        (vix([11.0, float("nan")]), "vix at nan: no value for it"),
        (vix([11.0, -1.0]), "vix at -1.0"),
        (Release(np.array([1, 2]), np.array([5, 4]), np.array([1.0, 2.0])), "days of publication fall"),
        (Release(np.array([1, 2]), np.array([3, 4]), np.array([1.0])), "days and values differ in number"),
    ],
)
def test_frame__release_with_a_wrong_lag_or_value__is_refused(release: Release, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        frame(vix=release)


def test_frame__monthly_mean_known_on_its_first_day__is_refused() -> None:
    with pytest.raises(SignalError, match="aaa_yield of 2023-09-01: known after 1 days, and such a value takes 32"):
        frame(aaa_yield=Release.lagged(MONTHS, np.ones(4), 1))


def test_frame__days_out_of_order__are_refused() -> None:
    with pytest.raises(SignalError, match="2024-01-01: comes after 2024-01-02; sort the days"):
        Frame((DAYS[1], DAYS[0]), {"close": CLOSE[:2]})


def test_require_past__last_day_tomorrow__is_refused() -> None:
    with pytest.raises(SignalError, match="data end on 2024-01-10: after today, 2024-01-09"):
        frame().require_past(DAYS[-2])


def test_require_past__release_about_tomorrow__is_refused() -> None:
    history = Frame(DAYS[:5], {"close": CLOSE[:5]}, {"vix": vix([11.0] * 10)})
    with pytest.raises(SignalError, match="vix ends on 2024-01-10: after today, 2024-01-09"):
        history.require_past(DAYS[-2])


def test_require_past__last_day_today__passes() -> None:
    frame().require_past(DAYS[-1])
