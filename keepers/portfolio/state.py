"""The state that keepers decide from: a portfolio, its risk, model and reports, as the chain had them at one block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WAD = 10**18
STATES = ("Normal", "Warning", "DeRiskOnly", "Halted")
"""IRiskEngine.State by number."""

OFF = 65_535
"""A limit that limits nothing."""

NO_SHARPE = -32_768
"""A least Sharpe ratio that limits nothing."""

MIN_OBSERVATIONS = 20
"""Daily returns below which the chain's limit on the Sharpe ratio binds nothing."""

UNKNOWN_DAYS = 2**256 - 1
"""Days to liquidate where the depth of an asset is not known."""

BEYOND_TRADING = ("drawdown", "realised volatility", "beta", "Sharpe", "grade")
"""Limits whose breach trades cannot mend."""

WARNING_BPS = 9_600
"""Part of a limit above which the chain warns, basis points."""


@dataclass(frozen=True)
class Limits:
    """IRiskEngine.Limits, basis points; those with a default are off by it."""

    max_var99_bps: int
    max_weight_bps: int
    max_drawdown_bps: int
    halt_drawdown_bps: int
    max_var95_bps: int = OFF
    max_es975_bps: int = OFF
    max_volatility_bps: int = OFF
    max_component_bps: int = OFF
    max_herfindahl_bps: int = OFF
    max_leverage_bps: int = OFF
    max_realised_volatility_bps: int = OFF
    max_beta_bps: int = OFF
    max_liquidation_tenths: int = OFF
    worst_grade: int = 255
    min_sharpe_bps: int = NO_SHARPE

    def var99_cap(self, model: ModelInfo) -> float:
        """The tightest of the limits that are multiples of volatility, as one of VaR 99%, basis points."""
        caps = [float(self.max_var99_bps)]
        for cap, z in (
            (self.max_var95_bps, model.z95),
            (self.max_es975_bps, model.es975),
            (self.max_volatility_bps, WAD),
        ):
            if cap != OFF and z:
                caps.append(cap * model.z99 / z)
        return min(caps)


