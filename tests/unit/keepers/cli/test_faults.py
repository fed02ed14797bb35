"""Bad nodes: every kind of fault, before every command and bot. One line, no traceback, nothing sent in doubt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepers.errors import KeeperError
from tests.fixtures.faults import FAULTS, HARMLESS, UNNOTICED, FaultyNode, faulty
from tests.fixtures.node import SENDER, World
from tests.unit.keepers.bots.harness import Running, posted, ready, rebalanced, started
from tests.unit.keepers.cli.test_cli import invoke

every_fault = pytest.mark.parametrize("fault", FAULTS)


@pytest.fixture
def node(world: World) -> Iterator[FaultyNode]:
    """A node that is about to fail."""
    with faulty(world.url) as found:
        yield found


def config_of(world: World, node: FaultyNode, *, spare: bool) -> Path:
    """A portfolio with work to do, behind the faulty node, and perhaps a healthy one as its spare."""
    ready(world)
    return world.write_config(
        rpc_url=node.url,
        fallback_rpc_urls=[world.url] if spare else [],
        claims={"enabled": True},
    )


def transactions(world: World) -> int:
    """That the keepers' account has had mined."""
    return int(world.w3.eth.get_transaction_count(SENDER))  # type: ignore[arg-type]


def step_quietly(bot: Running) -> KeeperError | None:
    """One look at the chain; the refusal that it ended with. Any other exception would be a traceback."""
    try:
        bot.loop.step()
    except KeeperError as error:
        return error
    return None


@every_fault
def test_commands__bad_node_alone__say_so_in_a_line(world: World, node: FaultyNode, fault: str) -> None:
    config = config_of(world, node, spare=False)
    node.fault = fault
    shown, examined = (
        invoke("status", "--config", str(config)),
        invoke("doctor", "--skip-keys", "--config", str(config)),
    )
    for result in (shown, examined):
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "\x1b" not in result.output + result.stderr
    assert all(line.startswith(("ok ", "warn ", "fail ")) for line in examined.output.splitlines())
    if shown.exit_code:
        (line,) = shown.stderr.splitlines()
        assert shown.exit_code == 1 and line.startswith("quantera: ") and "; " in line


@every_fault
def test_step__node_turns_bad__bots_refuse_in_a_line(world: World, node: FaultyNode, fault: str) -> None:
    config = config_of(world, node, spare=False)
    with (
        started("risk", config) as risk,
        started("rebalance", config) as rebalance,
        started("claims", config) as claims,
    ):
        node.fault = fault
        failures = [step_quietly(bot) for bot in (risk, rebalance, claims)]
    if fault in HARMLESS:
        assert failures == [None] * 3
    elif fault not in UNNOTICED:
        assert failures[0] is not None and transactions(world) == 0
    assert all(len(str(failure).splitlines()) == 1 for failure in failures if failure)


@every_fault
def test_step__node_turns_bad_and_there_is_a_spare__work_goes_on(world: World, node: FaultyNode, fault: str) -> None:
    config = config_of(world, node, spare=True)
    with started("risk", config) as risk, started("rebalance", config) as rebalance:
        node.fault = fault
        for bot in (risk, rebalance):
            step_quietly(bot)
            step_quietly(bot)
    shown = invoke("status", "--config", str(config))
    assert shown.exit_code == 0 and "state     Normal" in shown.output
    if fault != "future":  # A local chain keeps its own time: nobody can say which of the two nodes is right.
        assert (posted(world), rebalanced(world)) == (1, 1)
