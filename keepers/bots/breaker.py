"""Pulls and resets the chain's own breaker: anyone may, when the numbers say so."""

from __future__ import annotations

from keepers.bots.context import Context
from keepers.chain import abi
from keepers.chain.errors import Reverted
from keepers.chain.node import Block
from keepers.chain.state import STATES, WAD, RiskView


def state_due(view: RiskView) -> str:
    """The state that a portfolio's metrics ask for."""
    if view.metrics is None or not view.breaches():
        return "Normal"
    halted = view.metrics.drawdown > view.limits.halt_drawdown_bps * WAD // 10_000
    return "Halted" if halted else "DeRiskOnly"


def trip_if_due(context: Context, view: RiskView, block: Block) -> bool:
    """Moves a portfolio outside its limits to the state that this asks for.

    Returns:
        Whether it was moved.
    """
    due = state_due(view)
    if STATES.index(due) <= STATES.index(view.state):
        return False
    reason = f"{', '.join(view.breaches())} outside the limit: {view.state} to {due}"
    return act(context, "trip", block, reason)


def recover_if_possible(context: Context, view: RiskView, block: Block) -> bool:
    """Moves a portfolio that is inside its limits back to normal, when the chain lets it.

    Returns:
        Whether it was moved.
    """
    if view.state == "Normal" or view.metrics is None or view.breaches():
        return False
    return act(context, "recover", block, f"inside every limit: {view.state} to Normal")


def act(context: Context, name: str, block: Block, reason: str, suffix: int | None = None) -> bool:
    """Calls `trip`, `recover` or `checkpoint` for the portfolio unless that would revert.

    Args:
        context: Of the bot.
        name: Function of the risk engine.
        block: Newest block.
        reason: For the record.
        suffix: What makes the key unique; the block's height unless given.
    """
    portfolio = context.record.address
    key = f"{name}:{portfolio}:{block.number if suffix is None else suffix}"
    data = abi.function("RiskEngine", name).encode(portfolio)
    try:
        return context.send(key, context.deployment.address("RiskEngine"), data, block, reason).ok
    except Reverted as error:
        context.log.debug("not now", key=key, reason=error.revert.text)
        return False
