"""A deployment's settings of a portfolio's limits, budget and pace, as people write them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from keepers.portfolio import state
from keepers.portfolio.state import NO_SHARPE, OFF
from keepers.schema import Strict

PartBps = Annotated[int, Field(ge=1, le=10_000)]
Cap = Annotated[int, Field(ge=1, le=65_535)]


class LimitsConfig(Strict):
    """Risk limits, basis points; IRiskEngine.Limits, whose order this keeps. Those with a default are off by it."""

    max_var99: PartBps
    max_weight: PartBps
    max_drawdown: PartBps
    halt_drawdown: PartBps
    max_var95: Cap = OFF
    max_es975: Cap = OFF
    max_volatility: Cap = OFF
    max_component_var: Cap = OFF
    max_herfindahl: Cap = OFF
    max_leverage: Cap = OFF
    max_realised_volatility: Cap = OFF
    max_beta: Cap = OFF
    max_liquidation_tenths: Cap = OFF
    worst_grade: Annotated[int, Field(ge=0, le=255)] = 255
    min_sharpe: Annotated[int, Field(ge=-32_768, le=32_767)] = NO_SHARPE

    @model_validator(mode="after")
    def _ordered(self) -> LimitsConfig:
        if self.halt_drawdown < self.max_drawdown:
            raise ValueError(f"halt_drawdown {self.halt_drawdown} is below max_drawdown {self.max_drawdown}")
        return self

    def as_tuple(self) -> tuple[int, ...]:
        """Returns the fields as the ABI encodes them."""
        return tuple(self.model_dump().values())

    @property
    def as_limits(self) -> state.Limits:
        """The limits as keepers read them from the chain."""
        return state.Limits(*self.as_tuple())


class LossBudget(Strict):
    """Most that trading may lose in any window."""

    bps: PartBps
    window: Annotated[int, Field(gt=0, lt=2**40)]


class Trading(Strict):
    """Maximum trading of portfolios without a policy of their own; IAutoRebalancer.Policy."""

    max_turnover: Annotated[int, Field(ge=1, le=50_000)] = 40_000
    turnover_window: Annotated[int, Field(ge=3_600, le=7_776_000)] = 604_800
    min_interval: Annotated[int, Field(ge=0, le=2_592_000)] = 0
    keeper_fee: Annotated[int, Field(ge=0, le=10)] = 0

    def as_tuple(self) -> tuple[int, ...]:
        """Returns the fields as the ABI encodes them."""
        return self.max_turnover, self.turnover_window, self.min_interval, self.keeper_fee
