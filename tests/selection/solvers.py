"""Ways to choose assets: a greedy choice, swaps, a genetic algorithm with swaps, annealing, tabu search, and SCIP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from dimod import BinaryQuadraticModel, SampleSet
from dwave.samplers import SimulatedAnnealingSampler, TabuSampler
from pyscipopt import Model, quicksum

from tests.selection.problem import Chosen, Problem

SCIP_SECONDS = 60
_POPULATION, _CHILDREN = 20, 60
_READS, _SWEEPS = 40, 1_000
_TABU_READS, _TABU_MS = 4, 500
_PENALTIES = (1.0, 0.3, 0.1)
"""Parts of the sufficient penalty that are tried."""
_BETTER = 1e-12


@dataclass(frozen=True, eq=False)
class Choice:
    """Outcome of a method.

    Attributes:
        chosen: (n,), the assets; None where it found none of the right size.
        bound: Proven lower bound of the objective; None where it proves nothing.
    """

    chosen: Chosen | None
    bound: float | None = None


def greedy(problem: Problem, seed: int = 0) -> Choice:
    """Adds the asset that adds least, k times."""
    chosen = np.zeros(len(problem.covariance), dtype=bool)
    added = np.diag(problem.covariance).copy()
    for _ in range(problem.size):
        best = int(np.argmin(np.where(chosen, np.inf, added)))
        chosen[best] = True
        added += 2 * problem.covariance[best]
    return Choice(chosen)


def descend(problem: Problem, chosen: Chosen) -> Chosen:
    """Swaps the pair of assets that lowers the objective most, until none does."""
    covariance, variances = problem.covariance, np.diag(problem.covariance)
    chosen = chosen.copy()
    while True:
        shared = covariance @ chosen
        inside, outside = np.flatnonzero(chosen), np.flatnonzero(~chosen)
        leaving = variances[inside] - 2 * shared[inside]
        coming = variances[outside] + 2 * shared[outside]
        change = leaving[:, np.newaxis] + coming - 2 * covariance[np.ix_(inside, outside)]
        if not change.size or change.min() >= -_BETTER:
            return chosen
        out, into = np.unravel_index(int(change.argmin()), change.shape)
        chosen[inside[out]], chosen[outside[into]] = False, True


def swaps(problem: Problem, seed: int = 0) -> Choice:
    """The greedy choice, improved by swaps."""
    start = greedy(problem).chosen
    assert start is not None
    return Choice(descend(problem, start))


def genetic(problem: Problem, seed: int) -> Choice:
    """A population of choices at which no swap helps; children keep what their parents share and are swapped again.

    Source: Moscato (1989), "On evolution, search, optimization, genetic algorithms and martial arts", Caltech C3P 826:
    a memetic algorithm.
    """
    random, assets = np.random.default_rng(seed), len(problem.covariance)
    population = [descend(problem, _drawn(random, np.zeros(assets, bool), problem.size)) for _ in range(_POPULATION)]
    scores = [problem.objective(one) for one in population]
    for _ in range(_CHILDREN):
        first, second = random.choice(_POPULATION, 2, replace=False)
        shared = population[first] & population[second]
        child = descend(problem, _drawn(random, shared, problem.size, population[first] | population[second]))
        score, worst = problem.objective(child), int(np.argmax(scores))
        if score < scores[worst] and all(np.any(child != one) for one in population):
            population[worst], scores[worst] = child, score
    return Choice(population[int(np.argmin(scores))])


def annealing(problem: Problem, seed: int) -> Choice:
    """Simulated annealing of the QUBO, `dwave-samplers`."""
    sampler = SimulatedAnnealingSampler()
    return _best(problem, lambda model: sampler.sample(model, num_reads=_READS, num_sweeps=_SWEEPS, seed=seed))


def tabu(problem: Problem, seed: int) -> Choice:
    """Tabu search of the QUBO, `dwave-samplers`: a few starts of half a second each."""
    sampler = TabuSampler()
    return _best(problem, lambda model: sampler.sample(model, num_reads=_TABU_READS, timeout=_TABU_MS, seed=seed))


def exact(problem: Problem, seed: int = 0) -> Choice:
    """The mixed-integer problem by SCIP, with a time limit: its best choice, and the bound that it proved."""
    assets, covariance = len(problem.covariance), problem.covariance
    model = Model()
    model.hideOutput()
    model.setParam("limits/time", SCIP_SECONDS)
    chosen = [model.addVar(vtype="B") for _ in range(assets)]
    value = model.addVar(lb=0.0)
    pairs = quicksum(
        float(covariance[i, j] * (1 if i == j else 2)) * chosen[i] * chosen[j]
        for i in range(assets)
        for j in range(i, assets)
    )
    model.addCons(quicksum(chosen) == problem.size)
    model.addCons(pairs <= value)
    model.setObjective(value)
    model.optimize()
    found = np.array([model.getVal(one) > 0.5 for one in chosen]) if model.getNSols() else None
    return Choice(found, model.getDualbound())


METHODS: Mapping[str, Callable[[Problem, int], Choice]] = {
    "greedy": greedy,
    "swaps": swaps,
    "genetic with swaps": genetic,
    "QUBO, annealing": annealing,
    "QUBO, tabu": tabu,
    "SCIP": exact,
}


def _drawn(random: np.random.Generator, kept: Chosen, size: int, preferred: Chosen | None = None) -> Chosen:
    """A choice that has `kept`, then some of `preferred`, then anything, at random."""
    order = random.random(kept.size) + 2.0 * kept
    if preferred is not None:
        order += preferred
    chosen = np.zeros(kept.size, dtype=bool)
    chosen[np.argsort(-order)[:size]] = True
    return chosen


def _best(problem: Problem, sample: Callable[[BinaryQuadraticModel], SampleSet]) -> Choice:
    """The best sample of the right size over several penalties: less than the sufficient one often does better."""
    right = []
    for part in _PENALTIES:
        samples = sample(BinaryQuadraticModel(problem.qubo(part * problem.penalty), "BINARY")).record.sample
        right += [found.astype(bool) for found in samples if int(found.sum()) == problem.size]
    return Choice(min(right, key=problem.objective, default=None))
