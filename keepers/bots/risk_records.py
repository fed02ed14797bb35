"""Records a portfolio's risk with every block, judges alert rules by it, and tells of the update."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import date

from keepers.errors import KeeperError
from keepers.market import Prices
from keepers.market.close_time import last_closed_day
from keepers.market.guards import doubts
from keepers.market.quality import inspect
from keepers.portfolio.state import (
    MIN_OBSERVATIONS,
    NO_SHARPE,
    OFF,
    STATES,
    UNKNOWN_DAYS,
    WAD,
    Limits,
    Metrics,
    ReportInfo,
    RiskView,
)
from keepers.risk.recorded import DAY, GRADES, SIMULATED_METRICS, Recorded, RiskUpdate
from keepers.rpc.node import Block
from keepers.runtime.cron import CronSchedule
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices
from keepers.runtime.triggers import OnBlock, OnTime
from keepers.store import model_quality, risk_metrics
from keepers.store.model_quality import ModelQuality

HOUR = 3600
_MOVED = 0.01
"""Change of the largest weight, or of the concentration, from which on weights are recorded again."""

_BPS = {
    "var95": "max_var95_bps", "var99": "max_var99_bps", "es975": "max_es975_bps", "volatility": "max_volatility_bps",
    "component_var": "max_component_bps", "weight": "max_weight_bps", "concentration": "max_herfindahl_bps",
    "leverage": "max_leverage_bps", "drawdown": "max_drawdown_bps", "halt_drawdown": "halt_drawdown_bps",
    "realised_volatility": "max_realised_volatility_bps", "beta": "max_beta_bps",
}  # fmt: skip
"""Limits in basis points, by the name of what they bound."""

_WAD_METRICS = {
    "nav": "nav", "share_price": "share_price", "volatility": "volatility", "var95": "var95", "var99": "var99",
    "es975": "es975", "component_var": "max_component", "weight": "max_weight", "concentration": "herfindahl",
    "leverage": "leverage", "drawdown": "drawdown",
}  # fmt: skip
"""Fields of `Metrics` that are always known, by the names under which they are recorded."""


class RiskRecorder:
    """Writes one row for each block.

    Args:
        services: Services of the bot.
        closes: Function from a day to the closes of the universe's assets up to it; None if there is none so early.
        version: Function that returns another value when the file of closes has changed.
    """

    def __init__(
        self, services: PortfolioServices, closes: Callable[[date], Prices | None], version: Callable[[], Hashable]
    ) -> None:
        self._services = services
        self._closes = closes
        self._version = version
        self._judged: tuple[Hashable, dict[str, float]] | None = None
        self._weighed: tuple[float, ...] = ()
        self.triggers = (
            OnBlock("risk metrics", self.record),
            OnTime("retention", CronSchedule.parse("17 3 * * *"), self._prune),
        )

    def forget(self) -> None:
        """Weights are recorded again with the next block."""
        self._weighed = ()

    def record(self, invocation: Invocation) -> None:
        """Reads, records, judges and tells; a block that is served again replaces its row."""
        services, block = self._services, invocation.block
        config = services.config
        address = services.record.address
        view = services.reader.risk(address, services.record.universe, block.number)
        report = services.reader.report(address, block.number)
        found = Recorded(
            bot=services.bot,
            portfolio=config.portfolio,
            block=block.number,
            at=block.timestamp,
            model_nonce=view.model.nonce,
            report_nonce=report.nonce,
            reason=view.unavailable_reason,
            stress_scenario=_worst(report),
            numbers={**numbers_of(view, report, block.timestamp), **self._quality(block)},
            limits=limits_of(view.limits),
        )
        weighed = self._weighed_as(found)
        due = view.metrics is not None and view.metrics.nav > 0 and self._moved(weighed)
        told = risk_metrics.record(
            services.store,
            found,
            weights=self._weights(block) if due else None,
            stress=_losses(report) if due and report.nonce else None,
            rules=config.risk.alerts.rules,
        )
        if due:
            self._weighed = weighed
        services.log.debug(RiskUpdate.EVENT, **RiskUpdate.of(found).fields(), notices=told)

    def keep_quality(self, nonce: int, prices: Prices, block: Block) -> None:
        """Keeps what the quality gate finds about the closes of a model that is about to be posted."""
        services, recent = self._services, prices.last(self._services.config.risk.history_days)
        found = ModelQuality(
            services.config.portfolio,
            nonce,
            recent.dates[-1],
            recent.digest,
            inspect(recent),
            services.bot,
            block.number,
            block.timestamp,
        )
        model_quality.record(services.store, found)

    def _prune(self, due: int, _invocation: Invocation) -> None:
        """Drops rows that are older than the retention."""
        pruned = risk_metrics.prune(self._services.store, due - self._services.config.risk.records.retention_days * DAY)
        if pruned.dropped or pruned.notices:
            self._services.log.info("pruned", dropped=pruned.dropped, notices=pruned.notices)

    def _weighed_as(self, found: Recorded) -> tuple[float, ...]:
        """Model, report, largest weight and concentration: a change of them has weights recorded anew."""
        numbers = found.numbers
        return found.model_nonce, found.report_nonce, numbers.get("weight", 0.0), numbers.get("concentration", 0.0)

    def _moved(self, now: tuple[float, ...]) -> bool:
        last = self._weighed
        return not last or now[:2] != last[:2] or any(abs(now[part] - last[part]) > _MOVED for part in (2, 3))

    def _weights(self, block: Block) -> dict[str, float]:
        services = self._services
        state = services.reader.portfolio(services.config.portfolio, block.number)
        symbols = [services.deployment.symbol_of(asset) for asset in state.assets[1:]]
        return {symbol: float(weight) for symbol, weight in zip(symbols, state.weights, strict=True)}

    def _quality(self, block: Block) -> dict[str, float]:
        """Age and quality of the closes that a model would be made from; nothing where they cannot be read."""
        day = last_closed_day(block.timestamp)
        try:
            key = (self._version(), day)
            if self._judged is None or self._judged[0] != key:
                self._judged = key, self._judge(day)
        except KeeperError:
            # The trigger that makes models fails with the error, and says so.
            return {}
        return self._judged[1]

    def _judge(self, day: date) -> dict[str, float]:
        prices = self._closes(day)
        if prices is None:
            return {}
        config = self._services.config
        recent = prices.last(config.risk.history_days)
        quality = inspect(recent)
        return {
            "close_age_days": float((day - recent.dates[-1]).days),
            "close_findings": float(len(quality.findings)),
            "close_refusals": float(len(quality.refusals)),
            "close_doubts": float(len(doubts(recent, day, config.prices.guards.as_guards))),
        }


def numbers_of(view: RiskView, report: ReportInfo, now: int) -> dict[str, float]:
    """Numbers of the chain, by their names in `keepers.risk.recorded.METRICS`; what is unknown is left out.

    Args:
        view: Risk of the portfolio.
        report: The last signed report.
        now: Unix seconds.
    """
    found = {"state": float(STATES.index(view.state)), "unavailable": float(view.metrics is None)}
    if view.model.nonce:
        found["model_age_hours"] = (now - view.model.as_of) / HOUR
    if view.metrics is not None:
        found |= _computed(view.metrics)
    if report.nonce:
        values = (*report.monte_carlo_var, *report.monte_carlo_es)
        found |= {name: value / WAD for name, value in zip(SIMULATED_METRICS, values, strict=True)}
    if report.stress_losses:
        found["stress_loss"] = max(report.stress_losses) / WAD
    return found


def limits_of(limits: Limits) -> dict[str, float]:
    """Limits that are on, by the name of what they bound, in the units of the numbers."""
    given = {name: getattr(limits, field) for name, field in _BPS.items()}
    found = {name: bps / 10_000 for name, bps in given.items() if bps != OFF}
    if limits.max_liquidation_tenths != OFF:
        found["days_to_liquidate"] = limits.max_liquidation_tenths / 10
    if limits.worst_grade < len(GRADES):
        found["grade"] = float(limits.worst_grade)
    if limits.min_sharpe_bps != NO_SHARPE:
        found["sharpe"] = limits.min_sharpe_bps / 10_000
    return found


def _computed(metrics: Metrics) -> dict[str, float]:
    found = {name: getattr(metrics, field) / WAD for name, field in _WAD_METRICS.items()}
    found |= {"grade": float(metrics.grade), "observations": float(metrics.observations)}
    if metrics.observations >= MIN_OBSERVATIONS:
        realised = {name: getattr(metrics, name) / WAD for name in ("realised_volatility", "sharpe", "beta")}
        # Returns that do not vary have no Sharpe ratio.
        found |= realised if metrics.realised_volatility else {k: v for k, v in realised.items() if k != "sharpe"}
    if metrics.days_to_liquidate != UNKNOWN_DAYS:
        found["days_to_liquidate"] = metrics.days_to_liquidate / WAD
    return found


def _losses(report: ReportInfo) -> dict[str, float]:
    return {name: loss / WAD for name, loss in zip(report.scenarios, report.stress_losses, strict=True)}


def _worst(report: ReportInfo) -> str:
    losses = _losses(report)
    return max(losses, key=losses.__getitem__) if losses else ""
