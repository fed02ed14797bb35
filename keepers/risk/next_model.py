"""The next risk model of a universe from its returns, one step from the model that stands. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.bot_model import BotModel
from keepers.risk.distributions import Student
from keepers.risk.fixed_point import SCALE, to_fixed_point
from keepers.risk.metrics import NORMAL_TAILS
from keepers.risk.model_terms import ModelTerms
from keepers.risk.monte_carlo import TAIL_PATHS, tail_multipliers
from keepers.risk.step_bounds import bounded_step, bounded_tails

Array = NDArray[np.float64]
Tails = tuple[int, int, int]


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


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters of a model and the tail multipliers that follow from them, before the chain's bounds.

    Attributes:
        model: Model with its parameters.
        multipliers: Quantiles at 95% and 99% and mean loss beyond 97.5%, sigmas.
        note: The model that was used or its fallback, and how the tails came about.
    """

    model: BotModel
    multipliers: tuple[float, float, float]
    note: str


@dataclass(frozen=True)
class NextModel:
    """A model that the chain takes.

    Attributes:
        entries: Upper triangle by rows, 1e18 = 1.
        tails: Quantiles at 95% and 99% and mean loss beyond 97.5%, sigmas in WAD.
        fit: Parameters as they were estimated.
        reason: How it came about, in a few words.
    """

    entries: tuple[int, ...]
    tails: Tails
    fit: Fit
    reason: str


def next_model(
    returns: Array, terms: ModelTerms, seed: int, last: LastModel | None, fit: Fit | None = None
) -> NextModel:
    """The estimate from the last returns, or one step towards it from the model that stands.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        terms: How it is estimated.
        seed: Seed of the simulated tails.
        last: The model that stands; None before the first.
        fit: Parameters that were estimated before; estimated now where none are given.

    Raises:
        RiskError: If there is too little history, or a return is not finite.
    """
    fit = fit or fit_model(returns, terms, seed)
    found = fit.model.forecast(returns)
    if last is None:
        entries, held = to_fixed_point(found.covariance), False
    else:
        entries, held = bounded_step(found.covariance, last.entries, last.bounds)
    falls = (last.max_fall_bps, last.max_unseen_rise_bps) if last is not None else (0, 0)
    tails, tails_held = bounded_tails(fit.multipliers, last.tails if last is not None else None, *falls)
    reason = fit.note + (f", {found.note}" if found.note else "")
    reason += ", tails held back by the last model's" if tails_held else ""
    return NextModel(tuple(entries), tails, fit, reason + (", held back by the step bounds" if held else ""))


def fit_model(returns: Array, terms: ModelTerms, seed: int) -> Fit:
    """Parameters from the last returns, and tails of simulated days of the fitted Student t, or the normal's.

    Args:
        returns: (days, assets), simple daily returns, oldest first.
        terms: How the model is estimated.
        seed: Seed of the simulation.

    Raises:
        RiskError: If there is too little history, a return is not finite, or nothing moves.
    """
    model = BotModel.fit(returns, terms)
    found = model.forecast(returns)
    if terms.tails == "normal" or not isinstance(found.tail, Student):
        z95, z99, es975 = NORMAL_TAILS
        return Fit(model, (z95 / SCALE, z99 / SCALE, es975 / SCALE), model.note)
    degrees = found.tail.degrees
    multipliers = tail_multipliers(found.covariance, degrees, TAIL_PATHS, seed)
    return Fit(model, multipliers, f"{model.note}, t of {degrees:g} degrees")
