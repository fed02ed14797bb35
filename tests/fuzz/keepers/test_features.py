"""Registered features know nothing of what comes after a decision, and little of what came long before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.signals.features import Feature, Frame, Release, registered
from tests.unit.keepers.signals.histories import DAYS, history, scaled, without_first

ROWS = st.integers(300, DAYS - 2)
SEEDS = st.integers(1, 2)
FEATURES = pytest.mark.parametrize("found", registered(), ids=lambda found: found.name)


def another_future(frame: Frame, row: int, seed: int) -> Frame:
    """The same history up to a row's close, and any other after it."""
    rng = np.random.default_rng(seed)
    daily = {}
    for name, column in frame.daily.items():
        daily[name] = column.copy()
        shape = column[row + 1 :].shape
        daily[name][row + 1 :] = np.exp(rng.normal(0, 5, shape)) * np.abs(column[row])
    day = frame.dates[row].toordinal()
    releases = {}
    for name, release in frame.releases.items():
        shocks = np.exp(rng.normal(0, 3, release.values.size))
        values = np.where(release.published > day, release.values * shocks, release.values)
        releases[name] = Release(release.observed, release.published, values)
    return Frame(frame.dates, daily, releases)


@FEATURES
@given(row=ROWS, seed=SEEDS, future=st.integers(0, 2**32))
def test_feature__any_other_future__is_the_same_to_the_bit(found: Feature, row: int, seed: int, future: int) -> None:
    frame = history(seed)
    assert found.value(another_future(frame, row, future), row) == found.value(frame, row)


@FEATURES
@given(row=ROWS, seed=SEEDS)
def test_feature__future_cut_off__is_the_same_to_the_bit(found: Feature, row: int, seed: int) -> None:
    frame = history(seed)
    assert found.value(frame.until(frame.dates[row]), row) == found.value(frame, row)


@FEATURES
@given(row=ROWS, seed=SEEDS, dropped=st.integers(1, 40))
def test_feature__rows_before_its_window_dropped__is_the_same_to_the_bit(
    found: Feature, row: int, seed: int, dropped: int
) -> None:
    frame = history(seed)
    assert found.value(without_first(frame, dropped), row - dropped) == found.value(frame, row)


@FEATURES
@given(row=ROWS, seed=SEEDS, factor=st.floats(1e-4, 1e4))
def test_feature__prices_in_another_unit__is_the_same(found: Feature, row: int, seed: int, factor: float) -> None:
    frame = history(seed)
    changed, known = found.value(scaled(frame, factor), row), found.value(frame, row)
    assert changed == pytest.approx(known, rel=1e-7, abs=1e-9)


@given(row=ROWS, factor=st.floats(0.1, 10))
def test_volatility__returns_multiplied__is_multiplied(row: int, factor: float) -> None:
    frame = history()
    close = np.exp(factor * np.log(frame.daily["close"]))
    stretched = Frame(frame.dates, {**frame.daily, "close": close}, frame.releases)
    for name in ("volatility_21", "downside_63", "bipower_21", "return_21"):
        (found,) = (known for known in registered() if known.name == name)
        assert found.value(stretched, row) == pytest.approx(factor * found.value(frame, row), rel=1e-7)


@given(row=ROWS, factor=st.floats(0.1, 10))
def test_shape__returns_multiplied__is_the_same(row: int, factor: float) -> None:
    frame = history()
    close = np.exp(factor * np.log(frame.daily["close"]))
    stretched = Frame(frame.dates, {**frame.daily, "close": close}, frame.releases)
    for name in ("skew_63", "kurtosis_252", "jump_share_21", "downside_share_63", "volatility_slope_21_63"):
        (found,) = (known for known in registered() if known.name == name)
        assert found.value(stretched, row) == pytest.approx(found.value(frame, row), rel=1e-7, abs=1e-9)
