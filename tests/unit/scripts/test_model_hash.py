"""The part of a deployment's config that names the model by which a keeper decides."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from scripts._lib.deployment.config import Model
from scripts.model_hash import CODE, cli, code_hash, model_of, weights_hash


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A tree with a file where each part of a model lies."""
    for part in CODE:
        path = tmp_path / part if part.endswith(".py") else tmp_path / part / "inner" / "one.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"PART = {part!r}\n")
    return tmp_path


def test_code_hash__same_files__same_hash(sources: Path) -> None:
    assert code_hash(sources) == code_hash(sources)
    Model.model_validate(model_of({}))


@pytest.mark.parametrize("change", ["text", "name", "more"])
def test_code_hash__anything_changed__another_hash(sources: Path, change: str) -> None:
    before = code_hash(sources)
    path = sources / "keepers/risk/inner/one.py"
    if change == "text":
        path.write_text("PART = 1\n")
    elif change == "name":
        path.rename(path.with_name("two.py"))
    else:
        path.with_name("two.py").write_text("")
    assert code_hash(sources) != before


def test_weights_hash__order_of_the_settings__does_not_matter() -> None:
    assert weights_hash({"a": 1, "b": 2}) == weights_hash({"b": 2, "a": 1}) != weights_hash({"a": 2, "b": 1})


def keeper_config(folder: Path, **rebalance: object) -> Path:
    key = {"keystore": "key.json", "passphrase_file": "key.pass"}
    config = {
        "rpc_url": "http://127.0.0.1:8545",
        "chain_id": 31337,
        "deployment": "deployment.json",
        "store": "sqlite:///keeper.sqlite",
        "portfolio": "demo",
        "prices": {"path": "prices.csv"},
        "keys": {"sender": key, "signers": [key]},
        "rebalance": rebalance,
    }
    path = folder / "keeper.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_cli__keepers_config__prints_an_entry_that_the_deployment_takes(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, [str(keeper_config(tmp_path, model="mine", risk_aversion=7.0))])
    assert result.exit_code == 0, result.output
    (name, entry) = next(iter(yaml.safe_load(result.output)["models"].items()))
    assert name == "mine" and Model.model_validate(entry).live
    other = CliRunner().invoke(cli, [str(keeper_config(tmp_path, model="mine", risk_aversion=8.0))])
    assert yaml.safe_load(other.output)["models"]["mine"]["weights"] != entry["weights"]


def test_cli__no_config__one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, [str(tmp_path / "none.yaml")])
    assert result.exit_code == 1 and len(result.output.splitlines()) == 1 and "none.yaml" in result.output
