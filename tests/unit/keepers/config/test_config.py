from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from keepers.config import Config, ConfigError, Risk, load_config

PAGE = Path(__file__).parents[4] / "docs/operations.md"
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
        ({"risk": {"halflife": 3}}, "risk.halflife: unknown key; did you mean halflife_days?"),
        ({"chain_id": 0}, "chain_id: Input should be greater than 0; correct the value"),
        (
            {"rebalance": {"min_cash": 2}},
            "rebalance.min_cash: Input should be less than 1; correct the value",
        ),
        (
            {"keys": {"sender": {}, "signers": [KEY]}},
            "keys.sender: give either keystore or ape_account or kms or vault; correct the value",
        ),
        ({"path": "x"}, "path: unknown key; remove it or correct its spelling"),
    ],
)
def test_load_config__wrong_key__one_line_with_its_name(tmp_path: Path, change: Any, line: str) -> None:
    path = write(tmp_path, {**content(), **change})
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == f"{path}: {line}"


HOOK = {"webhook": {"url": "https://pager.example", "secret_file": "pager.secret"}}
MAIL = {"host": "mail.example", "sender": "bot@desk.example", "recipients": ["officer@desk.example"]}
RULE = {"name": "var", "metric": "var99", "share_of_limit": 0.9}


@pytest.mark.parametrize(
    ("alerts", "line"),
    [
        (
            {"rules": [{**RULE, "metric": "var98"}]},
            "metric var98 of rule var is not recorded; docs/risk.md",
        ),
        ({"rules": [{**RULE, "threshold": 0.1}]}, "rules.0: rule var needs either threshold or share_of_limit"),
        ({"rules": [{**RULE, "channels": ["pager"]}]}, "rule var names channel pager, which is not in channels"),
        ({"rules": [RULE, RULE]}, "rule var stands there twice"),
        ({"rules": [{**RULE, "name": "VaR 99"}]}, "rules.0.name: String should match pattern"),
        (
            {"rules": [{**RULE, "severity": "loud"}]},
            "rules.0.severity: Input should be 'info', 'warning'",
        ),
        ({"rules": [{**RULE, "for_minutes": -1}]}, "rules.0.for_minutes: Input should be greater than or equal to 0"),
        ({"channels": {"log": HOOK}}, "channel log is always there; choose another name"),
        ({"channels": {"a": {}}}, "channels.a: give either webhook or email"),
        (
            {"channels": {"a": {"webhook": {**HOOK["webhook"], "url": "http://pager.example"}}}},
            "not an https:// address",
        ),
        ({"channels": {"a": {"email": {**MAIL, "tls": "none"}}}}, "tls none is for this machine only"),
        (
            {"channels": {"a": {"email": {**MAIL, "username": "bot"}}}},
            "give both username and password_file",
        ),
        (
            {"channels": {"a": {"email": {**MAIL, "sender": "x\nBcc: y@z"}}}},
            "email.sender: String should match",
        ),
    ],
)
def test_load_config__bad_alerts__one_line(tmp_path: Path, alerts: Any, line: str) -> None:
    path = write(tmp_path, {**content(), "risk": {"alerts": alerts}})
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: risk.alerts") and line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load_config__example_of_the_operators_page__is_taken(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(risk:\n.*?)```", PAGE.read_text(), re.DOTALL)
    alerts = load_config(write(tmp_path, {**content(), **yaml.safe_load(block)})).risk.alerts
    assert set(alerts.channels) == {"pager", "officer"} and len(alerts.rules) == 3


def test_load_config__missing_key__names_it(tmp_path: Path) -> None:
    raw = content()
    del raw["portfolio"]
    with pytest.raises(ConfigError, match="portfolio: missing; add portfolio"):
        load_config(write(tmp_path, raw))


def test_load_config__only_claims__needs_no_portfolio(tmp_path: Path) -> None:
    raw = {**content(), "claims": {"enabled": True}, "keys": {"sender": KEY}}
    del raw["portfolio"], raw["prices"]
    assert load_config(write(tmp_path, raw)).kinds == ("claims",)
    assert load_config(write(tmp_path, {**content(), "claims": {"enabled": True}})).kinds == (
        "risk",
        "rebalance",
        "claims",
    )


def test_load_config__claims_and_half_a_portfolio__names_the_rest(tmp_path: Path) -> None:
    raw = {**content(), "claims": {"enabled": True}}
    del raw["portfolio"]
    with pytest.raises(ConfigError, match="portfolio: missing; add portfolio"):
        load_config(write(tmp_path, raw))


def test_load_config__without_prices__takes_the_feeds(tmp_path: Path) -> None:
    raw = content()
    del raw["prices"]
    assert [one.kind for one in load_config(write(tmp_path, raw)).prices.ordered] == ["feeds"]


def test_load_config__portfolio_without_signers__names_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys\.signers: missing; add keys\.signers"):
        load_config(write(tmp_path, {**content(), "keys": {"sender": KEY}}))


