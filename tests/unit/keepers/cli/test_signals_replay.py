"""`quantera signals explain TX`: a rebalance made again from closes, model file, chain and store."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from keepers.contracts.messages import model_id
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.rule_file import EwmaRule
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready, started
from tests.unit.keepers.cli.test_cli import invoke, line_of

RULE = EwmaRule(Label(5, 40), -5.0, 0.8, 0.3, date(2019, 1, 2), "d" * 64)


def rebalanced(world: World, *, follows: bool = True) -> tuple[Path, str]:
    """The config of a keeper that has rebalanced by the rule, or by the plain strategy; and the transaction."""
    ready(world)
    (world.folder / "rule.json").write_bytes(RULE.content)
    registry, key = world.contract("ModelRegistry").functions, model_id("regimes")
    world.call(registry.register(key, RULE.weights_hash, bytes(32), b"\1" * 32))
    world.call(registry.promote(key))
    regime = {"enabled": True, "file": "rule.json", "market": "AAA", "turbulent": "inverse-volatility"}
    config = world.write_config(**({"rebalance": {"model": "regimes", "regime": regime}} if follows else {}))
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        (decided,) = bot.services.store.decisions("rebalance:demo", outcome="done")
    assert decided.tx_hash is not None
    return config, decided.tx_hash


@pytest.mark.parametrize("follows", [True, False], ids=["rule", "strategy"])
def test_explain__rebalance__agrees_to_the_bit(world: World, follows: bool) -> None:
    config, tx_hash = rebalanced(world, follows=follows)
    result = invoke("signals", "explain", tx_hash, "--config", str(config), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["agrees"] and found["input_hash"][0] == found["input_hash"][1]
    assert all(signed == made for _, signed, made in found["targets"])
    assert found["model"] == ("regimes" if follows else "equal-weight")


def test_explain__close_that_was_changed_afterwards__names_what_differs(world: World) -> None:
    config, tx_hash = rebalanced(world)
    prices = world.folder / "prices.csv"
    lines = prices.read_text().splitlines()
    day, first, *others = lines[-2].split(",")
    lines[-2] = ",".join([day, f"{float(first) * 1.001:.6f}", *others])
    prices.write_text("\n".join(lines) + "\n")
    result = invoke("signals", "explain", tx_hash, "--config", str(config))
    assert result.exit_code == 1
    differing = [line for line in result.output.splitlines() if line.startswith("differs: ")]
    assert differing[0].startswith("differs: forecast of 2019-07-20: recorded with inputs 0x")
    assert any(line.startswith("differs: inputHash: signed 0x") for line in differing)


def test_explain__other_model_in_the_config__one_line(world: World) -> None:
    config, tx_hash = rebalanced(world)
    config.write_text(config.read_text().replace("model: regimes", "model: other"))
    said = line_of(invoke("signals", "explain", tx_hash, "--config", str(config)), 1)
    assert "none of other, equal-weight; name the config that the bot had then" in said


def test_explain__transaction_of_a_model__one_line(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        risk.step()
        decided = risk.services.store.last("risk:demo", "", "done")
    assert decided is not None and decided.tx_hash is not None
    said = line_of(invoke("signals", "explain", decided.tx_hash, "--config", str(config)), 1)
    assert "no mined rebalance" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("0x12",), "--config: missing"),
        (("0x12", "--config", "keeper.yaml", "--date", "2020-01-01"), "--date beside a transaction"),
    ],
)
def test_explain__transaction_with_wrong_options__one_line(arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("signals", "explain", *arguments), 1)


@pytest.mark.parametrize(("given", "said"), [("0x12", "no transaction hash"), ("0x" + "ab" * 32, "unknown to")])
def test_explain__no_such_transaction__one_line(world: World, given: str, said: str) -> None:
    assert said in line_of(invoke("signals", "explain", given, "--config", str(world.write_config())), 1)
