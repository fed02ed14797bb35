"""The risk bot records each block once, judges rules by it, and tells of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keepers.bots.risk_records import limits_of, numbers_of
from keepers.portfolio.state import UNKNOWN_DAYS, WAD, Limits, Metrics, ModelInfo, ReportInfo, RiskView
from keepers.risk.recorded import CHAIN_METRICS, LIMITED, SIMULATED_METRICS, RiskUpdate
from keepers.store import model_quality, risk_metrics
from keepers.store.notices import due
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import Running, later, ready, started
from tests.unit.keepers.bots.test_risk import invested

RULES = [
    {"name": "weight-near-limit", "metric": "weight", "share_of_limit": 0.1, "channels": ["log"]},
    {"name": "halted", "metric": "state", "threshold": 2.5},
]
MODEL = ModelInfo("0x", 1_000, 2_000, 3, 1)


def updates(bot: Running) -> list[RiskUpdate]:
    """Updates among the log lines."""
    lines = [RiskUpdate.read(json.loads(line)) for line in bot.output.getvalue().splitlines()]
    return [update for update in lines if update is not None]


def view(metrics: Metrics | None, **limits: Any) -> RiskView:
    return RiskView("Warning", Limits(300, 4000, 2000, 3000, **limits), MODEL, metrics, "" if metrics else "stale")


def measured(**changes: int) -> Metrics:
    fields = ("nav", "volatility", "var95", "var99", "max_weight", "share_price", "high_water_mark", "drawdown")
    return Metrics(**{**{name: number * WAD // 100 for number, name in enumerate(fields)}, **changes})


def test_risk_bot__first_blocks__are_recorded_judged_and_told_once_over_a_restart(world: World) -> None:
    ready(world)
    invested(world)
    config = world.write_config(risk={"alerts": {"rules": RULES}})
    with started("risk", config) as bot:
        bot.step()
        store = bot.services.store
        row = risk_metrics.latest(store, "demo")
        assert row is not None and row.model_nonce == row.report_nonce == 1
        chain = bot.services.reader.risk(world.portfolio.address, world.universe, row.block)
        assert row.numbers["var99"] == chain.metrics.var99 / WAD > 0
        assert row.limits["weight"] == chain.limits.max_weight_bps / 10_000
        assert row.numbers["close_age_days"] == 0 and row.numbers["close_refusals"] == 0
        assert set(SIMULATED_METRICS) < set(row.numbers) and row.stress_scenario
        quality = model_quality.quality_of(store, "demo", 1)
        assert quality is not None and quality.quality.symbols == 3 and len(quality.data_hash) == 64
        assert f"closes up to {quality.last_close}" in " ".join(one.reason for one in store.decisions("risk:demo"))
        held = risk_metrics.holdings(store, "demo")
        assert held is not None and set(held.weights) == {"AAA", "BBB", "CCC"}
        assert held.weights["AAA"] == pytest.approx(row.numbers["weight"], abs=1e-9)
        losses = risk_metrics.stress_losses(store, "demo", 1)
        assert max(losses.values()) == losses[row.stress_scenario] == row.numbers["stress_loss"]
        assert [update.block for update in updates(bot)] == [one.block for one in risk_metrics.recorded(store, "demo")]
        count = len(risk_metrics.recorded(store, "demo"))
    with started("risk", config) as bot:
        bot.step(1)
        rows = risk_metrics.recorded(bot.services.store, "demo")
        assert len({one.block for one in rows}) == len(rows) and len(rows) - count <= 1
        assert [json.loads(one.body)["rule"] for one in due(bot.services.store, 10**12)] == ["weight-near-limit"]


def test_risk_bot__rows_beyond_the_retention__are_dropped_the_next_day(world: World) -> None:
    ready(world)
    config = world.write_config(risk={"records": {"retention_days": 2}})
    with started("risk", config) as bot:
        bot.step()
        store = bot.services.store
        first = risk_metrics.recorded(store, "demo")[0]
        for days in (1, 3):
            later(world, days * 86_400)
            bot.step(1)
        assert first.at not in [row.at for row in risk_metrics.recorded(store, "demo")]
        assert first.day in risk_metrics.daily(store, "demo", "state")


def test_numbers_of__chain_numbers__have_their_units() -> None:
    metrics = measured(observations=20, realised_volatility=WAD // 50, sharpe=-WAD, days_to_liquidate=3 * WAD, grade=2)
    found = numbers_of(view(metrics), ReportInfo(0), 4_600)
    assert set(CHAIN_METRICS) <= set(found)
    assert (found["var99"], found["weight"], found["drawdown"]) == (0.03, 0.04, 0.07)
    assert (found["sharpe"], found["days_to_liquidate"], found["grade"], found["state"]) == (-1.0, 3.0, 2.0, 1.0)
    assert found["model_age_hours"] == 1.0 and found["unavailable"] == 0.0


def test_numbers_of__unknown__are_left_out() -> None:
    few = numbers_of(view(measured(observations=19, days_to_liquidate=UNKNOWN_DAYS)), ReportInfo(0), 4_600)
    assert not {"sharpe", "beta", "realised_volatility", "days_to_liquidate"} & set(few)
    still = numbers_of(view(measured(observations=20)), ReportInfo(0), 4_600)
    assert "sharpe" not in still and still["beta"] == 0.0
    assert set(numbers_of(view(None), ReportInfo(0), 4_600)) == {"state", "unavailable", "model_age_hours"}


def test_numbers_of__report__has_every_simulated_number_in_its_place() -> None:
    values = [number * WAD // 100 for number in range(1, 10)]
    report = ReportInfo(1, monte_carlo_var=tuple(values), monte_carlo_es=tuple(2 * value for value in values),
                        scenarios=("a", "b"), stress_losses=(WAD // 10, WAD // 5))  # fmt: skip
    found = numbers_of(view(measured()), report, 4_600)
    assert (found["simulated_var95_1d"], found["simulated_var999_1d"], found["simulated_var95_5d"]) == (
        0.01,
        0.03,
        0.04,
    )
    assert found["simulated_es999_10d"] == 0.18 and found["stress_loss"] == 0.2


def test_limits_of__off_and_on__only_those_that_are_on() -> None:
    assert limits_of(view(None).limits) == {"var99": 0.03, "weight": 0.4, "drawdown": 0.2, "halt_drawdown": 0.3}
    every = {
        name: 5
        for name in ("max_var95_bps", "max_es975_bps", "max_volatility_bps", "max_component_bps", "max_herfindahl_bps",
                     "max_leverage_bps", "max_realised_volatility_bps", "max_beta_bps", "max_liquidation_tenths",
                     "worst_grade", "min_sharpe_bps")
    }  # fmt: skip
    found = limits_of(view(None, **every).limits)
    assert set(found) == {*LIMITED, "halt_drawdown"}
    assert (found["days_to_liquidate"], found["grade"], found["sharpe"]) == (0.5, 5.0, 0.0005)
