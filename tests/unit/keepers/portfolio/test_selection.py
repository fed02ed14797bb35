"""The study of choosing assets: its QUBO says the same as its problem, and its methods do what they say."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from tests.selection import __main__ as study
from tests.selection import solvers
from tests.selection.problem import Chosen, Problem, generated
from tests.selection.solvers import METHODS, Choice, descend, exact, greedy


def brute(problem: Problem) -> float:
    """The least objective over every set of the right size."""
    assets = range(len(problem.covariance))
    return min(problem.objective(chosen(problem, members)) for members in combinations(assets, problem.size))


def chosen(problem: Problem, members: tuple[int, ...]) -> Chosen:
    found = np.zeros(len(problem.covariance), dtype=bool)
    found[list(members)] = True
    return found


def test_qubo__every_set__its_minimum_is_the_problems() -> None:
    problem = generated(10, 3, 1)
    sets = (np.arange(2**10)[:, np.newaxis] >> np.arange(10) & 1).astype(np.float64)
    energies = np.einsum("si,ij,sj->s", sets, problem.qubo(problem.penalty), sets) + problem.penalty * 9
    right = sets.sum(axis=1) == 3
    assert right[np.argmin(energies)] and energies.min() == pytest.approx(brute(problem))
    variances = [problem.objective(one.astype(bool)) for one in sets[right]]
    np.testing.assert_allclose(energies[right], variances, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["swaps", "genetic with swaps", "QUBO, annealing", "SCIP"])
def test_method__twelve_assets__finds_the_best_set(name: str) -> None:
    problem = generated(12, 4, 2)
    choice = METHODS[name](problem, 1)
    assert choice.chosen is not None and problem.objective(choice.chosen) == pytest.approx(brute(problem))


@pytest.mark.parametrize("name", METHODS)
def test_method__thirty_assets__chooses_as_many_as_it_is_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solvers, "SCIP_SECONDS", 2)
    choice = METHODS[name](generated(30, 6, 2), 1)
    assert choice.chosen is not None and int(choice.chosen.sum()) == 6


def test_exact__twelve_assets__proves_its_answer() -> None:
    problem = generated(12, 4, 3)
    assert exact(problem).bound == pytest.approx(brute(problem), rel=1e-5)


def test_descend__any_choice__ends_where_no_swap_helps() -> None:
    problem = generated(30, 6, 4)
    end = descend(problem, chosen(problem, tuple(range(6))))
    best = problem.objective(end)
    for out in np.flatnonzero(end):
        for into in np.flatnonzero(~end):
            other = end.copy()
            other[out], other[into] = False, True
            assert problem.objective(other) >= best - 1e-9


def test_greedy__first_asset__varies_least() -> None:
    problem = generated(30, 1, 5)
    assert np.flatnonzero(greedy(problem).chosen).tolist() == [int(np.argmin(np.diag(problem.covariance)))]


def test_rows__a_method_without_a_choice__says_so() -> None:
    line = study.Line("mine", (0.0, None, 0.02), (1.0, 2.0, 3.0), None)
    (row,) = study.rows(20, [line])
    assert row == "| 20 | mine | 1.00% | 2.00% (1 without a choice) | 1 of 3 | 2.0 |  |"


def test_compared__small_problems__best_gap_is_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    half = {"greedy": METHODS["greedy"], "swaps": METHODS["swaps"], "none": lambda *_: Choice(None)}
    monkeypatch.setattr(study, "METHODS", half)
    monkeypatch.setattr(study, "problems", lambda _: [generated(15, 3, seed) for seed in (1, 2, 3)])
    lines = {line.method: line for line in study.compared(15)}
    assert min(lines["greedy"].gaps + lines["swaps"].gaps) == 0 and lines["none"].gaps == (None, None, None)
    assert max(lines["swaps"].gaps) <= max(lines["greedy"].gaps)
