"""Models as the chain would hold them: each day's forecast is a bounded step from the model of the day before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.risk.distributions import Distribution, Stretched, shortfall_of, value_at_risk_of
from keepers.risk.errors import RiskError
from keepers.risk.fixed_point import SCALE, from_fixed_point, to_fixed_point
from keepers.risk.models.protocol import EllipticalForecast, Forecast, Model
from keepers.risk.step_bounds import (
    USUAL_FALL_BPS,
    USUAL_UNSEEN_RISE_BPS,
    bounded_step,
    bounded_tails,
    entry_bounds,
)

Array = NDArray[np.float64]
Tails = tuple[int, int, int]


@dataclass(frozen=True)
class SteppedModel:
    """A model whose forecasts a chain takes one after another, once a day.

    It is no `Model`, because what it forecasts depends on what stands on chain: `roll` takes it day by day.

    Attributes:
        name: Name in tables.
        model: Model that is stepped towards; its forecasts are elliptical.
        max_fall_bps, max_unseen_rise_bps: ICovarianceModels.StepBounds.
    """

    name: str
    model: Model
    max_fall_bps: int = USUAL_FALL_BPS
    max_unseen_rise_bps: int = USUAL_UNSEEN_RISE_BPS

    def start(self) -> PostedSeries:
        """A chain without a model yet."""
        return PostedSeries(self.max_fall_bps, self.max_unseen_rise_bps)


class PostedSeries:
    """The models that stand on chain, one after another.

    Args:
        max_fall_bps, max_unseen_rise_bps: ICovarianceModels.StepBounds.

    Attributes:
        entries: Upper triangle of the model that stands, 1e18 = 1; empty before the first.
        tails: Its quantiles at 95% and 99% and its mean loss beyond 97.5%, sigmas in WAD; None before the first.
        posted: Number of models.
        held, tails_held: Number of models whose covariance, whose tails the bounds changed.
    """

    def __init__(self, max_fall_bps: int, max_unseen_rise_bps: int) -> None:
        self._bounds = max_fall_bps, max_unseen_rise_bps
        self.entries: list[int] = []
        self.tails: Tails | None = None
        self.posted = self.held = self.tails_held = 0

    def post(self, wanted: Forecast, returns: Array) -> EllipticalForecast:
        """Takes the nearest model to a forecast, and forecasts with it.

        Args:
            wanted: Forecast as it was estimated.
            returns: (assets,), simple returns since the model that stands: the moves that the oracle has seen.

        Raises:
            RiskError: If the forecast is not elliptical, or the chain cannot hold it.
        """
        if not isinstance(wanted, EllipticalForecast):
            raise RiskError("a sample of outcomes", "no covariance and tail", "choose a model with Student tails")
        if self.entries:
            moves = [int(abs(move) * SCALE) for move in returns.tolist()]
            bounds = entry_bounds(self.entries, moves, *self._bounds)
            self.entries, held = bounded_step(wanted.covariance, self.entries, bounds)
            self.held += held
        else:
            self.entries = to_fixed_point(wanted.covariance)
        self.posted += 1
        return EllipticalForecast(from_fixed_point(self.entries), self._tail(wanted.tail))

    @property
    def note(self) -> str:
        """How often the bounds changed a model."""
        return (
            f"the chain's bounds changed {self.held:,} of {self.posted:,} covariances and "
            f"{self.tails_held:,} of {self.posted:,} tails"
        )

    def _tail(self, tail: Distribution) -> Distribution:
        """The wanted tail with the multipliers that the chain holds."""
        wanted = value_at_risk_of(tail, 0.95), value_at_risk_of(tail, 0.99), shortfall_of(tail, 0.975)
        self.tails, held = bounded_tails(wanted, self.tails, *self._bounds)
        self.tails_held += held
        near, far = (posted / SCALE / asked for posted, asked in zip(self.tails[:2], wanted[:2], strict=True))
        # The chain's units are 1e-18: a multiplier that it holds as it was asked for changes nothing.
        if max(abs(near - 1), abs(far - 1)) < 1e-15:
            return tail
        return Stretched(tail, far, near)
