"""How often the chain's bounds on one step would hold a model back, were it what the bot posts every day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.operations.risk_backtest import History
from keepers.risk.backtests.rolling import Protocol
from keepers.risk.models import FittedModel, Model
from keepers.risk.step_bounds import MOVE_PARTS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """Days on which some entry of a day's covariance is farther from the day before's than one step may go.

    Attributes:
        model: Name.
        days: Days compared.
        fallen, risen: Days with an entry that falls or rises too far.
    """

    model: str
    days: int
    fallen: int
    risen: int


def count_steps(
    model: Model, history: History, symbols: tuple[str, ...], protocol: Protocol, max_fall: float, max_rise: float
) -> Steps:
    """Compares every day's forecast covariance with the one before it (docs/risk.md, R1).

    An entry may fall by `max_fall` of the product of the two volatilities, and rise by `max_rise` of it and a tenth of
    the product of the two prices' moves since.

    Args:
        model: Model whose covariances are compared.
        history: Closes.
        symbols: Assets of the universe.
        protocol: Window, and days after which parameters are fitted again.
        max_fall, max_rise: Fractions.

    Raises:
        RiskError: If the history is too short for the model.
    """
    returns = history.returns[:, [history.symbols.index(symbol) for symbol in symbols]]
    fitted: FittedModel | None = None
    last: Array | None = None
    fallen = risen = 0
    days = returns.shape[0] - protocol.window
    for day in range(days):
        window = returns[day : day + protocol.window]
        if fitted is None or day % protocol.refit == 0:
            fitted = model.fit(window)
        matrix = fitted.forecast(window).covariance
        if last is not None:
            sigmas, moves = np.sqrt(np.diag(last)), np.abs(window[-1])
            scale = np.outer(sigmas, sigmas)
            fallen += bool(np.any((last - matrix) > max_fall * scale))
            risen += bool(np.any(matrix - last - np.outer(moves, moves) / MOVE_PARTS > max_rise * scale))
        last = matrix
    return Steps(model.name, days - 1, fallen, risen)
