"""A recurrent network on the last days' returns: trained with torch, evaluated with numpy.

Source: Hochreiter and Schmidhuber (1997), "Long short-term memory", Neural Computation 9(8), with the forget gate of
Gers, Schmidhuber and Cummins (2000), in the form and the order of gates of torch.nn.LSTM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import expit

from keepers.signals.extras import imported
from keepers.signals.returns.models import HORIZONS, SEQUENCE, Fitted, Model, targets, training_rows, units, volatility

Array = NDArray[np.float64]

SEEDS = (1, 2, 3, 4, 5)
_HIDDEN = 16
_EPOCHS, _BATCH, _RATE, _DECAY = 15, 256, 0.002, 0.01
_BOUND = 5.0


@dataclass(frozen=True, eq=False)
class Weights:
    """One network.

    Attributes:
        inputs: (columns, 4 hidden), input, forget, cell and output gates side by side.
        hidden: (hidden, 4 hidden), the same from the last day's output.
        bias: (4 hidden,).
        head: (hidden, horizons).
        constant: (horizons,).
    """

    inputs: Array
    hidden: Array
    bias: Array
    head: Array
    constant: Array

    def evaluate(self, sequences: Array) -> Array:
        """(rows, horizons), from (rows, days, columns)."""
        output = np.zeros((sequences.shape[0], self.hidden.shape[0]))
        cell = np.zeros_like(output)
        for day in range(sequences.shape[1]):
            gates = sequences[:, day] @ self.inputs + output @ self.hidden + self.bias
            entering, kept, candidate, leaving = np.split(gates, 4, axis=1)
            cell = expit(kept) * cell + expit(entering) * np.tanh(candidate)
            output = expit(leaving) * np.tanh(cell)
        found: Array = output @ self.head + self.constant
        return found


@dataclass(frozen=True, eq=False)
class Recurrent:
    """The mean of several networks, each of which forecasts every horizon in units of volatility."""

    members: tuple[Weights, ...]

    def forecasts(self, returns: Array, start: int) -> Array:
        """The networks' mean, back in log returns."""
        sequences = inputs(returns)[start - SEQUENCE :]
        mean = np.mean([member.evaluate(sequences) for member in self.members], axis=0)
        found: Array = mean * units(volatility(returns)[start - 1 :])
        return found


def inputs(returns: Array) -> Array:
    """Each day's last days: its return over volatility, that return's size, and the volatility's logarithm, centred.

    Volatility is measured against the mean of its logarithms over the days so far, so that no later day is read.

    Returns:
        (days - SEQUENCE + 1, SEQUENCE, 3); row 0 is known at the end of day `SEQUENCE` - 1.
    """
    scale = volatility(returns)
    logs = np.log(scale)
    centred = logs - np.cumsum(logs) / np.arange(1, logs.size + 1)
    moves = np.clip(returns / scale, -_BOUND, _BOUND)
    table = np.column_stack([moves, np.abs(moves) - 1, centred])
    return sliding_window_view(table, SEQUENCE, axis=0).transpose(0, 2, 1)


def fit(returns: Array, seeds: Sequence[int]) -> Fitted:
    """Networks of one layer of 16 cells, trained on squared errors by Adam with weight decay.

    The same returns and seeds give the same networks on one machine.

    Args:
        returns: (days,), log returns, all of them known.
        seeds: Seed of each member.

    Raises:
        SignalError: If torch is not installed.
    """
    rows = training_rows(returns)
    known = (targets(returns) / units(volatility(returns)))[rows]
    sequences = inputs(returns)[rows.start - SEQUENCE + 1 : rows.stop - SEQUENCE + 1]
    return Recurrent(tuple(_trained(sequences, known, seed) for seed in seeds))


def lstm(seeds: Sequence[int] = SEEDS) -> Model:
    """The networks as a model of the table."""
    return Model("lstm", partial(fit, seeds=tuple(seeds)))


def _trained(sequences: Array, known: Array, seed: int) -> Weights:
    torch = imported("torch", "torch", "ai")
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    layer = torch.nn.LSTM(sequences.shape[2], _HIDDEN, batch_first=True)
    head = torch.nn.Linear(_HIDDEN, len(HORIZONS))
    parameters = [*layer.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    x = torch.tensor(np.ascontiguousarray(sequences), dtype=torch.float32)
    y = torch.tensor(known, dtype=torch.float32)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(x)).split(_BATCH):
            optimiser.zero_grad()
            loss = torch.mean((head(layer(x[batch])[0][:, -1]) - y[batch]) ** 2)
            loss.backward()
            optimiser.step()
    matrices = [values.detach().numpy().astype(np.float64) for values in parameters]
    enter, again, bias, more, weights, constant = matrices
    return Weights(enter.T, again.T, bias + more, weights.T, constant)
