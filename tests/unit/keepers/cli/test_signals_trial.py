"""`quantera signals status`, `promote` and `reinstate` of a keeper with a challenger, and the promotion on chain."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eth_utils.crypto import keccak
from web3.exceptions import ContractCustomError

from keepers.config import load_config
from keepers.contracts.messages import model_id
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.rule_file import EwmaRule
from keepers.store import Store, forecasts
from scripts._lib.anvil import advance
from scripts._lib.deployment.roles import MANAGER_DELAYED
from tests.fixtures.node import World
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.store.filled import DEMOTION, FORECAST

RULE = EwmaRule(Label(5, 40), 0.0, 0.8, 0.3, date(2019, 12, 31), "d" * 64)
RIVAL = replace(RULE, cut=0.2)
DELAY = 86_400
SHADOW, LIVE = 1, 2
NOT_SCHEDULED = "0x" + keccak(text="AccessManagerNotScheduled(bytes32)")[:4].hex()


def written(world: World, **regime: Any) -> Path:
    """The config of a keeper that follows the rule, with the rival in its shadow."""
    (world.folder / "rule.json").write_bytes(RULE.content)
    (world.folder / "rival.json").write_bytes(RIVAL.content)
    challenger = {"model": "rival", "file": "rival.json"}
    settings = {"enabled": True, "file": "rule.json", "market": "AAA", "challenger": challenger, **regime}
    return world.write_config(rebalance={"model": "regimes", "regime": settings})


def tried(config: Path, days: int = 252, skill: float = 0.5, challenger: EwmaRule = RIVAL) -> None:
    """Forecasts of both on so many days with outcomes; the rival's lean to the truth by so much."""
    random = np.random.default_rng(1)
    with closing(Store.open(load_config(config).store_url)) as store:
        for number in range(days):
            truth = bool(random.random() < 0.5)
            day = date(2020, 1, 1) + timedelta(days=number)
            mine = replace(
                FORECAST,
                day=day,
                weights_hash="0x" + RULE.weights_hash.hex(),
                horizon_days=5,
                outcome=truth,
                probability=0.5,
            )
            chance = float(np.clip(0.5 + skill * (truth - 0.5) + random.normal(0, 0.1), 0, 1))
            rival = replace(
                mine,
                model="rival",
                role="challenger",
                probability=chance,
                weights_hash="0x" + challenger.weights_hash.hex(),
            )
            for row in (mine, rival):
                forecasts.record(store, row)


def registered(world: World, model: EwmaRule = RIVAL) -> None:
    registry = world.contract("ModelRegistry").functions
    world.call(registry.register(model_id("rival"), model.weights_hash, bytes(32), b"\1" * 32))


def status_of(world: World) -> int:
    return int(world.contract("ModelRegistry").functions.modelOf(model_id("rival")).call()[3])


def promote(config: Path, *arguments: str) -> Any:
    return invoke("signals", "promote", "--config", str(config), *arguments)


def test_promote__challenger_that_won_its_trial__goes_live_through_the_delayed_role(world: World) -> None:
    config = written(world)
    tried(config)
    registered(world)
    found = json.loads(promote(config, "--json").stdout)
    assert found["model"] == "rival" and "is better: p = 0.0000, at most 0.025 is needed" in found["reason"]
    manager = world.w3.eth.accounts[5]
    access = world.contract("AccessManager").functions
    world.call(access.grantRole(MANAGER_DELAYED, manager, DELAY))
    call = {"from": manager, "to": found["to"], "data": found["data"]}
    with pytest.raises(ContractCustomError, match=NOT_SCHEDULED):
        world.w3.eth.call(call)
    schedule = access.schedule(found["to"], found["data"], 0).transact({"from": manager})
    world.w3.eth.wait_for_transaction_receipt(schedule, poll_latency=0.002)
    assert status_of(world) == SHADOW
    advance(world.w3, DELAY + 1)
    world.w3.eth.wait_for_transaction_receipt(world.w3.eth.send_transaction(call), poll_latency=0.002)
    assert status_of(world) == LIVE


def test_promote__one_day_short__is_refused_with_both_figures(world: World) -> None:
    config = written(world)
    tried(config, days=251)
    said = line_of(promote(config), 1)
    assert said == "quantera: challenger 'rival': 251 of 252 days have an outcome; 'regimes' stays the champion"


