"""A forecast of depth, impact and slippage at the end of a horizon, by the model that the history chooses."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from keepers.signals.errors import SignalError
from keepers.signals.liquidity.comparison import Judged, Row, judge_depth, judge_slippage, outcomes_of
from keepers.signals.liquidity.curve import impact_of, share_of
from keepers.signals.liquidity.history import History

BPS = 10_000.0


@dataclass(frozen=True)
class Expected:
    """A number with its interval.

    Attributes:
        value: The forecast.
        low, high: Bounds of the interval of 90%.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """Depth, impact and slippage that an order meets at the end of a horizon.

    Attributes:
        model: Model of the depth that the history chose.
        depth_now: Depth at the last time, in the unit of the history.
        depth: Depth, in that unit.
        impact_bps: Output that the order's own size costs, basis points of what it is worth at the marginal price.
        slippage_bps: Output that is missed to the marginal price of the last time: fee, impact and drift.
        past_depth, past_slippage: How the model did on the history, forecasts with intervals alone.
    """

    model: str
    depth_now: float
    depth: Expected
    impact_bps: Expected
    slippage_bps: Expected
    past_depth: Row
    past_slippage: Row


def forecast(history: History, amount: float, fee: float, horizon: int) -> Forecast:
    """The forecast after the last time of a history.

    Args:
        history: Depth and price.
        amount: Input of the order in the unit of the depth, above zero.
        fee: Fraction of the input that the pools keep, from 0 to below 1.
        horizon: Steps ahead, one or more.

    Raises:
        SignalError: If a number is out of range, or the history is too short.
    """
    if not (isfinite(amount) and amount > 0):
        raise SignalError(f"amount {amount}", "not above zero and finite", "give the order's size")
    if not 0 <= fee < 1:
        raise SignalError(f"fee {fee}", "not within 0 and 1", "read the pool again")
    if horizon < 1:
        raise SignalError(f"horizon of {horizon} steps", "not above zero", "look at least one step ahead")
    depth = judge_depth(history, horizon)
    slippage = judge_slippage(history, amount, fee, depth)
    model = depth.chosen()
    deep = _last(depth, model)
    found = Expected(*(float(np.exp(one)) for one in (deep.value, deep.low, deep.high)))
    # A deeper market moves less: the bounds change places.
    impact = (_bps(impact_of(amount, np.array(one), fee)) for one in (found.value, found.high, found.low))
    slipped = _last(slippage, model)
    return Forecast(
        model,
        float(history.depth[-1]),
        found,
        Expected(*impact),
        Expected(*(_bps(one) for one in (slipped.value, slipped.low, slipped.high))),
        Row.of([outcomes_of(depth, model)]),
        Row.of([outcomes_of(slippage, model)]),
    )


def _last(judged: Judged, model: str) -> Expected:
    intervals = judged.intervals(model)
    return Expected(float(judged.forecasts[model][-1]), float(intervals.low[-1]), float(intervals.high[-1]))


def _bps(logarithm: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | float) -> float:
    return BPS * float(share_of(logarithm))
