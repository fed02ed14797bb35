"""The table that proves controlled sampling's errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
from scipy.stats import norm, t

from keepers import __version__
from keepers.operations.risk_simulation import generated_book
from keepers.risk.distributions import Normal, Student
from keepers.risk.simulation.engine import Simulation
from keepers.risk.simulation.preintegration import preintegrated_tails, scrambles
from keepers.risk.simulation.proof import Proved, Truth, acceptable, closed_truth, compounded_truth, prove
from keepers.risk.simulation.sources import Gaussian, Source, StudentT

PART = "simulation-table"
"""Name of the generated part of docs/risk-models.md."""
LEVEL = 0.99
PATHS = 1024
LONG = (5, 10)
"""Horizons at which days compound."""
REPLICATIONS = 4000
"""Seeds of each case: coverage of 95% is then known to 0.34 points, so that one point is three standard errors."""
REFERENCE_PATHS = 65_536
_DEVIATION, _DEGREES = 0.01, 5.0


@dataclass(frozen=True, eq=False)
class Case:
    """A model whose truth is known.

    Attributes:
        name: Model and book.
        known: How the truth is known.
        simulation: Terms with one horizon.
        find: Finds the truth, which may take a long run.
    """

    name: str
    known: str
    simulation: Simulation
    find: Callable[[], Truth] = field(repr=False)

    @cached_property
    def truth(self) -> Truth:
        """Numbers of the 99% level, found once."""
        return self.find()


@dataclass(frozen=True, eq=False)
class Row:
    """A case and the fate of its value at risk and shortfall."""

    case: Case
    var: Proved
    shortfall: Proved


def cases(paths: int = PATHS) -> list[Case]:
    """Every model at every horizon; truths are found when they are asked for."""
    found = []
    for kind, day in (("normal", Normal()), ("student", Student(_DEGREES))):
        source = generated_book(20, "gaussian" if kind == "normal" else kind).source
        simulation = Simulation(source, np.full(20, 0.05), paths, 1, (1,), "sobol")
        sigma = math.sqrt(float(simulation.weights @ _covariance(source) @ simulation.weights))
        found.append(Case(f"{kind}, 20 assets", "closed form", simulation, partial(closed_truth, day, sigma, LEVEL)))
    covariance = np.array([[_DEVIATION**2]])
    for kind, one, density in (
        ("normal", Gaussian(covariance), norm.pdf),
        ("student", StudentT(covariance, _DEGREES), _student),
    ):
        for days in LONG:
            simulation = Simulation(one, np.ones(1), paths, 1, (days,), "sobol")
            find = partial(compounded_truth, density, _DEVIATION, days, LEVEL)
            found.append(Case(f"{kind}, one asset", "Fourier inversion", simulation, find))
    return [*found, *(_reference(paths, days) for days in LONG)]


def _covariance(source: Source) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    assert isinstance(source, Gaussian | StudentT)
    return source.covariance


def _student(
    value: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    scale = math.sqrt((_DEGREES - 2) / _DEGREES)
    return np.asarray(t.pdf(value / scale, _DEGREES) / scale, dtype=np.float64)


def _reference(paths: int, days: int) -> Case:
    """Assets that compound have no closed form; a run with many more paths stands for the truth."""
    simulation = Simulation(generated_book(5, "student").source, np.full(5, 0.2), paths, 1, (days,), "sobol")
    large = replace(simulation, paths=REFERENCE_PATHS, seed=2**40)

    def found() -> Truth:
        (tail,) = preintegrated_tails(large, (LEVEL,))
        return Truth(tail.var, tail.shortfall)

    return Case("student, 5 assets", f"{REFERENCE_PATHS:,} paths", simulation, found)


def proved(
    chosen: Sequence[Case], replications: int = REPLICATIONS, progress: Callable[[int], None] = lambda _: None
) -> list[Row]:
    """Rows of cases.

    Args:
        chosen: Cases.
        replications: Number of seeds.
        progress: Called with 1 after every replication.
    """
    return [Row(case, *prove(case.simulation, case.truth, LEVEL, range(replications), progress)) for case in chosen]


def markdown(rows: Sequence[Row], replications: int = REPLICATIONS) -> str:
    """The generated part of the page."""
    numbers = [number for row in rows for number in (row.var, row.shortfall)]
    inside = sum(number.exact or abs(number.covered - 0.95) <= 0.01 for number in numbers)
    least = min(number.plain for number in numbers)
    first = rows[0].case.simulation
    count = scrambles(first)
    told = [
        f"99% value at risk and shortfall by `--sampling controlled`, {first.total:,} paths in {count} scrambles, "
        f"{replications:,} seeds each; intervals are the number plus and minus its error times the quantile of "
        f"Student's t with {count - 1} degrees. `make simulation-table`, quantera {__version__}.",
        "",
        "| model | days | truth by | VaR covered | ES covered | VaR error | ES error | plain paths for VaR | for ES |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        cells = [_covered(row.var), _covered(row.shortfall), _error(row.var), _error(row.shortfall)]
        ratios = [_ratio(row.var), _ratio(row.shortfall)]
        name, days = row.case.name, row.case.simulation.horizons[0]
        told.append(f"| {name} | {days} | {row.case.known} | {' | '.join([*cells, *ratios])} |")
    beyond = sum(not acceptable(number, replications) for number in numbers)
    told += [
        "",
        f"{inside} of {len(numbers)} coverages are within one point of 95%, and {beyond} lie farther off than so many "
        f"seeds can explain. Plain sampling needs at least {least:,.0f} times the paths. Errors are standard "
        "deviations over the truth; `exact` means that no seed differs from the truth by more than rounding.",
    ]
    return "\n".join(told)


def _covered(number: Proved) -> str:
    return "exact" if number.exact else f"{number.covered:.1%} ± {number.binomial:.1%}"


def _error(number: Proved) -> str:
    return "0" if number.exact else f"{number.relative_error:.1e}"


def _ratio(number: Proved) -> str:
    return "any" if number.exact else f"{number.plain:,.0f}x"
