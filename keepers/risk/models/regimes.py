"""A covariance that switches between a calm and a wild regime."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.distributions import Student
from keepers.risk.models.gated import GatedModel, NotFound
from keepers.risk.models.protocol import EllipticalForecast, check_window
from keepers.risk.models.weighted import LEAST_DAYS as LEAST_EWMA
from keepers.risk.monte_carlo import degrees_of

Array = NDArray[np.float64]

MOST_STEPS = 200
TOLERANCE = 1e-7
"""Gain in mean log-likelihood below which the search ends."""
_LEAST_DAYS_EACH = 60.0
"""Expected days of a regime below which its covariance says nothing."""


@dataclass(frozen=True, eq=False)
class Chain:
    """Two regimes of a market with mean zero.

    Attributes:
        variances: (2,), daily, the calm regime first.
        stay: (2,), probabilities that a regime is the next day's as well.
    """

    variances: Array
    stay: Array

    @property
    def moves(self) -> Array:
        """(2, 2), probability of tomorrow's regime (column) given today's (row)."""
        calm, wild = self.stay
        return np.array([[calm, 1 - calm], [1 - wild, wild]])

    @property
    def lasting(self) -> Array:
        """(2,), share of days in each regime in the long run."""
        leave = 1 - self.stay
        return np.asarray(leave[::-1] / leave.sum(), dtype=np.float64)

    def densities(self, market: Array) -> Array:
        """(days, 2), density of each day's return in each regime."""
        scaled = market[:, np.newaxis] ** 2 / self.variances
        return np.asarray(np.exp(-scaled / 2) / np.sqrt(2 * math.pi * self.variances), dtype=np.float64)


def filtered(chain: Chain, market: Array) -> tuple[Array, Array, float]:
    """Probabilities of the regimes, given the days so far, and the log-likelihood.

    Source: Hamilton (1989), "A new approach to the economic analysis of nonstationary time series and the business
    cycle", Econometrica 57(2).

    Args:
        chain: Regimes.
        market: (days,), returns.

    Returns:
        (days, 2) given the days until that one, (days + 1, 2) given the days before, and the log-likelihood.
    """
    densities, moves = chain.densities(market), chain.moves
    known, before = np.empty((market.size, 2)), np.empty((market.size + 1, 2))
    before[0] = chain.lasting
    total = 0.0
    for day, density in enumerate(densities):
        joint = before[day] * density
        likelihood = max(float(joint.sum()), 1e-300)
        known[day] = joint / likelihood
        before[day + 1] = known[day] @ moves
        total += math.log(likelihood)
    return known, before, total


def smoothed(chain: Chain, known: Array, before: Array) -> tuple[Array, Array]:
    """Probabilities of the regimes, and expected moves between them, given all days.

    Source: Kim (1994), "Dynamic linear models with Markov-switching", J. of Econometrics 60.

    Returns:
        (days, 2), and (2, 2) of expected numbers of moves.
    """
    found, counts = known.copy(), np.zeros((2, 2))
    for day in range(known.shape[0] - 2, -1, -1):
        joint = known[day][:, np.newaxis] * chain.moves * (found[day + 1] / before[day + 1])
        found[day] = joint.sum(axis=1)
        counts += joint
    return found, counts


def fit_chain(market: Array) -> tuple[Chain, Array, bool]:
    """Maximises the likelihood by expectation and maximisation (Hamilton 1990, J. of Econometrics 45).

    Args:
        market: (days,), returns.

    Returns:
        The chain, (days, 2) smoothed probabilities, and whether the search converged.
    """
    variance = float(np.mean(market**2))
    chain = Chain(np.array([0.5, 3.0]) * variance, np.array([0.98, 0.95]))
    last = -math.inf
    for _ in range(MOST_STEPS):
        known, before, likelihood = filtered(chain, market)
        days, counts = smoothed(chain, known, before)
        if likelihood - last < TOLERANCE * market.size:
            return chain, days, True
        last = likelihood
        variances = (days.T @ market**2) / np.maximum(days.sum(axis=0), 1e-12)
        stay = np.clip(np.diag(counts) / np.maximum(counts.sum(axis=1), 1e-12), 1e-6, 1 - 1e-6)
        order = np.argsort(variances)
        chain = Chain(np.maximum(variances[order], 1e-12 * variance), stay[order])
    return chain, days, False


@dataclass(frozen=True)
class SwitchingModel(GatedModel):
    """A covariance for each of two regimes of an equal weight of the assets, and Student tails."""

    def estimate(self, returns: Array) -> FittedSwitching:
        """See `GatedModel`. Without convergence, or with a regime of under 60 days, there are no parameters."""
        market = returns.mean(axis=1)
        if not np.any(market):
            raise NotFound("the market never moves")
        chain, days, converged = fit_chain(market)
        share = days.sum(axis=0)
        if not converged:
            raise NotFound(f"regimes were not found in {MOST_STEPS} steps")
        if share.min() < _LEAST_DAYS_EACH:
            raise NotFound(f"a regime of {share.min():.0f} days, fewer than {_LEAST_DAYS_EACH:.0f}")
        weighted = [(returns * days[:, [regime]]).T @ returns / share[regime] for regime in range(2)]
        covariances = np.stack(weighted)
        deviations = np.sqrt(np.einsum("dr,rii->di", days, covariances))
        moving = np.all(deviations > 0, axis=0)
        tail = Student(degrees_of(returns[:, moving] / deviations[:, moving]))
        return FittedSwitching(chain, covariances, tail)


@dataclass(frozen=True, eq=False)
class FittedSwitching:
    """A switching model with its parameters.

    Attributes:
        chain: Regimes.
        covariances: (2, assets, assets), daily, the calm regime first.
        tail: Distribution of a standardised day.
        note: Fallback that this is; empty because it is none.
    """

    chain: Chain
    covariances: Array
    tail: Student
    note: str = ""

    def forecast(self, returns: Array) -> EllipticalForecast:
        """See `FittedModel`. The covariance is the mean over tomorrow's regimes."""
        check_window(returns, LEAST_EWMA)
        _, before, _ = filtered(self.chain, returns.mean(axis=1))
        return EllipticalForecast(np.tensordot(before[-1], self.covariances, axes=1), self.tail)
