"""The next risk model of a universe from its returns, one step from the model that stands. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from keepers.risk.covariance import Target, estimate
from keepers.risk.fixed_point import SCALE, to_fixed_point
from keepers.risk.metrics import NORMAL_TAILS
from keepers.risk.monte_carlo import TAIL_PATHS, fit_degrees, tail_multipliers
from keepers.risk.step_bounds import bounded_step, bounded_tails

Array = NDArray[np.float64]
Tails = tuple[int, int, int]


@dataclass(frozen=True)
class ModelTerms:
    """How a model is estimated; `keepers.config.Risk` has the meanings."""

    halflife_days: float = 30.0
    min_observations: int = 60
    history_days: int = 1000
    shrinkage: Target = "constant-correlation"
    tails: Literal["student", "normal"] = "student"


@dataclass(frozen=True)
class LastModel:
    """The model that stands, and how far the next one may be from it.

    Attributes:
        entries: Upper triangle by rows, 1e18 = 1.
        tails: Quantiles at 95% and 99% and mean loss beyond 97.5%, sigmas in WAD.
        bounds: Minimum and maximum of each entry, as ICovarianceModels.entryBounds gives them.
        max_fall_bps, max_unseen_rise_bps: ICovarianceModels.StepBounds.
    """

    entries: Sequence[int]
    tails: Tails
    bounds: tuple[Sequence[int], Sequence[int]]
    max_fall_bps: int
    max_unseen_rise_bps: int


@dataclass(frozen=True)
class WantedTails:
    """Tail multipliers as they were estimated, before the chain's bounds.

    Attributes:
        multipliers: Quantiles at 95% and 99% and mean loss beyond 97.5%, sigmas.
        note: How they came about, to append to a reason.
    """

    multipliers: tuple[float, float, float]
    note: str


@dataclass(frozen=True)
class NextModel:
    """A model that the chain takes.

    Attributes:
        entries: Upper triangle by rows, 1e18 = 1.
        tails: Quantiles at 95% and 99% and mean loss beyond 97.5%, sigmas in WAD.
        wanted: Tails as they were estimated.
        reason: How it came about, in a few words.
    """

    entries: tuple[int, ...]
    tails: Tails
    wanted: WantedTails
    reason: str


def next_model(
    returns: Array, terms: ModelTerms, seed: int, last: LastModel | None, wanted: WantedTails | None = None
) -> NextModel:
    """The estimate from the last returns, or one step towards it from the model that stands.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        terms: How it is estimated.
        seed: Seed of the simulated tails.
        last: The model that stands; None before the first.
        wanted: Tails that were estimated before; estimated now where none are given.

    Raises:
        RiskError: If there is too little history, or a return is not finite.
    """
    recent = returns[-terms.history_days :]
    found = estimate(recent, terms.halflife_days, target=terms.shrinkage, min_observations=terms.min_observations)
    if last is None:
        entries, held = to_fixed_point(found.matrix), False
    else:
        entries, held = bounded_step(found.matrix, last.entries, last.bounds)
    wanted = wanted or wanted_tails(recent, found.matrix, terms, seed)
    falls = (last.max_fall_bps, last.max_unseen_rise_bps) if last is not None else (0, 0)
    tails, tails_held = bounded_tails(wanted.multipliers, last.tails if last is not None else None, *falls)
    reason = f"{found.observations} days, shrinkage {found.shrinkage:.3f}{wanted.note}"
    reason += ", tails held back by the last model's" if tails_held else ""
    return NextModel(tuple(entries), tails, wanted, reason + (", held back by the step bounds" if held else ""))


def wanted_tails(recent: Array, matrix: Array, terms: ModelTerms, seed: int) -> WantedTails:
    """Tails of simulated days of a Student t that is fitted to returns; the normal's if the terms say so.

    Args:
        recent: (days, assets), the returns that the covariance is of.
        matrix: (assets, assets), daily covariance.
        terms: How tails are taken.
        seed: Seed of the simulation.

    Raises:
        RiskError: If `fit_degrees` or `tail_multipliers` raises it.
    """
    if terms.tails == "normal":
        z95, z99, es975 = NORMAL_TAILS
        return WantedTails((z95 / SCALE, z99 / SCALE, es975 / SCALE), "")
    degrees = fit_degrees(recent, terms.halflife_days, terms.min_observations)
    return WantedTails(tail_multipliers(matrix, degrees, TAIL_PATHS, seed), f", t of {degrees:g} degrees")
