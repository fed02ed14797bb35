"""Signs and posts a risk report a model, and again before it lapses: the first one obliges."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import combinations_with_replacement

from keepers import __version__
from keepers.bots.names import report_key
from keepers.bots.price_doubts import PriceDoubts
from keepers.contracts.messages import RiskReport
from keepers.market import Prices
from keepers.market.close_time import last_closed_day
from keepers.market.guards import doubts
from keepers.portfolio.state import WAD, ModelInfo, PortfolioState, ReportInfo
from keepers.risk.bot_model import degrees_of_model
from keepers.risk.errors import RiskError
from keepers.risk.report import Inputs, measure
from keepers.risk.scenarios import load_scenarios
from keepers.risk.stress import Scenario
from keepers.rpc.errors import Reverted
from keepers.rpc.node import Block
from keepers.runtime.invocation import Invocation
from keepers.runtime.services import PortfolioServices
from keepers.runtime.triggers import OnBlock

HOUR = 3600


class Reporter:
    """Posts when there is none under the present model, or the last one is about to lapse.

    The nonce is the chain's, so that the chain itself refuses a second report, whatever this process remembers.

    Args:
        services: Services of the bot.
        closes: Function from a day to the closes of the universe's assets up to it; None if there is none so early.
        doubts: Doubts that the bot has told already.
    """

    def __init__(
        self, services: PortfolioServices, closes: Callable[[date], Prices | None], doubts: PriceDoubts
    ) -> None:
        self._services = services
        self._doubts = doubts
        self._closes = closes
        self._settings = services.config.risk.reports
        self.triggers = (OnBlock("report", self.look),) if self._settings.enabled else ()
        path = self._settings.scenarios
        self._scenarios: tuple[Scenario, ...] = load_scenarios(None if path is None else services.config.at(path))

    def look(self, invocation: Invocation) -> None:
        """Once a block."""
        # Twice, for somebody may trade or deposit between the look and the chain's answer.
        if not self._look(invocation, last_try=False):
            self._look(invocation, last_try=True)

    def _look(self, invocation: Invocation, last_try: bool) -> bool:
        """Reads, decides, measures, signs, sends and records; False if the chain refused what was not the last try."""
        services, record = self._services, self._services.record
        # The newest, for a model may have been posted since the block that is being served.
        block = invocation.block = services.node.latest()
        view = services.reader.risk(record.address, record.universe, block.number)
        if view.metrics is None or view.metrics.nav == 0:
            return True
        last = services.reader.report(record.address, block.number)
        why = self._due(view.model, last, block)
        key = report_key(record.address, last.nonce + 1, view.model.nonce)
        if why is None or block.timestamp <= last.as_of or services.rests(key, block):
            return True
        try:
            report, degrees = self._report(last, block)
            receipt = services.send_signed(invocation, key, ("RiskReports", "postReport"), report)
        except RiskError as error:
            services.decide(invocation, key, "refused", str(error))
        except Reverted as error:
            if last_try:
                services.decide(invocation, key, "refused", error.revert.text)
            return False
        else:
            tail = f"VaR 99.9% of 10 days {report.monte_carlo_var[-1] / WAD:.2%}, t of {degrees:g} degrees"
            services.conclude(invocation, key, receipt, f"{why}; {tail}")
        return True

    def _due(self, model: ModelInfo, last: ReportInfo, block: Block) -> str | None:
        """Why a report is due, or None."""
        if last.nonce == 0:
            return "the first"
        if last.model_nonce != model.nonce:
            return f"model {model.nonce}"
        left = last.expiry - block.timestamp
        if left <= 0:
            return "the last has lapsed"
        return f"the last lapses in {left / HOUR:.1f} h" if left < self._settings.renew_hours * HOUR else None

    def _report(self, last: ReportInfo, block: Block) -> tuple[RiskReport, float]:
        """The next report from the portfolio as it is, and the degrees of freedom of its tails.

        Raises:
            RiskError: If the numbers cannot be computed.
        """
        services = self._services
        state = services.reader.portfolio(services.config.portfolio, block.number)
        inputs = self._inputs(state, block)
        numbers = measure(inputs)
        report = RiskReport(
            portfolio=state.address,
            nonce=last.nonce + 1,
            as_of=block.timestamp,
            expiry=block.timestamp + int(self._settings.lifetime_hours * HOUR),
            model_nonce=inputs.model_nonce,
            model_hash=inputs.model_hash(__version__),
            volatility=numbers.volatility,
            var95=numbers.var95,
            var99=numbers.var99,
            monte_carlo_var=numbers.monte_carlo_var,
            monte_carlo_es=numbers.monte_carlo_es,
            scenarios=tuple(scenario.id for scenario in inputs.scenarios),
            stress_losses=numbers.stress_losses,
        )
        return report, inputs.degrees

    def _inputs(self, state: PortfolioState, block: Block) -> Inputs:
        model, nav = state.risk.model, state.nav
        return Inputs(
            portfolio=state.address,
            as_of=block.timestamp,
            model_nonce=model.nonce,
            weights=tuple(value * WAD // nav for value in state.values[1:]),
            covariance=self._covariance(state, model),
            z95=model.z95,
            z99=model.z99,
            degrees=self._degrees(model),
            paths=self._settings.paths,
            scenarios=self._scenarios,
        )

    def _covariance(self, state: PortfolioState, model: ModelInfo) -> tuple[int, ...]:
        """Entries of the portfolio's assets, in the chain's own integers."""
        entries = self._services.reader.model_entries(model)
        order = self._services.reader.universe_assets(self._services.record.universe)
        index = [order.index(asset) for asset in state.assets[1:]]
        pairs = (sorted(pair) for pair in combinations_with_replacement(index, 2))
        return tuple(entries[row * model.size - row * (row - 1) // 2 + column - row] for row, column in pairs)

    def _degrees(self, model: ModelInfo) -> float:
        """Estimates degrees of freedom from closes up to the model's, so that every call gives the same.

        Raises:
            RiskError: If there are none.
        """
        settings = self._services.config.risk
        day = last_closed_day(model.as_of)
        prices = self._closes(day)
        if prices is None or len(prices.dates) < 2:
            raise RiskError(f"closes up to {day}", "not known", "add the days of the posted model to prices")
        # The oracle's price of that day is gone; what the history itself says against a close is not.
        recent = prices.last(settings.history_days)
        self._doubts.require_none(doubts(recent, day, self._services.config.prices.guards.as_guards))
        return degrees_of_model(prices.returns(), settings.terms)
