"""The sanctions bot: what a list names is on chain within a look, once; what leaves it needs two officers and time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keepers.bots.sanctions import SanctionsBot
from keepers.compliance.lists.delta import Budget
from keepers.rpc.errors import Reverted
from keepers.store import lists as stored
from scripts._lib.transactions import send
from tests.fixtures.node import SENDER
from tests.fixtures.officers import DELAY, Bureau
from tests.unit.keepers.bots.harness import Running, later, listed_accounts, sanctions_config, sent, started
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.compliance.lists.reading import DATA, FIRST, SECOND, THIRD

A, B = "Ada Example", "Bea Example"
HOUR = 3600


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Seconds by which the machine's clock is ahead."""
    ahead, real = [0.0], time.time
    monkeypatch.setattr("time.time", lambda: real() + ahead[0])
    yield ahead


def desk(bureau: Bureau, *arguments: str) -> Any:
    """Runs a command of the desk; returns what it prints as JSON."""
    result = invoke("compliance", "lists", *arguments, "--json", "--config", str(bureau.config))
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def delisted(bureau: Bureau) -> None:
    """A delta that removes the first account."""
    desk(bureau, "import", str(DATA / "delta.xml"), "--format", "ofac-delta", "--accept-findings")


def approved(bureau: Bureau, *accounts: str) -> None:
    """A lifting that two officers agree on."""
    asked = desk(bureau, "lifts", "ask", *accounts, "--reason", "delisted", "--by", A)["lifts"]
    desk(bureau, "lifts", "approve", *(str(one["id"]) for one in asked), "--by", B)


def on_chain(bureau: Bureau, *accounts: str) -> list[bool]:
    return [bool(bureau.sanctions.functions.isSanctioned(one).call()) for one in accounts]


def batches(bureau: Bureau) -> list[Any]:
    """Everything that the chain's list has seen."""
    return [event["args"] for event in bureau.sanctions.events.SanctionsChanged.get_logs(from_block=0)]


def decided(bot: Running) -> list[tuple[str, str]]:
    """Action and outcome of each decision, oldest first."""
    found = reversed(bot.services.store.decisions(bot.bot.name))
    return [(one.key.partition(":")[0], one.outcome) for one in found]


def test_sanctions_bot__a_new_list__is_on_chain_once_with_its_hash(bureau: Bureau) -> None:
    with started("sanctions", sanctions_config(bureau)) as bot:
        bot.step()
        assert batches(bureau) == [], "there is no list yet"
        source = listed_accounts(bureau)
        later(bureau.world, 1)
        bot.step(5)
        (batch,) = batches(bureau)
        assert set(batch["added"]) == {FIRST, SECOND, THIRD} and "0x" + batch["source"].hex() == source
        assert decided(bot) == [("sanction", "done")] and sent(bureau.world, bot) == 1


def test_sanctions_bot__a_second_list__adds_what_is_new(bureau: Bureau) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau)) as bot:
        bot.step()
        delisted(bureau)
        bot.step()
        first, second = batches(bureau)
        assert (len(first["added"]), len(second["added"]), second["removed"]) == (3, 2, [])
        assert on_chain(bureau, FIRST) == [True], "nobody has agreed to lift it"


def test_sanctions_bot__many_accounts__come_in_batches_that_fit(bureau: Bureau) -> None:
    listed_accounts(bureau)
    registries = max(len(bureau.sanctions.functions.registries().call()), 1)
    most = Budget(registries=registries).cost(2)
    with started("sanctions", sanctions_config(bureau, max_gas=max(most, 200_000))) as bot:
        bot.step()
        sizes = [len(batch["added"]) for batch in batches(bureau)]
        assert sizes == [Budget(gas=max(most, 200_000), registries=registries).most, 1] and sum(sizes) == 3


def test_sanctions_bot__an_officer_was_faster__adds_the_rest(bureau: Bureau) -> None:
    source = listed_accounts(bureau)
    world = bureau.world
    send(world.w3, world.owner, bureau.sanctions.functions.sanction(0, [FIRST], source))
    with started("sanctions", sanctions_config(bureau)) as bot:
        bot.step()
        assert set(batches(bureau)[1]["added"]) == {SECOND, THIRD}


def test_sanctions_bot__one_account_that_is_refused__keeps_no_other_out(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau)) as bot:
        simulate = bot.services.sender.simulate

        def refusing(to: str, data: bytes, value: int = 0) -> None:
            if bytes.fromhex(SECOND[2:]) in data:
                raise Reverted(to, b"")
            simulate(to, data, value)

        monkeypatch.setattr(bot.services.sender, "simulate", refusing)
        bot.step()
        assert on_chain(bureau, FIRST, SECOND, THIRD) == [True, False, True]
        refused = bot.services.store.decisions(bot.bot.name, outcome="refused")
        assert refused and all(SECOND in one.reason for one in refused)


