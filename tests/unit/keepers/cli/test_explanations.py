"""Commands that explain: what counts, what is, what was, what was meant."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest
import yaml

from keepers.config import load_config
from keepers.store import Point, Store
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import claims_config, ready, started
from tests.unit.keepers.cli.test_cli import invoke, line_of

DAY = 86_400


@pytest.mark.parametrize(
    ("words", "meant"), [(["statsu"], "status"), (["run", "rebalence"], "rebalance"), (["db", "restor"], "restore")]
)
def test_command__mistyped__names_the_nearest(words: list[str], meant: str) -> None:
    result = invoke(*words)
    assert result.exit_code == 2 and f"No such command '{words[-1]}'. Did you mean '{meant}'?" in result.stderr


def test_command__like_no_other__guesses_nothing() -> None:
    assert "Did you mean" not in invoke("xyzzy").stderr


def test_config_show__defaults_and_secrets__shows_the_ones_without_the_others(world: World) -> None:
    config = world.write_config(
        store="postgresql+psycopg://keeper:hunter2@db.example/keeper",
        redis="redis://:hunter2@cache.example:6379/0",
        fallback_rpc_urls=["https://node.example/v3/hunter2"],
        private_relay={"url": "https://me:hunter2@relay.example"},
    )
    result = invoke("config", "show", str(config))
    found = yaml.safe_load(result.output)
    assert result.exit_code == 0 and "hunter2" not in result.output
    assert found["risk"]["halflife_days"] == 30 and found["rebalance"]["strategy"] == "equal-weight"
    assert found["fallback_rpc_urls"] == ["https://node.example"]
    assert found["store"] == "postgresql+psycopg://keeper:***@db.example/keeper"


def test_config_show__its_output__is_a_config_again(world: World) -> None:
    config = world.write_config()
    again = world.folder / "again.yaml"
    again.write_text(invoke("config", "show", str(config)).output)
    assert load_config(again).model_dump(exclude={"path"}) == load_config(config).model_dump(exclude={"path"})


def test_config_check__of_claims_alone__is_fine(world: World) -> None:
    assert "claims on testnet" in invoke("config", "check", str(claims_config(world))).output


def test_status_json__says_what_the_text_says(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as rebalance:
        risk.step()
        rebalance.step()
    text = invoke("status", "--config", str(config)).output
    found = json.loads(invoke("status", "--json", "--config", str(config)).output)
    portfolio = found["portfolio"]
    assert f"NAV       {portfolio['nav']:,.2f} USD" in text and f"state     {portfolio['state']}" in text
    assert f"VaR 99%   {portfolio['metrics']['var99']:.2%}" in text
    assert sum(holding["weight"] for holding in portfolio["holdings"].values()) == pytest.approx(1)
    assert [bot["name"] for bot in found["bots"]] == ["risk:demo", "rebalance:demo"]
    assert found["bots"][1]["decision"]["outcome"] == "done" and portfolio["breaches"] == []


def test_status_json__no_model__says_why_there_are_no_metrics(world: World) -> None:
    found = json.loads(invoke("status", "--json", "--config", str(ready(world))).output)["portfolio"]
    assert found["metrics"] is None and found["no_metrics_because"].startswith("CovarianceModels__NoModel")


def test_explain__a_rebalance__tells_inputs_targets_and_orders(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as rebalance:
        risk.step()
        rebalance.step()
        (decision,) = rebalance.services.store.decisions("rebalance:demo", outcome="done")
    lines = invoke("explain", str(decision.tx_hash), "--config", str(config)).output.splitlines()
    told = "\n".join(lines)
    assert "call        AutoRebalancer.rebalance, from 0x" in told and "outcome     done in block" in told
    assert f"reason      {decision.reason}" in told and "model       equal-weight; signal " in told
    assert "before      NAV 100,000.00 USD, state Normal" in told and "  USDC     100.00% to " in told
    orders = lines[lines.index("orders") + 1 :]
    assert len(orders) == 3 and all(line.startswith("  sell ") and " USDC for at least " in line for line in orders)


def test_explain__a_model__tells_the_call_and_the_decision(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        risk.step()
        decision = next(d for d in risk.services.store.decisions("risk:demo") if d.key.startswith("model:"))
    told = invoke("explain", str(decision.tx_hash), "--config", str(config)).output
    assert "CovarianceModels.postModel" in told and "shrinkage" in told


@pytest.mark.parametrize(
    ("given", "reason"), [("0x12", "no transaction hash"), ("0x" + "12" * 32, "check the hash and the network")]
)
def test_explain__no_such_transaction__one_line(world: World, given: str, reason: str) -> None:
    assert reason in line_of(invoke("explain", given, "--config", str(world.write_config())), 1)


def record(world: World, returns: list[float], var: float) -> str:
    """A keeper's records of so many days; returns the config."""
    config = world.write_config()
    shares = np.cumprod([1.0, *(1 + value for value in returns)])
    with closing(Store.open(load_config(config).store_url)) as store:
        for day, share in enumerate(shares):
            at = day * DAY
            store.observe("risk:demo", [Point("shares:demo", at, day, float(share)), Point("var99:demo", at, day, var)])
    return str(config)


def test_exceedances__two_of_hundred_days__are_named_and_tested(world: World) -> None:
    returns = [0.001] * 100
    returns[10] = returns[60] = -0.05
    result = invoke("risk", "exceedances", "demo", "--config", record(world, returns, 0.03))
    lines = result.output.splitlines()
    assert lines[0] == "VaR 99%: exceeded on 2 of 100 days, 1.0 expected"
    assert "as often as promised" in lines[1] and "independent" in lines[2]
    days = [datetime.fromtimestamp((index + 1) * DAY, UTC) for index in (10, 60)]
    assert lines[3:] == [f"  {day:%Y-%m-%d}  lost 5.00%, VaR 3.00%" for day in days]


def test_exceedances__far_too_many__says_not_as_promised(world: World) -> None:
    config = record(world, [-0.05, 0.05] * 30, 0.03)
    assert "not as often as promised, at 5%" in invoke("risk", "exceedances", "demo", "--config", config).output
    found = json.loads(invoke("risk", "exceedances", "demo", "--json", "--config", config).output)
    assert found["days"] == 60 and len(found["exceeded"]) == 30


def test_exceedances__nothing_recorded__one_line(world: World) -> None:
    config = str(world.write_config())
    line = line_of(invoke("risk", "exceedances", "demo", "--config", config), 1)
    assert line == "quantera: portfolio demo: 0 observations in the store; let the risk bot run for three days"


def test_exceedances__after_the_bot_ran__reads_its_records(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        for day in range(200, 204):
            world.write_prices(day + 1)
            world.open_day(day + 1)
            risk.step()
    assert "of 3 days" in invoke("risk", "exceedances", "demo", "--config", str(config)).output
