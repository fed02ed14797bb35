"""Settings of a rebalance: how targets are found, how far trades may go, when it is due."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import Field, model_validator

from keepers.portfolio.strategies import Strategy
from keepers.schema import Bps, Fraction, Positive, Strict


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


class RegimeSettings(Strict):
    """A strategy for each risk regime, as a model file forecasts it; `market` is its column of the price file."""

    enabled: bool = False
    file: Path = Path("model.onnx")
    market: Annotated[str, Field(min_length=1)] = "MARKET"
    calm: Strategy = "equal-weight"
    turbulent: Strategy = "minimum-variance"


class RebalanceSchedule(Strict):
    """When a portfolio inside its limits is rebalanced: every so many days, if it drifted so far."""

    every_n_days: int = Field(default=21, ge=1)
    drift_bps: Bps = 200


class RebalanceSettings(Strict):
    """How target weights are found and traded; `_bps` are basis points of NAV unless they say otherwise.

    `max_weight_buffer` and `var_buffer` are parts of the chain's limits that stay unused. `turnover_cost` is
    what trading a unit of NAV costs, a fraction, spread over the `holding_days` that a position is held; the
    first investment does not weigh it. `slippage_bps` is off the quote,
    `oracle_slippage_bps` off the oracle's price; both bound a trade. `strategy` is what is held where limits, costs and
    momentum leave a choice, and where a signal cannot decide: keepers.portfolio.strategies. `model` is the name under
    which the deployment registered what decides here, the strategy's unless given.
    """

    strategy: Strategy = "equal-weight"
    model: Annotated[str, Field(min_length=1)] = "equal-weight"
    risk_aversion: Positive = 5.0
    momentum: MomentumSettings = MomentumSettings()
    regime: RegimeSettings = RegimeSettings()
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
    signal_lifetime_seconds: int = Field(default=1800, ge=1)
    schedule: RebalanceSchedule = RebalanceSchedule()

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_strategy(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "strategy" in raw:
            return {"model": raw["strategy"], **raw}
        return raw

    @model_validator(mode="after")
    def _says_what_it_is(self) -> Self:
        if self.momentum.enabled and self.regime.enabled:
            raise ValueError("momentum and regime are both enabled; a portfolio follows one signal")
        signal = "momentum" if self.momentum.enabled else "regimes" if self.regime.enabled else ""
        if self.model in get_args(Strategy) and (self.model != self.strategy or signal):
            what = f"with {signal}" if signal else f"but the strategy {self.strategy}"
            raise ValueError(f"model {self.model} is the name of a plain strategy, {what}; give the model its own name")
        return self
