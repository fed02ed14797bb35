"""A small network on what the regressions read, and returns: trained with torch, evaluated with numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keepers.signals.extras import imported
from keepers.signals.volatility.history import RangeHistory
from keepers.signals.volatility.models import MONTH, Fitted, Model, components, scale_of

Array = NDArray[np.float64]
Layers = tuple[tuple[Array, Array], ...]
"""Weights (inputs, outputs) and biases (outputs,) of each layer."""

SEEDS = (1, 2, 3, 4, 5)
REFIT = 252
_HIDDEN = (16, 8)
_EPOCHS, _BATCH, _RATE, _DECAY = 60, 128, 0.003, 0.001


@dataclass(frozen=True, eq=False)
class Network:
    """The mean of several networks for the logarithm of the next day's range variance.

    Attributes:
        centre, spread: (columns,), mean and standard deviation of the inputs on training days.
        target: Mean and standard deviation of the logarithms of training days' variances.
        members: Layers of each network.
        correction: Half of the variance of the mean forecast's residuals on training days.
        scale: Variance of returns from close to close over that of ranges.
        low, high: Least and largest range variance of the training days, to which a forecast is moved.
    """

    centre: Array
    spread: Array
    target: tuple[float, float]
    members: tuple[Layers, ...]
    correction: float
    scale: float
    low: float
    high: float

    def forecasts(self, history: RangeHistory, start: int) -> Array:
        """Variances by the networks, in the scale of squared returns."""
        logs = self.logarithms(inputs(history)[start - MONTH :])
        clipped: Array = self.scale * np.clip(np.exp(logs + self.correction), self.low, self.high)
        return clipped

    def logarithms(self, rows: Array) -> Array:
        """Mean forecast of the logarithm: (rows,)."""
        prepared = (rows - self.centre) / self.spread
        found = np.mean([_evaluated(layers, prepared) for layers in self.members], axis=0)
        logs: Array = self.target[0] + self.target[1] * found
        return logs


def inputs(history: RangeHistory) -> Array:
    """Logarithms of mean variances, and returns in units of the month's volatility: today's, its fall, the week's.

    Returns:
        (days - MONTH + 1, 6); row 0 is known at the end of day `MONTH` - 1.
    """
    logs = components(history.variances, logarithms=True)
    volatility = np.exp(logs[:, 2] / 2)
    today = history.returns[MONTH - 1 :]
    sums = np.concatenate([[0.0], np.cumsum(history.returns)])
    week = (sums[MONTH:] - sums[MONTH - 5 : -5]) / np.sqrt(5)
    moves = np.column_stack([today, np.minimum(today, 0.0), week])
    return np.column_stack([logs, moves / volatility[:, np.newaxis]])


def fit(history: RangeHistory, seeds: Sequence[int]) -> Fitted:
    """Networks of hidden layers 16-8, trained on squared errors of logarithms by Adam with weight decay.

    The same history and seeds give the same networks on one machine.

    Args:
        history: Training days.
        seeds: Seed of each member.

    Raises:
        SignalError: If torch is not installed.
    """
    rows = inputs(history)[:-1]
    logs = np.log(history.variances[MONTH:])
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-12
    target = float(logs.mean()), float(logs.std()) or 1.0
    prepared, known = (rows - centre) / spread, (logs - target[0]) / target[1]
    members = tuple(_trained(prepared, known, seed) for seed in seeds)
    low, high = float(history.variances[MONTH:].min()), float(history.variances[MONTH:].max())
    bare = Network(centre, spread, target, members, 0.0, scale_of(history), low, high)
    correction = float(np.mean((logs - bare.logarithms(rows)) ** 2)) / 2
    return Network(centre, spread, target, members, correction, bare.scale, low, high)


def network(seeds: Sequence[int] = SEEDS) -> Model:
    """The network as a model of the table, fitted once a year."""
    return Model("network", partial(fit, seeds=tuple(seeds)), REFIT)


def _trained(rows: Array, known: Array, seed: int) -> Layers:
    torch = imported("torch", "torch", "ai")
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    sizes = (rows.shape[1], *_HIDDEN, 1)
    layers = [torch.nn.Linear(before, after) for before, after in pairwise(sizes)]
    steps = [step for layer in layers for step in (layer, torch.nn.ReLU())][:-1]
    model = torch.nn.Sequential(*steps)
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
    x, y = torch.tensor(rows, dtype=torch.float32), torch.tensor(known, dtype=torch.float32)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(x)).split(_BATCH):
            optimiser.zero_grad()
            loss = torch.mean((model(x[batch])[:, 0] - y[batch]) ** 2)
            loss.backward()
            optimiser.step()
    return tuple(
        (layer.weight.detach().numpy().T.astype(np.float64), layer.bias.detach().numpy().astype(np.float64))
        for layer in layers
    )


def _evaluated(layers: Layers, rows: Array) -> Array:
    for weights, biases in layers[:-1]:
        rows = np.maximum(rows @ weights + biases, 0.0)
    weights, biases = layers[-1]
    found: Array = (rows @ weights + biases)[:, 0]
    return found
