"""One protocol for all that proposes: momentum, a model of the regime, and the fallback are equals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from keepers.signals.features import Frame
from keepers.signals.momentum import momentum
from keepers.signals.regimes.forecast import RegimeForecast, RegimeModel

Array = NDArray[np.float64]

NO_INPUTS = bytes(32)
"""Hash of the inputs of a signal that has none."""


@dataclass(frozen=True, eq=False)
class Observed:
    """Inputs of a signal: closes that end with the last one known.

    Attributes:
        dates: Days.
        closes: (days, assets), of the portfolio's risky assets.
        market: (days,), of the market; None where the signal reads none.
    """

    dates: tuple[date, ...]
    closes: Array
    market: Array | None = None


@dataclass(frozen=True, eq=False)
class Advice:
    """Proposal of a signal.

    Attributes:
        model: Name under which the signal's model is registered.
        strategy: Strategy to hold; None for the portfolio's own.
        views: (assets,), expected daily returns beyond the strategy's, fractions; None for none.
        confidence: Probability that the signal gives what it acts on, 0 to 1; 1 for a rule that does not doubt.
        inputs_hash: keccak256 of the numbers that it was made of and of the weights, 32 bytes.
        reason: A few words for the record; empty where there is nothing to say.
        weights: (assets,), weights to hold in place of a strategy's, at least 0, summing to 1; None for a strategy's.
    """

    model: str
    strategy: str | None
    views: Array | None
    confidence: float
    inputs_hash: bytes
    reason: str
    weights: Array | None = None


class Signal(Protocol):
    """Anything that advises."""

    @property
    def model(self) -> str:
        """Name under which its model is registered."""
        ...

    def advise(self, observed: Observed) -> Advice:
        """Advice at the last close.

        Raises:
            SignalError: If the closes do not suffice, or the model cannot decide: then nothing is advised.
        """
        ...


@dataclass(frozen=True)
class Fallback:
    """The portfolio's own strategy, which needs no forecast.

    Attributes:
        model: Name under which it is registered.
    """

    model: str

    def advise(self, observed: Observed | None = None) -> Advice:
        """Advice that holds the strategy."""
        return Advice(self.model, None, None, 1.0, NO_INPUTS, "")


@dataclass(frozen=True)
class MomentumSignal:
    """Views by momentum.

    Attributes:
        model: Name under which it is registered.
        scale, lookback_days, skip_days: Parameters of `momentum`.
    """

    model: str
    scale: float
    lookback_days: int
    skip_days: int

    def advise(self, observed: Observed) -> Advice:
        """Advice at the last close.

        Raises:
            SignalError: If `momentum` raises it.
        """
        views = momentum(observed.closes, self.scale, lookback_days=self.lookback_days, skip_days=self.skip_days)
        used = observed.closes[[-1 - self.lookback_days, -1 - self.skip_days]]
        inputs = keccak(f"momentum;{self.scale};{self.lookback_days};{self.skip_days};".encode() + _bytes(used))
        return Advice(self.model, None, views, 1.0, inputs, "")


@dataclass(frozen=True, eq=False)
class RegimeSignal:
    """A strategy for each regime.

    Attributes:
        model: Name under which the regime's model is registered.
        regimes: Model of the regime.
        calm, turbulent: Strategy to hold in each.
    """

    model: str
    regimes: RegimeModel
    calm: str
    turbulent: str

    def advise(self, observed: Observed) -> Advice:
        """Advice at the last close.

        Raises:
            SignalError: If the model's `forecast` raises it.
        """
        daily = {"closes": observed.closes, **({} if observed.market is None else {"close": observed.market})}
        found = self.regimes.forecast(Frame(observed.dates, daily))
        strategy = self.turbulent if found.turbulent else self.calm
        regime = "turbulent" if found.turbulent else "calm"
        inputs = regime_inputs_hash(self.regimes.weights_hash, found)
        reason = f"{regime} by {found.confidence:.0%}, {strategy}, inputs 0x{inputs.hex()}"
        return Advice(self.model, strategy, None, found.confidence, inputs, reason)


def regime_inputs_hash(weights_hash: bytes, found: RegimeForecast) -> bytes:
    """keccak256 of a model's hash, the numbers that it read, and its probability: what an auditor computes again.

    Args:
        weights_hash: 32 bytes.
        found: The forecast; its numbers count as big-endian doubles.
    """
    return keccak(weights_hash + _bytes(found.inputs) + _bytes(np.array([found.probability])))


def _bytes(values: Array) -> bytes:
    return np.ascontiguousarray(values, dtype=">f8").tobytes()
