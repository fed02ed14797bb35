"""Targets keep every limit, whatever goes in."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keepers.portfolio.optimise import WAD, Constraints, optimise, to_wad
from keepers.risk.metrics import value_at_risk

FRACTION = st.floats(0, 1)


@given(
    st.integers(1, 12),
    st.integers(0, 2**32 - 1),
    st.floats(0.05, 1),
    st.floats(0.001, 0.2),
    st.floats(0, 0.5),
    FRACTION,
    st.sampled_from([0.0, 0.5, 5.0, 100.0]),
    st.sampled_from([0.0, 1e-5, 1e-3]),
)
def test_optimise__any_input__keeps_every_limit_and_is_no_worse_than_cash_or_a_random_choice(
    assets: int,
    seed: int,
    weight: float,
    var: float,
    buffer: float,
    cash: float,
    aversion: float,
    cost: float,
) -> None:
    generator = np.random.default_rng(seed)
    loadings = generator.normal(size=(assets, assets)) * 0.02
    covariance = loadings @ loadings.T
    mu = generator.normal(size=assets) * 5e-4
    current = generator.dirichlet(np.ones(assets + 1))[1:]
    limits = Constraints(weight, var, buffer, cash)
    got = optimise(mu, covariance, current, limits, risk_aversion=aversion, turnover_cost=cost)

    assert got.weights.min() >= 0 and got.weights.max() <= weight
    assert got.weights.sum() <= 1 - cash + 1e-12
    assert got.var99 <= var * (1 - buffer) * (1 + 1e-12)

    def objective(weights: np.ndarray) -> float:
        risk = aversion / 2 * weights @ covariance @ weights
        return float(mu @ weights - risk - cost * np.abs(weights - current).sum())

    other = np.minimum(generator.dirichlet(np.ones(assets)) * (1 - cash), weight)
    other *= min(1, var * (1 - buffer) / max(value_at_risk(other, covariance), 1e-300))
    slack = 1e-6 * max(np.abs(mu).max(), aversion * covariance.max(), cost)
    assert objective(got.weights) >= max(objective(other), objective(np.zeros(assets))) - slack


@given(st.lists(FRACTION, min_size=1, max_size=31).map(lambda raw: [w / max(1.0, sum(raw)) for w in raw]))
def test_to_wad__any_weights__sum_exactly_and_round_down(weights: list[float]) -> None:
    got = to_wad(weights)
    assert sum(got) == WAD and min(got) >= 0
    assert all(abs(wad - weight * WAD) < 10**3 for wad, weight in zip(got[1:], weights, strict=True))
