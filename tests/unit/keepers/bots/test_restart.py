"""Kills at every step between a decision and its receipt; a restart finishes, once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepers.operations import list_lifts
from keepers.rpc.node import Node
from keepers.runtime.decision_log import RETRY_SECONDS
from keepers.store import Store
from keepers.store.journal import BotJournal
from keepers.transactions.sender import Sender
from scripts._lib.deployment import roles
from tests.fixtures.claim_issuer import ClaimIssuer
from tests.fixtures.compliance import KYC_TOPIC
from tests.fixtures.kills import Killed, kill_after, kill_before
from tests.fixtures.node import SENDER, World
from tests.fixtures.officers import DELAY, Bureau
from tests.unit.keepers.bots.harness import (
    claims_config,
    depths,
    later,
    listed_accounts,
    posted,
    ready,
    rebalanced,
    refreshes,
    reported,
    sanctions_config,
    sent,
    started,
)
from tests.unit.keepers.cli.test_cli import invoke
from tests.unit.keepers.compliance.lists.reading import DATA, FIRST


def only_sending(kill: Callable[..., Any]) -> Callable[..., Any]:
    """Kills at eth_sendRawTransaction and lets every other request through."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        killing = kill(original)

        def replaced(self: Node, method: str, params: Any = ()) -> Any:
            chosen = killing if method == "eth_sendRawTransaction" else original
            return chosen(self, method, params)

        return replaced

    return wrap


STEPS = {
    "before simulating": (Sender, "simulate", kill_before),
    "after simulating": (Sender, "simulate", kill_after),
    "before journalling": (BotJournal, "reserve", kill_before),
    "after journalling": (BotJournal, "reserve", kill_after),
    "before broadcasting": (Node, "rpc", only_sending(kill_before)),
    "after broadcasting": (Node, "rpc", only_sending(kill_after)),
    "before the receipt": (Sender, "_look", kill_before),
    "after the receipt": (Sender, "_look", kill_after),
    "after writing down the block": (BotJournal, "mined", kill_after),
    "before recording": (Store, "decide", kill_before),
    "after recording": (Store, "decide", kill_after),
}


