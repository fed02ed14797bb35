"""Terms of the simulated protocol: limits, budgets, pace, fees and costs. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from keepers.backtest.shares import DAY, FeeTerms
from keepers.portfolio.state import Limits, StepBounds
from keepers.risk.step_bounds import USUAL_FALL_BPS, USUAL_UNSEEN_RISE_BPS

HOUR = 3_600
DEMO_LIMITS = Limits(340, 3_000, 3_000, 6_000)
"""Limits of `make demo`: VaR 99% 3.4%, weight 30%, drawdown 30%, halting drawdown 60%."""
USUAL_STEPS = StepBounds(20 * HOUR, 10 * DAY, USUAL_FALL_BPS, USUAL_UNSEEN_RISE_BPS)
"""Step bounds that a deployment's config has by default."""


@dataclass(frozen=True)
class Costs:
    """Costs of trading.

    Attributes:
        pool_usd: Settlement tokens in the one pool of each asset, with as much of the asset on the other side.
        fee_pips: Fee of that pool, hundredths of a basis point of the input.
        flat_bps: Basis points of what is sold, in place of a pool; None for the pool.
    """

    pool_usd: float = 400e6
    fee_pips: int = 500
    flat_bps: float | None = None


@dataclass(frozen=True)
class Pacing:
    """IAutoRebalancer.Policy: basis points of NAV, seconds, and the keeper's fee in basis points of turnover."""

    max_turnover_bps: int = 40_000
    window: int = 7 * DAY
    min_interval: int = 0
    keeper_fee_bps: int = 0


@dataclass(frozen=True)
class ProtocolTerms:
    """A deployment's settings of a portfolio; the defaults are those of its config, or of `make demo`.

    Attributes:
        limits: Risk limits.
        loss_budget_bps, loss_window: Most that trading loses in any window of so many seconds.
        pacing: Most that it trades.
        fees: Fees and the price guard.
        costs: What trading pays.
        cooling: Seconds that metrics have to stay inside before a recovery ends.
        steps: How far one model may be from the last.
        participation_bps: Part of an asset's depth that counts as what can be sold in a day.
        depth_fall_bps: Fall of a pool's price up to which what it pays counts as depth.
        max_deviation_bps: LiquidityAggregator's maximum below the oracle's value.
        model_lifetime: Seconds for which a model counts.
        delay: Seconds after a close at which keepers act on it.
        tails_every: Models from one fit of parameters and tails to the next; a keeper fits them for each.
    """

    limits: Limits = DEMO_LIMITS
    loss_budget_bps: int = 200
    loss_window: int = 7 * DAY
    pacing: Pacing = Pacing()
    fees: FeeTerms = field(default_factory=FeeTerms)
    costs: Costs = Costs()
    cooling: int = 2 * DAY
    steps: StepBounds = USUAL_STEPS
    participation_bps: int = 2_000
    depth_fall_bps: int = 200
    max_deviation_bps: int = 1_000
    model_lifetime: int = 96 * HOUR
    delay: int = 60
    tails_every: int = 63
