"""Configs, stores, keys and price files as hostile and as careless as they come: one line each, nothing sent.

The cases are those of an audit. A config is refused by `config check`; what only shows when something is opened, by the
command that opens it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from tests.fixtures.node import World
from tests.unit.keepers.bots.harness import ready
from tests.unit.keepers.cli.test_cli import invoke

Change = Callable[[dict[str, Any]], None]

NAN, INF = float("nan"), float("inf")


def put(path: str, value: object) -> Change:
    """Sets one key, which may lie deeper."""

    def change(raw: dict[str, Any]) -> None:
        *folders, last = path.split(".")
        for folder in folders:
            raw = raw.setdefault(folder, {})
        raw[last] = value

    return change


def cases(values: dict[str, list[object]]) -> list[Any]:
    """One for each value of each key."""
    return [pytest.param(path, value, id=f"{path}={value!r}"[:60]) for path, found in values.items() for value in found]


REFUSED = {
    "chain_id": [-1, 0, "1", 1.5, True, 2**70, None, "0x7a69", [], "31337"],
    "deployment": ["../../../etc/passwd", "/etc/passwd", "nowhere.json", "", ".", "/dev/null", "\0a"],
    "store": ["sqlite://", "sqlite:///", "sqlite:///:memory:", 5],
    "portfolio": ["", "nope", "demo ", "DEMO", "../x", "\u0501emo", 5, None, ["demo"]],
    **{
        key: [-1, 0, NAN, INF, "abc", "1e400", True, [1], 1e300]
        for key in (
            *("max_fee_gwei", "poll_seconds", "replace_after_seconds", "receipt_timeout_seconds", "lease_seconds"),
            *("max_spend_eth_per_day", "risk.halflife_days", "risk.model_lifetime_hours", "claims.look_minutes"),
        )
    },
    "confirmations": [65, -1, 70],
    "finality_blocks": [0],
    "max_log_range": [0],
    "max_failures": [0],
    "log": ["xml"],
    "redis": ["http://x"],
    "metrics": [{"port": 70_000}, {"port": -1}, 5, {}],
    "risk.model": ["garch", "historical", ""],
    "risk.tails": ["cauchy"],
    "risk.shrinkage": ["none"],
    "risk.halflife_days": [0],
    "risk.history_days": [1],
    "risk.min_observations": [1, 5000],
    "risk.reports.paths": [10**9],
    "risk.reports.renew_hours": [99],
    "risk.reports.scenarios": ["nope.yaml"],
    "rebalance.strategy": ["best"],
    "rebalance.band_bps": [10_000],
    "rebalance.model": ["", "minimum-variance"],
    "rebalance.max_paths": [0],
    "rebalance.momentum.lookback_days": [10],
    "rebalance.momentum.skip_days": [300],
    "rebalance.regime.turbulent": ["best"],
    "rebalance.regime.market": [""],
    "rebalance.schedule.every_n_days": [0],
    "prices.guards.jump": [0, -1, NAN],
    "prices.guards.tolerances": [{"AAA": -1}, 5],
    "typo_key": [1],
    "rebalance.typo": [1],
    "path": ["x"],
    "keys": [{}],
    "keys.signers": [[]],
    "keys.sender": [
        {"keystore": "a", "kms": {"key_id": "b"}},
        {"private_key": "0x" + "11" * 32},
        "0x" + "11" * 32,
    ],
    "prices.source": ["yahoo"],
    "prices": ["x.csv"],
    "private_relay": [{"url": "x", "kind": "mev"}],
}

OPENED = {
    "status": {
        "rpc_url": [
            *("ftp://x", "http://", "", "127.0.0.1:8545", "http://user:hunter2@host:99999", 5, "http://exa mple"),
            *("http://[::1", "file:///etc/passwd", "http://\u202ehost"),
        ],
    },
    "doctor --skip-keys": {
        "fallback_rpc_urls": [["x"], "http://a", [5], [""], ["ftp://x"]],
        "ws_urls": [["http://x"], ["ws://127.0.0.1:1"], "ws://x"],
        "prices.path": ["/dev/null", "/tmp", "/nope.csv", "/proc/self/mem"],
    },
    "db upgrade": {
        "store": [
            *("sqlite:////proc/x/y.sqlite", "sqlite:///.", "mysql://x", "postgresql+psycopg://u:hunter2@127.0.0.1:1/x"),
            *("postgresql://u:hunter2@127.0.0.1:1/x", "nonsense", "", "sqlite:///prices.csv"),
            "postgresql+psycopg://u:hunter2@h:abc/x",
        ],
    },
}

TEXTS: dict[str, Callable[[str], bytes]] = {
    "key twice": lambda text: f"{text}max_fee_gwei: 1\nmax_fee_gwei: 100000\n".encode(),
    "key twice, deeper": lambda text: text.replace("keys:\n", "keys:\n  sender: {keystore: other}\n", 1).encode(),
    "empty": lambda _: b"",
    "comment": lambda _: b"# nothing\n",
    "list": lambda _: b"- a\n",
    "scalar": lambda _: b"hello",
    "tab": lambda _: b"rpc_url:\n\t- x",
    "utf-16": lambda text: text.encode("utf-16"),
    "latin-1": lambda _: "portfolio: caf\xe9".encode("latin-1"),
    "nul": lambda _: b"a: \0",
    "python tag": lambda _: b"!!python/object/apply:os.system ['id']",
    "alias bomb": lambda _: (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(7))
    ).encode(),
    "deep": lambda _: b"[" * 5000,
    "two documents": lambda text: f"{text}---\n{text}".encode(),
    "number for a key": lambda text: f"{text}5: 6\n".encode(),
    "null for a key": lambda text: f"{text}null: 6\n".encode(),
}

ACCEPTED: dict[str, Callable[[str], bytes]] = {
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "carriage returns": lambda text: text.replace("\n", "\r\n").encode(),
}


def require_one_line(result: Result) -> None:
    """Refused, in a line that holds no secret."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    lines = [line for line in result.stderr.splitlines() if line.strip() and not line.startswith(("Usage", "Try"))]
    assert result.exit_code in (1, 2) and len(lines) == 1, result.output + result.stderr
    assert "hunter2" not in lines[0] and "11" * 32 not in lines[0]


