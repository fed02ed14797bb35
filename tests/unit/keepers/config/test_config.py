from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from keepers.config import ConfigError, load_config

KEY = {"keystore": "key.json", "passphrase_file": "key.pass"}


def content() -> dict[str, Any]:
    return {
        "rpc_url": "http://127.0.0.1:8545",
        "chain_id": 31337,
        "deployment": "deployments/testnet.json",
        "portfolio": "demo",
        "prices": {"path": "prices.csv"},
        "keys": {"sender": KEY, "signers": [KEY]},
    }


def write(folder: Path, raw: object) -> Path:
    path = folder / "keeper.yaml"
    path.write_text(yaml.safe_dump(raw))
    return path


def test_load_config__least__has_defaults_and_absolute_paths(tmp_path: Path) -> None:
    found = load_config(write(tmp_path, content()))
    assert found.rebalance.schedule.every_n_days == 21
    assert found.at(found.prices.path) == tmp_path / "prices.csv"
    assert found.store_url == f"sqlite:///{tmp_path}/keeper.sqlite"


def test_load_config__server_url__is_left_alone(tmp_path: Path) -> None:
    url = "postgresql+psycopg://host/name"
    assert load_config(write(tmp_path, {**content(), "store": url})).store_url == url


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"colour": "red"}, "colour: unknown key; remove it or correct its spelling"),
        ({"risk": {"halflife": 3}}, "risk.halflife: unknown key; remove it or correct its spelling"),
        ({"chain_id": 0}, "chain_id: Input should be greater than 0; correct the value"),
        (
            {"rebalance": {"min_cash": 2}},
            "rebalance.min_cash: Input should be less than 1; correct the value",
        ),
        (
            {"keys": {"sender": {}, "signers": [KEY]}},
            "keys.sender: give either keystore or ape_account; correct the value",
        ),
        ({"path": "x"}, "path: unknown key; remove it or correct its spelling"),
    ],
)
def test_load_config__wrong_key__one_line_with_its_name(tmp_path: Path, change: Any, line: str) -> None:
    path = write(tmp_path, {**content(), **change})
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: {line}"


def test_load_config__missing_key__names_it(tmp_path: Path) -> None:
    raw = content()
    del raw["portfolio"]
    with pytest.raises(ConfigError, match="portfolio: missing; add portfolio"):
        load_config(write(tmp_path, raw))


def test_load_config__secret_in_the_wrong_place__is_not_repeated(tmp_path: Path) -> None:
    raw = {**content(), "keys": {"sender": "hunter2", "signers": [{"private_key": "0xdeadbeef"}]}}
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, raw))
    assert "hunter2" not in str(caught.value) and "deadbeef" not in str(caught.value)


def test_load_config__no_file_no_yaml_no_mapping__say_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="no YAML") as caught:
        load_config(tmp_path / "bad.yaml")
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="holds no keys"):
        load_config(write(tmp_path, [1]))
