"""Tails by preintegration: every path is integrated along the portfolio's own direction, and none is inside or out.

Given the scales of the days and all other normal numbers, the loss of a portfolio falls as one standard normal number s
rises. The probability of a loss beyond x is then the normal probability of the s at which the loss is x. It is smooth
in what remains to be sampled, so that scrambled Sobol sequences integrate it with a small part of plain sampling's
error. Source: Griewank, Kuo, Leövey and Sloan (2018), "High dimensional integration of kinks and jumps: smoothing by
preintegration", J. of Computational and Applied Mathematics 344.

Mean losses beyond x use the loss' tangent there as a control variate, because its conditional mean has a closed form. A
point on either side of s corrects what the tangent misses, and what a loss that does not fall everywhere misses: no
number is biased for a portfolio with a hedge. The smallest mixing variable of Student's t is drawn for itself, and
small ones often, because tails come from them (importance sampling: Glasserman, Heidelberger and Shahabuddin 2002,
"Portfolio value at risk with heavy-tailed risk factors", Mathematical Finance 12(3)). Days are exchangeable, so that it
may be the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri, stdtrit
from scipy.stats import qmc

from keepers.risk.errors import RiskError
from keepers.risk.simulation.blocks import INLINE, Executor, one_thread
from keepers.risk.simulation.engine import MOST_PATHS, Simulation
from keepers.risk.simulation.scrambling import scrambled_sobol
from keepers.risk.simulation.sources import Gaussian, StudentT, aligned
from keepers.risk.simulation.tails import Parts, Tail, check_levels

Array = NDArray[np.float64]

MOST_BITS = 12
"""Logarithm of the most points of one scramble, and of scrambles that are computed together, to base 2."""
_EDGE = 2.0**-53
"""Uniform numbers stay so far from 0 and 1 that their quantiles are finite."""
_FARTHEST = 37.0
"""Roots are sought between minus and plus so many standard deviations; 1e-299 lies beyond."""
_ROOT_STEPS, _ROOT_STEP = 80, 1e-8
"""Most steps towards a root, and the step in standard deviations that is small enough to end."""
_LEVEL_STEPS, _LEVEL_STEP = 40, 1e-8
"""The same for value at risk, with the step relative to it."""
_POWER = 4
"""Power that turns a uniform number into the probability of the smallest mixing variable. At 4 the mean loss beyond x
of a t with three degrees is smooth where that probability is zero."""


@dataclass(frozen=True, eq=False)
class Means:
    """Means over the points of each scramble, given a loss x for every horizon and level.

    Attributes:
        beyond: (scrambles, horizons, levels), probability of a loss beyond x.
        density: (scrambles, horizons, levels), density of the loss at x.
        at: (scrambles, horizons, levels, assets), density times each asset's mean part of a loss of x.
        above: (scrambles, horizons, levels, assets), mean of each asset's part of the loss, counted where that is
            beyond x.
    """

    beyond: Array
    density: Array
    at: Array
    above: Array


@dataclass(frozen=True, eq=False)
class Lines:
    """Points of one horizon as functions of the number s that is integrated out.

    Attributes:
        weights: (assets,), fractions of NAV.
        start: (days, points, assets), growth of each day at s = 0.
        slope: (days, points), change of a day's return with s for an asset with a loading of one.
        loading: (assets,), loading of each asset on the portfolio's direction.
        uniform: (points,), numbers that choose a place on either side of the root.
        ratio: (points,), likelihood ratio of importance sampling.
    """

    weights: Array
    start: Array
    slope: Array
    loading: Array
    uniform: Array
    ratio: Array

    def parts(self, s: Array) -> tuple[Array, Array]:
        """(points, assets) twice: each asset's part of the loss, and its derivative by s."""
        growth, change = np.ones(self.start.shape[1:]), np.zeros(self.start.shape[1:])
        for start, slope in zip(self.start, self.slope, strict=True):
            step = slope[:, np.newaxis] * self.loading
            day = start + step * s[:, np.newaxis]
            alive = day > 0
            day = np.where(alive, day, 0.0)
            change = change * day + growth * np.where(alive, step, 0.0)
            growth *= day
        return (1 - growth) * self.weights, -change * self.weights

    def root(self, loss: float) -> Array:
        """(points,), the s of a loss, by Newton's method in a bracket that bisection keeps."""
        sigma = np.linalg.norm(self.slope, axis=0) * (self.loading @ self.weights)
        s = np.clip(-loss / sigma, -_FARTHEST, _FARTHEST)
        low, high = np.full(s.size, -_FARTHEST), np.full(s.size, _FARTHEST)
        for _ in range(_ROOT_STEPS):
            parts, change = self.parts(s)
            miss, slope = parts.sum(axis=1) - loss, change.sum(axis=1)
            low, high = np.where(miss > 0, s, low), np.where(miss > 0, high, s)
            proposed = s - miss / np.where(slope < 0, slope, -_EDGE)
            following = np.where((proposed >= low) & (proposed <= high), proposed, (low + high) / 2)
            moved, s = float(np.max(np.abs(following - s))), following
            if moved < _ROOT_STEP:
                break
        found: Array = s
        return found


