"""The gain that an optional set of features adds to a model: the same walk forward without it and with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from keepers.signals.errors import SignalError
from keepers.signals.features import Feature, Frame
from keepers.signals.regimes.bootstrap import interval, resampled_means
from keepers.signals.regimes.evaluation import Estimate, Protocol, evaluate
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.learners import LEARNERS, Learner

ABLATED = tuple(learner for learner in LEARNERS if learner.reads == "wide" and learner.least_accuracy == 0)
"""The models that read features and need no torch, the one that decides first (docs/decisions/0218)."""


@dataclass(frozen=True)
class Effect:
    """The effect of a set of features on one model.

    Attributes:
        model: Name.
        without, with_set: Brier scores.
        gain: Brier score without the set less that with it, and its 95% interval.
    """

    model: str
    without: float
    with_set: float
    gain: Estimate

    @property
    def helps(self) -> bool:
        """True if the set improves the score by more than the interval."""
        return self.gain.low > 0


@dataclass(frozen=True)
class Ablation:
    """Outcome of an ablation.

    Attributes:
        features: Names of the set.
        base: Number of the features that both have.
        days: Test days.
        first, last: First and last of them.
        effects: What the set did to each model; the first one decides.
    """

    features: tuple[str, ...]
    base: int
    days: int
    first: date
    last: date
    effects: tuple[Effect, ...]

    @property
    def used(self) -> bool:
        """True if the set stays on."""
        return self.effects[0].helps


def ablate(
    frame: Frame,
    base: Sequence[Feature],
    added: Sequence[Feature],
    protocol: Protocol,
    progress: Callable[[str], None] = lambda _: None,
    learners: Sequence[Learner] = ABLATED,
) -> Ablation:
    """Fits every model without a set of features and with it, on the same days.

    Args:
        frame: History with closes of the market and all inputs of the features.
        base: Features that both have.
        added: The set.
        protocol: How models are fitted and judged.
        progress: Called with the name of a model before it is fitted.
        learners: Models, the one that decides first.

    Raises:
        SignalError: If there is no feature to add, or `evaluate` raises it.
    """
    if not added:
        raise SignalError("no feature", "nothing to leave out", "name a set")
    whole = Inputs.of(frame, (*base, *added), protocol.label)
    bare = dataclasses.replace(whole, features=whole.features[:, : len(base)], names=whole.names[: len(base)])
    without, with_set = (evaluate(inputs, frame.dates, protocol, progress, learners) for inputs in (bare, whole))
    truth = whole.turbulent[-with_set.days :].astype(np.float64)
    effects = []
    for learner in learners:
        losses = [(found.forecasts[learner.name].probability - truth) ** 2 for found in (without, with_set)]
        gains = (losses[0] - losses[1])[:, np.newaxis]
        low, high = interval(resampled_means(gains, protocol.block, protocol.resamples, protocol.seed))
        gain = Estimate(float(gains.mean()), float(low[0]), float(high[0]))
        effects.append(Effect(learner.name, float(losses[0].mean()), float(losses[1].mean()), gain))
    names = tuple(found.name for found in added)
    return Ablation(names, len(base), with_set.days, with_set.first, with_set.last, tuple(effects))
