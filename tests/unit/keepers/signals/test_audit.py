"""The audit catches every planted leak, raises no alarm at clean pipelines, and names a true witness."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from keepers.signals.audit import Findings, Pipeline, Registered, choose_cuts, search
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, Window, registered
from keepers.signals.features.generated import generated_history
from tests.fixtures.leaks import CLEAN, LEAKS, history
from tests.fixtures.leaks.corpus import Planted

CUTS = 12
DATA = history()


def audited(function: Planted, cuts: int | None = CUTS, data: pd.DataFrame = DATA) -> Findings:
    subject = Pipeline(function, data)
    return search(subject, choose_cuts(subject.days, cuts, subject.gaps))


def test_corpus__of_leaks__has_sixty_or_more() -> None:
    assert len(LEAKS) >= 60


def test_corpus__of_clean_features__has_a_hundred_or_more() -> None:
    assert len(CLEAN) + len(registered()) >= 100


@pytest.mark.parametrize("name", LEAKS)
def test_search__planted_leak__is_caught(name: str) -> None:
    found = audited(LEAKS[name])
    assert not found.clean
    for example in found.counterexamples:
        assert example.future > example.decision


@pytest.mark.parametrize("name", CLEAN)
def test_search__clean_pipeline__raises_no_alarm(name: str) -> None:
    assert audited(CLEAN[name], cuts=2 * CUTS).counterexamples == ()


def test_search__registered_features__raise_no_alarm() -> None:
    subject = Registered(generated_history(420), registered())
    found = search(subject, choose_cuts(generated_history(420).dates, 20))
    assert found.counterexamples == () and found.names == tuple(feature.name for feature in registered())


def test_search__window_that_ends_a_row_late__flags_every_feature_of_daily_inputs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = Frame.window

    def late(frame: Frame, row: int, inputs: Any, length: int, lag: int = 0) -> Window:
        return honest(frame, min(row + 1, len(frame.dates) - 1), inputs, length, lag)

    monkeypatch.setattr(Frame, "window", late)
    features = [found for found in registered() if found.inputs == ("close",)]
    frame = generated_history(420)
    found = search(Registered(frame, features), choose_cuts(frame.dates, 20))
    assert {example.name for example in found.counterexamples} == {feature.name for feature in features}
    assert {example.future - example.decision for example in found.counterexamples} == {1}


@pytest.mark.parametrize("rows", [1, 2, 17])
def test_search__value_of_a_later_row__names_exactly_that_row(rows: int) -> None:
    (example,) = audited(
        lambda frame: frame["close"].shift(-rows).fillna(0) if len(frame) > 280 else 1 / 0
    ).counterexamples
    assert example.future - example.decision == rows


def test_search__leak_through_one_column__names_it() -> None:
    (example,) = audited(lambda frame: (frame["other"].shift(-1) * 2 + frame["close"]).fillna(0)).counterexamples
    assert (example.kind != "truncated" and example.inputs == ("other",)) or example.kind == "truncated"


def test_search__counterexample__is_reproduced_by_hand() -> None:
    (example,) = audited(lambda frame: frame["close"] / frame["close"].iloc[-1]).counterexamples
    short, longer = (DATA.iloc[: example.future + more] for more in (0, 1))
    assert example.kind == "truncated"
    assert short["close"].iloc[example.decision] / short["close"].iloc[-1] == pytest.approx(example.before)
    assert longer["close"].iloc[example.decision] / longer["close"].iloc[-1] == pytest.approx(example.after)
    assert example.before != example.after


def test_search__twice__gives_the_same() -> None:
    assert audited(LEAKS["gaussian_smoothed"]) == audited(LEAKS["gaussian_smoothed"])


def test_search__many_cuts__stays_within_the_bound() -> None:
    found = audited(LEAKS["gaussian_smoothed"])
    bound = 2 + CUTS * 5 + 2 * np.log2(len(DATA)) + len(DATA.columns) + 6
    assert found.evaluations <= bound


def only_on(row: int) -> Planted:
    def compute(frame: pd.DataFrame) -> pd.Series:
        found = frame["close"].copy()
        if len(frame) > row + 1:
            found.iloc[row] = frame["close"].iloc[row + 1]
        return found

    return compute


def test_search__leak_at_a_single_row__is_found_by_the_exhaustive_mode() -> None:
    (example,) = audited(only_on(137), cuts=None).counterexamples
    assert (example.decision, example.future) == (137, 138)


def test_search__leak_at_a_year_end__is_found_by_few_cuts() -> None:
    row = int(np.flatnonzero(DATA.index.year == 2021)[-1])
    assert not audited(only_on(row), cuts=8).clean


def test_search__label_column__is_left_out_if_it_is_named() -> None:
    def both(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"mean": frame["close"].rolling(5).mean(), "label": frame["close"].shift(-5)})

    subject = Pipeline(both, DATA, labels=("label",))
    assert search(subject, choose_cuts(subject.days, CUTS)).clean
    assert not audited(both).clean


def test_search__pipeline_without_a_seed__is_refused() -> None:
    with pytest.raises(SignalError, match="'output': differs between two runs over the same history; fix its seed"):
        audited(lambda frame: np.random.default_rng().standard_normal(len(frame)))


def test_search__pipeline_that_needs_all_rows__is_refused_as_not_audited() -> None:
    def whole(frame: pd.DataFrame) -> pd.Series:
        if not frame.equals(DATA):
            raise ValueError("another history")
        return frame["close"]

    with pytest.raises(SignalError, match="refuses every changed history"):
        audited(whole)


def test_search__pipeline_that_writes_into_its_frame__is_audited_all_the_same() -> None:
    def rude(frame: pd.DataFrame) -> pd.Series:
        frame["close"] = 0.0
        return frame["volume"].rolling(3).sum()

    before = DATA.copy()
    assert audited(rude).clean
    pd.testing.assert_frame_equal(DATA, before)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda frame: frame["price"], "the audited code: KeyError: 'price'"),
        (lambda frame: frame["close"].mean(), r"returned float64? of shape \(\)"),
        (lambda frame: np.zeros(3), r"returned ndarray of shape \(3,\); return a row per row"),
        (lambda frame: frame["close"].reset_index(drop=True)[:9], "returned 9 rows without times for 300"),
        (lambda frame: frame["close"].tz_localize("UTC"), "returned times of another kind of zone"),
        (lambda frame: pd.concat([frame["close"], frame["close"]], axis=1), "returned two columns 'close'"),
    ],
)
def test_pipeline__that_returns_no_rows__is_refused(function: Planted, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        Pipeline(function, DATA)


def test_search__result_without_times__is_compared_row_by_row() -> None:
    assert audited(lambda frame: frame["close"].rolling(3).mean().reset_index(drop=True)).clean
    assert not audited(lambda frame: frame["close"].shift(-1).reset_index(drop=True)).clean


def test_search__weekly_result__is_compared_as_of_its_label() -> None:
    assert audited(lambda frame: frame["close"].resample("W-FRI").last()).clean
    assert not audited(lambda frame: frame["close"].resample("W-MON", label="left", closed="left").last()).clean


def test_search__times_of_day_and_a_zone__are_audited() -> None:
    data = DATA.set_axis(DATA.index.tz_localize("UTC") + pd.Timedelta(hours=21), axis=0)
    (example,) = audited(lambda frame: frame["close"].shift(-1), data=data).counterexamples
    assert example.decision_day.endswith("21:00:00+00:00")
    assert audited(lambda frame: frame["close"].shift(1), data=data).clean


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DATA[::-1], "no rising series of times"),
        (DATA.reset_index(drop=True), "no rising series of times"),
        (pd.concat([DATA.iloc[:3], DATA.iloc[2:]]), "appears more than once"),
    ],
)
def test_pipeline__index_that_is_no_calendar__is_refused(data: pd.DataFrame, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        Pipeline(lambda frame: frame["close"], data)


def test_choose_cuts__none__is_every_row_with_a_future() -> None:
    assert choose_cuts(tuple(stamp.date() for stamp in DATA.index), None) == tuple(range(len(DATA) - 1))


def test_choose_cuts__a_number__is_kept() -> None:
    days = tuple(stamp.date() for stamp in DATA.index)
    assert [len(choose_cuts(days, most)) for most in (1, 2, 17, 10_000)] == [1, 2, 17, len(DATA) - 1]


@pytest.mark.parametrize(("rows", "most", "said"), [(1, 5, "no future to change"), (10, 0, "0 cuts: none")])
def test_choose_cuts__nothing_to_choose__is_refused(rows: int, most: int, said: str) -> None:
    with pytest.raises(SignalError, match=said):
        choose_cuts(tuple(stamp.date() for stamp in DATA.index[:rows]), most)
