"""Forecasts are written once a day and model, outcomes once, and demotions stand until a person lifts them."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from datetime import date

import pytest

from keepers.store import Store, forecasts
from keepers.store.forecasts import Forecasted
from tests.unit.keepers.store.filled import DEMOTION, FORECAST

LABEL = (21, 756)


@pytest.fixture
def store(store_url: str) -> Store:
    return Store.open(store_url)


def kept(store: Store, model: str = "regimes") -> list[Forecasted]:
    return forecasts.forecasts(store, "demo", model)


def test_record__new__reads_back_to_the_bit(store: Store) -> None:
    made = replace(FORECAST, inputs=(0.1 + 0.2, -math.pi, 5e-324), probability=1 / 3)
    assert forecasts.record(store, made)
    assert kept(store) == [made]


def test_record__same_day_and_model_again__the_first_one_stays(store: Store) -> None:
    forecasts.record(store, FORECAST)
    assert not forecasts.record(store, replace(FORECAST, probability=0.9))
    assert kept(store) == [FORECAST]


def test_record__another_day_model_or_portfolio__is_another_forecast(store: Store) -> None:
    forecasts.record(store, FORECAST)
    other = [{"day": date(2024, 1, 3)}, {"model": "other"}, {"portfolio": "second"}]
    assert all(forecasts.record(store, replace(FORECAST, **change)) for change in other)  # type: ignore[arg-type]
    assert [found.day.day for found in kept(store)] == [2, 3]


def test_record__by_replicas_at_once__one_row(store: Store) -> None:
    made: list[bool] = []
    threads = [threading.Thread(target=lambda: made.append(forecasts.record(store, FORECAST))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True] and len(kept(store)) == 1


def test_forecasts__of_a_role__leave_out_the_other(store: Store) -> None:
    forecasts.record(store, FORECAST)
    forecasts.record(store, replace(FORECAST, day=date(2024, 1, 3), role="challenger"))
    found = forecasts.forecasts(store, "demo", "regimes", "challenger")
    assert [one.day.day for one in found] == [3]


def test_fill_outcomes__known__is_written_once_for_both_models(store: Store) -> None:
    forecasts.record(store, FORECAST)
    forecasts.record(store, replace(FORECAST, model="other", role="challenger"))
    assert forecasts.open_days(store, "demo") == [(FORECAST.day, *LABEL)]
    assert forecasts.fill_outcomes(store, "demo", {(FORECAST.day, *LABEL): True}) == 2
    assert forecasts.open_days(store, "demo") == []
    assert forecasts.fill_outcomes(store, "demo", {(FORECAST.day, *LABEL): False}) == 0
    assert [found.outcome for found in kept(store) + kept(store, "other")] == [True, True]


def test_fill_outcomes__of_another_label__changes_nothing(store: Store) -> None:
    forecasts.record(store, FORECAST)
    assert forecasts.fill_outcomes(store, "demo", {(FORECAST.day, 5, 252): True}) == 0
    assert kept(store) == [FORECAST]


def test_demote__twice__the_first_one_stands(store: Store) -> None:
    assert forecasts.demote(store, DEMOTION)
    assert not forecasts.demote(store, replace(DEMOTION, reason="another"))
    assert forecasts.demotion(store, "demo", "regimes") == DEMOTION


def test_demotion__of_another_portfolio_or_model__is_none(store: Store) -> None:
    forecasts.demote(store, DEMOTION)
    assert forecasts.demotion(store, "second", "regimes") is None
    assert forecasts.demotion(store, "demo", "other") is None


def test_mark_told__standing__is_kept(store: Store) -> None:
    forecasts.demote(store, DEMOTION)
    forecasts.mark_told(store, "demo", "regimes")
    assert forecasts.demotion(store, "demo", "regimes") == replace(DEMOTION, told=True)


def test_reinstate__standing__may_drift_again_from_later_days(store: Store) -> None:
    forecasts.record(store, FORECAST)
    forecasts.demote(store, DEMOTION)
    assert forecasts.reinstate(store, "demo", "regimes", "the feed was repaired", 5000)
    assert forecasts.demotion(store, "demo", "regimes") is None
    lifted = forecasts.last_lifted(store, "demo", "regimes")
    assert lifted is not None
    assert (lifted.lifted, lifted.lifted_day, lifted.lifted_why) == (5000, "2024-01-02", "the feed was repaired")
    assert forecasts.demote(store, replace(DEMOTION, day="2024-06-03"))


def test_reinstate__not_demoted__is_none(store: Store) -> None:
    assert not forecasts.reinstate(store, "demo", "regimes", "why", 5000)
    assert forecasts.last_lifted(store, "demo", "regimes") is None
