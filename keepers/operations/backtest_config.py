"""The file that says what a backtest replays: closes, portfolios, and the terms of the protocol."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, ValidationError, model_validator

from keepers.backtest.errors import BacktestError
from keepers.backtest.shares import DAY, FeeTerms
from keepers.backtest.terms import DEMO_LIMITS, Costs, Pacing, ProtocolTerms
from keepers.config import Risk
from keepers.operations.risk_backtest import Closes
from keepers.portfolio.settings import LimitsConfig, LossBudget, PartBps, Trading
from keepers.portfolio.strategies import Strategy
from keepers.rebalancing.settings import Method, MomentumSettings, RebalanceSettings
from keepers.schema import Positive, Strict
from keepers.yamlfile import read_mapping

MOMENTUM = "momentum"
STRATEGIES: tuple[str, ...] = (*get_args(Strategy), MOMENTUM, *get_args(Method))
"""Names that need no file: those of `rebalance.strategy`, and signals that need nothing but closes."""

Pips = Annotated[float, Field(ge=0, lt=10_000)]


class DataSettings(Strict):
    """Closes: a CSV or Parquet file, or the packaged S&P 500 stocks; keepers.operations.risk_backtest has the rest."""

    prices: Path | None = None
    actions: Path | None = None
    calendar: str | None = None
    accept_findings: bool = False


class CostSettings(Strict):
    """Costs of trading: a pool of `pool_usd` a side with a fee of `fee_bps`, or `flat_bps` of what is sold."""

    pool_usd: Positive = 400e6
    fee_bps: Pips = 5.0
    flat_bps: Pips | None = None

    @property
    def as_costs(self) -> Costs:
        """Costs as the simulated protocol has them."""
        return Costs(self.pool_usd, round(self.fee_bps * 100), self.flat_bps)


class FeeSettings(Strict):
    """Fees and the price guard by the names of a deployment: basis points, seconds."""

    management: Annotated[int, Field(ge=0, le=500)] = 0
    performance: Annotated[int, Field(ge=0, le=3_000)] = 0
    period: Annotated[int, Field(ge=DAY, le=366 * DAY)] = 30 * DAY
    max_jump: Annotated[int, Field(ge=100, le=10_000)] = 2_000

    @property
    def as_terms(self) -> FeeTerms:
        """Fees as the simulated protocol has them."""
        return FeeTerms(self.management, self.performance, self.period, self.max_jump)


class BacktestSettings(Strict):
    """A whole backtest; `portfolios` are settings of a rebalance bot by name.

    `start` and `end` are the first and last day. `trials` is how many strategies were tried until these were chosen,
    these included; the number of portfolios if it is not given. `stocks` are the columns that are held; without it all
    but those that signals read as the market. `tails_every` is how many models share one fit of parameters and tails,
    which a keeper fits for each. Limits, loss budget and trading have the names of a deployment.
    """

    data: DataSettings = DataSettings()
    start: date | None = None
    end: date | None = None
    capital: Annotated[int, Field(ge=10_000, le=10**11)] = 10_000_000
    stocks: tuple[str, ...] = ()
    trials: Annotated[int, Field(ge=1)] | None = None
    portfolios: dict[str, RebalanceSettings] = Field(default_factory=dict)
    risk: Risk = Risk()
    limits: LimitsConfig = LimitsConfig(
        max_var99=DEMO_LIMITS.max_var99_bps,
        max_weight=DEMO_LIMITS.max_weight_bps,
        max_drawdown=DEMO_LIMITS.max_drawdown_bps,
        halt_drawdown=DEMO_LIMITS.halt_drawdown_bps,
    )
    loss_budget: LossBudget = LossBudget(bps=200, window=7 * DAY)
    trading: Trading = Trading()
    fees: FeeSettings = FeeSettings()
    costs: CostSettings = CostSettings()
    cooling_time: Annotated[int, Field(ge=0, lt=2**32)] = 2 * DAY
    max_deviation_bps: PartBps = 1_000
    tails_every: Annotated[int, Field(ge=1)] = 63

    @model_validator(mode="after")
    def _in_order(self) -> BacktestSettings:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError(f"start {self.start} is not before end {self.end}")
        if self.trials is not None and self.trials < len(self.portfolios):
            raise ValueError(f"trials {self.trials} is below the {len(self.portfolios)} portfolios")
        return self

    @property
    def terms(self) -> ProtocolTerms:
        """Terms of the simulated protocol."""
        pacing = self.trading
        return ProtocolTerms(
            limits=self.limits.as_limits,
            loss_budget_bps=self.loss_budget.bps,
            loss_window=self.loss_budget.window,
            pacing=Pacing(pacing.max_turnover, pacing.turnover_window, pacing.min_interval, pacing.keeper_fee),
            fees=self.fees.as_terms,
            costs=self.costs.as_costs,
            cooling=self.cooling_time,
            max_deviation_bps=self.max_deviation_bps,
            model_lifetime=int(self.risk.model_lifetime_hours * 3600),
            tails_every=self.tails_every,
        )

    def closes(self, base: Path) -> Closes:
        """Source of the closes.

        Args:
            base: Folder that paths are relative to.
        """
        data = self.data
        prices, actions = (None if path is None else base / path for path in (data.prices, data.actions))
        return Closes(prices, actions, data.calendar, data.accept_findings)


def load(path: Path | None) -> BacktestSettings:
    """Settings of a file; the defaults for None.

    Raises:
        BacktestError: If they are not as they have to be.
        YamlError: If the file cannot be read.
    """
    return BacktestSettings() if path is None else _validated(read_mapping(path), path)


def overridden(
    settings: BacktestSettings, prices: Path | None, start: date | None, end: date | None, trials: int | None
) -> BacktestSettings:
    """Settings with what the command line says in their place.

    Args:
        settings: Settings of a file.
        prices: File of closes, relative to the working folder.
        start, end: First and last day.
        trials: Strategies that were tried.

    Raises:
        BacktestError: If they no longer fit together.
    """
    raw = settings.model_dump(exclude_unset=True)
    given = {"start": start, "end": end, "trials": trials}
    raw |= {name: value for name, value in given.items() if value is not None}
    if prices is not None:
        raw["data"] = {**raw.get("data", {}), "prices": prices.resolve()}
    return _validated(raw, "the command line")


def _validated(raw: dict[str, Any], where: object) -> BacktestSettings:
    try:
        return BacktestSettings.model_validate(raw)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        key = ".".join(map(str, faults[0]["loc"])) or "settings"
        reason = str(faults[0]["msg"]).removeprefix("Value error, ")
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise BacktestError(f"{where}: {key}", reason + more, "see docs/backtest.md for every key") from None


def settings_named(name: str) -> RebalanceSettings:
    """Settings of a bot that follows a strategy or a signal by its name.

    Raises:
        BacktestError: If there is no such name.
    """
    if name == MOMENTUM:
        return RebalanceSettings(model=MOMENTUM, momentum=MomentumSettings(enabled=True))
    if name in get_args(Method):
        return RebalanceSettings.model_validate({"model": name, "construction": {"enabled": True, "method": name}})
    if name not in STRATEGIES:
        raise BacktestError(f"strategy '{name}'", "unknown", f"choose from {', '.join(STRATEGIES)}")
    return RebalanceSettings.model_validate({"strategy": name})
