"""How often models of an honest desk that weighs days exponentially are held back on rises: numbers of decision 93."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.config import Risk
from keepers.risk.covariance import estimate
from scripts._lib.demo.data import load_closes
from scripts._lib.deployment.config import RiskTimes
from scripts.localnet import STOCKS

MOVE_PARTS = 10
"""CovarianceModels: a square of a price's move counts for one part of so many."""


@pytest.mark.parametrize("decade", range(3))
def test_models__thirty_years_of_closes__never_rise_by_more_than_prices_have_shown(decade: int) -> None:
    settings = Risk()
    rows = np.array([[float(cell) for cell in row] for row in load_closes(STOCKS).rows])
    returns = rows[1:] / rows[:-1] - 1
    days = np.array_split(np.arange(settings.min_observations, len(returns)), 3)[decade]
    last, unseen = None, []
    for day in days:
        history = returns[max(0, day - settings.history_days) : day]
        matrix = estimate(history, settings.halflife_days, target=settings.shrinkage).matrix
        if last is not None:
            sigmas, moves = np.sqrt(np.diag(last)), np.abs(returns[day - 1])
            unseen.append((matrix - last - np.outer(moves, moves) / MOVE_PARTS) / np.outer(sigmas, sigmas))
        last = matrix
    assert len(unseen) > 2500
    assert np.max(unseen) <= RiskTimes().max_unseen_rise / 10_000
