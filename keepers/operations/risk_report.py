"""The report that a risk committee reads: every number with its day, its model, its data and its command."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from keepers import __version__
from keepers.operations import risk_alerts, risk_attribution, risk_liquidity, risk_simulation, risk_stress
from keepers.operations.report.document import Cell, Chart, Column, Origin, Report, Section, Series, Table
from keepers.operations.risk_backtest import (
    Closes,
    History,
    backtest,
    current_weights,
    held_of,
    read_accepted,
    read_bars,
)
from keepers.operations.risk_live import LivePortfolio
from keepers.operations.risk_sections import (
    alerts_section,
    liquidity_section,
    performance_section,
    quality_section,
    recorded_section,
    signatures_section,
)
from keepers.portfolio.performance import drawdowns
from keepers.risk.alerts import names_of
from keepers.risk.backtests.rolling import Protocol
from keepers.risk.bot_model import BotModel
from keepers.risk.errors import RiskError
from keepers.risk.model_terms import DEFAULT_TERMS
from keepers.risk.models import model_named
from keepers.risk.models.protocol import FittedModel, PortfolioForecast
from keepers.risk.reverse_stress import Limits
from keepers.risk.scenarios import load_scenarios
from keepers.risk.simulation.tails import Tail
from keepers.risk.stress import stress_losses
from keepers.risk.stressed import stressed_tail
from keepers.routing.unwind import Unwind

Array = NDArray[np.float64]

HORIZONS = (1, 5, 10)
LEVELS = (0.95, 0.99)
DEPTHS = (1.0, 0.25)
"""Parts of the markets' depth into which the portfolio is sold."""
_LIMIT_OPTIONS = {"drawdown": "drawdown", "var99": "var", "weight": "weight", "concentration": "concentration"}
_LARGEST = 10
"""Assets and shocks that a table shows."""
LEAST_DAYS = 250
"""Days of a backtest below which nothing is judged: sizes and powers of the tests are known from there on."""


@dataclass(frozen=True)
class ReportTerms:
    """Everything that a report follows from, besides the closes themselves.

    Attributes:
        portfolio, benchmark: Names from `keepers.operations.risk_backtest.PORTFOLIOS`.
        limits: Limits of the portfolio.
        closes: Source of the closes.
        model: Model of the forecast and of the backtest.
        source: Source of simulated days.
        paths, seed: Simulation.
        last: Days of the backtest.
        days: Days of the performance.
        liquidity: Whether the cost of selling the portfolio is read from the chain at the block.

    Raises:
        RiskError: If the seed is negative, the days of the backtest are too few to judge anything, or no bot looks
            after the portfolio whose sale is asked for.
    """

    portfolio: str
    limits: Limits
    closes: Closes = field(default_factory=Closes)
    benchmark: str = "equal weight"
    model: str = DEFAULT_TERMS.name
    source: str = "student"
    paths: int = 10_000
    seed: int = 1
    last: int = 1000
    days: int = 252
    liquidity: bool = False

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise RiskError(f"seed {self.seed}", "negative", "give 0 or more")
        if self.last < LEAST_DAYS:
            reason = f"fewer than {LEAST_DAYS}, from which on the tests judge anything"
            raise RiskError(f"--last {self.last}", reason, f"give {LEAST_DAYS} or more")
        if self.liquidity and self.live is None:
            raise RiskError("--liquidity", f"no bot of a config looks after {self.portfolio}", "give its --config")

    @property
    def live(self) -> LivePortfolio | None:
        """The portfolio as its bot recorded it; None for one that no bot looks after."""
        found = self.closes.live
        return found if found is not None and found.name == self.portfolio else None

    def closes_arguments(self) -> tuple[str, ...]:
        """Options that name the closes."""
        found: list[str] = []
        for name, value in (
            ("--prices", self.closes.path),
            ("--actions", self.closes.actions),
            ("--calendar", self.closes.calendar),
            ("--config", self.closes.config),
            ("--block", None if self.closes.live is None else self.closes.live.recorded.block),
        ):
            found += [name, str(value)] if value is not None else []
        return (*found, *(["--accept-findings"] if self.closes.accept else []))

    def limit_arguments(self) -> tuple[str, ...]:
        """Options that name the limits."""
        found: list[str] = []
        for name, option in _LIMIT_OPTIONS.items():
            value = getattr(self.limits, name)
            found += [f"--max-{option}", f"{value:g}"] if value is not None else []
        return tuple(found)

    def command(self, name: str, *arguments: object) -> str:
        """Command line of `quantera risk NAME` over the same closes."""
        return shlex.join(["quantera", "risk", name, *self.closes_arguments(), *map(str, arguments)])

    def whole(self) -> str:
        """Command line of the report itself, as JSON."""
        return self.command(
            "report", self.portfolio, *self.limit_arguments(), "--benchmark", self.benchmark, "--model", self.model,
            "--source", self.source, "--scenarios", self.paths, "--seed", self.seed, "--last", self.last,
            "--days", self.days, *(["--liquidity"] if self.liquidity else []), "--json",
        )  # fmt: skip


