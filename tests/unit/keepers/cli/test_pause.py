"""A paused bot watches and finishes, and begins nothing."""

from __future__ import annotations

from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import posted, ready, started
from tests.unit.keepers.cli.test_cli import invoke


def test_pause__bot_at_work__rests_until_unpaused_and_then_catches_up(world: World) -> None:
    config = ready(world)
    with started("risk", config) as risk:
        result = invoke("pause", "risk", "--config", str(config), "--reason", "venue incident")
        assert result.output == "risk:demo paused\n"
        risk.step()
        assert posted(world) == 0
        lines = risk.output.getvalue()
        assert lines.count('"event": "paused"') == 1 and "venue incident" in lines
        assert invoke("unpause", "risk", "--config", str(config)).output == "risk:demo goes on\n"
        risk.step()
        assert posted(world) == 1


def test_pause__restart__does_not_wake_it(world: World) -> None:
    config = ready(world)
    invoke("pause", "--config", str(config), "--reason", "night")
    for _ in range(2):
        with started("risk", config) as risk:
            risk.step()
    assert posted(world) == 0


def test_pause__twice_and_all__say_what_was(world: World) -> None:
    config = str(world.write_config())
    assert invoke("unpause", "risk", "--config", config).output == "risk:demo was not paused\n"
    assert invoke("pause", "risk", "--config", config, "--reason", "a").exit_code == 0
    lines = invoke("pause", "all", "--config", config, "--reason", "b").output.splitlines()
    assert lines == ["risk:demo was paused already; reason replaced", "rebalance:demo paused"]


def test_pause__no_reason__is_asked_for(world: World) -> None:
    result = invoke("pause", "--config", str(world.write_config()))
    assert result.exit_code == 2 and "Missing option '--reason'" in result.stderr