def die(kind: str, config: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a bot until it is killed at a step."""
    owner, name, kill = STEPS[step]
    with started(kind, config) as bot, monkeypatch.context() as patch:
        patch.setattr(owner, name, kill(getattr(owner, name)))
        with pytest.raises(Killed):
            bot.step()


@pytest.mark.parametrize("step", STEPS)
def test_risk_bot__killed_at_a_step__posts_once(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    config = ready(world)
    die("risk", config, step, monkeypatch)
    with started("risk", config) as bot:
        bot.step(5)
        assert posted(world) == 1
        # The model, the checkpoint, a depth of each of three assets and the report.
        assert sent(world, bot) == 6
        assert bot.services.store.open_transactions(bot.bot.name) == 0
        outcomes = {item.key.partition(":")[0]: item.outcome for item in bot.services.store.decisions("risk:demo")}
        assert outcomes == dict.fromkeys(("model", "checkpoint", "depth", "report"), "done")


@pytest.mark.parametrize("what", ["reports", "depth"])
@pytest.mark.parametrize("step", STEPS)
def test_risk_bot__killed_over_what_it_reports__posts_it_once(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, what: str
) -> None:
    ready(world)
    store = f"sqlite:///{what}-{step.replace(' ', '-')}.sqlite"
    neither = {"reports": {"enabled": False}, "depth": {"enabled": False}}
    with started("risk", world.write_config(store=store, risk=neither)) as bot:
        bot.step()
        before = sent(world, bot)
    assert (posted(world), reported(world), depths(world)) == (1, 0, [0, 0, 0])
    config = world.write_config(store=store, risk={**neither, what: {"enabled": True}})
    die("risk", config, step, monkeypatch)
    with started("risk", config) as bot:
        bot.step(5)
        once = (1, [0, 0, 0], 1) if what == "reports" else (0, [1, 1, 1], 3)
        assert (reported(world), depths(world), sent(world, bot) - before) == once
        assert posted(world) == 1 and bot.services.store.open_transactions(bot.bot.name) == 0
        assert all(item.outcome == "done" for item in bot.services.store.decisions("risk:demo"))
        assert len(bot.services.store.decisions("risk:demo")) == 2 + once[2]


@pytest.mark.parametrize("step", STEPS)
def test_rebalance_bot__killed_at_a_step__rebalances_once(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        risk.step()
        before = sent(world, risk)
    die("rebalance", config, step, monkeypatch)
    with started("rebalance", config) as bot:
        bot.step(5)
        assert rebalanced(world) == 1
        assert sent(world, bot) == before + 1
        assert bot.services.store.open_transactions(bot.bot.name) == 0
        (decision,) = bot.services.store.decisions("rebalance:demo")
        assert decision.outcome == "done"


@pytest.mark.parametrize("step", STEPS)
def test_claims_bot__killed_at_a_step__refreshes_once(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    claim_issuer = ClaimIssuer(world)
    identity, wallet = claim_issuer.admit()
    config = claims_config(world)
    with started("claims", config) as bot:
        bot.step()
    claim_issuer.revoke(identity, KYC_TOPIC)
    die("claims", config, step, monkeypatch)
    with started("claims", config) as bot:
        bot.step(5)
        assert not claim_issuer.verified(wallet) and sent(world, bot) == 1
        assert bot.services.store.open_transactions(bot.bot.name) == 0
        ((outcome, _),) = refreshes(bot)
        assert outcome == "done"


@pytest.mark.parametrize("step", STEPS)
def test_sanctions_bot__killed_at_a_step__adds_once(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    bureau = Bureau(world)
    listed_accounts(bureau)
    config = sanctions_config(bureau)
    die("sanctions", config, step, monkeypatch)
    with started("sanctions", config) as bot:
        bot.step(5)
        assert bureau.sanctions.functions.version().call() == sent(world, bot) == 1
        assert bot.services.store.open_transactions(bot.bot.name) == 0
        (decision,) = bot.services.store.decisions(bot.bot.name)
        assert decision.outcome == "done"


@pytest.mark.parametrize("step", STEPS)
def test_sanctions_bot__killed_over_a_lifting__lifts_once(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    bureau = Bureau(world)
    listed_accounts(bureau)
    world.call(world.contract("AccessManager").functions.grantRole(roles.COMPLIANCE_OFFICER_DELAYED, SENDER, 0))
    later(world, 2 * DELAY)
    config = sanctions_config(bureau, lift_delay_hours=0)
    with started("sanctions", config) as bot:
        bot.step()
        given = (str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings", "--config", str(config))
        assert invoke("compliance", "lists", "import", *given).exit_code == 0
        bot.step()
        (asked,) = list_lifts.ask(bot.services.store, [FIRST], "delisted", "Ada", 1, dry_run=False)
        list_lifts.approve(bot.services.store, [asked.id], "Bea", 2, dry_run=False)
    die("sanctions", config, step, monkeypatch)
    with started("sanctions", config) as bot:
        bot.step(5)
        assert not bureau.sanctions.functions.isSanctioned(FIRST).call()
        assert bureau.sanctions.functions.version().call() == sent(world, bot) == 3
        assert [one.outcome for one in bot.services.store.decisions(bot.bot.name)] == ["done"] * 3


def test_claims_bot__block_taken_back__refreshes_again(world: World) -> None:
    claim_issuer = ClaimIssuer(world)
    identity, wallet = claim_issuer.admit()
    with started("claims", claims_config(world)) as bot:
        bot.step()
        claim_issuer.revoke(identity, KYC_TOPIC)
        snapshot = world.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
        bot.step()
        world.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
        assert claim_issuer.verified(wallet)
        world.deposit(10)
        bot.step(5)
        assert not claim_issuer.verified(wallet)
        assert [outcome for outcome, _ in refreshes(bot)] == ["done"]
        assert "reorganisation" in bot.output.getvalue()


def test_rebalance_bot__store_lost_after_the_act__finds_it_on_chain(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
    for path in world.folder.glob("keeper-*.sqlite*"):
        path.unlink()
    with started("rebalance", config) as bot:
        bot.step()
        assert rebalanced(world) == 1
        (decision,) = bot.services.store.decisions("rebalance:demo")
        assert (decision.outcome, decision.reason) == ("done", "found executed on chain")


def test_bots__block_taken_back__post_and_act_again(world: World) -> None:
    config = ready(world)
    snapshot = world.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
        world.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
        assert (posted(world), reported(world), rebalanced(world)) == (0, 0, 0)
        world.deposit(10)
        risk.step()
        bot.step()
        assert (posted(world), rebalanced(world)) == (1, 1)
        # The report may have come behind the rebalance, and then no longer fits: it is made again.
        later(world, RETRY_SECONDS)
        risk.step()
        assert reported(world) == 1
        assert "reorganisation" in risk.output.getvalue()
