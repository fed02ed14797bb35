"""`quantera run`: several bots in one process, watched over a port; decisions followed over Redis."""

from __future__ import annotations

import json
import signal
import socket
import urllib.error
import urllib.request
from contextlib import closing
from typing import Any

import pytest
from click.testing import CliRunner

from keepers.cli import main
from keepers.config import load_config
from keepers.store import Store
from scripts._lib.ports import free_port
from tests.fixtures.claim_issuer import ClaimIssuer
from tests.fixtures.compliance import KYC_TOPIC
from tests.fixtures.faults import faulty
from tests.fixtures.node import World
from tests.fixtures.waiting import GENEROUS, wait_for_a_look, wait_until
from tests.unit.keepers.bots.harness import claims_config, posted, ready, rebalanced, started
from tests.unit.keepers.cli.test_cli import alive, forked, invoke, line_of


def scrape(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=GENEROUS) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_run_all__on_servers__serves_metrics_health_and_one_trace_a_decision(
    world: World, postgres_url: str, redis_url: str
) -> None:
    ready(world)
    port = free_port()
    config = world.write_config(store=postgres_url, metrics={"port": port}, redis=redis_url)
    with forked("all", config) as running:
        wait_until(lambda: rebalanced(world) == 1, meanwhile=alive(running))
        done = 'quantera_decisions_total{bot="rebalance:demo",outcome="done"}'
        wait_until(lambda: done in scrape(port, "/metrics")[1])  # a moment after the chain has it
        wait_until(lambda: scrape(port, "/readyz")[0] == 200)
        assert scrape(port, "/healthz")[0] == 200
        text = scrape(port, "/metrics")[1]
        for bot in ("risk:demo", "rebalance:demo"):
            assert f'quantera_leading{{bot="{bot}"}} 1.0' in text
            assert f'quantera_decisions_total{{bot="{bot}",outcome="done"}}' in text
        running.send_signal(signal.SIGTERM)
        output, errors = running.communicate(timeout=GENEROUS)
    assert running.returncode == 0, errors
    lines = [json.loads(line) for line in output.splitlines()]
    decisions = [line for line in lines if line["event"] == "decision"]
    assert {line["bot"] for line in decisions} == {"risk:demo", "rebalance:demo"}
    for decision in [line for line in decisions if line["outcome"] == "done"]:
        led = [
            line["event"] for line in lines if line.get("trace") == decision["trace"] and line["bot"] == decision["bot"]
        ]
        assert led.index("sent") < led.index("mined") < led.index("decision") and decision["trigger"]
    assert "VaR 99%" in invoke("status", "--config", str(config)).output
    followed = invoke("follow", "--config", str(config), "--from-start", "--count", str(len(decisions)))
    assert [json.loads(line)["key"] for line in followed.output.splitlines()] == [line["key"] for line in decisions]


def test_run__port_taken__one_line_before_anything_is_sent(world: World) -> None:
    config = ready(world)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = line_of(invoke("run", "all", "--config", str(config), "--metrics-port", port), 1)
    assert line.endswith("Address already in use; choose another metrics.port")
    assert posted(world) == 0


def test_run_all__one_gives_up__it_rests_and_the_others_go_on(world: World) -> None:
    ready(world)
    (world.folder / "prices.csv").unlink()
    port = free_port()
    config = world.write_config(max_failures=2, poll_seconds=0.01, metrics={"port": port})
    with forked("all", config) as running:
        opened = 'quantera_events_total{bot="risk:demo",event="circuit open"} 1.0'
        wait_until(lambda: opened in scrape(port, "/metrics")[1], meanwhile=alive(running))
        assert scrape(port, "/readyz") == (503, '{"ok": false, "faults": {"risk:demo": "stopped"}}\n')
        with closing(Store.open(load_config(config).store_url)) as store:
            wait_for_a_look(store, "rebalance:demo", world.w3, meanwhile=alive(running))
        running.send_signal(signal.SIGTERM)
        output, errors = running.communicate(timeout=GENEROUS)
    assert running.returncode == 0, errors
    (line,) = [line for line in map(json.loads, output.splitlines()) if line["event"] == "circuit open"]
    assert line["bot"] == "risk:demo" and "2 failures in a row, the last: " in line["reason"]


def test_run_all__all_give_up__end_with_a_reason(world: World) -> None:
    ready(world)
    with faulty(world.url) as node:
        config = world.write_config(rpc_url=node.url, max_failures=2, poll_seconds=0.01)
        with forked("all", config) as running:
            with closing(Store.open(load_config(config).store_url)) as store:
                wait_for_a_look(store, "rebalance:demo", world.w3, meanwhile=alive(running))
            node.fault = "500"
            output, errors = running.communicate(timeout=GENEROUS)
    assert running.returncode == 1
    (line,) = errors.splitlines()
    assert line.endswith("HTTP status 500; wait, or name another node as rpc_url; see the log")
    assert [json.loads(line)["event"] for line in output.splitlines()].count("stopped") == 2


