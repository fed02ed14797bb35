"""The state of the chain's breaker that a portfolio's numbers ask for. No I/O."""

from __future__ import annotations

from keepers.portfolio.state import STATES, WAD, WARNING_BPS, RiskView


def state_due(view: RiskView) -> str:
    """The state that a portfolio's metrics ask for; the one it is in where there are none."""
    if view.metrics is None:
        return view.state
    if not view.breaches():
        return "Warning" if view.breaches(WARNING_BPS) else "Normal"
    halted = view.metrics.drawdown > view.limits.halt_drawdown_bps * WAD // 10_000
    return "Halted" if halted else "DeRiskOnly"


def steps_due(view: RiskView) -> int:
    """States that a portfolio is short of the one that is due: above zero it has to trip, below it may recover."""
    return STATES.index(state_due(view)) - STATES.index(view.state)


def relapsed(view: RiskView) -> bool:
    """Returns True if a portfolio with restricted trading is outside its limits, or almost: a recovery has to end."""
    return view.state in ("Warning", "DeRiskOnly") and state_due(view) != "Normal" and steps_due(view) <= 0
