"""`quantera init`: asked, given, refused; what it writes works."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from keepers.cli import main
from keepers.config import load_config
from scripts._lib.ports import free_port
from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import posted, ready, started
from tests.unit.keepers.cli.test_cli import line_of


def init(file: Path, world: World, *options: str, answers: str = "", **replaced: str) -> Result:
    """With every option, unless it is replaced; "" leaves one out."""
    folder = world.folder
    given = {
        "rpc-url": world.url,
        "deployment": str(folder / "testnet.json"),
        "portfolio": "demo",
        "prices": str(folder / "prices.csv"),
        "sender": str(folder / "sender.json"),
        "passphrase-file": str(folder / "sender.pass"),
        **{name.replace("_", "-"): value for name, value in replaced.items()},
    }
    signers = [part for i in range(2) for part in ("--signer", str(folder / f"signer-{i}.json"))]
    arguments = [part for name, value in given.items() if value for part in (f"--{name}", value)]
    command = ["init", str(file), *arguments, *signers, *options]
    return CliRunner(mix_stderr=False).invoke(main, command, input=answers)


def test_init__everything_given__asks_nothing_and_the_bot_runs(world: World) -> None:
    ready(world)
    file = world.folder / "made.yaml"
    result = init(file, world, "--metrics-port", "9464")
    assert result.exit_code == 0, result.output
    assert "chain 31337" in result.output and "201 days of AAA, BBB, CCC" in result.output
    assert f"Next: quantera doctor --config {file}" in result.output
    raw = yaml.safe_load(file.read_text())
    assert raw["keys"]["sender"] == {"keystore": "sender.json", "passphrase_file": "sender.pass"}
    assert raw["prices"]["path"] == "prices.csv" and raw["metrics"] == {"port": 9464}
    with started("risk", file) as risk:
        risk.step()
    assert posted(world) == 1
    file.unlink()
    (world.folder / "keeper.sqlite").unlink()


def test_init__asked__takes_answers_again_until_they_are_good(world: World, tmp_path: Path) -> None:
    ready(world)
    folder = world.folder
    answers = [
        "none.json",  # no such deployment
        str(folder / "testnet.json"),
        f"http://127.0.0.1:{free_port()}",  # nobody there
        world.url,
        "other",  # no such portfolio
        "",  # the one that there is
        str(tmp_path / "none.csv"),  # no such prices
        str(folder / "prices.csv"),
        str(folder / "sender.json"),
        str(folder / "signer-0.json"),
        "y",
        "kms:alias/signer",
        "n",
    ]
    file = tmp_path / "keeper.yaml"
    result = CliRunner(mix_stderr=False).invoke(main, ["init", str(file)], input="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    for complaint in ("No such file", "nothing accepts connections", "choose from: demo"):
        assert complaint in result.output + result.stderr
    config = load_config(file)
    assert config.portfolio == "demo" and config.at(config.deployment) == folder / "testnet.json"
    assert config.keys.signers[1].kms is not None and config.keys.signers[1].kms.key_id == "alias/signer"


def test_init__keystores_not_there__are_made_with_the_passphrase(world: World, tmp_path: Path) -> None:
    ready(world)
    result = init(tmp_path / "keeper.yaml", world, sender=str(tmp_path / "keys/new.json"))
    assert result.exit_code == 0, result.output
    assert "keys/new.json: new key 0x" in result.output
    assert (tmp_path / "keys/new.json").stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load((tmp_path / "keeper.yaml").read_text())["keys"]["sender"]["keystore"] == "keys/new.json"


def test_init__file_there__is_left_alone(world: World, tmp_path: Path) -> None:
    (tmp_path / "keeper.yaml").write_text("mine")
    assert line_of(init(tmp_path / "keeper.yaml", world), 2).endswith(
        "is there already; edit it, or choose another name"
    )
    assert (tmp_path / "keeper.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("replaced", "complaint"),
    [
        ({"portfolio": "other"}, "choose from: demo"),
        ({"prices": "none.csv"}, "none.csv: No such file"),
        ({"deployment": "none.json"}, "deploy first, or correct the path"),
        ({"rpc_url": "ws://127.0.0.1:1"}, "not an http:// or https:// address"),
        ({"store": "postgresql+psycopg://127.0.0.1:1/none"}, "check the path or server"),
    ],
)
def test_init__given_what_does_not_hold__one_line_and_no_file(
    world: World, tmp_path: Path, replaced: dict[str, str], complaint: str
) -> None:
    ready(world)
    assert complaint in line_of(init(tmp_path / "keeper.yaml", world, **replaced), 1)
    assert list(tmp_path.iterdir()) == []
