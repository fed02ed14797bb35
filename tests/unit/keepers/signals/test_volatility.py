"""Forecasts of variance see no future, agree with arch, and are ranked by what they lose."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from arch import arch_model
from numpy.typing import NDArray

from keepers.signals.errors import SignalError
from keepers.signals.volatility import models
from keepers.signals.volatility.comparison import Judged, judge, qlike, walk_forward
from keepers.signals.volatility.history import RangeHistory
from keepers.signals.volatility.models import (
    MONTH,
    SIMPLE,
    Exponential,
    Model,
    Recursion,
    components,
    fit_har,
    fit_walk,
)
from keepers.signals.volatility.network import Network, fit, inputs, network

Array = NDArray[np.float64]
MODELS = (*SIMPLE, network((1,)))


def prices(days: int, seed: int = 7) -> tuple[tuple[date, ...], Array, Array, Array, Array]:
    """Days, opens, highs, lows and closes of a series whose volatility is persistent."""
    random = np.random.default_rng(seed)
    logs = np.empty(days)
    logs[0] = np.log(1e-4)
    for day in range(1, days):
        logs[day] = 0.97 * logs[day - 1] + 0.03 * np.log(1e-4) + 0.15 * random.standard_normal()
    steps = random.standard_normal((days, 40)) * np.exp(logs / 2)[:, np.newaxis] / np.sqrt(40)
    paths = np.cumsum(steps.ravel()).reshape(days, 40)
    dates = tuple(date(2000, 1, 1) + timedelta(day) for day in range(days))
    table = 100 * np.exp(paths)
    return dates, table[:, 0], table.max(axis=1), table.min(axis=1), table[:, -1]


def made(days: int = 720, seed: int = 7) -> RangeHistory:
    return RangeHistory.of(*prices(days, seed))


def test_range_history__a_days_prices__are_garman_and_klass_and_the_night() -> None:
    days, two = (date(2020, 1, 2), date(2020, 1, 3)), np.ones(2)
    found = RangeHistory.of(days, np.array([1.0, 1.01]), np.array([1.0, 1.03]), np.array([1.0, 0.99]), two)
    night, high, low, close = np.log([1.01, 1.03 / 1.01, 0.99 / 1.01, 1 / 1.01])
    expected = night**2 + (high - low) ** 2 / 2 - (2 * np.log(2) - 1) * close**2
    assert found.variances == pytest.approx([expected]) and found.returns == pytest.approx([0.0])
    assert found.dates == (date(2020, 1, 3),)


def test_range_history__nothing_traded__has_a_floor() -> None:
    days, two = (date(2020, 1, 2), date(2020, 1, 3)), np.ones(2)
    assert RangeHistory.of(days, two, two, two, two).variances.tolist() == [1e-8]


@pytest.mark.parametrize(
    ("column", "value"), [(0, np.nan), (1, 0.5), (2, 2.0), (3, -1.0)], ids=["open", "high", "low", "close"]
)
def test_range_history__impossible_day__is_refused_by_its_date(column: int, value: float) -> None:
    table = np.ones((3, 4))
    table[1, column] = value
    days = tuple(date(2020, 1, day) for day in (2, 3, 6))
    with pytest.raises(SignalError, match="prices of 2020-01-03: not positive, or outside their own range"):
        RangeHistory.of(days, *table.T)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_forecasts__the_future_changes__nothing_before_it_does(model: Model) -> None:
    history, cut = made(), 680
    fitted = model.fit(history.between(0, 600))
    known = fitted.forecasts(history, 600)
    later = RangeHistory(history.dates, history.returns.copy(), history.variances.copy())
    later.returns[cut:] *= -7
    later.variances[cut:] *= 50
    np.testing.assert_array_equal(fitted.forecasts(later, 600)[: cut - 600 + 1], known[: cut - 600 + 1])
    assert known.shape == (history.returns.size - 600 + 1,) and np.all(known > 0)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_walk_forward__days_after_the_last__change_nothing_before(model: Model) -> None:
    history = made(660)
    short = walk_forward(model, history.between(0, 610), 560)
    np.testing.assert_array_equal(walk_forward(model, history, 560)[:50], short)


@pytest.mark.parametrize(("name", "asymmetry"), [("garch", 0), ("gjr", 1)])
def test_recursion__fitted__forecasts_what_arch_does(name: str, asymmetry: int) -> None:
    history = made(1500)
    (model,) = (model for model in SIMPLE if model.name == name)
    theirs: Any = arch_model(history.returns * 100, mean="Zero", vol="GARCH", p=1, o=asymmetry, q=1, rescale=False)
    expected = theirs.fit(disp="off").forecast(horizon=1).variance.iloc[-1, 0] / 1e4
    assert model.fit(history).forecasts(history, history.returns.size)[0] == pytest.approx(expected, rel=1e-3)


def test_exponential__arch_parameters__forecasts_what_arch_does() -> None:
    history = made(1500)
    (model,) = (model for model in SIMPLE if model.name == "egarch")
    theirs: Any = arch_model(history.returns * 100, mean="Zero", vol="EGARCH", p=1, o=1, q=1, rescale=False)
    expected = theirs.fit(disp="off").forecast(horizon=1).variance.iloc[-1, 0] / 1e4
    fitted = model.fit(history)
    assert isinstance(fitted, Exponential)
    assert fitted.forecasts(history, history.returns.size)[0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("alpha", "forgets"), [(0.05, True), (-0.05, False)])
def test_exponential__after_one_large_move__only_a_positive_alpha_finds_back(alpha: float, forgets: bool) -> None:
    """Where alpha is negative, the move lowers the variance, which enlarges later shocks, which lower it further."""
    history = made(1500)
    scale = float(np.mean(history.returns**2))
    history.returns[100] = 300 * np.sqrt(scale)
    found = Exponential(0.0, alpha, 0.0, 0.99).forecasts(history, 100)
    assert bool(found[-1] > scale / 100) is forgets


@pytest.mark.parametrize("alpha", [-0.02, 0.0])
def test_fit_egarch__alpha_not_above_zero__is_the_decay(monkeypatch: pytest.MonkeyPatch, alpha: float) -> None:
    params = {"omega": 0.0, "alpha[1]": alpha, "gamma[1]": -0.05, "beta[1]": 0.99}
    fitted = SimpleNamespace(params=params, convergence_flag=0)
    theirs = SimpleNamespace(arch_model=lambda *_, **__: SimpleNamespace(fit=lambda **_: fitted))
    monkeypatch.setattr(models, "imported", lambda *_: theirs)
    assert isinstance(models.fit_egarch(made(60)), Recursion)


def test_exponential__a_huge_shock__stays_finite() -> None:
    history = made(60)
    history.returns[40] = 5.0
    found = Exponential(0.1, 0.9, -0.5, 0.99).forecasts(history, 30)
    assert np.all(np.isfinite(found) & (found > 0))


def test_har__made_by_its_own_equation__finds_the_coefficients() -> None:
    random, days = np.random.default_rng(5), 3_000
    variances = np.full(days, 1e-4)
    for day in range(MONTH, days):
        past = variances[day - MONTH : day]
        mean = 1e-5 + 0.3 * past[-1] + 0.3 * past[-5:].mean() + 0.3 * past.mean()
        variances[day] = mean * random.uniform(0.5, 1.5)
    dates = tuple(date(2000, 1, 1) + timedelta(day) for day in range(days))
    fitted: Any = fit_har(RangeHistory(dates, np.sqrt(variances), variances))
    assert fitted.coefficients[1:] == pytest.approx([0.3, 0.3, 0.3], abs=0.09) and fitted.scale == pytest.approx(1)


def test_components__last_row__is_the_newest_day() -> None:
    variances = np.arange(1.0, 31.0)
    assert components(variances, False)[-1].tolist() == [30.0, 28.0, np.arange(9.0, 31.0).mean()]
    assert components(variances, False).shape == (9, 3)


def test_network__same_seed__is_the_same_to_the_bit() -> None:
    history = made(400)
    first, second = (fit(history, (3,)).forecasts(history, 300) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_network__numpy__says_what_torch_says() -> None:
    import torch

    history = made(400)
    fitted = fit(history, (3,))
    assert isinstance(fitted, Network)
    (layers,) = fitted.members
    rows = (inputs(history) - fitted.centre) / fitted.spread
    x = torch.tensor(rows, dtype=torch.float64)
    for weights, biases in layers[:-1]:
        x = torch.relu(x @ torch.tensor(weights) + torch.tensor(biases))
    x = (x @ torch.tensor(layers[-1][0]) + torch.tensor(layers[-1][1]))[:, 0]
    logs = fitted.target[0] + fitted.target[1] * x.numpy()
    np.testing.assert_allclose(fitted.logarithms(inputs(history)), logs, rtol=1e-9)


def test_qlike__forecasts_around_the_truth__the_truth_loses_least() -> None:
    truth = np.full(200_000, 2e-4)
    squares = truth * np.random.default_rng(1).standard_normal(truth.size) ** 2
    losses = [float(qlike(squares, truth * part).mean()) for part in (0.8, 1.0, 1.25)]
    assert losses[1] < losses[0] and losses[1] < losses[2]


@pytest.mark.parametrize("forecast", [np.zeros(2), np.array([np.nan, 1.0]), np.ones(3)])
def test_qlike__no_forecast__is_refused(forecast: Array) -> None:
    with pytest.raises(SignalError, match="shapes differ or not positive"):
        qlike(np.ones(2), forecast)


def test_judged__one_knows_the_variance__it_alone_is_in_the_confidence_set() -> None:
    random, days = np.random.default_rng(3), 1_500
    truth = np.exp(random.normal(np.log(1e-4), 0.7, days))
    returns = np.sqrt(truth) * random.standard_normal(days)
    dates = tuple(date(2000, 1, 1) + timedelta(day) for day in range(days))
    flat = np.full(days, float(truth.mean()))
    judged = Judged(dates, returns, truth, {"knows": truth, "flat": flat, "backwards": truth[::-1].copy()})
    assert set(judged.best()) == {"knows"} and set(judged.best(ranges=True)) == {"knows"}
    assert all(test.statistic > 3 for test in judged.against("knows").values())


def test_judge__too_short__is_refused() -> None:
    with pytest.raises(SignalError, match="more than 1000 are needed"):
        judge((Model("walk", fit_walk),), made(600))
