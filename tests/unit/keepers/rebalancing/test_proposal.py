from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from keepers.portfolio.state import WAD, Limits, Metrics, ModelInfo, PortfolioState, RiskView
from keepers.portfolio.strategies import Strategy, reference_weights
from keepers.rebalancing.proposal import DAY, Intent, PlanRefused, build, decide, prior_returns
from keepers.rebalancing.settings import RebalanceSettings
from keepers.risk.metrics import value_at_risk
from keepers.routing.pools import V2Pool
from keepers.signals.signal import Fallback

CASH, AAA, BBB = (f"0x{index:040x}" for index in (1, 2, 3))
COVARIANCE = np.array([[4e-4, 1e-4], [1e-4, 9e-4]])
LIMITS = Limits(400, 6000, 1500, 3000)
SETTINGS = RebalanceSettings()
HOLD = Fallback("equal-weight").advise()
NOW = 1_600_000_000


def state(
    weights: tuple[float, float], nav: int = 1_000_000, risk: str = "Normal", drawdown: float = 0.0
) -> PortfolioState:
    """Whole dollars of each, every price one dollar, every token with 18 decimals."""
    values = [int(nav * weight) * WAD for weight in weights]
    balances = (nav * WAD - sum(values), *values)
    var = int(value_at_risk(np.array(weights), COVARIANCE) * WAD)
    metrics = Metrics(nav * WAD, 0, 0, var, int(max(weights) * WAD), WAD, WAD, int(drawdown * WAD))
    view = RiskView(risk, LIMITS, ModelInfo(CASH, NOW, NOW + DAY, 2, 1), metrics, "")
    prices = (WAD, WAD, WAD)
    return PortfolioState(
        CASH, 1, (CASH, AAA, BBB), (18, 18, 18), balances, balances, prices, view, COVARIANCE, 0, WAD // 100
    )


def pools(depth: int = 1_000_000_000) -> list[V2Pool]:
    """A pool of each risky asset with cash, that many dollars deep."""
    return [V2Pool(f"0x{9 + n:040x}", CASH, token, depth * WAD, depth * WAD) for n, token in enumerate((AAA, BBB))]


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_prior_returns__optimised_without_limits__hold_the_strategy(strategy: Strategy) -> None:
    settings = RebalanceSettings(strategy=strategy)
    returns = prior_returns(COVARIANCE, settings, 0.9)
    unconstrained = np.linalg.solve(settings.risk_aversion * COVARIANCE, returns)
    expected = 0.98 * reference_weights(strategy, COVARIANCE, 0.9 / 0.98)
    assert unconstrained == pytest.approx(expected) and settings.model == strategy


def test_decide__advised_weights__are_approached_as_limits_allow() -> None:
    advice = replace(HOLD, weights=np.array([0.2, 0.8]))
    free = replace(state((0.0, 0.0)), risk=replace(state((0.0, 0.0)).risk, limits=Limits(2000, 9000, 1500, 3000)))
    intent = decide(free, SETTINGS, NOW, None, advice)
    np.testing.assert_allclose(intent.targets, 0.98 * np.array([0.2, 0.8]), atol=1e-5)
    bounded = decide(state((0.0, 0.0)), SETTINGS, NOW, None, advice)
    assert bounded.targets is not None and bounded.targets.max() <= 0.6 * 0.95 + 1e-9


def test_decide__all_cash__invests_up_to_the_buffered_limits() -> None:
    intent = decide(state((0.0, 0.0)), SETTINGS, NOW, None, HOLD)
    assert intent.targets is not None and intent.reason == "first investment of cash"
    assert value_at_risk(intent.targets, COVARIANCE) <= 0.04 * 0.9 + 1e-9
    assert intent.targets.sum() <= 0.98 + 1e-9


def test_decide__schedule_not_due__does_nothing() -> None:
    intent = decide(state((0.3, 0.1)), SETTINGS, NOW, NOW - 3 * DAY, HOLD)
    assert intent.targets is None and intent.reason == "inside every limit; schedule not due"


def test_decide__schedule_due_and_drifted__says_how_far() -> None:
    intent = decide(state((0.55, 0.05)), SETTINGS, NOW, NOW - 21 * DAY, HOLD)
    assert intent.targets is not None and intent.reason.startswith("schedule due, drift")


def test_decide__var_above_the_limit__lowers_it_whatever_the_schedule() -> None:
    before = state((0.5, 0.45))
    intent = decide(before, SETTINGS, NOW, NOW, HOLD)
    assert intent.derisk and intent.reason == "VaR outside the limit" and intent.targets is not None
    assert value_at_risk(intent.targets, COVARIANCE) < 0.04


def test_decide__derisk_only_inside_limits_and_due__lets_var_fall_only() -> None:
    before = state((0.4, 0.05), risk="DeRiskOnly")
    intent = decide(before, replace_drift(0), NOW, None, HOLD)
    assert intent.targets is not None
    assert value_at_risk(intent.targets, COVARIANCE) < value_at_risk(before.weights, COVARIANCE)


