"""Plans a rebalance, ready to be signed, from a portfolio's state. No I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from numpy.typing import NDArray

from keepers.errors import KeeperError
from keepers.portfolio.state import BEYOND_TRADING, WAD, PortfolioState
from keepers.portfolio.strategies import reference_weights
from keepers.rebalancing.orders import Order
from keepers.rebalancing.settings import RebalanceSettings
from keepers.risk.metrics import Z99, value_at_risk
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.plans import Effort
from keepers.routing.pools import Pool
from keepers.routing.together import plan_together
from keepers.routing.trades import Holding, PlannedTrade, TradeRules, plan_trades
from keepers.signals.signal import Advice

Array = NDArray[np.float64]

BPS = 10_000
DAY = 86_400
_LESS_RISK = 0.97
"""Part of the present VaR that a de-risking plan aims below."""
_TURNOVER_ROOM = 1.05
_BUDGET_USED = 0.9
"""Part of what the loss bucket still holds that a plan may expect to use."""
_CASH_ONLY = 1e-4
"""Weight below which a portfolio counts as not invested."""
_WORTH_SCALING = 0.02
"""Scale below which a plan is not worth its gas."""


class PlanRefused(KeeperError):
    """A plan that the bot does not send."""


class TooSmall(PlanRefused):
    """No trade of the plan is worth making, so there is nothing to do."""


class TooCostly(PlanRefused):
    """A plan that may do if it trades less."""


@dataclass(frozen=True)
class Intent:
    """The decision to rebalance or not, and its targets.

    Attributes:
        reason: Reason in a sentence.
        derisk: True if VaR has to fall.
        targets: (assets,), risky assets, fractions of NAV; None for no rebalance.
    """

    reason: str
    derisk: bool
    targets: Array | None


@dataclass(frozen=True)
class Proposal:
    """A rebalance that would be signed.

    Attributes:
        orders: Orders in the sequence of execution.
        assets: Addresses, the portfolio's list that it was decided from.
        targets: WAD weights after them as quoted, in the order of `assets`; they sum to 1e18.
        var_before, var_after: One-day 99% value at risk, fractions of NAV.
        cost_bps: Expected loss at the oracle's prices, basis points of NAV.
        turnover: Sum of what is sold and bought, fraction of NAV.
        scale: Part of the way to the targets that it goes.
        is_basket: True if its sales and purchases were planned as one basket.
    """

    orders: tuple[Order, ...]
    assets: tuple[str, ...]
    targets: tuple[int, ...]
    var_before: float
    var_after: float
    cost_bps: float
    turnover: float
    scale: float
    is_basket: bool = False

    @property
    def most_turnover_bps(self) -> int:
        """The signed maximum turnover, with room for a small move of prices before the rebalance runs."""
        return min(2**16 - 1, math.ceil(self.turnover * BPS * _TURNOVER_ROOM) + 1)

    @property
    def complete(self) -> bool:
        """False if the rebalance stops short of its targets: the next model goes on with it."""
        return self.scale == 1

    def summary(self) -> str:
        """The recorded sentence."""
        whole = "" if self.complete else f"part of the way ({self.scale:.1%}); "
        together = " as one basket" if self.is_basket else ""
        return (
            f"{whole}{len(self.orders)} trades{together}, turnover {self.turnover:.1%}, "
            f"VaR {self.var_before:.2%} to {self.var_after:.2%}, cost {self.cost_bps:.1f} bps"
        )


def decide(state: PortfolioState, settings: RebalanceSettings, now: int, last: int | None, advice: Advice) -> Intent:
    """Decides if a portfolio needs a rebalance under the posted model.

    A breach of VaR or weight is mended at once. A drawdown is nothing that trading can mend: it only
    demands that VaR does not rise. Otherwise uninvested cash is invested, and drift corrected when the
    schedule is due.

    Args:
        state: State at one block.
        settings: Settings of the bot.
        now: Unix seconds of that block.
        last: Unix seconds of the last rebalance; None if there was none, or it stopped short of its targets.
        advice: Advice of the signal: weights to hold, or expected returns beyond a strategy's.

    Raises:
        OptimisationFailed: If no weights meet the limits.
    """
    breaches = state.risk.breaches()
    derisk = state.risk.state not in ("Normal", "Warning") or bool(breaches)
    if (stop := _standstill(state)) is not None:
        return Intent(stop, derisk, None)
    mendable = [name for name in breaches if name not in BEYOND_TRADING]
    invested = float(state.weights.sum())
    if mendable:
        return Intent(f"{', '.join(mendable)} outside the limit", True, _targets(state, settings, True, advice))
    if derisk and invested < _CASH_ONLY:
        return Intent("de-risk only and all in cash", True, None)
    if invested < _CASH_ONLY:
        return Intent("first investment of cash", False, _targets(state, settings, False, advice))
    return _scheduled(state, settings, now, last, advice, derisk)


def build(
    state: PortfolioState,
    pools: Sequence[Pool],
    intent: Intent,
    settings: RebalanceSettings,
    scale: float,
) -> Proposal:
    """Orders that bring a portfolio towards its targets, as far as pools and loss budget go.

    Where pools would pay too little, or the plan lose too much, it goes half as far, and half again.

    Args:
        state: State at one block.
        pools: Pools at the same block.
        intent: Decision with targets.
        settings: Settings of the bot.
        scale: Maximum part of the way to go, above 0 to 1.

    Raises:
        PlanRefused: If no plan worth its gas fits, or it does not lower a VaR that has to fall.
        RoutingError: If the pools cannot take it.
    """
    if intent.targets is None:
        raise PlanRefused("plan", "no targets", "decide first")
    while True:
        try:
            proposal = _build_once(state, pools, intent.targets, settings, scale)
            _require_affordable(state, proposal)
        except (TooCostly, InsufficientLiquidity):
            scale /= 2
            if scale < _WORTH_SCALING:
                raise
        else:
            break
    if intent.derisk and proposal.var_after >= proposal.var_before:
        raise PlanRefused("plan", "does not lower VaR", "nothing to do while de-risking")
    return proposal


def inputs_of(state: PortfolioState, intent: Intent, advised: bytes) -> bytes:
    """keccak256 of what a decision came from, 32 bytes: `RebalanceSignal.input_hash`.

    ABI-encoded: portfolio, block, assets, balances, values, nonce of the covariance model, reason, the target
    weights as WAD, and `advised`, the hash of a signal's inputs and weights. Whoever has an archive node and the bot's
    log can compute it again.
    """
    targets = [] if intent.targets is None else [round(float(weight) * WAD) for weight in intent.targets]
    types = ("address", "uint256", "address[]", "uint256[]", "uint256[]", "uint256", "string", "int256[]", "bytes32")
    nonce = state.risk.model.nonce
    held = (state.address, state.block, state.assets, state.balances, state.values)
    values = (*held, nonce, intent.reason, targets, advised)
    return keccak(encode(types, values))


def prior_returns(
    covariance: Array, settings: RebalanceSettings, max_weight: float, held: Array | None = None
) -> Array:
    """Daily returns under which certain weights are optimal: what the market would have to think to hold them.

    So limits, costs and views move a portfolio away from those weights by as little as they have to.

    Source: Black and Litterman (1992), "Global portfolio optimization", Financial Analysts J. 48(5): reverse
    optimisation, mu = risk_aversion * S w.

    Args:
        covariance: (assets, assets), daily.
        settings: Settings of the bot.
        max_weight: Maximum weight of any one asset, fraction of NAV.
        held: (assets,), the weights, summing to 1; those of the settings' strategy where none are given.

    Returns:
        (assets,), fractions.

    Raises:
        OptimisationFailed: If `reference_weights` finds no weights.
    """
    invested = 1 - settings.min_cash
    if held is None:
        held = reference_weights(settings.strategy, covariance, max_weight / invested)
    returns: Array = settings.risk_aversion * covariance @ (invested * held)
    return returns


def _require_affordable(state: PortfolioState, proposal: Proposal) -> None:
    room = _BUDGET_USED * max(0, state.loss_capacity - state.loss_level) / WAD * BPS
    if proposal.cost_bps > room:
        raise TooCostly(
            f"cost of {proposal.cost_bps:.1f} bps",
            f"the loss bucket has room for {room:.1f}",
            "wait for it to drain",
        )


def _standstill(state: PortfolioState) -> str | None:
    """Why nothing can be done at all, or None."""
    if state.risk.state == "Halted":
        return "trading is halted"
    if state.nav == 0:
        return "nothing deposited"
    if state.covariance is None or state.risk.metrics is None:
        return f"no risk numbers: {state.risk.unavailable_reason or 'no model posted'}"
    return None


def _scheduled(
    state: PortfolioState,
    settings: RebalanceSettings,
    now: int,
    last: int | None,
    advice: Advice,
    derisk: bool,
) -> Intent:
    # Half a day early counts: days are not exactly a day apart.
    due = last is None or now - last >= settings.schedule.every_n_days * DAY - DAY // 2
    if not due:
        return Intent("inside every limit; schedule not due", derisk, None)
    targets = _targets(state, settings, derisk, advice)
    drift = float(np.abs(targets - state.weights).max()) * BPS
    if drift <= settings.schedule.drift_bps:
        reason = f"inside every limit; drift {drift:.0f} bps, not above {settings.schedule.drift_bps}"
        return Intent(reason, derisk, None)
    return Intent(f"schedule due, drift {drift:.0f} bps", derisk, targets)


def _targets(state: PortfolioState, settings: RebalanceSettings, derisk: bool, advice: Advice) -> Array:
    from keepers.portfolio.optimise import Constraints, optimise

    covariance = _covariance(state)
    limits = state.risk.limits
    max_weight = limits.max_weight_bps / BPS * (1 - settings.max_weight_buffer)
    returns = prior_returns(covariance, settings, max_weight, advice.weights)
    invested = float(state.weights.sum()) >= _CASH_ONLY
    # In the optimiser's units, which are the normal's: what a fat tail adds, the limit gives up.
    fatter = _z99(state) / Z99
    limit = limits.var99_cap(state.risk.model) / BPS * (1 - settings.var_buffer) / fatter
    if derisk:
        limit = min(limit, _LESS_RISK * value_at_risk(state.weights, covariance))
    constraints = Constraints(
        max_weight=max_weight,
        max_var=limit,
        var_buffer=0.0,
        min_cash=settings.min_cash,
    )
    found = optimise(
        returns if advice.views is None else returns + advice.views,
        covariance,
        state.weights,
        constraints,
        risk_aversion=settings.risk_aversion,
        turnover_cost=settings.turnover_cost / settings.holding_days if invested else 0.0,
    )
    return found.weights


def _build_once(
    state: PortfolioState,
    pools: Sequence[Pool],
    targets: Array,
    settings: RebalanceSettings,
    scale: float,
) -> Proposal:
    from keepers.portfolio.optimise import to_wad

    holdings = _holdings(state)
    weights = state.weights + scale * (targets - state.weights)
    rules = TradeRules(
        slippage_bps=settings.slippage_bps,
        min_value=int(settings.min_trade_usd * WAD),
        max_paths=settings.max_paths,
    )
    trades = plan_trades(holdings, to_wad(np.maximum(weights, 0.0).tolist()), pools, rules)
    if not trades:
        raise TooSmall("plan", "every trade is below min_trade_usd, or rounds away", "wait for more drift")
    if settings.basket_seconds:
        together = plan_together(holdings, pools, rules, trades, Effort(seconds=settings.basket_seconds))
        if together is not trades:
            try:
                return replace(_proposal(state, holdings, together, settings, scale), is_basket=True)
            except TooCostly:
                # One order after another may still trade at the oracle's price everywhere.
                pass
    return _proposal(state, holdings, trades, settings, scale)


def _proposal(
    state: PortfolioState,
    holdings: Sequence[Holding],
    trades: Sequence[PlannedTrade],
    settings: RebalanceSettings,
    scale: float,
) -> Proposal:
    """Returns the proposal of trades.

    Raises:
        TooCostly: If one of them pays less than the oracle's price allows.
    """
    orders = tuple(_order(trade, holdings, settings) for trade in trades)
    after = _after(holdings, trades)
    values = [holding.value for holding in after]
    nav = sum(values)
    risky = [value * WAD // nav for value in values[1:]]
    covariance = _covariance(state)
    by_token = {holding.token: holding for holding in holdings}
    traded = sum(replace(by_token[trade.token_in], balance=trade.amount_in).value for trade in trades)
    return Proposal(
        orders=orders,
        assets=state.assets,
        targets=(WAD - sum(risky), *risky),
        var_before=value_at_risk(state.weights, covariance, _z99(state)),
        var_after=value_at_risk(np.array(risky, dtype=np.float64) / WAD, covariance, _z99(state)),
        cost_bps=max(0.0, (state.nav - nav) / state.nav * BPS),
        turnover=traded / state.nav,
        scale=scale,
    )


def _after(holdings: Sequence[Holding], trades: Sequence[PlannedTrade]) -> list[Holding]:
    """Holdings after trades that pay what was quoted."""
    change = {holding.token: holding.balance for holding in holdings}
    for trade in trades:
        change[trade.token_in] -= trade.amount_in
        change[trade.token_out] += trade.quoted_out
    return [replace(holding, balance=change[holding.token]) for holding in holdings]


def _order(trade: PlannedTrade, holdings: Sequence[Holding], settings: RebalanceSettings) -> Order:
    """An order whose least output is the quote less slippage, and no less than the oracle allows.

    Raises:
        TooCostly: If the pools pay less than that.
    """
    by_token = {holding.token: holding for holding in holdings}
    value = replace(by_token[trade.token_in], balance=trade.amount_in).value
    fair = by_token[trade.token_out].amount_of(value)
    floor = fair * (BPS - settings.oracle_slippage_bps) // BPS
    if trade.quoted_out < floor:
        short = (fair - trade.quoted_out) / fair * BPS
        raise TooCostly(
            f"{trade.token_in} for {trade.token_out}",
            f"pools pay {short:.0f} bps less than the oracle's price",
            "wait for the pools, or raise oracle_slippage_bps",
        )
    return Order(
        token_in=trade.token_in,
        token_out=trade.token_out,
        amount_in=trade.amount_in,
        min_amount_out=max(trade.min_amount_out, floor),
        paths=tuple((path.amount_in, tuple((h.pool, h.zero_for_one) for h in path.hops)) for path in trade.paths),
    )


def _holdings(state: PortfolioState) -> list[Holding]:
    rows = zip(state.assets, state.balances, state.prices, state.decimals, strict=True)
    return [Holding(token, balance, price, decimals) for token, balance, price, decimals in rows]


def _z99(state: PortfolioState) -> float:
    """Sigmas at 99% of the posted model."""
    return state.risk.model.z99 / WAD or Z99


def _covariance(state: PortfolioState) -> Array:
    if state.covariance is None:
        raise PlanRefused("covariance", "no model posted", "wait for the risk bot")
    return state.covariance