def written(world: World, change: Change) -> Path:
    """A config with one change, in a file of its own."""
    path = world.write_config()
    raw = copy.deepcopy(yaml.safe_load(path.read_text()))
    change(raw)
    path.write_text(yaml.safe_dump(raw, allow_unicode=True))
    return path


@pytest.mark.parametrize(("path", "value"), cases(REFUSED))
def test_config_check__value_that_cannot_be__one_line(world: World, path: str, value: object) -> None:
    require_one_line(invoke("config", "check", str(written(world, put(path, value)))))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_config_check__file_that_is_no_config__one_line(world: World, text: Callable[[str], bytes]) -> None:
    path = world.write_config()
    path.write_bytes(text(path.read_text()))
    require_one_line(invoke("config", "check", str(path)))


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_config_check__what_editors_do__is_fine(world: World, text: Callable[[str], bytes]) -> None:
    path = world.write_config()
    path.write_bytes(text(path.read_text()))
    assert invoke("config", "check", str(path)).exit_code == 0


def test_config_check__same_signer_twice__one_line(world: World) -> None:
    def twice(raw: dict[str, Any]) -> None:
        raw["keys"]["signers"] = [raw["keys"]["signers"][0]] * 2

    require_one_line(invoke("config", "check", str(written(world, twice))))


@pytest.mark.parametrize(
    ("command", "path", "value"),
    [
        pytest.param(command, *case.values, id=f"{command}: {case.id}")
        for command, values in OPENED.items()
        for case in cases(values)
    ],
)
def test_command__what_cannot_be_opened__one_line(world: World, command: str, path: str, value: object) -> None:
    ready(world)
    result = invoke(*command.split(), "--config", str(written(world, put(path, value))))
    if command.startswith("doctor"):
        require_findings(result)
    else:
        require_one_line(result)