def test_promote__no_better__is_refused_with_p_and_the_level(world: World) -> None:
    config = written(world)
    tried(config, skill=0.0)
    said = line_of(promote(config), 1)
    assert "is not shown to be better: p = 0." in said and "at most 0.025 is needed" in said


def test_promote__no_forecast__is_refused(world: World) -> None:
    assert "has no day with a forecast of both" in line_of(promote(written(world)), 1)


def test_promote__file_that_was_not_tried__is_refused(world: World) -> None:
    config = written(world)
    tried(config, challenger=replace(RIVAL, cut=0.3))
    assert "was not of the file" in line_of(promote(config), 1)


def test_promote__not_registered__is_refused(world: World) -> None:
    config = written(world)
    tried(config)
    assert "model 'rival': not registered; promote a model that is in the shadow" in line_of(promote(config), 1)


def test_promote__registered_under_another_hash__is_refused(world: World) -> None:
    config = written(world)
    tried(config)
    registered(world, replace(RIVAL, cut=0.3))
    assert "register this file under a name of its own" in line_of(promote(config), 1)


@pytest.mark.parametrize(
    ("regime", "arguments", "said"),
    [
        ({}, ("--evaluation", "found.json"), "the config has a challenger, which its trial judges; leave it out"),
        ({"challenger": None}, (), "--evaluation: missing, and the config has no challenger"),
    ],
    ids=["both", "neither"],
)
def test_promote__evidence_of_the_other_kind__is_refused(
    world: World, regime: dict[str, Any], arguments: tuple[str, ...], said: str
) -> None:
    assert said in line_of(promote(written(world, **regime), *arguments), 1)


def test_status__champion_and_challenger__has_days_scores_and_the_test(world: World) -> None:
    config = written(world)
    tried(config)
    text = invoke("signals", "status", "--config", str(config)).output
    assert text.startswith("champion    regimes, followed\nforecasts   252, 252 with an outcome\n")
    assert "drift       unwatched: " in text and "trial       252 of 252 days; is better: p = 0.0000" in text
    found = json.loads(invoke("signals", "status", "--config", str(config), "--json").output)
    assert found["evidence"]["promotes"] and found["evidence"]["brier"][0] == 0.25 and found["drift"] == []


def test_status__nothing_recorded__says_so(world: World) -> None:
    text = invoke("signals", "status", "--config", str(written(world))).output
    assert "forecasts   0, 0 with an outcome" in text and text.endswith("trial       no day with an outcome yet\n")


def test_status__config_that_follows_no_model__one_line(world: World) -> None:
    said = line_of(invoke("signals", "status", "--config", str(world.write_config())), 1)
    assert said.startswith("quantera: rebalance.regime: is not enabled")


def test_reinstate__demoted__is_followed_again(world: World) -> None:
    config = written(world)
    with closing(Store.open(load_config(config).store_url)) as store:
        forecasts.demote(store, DEMOTION)
    assert "regimes, demoted on 2024-01-02: inputs 9" in invoke("signals", "status", "--config", str(config)).output
    arguments = ("signals", "reinstate", "--config", str(config), "--reason", "the feed was repaired")
    assert invoke(*arguments).output.startswith("regimes is followed again; it was demoted on 2024-01-02")
    assert line_of(invoke(*arguments), 1) == "quantera: model 'regimes': is not demoted; nothing has to be lifted"


def test_reinstate__no_reason__one_line(world: World) -> None:
    arguments = ("signals", "reinstate", "--config", str(written(world)), "--reason", " ")
    assert line_of(invoke(*arguments), 1) == "quantera: --reason: is empty; say why the model is sound"


@pytest.mark.parametrize(
    ("rebalance", "said"),
    [
        ({"model": "rival"}, "the followed model rival itself"),
        ({"regime": {"challenger": {"model": "rival", "file": "r.json"}}}, "beside no regime.enabled"),
    ],
    ids=["the same", "no champion"],
)
def test_config__challenger_without_a_champion__exits_2(world: World, rebalance: dict[str, Any], said: str) -> None:
    regime = {"enabled": True, "file": "rule.json", "market": "AAA", "challenger": {"model": "rival", "file": "r.json"}}
    config = world.write_config(rebalance={"regime": regime, **rebalance})
    assert said in line_of(invoke("signals", "status", "--config", str(config)), 2)
