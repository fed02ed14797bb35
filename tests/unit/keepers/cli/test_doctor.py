"""Each fault that a keeper may meet is found, with its remedy."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from keepers.contracts.messages import model_id
from keepers.operations.doctor import clock
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.rule_file import EwmaRule
from keepers.store.tables import HEAD
from scripts._lib.deployment import roles
from scripts._lib.ports import free_port
from tests.fixtures.node import MODEL, SENDER, World
from tests.fixtures.officers import Bureau
from tests.unit.keepers.bots.harness import later, listed_accounts, ready, sanctions_config, started
from tests.unit.keepers.cli.test_cli import invoke, line_of

NOBODY = "0x" + "11" * 20


def findings(config: Path, *options: str) -> dict[str, dict[str, str]]:
    """By subject; the worst of each."""
    result = invoke("doctor", "--config", str(config), "--json", *options)
    order = ("ok", "warn", "fail")
    found: dict[str, dict[str, str]] = {}
    for line in result.stdout.splitlines():
        finding = json.loads(line)
        known = found.get(finding["subject"])
        if known is None or order.index(finding["level"]) > order.index(known["level"]):
            found[finding["subject"]] = finding
    assert result.exit_code == any(item["level"] == "fail" for item in found.values()), result.output
    assert all(item["remedy"] for item in found.values() if item["level"] != "ok")
    return found


def levels(config: Path) -> dict[str, str]:
    return {subject: item["level"] for subject, item in findings(config).items()}


def test_doctor__everything_well__exits_0_and_says_what_it_saw(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        risk.step()
    result = invoke("doctor", "--config", str(config))
    assert result.exit_code == 0, result.output
    for text in (
        f"database: sqlite, version {HEAD}",
        "contracts, their code as deployed",
        "portfolio demo: state Normal",
        "model: 1, good for",
        "feed USDC: 1.0000 USD",
        "report: 1, good for 36 h",
        "scenarios: 7, the ones that ship",
        "depth AAA: 100,5",
        "signers of models and reports: 2 of 3, 2 needed",
        "signers of rebalances: 2 of 3, 2 needed",
        "risk:demo: 0 blocks behind the chain",
    ):
        assert text in result.output
    assert all(line.startswith("ok   ") for line in result.output.splitlines())


def test_doctor__nothing_run_yet__warns_of_the_model(world: World) -> None:
    found = findings(ready(world))
    assert found["model"]["level"] == "warn" and "run the risk bot" in found["model"]["remedy"]


def test_doctor__model_of_the_signals__live_unknown_or_demoted(world: World) -> None:
    assert findings(ready(world))[f"model {MODEL!r}"]["level"] == "ok"
    unknown = findings(world.write_config(rebalance={"model": "tea leaves"}))["model 'tea leaves'"]
    assert unknown["level"] == "fail" and "ModelRegistry.register(0x" in unknown["remedy"]
    world.call(world.contract("ModelRegistry").functions.demote(model_id(MODEL)))
    demoted = findings(world.write_config())[f"model {MODEL!r}"]
    assert (demoted["level"], demoted["found"]) == ("fail", "in the shadow") and "promote(0x" in demoted["remedy"]


def followed_rule(world: World) -> Path:
    """A config that follows a registered rule of the regime, which has no reference beside it."""
    ready(world)
    rule = EwmaRule(Label(5, 40), -5.0, 0.8, 0.3, date(2020, 1, 2), "d" * 64)
    (world.folder / "watched.json").write_bytes(rule.content)
    registry, key = world.contract("ModelRegistry").functions, model_id("watched")
    world.call(registry.register(key, rule.weights_hash, bytes(32), b"\1" * 32))
    world.call(registry.promote(key))
    regime = {"enabled": True, "file": "watched.json", "market": "AAA"}
    return world.write_config(rebalance={"model": "watched", "regime": regime})


def test_doctor__reference_of_the_model_missing__warns_that_drift_is_unwatched(world: World) -> None:
    found = findings(followed_rule(world))
    assert found["model file watched.json"]["level"] == "ok"
    missing = found["reference watched.reference.json"]
    assert missing["level"] == "warn" and "missing" in missing["found"] and "signals train" in missing["remedy"]


def test_doctor__reference_of_the_model_broken__fails(world: World) -> None:
    config = followed_rule(world)
    path = world.folder / "watched.reference.json"
    path.write_text("{")
    found = findings(config)["reference watched.reference.json"]
    path.unlink()
    assert found["level"] == "fail"


def test_doctor__bad_config__is_the_only_finding(tmp_path: Path) -> None:
    (tmp_path / "keeper.yaml").write_text("rpc_url: 1\n")
    result = invoke("doctor", "--config", str(tmp_path / "keeper.yaml"))
    assert result.exit_code == 1 and len(result.output.splitlines()) == 1 and result.output.startswith("fail ")


def test_doctor__node_down__says_so_and_still_looks_at_the_database(world: World) -> None:
    ready(world)
    found = findings(world.write_config(rpc_url=f"http://127.0.0.1:{free_port()}"))
    assert found["database"]["level"] == "ok"
    (fault,) = [item for item in found.values() if item["level"] == "fail"]
    assert "nothing accepts connections" in fault["found"]


def test_doctor__fallback_and_websocket_down__are_found_though_not_needed(world: World) -> None:
    ready(world)
    dead = f"127.0.0.1:{free_port()}"
    ws_urls = [world.url.replace("http://", "ws://"), f"ws://{dead}"]
    found = levels(world.write_config(fallback_rpc_urls=[f"http://{dead}"], ws_urls=ws_urls))
    assert found[world.url] == found[ws_urls[0]] == "ok"
    assert found[f"http://{dead}"] == found[f"ws://{dead}"] == "fail"


def test_doctor__stranger_among_the_signers__names_the_call_that_admits_it(world: World) -> None:
    ready(world)
    keys: dict[str, Any] = {
        name: {"keystore": f"{name}.json", "passphrase_file": f"{name}.pass"}
        for name in ("sender", "signer-0", "signer-1")
    }
    signers = [keys["signer-0"], keys["signer-1"], keys["sender"]]
    found = findings(world.write_config(keys={"sender": keys["sender"], "signers": signers}))
    for what in ("models and reports", "rebalances"):
        fault = found[f"signers of {what}"]
        assert fault["level"] == "fail" and "SignerSets.addSigner(0x" in fault["remedy"]


def test_doctor__too_few_signers__are_below_the_quorum(world: World) -> None:
    ready(world)
    one = {"keystore": "signer-0.json", "passphrase_file": "signer-0.pass"}
    found = findings(world.write_config(keys={"sender": one, "signers": [one]}))
    assert found["signers of models and reports"]["found"] == "1 of 3, 2 needed"
    assert found["sender"]["level"] == "fail" and "has 0.0000 ether" in found["sender"]["found"]
    assert "sender" not in findings(world.write_config(), "--skip-keys")


def test_doctor__poor_sender__is_warned_of(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        address = risk.services.sender.address
    world.w3.provider.make_request("anvil_setBalance", [address, hex(10**16)])  # type: ignore[arg-type]
    finding = findings(config)["sender"]
    assert finding["level"] == "warn" and "1.4900 more" in finding["remedy"]


def test_doctor__old_feed__is_found_before_and_after_it_fails(world: World) -> None:
    config = ready(world)
    world.w3.provider.make_request("evm_increaseTime", [int(2.5 * 86_400)])  # type: ignore[arg-type]
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    assert findings(config)["feed AAA"]["level"] == "warn"
    world.w3.provider.make_request("evm_increaseTime", [86_400])  # type: ignore[arg-type]
    world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    finding = findings(config)["feed AAA"]
    assert finding["level"] == "fail" and "PriceOracle__StalePrice" in finding["found"]


def test_doctor__prices_behind_short_and_missing__are_told_apart(world: World) -> None:
    config = ready(world)
    path = str((world.folder / "prices.csv").resolve())
    world.write_prices(190)
    assert "11 days behind" in findings(config)[path]["found"]
    world.write_prices(50)
    assert "min_observations is 60" in findings(config)[path]["remedy"]
    Path(path).unlink()
    assert findings(config)[path]["level"] == "fail"


def test_doctor__upgraded_contract__is_named(world: World) -> None:
    config = ready(world)
    record = json.loads((world.folder / "testnet.json").read_text())
    record["contracts"]["RiskEngine"]["implementation"] = NOBODY
    (world.folder / "older.json").write_text(json.dumps(record))
    assert "RiskEngine" not in findings(config)
    finding = findings(world.write_config(deployment="older.json"))["RiskEngine"]
    assert finding["level"] == "warn" and "upgraded to 0x" in finding["found"]


def test_doctor__paused_bot_and_silent_redis__are_warned_of(world: World) -> None:
    ready(world)
    config = world.write_config(redis="redis://127.0.0.1:1/0")
    invoke("pause", "rebalance", "--config", str(config), "--reason", "venue incident")
    found = findings(config)
    assert found["rebalance:demo"]["found"] == "paused: venue incident" and found["redis"]["level"] == "warn"


def test_doctor__secrets_in_addresses__are_not_shown(world: World) -> None:
    ready(world)
    secret = world.url.replace("http://", "http://keeper:hunter2@") + "/hunter2"
    redis = "redis://:hunter2@127.0.0.1:1/0"
    for config in (world.write_config(rpc_url=secret, redis=redis), world.write_config(fallback_rpc_urls=[secret])):
        result = invoke("doctor", "--config", str(config))
        assert "hunter2" not in result.output + result.stderr and world.url in result.output


def test_follow__without_redis__says_what_to_add(world: World) -> None:
    assert "add redis: redis://host:6379/0" in line_of(invoke("follow", "--config", str(world.write_config())), 2)


@pytest.mark.parametrize(
    ("chain_id", "ahead", "level"),
    [(1, 0, "ok"), (1, 15, "ok"), (1, 16, "fail"), (1, -120, "ok"), (1, -121, "warn"), (31337, 10**8, "ok")],
)
def test_clock__block_ahead_or_behind__is_judged_where_time_counts(chain_id: int, ahead: int, level: str) -> None:
    assert clock(chain_id, 1_700_000_000 + ahead, 1_700_000_000.0).level == level


def test_doctor__reports_that_the_chain_refuses__are_found_before(world: World) -> None:
    ready(world)
    found = findings(world.write_config(risk={"reports": {"lifetime_hours": 49}}))
    fault = found["risk.reports.lifetime_hours"]
    assert fault["level"] == "fail" and fault["found"] == "49 h, the chain takes 48 h"
    assert found["report"]["found"] == "none asked for yet"


def test_doctor__scenario_table_missing__is_named(world: World) -> None:
    ready(world)
    found = findings(world.write_config(risk={"reports": {"scenarios": "none.yaml"}}))
    assert any(subject.endswith("none.yaml") and item["level"] == "fail" for subject, item in found.items())


def test_doctor__lapsed_report__is_warned_of(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        risk.step()
    found = findings(world.write_config(risk={"reports": {"enabled": False}}))["report"]
    assert found["level"] == "warn" and "lapses in 36 h" in found["found"]
    later(world, 36 * 3600)
    found = findings(config)["report"]
    assert found["level"] == "warn" and "1 has lapsed" in found["found"] and "run the risk bot" in found["remedy"]


def test_doctor__depth__is_told_apart(world: World) -> None:
    config = ready(world)
    found = findings(config)["depth AAA"]
    assert (found["level"], found["found"], found["remedy"]) == ("warn", "none posted", "run the risk bot")
    without = world.write_config(risk={"depth": {"enabled": False}})
    assert findings(without)["depth AAA"]["found"] == "none, and no limit asks for it"
    engine = world.contract("RiskEngine").functions
    limits = list(engine.limitsOf(world.portfolio.address).call())
    limits[12] = 100
    world.call(engine.tightenLimits(world.portfolio.address, limits))
    assert "set risk.depth.enabled" in findings(without)["depth AAA"]["remedy"]
    longer = findings(world.write_config(risk={"depth": {"lifetime_hours": 241}}))
    assert longer["risk.depth.lifetime_hours"]["found"] == "241 h, the chain takes 240 h"


def test_doctor__sanctions_bot__is_told_of_lists_and_rights(world: World) -> None:
    bureau = Bureau(world)
    config = sanctions_config(bureau)
    before = findings(config)
    assert before["lists"]["level"] == "fail" and "import" in before["lists"]["remedy"]
    listed_accounts(bureau)
    found = findings(config)
    assert (found["list ofac-sdn"]["level"], found["sanction"]["level"], found["lift"]["level"]) == ("ok", "ok", "ok")
    assert "may with a delay lift" in found["lift"]["found"]
    manager = world.contract("AccessManager").functions
    for role in (roles.COMPLIANCE_OFFICER, roles.COMPLIANCE_OFFICER_DELAYED):
        world.call(manager.revokeRole(role, SENDER))
    found = findings(config)
    assert (found["sanction"]["level"], found["lift"]["level"]) == ("fail", "warn")
    assert "COMPLIANCE_OFFICER_DELAYED" in found["lift"]["remedy"]


def test_doctor__a_list_of_yesterday__warns(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = Bureau(world)
    config = sanctions_config(bureau)
    listed_accounts(bureau)
    real = time.time
    monkeypatch.setattr("time.time", lambda: real() + 25 * 3600)
    assert findings(config)["list ofac-sdn"]["level"] == "warn"