def preintegrated_tails(simulation: Simulation, levels: tuple[float, ...], executor: Executor = INLINE) -> list[Tail]:
    """The tails of every horizon at every level, with errors from the spread between independent scrambles.

    An interval takes quantiles of Student's t with one degree less than there are scrambles, at least 15.

    Args:
        simulation: Terms; its sampling is "sobol", and its source normal or Student's t.
        levels: Confidences, from 0.95.
        executor: Runs the scrambles.

    Raises:
        RiskError: If the source is another, the portfolio has no volatility, a level is out of range, or a path takes
            more numbers than a Sobol sequence has.
    """
    source = _checked(simulation, levels)
    means = _evaluator(simulation, executor)
    guess = np.asarray(ndtri(levels))
    if isinstance(source, StudentT):
        guess = stdtrit(source.degrees, levels) * math.sqrt((source.degrees - 2) / source.degrees)
    sigma = math.sqrt(float(simulation.weights @ source.covariance @ simulation.weights))
    losses = sigma * np.sqrt(np.array(simulation.horizons))[:, np.newaxis] * guess
    wanted = 1 - np.array(levels)
    for _ in range(_LEVEL_STEPS):
        found = means(losses)
        beyond, density = found.beyond.mean(axis=0), found.density.mean(axis=0)
        if not (np.all(density > 0) and np.all(beyond > 0)):
            raise RiskError(f"{simulation.total} paths", "say nothing about the tail", "simulate more, or plain paths")
        # Newton's method for the logarithm, which is nearly a line in the tail.
        step = beyond / density * np.log(beyond / wanted)
        if np.all(np.abs(step) <= _LEVEL_STEP * np.abs(losses)):
            return _tails(simulation, levels, losses, found)
        losses = np.clip(losses + step, losses / 2, 2 * losses)
    raise RiskError("value at risk", f"not found in {_LEVEL_STEPS} steps", "use plain sampling")


def scrambles(simulation: Simulation) -> int:
    """Number of independent scrambles of a simulation."""
    return simulation.total >> _bits(simulation)


def _bits(simulation: Simulation) -> int:
    return min(MOST_BITS, simulation.block.bit_length() - 1)


def _together(simulation: Simulation) -> int:
    """Number of scrambles that are computed together."""
    return 1 << (MOST_BITS - _bits(simulation))


def _checked(simulation: Simulation, levels: tuple[float, ...]) -> Gaussian | StudentT:
    check_levels(levels, MOST_PATHS)
    source = simulation.source
    if not isinstance(source, Gaussian | StudentT):
        raise RiskError("controlled sampling", "this source has no normal days", "use gaussian or student, or plain")
    numbers = simulation.horizons[-1] * (source.assets + 1) + 1
    if simulation.sampling != "sobol" or numbers > qmc.Sobol.MAXDIM:
        terms = f"{numbers} numbers a path, sampling {simulation.sampling}"
        raise RiskError(terms, f"not a Sobol sequence of up to {qmc.Sobol.MAXDIM}", "use plain sampling")
    if not float(simulation.weights @ source.covariance @ simulation.weights) > 0:
        raise RiskError("the portfolio", "has no volatility to integrate along", "use plain sampling")
    return source