@dataclass(frozen=True)
class Metrics:
    """IRiskEngine.Metrics, WAD but for `observations` and `grade`: nav USD, sharePrice settlement tokens,
    days_to_liquidate days, the rest fractions and ratios.
    """

    nav: int
    volatility: int
    var95: int
    var99: int
    max_weight: int
    share_price: int
    high_water_mark: int
    drawdown: int
    es975: int = 0
    max_component: int = 0
    herfindahl: int = 0
    leverage: int = 0
    realised_volatility: int = 0
    days_to_liquidate: int = 0
    sharpe: int = 0
    beta: int = 0
    observations: int = 0
    grade: int = 0

    def breaches(self, limits: Limits, part_bps: int = 10_000) -> list[str]:
        """Returns the limits that are breached: "VaR", "weight", "drawdown" and so on, as the chain compares them.

        Args:
            limits: Limits of the portfolio.
            part_bps: Part of each limit that counts, basis points; grade and Sharpe count whole.
        """
        pairs = (
            ("VaR", self.var99, limits.max_var99_bps),
            ("weight", self.max_weight, limits.max_weight_bps),
            ("drawdown", self.drawdown, limits.max_drawdown_bps),
            ("VaR 95%", self.var95, limits.max_var95_bps),
            ("expected shortfall", self.es975, limits.max_es975_bps),
            ("volatility", self.volatility, limits.max_volatility_bps),
            ("component VaR", self.max_component, limits.max_component_bps),
            ("concentration", self.herfindahl, limits.max_herfindahl_bps),
            ("leverage", self.leverage, limits.max_leverage_bps),
            ("realised volatility", self.realised_volatility, limits.max_realised_volatility_bps),
            ("beta", abs(self.beta), limits.max_beta_bps),
            ("liquidity", self.days_to_liquidate // 1000, limits.max_liquidation_tenths),
        )
        found = [n for n, value, cap in pairs if cap != OFF and value > cap * (WAD // 10_000) * part_bps // 10_000]
        if self.grade > limits.worst_grade:
            found.append("grade")
        known = self.observations >= MIN_OBSERVATIONS and self.realised_volatility != 0
        limited = limits.min_sharpe_bps != NO_SHARPE
        if known and limited and self.sharpe < limits.min_sharpe_bps * (WAD // 10_000):
            found.append("Sharpe")
        return found


@dataclass(frozen=True)
class ModelInfo:
    """ICovarianceModels.ModelInfo; the nonce is zero before the first model."""

    pointer: str
    as_of: int
    expiry: int
    size: int
    nonce: int
    z95: int = 0
    z99: int = 0
    es975: int = 0
    posted_at: int = 0


@dataclass(frozen=True)
class StepBounds:
    """ICovarianceModels.StepBounds.

    Attributes:
        min_delay, max_lifetime: Seconds.
        max_fall_bps: Part of sigma_i sigma_j that a covariance may fall by.
        max_unseen_rise_bps: Part of sigma_i sigma_j that a covariance may rise by, beside what prices have shown.
    """

    min_delay: int
    max_lifetime: int
    max_fall_bps: int
    max_unseen_rise_bps: int


@dataclass(frozen=True)
class RiskView:
    """The risk of a portfolio, read from the risk engine.

    Attributes:
        state: One of STATES.
        limits: Risk limits.
        model: Model of the portfolio's universe.
        metrics: None where the chain cannot compute them.
        unavailable_reason: Decoded reason for that, otherwise "".
    """

    state: str
    limits: Limits
    model: ModelInfo
    metrics: Metrics | None
    unavailable_reason: str

    def breaches(self, part_bps: int = 10_000) -> list[str]:
        """Returns `Metrics.breaches`, or an empty list if there are no metrics."""
        return self.metrics.breaches(self.limits, part_bps) if self.metrics else []


@dataclass(frozen=True)
class ReportInfo:
    """The last accepted risk report of a portfolio; the nonce is zero before the first.

    Attributes:
        nonce: Nonce of the report.
        as_of, expiry: Unix seconds.
        model_nonce: Nonce of the model that it was made under.
        monte_carlo_var: WAD of NAV; 1, 5, 10 days, each at 95%, 99%, 99.9%.
        scenarios: Name of each scenario.
        stress_losses: WAD of NAV, one per scenario.
        monte_carlo_es: WAD of NAV, in the order of `monte_carlo_var`.
    """

    nonce: int
    as_of: int = 0
    expiry: int = 0
    model_nonce: int = 0
    monte_carlo_var: tuple[int, ...] = ()
    scenarios: tuple[str, ...] = ()
    stress_losses: tuple[int, ...] = ()
    monte_carlo_es: tuple[int, ...] = ()


@dataclass(frozen=True)
class DepthInfo:
    """The last accepted depth report of an asset; the nonce is zero before the first.

    Attributes:
        asset: Address.
        as_of, expiry: Unix seconds.
        nonce: Nonce of the report.
        depth: WAD USD per day: the minimum of the signed depth and of what its pools hold now; 0 once expired.
    """

    asset: str
    as_of: int
    expiry: int
    nonce: int
    depth: int


@dataclass(frozen=True, eq=False)
class PortfolioState:
    """A portfolio at one block. Lists are in the order of `assets`, the settlement token first.

    Attributes:
        address: Address of the portfolio.
        block: Height.
        assets: Addresses.
        decimals: Decimals of each asset.
        balances: Smallest units.
        values: WAD USD.
        prices: WAD USD per whole token.
        risk: Risk, read from the risk engine.
        covariance: (assets - 1, assets - 1), daily, of the risky assets, as the posted model has it; None
            before the first model.
        loss_level, loss_capacity: WAD of NAV in the loss bucket, and what it holds.
    """

    address: str
    block: int
    assets: tuple[str, ...]
    decimals: tuple[int, ...]
    balances: tuple[int, ...]
    values: tuple[int, ...]
    prices: tuple[int, ...]
    risk: RiskView
    covariance: NDArray[np.float64] | None
    loss_level: int
    loss_capacity: int

    @property
    def nav(self) -> int:
        """WAD USD."""
        return sum(self.values)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(assets - 1,), of the risky assets, fractions of NAV; zeros for an empty portfolio."""
        nav = self.nav
        risky = [value / nav if nav else 0.0 for value in self.values[1:]]
        return np.array(risky, dtype=np.float64)