def test_sanctions_bot__a_batch_that_no_block_has_room_for__is_halved(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau)) as bot:
        rpc = bot.services.node.rpc

        def costly(method: str, params: Any = ()) -> Any:
            accounts = sum(bytes.fromhex(account[2:]).hex() in str(params) for account in (FIRST, SECOND, THIRD))
            return hex(20_000_000) if method == "eth_estimateGas" and accounts > 1 else rpc(method, params)

        monkeypatch.setattr(bot.services.node, "rpc", costly)
        bot.step()
        assert sorted(len(batch["added"]) for batch in batches(bureau)) == [1, 1, 1]
        assert on_chain(bureau, FIRST, SECOND, THIRD) == [True, True, True]


def test_sanctions_bot__without_the_role__waits_and_sends_nothing(bureau: Bureau) -> None:
    listed_accounts(bureau)
    manager = bureau.world.contract("AccessManager").functions
    bureau.world.call(manager.revokeRole(3, SENDER))
    with started("sanctions", sanctions_config(bureau)) as bot:
        bot.step()
        assert batches(bureau) == [] and decided(bot) == []
        assert '"event": "waits"' in bot.output.getvalue() and "Unauthorized" in bot.output.getvalue()


def test_sanctions_bot__removed_by_its_publisher__leaves_after_two_officers_and_both_delays(
    bureau: Bureau, clock: list[float]
) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau, lift_delay_hours=10)) as bot:
        bot.step()
        delisted(bureau)
        bot.step()
        approved(bureau, FIRST)
        bot.step()
        assert [action for action, _ in decided(bot)] == ["sanction", "sanction"], "its own delay is not over"
        clock[0] = 10 * HOUR + 60
        bot.step()
        assert decided(bot)[2:] == [("schedule", "done")] and on_chain(bureau, FIRST) == [True]
        later(bureau.world, DELAY + 1)
        clock[0] += 600
        bot.step(5)
        assert decided(bot)[2:] == [("schedule", "done"), ("lift", "done")]
        assert on_chain(bureau, FIRST, SECOND, THIRD) == [False, True, True]
        assert batches(bureau)[2]["removed"] == [FIRST]
        (lift,) = desk(bureau, "lifts", "show", "--all")["lifts"]
        assert (lift["state"], lift["asked_by"], lift["approved_by"]) == ("lifted", A, B)
        refused = invoke("compliance", "lists", "lifts", "withdraw", "1", "--config", str(bureau.config))
        assert "lifting 1: was sent to the chain" in line_of(refused, 1)
        assert A not in bot.output.getvalue() and B not in bot.output.getvalue()


def test_sanctions_bot__with_a_right_without_delay__lifts_directly_and_never_again(
    bureau: Bureau, clock: list[float]
) -> None:
    listed_accounts(bureau)
    bureau.world.call(bureau.world.contract("AccessManager").functions.grantRole(6, SENDER, 0))
    later(bureau.world, 2 * DELAY)
    with started("sanctions", sanctions_config(bureau, lift_delay_hours=1)) as bot:
        bot.step()
        delisted(bureau)
        bot.step()
        approved(bureau, FIRST)
        clock[0] = 2 * HOUR
        bot.step(4)
        assert on_chain(bureau, FIRST) == [False]
        version = bureau.sanctions.functions.version().call()
        send(bureau.world.w3, bureau.world.owner, bureau.sanctions.functions.sanction(version, [FIRST], b"\x01" * 32))
        clock[0] += HOUR
        bot.step(4)
        assert on_chain(bureau, FIRST) == [True], "an officer sanctioned it by hand since"


@pytest.mark.parametrize("agreed", ["nobody", "one", "withdrawn"])
def test_sanctions_bot__without_two_officers__lifts_nothing(bureau: Bureau, clock: list[float], agreed: str) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau, lift_delay_hours=0)) as bot:
        bot.step()
        delisted(bureau)
        if agreed == "one":
            desk(bureau, "lifts", "ask", FIRST, "--reason", "delisted", "--by", A)
        if agreed == "withdrawn":
            approved(bureau, FIRST)
            desk(bureau, "lifts", "withdraw", "1")
        clock[0] = 20 * HOUR
        bot.step(4)
        assert {action for action, _ in decided(bot)} == {"sanction"}


def test_sanctions_bot__listed_again_before_it_was_lifted__stays(
    bureau: Bureau, clock: list[float], tmp_path: Path
) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau, lift_delay_hours=1)) as bot:
        bot.step()
        delisted(bureau)
        approved(bureau, FIRST)
        listing, mapping = tmp_path / "own.csv", tmp_path / "own.yaml"
        listing.write_text(f"id,name,account\n1,SOMEBODY,{FIRST}\n")
        mapping.write_text("list: own\nformat: csv\nfields: {uid: id, names: [name], remarks: [account]}\n")
        given = ("--format", "mapping", "--mapping", str(mapping), "--published", "2026-09-24")
        desk(bureau, "import", str(listing), *given)
        clock[0] = 2 * HOUR
        bot.step(4)
        assert on_chain(bureau, FIRST) == [True]
        (lift,) = desk(bureau, "lifts", "show", "--all")["lifts"]
        assert lift["state"] == "overtaken"


