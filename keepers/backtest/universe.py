"""The risk models that the risk bot posts over a history, one a close: CovarianceModels. No I/O."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.backtest.arithmetic import WAD
from keepers.backtest.risk import PostedModel
from keepers.portfolio.state import ModelInfo, StepBounds
from keepers.risk.errors import RiskError
from keepers.risk.model_terms import ModelTerms
from keepers.risk.next_model import Fit, LastModel, next_model
from keepers.risk.step_bounds import entry_bounds

Array = NDArray[np.float64]


class Universe:
    """CovarianceModels' universe, and the risk bot that posts to it.

    Args:
        terms: How models are estimated.
        steps: Bounds of one step.
        lifetime: Seconds for which a model counts.
        seed: Seed of the simulated tails.
        tails_every: Models from one fit of the parameters to the next.

    Attributes:
        model: The model that stands; None before the first.
        reason: How the last model came about, or the reason for which there was none.
    """

    def __init__(self, terms: ModelTerms, steps: StepBounds, lifetime: int, seed: int, tails_every: int) -> None:
        self._terms = terms
        self._steps = steps
        self._lifetime = lifetime
        self._seed = seed
        self._every = tails_every
        self._prices: tuple[int, ...] = ()
        self._fit: Fit | None = None
        self._since_fit = 0
        self.model: PostedModel | None = None
        self.reason = ""

    def close(self, returns: Array, prices: tuple[int, ...], closed_at: int, now: int) -> PostedModel | None:
        """Posts the model of a close, if the chain takes one so soon and there is enough history.

        Args:
            returns: (days, assets), simple daily returns up to the close.
            prices: WAD USD a whole token of each asset, at the close.
            closed_at: Unix seconds of the close.
            now: Unix seconds at which the model is posted.

        Returns:
            The model that stands; None before the first.
        """
        last = self.model
        if last is not None and now < last.info.posted_at + self._steps.min_delay:
            return last
        try:
            fit = self._fit if self._since_fit < self._every else None
            candidate = next_model(returns, self._terms, self._seed, self._last(prices), fit)
        except RiskError as error:
            self.reason = str(error)
            return last
        self._since_fit = 1 if fit is None else self._since_fit + 1
        self._fit = candidate.fit
        z95, z99, es975 = candidate.tails
        nonce = 1 if last is None else last.info.nonce + 1
        expiry = closed_at + self._lifetime
        info = ModelInfo("", closed_at, expiry, len(prices), nonce, z95, z99, es975, now)
        self._prices, self.reason = prices, candidate.reason
        self.model = PostedModel(info, candidate.entries)
        return self.model

    def _last(self, prices: tuple[int, ...]) -> LastModel | None:
        if self.model is None:
            return None
        info, fall, rise = self.model.info, self._steps.max_fall_bps, self._steps.max_unseen_rise_bps
        moves = [abs(now - was) * WAD // was for was, now in zip(self._prices, prices, strict=True)]
        bounds = entry_bounds(self.model.entries, moves, fall, rise)
        return LastModel(self.model.entries, (info.z95, info.z99, info.es975), bounds, fall, rise)