def test_decide__drawdown_breached_only__waits_for_the_schedule() -> None:
    intent = decide(state((0.3, 0.1), drawdown=0.2), SETTINGS, NOW, NOW, HOLD)
    assert intent.derisk and intent.targets is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (state((0.3, 0.1), risk="Halted"), "trading is halted"),
        (replace(state((0.0, 0.0)), values=(0, 0, 0)), "nothing deposited"),
        (replace(state((0.0, 0.0)), covariance=None), "no risk numbers: no model posted"),
        (state((0.0, 0.0), risk="DeRiskOnly"), "de-risk only and all in cash"),
    ],
)
def test_decide__nothing_possible__says_why(changed: PortfolioState, reason: str) -> None:
    intent = decide(changed, SETTINGS, NOW, None, HOLD)
    assert (intent.targets, intent.reason) == (None, reason)


def test_build__deep_pools__ends_at_its_targets_and_sums_to_one() -> None:
    intent = Intent("test", False, np.array([0.3, 0.2]))
    proposal = build(state((0.0, 0.0)), pools(), intent, SETTINGS, 1.0)
    assert sum(proposal.targets) == WAD and proposal.scale == 1.0
    assert np.array(proposal.targets[1:]) / WAD == pytest.approx([0.3, 0.2], abs=2e-3)
    assert all(order.min_amount_out >= order.amount_in * 985 // 1000 for order in proposal.orders)


def test_build__shallow_pools__goes_part_of_the_way() -> None:
    intent = Intent("test", False, np.array([0.3, 0.2]))
    proposal = build(state((0.0, 0.0)), pools(10_000_000), intent, SETTINGS, 1.0)
    assert proposal.scale < 1 and "part of the way" in proposal.summary()


def test_build__loss_bucket_full__refuses() -> None:
    full = replace(state((0.0, 0.0)), loss_level=WAD // 100)
    with pytest.raises(PlanRefused, match=r"the loss bucket has room for 0\.0"):
        build(full, pools(), Intent("test", False, np.array([0.3, 0.2])), SETTINGS, 1.0)


def test_build__has_to_lower_var_and_would_not__refuses() -> None:
    intent = Intent("test", True, np.array([0.6, 0.3]))
    with pytest.raises(PlanRefused, match="does not lower VaR"):
        build(state((0.3, 0.2)), pools(), intent, SETTINGS, 1.0)


def test_build__nothing_worth_trading__refuses() -> None:
    with pytest.raises(PlanRefused, match="min_trade_usd"):
        build(state((0.3, 0.2)), pools(), Intent("test", False, np.array([0.3, 0.2])), SETTINGS, 1.0)


def replace_drift(bps: int) -> RebalanceSettings:
    """Settings that rebalance from that drift on."""
    return SETTINGS.model_copy(update={"schedule": SETTINGS.schedule.model_copy(update={"drift_bps": bps})})


def test_decide__warned__is_not_de_risking() -> None:
    assert not decide(state((0.3, 0.1), risk="Warning"), SETTINGS, NOW, NOW - 3 * DAY, HOLD).derisk


def test_decide__beta_outside_its_limit__does_not_trade_for_it() -> None:
    now = state((0.3, 0.1))
    assert now.risk.metrics is not None
    view = replace(now.risk, limits=replace(LIMITS, max_beta_bps=100), metrics=replace(now.risk.metrics, beta=WAD))
    intent = decide(replace(now, risk=view), SETTINGS, NOW, NOW - 3 * DAY, HOLD)
    assert view.breaches() == ["beta"] and intent.derisk and intent.targets is None


def test_var99_cap__other_multiples_of_volatility__the_tightest_counts() -> None:
    model = ModelInfo(CASH, NOW, NOW + DAY, 2, 1, 15 * WAD // 10, 3 * WAD, 32 * WAD // 10)
    assert LIMITS.var99_cap(model) == 400
    assert replace(LIMITS, max_volatility_bps=100).var99_cap(model) == pytest.approx(300)
    assert replace(LIMITS, max_var95_bps=100, max_volatility_bps=100).var99_cap(model) == pytest.approx(200)


def test_breaches__sharpe__counts_where_a_limit_is_on() -> None:
    metrics = Metrics(WAD, 0, 0, 0, 0, WAD, WAD, 0, sharpe=-5 * WAD, observations=22, realised_volatility=1)
    assert metrics.breaches(LIMITS) == []
    assert metrics.breaches(replace(LIMITS, min_sharpe_bps=-32_767)) == ["Sharpe"]


def test_breaches__sharpe_of_too_few_days__counts_nothing() -> None:
    metrics = Metrics(WAD, 0, 0, 0, 0, WAD, WAD, 0, sharpe=0, observations=19, realised_volatility=1)
    limits = replace(LIMITS, min_sharpe_bps=5000)
    assert metrics.breaches(limits) == []
    assert replace(metrics, observations=20).breaches(limits) == ["Sharpe"]


def test_breaches__sharpe_of_returns_that_do_not_vary__counts_nothing() -> None:
    metrics = Metrics(WAD, 0, 0, 0, 0, WAD, WAD, 0, sharpe=0, observations=40, realised_volatility=0)
    assert metrics.breaches(replace(LIMITS, min_sharpe_bps=5000)) == []