class Work:
    """The numbers of a report, section by section.

    Args:
        terms: Terms of the report.

    Raises:
        PriceError: If the closes cannot be read, or the gate refuses them.
        RiskError: If the portfolio is unknown, or there is too little history.
    """

    def __init__(self, terms: ReportTerms) -> None:
        self._terms = terms
        self._progress: Callable[[int], None] = lambda _: None
        prices, self._quality = read_accepted(terms.closes)
        self._history = History.of(prices, self._quality, held_of(terms.closes), read_bars(terms.closes, prices))
        self._live = terms.live
        self._window = risk_simulation.WINDOW
        self._weights = current_weights(terms.portfolio, self._history, self._window)
        self._model: FittedModel | None = None
        self._tails: list[Tail] | None = None
        self._stress: risk_stress.Stress | None = None

    @property
    def steps(self) -> int:
        """Number of forecasts of the backtest and of the rehearsal, which take most of the time."""
        return self._terms.last + risk_alerts.rehearsals(self._history)

    def report(self, progress: Callable[[int], None] = lambda _: None) -> Report:
        """Computes the whole report.

        Args:
            progress: Called with 1 after every forecast.

        Raises:
            RiskError: If a name is unknown, a number is out of range, or there is too little history.
        """
        terms, history = self._terms, self._history
        self._progress = progress
        facts = {
            "Portfolio": terms.portfolio,
            "As of": str(history.dates[-1]),
            "Closes": f"{len(history.symbols)} assets, {len(history.dates) + 1:,} days, {history.dates[0]} to "
            f"{history.dates[-1]}",
            "Data": f"sha256:{history.data_hash}",
            "Model": terms.model,
            "Software": f"quantera {__version__}, numpy {np.__version__}",
            "Reproduce with": terms.whole(),
        }
        quality = quality_section(self._quality, self._origin("quality of closes", "quality", "--json"))
        sections = (
            self.limits(), *self.recorded(), self.tails(), self.components(), self.stress(), self.reverse(),
            *self.liquidity(), self.alerts(), self.backtests(), self.performance(), quality, signatures_section(),
        )  # fmt: skip
        return Report(f"Risk report: {terms.portfolio}", facts, sections)

    def limits(self) -> Section:
        """Numbers that limits bound, as they are now."""
        terms = self._terms
        now = {
            "drawdown": self._drawdown(),
            "var99": (self._forecast().value_at_risk(0.99), f"99% value at risk of a day by {terms.model}"),
            "weight": (float(self._weights.max()), "largest weight"),
            "concentration": (float(self._weights @ self._weights), "sum of squared weights"),
        }
        rows: list[tuple[Cell, ...]] = []
        for name, (value, formula) in now.items():
            limit = getattr(terms.limits, name)
            used = None if limit is None else value / limit
            verdict = "no limit" if used is None else "BREACHED" if used > 1 else "inside"
            rows.append((name, value, limit, used, verdict, formula))
        columns = (
            Column("number"), Column("now", "fraction"), Column("limit", "fraction"), Column("used", "fraction", 1),
            Column("verdict"), Column("formula"),
        )  # fmt: skip
        table = Table("Numbers beside their limits", columns, tuple(rows), self._origin(terms.model))
        return Section("Limits", (), (table,))

    def recorded(self) -> tuple[Section, ...]:
        """The section of recorded numbers; none for a portfolio that no bot looks after."""
        live = self._live
        if live is None:
            return ()
        config = ("--config", self._terms.closes.config, "--block", live.recorded.block, "--json")
        command = shlex.join(["quantera", "risk", "history", *map(str, config)])
        day = f"{datetime.fromtimestamp(live.recorded.at, UTC):%Y-%m-%d}"
        return (recorded_section(live, Origin(day, "the chain's", f"sha256:{live.data_hash}", command)),)

    def tails(self) -> Section:
        """Value at risk and shortfall: by the model, simulated, and in the worst year."""
        terms, history = self._terms, self._history
        fitted, forecast = self._fitted(), self._forecast()
        columns = (
            Column("method"), Column("days", "count"), Column("level", "fraction", 1),
            Column("VaR", "fraction", 3), Column("standard error", "fraction", 3),
            Column("ES", "fraction", 3), Column("standard error", "fraction", 3),
        )  # fmt: skip
        model_rows: list[tuple[Cell, ...]] = [
            (terms.model, 1, level, forecast.value_at_risk(level), None, forecast.shortfall(level), None)
            for level in LEVELS
        ]
        worst = stressed_tail(history.returns, self._weights, LEVELS)
        year = f"{history.dates[worst.first]} to {history.dates[worst.last]}"
        stressed: list[tuple[Cell, ...]] = [
            (f"historical, {year}", 1, level, var, None, shortfall, None)
            for level, var, shortfall in zip(worst.levels, worst.var, worst.shortfall, strict=True)
        ]
        simulated: list[tuple[Cell, ...]] = [
            (f"{terms.source}, {terms.paths:,} paths", one.horizon, one.level, one.var, one.var_error, one.shortfall,
             one.shortfall_error)
            for one in self._simulated()
        ]  # fmt: skip
        note = (f"The model fell back: {fitted.note}.",) if fitted.note else ()
        text = (
            "Value at risk (VaR) is the loss that is exceeded with a probability of one less the level; expected "
            "shortfall (ES) is the mean loss in those cases. Both are fractions of NAV, and gains are negative.",
            "The stressed numbers are those of today's weights in the twelve months in which their 97.5% shortfall "
            "was the largest.",
            *note,
        )
        tables = (
            Table("Model", columns, tuple(model_rows), self._origin(terms.model)),
            Table("Simulated", columns, tuple(simulated), self._simulation_origin()),
            Table("Stressed", columns, tuple(stressed), self._origin("historical simulation of the worst year")),
        )
        return Section("Value at risk and expected shortfall", text, tables)

    def components(self) -> Section:
        """The part of every asset in the simulated tail."""
        tail = next(one for one in self._simulated() if (one.horizon, one.level) == (1, 0.99))
        order = [int(index) for index in np.argsort(-tail.var_parts.component, kind="stable")]
        held = [index for index in order if self._weights[index] > 0]
        symbols, parts, beyond = self._history.symbols, tail.var_parts, tail.shortfall_parts
        columns = (
            Column("asset"), Column("weight", "fraction"), Column("VaR part", "fraction", 3),
            Column("standard error", "fraction", 3), Column("marginal VaR", "number", 4),
            Column("ES part", "fraction", 3), Column("marginal ES", "number", 4),
        )  # fmt: skip
        rows: list[tuple[Cell, ...]] = [
            (symbols[index], float(self._weights[index]), float(parts.component[index]), float(parts.error[index]),
             float(parts.marginal[index]), float(beyond.component[index]), float(beyond.marginal[index]))
            for index in held
        ]  # fmt: skip
        rows.append(("sum", "", tail.var, None, None, tail.shortfall, None))
        shown = held[:_LARGEST]
        origin = self._simulation_origin()
        chart = Chart(
            "Parts of VaR and ES, one day at 99%", "bars", tuple(symbols[index] for index in shown),
            (Series("VaR", tuple(float(parts.component[index]) for index in shown)),
             Series("ES", tuple(float(beyond.component[index]) for index in shown))), "fraction", origin,
        )  # fmt: skip
        text = (
            "The part of an asset is its expected loss given that the portfolio loses as much as VaR, or more for "
            "ES (Tasche 2000). The parts sum to the number; the marginal number is the part over the weight. "
            f"{float(self._weights.sum()):.2%} of NAV are invested; the remainder is cash.",
        )
        return Section("Components", text, (Table("One day at 99%", columns, tuple(rows), origin),), (chart,))

    def stress(self) -> Section:
        """Past falls, named scenarios, correlations and the worst shocks of a grid."""
        found = self._stressed()
        origin = self._origin("today's weights and covariance, quantile of the fitted t", *self._stress_arguments())
        episodes: tuple[tuple[Cell, ...], ...] = tuple(
            (str(one.high), str(one.low), -one.depth, -float(loss))
            for one, loss in zip(found.episodes, found.episode_losses, strict=True)
        )
        scenarios = load_scenarios()
        losses = stress_losses(scenarios, self._weights, self._covariance())
        named: tuple[tuple[Cell, ...], ...] = tuple(
            (one.name, one.kind, one.source, -loss) for one, loss in zip(scenarios, losses, strict=True)
        )
        correlated: tuple[tuple[Cell, ...], ...] = tuple(
            (part, float(value)) for part, value in zip(risk_stress.PARTS, found.correlated, strict=True)
        )
        grid: tuple[tuple[Cell, ...], ...] = tuple(
            (", ".join(f"{size:+.0f}" for size in found.grid.sigmas[index]), -float(found.grid.losses[index]))
            for index in found.grid.worst(_LARGEST)
        )
        change = Column("portfolio", "fraction")
        tables = (
            Table("Falls of the market in the closes", (Column("high"), Column("low"), Column("market", "fraction"),
                  change), episodes, origin),
            Table("Named scenarios", (Column("scenario"), Column("kind"), Column("source of the size"), change), named,
                  self._origin("keepers/risk/scenarios.yaml")),
            Table("99% VaR with correlations moved towards one", (Column("part of the way", "fraction", 0),
                  Column("VaR", "fraction", 3)), correlated, origin),
            Table(f"Worst of {found.grid.losses.size:,} shocks along the principal components",
                  (Column("standard deviations"), change), grid, origin),
        )  # fmt: skip
        charts: tuple[Chart, ...] = ()
        if found.episodes:
            labels = tuple(str(one.low)[:7] for one in found.episodes)
            values = (
                Series("market", tuple(-one.depth for one in found.episodes)),
                Series("portfolio", tuple(-float(loss) for loss in found.episode_losses)),
            )
            charts = (Chart("Falls of the market", "bars", labels, values, "fraction", origin),)
        return Section("Stress", ("Today's weights are held through each shock.",), tables, charts)

    def reverse(self) -> Section:
        """The nearest breach of each limit."""
        found = self._stressed()
        origin = self._origin(
            "nearest shock in Mahalanobis distance, quantile of the fitted t", *self._stress_arguments()
        )
        columns = (
            Column("limit"), Column("value", "fraction"), Column("distance", "number"), Column("loss", "fraction"),
            Column("largest moves"),
        )  # fmt: skip
        rows: list[tuple[Cell, ...]] = []
        reached = {one.limit: one for one in found.breaches}
        for name in names_of(self._terms.limits):
            limit = float(getattr(self._terms.limits, name))
            if name not in reached:
                rows.append((name, limit, None, None, "no shock reaches it"))
                continue
            one = reached[name]
            order = np.argsort(-np.abs(self._weights * one.shock), kind="stable")[:4]
            moves = ", ".join(f"{found.symbols[index]} {one.shock[index]:+.1%}" for index in order)
            rows.append((name, limit, one.distance, one.loss, moves))
        text = [
            "The distance is in daily standard deviations of the covariance; 0 says that the limit is breached now."
        ]
        if found.fewest is not None:
            line = risk_stress.fewest_line(found.fewest, found.symbols).strip()
            text.append(f"{line[0].upper()}{line[1:]}.")
        return Section("Reverse stress", tuple(text), (Table("Nearest breach", columns, tuple(rows), origin),))

    def liquidity(self) -> tuple[Section, ...]:
        """The section of sales through the markets at the block, with all of their depth and with a part of it."""
        live = self._live
        if live is None or not self._terms.liquidity:
            return ()
        block, day = live.recorded.block, f"{datetime.fromtimestamp(live.recorded.at, UTC):%Y-%m-%d}"
        found = []
        for depth in DEPTHS:
            sold = risk_liquidity.liquidity(live.config, Unwind(depth=depth), block)
            words = ("--config", self._terms.closes.config, "--depth", f"{depth:g}", "--at", block, "--json")
            command = shlex.join(["quantera", "risk", "liquidity", *map(str, words)])
            found.append((sold, Origin(day, "routes through the listed markets", f"sha256:{sold.data_hash}", command)))
        return (liquidity_section(found),)

    def alerts(self) -> Section:
        """Probabilities of breaches, with their record."""
        terms = self._terms
        fall = 0.0 if self._live is None else self._live.recorded.numbers.get("drawdown", 0.0)
        found = risk_alerts.alerts_of(
            self._history, terms.portfolio, terms.limits, drawdown=fall, seed=terms.seed, progress=self._progress
        )
        command = (
            "alerts", "--portfolio", terms.portfolio, *terms.limit_arguments(), "--drawdown", fall,
            "--seed", terms.seed, "--json",
        )  # fmt: skip
        return alerts_section(found, self._origin(risk_alerts.MODEL, *command))

    def backtests(self) -> Section:
        """Verdicts of all tests, and the days beside value at risk."""
        terms = self._terms
        protocol = Protocol(self._window, levels=LEVELS)
        history = self._history.last(self._window, terms.last)
        model = model_named(terms.model)
        results, tracks = backtest(history, [model], [terms.portfolio], protocol, progress=self._progress)
        command = (
            "backtest", "--model", terms.model, "--portfolio", terms.portfolio, "--last", terms.last, "--forecasts",
            "--json",
        )  # fmt: skip
        origin = self._origin(terms.model, *command)
        columns = (
            Column("test"), Column("statistic", "number", 4), Column("critical", "number", 4), Column("p", "number", 4),
            Column("N", "count"), Column("VaR level", "fraction", 1), Column("test level", "fraction", 1),
            Column("verdict"),
        )  # fmt: skip
        tables, text = [], []
        for result in results:
            rows: tuple[tuple[Cell, ...], ...] = tuple(
                (one.test, one.statistic, one.critical, one.p_value, one.observations, one.level, one.test_level,
                 "accepted" if one.accepted else "REJECTED")
                for one in result.outcomes
            )  # fmt: skip
            tables.append(Table(f"Tests at {result.level:.0%}", columns, rows, origin))
            rejected = ", ".join(result.rejections) or "none"
            judged = result.outcomes[0].observations
            text.append(
                f"At {result.level:.0%} losses exceeded VaR on {result.exceeded:,} of {judged:,} days; "
                f"{result.expected:,.1f} were expected. Tests that reject: {rejected}."
            )
            text += [f"The model fell back: {note}." for note in result.notes]
        track = tracks[terms.model, terms.portfolio]
        lines = (
            Series("return", tuple(map(float, track.returns))),
            Series("less VaR 99%", tuple(map(float, -track.var[LEVELS.index(0.99)]))),
        )
        labels = tuple(map(str, history.dates[self._window :]))
        chart = Chart("Daily returns and value at risk", "lines", labels, lines, "fraction", origin)
        return Section("Backtests", tuple(text), tuple(tables), (chart,))

    def performance(self) -> Section:
        """The tear sheet: every number with its formula."""
        terms = self._terms
        found = risk_attribution.attribute(self._history, terms.portfolio, terms.benchmark, terms.days, "carino")
        command = (
            "attribution", "--portfolio", terms.portfolio, "--benchmark", terms.benchmark,
            "--days", terms.days, "--json",
        )  # fmt: skip
        return performance_section(found, self._origin("daily returns, no costs", *command))

    def _drawdown(self) -> tuple[float, str]:
        """The drawdown now, and what it is measured from."""
        if self._live is not None and "drawdown" in self._live.recorded.numbers:
            return self._live.recorded.numbers["drawdown"], "fall of the share price below its high-water mark on chain"
        days = self._terms.days
        fall = drawdowns(self._history.returns[-days:] @ self._weights)[-1]
        return float(fall), f"fall below the highest value of the last {days:,} days"

    def _fitted(self) -> FittedModel:
        """The model of the terms, fitted to the last window."""
        if self._model is None:
            self._model = model_named(self._terms.model).fit(self._history.returns[-self._window :])
        return self._model

    def _forecast(self) -> PortfolioForecast:
        """The model's forecast of the portfolio's next day."""
        return self._fitted().forecast(self._history.returns[-self._window :]).portfolio(self._weights)

    def _covariance(self) -> Array:
        returns = self._history.returns[-self._window :]
        return BotModel.fit(returns, DEFAULT_TERMS).forecast(returns).covariance

    def _simulated(self) -> list[Tail]:
        if self._tails is None:
            book = risk_simulation.book_of(self._history, self._terms.portfolio, self._terms.source)
            self._tails = risk_simulation.simulate(book, self._terms.paths, self._terms.seed, HORIZONS, LEVELS)
        return self._tails

    def _stressed(self) -> risk_stress.Stress:
        if self._stress is None:
            self._stress = risk_stress.stress(self._history, self._terms.portfolio, self._terms.limits)
        return self._stress

    def _stress_arguments(self) -> tuple[object, ...]:
        return ("stress", "--portfolio", self._terms.portfolio, *self._terms.limit_arguments(), "--json")

    def _simulation_origin(self) -> Origin:
        terms = self._terms
        days = [part for horizon in HORIZONS for part in ("--horizon", horizon)]
        return self._origin(
            f"{terms.source}, seed {terms.seed}", "var", "--portfolio", terms.portfolio, "--source", terms.source,
            "--scenarios", terms.paths, "--seed", terms.seed, *days, "--json",
        )  # fmt: skip

    def _origin(self, model: str, *command: object) -> Origin:
        """Origin of numbers that a command prints; the report's own command where no other does."""
        line = self._terms.command(str(command[0]), *command[1:]) if command else self._terms.whole()
        return Origin(str(self._history.dates[-1]), model, f"sha256:{self._history.data_hash}", line)