def test_load_config__secret_in_the_wrong_place__is_not_repeated(tmp_path: Path) -> None:
    raw = {**content(), "keys": {"sender": "hunter2", "signers": [{"private_key": "0xdeadbeef"}]}}
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, raw))
    assert "hunter2" not in str(caught.value) and "deadbeef" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe", "is not UTF-8"),
        (b"portfolio: caf\xe9", "is not UTF-8"),
        (b"a: " + b"[" * 100_000 + b"]" * 100_000, "nested deeper than 64"),
        (b"a: 2026-13-45", "month must be in 1..12"),
        (b"max_fee_gwei: 1\nmax_fee_gwei: 100000", "key 'max_fee_gwei' stands twice"),
        (b"keys:\n  sender: {}\n  sender: {}", "key 'sender' stands twice"),
        (b"a: \x00", "is not YAML"),
        (b"--- {}\n--- {}", "is not YAML"),
    ],
    ids=["UTF-16", "Latin-1", "deep", "no such day", "key twice", "inner key twice", "NUL", "two documents"],
)
def test_load_config__no_such_yaml__one_line(tmp_path: Path, text: bytes, reason: str) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert reason in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["chain_id", "max_fee_gwei", "confirmations", "lease_seconds", "max_failures"])
def test_load_config__yes_for_a_number__is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} is true, which is no value for it"):
        load_config(write(tmp_path, {**content(), key: True}))


@pytest.mark.parametrize("key", ["lease_seconds", "poll_seconds", "replace_after_seconds", "receipt_timeout_seconds"])
@pytest.mark.parametrize("value", [0, 1e6, 1e300, float("nan"), float("inf")])
def test_load_config__seconds_out_of_bounds__are_refused(tmp_path: Path, key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=key):
        load_config(write(tmp_path, {**content(), key: value}))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"])
def test_load_config__store_that_forgets__is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"store: .* is kept in memory"):
        load_config(write(tmp_path, {**content(), "store": url}))


def test_load_config__no_file_no_yaml_no_mapping__say_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="is not YAML") as caught:
        load_config(tmp_path / "bad.yaml")
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="holds no keys"):
        load_config(write(tmp_path, [1]))


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ({"kms": {"key_id": "a"}, "keystore": "key.json"}, "give either keystore or ape_account or kms or vault"),
        ({**KEY, "passphrase_fd": 3}, "give either passphrase_file or passphrase_fd or passphrase_vault"),
        ({"kms": {"key_id": "a"}, "passphrase_file": "p"}, "kms and vault take no passphrase"),
        ({"vault": {"url": "https://v", "path": "p"}}, "give either token_file, or role_id and secret_id_file"),
    ],
)
def test_load_config__key_of_two_kinds__is_refused(tmp_path: Path, key: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load_config(write(tmp_path, {**content(), "keys": {"sender": key, "signers": [KEY]}}))


def told_under(heading: str) -> dict[str, str]:
    """Defaults by key, from the table under a heading of the operators' page."""
    rows = [line.split("|") for line in PAGE.read_text().split(heading + "\n")[1].split("## ")[0].splitlines()]
    told: dict[str, str] = {}
    for cells in (row for row in rows if len(row) == 5):
        names = re.findall(r"`([a-z_.]+)`", cells[1])
        defaults = [part.strip(" `") for part in cells[2].split(",")]
        told |= dict(zip(names, defaults * len(names) if len(defaults) == 1 else defaults, strict=True))
    return told


def test_config__every_key_of_risk__is_in_the_operators_page_with_its_default() -> None:
    expected: dict[str, object] = {}
    for name, value in Risk():
        expected |= {f"{name}.{key}": of for key, of in value} if isinstance(value, BaseModel) else {name: value}
    shown = {
        key: "none" if of is None or of in ({}, ()) else str(of).lower() if isinstance(of, bool | str) else f"{of:.10g}"
        for key, of in expected.items()
    }
    assert told_under("### Risk") == shown


@pytest.mark.parametrize("section", ["reports", "depth"])
def test_load_config__renewed_after_it_lapses__is_refused(tmp_path: Path, section: str) -> None:
    risk = {section: {"lifetime_hours": 10, "renew_hours": 10}}
    with pytest.raises(ConfigError, match=r"renew_hours 10.0 is not below lifetime_hours 10.0"):
        load_config(write(tmp_path, {**content(), "risk": risk}))


def test_config__every_key__is_in_the_operators_page_with_its_default() -> None:
    told = told_under("## Configuration")
    fields = {name: field for name, field in Config.model_fields.items() if name not in ("path", "keys")}
    assert set(told) == {*fields, "keys.sender", "keys.signers", "keys.claim_issuer"}
    for name, field in fields.items():
        if field.is_required() or name == "portfolio":
            assert told[name] == "required", name
        elif isinstance(field.default, int | float | str):
            assert told[name] == f"{field.default:g}" if isinstance(field.default, float) else str(field.default), name
