"""Training of the network with torch, and its calibration, both on training days only (docs/decisions/0165)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from keepers.signals.extras import imported
from keepers.signals.folds import stretches
from keepers.signals.regimes.committee import HIDDEN, Committee, to_grid
from keepers.signals.regimes.label import Flags

Array = NDArray[np.float64]

SEEDS = tuple(range(1, 21))
"""Seeds that decision 139 asks for."""
EPOCHS = (2, 5, 10, 20)
DROPOUT, RATE, DECAY, BATCH = 0.3, 0.001, 0.01, 256
_CHOOSING = 5
"""Number of seeds, the first ones, by which the epochs are chosen."""
_STRETCHES = 3
_SLOPES = (0.02, 8.0)
"""Minimum and maximum slope: a temperature between 1/8 and 50."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """The training days of a model.

    Attributes:
        rows: (days, columns), prepared.
        labels: (days,), True for turbulence.
        horizon: Days that a label reaches ahead.
    """

    rows: Array
    labels: Flags
    horizon: int


Fit = Callable[[Lesson, Sequence[int], Sequence[int]], list[Committee]]
"""A function of training days, numbers of epochs and seeds; it gives a committee for each number of epochs."""


def fit(lesson: Lesson, epochs: Sequence[int], seeds: Sequence[int]) -> list[Committee]:
    """Calibrated committees, one for each number of epochs.

    Args:
        lesson: Training days.
        epochs: Numbers of epochs; a network of fewer is the beginning of one of more.
        seeds: Seed of each member.

    Raises:
        SignalError: If torch is not installed, or there are too few days to calibrate by.
    """
    slopes = _slopes(lesson, epochs, seeds)
    stages = _trained(lesson.rows, lesson.labels, epochs, seeds)
    return [Committee(*layers, slopes[stage]) for stage, layers in enumerate(stages)]


@dataclass(frozen=True)
class NetworkFamily:
    """The network as a learner calls it.

    Attributes:
        seeds: Seed of each member.
        fit: Function that trains.
    """

    seeds: tuple[int, ...] = SEEDS
    fit: Fit = fit

    def __call__(self, lesson: Lesson, choices: Sequence[float], others: Array) -> Array:
        """Probabilities of turbulence: (choices, members, rows). Several choices are compared by the first seeds."""
        seeds = self.seeds if len(choices) == 1 else self.seeds[:_CHOOSING]
        committees = self.fit(lesson, [int(choice) for choice in choices], seeds)
        return np.array([committee.probabilities(others) for committee in committees])


def best_slope(logits: Array, labels: Flags) -> float:
    """The slope with the least log loss.

    Source: Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", ICML, section 4.2; the
    slope is one over their temperature.

    Args:
        logits: (days,), of days that the network was not trained on.
        labels: (days,).
    """
    signed = np.where(labels, -logits, logits)
    found = minimize_scalar(
        lambda power: float(np.logaddexp(0.0, np.exp(power) * signed).mean()),
        bounds=tuple(np.log(_SLOPES)),
        method="bounded",
    )
    return float(np.exp(found.x))


def _slopes(lesson: Lesson, epochs: Sequence[int], seeds: Sequence[int]) -> Array:
    """Slopes by forecasts of days that were not trained on: (epochs, members)."""
    days = lesson.labels.size
    logits = np.zeros((len(epochs), len(seeds), days))
    for fold in stretches(days, _STRETCHES, lesson.horizon):
        stages = _trained(lesson.rows[fold.train], lesson.labels[fold.train], epochs, seeds)
        for stage, layers in enumerate(stages):
            logits[stage][:, fold.test] = Committee(*layers, np.ones(len(seeds))).logits(lesson.rows[fold.test])
    return np.array([[best_slope(member, lesson.labels) for member in stage] for stage in logits])


Layers = tuple[tuple[Array, ...], tuple[Array, ...]]


def _trained(rows: Array, labels: Flags, epochs: Sequence[int], seeds: Sequence[int]) -> list[Layers]:
    """Weights and biases after each number of epochs; all seeds are trained at once and none sees another."""
    torch = imported("torch", "torch", "ai")
    found: dict[int, Layers] = {}
    with _one_thread(torch):
        inputs = torch.from_numpy(to_grid(rows).astype(np.float32))
        truth = torch.from_numpy(labels.astype(np.float32))
        dice = [torch.Generator().manual_seed(seed) for seed in seeds]
        parameters = _drawn(torch, rows.shape[1], dice)
        optimiser = torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY)
        for epoch in range(1, max(epochs) + 1):
            _epoch(torch, inputs, truth, parameters, optimiser, dice)
            if epoch in epochs:
                found[epoch] = _layers(parameters)
    return [found[epoch] for epoch in epochs]


def _drawn(torch: Any, columns: int, dice: Sequence[Any]) -> list[Any]:
    """Weights and biases in turn, uniform within one over the root of a layer's inputs (torch's own for a layer)."""
    parameters = []
    for inputs, outputs in pairwise((columns, *HIDDEN, 1)):
        for rows in (inputs, 1):
            drawn = [(2 * torch.rand(rows, outputs, generator=die) - 1) / inputs**0.5 for die in dice]
            parameters.append(torch.stack(drawn).requires_grad_())
    return parameters


def _epoch(torch: Any, inputs: Any, truth: Any, parameters: Sequence[Any], optimiser: Any, dice: Sequence[Any]) -> None:
    """One pass over the days, in an order that each seed draws."""
    order = torch.stack([torch.randperm(truth.shape[0], generator=die) for die in dice])
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    for begin in range(0, truth.shape[0], BATCH):
        drawn = order[:, begin : begin + BATCH]
        size = drawn.shape[1]
        kept = torch.stack([torch.rand(size, sum(HIDDEN), generator=die) for die in dice]) >= DROPOUT
        masks = torch.split(kept.float() / (1 - DROPOUT), HIDDEN, dim=2)
        values = inputs[drawn]
        for layer, mask in enumerate(masks):
            values = torch.relu(torch.baddbmm(parameters[2 * layer + 1], values, parameters[2 * layer])) * mask
        logits = torch.baddbmm(parameters[-1], values, parameters[-2])[:, :, 0]
        optimiser.zero_grad()
        loss(logits, truth[drawn], reduction="none").mean(dim=1).sum().backward()
        optimiser.step()


def _layers(parameters: Sequence[Any]) -> Layers:
    on_grid = [to_grid(part.detach().numpy().astype(np.float64)) for part in parameters]
    return tuple(on_grid[::2]), tuple(on_grid[1::2])


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """One thread within the block, so that sums have one order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
