"""Pulls and resets the chain's own breaker: anyone may, when the numbers say so."""

from __future__ import annotations

from keepers import abi
from keepers.bots.names import risk_engine_key
from keepers.portfolio.state import WARNING_BPS, RiskView
from keepers.rebalancing.breaker import state_due, steps_due
from keepers.rpc.errors import Reverted
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices


def trip(services: PortfolioServices, view: RiskView, invocation: Invocation) -> bool:
    """Moves a portfolio outside its limits, or almost, to the state that this asks for, or ends a recovery that has
    begun; False if the chain refuses."""
    outside = view.breaches()
    names = ", ".join(outside or view.breaches(WARNING_BPS))
    where = "outside the limit" if outside else "almost at the limit"
    what = f"{view.state} to {state_due(view)}" if steps_due(view) > 0 else "the recovery ends"
    return act(services, "trip", invocation, f"{names} {where}: {what}")


def recover(services: PortfolioServices, view: RiskView, invocation: Invocation) -> bool:
    """Starts the recovery of a portfolio that is inside its limits, or ends it; False if the chain refuses."""
    return act(services, "recover", invocation, f"inside every limit: {view.state} on its way to Normal")


def act(services: PortfolioServices, name: str, invocation: Invocation, reason: str, suffix: int | None = None) -> bool:
    """Calls `trip`, `recover` or `checkpoint` for the portfolio unless that would revert.

    Args:
        services: PortfolioServices of the bot.
        name: Function of the risk engine.
        invocation: Call of the handler that acts.
        reason: Reason that is recorded.
        suffix: Number that makes the key unique; the default is the block's height.
    """
    portfolio = services.record.address
    key = risk_engine_key(name, portfolio, invocation.block.number if suffix is None else suffix)
    if services.decided(key):
        return True
    data = abi.function("RiskEngine", name).encode(portfolio)
    try:
        receipt = services.send(invocation, key, services.deployment.address("RiskEngine"), data)
    except Reverted as error:
        services.log.debug("not now", key=key, reason=error.revert.text)
        return False
    return services.conclude(invocation, key, receipt, reason)
