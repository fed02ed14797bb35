"""Proof of a simulation's errors: how often its intervals hold the truth over many seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, t

from keepers.risk.distributions import Distribution
from keepers.risk.simulation.engine import Simulation, run
from keepers.risk.simulation.preintegration import preintegrated_tails, scrambles
from keepers.risk.simulation.tails import tails

Array = NDArray[np.float64]
Density = Callable[[Array], Array]

CONFIDENCE = 0.95
EXACT = 1e-9
"""Relative error below which a number counts as exact: its interval is narrower than rounding."""
PLAIN_PATHS = 2**18
"""Paths of the run that tells plain sampling's error."""
_NODES, _REACH = 4001, 12.0
"""Nodes of the integral of a characteristic function, and the end of its grid: sinh(12) daily deviations."""
_FARTHEST = 100.0
"""Largest logarithm of a day's growth."""
_FREQUENCY_STEP, _FREQUENCIES = 0.25, 4000
"""Spacing and number of frequencies for daily deviations of about 1%: from 5 days on nothing is left beyond."""


@dataclass(frozen=True)
class Truth:
    """Value at risk and expected shortfall, fractions of NAV."""

    var: float
    shortfall: float


@dataclass(frozen=True)
class Proved:
    """How the intervals of one number fared.

    Attributes:
        covered: Part of the replications whose interval holds the truth; nan where the number is exact.
        binomial: Standard error of that part.
        relative_error: Standard deviation of the estimates over the truth.
        bias: Mean difference from the truth in standard errors of that mean.
        plain: Paths of plain sampling with the same error, for each path of this one.
    """

    covered: float
    binomial: float
    relative_error: float
    bias: float
    plain: float

    @property
    def exact(self) -> bool:
        """Whether no replication differs from the truth by more than rounding."""
        return math.isnan(self.covered)


def compounded_truth(density: Density, deviation: float, days: int, level: float) -> Truth:
    """Truth for one asset whose independent days compound, by inversion of the characteristic function.

    With S the sum of log(1 + r) the loss is 1 - exp(S), P(S <= y) follows from E exp(iwS) (Gil-Pelaez 1951, "Note on
    the inversion theorem", Biometrika 38), and E exp(S) 1(S <= y) in the same way from E exp((1 + iw)S). Days on which
    all is lost are mass at minus infinity.

    Args:
        density: Density of a day's standardised return.
        deviation: Daily deviation, about 0.01.
        days: Horizon, from 2.
        level: Confidence.
    """
    frequency = (np.arange(_FREQUENCIES) + 0.5) * _FREQUENCY_STEP
    places = np.linspace(-_REACH, _REACH, _NODES)
    # The trapezoidal rule, in logarithms of growth that are dense about zero and reach far.
    logs = np.clip(deviation * np.sinh(places), -_FARTHEST, _FARTHEST)
    spacing = np.where(np.abs(logs) < _FARTHEST, deviation * np.cosh(places) * (places[1] - places[0]), 0.0)
    mass = density(np.expm1(logs) / deviation) / deviation * np.exp(logs) * spacing
    survived = float(mass.sum())
    waves = np.exp(1j * np.outer(frequency, logs))
    plain, tilted = (waves @ mass) ** days, (waves @ (mass * np.exp(logs))) ** days
    growth = float(mass @ np.exp(logs)) ** days
    wanted = 1 - level

    def beyond(y: float) -> float:
        return 1 - survived**days + _inverted(plain, survived**days, frequency, y)

    y = float(brentq(lambda y: beyond(y) - wanted, -0.9, -1e-6, xtol=1e-14))
    kept = _inverted(tilted, growth, frequency, y)
    return Truth(-math.expm1(y), (wanted - kept) / wanted)


def _inverted(transform: NDArray[np.complex128], total: float, frequency: Array, y: float) -> float:
    waves = np.imag(transform * np.exp(-1j * frequency * y)) / frequency
    return total / 2 - _FREQUENCY_STEP / math.pi * float(waves.sum())


def prove(
    simulation: Simulation, truth: Truth, level: float, seeds: Sequence[int], progress: Callable[[int], None]
) -> tuple[Proved, Proved]:
    """Coverage of value at risk and of shortfall by controlled sampling over many seeds, at one horizon.

    Args:
        simulation: Terms with one horizon; the seed is replaced.
        truth: Numbers that the intervals have to hold.
        level: Confidence of value at risk.
        seeds: One for each replication.
        progress: Called with 1 after every replication.
    """
    found = np.empty((len(seeds), 4))
    for row, seed in enumerate(seeds):
        (tail,) = preintegrated_tails(replace(simulation, seed=seed), (level,))
        found[row] = tail.var, tail.var_error, tail.shortfall, tail.shortfall_error
        progress(1)
    (plain,) = tails(run(replace(simulation, sampling="plain", paths=PLAIN_PATHS)), (level,))
    width = float(t.ppf((1 + CONFIDENCE) / 2, scrambles(simulation) - 1))
    per_path = PLAIN_PATHS / simulation.total
    return (
        _proved(found[:, 0], width * found[:, 1], truth.var, plain.var_error**2 * per_path),
        _proved(found[:, 2], width * found[:, 3], truth.shortfall, plain.shortfall_error**2 * per_path),
    )


def _proved(values: Array, half: Array, truth: float, plain: float) -> Proved:
    """The fate of one number; `plain` is the variance of plain sampling with as many paths."""
    spread, difference = float(values.std(ddof=1)), values - truth
    if float(np.abs(difference).max()) < EXACT * truth:
        return Proved(math.nan, math.nan, 0.0, 0.0, math.inf)
    covered = float(np.mean(np.abs(difference) <= half))
    binomial = math.sqrt(covered * (1 - covered) / values.size)
    bias = float(difference.mean()) / (spread / math.sqrt(values.size))
    return Proved(covered, binomial, spread / truth, bias, plain / spread**2)


def closed_truth(day: Distribution, deviation: float, level: float) -> Truth:
    """Truth of one day of a portfolio, whose loss has the standardised distribution of its assets.

    Args:
        day: Standardised distribution.
        deviation: Portfolio's daily deviation.
        level: Confidence.
    """
    tail = np.array(1 - level)
    shortfall = -float(day.lower_integral(tail)) / (1 - level)
    return Truth(-deviation * float(day.quantile(tail)), deviation * shortfall)


def acceptable(proved: Proved, replications: int, margin: float = 0.01) -> bool:
    """Whether a coverage is within a margin of 95%, beyond what so many replications can tell (two-sided, at 95%)."""
    chance = float(norm.ppf(0.975)) * math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / replications)
    return proved.exact or abs(proved.covered - CONFIDENCE) <= margin + chance
