"""Reads the risk keeper's reports from the chain: simulated tails, stress losses, depth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from keepers.portfolio.state import UNKNOWN_DAYS, WAD, Metrics
from keepers.risk.monte_carlo import HORIZONS, LEVELS
from scripts._lib.demo.environment import Environment
from scripts._lib.demo.errors import DemoError


@dataclass(frozen=True)
class ReportSummary:
    """The last report, and the number of reports.

    Attributes:
        reports, depths: Numbers that the chain accepted.
        day: Day of the last report.
        var, shortfall: Simulated, fractions of NAV, by days and confidence such as "10 d 99%".
        stress: Losses by scenario, fractions of NAV.
        days_to_liquidate: Days to liquidate the slowest asset.
    """

    reports: int
    depths: int
    day: str
    var: dict[str, float]
    shortfall: dict[str, float]
    stress: dict[str, float]
    days_to_liquidate: float


def read_risk_reports(environment: Environment) -> ReportSummary:
    """Reads the reports of a portfolio.

    Raises:
        DemoError: If there is no report, or depth is unknown.
    """
    protocol = environment.protocol
    reports, portfolio = protocol.contract("RiskReports"), protocol.portfolio.address
    nonce = reports.functions.latestOf(portfolio).call()
    posted = reports.events.ReportPosted().get_logs(from_block=0)
    depths = protocol.contract("MarketDepthRegistry").events.DepthPosted().get_logs(from_block=0)
    if nonce == 0 or [event["args"]["nonce"] for event in posted] != list(range(1, nonce + 1)):
        raise DemoError(f"{nonce} reports on chain, {len(posted)} posted")
    report = reports.functions.reportAt(portfolio, nonce).call()
    _, _, as_of, _, _, _, _, _, _, var, shortfall, names, losses = report
    metrics = Metrics(*protocol.contract("RiskEngine").functions.metrics(portfolio).call())
    if metrics.days_to_liquidate == UNKNOWN_DAYS:
        raise DemoError("an asset that is held has no depth on chain; see keepers/risk.log")
    cells = [f"{days} d {level:.1%}" for days in HORIZONS for level in LEVELS]
    return ReportSummary(
        reports=nonce,
        depths=len(depths),
        day=datetime.fromtimestamp(as_of, UTC).date().isoformat(),
        var={cell: value / WAD for cell, value in zip(cells, var, strict=True)},
        shortfall={cell: value / WAD for cell, value in zip(cells, shortfall, strict=True)},
        stress={name.rstrip(b"\0").decode(): loss / WAD for name, loss in zip(names, losses, strict=True)},
        days_to_liquidate=metrics.days_to_liquidate / WAD,
    )
