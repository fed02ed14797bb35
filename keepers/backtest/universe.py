"""The risk models that the risk bot posts over a history, one a close: CovarianceModels. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from keepers.backtest.arithmetic import BPS, WAD
from keepers.backtest.risk import PostedModel
from keepers.portfolio.state import ModelInfo, StepBounds
from keepers.risk.errors import RiskError
from keepers.risk.next_model import LastModel, ModelTerms, WantedTails, next_model

Array = NDArray[np.float64]

_MOVE_PARTS = 10
"""CovarianceModels: part of the product of two moves by which a covariance may rise unseen."""


def entry_bounds(
    entries: Sequence[int], before: Sequence[int], prices: Sequence[int], steps: StepBounds
) -> tuple[list[int], list[int]]:
    """Minimum and maximum of each entry of the next model: CovarianceModels._entryBounds.

    Args:
        entries: Upper triangle of the model that stands, 1e18 = 1.
        before: WAD USD a whole token when that model was posted.
        prices: WAD USD a whole token now.
        steps: Bounds of one step.
    """
    size = len(prices)
    moves = [min(abs(now - was) * WAD // was, WAD) for was, now in zip(before, prices, strict=True)]
    sigmas, index = [], 0
    for row in range(size):
        sigmas.append(isqrt(entries[index] * WAD))
        index += size - row
    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    units = [sigmas[i] * sigmas[j] for i, j in pairs]
    seen = [moves[i] * moves[j] // (WAD * _MOVE_PARTS) for i, j in pairs]
    fall, rise, whole = steps.max_fall_bps, steps.max_unseen_rise_bps, WAD * BPS
    least = [entry - unit * fall // whole for entry, unit in zip(entries, units, strict=True)]
    most = [entry + unit * rise // whole + more for entry, unit, more in zip(entries, units, seen, strict=True)]
    return least, most


class Universe:
    """CovarianceModels' universe, and the risk bot that posts to it.

    Args:
        terms: How models are estimated.
        steps: Bounds of one step.
        lifetime: Seconds for which a model counts.
        seed: Seed of the simulated tails.
        tails_every: Models from one fit of the tails to the next.

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
        self._wanted: WantedTails | None = None
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
            wanted = self._wanted if self._since_fit < self._every else None
            candidate = next_model(returns, self._terms, self._seed, self._last(prices), wanted)
        except RiskError as error:
            self.reason = str(error)
            return last
        self._since_fit = 1 if wanted is None else self._since_fit + 1
        self._wanted = candidate.wanted
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
        info = self.model.info
        bounds = entry_bounds(self.model.entries, self._prices, prices, self._steps)
        tails = info.z95, info.z99, info.es975
        return LastModel(self.model.entries, tails, bounds, self._steps.max_fall_bps, self._steps.max_unseen_rise_bps)
