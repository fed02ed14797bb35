"""Words that are coloured, and where nothing is."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from keepers.cli import main
from keepers.commands.colours import tinted

GREEN, YELLOW, RED = (click.style("", fg=name, reset=False) for name in ("green", "yellow", "red"))


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.parametrize(
    ("line", "colour"),
    [
        ("ok   store: at version 4", GREEN),
        ("warn feed AAPL: late", YELLOW),
        ("fail endpoint: does not answer", RED),
        ("state     Normal", GREEN),
        ("state     Warning", YELLOW),
        ("state     Halted", RED),
        ("model     7, 40 h old, expired", YELLOW),
        ("  done at block 12: one asset moved", GREEN),
        ("  refused at block 12: IAutoRebalancer__TooSoon", RED),
        ("quantera: keeper.yaml: rpc_url: missing", RED),
    ],
)
def test_tinted__word_that_says_how_it_stands__has_its_colour(line: str, colour: str) -> None:
    assert colour in tinted(line)
    assert click.unstyle(tinted(line)) == line


@pytest.mark.parametrize("line", ["portfolio okapi on mainnet", "  AAPL  12.00%", "block     7, 2019-08-01 20:00 UTC"])
def test_tinted__anything_else__stays_plain(line: str) -> None:
    assert tinted(line) == line


@pytest.mark.parametrize(
    ("options", "variables"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), ([], {"NO_COLOR": "yes"})]
)
def test_error__no_color_is_wanted__stays_plain(options: list[str], variables: dict[str, str]) -> None:
    command = [*options, "status", "--config", "nowhere.yaml"]
    result = CliRunner(env=variables).invoke(main, command, color=True)
    assert result.output.startswith("quantera: ")


@pytest.mark.parametrize("terminal", [True, False])
def test_error__on_a_terminal_or_in_a_pipe__is_coloured_or_plain(terminal: bool) -> None:
    result = CliRunner().invoke(main, ["status", "--config", "nowhere.yaml"], color=terminal)
    assert (RED in result.output) == terminal
    assert click.unstyle(result.output).startswith("quantera: ")
