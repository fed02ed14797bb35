"""Settings of a rebalance: how targets are found, how far trades may go, when it is due."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from keepers.portfolio.strategies import Strategy
from keepers.schema import Bps, Fraction, Positive, Strict

Method = Literal["maximum-sharpe", "minimum-cvar", "black-litterman"]
"""Portfolios that are built from closes: keepers.rebalancing.construction."""

VIEWS_DAYS = 252 + 21
"""Daily returns from which momentum's skill can be measured: a year of momentum, and the month after it."""


class MomentumSettings(Strict):
    """Twelve-month momentum; `scale` is the expected daily return of one standard deviation."""

    enabled: bool = False
    scale: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0002
    lookback_days: int = Field(default=252, ge=2)
    skip_days: int = Field(default=21, ge=0)

    @model_validator(mode="after")
    def _leaves_days(self) -> Self:
        if self.skip_days >= self.lookback_days:
            raise ValueError(f"skip_days {self.skip_days} is not below lookback_days {self.lookback_days}")
        return self


class ChallengerSettings(Strict):
    """A model that forecasts beside the one that is followed, and moves nothing.

    `model` is the name under which its file is registered, in the shadow.
    """

    model: Annotated[str, Field(min_length=1)]
    file: Path


class RegimeSettings(Strict):
    """A strategy for each risk regime, as a model file forecasts it; `market` is its column of the price file."""

    enabled: bool = False
    file: Path = Path("model.onnx")
    market: Annotated[str, Field(min_length=1)] = "MARKET"
    calm: Strategy = "equal-weight"
    turbulent: Strategy = "minimum-variance"
    challenger: ChallengerSettings | None = None


class ConstructionSettings(Strict):
    """Weights built from closes: keepers.rebalancing.construction. `max_weight` is a fraction of what is invested."""

    enabled: bool = False
    method: Method = "black-litterman"
    lookback_days: int = Field(default=1008, ge=60)
    max_weight: Annotated[float, Field(gt=0, le=1)] = 0.25

    @model_validator(mode="after")
    def _reaches_back(self) -> Self:
        if self.method == "black-litterman" and self.lookback_days < VIEWS_DAYS:
            raise ValueError(f"lookback_days {self.lookback_days} is below {VIEWS_DAYS}, which momentum's skill needs")
        return self


class RebalanceSchedule(Strict):
    """When a portfolio inside its limits is rebalanced: every so many days, if it drifted so far."""

    every_n_days: int = Field(default=21, ge=1)
    drift_bps: Bps = 200


class RebalanceSettings(Strict):
    """How target weights are found and traded; `_bps` are basis points of NAV unless they say otherwise.

    `max_weight_buffer` and `var_buffer` are parts of the chain's limits that stay unused. `turnover_cost` is
    what trading a unit of NAV costs, a fraction, spread over the `holding_days` that a position is held; the
    first investment does not weigh it. `slippage_bps` is off the quote,
    `oracle_slippage_bps` off the oracle's price; both bound a trade. `basket_seconds` is how long sales and
    purchases are planned as one basket beside one order after another, 0 for not at all. `strategy` is what is held
    where limits, costs and momentum leave a choice, and where a signal cannot decide: keepers.portfolio.strategies.
    `model` is the name under which the deployment registered what decides here, the strategy's unless given.
    """

    strategy: Strategy = "equal-weight"
    model: Annotated[str, Field(min_length=1)] = "equal-weight"
    risk_aversion: Positive = 5.0
    momentum: MomentumSettings = MomentumSettings()
    regime: RegimeSettings = RegimeSettings()
    construction: ConstructionSettings = ConstructionSettings()
    max_weight_buffer: Fraction = 0.05
    var_buffer: Fraction = 0.1
    min_cash: Fraction = 0.02
    turnover_cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.003
    holding_days: int = Field(default=63, ge=1)
    band_bps: Bps = 100
    slippage_bps: Bps = 50
    oracle_slippage_bps: Bps = 150
    min_trade_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 100.0
    max_paths: int = Field(default=4, ge=1, le=16)
    basket_seconds: Annotated[float, Field(ge=0, le=60)] = 0.0
    signal_lifetime_seconds: int = Field(default=1800, ge=1)
    schedule: RebalanceSchedule = RebalanceSchedule()

    @property
    def follows_signal(self) -> bool:
        """True where a signal decides, which reads closes; False where the strategy alone does."""
        return self.momentum.enabled or self.regime.enabled or self.construction.enabled

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_strategy(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "strategy" in raw:
            return {"model": raw["strategy"], **raw}
        return raw

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Self:
        signals = {name: getattr(self, name).enabled for name in ("momentum", "regime", "construction")}
        enabled = [name for name, on in signals.items() if on]
        if len(enabled) > 1:
            raise ValueError(f"{' and '.join(enabled)} are enabled; a portfolio follows one signal")
        challenger = self.regime.challenger
        if challenger is not None and (not self.regime.enabled or challenger.model == self.model):
            what = f"the followed model {self.model} itself" if self.regime.enabled else "beside no regime.enabled"
            raise ValueError(f"challenger {challenger.model} is {what}; a challenger needs a model to be judged beside")
        signal = "".join(enabled)
        if self.model in get_args(Strategy) and (self.model != self.strategy or signal):
            what = f"with {signal}" if signal else f"but the strategy {self.strategy}"
            raise ValueError(f"model {self.model} is the name of a plain strategy, {what}; give the model its own name")
        return self