def test_sanctions_bot__a_list_of_yesterday__warns_and_lifts_nothing(bureau: Bureau, clock: list[float]) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau, lift_delay_hours=1)) as bot:
        bot.step()
        delisted(bureau)
        bot.step()
        approved(bureau, FIRST)
        assert "stale list" not in bot.output.getvalue()
        clock[0] = 25 * HOUR
        bot.step(4)
        told = [json.loads(line) for line in bot.output.getvalue().splitlines()]
        (warning,) = [line for line in told if line["event"] == "stale list"]
        assert warning["list"] == "ofac-sdn" and "last confirmed 25 hours ago" in warning["reason"]
        assert on_chain(bureau, FIRST) == [True] and {action for action, _ in decided(bot)} == {"sanction"}


def test_sanctions_bot__additions_while_a_lifting_waits__have_it_scheduled_anew(
    bureau: Bureau, clock: list[float]
) -> None:
    listed_accounts(bureau)
    with started("sanctions", sanctions_config(bureau, lift_delay_hours=0)) as bot:
        bot.step()
        delisted(bureau)
        bot.step()
        approved(bureau, FIRST)
        bot.step()
        version = bureau.sanctions.functions.version().call()
        stranger = bureau.stranger()
        send(bureau.world.w3, bureau.world.owner, bureau.sanctions.functions.sanction(version, [stranger], b"\1" * 32))
        bot.step()
        later(bureau.world, DELAY + 1)
        clock[0] = HOUR
        bot.step(5)
        assert [action for action, _ in decided(bot)[2:]] == ["schedule", "schedule", "lift"]
        assert on_chain(bureau, FIRST, stranger) == [False, True]


def test_sanctions_bot__block_taken_back__adds_again(bureau: Bureau) -> None:
    listed_accounts(bureau)
    world = bureau.world
    with started("sanctions", sanctions_config(bureau)) as bot:
        snapshot = world.w3.provider.make_request("evm_snapshot", [])["result"]  # type: ignore[arg-type]
        bot.step()
        world.w3.provider.make_request("evm_revert", [snapshot])  # type: ignore[arg-type]
        assert batches(bureau) == []
        world.deposit(10)
        bot.step(5)
        assert len(batches(bureau)) == 1 and "reorganisation" in bot.output.getvalue()


def test_sanctions_bot__no_list__waits_for_one(bureau: Bureau) -> None:
    with started("sanctions", sanctions_config(bureau)) as bot:
        assert isinstance(bot.bot, SanctionsBot) and stored.newest(bot.services.store) == []
        bot.step()
        assert "none was accepted yet" in bot.output.getvalue() and decided(bot) == []


def test_run_sanctions__dry_run__says_what_it_would_send_and_sends_nothing(bureau: Bureau) -> None:
    source = listed_accounts(bureau)
    result = invoke("run", "sanctions", "--dry-run", "--config", str(sanctions_config(bureau)))
    assert result.exit_code == 0, result.output
    (told,) = [json.loads(line) for line in result.stdout.splitlines() if '"would send"' in line]
    assert (told["contract"], told["function"]) == ("SanctionsList", "sanction") and source[2:] in str(told)
    assert batches(bureau) == []


def test_run_sanctions__once__adds_and_ends(bureau: Bureau) -> None:
    listed_accounts(bureau)
    config = sanctions_config(bureau)
    result = invoke("run", "sanctions", "--once", "--config", str(config))
    assert result.exit_code == 0, result.output
    assert on_chain(bureau, FIRST, SECOND, THIRD) == [True, True, True]
    status = invoke("status", "--config", str(config))
    assert status.exit_code == 0 and "sanctions:testnet" in status.stdout, status.output


def test_pause__the_sanctions_bot__adds_nothing_until_it_is_unpaused(bureau: Bureau) -> None:
    listed_accounts(bureau)
    config = sanctions_config(bureau)
    assert invoke("pause", "sanctions", "--reason", "wrong file", "--config", str(config)).exit_code == 0
    with started("sanctions", config) as bot:
        bot.step()
        assert batches(bureau) == []
        assert invoke("unpause", "sanctions", "--config", str(config)).exit_code == 0
        bot.step()
        assert len(batches(bureau)) == 1


def test_run_sanctions__without_a_portfolio_and_not_enabled__is_refused_by_the_config(bureau: Bureau) -> None:
    config = sanctions_config(bureau, enabled=False)
    line = line_of(invoke("run", "sanctions", "--once", "--config", str(config)), 2)
    assert "portfolio: missing" in line
