"""The numbers of a report, and the hash of what they came from."""

from dataclasses import replace

import numpy as np
import pytest

from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import to_fixed_point
from keepers.risk.metrics import value_at_risk
from keepers.risk.report import WAD, Inputs, measure
from keepers.risk.scenarios import load_scenarios

COVARIANCE = np.array([[4e-4, 1e-4], [1e-4, 9e-4]])
INPUTS = Inputs(
    portfolio="0x" + "ab" * 20,
    as_of=1_600_000_000,
    model_nonce=3,
    weights=(WAD // 2, WAD * 3 // 10),
    covariance=tuple(to_fixed_point(COVARIANCE)),
    z95=16 * WAD // 10,
    z99=28 * WAD // 10,
    degrees=4.0,
    paths=5000,
    scenarios=load_scenarios(),
)


def test_measure__parametric_part__has_the_models_own_tails() -> None:
    numbers, weights = measure(INPUTS), np.array([0.5, 0.3])
    assert numbers.volatility / WAD == pytest.approx(value_at_risk(weights, COVARIANCE, 1.0), rel=1e-9)
    assert numbers.var95 == pytest.approx(numbers.volatility * 1.6)
    assert numbers.var99 == pytest.approx(numbers.volatility * 2.8)


def test_measure__any__is_coherent_as_the_chain_asks_for() -> None:
    numbers = measure(INPUTS)
    var, shortfall = numbers.monte_carlo_var, numbers.monte_carlo_es
    assert len(var) == len(shortfall) == 9 and len(numbers.stress_losses) == len(INPUTS.scenarios)
    for index in range(9):
        assert shortfall[index] >= var[index] > 0
        assert index % 3 == 0 or var[index] >= var[index - 1]


def test_measure__same_inputs__same_numbers() -> None:
    assert measure(INPUTS) == measure(INPUTS)
    assert measure(replace(INPUTS, as_of=1_600_000_001)).monte_carlo_var != measure(INPUTS).monte_carlo_var


def test_measure__all_cash__is_all_zero() -> None:
    numbers = measure(replace(INPUTS, weights=(0, 0)))
    assert numbers.volatility == max(numbers.monte_carlo_es) == max(numbers.stress_losses) == 0


def test_measure__no_risky_asset__is_all_zero() -> None:
    assert measure(replace(INPUTS, weights=(), covariance=())).var99 == 0


def test_measure__entries_of_another_size__are_refused() -> None:
    with pytest.raises(RiskError):
        measure(replace(INPUTS, covariance=INPUTS.covariance[:1]))


CHANGES = {
    "weights": (WAD // 2, WAD // 10),
    "covariance": (1, 0, 1),
    "degrees": 5.0,
    "paths": 5001,
    "scenarios": INPUTS.scenarios[1:],
    "as_of": 1,
    "model_nonce": 4,
    "z99": WAD * 3,
}


@pytest.mark.parametrize("field", CHANGES)
def test_model_hash__another_input__is_another_hash(field: str) -> None:
    assert INPUTS.model_hash("1") == INPUTS.model_hash("1")
    assert replace(INPUTS, **{field: CHANGES[field]}).model_hash("1") != INPUTS.model_hash("1")


def test_model_hash__another_version__is_another_hash() -> None:
    assert INPUTS.model_hash("1") != INPUTS.model_hash("2") and len(INPUTS.model_hash("1")) == 32