def _evaluator(simulation: Simulation, executor: Executor) -> Callable[[Array], Means]:
    """The function from losses to means; few points are drawn once, and many anew for each call."""
    groups = -(-scrambles(simulation) // _together(simulation))
    if groups > 1:
        return lambda losses: _joined(list(executor.map(partial(means_of, simulation, losses), range(groups))))
    with one_thread():
        drawn = _drawn(simulation, 0)
    return lambda losses: _means(drawn, scrambles(simulation), losses)


def means_of(simulation: Simulation, losses: Array, group: int) -> Means:
    """Means over each of the scrambles of a group.

    Args:
        simulation: Terms.
        losses: (horizons, levels), the x of each.
        group: Index.
    """
    return _means(_drawn(simulation, group), len(_members(simulation, group)), losses)


def _members(simulation: Simulation, group: int) -> range:
    together = _together(simulation)
    return range(group * together, min((group + 1) * together, scrambles(simulation)))


def _drawn(simulation: Simulation, group: int) -> list[Lines]:
    """The points of every horizon, scramble after scramble."""
    uniform = np.concatenate([_uniform(simulation, scramble) for scramble in _members(simulation, group)])
    return [lines_of(simulation, uniform, days) for days in simulation.horizons]


def _means(drawn: list[Lines], count: int, losses: Array) -> Means:
    shape, assets = (count, *losses.shape), drawn[0].weights.size
    beyond, density = np.empty(shape), np.empty(shape)
    at, above = np.empty((*shape, assets)), np.empty((*shape, assets))
    for row, lines in enumerate(drawn):
        for column, loss in enumerate(losses[row]):
            found = conditional(lines, float(loss), count)
            beyond[:, row, column], density[:, row, column], at[:, row, column], above[:, row, column] = found
    return Means(beyond, density, at, above)


def _joined(groups: list[Means]) -> Means:
    """The groups' scrambles one after another."""
    names = ("beyond", "density", "at", "above")
    return Means(*(np.concatenate([getattr(one, name) for one in groups]) for name in names))


def _uniform(simulation: Simulation, scramble: int) -> Array:
    """(points, numbers): a mixing variable a day, the choice of places, the direction's days, and all others."""
    seeds = np.random.SeedSequence(simulation.seed, spawn_key=(scramble,))
    generator = np.random.Generator(np.random.PCG64(seeds))
    numbers = simulation.horizons[-1] * (simulation.weights.size + 1) + 1
    return np.clip(scrambled_sobol(numbers, _bits(simulation), generator), _EDGE, 1 - _EDGE)


def lines_of(simulation: Simulation, uniform: Array, days: int) -> Lines:
    """The points of one horizon.

    Args:
        simulation: Terms.
        uniform: (points, numbers), uniform numbers.
        days: Horizon.
    """
    source, last, points = simulation.source, simulation.horizons[-1], uniform.shape[0]
    turned = aligned(source, simulation.weights)
    assert isinstance(turned, Gaussian | StudentT)
    root, mixing, ratio = turned.root, np.ones((points, days)), np.ones(points)
    if isinstance(turned, StudentT):
        mixing, ratio = _mixing(uniform[:, :days], turned.degrees)
    along = ndtri(uniform[:, last + 1 : last + 1 + days])
    others = ndtri(uniform[:, 2 * last + 1 :]).reshape(points, last, -1)
    direction = mixing / np.linalg.norm(mixing, axis=1, keepdims=True)
    # The days' remainder is orthogonal to the direction in which they add up.
    along -= np.sum(along * direction, axis=1, keepdims=True) * direction
    start = np.empty((days, points, root.shape[0]))
    for day in range(days):
        normal = along[:, [day]] * root[:, 0] + others[:, day] @ root[:, 1:].T
        start[day] = 1 + mixing[:, [day]] * normal
    return Lines(simulation.weights, start, (mixing * direction).T, root[:, 0], uniform[:, last], ratio)


def _mixing(uniform: Array, degrees: float) -> tuple[Array, Array]:
    """(points, days) scales whose first comes from the smallest chi-squared number, and the likelihood ratios."""
    days = uniform.shape[1]
    smallest = -np.expm1(np.log1p(-(uniform[:, :1] ** _POWER)) / days)
    probability = np.concatenate([smallest, smallest + (1 - smallest) * uniform[:, 1:]], axis=1)
    probability = np.clip(probability, np.finfo(np.float64).tiny, 1 - _EDGE)
    chi_squared = 2 * gammaincinv(degrees / 2, probability)
    return np.sqrt((degrees - 2) / chi_squared), _POWER * uniform[:, 0] ** (_POWER - 1)


def conditional(lines: Lines, loss: float, count: int) -> tuple[Array, Array, Array, Array]:
    """Means over the points of each scramble of what follows from a loss x once s is integrated out.

    Args:
        lines: Points, scramble after scramble.
        loss: The x.
        count: Number of scrambles.

    Returns:
        Probability beyond x (scrambles,), density at x (scrambles,), density times the assets' parts (scrambles,
        assets), and the parts beyond x (scrambles, assets).
    """
    s = lines.root(loss)
    below, bell = ndtr(s), np.exp(-(s**2) / 2) / math.sqrt(2 * math.pi)
    parts, change = lines.parts(s)
    falls = -change.sum(axis=1)
    density = np.where(falls > 0, bell / np.where(falls > 0, falls, 1.0), 0.0)
    low = np.clip(ndtri(below * lines.uniform), -_FARTHEST - 1, s)
    high = np.clip(ndtri(below + (1 - below) * lines.uniform), s, _FARTHEST + 1)
    low_parts, high_parts = lines.parts(low)[0], lines.parts(high)[0]
    rounding = 1e-11 * abs(loss)
    low_in, high_in = low_parts.sum(axis=1) > loss - rounding, high_parts.sum(axis=1) > loss + rounding
    beyond = below * low_in + (1 - below) * high_in
    tangent = below[:, np.newaxis] * parts - (bell + s * below)[:, np.newaxis] * change
    missed = low_in[:, np.newaxis] * low_parts - parts - (low - s)[:, np.newaxis] * change
    above = tangent + below[:, np.newaxis] * missed + ((1 - below) * high_in)[:, np.newaxis] * high_parts
    weight = lines.ratio * (count / s.size)
    dense = weight * density
    found = (weight * beyond, dense, dense[:, np.newaxis] * parts, weight[:, np.newaxis] * above)
    summed = (values.reshape(count, -1, *values.shape[1:]).sum(axis=1) for values in found)
    return tuple(summed)


def _tails(simulation: Simulation, levels: tuple[float, ...], losses: Array, found: Means) -> list[Tail]:
    return [
        _tail(
            (simulation.horizons[row], level, float(losses[row, column])),
            simulation.weights,
            *(array[:, row, column] for array in (found.beyond, found.density, found.at, found.above)),
        )
        for row in range(len(simulation.horizons))
        for column, level in enumerate(levels)
    ]


def _tail(
    terms: tuple[int, float, float], weights: Array, beyond: Array, density: Array, at: Array, above: Array
) -> Tail:
    """One tail from (scrambles,) and (scrambles, assets) means; errors are of first order.

    Shortfall is x + E(loss - x)+ / (1 - level), whose derivative by x is zero at value at risk (Rockafellar and Uryasev
    2000, "Optimization of conditional value-at-risk", J. of Risk 2(3)); an asset's part of it moves with x by its part
    of value at risk.
    """
    horizon, level, loss = terms
    tail, height = 1 - level, float(density.mean())
    excess = above.sum(axis=1) - loss * beyond
    var_parts = at.mean(axis=0) / height
    parts_error = _error(at - var_parts * density[:, np.newaxis]) / height
    shortfall = loss + float(excess.mean()) / tail
    es_parts = (above.mean(axis=0) - var_parts * (float(beyond.mean()) - tail)) / tail
    es_error = _error(above - var_parts * beyond[:, np.newaxis]) / tail
    return Tail(
        horizon,
        level,
        loss,
        shortfall,
        float(_error(beyond)) / height,
        float(_error(excess)) / tail,
        _parts(var_parts, weights, parts_error),
        _parts(es_parts, weights, es_error),
    )


def _error(values: Array) -> Array:
    """Standard error of the mean over scrambles, the first axis."""
    found: Array = values.std(axis=0, ddof=1) / math.sqrt(values.shape[0])
    return found


def _parts(component: Array, weights: Array, error: Array) -> Parts:
    marginal = np.where(weights != 0, component / np.where(weights != 0, weights, 1.0), np.nan)
    return Parts(component, marginal, error)