def told(output: str, event: str) -> list[dict[str, Any]]:
    """Log lines of an event."""
    return [line for line in map(json.loads, output.splitlines()) if line["event"] == event]


def test_run__dry__shows_what_would_be_signed_and_leaves_no_trace(world: World) -> None:
    config = ready(world)
    result = invoke("run", "risk", "--dry-run", "--config", str(config))
    assert result.exit_code == 0, result.stderr
    first = told(result.output, "would send")[0]
    assert (first["contract"], first["function"]) == ("CovarianceModels", "postModel")
    assert first["arguments"]["model"]["nonce"] == 1 and len(first["arguments"]["signatures"]) > 0
    assert posted(world) == 0
    with closing(Store.open(load_config(config).store_url)) as store:
        assert store.decisions("risk:demo") == [] and store.lease("bot:risk:demo") is None


def test_run__dry_while_another_leads__decides_the_same(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as rebalance:
        risk.step()
        assert rebalance.services.leadership.lead()
        output = invoke("run", "all", "--dry-run", "--config", str(config)).output
        (signed,) = [line for line in told(output, "would send") if line["bot"] == "rebalance:demo"]
        assert rebalanced(world) == 0
        rebalance.step()
    (event,) = world.contract("AutoRebalancer").events.Rebalanced().get_logs(from_block=0)
    assert signed["arguments"]["signal"]["nonce"] == event["args"]["nonce"]


def test_run__once__acts_and_ends(world: World) -> None:
    config = ready(world)
    assert invoke("run", "risk", "--once", "--config", str(config)).exit_code == 0
    assert invoke("run", "rebalance", "--once", "--config", str(config)).exit_code == 0
    assert (posted(world), rebalanced(world)) == (1, 1)
    assert invoke("run", "all", "--once", "--config", str(config)).exit_code == 0
    assert (posted(world), rebalanced(world)) == (1, 1)


def test_run__once_and_the_node_fails__one_line(world: World) -> None:
    ready(world)
    config = world.write_config(rpc_url=f"http://127.0.0.1:{free_port()}")
    assert "nothing accepts connections" in line_of(invoke("run", "all", "--once", "--config", str(config)), 1)


@pytest.mark.parametrize(
    ("words", "found"), [("quantera ", "doctor"), ("quantera db ", "backup"), ("quantera run ", "all")]
)
def test_completion__of_words__knows_the_commands(words: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"_QUANTERA_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = CliRunner().invoke(main, [], prog_name="quantera", env=environment, complete_var="_QUANTERA_COMPLETE")
    assert f"plain,{found}" in result.output.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion__script__is_the_shells(shell: str) -> None:
    script = invoke("completion", shell).output
    assert "_QUANTERA_COMPLETE" in script and f"{shell}_complete" in script and "%(" not in script


def test_run_claims__issuer_revokes__wallet_no_longer_counts(world: World) -> None:
    claim_issuer = ClaimIssuer(world)
    identity, wallet = claim_issuer.admit()
    config = claims_config(world)
    with forked("claims", config) as running:
        behind = "claims:testnet: 0 blocks behind"
        wait_until(lambda: behind in invoke("status", "--config", str(config)).output, meanwhile=alive(running))
        claim_issuer.revoke(identity, KYC_TOPIC)
        wait_until(lambda: not claim_issuer.verified(wallet), meanwhile=alive(running))
        # The chain knows it before the keeper has written down that it is done.
        wait_until(
            lambda: "done at block" in invoke("status", "--config", str(config)).output, meanwhile=alive(running)
        )
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=GENEROUS)
    assert running.returncode == 0, errors
    shown = invoke("status", "--config", str(config)).output
    assert "topic 1 no longer valid; retail becomes none" in shown
    examined = invoke("doctor", "--config", str(config))
    assert examined.exit_code == 0 and "claims: 3 topics, 1 trusted issuers in the shared registry" in examined.output


def test_run_risk__config_of_a_claims_desk__one_line(world: World) -> None:
    config = claims_config(world)
    line = line_of(invoke("run", "risk", "--config", str(config)), 2)
    assert line == f"quantera: {config}: portfolio: missing; add portfolio, prices and keys.signers"


def test_pause_all__config_of_a_claims_desk__is_its_bot(world: World) -> None:
    config = claims_config(world)
    assert invoke("pause", "--config", str(config), "--reason", "drill").output == "claims:testnet paused\n"


def test_doctor__registry_that_verifies_nobody__is_warned_of(world: World) -> None:
    shown = invoke("doctor", "--config", str(claims_config(world))).output
    assert "warn claims: 0 topics, 0 trusted issuers in the shared registry: it verifies nobody by claims" in shown
