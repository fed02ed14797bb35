"""Likelihood of GARCH and GJR: arch's values and optima, and derivatives that differences agree with."""

from __future__ import annotations

import numpy as np
import pytest
from arch import arch_model
from numpy.typing import NDArray
from scipy.optimize import approx_fprime

from keepers.risk.models.likelihood import Likelihood

Array = NDArray[np.float64]
DAYS = 1250


def moving_returns(seed: int) -> Array:
    """Daily returns in percent with alpha 0.06, gamma 0.06, beta 0.88 and Student shocks of 6 degrees."""
    rng = np.random.default_rng(seed)
    found, variance = np.empty(DAYS), 1.0
    for day in range(DAYS):
        found[day] = np.sqrt(variance) * rng.standard_t(6) * np.sqrt(4 / 6)
        variance = 0.03 + (0.06 + 0.06 * (found[day] < 0)) * found[day] ** 2 + 0.88 * variance
    return found


def peer_of(returns: Array, asymmetric: bool):  # type: ignore[no-untyped-def]
    return arch_model(returns, mean="Zero", p=1, o=int(asymmetric), q=1, rescale=False).fit(disp="off")


@pytest.mark.parametrize("asymmetric", [False, True])
def test_value__parameters_of_arch__is_archs_likelihood(asymmetric: bool) -> None:
    returns = moving_returns(1)
    peer = peer_of(returns, asymmetric)
    got = DAYS * (Likelihood(returns, asymmetric).value(np.array(peer.params)) + np.log(2 * np.pi) / 2)
    assert got == pytest.approx(-peer.loglikelihood, rel=1e-12)


@pytest.mark.parametrize("parameters", [(0.05, 0.08, 0.85), (0.02, 0.03, 0.09, 0.9), (0.5, 0.2, -0.1, 0.3)])
def test_value_and_gradient__away_from_the_minimum__is_what_differences_say(parameters: tuple[float, ...]) -> None:
    likelihood = Likelihood(moving_returns(2), len(parameters) == 4)
    value, got = likelihood.value_and_gradient(np.array(parameters))
    assert value == likelihood.value(np.array(parameters))
    np.testing.assert_allclose(got, approx_fprime(np.array(parameters), likelihood.value, 1e-7), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_minimum__histories__is_not_above_archs(seed: int, asymmetric: bool) -> None:
    returns = moving_returns(seed)
    likelihood = Likelihood(returns, asymmetric)
    peer = peer_of(returns, asymmetric)
    found = likelihood.minimum()
    assert found is not None
    assert likelihood.value(found) <= likelihood.value(np.array(peer.params)) + 1e-9
    np.testing.assert_allclose(found, peer.params, atol=2e-3)


def test_minimum__returns_that_explode__is_none_or_finite() -> None:
    found = Likelihood(np.append(moving_returns(3), [1e9, -1e9]), asymmetric=True).minimum()
    assert found is None or np.all(np.isfinite(found))