def require_findings(result: Result) -> None:
    """A failure among lines that are findings."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    lines = result.output.splitlines()
    assert result.exit_code == 1 and any(line.startswith("fail ") for line in lines), result.output
    assert all(line.startswith(("ok ", "warn ", "fail ")) for line in lines)


@pytest.mark.parametrize("where", ["/tmp", "/nope/x.yaml", "/dev/null"])
def test_status__config_that_is_none__one_line(where: str) -> None:
    require_one_line(invoke("status", "--config", where))


def test_status__config_in_a_loop_of_links__one_line(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    require_one_line(invoke("status", "--config", str(tmp_path / "loop")))


# -- Keys


@pytest.mark.parametrize(
    ("keystore", "passphrase"),
    [
        *(("bad", "wrong"), ("list", "wrong"), ("/etc/passwd", "wrong"), ("/nope", "wrong"), ("/tmp", "wrong")),
        *(("real", "wrong"), ("real", "open to all"), ("real", "binary"), ("real", "empty"), ("real", "none")),
        ("slow", "wrong"),
    ],
)
def test_keys_list__keystore_or_passphrase_that_is_none__one_line(
    world: World, tmp_path: Path, keystore: str, passphrase: str
) -> None:
    real = (world.folder / "sender.json").read_text()
    stores = {"bad": "{}", "list": "[]", "real": real, "slow": real.replace('"n": 4096', '"n": 1073741824')}
    for name, text in stores.items():
        (tmp_path / name).write_text(text)
    for name, content in {"wrong": b"wrong\n", "open to all": b"x\n", "binary": b"\xff\xfe\n", "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o644 if name == "open to all" else 0o600)
    key = {"keystore": str(tmp_path / keystore), "passphrase_file": str(tmp_path / passphrase)}
    require_one_line(invoke("keys", "list", "--config", str(written(world, put("keys.sender", key)))))


# -- Prices

ROW = 150


def cell(value: str) -> Callable[[list[str]], list[str]]:
    """One close in the middle replaced."""

    def change(rows: list[str]) -> list[str]:
        day, _, *others = rows[ROW].split(",")
        return [*rows[:ROW], ",".join([day, value, *others]), *rows[ROW + 1 :]]

    return change


def date_of(value: str) -> Callable[[list[str]], list[str]]:
    """One date in the middle replaced."""
    return lambda rows: [*rows[:ROW], ",".join([value, *rows[ROW].split(",")[1:]]), *rows[ROW + 1 :]]


PRICES: dict[str, Callable[[list[str]], list[str]]] = {
    **{
        f"close {value!r}": cell(value)
        for value in (
            *("NaN", "nan", "inf", "-1", "0", "-0", "1e999", "", " ", "abc", "1,5", "0x10", "12.5USD", '"""', "1\0"),
            *("1e-320", "1e308", "100000"),
        )
    },
    "nothing": lambda _: [],
    "header only": lambda rows: rows[:1],
    "no header": lambda rows: rows[1:],
    "day twice": lambda rows: [*rows[:ROW], rows[ROW - 1], *rows[ROW:]],
    "unsorted": lambda rows: [*rows[:ROW], rows[ROW + 1], rows[ROW], *rows[ROW + 2 :]],
    "reversed": lambda rows: [rows[0], *rows[:0:-1]],
    "column twice": lambda rows: [f"{row},{row.split(',')[1]}" for row in rows],
    "column missing": lambda rows: [row.rpartition(",")[0] for row in rows],
    "lower case": lambda rows: [rows[0].lower(), *rows[1:]],
    "date of Americans": date_of("09/12/2018"),
    "date with a time": date_of("2018-09-12T00:00:00+02:00"),
    "semicolons": lambda rows: [row.replace(",", ";") for row in rows],
    "gap": lambda rows: [*rows[:100], *rows[180:]],
    "future": lambda rows: [rows[0], *("2100" + row[4:] for row in rows[1:])],
    "constant": lambda rows: [rows[0], *(row.split(",")[0] + ",1" * 3 for row in rows[1:])],
    "huge cell": lambda rows: [*rows[:-1], rows[-1] + "9" * 200_000],
    "utf-16": lambda rows: ["\udcff\udcfe" + rows[0], *rows[1:]],
}


@pytest.mark.parametrize("change", PRICES.values(), ids=PRICES)
def test_doctor__closes_that_cannot_be__are_findings(world: World, change: Callable[[list[str]], list[str]]) -> None:
    ready(world)
    path = world.folder / "prices.csv"
    rows = change(path.read_text().splitlines())
    path.write_bytes("".join(f"{row}\n" for row in rows).encode("utf-8", "surrogateescape"))
    config = world.write_config(prices={"path": "prices.csv"})
    require_findings(invoke("doctor", "--skip-keys", "--config", str(config)))


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_doctor__closes_as_spreadsheets_write_them__are_fine(world: World, ending: str) -> None:
    ready(world)
    path = world.folder / "prices.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_text().replace("\n", ending).encode())
    config = world.write_config(prices={"path": "prices.csv"})
    assert invoke("doctor", "--skip-keys", "--config", str(config)).exit_code == 0
