"""A Markov-switching model beside the simple rules: the coming days' variance of a market with two regimes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.risk.models.regimes import Chain, filtered, fit_chain
from keepers.signals.regimes.inputs import Inputs
from keepers.signals.regimes.rules import RULES, Rule

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


def switching_score(inputs: Inputs, train: Rows) -> Array:
    """Mean of the coming days' variances of two regimes that are fitted to the returns up to training's end.

    The regimes of each day follow from the days up to it (Hamilton 1989), with the parameters of training. With w the
    probability of tomorrow's wild regime, m that of the long run and s the sum of both probabilities to stay, less one,
    the probability k days after tomorrow is m + s^k (w - m).
    """
    labelled = inputs.labelled
    chain, _, _ = fit_chain(labelled.returns[1 : int(inputs.rows[train[-1]]) + 1])
    # Row t is what the days up to t say of the day after; the first return is not there.
    tomorrow = filtered(chain, labelled.returns[1:])[1][1:, 1][inputs.rows - 1]
    coming = coming_variance(chain, tomorrow, labelled.label.horizon)
    found: Array = 0.5 * np.log(coming) - np.log(labelled.threshold[inputs.rows])
    return found


def coming_variance(chain: Chain, wild: Array, horizon: int) -> Array:
    """Mean variance of so many days from tomorrow on.

    Args:
        chain: Regimes.
        wild: Probabilities that tomorrow's regime is the wild one.
        horizon: Days, at least 1.
    """
    lasting, memory = float(chain.lasting[1]), float(chain.stay.sum() - 1)
    mean = lasting + float(np.mean(memory ** np.arange(horizon))) * (wild - lasting)
    calm, turbulent = map(float, chain.variances)
    result: Array = calm + mean * (turbulent - calm)
    return result


SWITCHING = Rule("markov switching", switching_score, fitted=True)
JUDGED = (*RULES, SWITCHING)
"""The rules of the fixed protocol, and the switching model behind them."""
