from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from keepers.cli import main
from keepers.commands.officers import COMMANDS as OFFICERS
from keepers.config import load_config
from keepers.store import Cursor, Store
from keepers.store.tables import HEAD
from scripts._lib.ports import free_port
from tests.fixtures.chaos import Process
from tests.fixtures.forks import Heard
from tests.fixtures.node import World
from tests.fixtures.stores import PASSPHRASE
from tests.fixtures.waiting import GENEROUS, wait_for_a_look, wait_until
from tests.unit.keepers.bots.harness import posted, ready, rebalanced

COMMANDS = [
    [],
    ["run"],
    ["run", "risk"],
    ["run", "rebalance"],
    ["run", "claims"],
    ["run", "sanctions"],
    ["run", "kyc"],
    ["run", "execution"],
    ["run", "training"],
    ["execution"],
    *(["execution", name] for name in ("list", "show", "pause", "resume", "cancel")),
    ["run", "all"],
    ["status"],
    ["init"],
    ["doctor"],
    ["follow"],
    ["pause"],
    ["unpause"],
    ["completion"],
    ["config"],
    ["config", "check"],
    ["db"],
    ["db", "upgrade"],
    ["db", "backup"],
    ["db", "restore"],
    ["db", "export"],
    ["db", "prune"],
    ["keys"],
    ["keys", "new"],
    ["keys", "list"],
    ["config", "show"],
    ["risk"],
    ["risk", "exceedances"],
    ["risk", "history"],
    ["compliance"],
    ["compliance", "rulebook"],
    ["compliance", "diff"],
    ["compliance", "check"],
    ["compliance", "screen"],
    *(["compliance", command.name or ""] for command in OFFICERS),
    ["compliance", "venue", "admit"],
    ["compliance", "venue", "drop"],
    ["compliance", "lists"],
    ["compliance", "lists", "import"],
    ["compliance", "lists", "show"],
    ["compliance", "lists", "delta"],
    ["compliance", "lists", "retire"],
    ["compliance", "lists", "lifts"],
    *(["compliance", "lists", "lifts", name] for name in ("show", "ask", "approve", "withdraw")),
    ["compliance", "evidence"],
    *(["compliance", "evidence", name] for name in ("put", "get", "erase", "verify")),
    ["compliance", "cases"],
    *(["compliance", "cases", name] for name in ("screen", "list", "show", "note", "decide", "approve")),
    ["compliance", "kyc"],
    *(["compliance", "kyc", name] for name in ("ask", "list", "show", "claims", "decide", "withdraw", "lapses")),
    ["risk", "quality"],
    ["risk", "backtest"],
    ["risk", "var"],
    ["risk", "stress"],
    ["risk", "attribution"],
    ["risk", "alerts"],
    ["risk", "report"],
    ["explain"],
    ["signals"],
    ["signals", "features"],
    ["signals", "audit"],
    ["signals", "evaluate"],
    *(["signals", name] for name in ("train", "retrain", "status", "explain", "promote", "sentiment", "ablate")),
    ["route"],
    *(["route", name] for name in ("order", "report")),
]


def invoke(*arguments: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, list(arguments))


def line_of(result: Result, code: int) -> str:
    """The one line on standard error."""
    assert result.exit_code == code, result.output
    (line,) = result.stderr.splitlines()
    return line


