"""The model that the risk bot's terms name, and what takes its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from keepers.config import Risk
from keepers.risk.bot_model import BotModel, degrees_of_model
from keepers.risk.covariance import estimate
from keepers.risk.errors import RiskError
from keepers.risk.metrics import NORMAL_TAILS
from keepers.risk.model_terms import DEFAULT_TERMS, MODEL_NAMES, ModelName, ModelTerms
from keepers.risk.models import STEPPED, model_named
from keepers.risk.monte_carlo import fit_degrees
from keepers.risk.next_model import fit_model
from tests.unit.keepers.risk.test_models import garch_returns

Array = NDArray[np.float64]
RETURNS = garch_returns(1200, 1)
EWMA = replace(DEFAULT_TERMS, model="ewma")


def matrix(returns: Array, terms: ModelTerms) -> Array:
    return BotModel.fit(returns, terms).forecast(returns).covariance


def test_default_terms__config_without_a_word__has_the_model_of_decision_199() -> None:
    assert Risk().terms == DEFAULT_TERMS
    assert f"{DEFAULT_TERMS.name}, stepped" in {stepped.name for stepped in STEPPED}


@pytest.mark.parametrize("name", ["garch dcc", "garch ccc", "gjr dcc"])
def test_fit__enough_days__is_the_backtests_model_of_the_last_days(name: ModelName) -> None:
    terms = ModelTerms(model=name)
    expected = model_named(f"{name} student").fit(RETURNS[-1000:]).forecast(RETURNS[-1000:])
    np.testing.assert_array_equal(matrix(RETURNS, terms), expected.covariance)
    assert BotModel.fit(RETURNS, terms).note == f"1000 days, {name} student"


def test_fit__ewma__is_the_exponential_average_of_the_terms() -> None:
    terms = replace(EWMA, halflife_days=11.0, shrinkage="identity", history_days=300)
    expected = estimate(RETURNS[-300:], 11.0, target="identity").matrix
    np.testing.assert_array_equal(matrix(RETURNS, terms), expected)


def test_fit__fewer_than_500_days__is_the_average_of_the_same_terms_and_says_so() -> None:
    short, terms = RETURNS[:499], replace(DEFAULT_TERMS, halflife_days=11.0)
    np.testing.assert_array_equal(matrix(short, terms), matrix(short, replace(terms, model="ewma")))
    assert BotModel.fit(short, terms).note == "499 days, ewma student: 499 observations, fewer than 500"


def test_fit__as_few_days_as_the_terms_take__are_enough_and_one_less_is_refused() -> None:
    terms = replace(DEFAULT_TERMS, min_observations=20)
    assert BotModel.fit(RETURNS[:20], terms).note.startswith("20 days, ewma student")
    with pytest.raises(RiskError, match="19 observations: fewer than 20"):
        BotModel.fit(RETURNS[:19], terms)


def test_fit__asset_that_never_moves__is_named_as_a_failed_fit() -> None:
    still = RETURNS.copy()
    still[:, 1] = 0.0
    assert BotModel.fit(still, DEFAULT_TERMS).note == (
        "1000 days, garch dcc student (RiskMetrics' decay in place of failed fits: 1)"
    )


def test_fit__return_that_is_not_finite__is_refused() -> None:
    broken = RETURNS.copy()
    broken[-3, 2] = np.nan
    with pytest.raises(RiskError, match="not finite"):
        BotModel.fit(broken, DEFAULT_TERMS)


def test_fit_model__normal_tails__are_the_normals_whatever_the_model() -> None:
    for name in MODEL_NAMES:
        found = fit_model(RETURNS, replace(DEFAULT_TERMS, model=name, tails="normal"), seed=1)  # type: ignore[arg-type]
        assert found.multipliers == tuple(tail / 10**18 for tail in NORMAL_TAILS)


def test_fit_model__student__notes_its_degrees() -> None:
    found = fit_model(RETURNS, DEFAULT_TERMS, seed=1)
    degrees = degrees_of_model(RETURNS, DEFAULT_TERMS)
    assert found.note == f"1000 days, garch dcc student, t of {degrees:g} degrees"


def test_degrees_of_model__normal_tails__are_those_of_the_fitted_t() -> None:
    normal = replace(DEFAULT_TERMS, tails="normal")
    assert degrees_of_model(RETURNS, normal) == degrees_of_model(RETURNS, DEFAULT_TERMS)


def test_degrees_of_model__ewma__are_those_of_its_standardised_returns() -> None:
    assert degrees_of_model(RETURNS, EWMA) == fit_degrees(RETURNS[-1000:], 30.0)