@contextmanager
def process(kind: str, config: Path) -> Iterator[subprocess.Popen[str]]:
    """`quantera run` as a user runs it."""
    command = [sys.executable, "-m", "keepers", "run", kind, "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def forked(kind: str, config: Path) -> Iterator[Heard]:
    """`quantera run` without the time that a start takes."""
    with Heard([sys.executable, "-m", "keepers", "run", kind, "--config", str(config)]) as running:
        try:
            yield running
        finally:
            running.kill()


def alive(*processes: subprocess.Popen[str] | Heard) -> Callable[[], None]:
    """Fails with the output of a process that has ended."""

    def check() -> None:
        for running in processes:
            assert running.poll() is None, "\n".join(running.communicate())

    return check


@contextmanager
def supervised(kind: str, config: Path) -> Iterator[Process]:
    """`quantera run`, to be killed and started again."""
    found = Process(["-m", "keepers", "run", kind, "--config", str(config)], config.parent / f"{kind}.log")
    try:
        yield found
    finally:
        found.kill()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help__of_every_command__explains_it(command: list[str]) -> None:
    result = invoke(*command, "--help")
    assert result.exit_code == 0 and "Usage:" in result.output
    if command and command[-1] not in ("run", "config", "db", "keys"):
        assert "Example" in result.output


@pytest.mark.parametrize("arguments", [["--help"], ["NOTE", "0x12", "--yes", "--config", "none.yaml"]], ids=" ".join)
def test_officers_command__help_and_wrong_input__import_nothing_slow(arguments: list[str]) -> None:
    asked = ["compliance", "freeze", *arguments]
    slow = "{'numpy', 'sqlalchemy', 'web3', 'eth_account', 'ape'}"
    program = (
        f"import sys; from click.testing import CliRunner; from keepers.cli import main; "
        f"CliRunner().invoke(main, {asked!r}); print(sorted({slow} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_version__asked__is_the_packages() -> None:
    from keepers import __version__

    assert invoke("--version").output == f"quantera, version {__version__}\n"


def test_run__no_config__exits_2(tmp_path: Path) -> None:
    line = line_of(invoke("run", "risk", "--config", str(tmp_path / "none.yaml")), 2)
    assert "none.yaml: cannot be read (No such file or directory); name a config file with --config" in line


def test_run__unknown_key__exits_2_and_names_it(world: World) -> None:
    config = world.write_config(colour="red")
    line = line_of(invoke("run", "risk", "--config", str(config)), 2)
    assert line.endswith("colour: unknown key; remove it or correct its spelling")


def test_run__unreachable_node__one_line(world: World) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    line = line_of(invoke("run", "risk", "--config", str(world.write_config(rpc_url=url))), 1)
    assert line == f"quantera: {url}: nothing accepts connections; start the node or correct rpc_url"


def test_run__wrong_network__one_line(world: World) -> None:
    line = line_of(invoke("run", "rebalance", "--config", str(world.write_config(chain_id=1))), 1)
    assert line.endswith("is chain 31337, not 1; correct rpc_url or chain_id in the config")


def test_run__missing_key__one_line(world: World) -> None:
    keys = {"sender": {"keystore": "gone.json"}, "signers": [{"keystore": "gone.json"}]}
    line = line_of(invoke("run", "risk", "--config", str(world.write_config(keys=keys))), 1)
    assert line.endswith("gone.json: No such file or directory; create it: quantera keys new")


def test_run__unknown_portfolio__one_line(world: World) -> None:
    line = line_of(invoke("run", "risk", "--config", str(world.write_config(portfolio="other"))), 1)
    assert "portfolio other" in line and line.endswith("choose from: demo")


def test_run__store_of_another_chain__one_line(world: World) -> None:
    config = world.write_config(store="sqlite:///foreign.sqlite")
    Store.open(f"sqlite:///{world.folder}/foreign.sqlite").advance(Cursor("genesis:31337", 0, "0x00", 1))
    line = line_of(invoke("run", "risk", "--config", str(config)), 1)
    assert line.endswith("remembers another chain with id 31337; give this chain a store of its own")


def test_config_check__good__says_so_and_other_chain__exits_2(world: World) -> None:
    result = invoke("config", "check", str(world.write_config()))
    assert result.exit_code == 0 and result.output.endswith("portfolio demo on testnet, chain 31337: fine\n")
    line = line_of(invoke("config", "check", str(world.write_config(chain_id=5))), 2)
    assert "chain_id: 5, but" in line


def test_db_upgrade__new_store__makes_it(world: World) -> None:
    config = world.write_config(store="sqlite:///fresh/keeper.sqlite")
    assert invoke("db", "upgrade", "--config", str(config)).output == f"store at version {HEAD}\n"
    assert (world.folder / "fresh/keeper.sqlite").exists()


def test_keys_new__with_passphrase_file__writes_an_encrypted_keystore(tmp_path: Path) -> None:
    secret = tmp_path / "pass"
    secret.write_text("open sesame\n")
    secret.chmod(0o600)
    path = tmp_path / "key.json"
    result = invoke("keys", "new", str(path), "--light", "--passphrase-file", str(secret))
    assert result.exit_code == 0
    assert json.loads(path.read_text())["address"].lower() == result.output.strip()[2:].lower()
    assert "is there already" in line_of(
        invoke("keys", "new", str(path), "--light", "--passphrase-file", str(secret)), 1
    )


@pytest.mark.parametrize(("where", "reason"), [("key.json", "is there already"), ("none/key.json", "mkdir -p")])
def test_keys_new__nowhere_to_write__says_so_before_it_asks(tmp_path: Path, where: str, reason: str) -> None:
    (tmp_path / "key.json").write_text("mine")
    result = CliRunner(mix_stderr=False).invoke(main, ["keys", "new", str(tmp_path / where)], input="")
    assert reason in line_of(result, 1) and "Passphrase" not in result.output


def test_keys_new__prompted__asks_twice_and_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    result = CliRunner(mix_stderr=False).invoke(main, ["keys", "new", str(path), "--light"], input="open\nopen\n")
    assert result.exit_code == 0 and path.exists() and "open" not in result.output


def test_status__with_a_model__shows_limits_and_decisions(world: World) -> None:
    from tests.unit.keepers.bots.harness import started

    config = ready(world)
    with started("risk", config) as risk, started("rebalance", config) as bot:
        risk.step()
        bot.step()
    output = invoke("status", "--config", str(config)).output
    for text in (
        "NAV       99,",
        "VaR 99%",
        "of 3.00% allowed",
        "model     1, 0 h old",
        " days to sell the slowest asset",
        "report    1, under model 1, 0 h old, lapses in 36 h",
        "simulated VaR 99%  1 d",
        "worst scenario",
        "rebalance:demo: 0 blocks behind, last led by ",
        "  done at block",
    ):
        assert text in output
    with started("risk", config):
        world.w3.provider.make_request("evm_increaseTime", [10 * 86_400])  # type: ignore[arg-type]
        world.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
    assert "PriceOracle__StalePrice" in line_of(invoke("status", "--config", str(config)), 1)


def test_run__as_processes__post_and_rebalance_then_end_on_sigterm(world: World) -> None:
    config = ready(world)
    with process("risk", config) as risk, process("rebalance", config) as bot:
        wait_until(lambda: rebalanced(world) == 1, meanwhile=alive(risk, bot))
        for running in (risk, bot):
            running.send_signal(signal.SIGTERM)
            output, errors = running.communicate(timeout=GENEROUS)
            assert running.returncode == 0, errors
            lines = [json.loads(line) for line in output.splitlines()]
            assert lines[0]["event"] == "started" and lines[-1]["event"] == "stopped"
            assert any(line["event"] == "decision" for line in lines)
            assert PASSPHRASE not in output + errors


KILLS = (("risk", "started"), ("risk", "leads"), ("risk", "sent"), ("rebalance", "sent"))
"""The worst moments, each soon after what a bot says: between what it signed and its receipt, for one."""


def test_run__killed_over_and_over__acts_once_a_model(world: World) -> None:
    ready(world)
    config = world.write_config(lease_seconds=2)
    with supervised("risk", config) as risk, supervised("rebalance", config) as rebalance:
        bots = {"risk": risk, "rebalance": rebalance}
        for kind, event in KILLS:
            for bot in bots.values():
                bot.supervise()
            wait_until(lambda kind=kind, event=event: bots[kind].said(event), meanwhile=bots[kind].require_alive)
            for bot in bots.values():
                bot.kill()
        for bot in bots.values():
            bot.supervise()
        wait_until(lambda: rebalanced(world) == 1, meanwhile=rebalance.require_alive)
        store = Store.open(load_config(config).store_url)
        for kind, bot in bots.items():
            wait_for_a_look(store, f"{kind}:demo", world.w3, bot.require_alive)
        store.close()
    assert (posted(world), rebalanced(world)) == (1, 1)
