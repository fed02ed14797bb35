"""`quantera risk … --config`: a portfolio as the risk bot recorded it, the same for the same block."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepers.market.quality import Finding, Quality
from keepers.operations.risk_live import read_live
from keepers.risk.recorded import DAY, Recorded
from keepers.store import Store, model_quality, risk_metrics
from keepers.store.model_quality import ModelQuality
from tests.fixtures.closes import write_closes
from tests.fixtures.stores import write_store
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.cli.test_risk_report import numbers_in
from tests.unit.keepers.config.test_config import content, write

NOON = int(datetime(2022, 2, 1, 12, tzinfo=UTC).timestamp())
BLOCK = 40
LIMITS = {"drawdown": 0.5, "var99": 0.25, "weight": 0.6, "sharpe": 0.5}
WEIGHTS = {"AAA": 0.5, "BBB": 0.3, "CCC": 0.0}


def row(block: int, at: int, **numbers: float) -> Recorded:
    """A row of the bot at a block."""
    every = {"state": 1.0, "unavailable": 0.0, "grade": 3.0, "var99": 0.02, "drawdown": 0.125, "weight": 0.5, **numbers}
    return Recorded("risk:stocks", "stocks", block, at, 3, 2, "", "crash", every, LIMITS)


class LiveDesk:
    """A config, closes up to the eighth of February 2022, and what a bot recorded until the first.

    Attributes:
        config: Config of the keeper.
        store: The keeper's store.
    """

    def __init__(self, folder: Path) -> None:
        self.config = write(folder, {**content(), "portfolio": "stocks", "prices": {"path": "closes.csv"}})
        self.store = Store.open(f"sqlite:///{folder}/keeper.sqlite")

    def invoke(self, name: str, *arguments: str) -> Any:
        """Runs `quantera risk NAME` with the config; what it prints as JSON."""
        result = invoke("risk", name, *arguments, "--config", str(self.config), "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.output)


@pytest.fixture(scope="module")
def recorded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with closes, and a store with a row for each of forty days."""
    folder = tmp_path_factory.mktemp("recorded")
    write_closes(folder, 1500)
    write_store(folder / "keeper.sqlite")
    store = Store.open(f"sqlite:///{folder}/keeper.sqlite")
    for day in range(40):
        found = row(day + 1, NOON - (39 - day) * DAY, var99=0.01 + day / 10_000)
        risk_metrics.record(store, found, weights=WEIGHTS, stress={"crash": 0.25, "rally": -0.1})
    store.close()
    return folder


@pytest.fixture
def live(recorded_folder: Path, tmp_path: Path) -> LiveDesk:
    return LiveDesk(Path(shutil.copytree(recorded_folder, tmp_path / "live")))


@dataclass(frozen=True)
class Reported:
    """A desk of its own, and the report on its portfolio as JSON, with another limit of weights."""

    desk: LiveDesk
    report: Any


@pytest.fixture(scope="module")
def reported(recorded_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """The report on the live portfolio, as small as it may be."""
    folder = shutil.copytree(recorded_folder, tmp_path_factory.mktemp("reported") / "live")
    desk = LiveDesk(Path(folder))
    small = ("--last", "250", "--days", "60", "--scenarios", "1000", "--max-weight", "0.7")
    return Reported(desk, desk.invoke("report", "stocks", *small))


def test_report__live_portfolio__has_limits_state_and_history_from_the_store(reported: Reported) -> None:
    found = reported.report
    sections = {section["title"]: section for section in found["sections"]}
    limits = {line[0]: line[1:4] for line in sections["Limits"]["tables"][0]["rows"]}
    assert limits["drawdown"] == [0.125, 0.5, 0.25]
    assert limits["var99"][1] == 0.25 and limits["weight"][1] == 0.7 and limits["concentration"][1] is None
    assert limits["weight"][0] == 0.5, "the weights are the recorded ones"
    recorded = sections["Recorded by the bot"]
    assert "At block 40 the portfolio was in state Warning with grade BBB" in recorded["text"][0]
    numbers = {line[0]: line[1:4] for line in recorded["tables"][0]["rows"]}
    assert numbers["drawdown"] == [0.125, 0.5, 0.25] and numbers["beta"] == [None, None, None]
    days = [line for line in recorded["tables"][1]["rows"] if line[0] == "var99"]
    assert len(days) == 30 and days[-1][1] == "2022-02-01" and days[-1][-1] == pytest.approx(0.0139)
    assert len(recorded["charts"][0]["labels"]) == 40
    assert found["facts"]["As of"] == "2022-01-31", "closes after the block do not count"


def test_report__live_portfolio__its_commands_print_the_same_after_the_bot_went_on(reported: Reported) -> None:
    live, found = reported.desk, reported.report
    risk_metrics.record(live.store, row(41, NOON + 60, var99=0.2), weights={"AAA": 0.1, "BBB": 0.1, "CCC": 0.7})
    risk_metrics.record(live.store, row(42, NOON + DAY, var99=0.3))
    printed: dict[str, Any] = {}
    for one in (part for section in found["sections"] for part in (*section["tables"], *section["charts"])):
        if one["origin"] is None:
            continue
        command = one["origin"]["command"]
        assert f"--config {live.config}" in command and f"--block {BLOCK}" in command
        if command not in printed:
            result = invoke(*shlex.split(command)[1:])
            assert result.exit_code == 0, (command, result.stderr)
            printed[command] = np.array(sorted(numbers_in(json.loads(result.output))))
        told = list(numbers_in(one.get("rows") or [line["values"] for line in one.get("series", ())]))
        for value in told:
            assert np.min(np.abs(printed[command] - value)) <= 1e-12, (one["title"], value)
    assert len(printed) == 8


def test_attribution__portfolio_with_cash__effects_sum_to_the_active_return(live: LiveDesk) -> None:
    found = live.invoke("attribution", "--portfolio", "stocks", "--days", "60")
    assert [effect["segment"] for effect in found["effects"]] == ["AAA", "BBB", "CCC", "cash"]
    parts = sum(effect[name] for effect in found["effects"] for name in ("allocation", "selection", "interaction"))
    earned = found["portfolio"]["total_return"] - found["benchmark"]["total_return"]
    assert parts == pytest.approx(earned, abs=1e-12) and found["active"] == pytest.approx(earned, abs=1e-12)


def test_history__model_of_this_keeper__has_what_was_found_about_its_closes(live: LiveDesk) -> None:
    assert live.invoke("history")["quality"] is None, "another keeper posted it"
    finding = Finding("outlier", "AAA", date(2021, 3, 12), date(2021, 3, 12), "100 becomes 55", "compare closes")
    found = ModelQuality("stocks", 3, date(2022, 1, 31), "ab" * 32, Quality(1000, 3, (finding,)), "risk:stocks", 40, 1)
    model_quality.record(live.store, found)
    told = live.invoke("history")["quality"]
    assert (told["last_close"], told["sha256"], told["days"], told["symbols"]) == ("2022-01-31", "ab" * 32, 1000, 3)
    assert told["findings"] == [{**asdict(finding), "first": "2021-03-12", "last": "2021-03-12", "refuses": False}]
    printed = invoke("risk", "history", "--config", str(live.config)).output
    assert "closes of model 3: 1,000 days of 3 assets to 2022-01-31, sha256 abababababababab, findings 1" in printed
    assert f"    {finding}" in printed


def test_history__block_within_a_day__counts_what_came_until_then(live: LiveDesk) -> None:
    before = read_live(live.config, BLOCK)
    risk_metrics.record(live.store, row(41, NOON + 60, var99=0.2))
    assert read_live(live.config, BLOCK).data_hash == before.data_hash
    newest = live.invoke("history")
    last = newest["daily"]["var99"][-1]
    assert newest["block"] == 41 and (last["samples"], last["maximum"]) == (2, 0.2)
    assert newest["used"]["drawdown"] == 0.25 and "sharpe" not in newest["used"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("history", "--block", "7000"), "portfolio stocks at block 7000: is not in the store; give a block within"),
        (("var", "--portfolio", "bonds"), "portfolio 'bonds': unknown; choose from equal weight, "),
    ],
)
def test_live__wrong_argument__one_line(live: LiveDesk, arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("risk", *arguments, "--config", str(live.config)), 1)


def test_doctor__alert_channels__are_named_once_their_secrets_can_be_read(live: LiveDesk) -> None:
    hook = {"url": "https://pager.example/hook?key=hunter2", "secret_file": "pager.secret"}
    alerts = {"channels": {"pager": {"webhook": hook}}, "rules": [{"name": "var", "metric": "var99", "threshold": 0.1}]}
    raw = {**content(), "rpc_url": "http://127.0.0.1:1", "risk": {"alerts": alerts}}
    config = write(live.config.parent, raw)
    told = [invoke("doctor", "--config", str(config), "--json").output]
    secret = live.config.parent / "pager.secret"
    secret.write_text("0123456789abcdef\n")
    secret.chmod(0o600)
    told.append(invoke("doctor", "--config", str(config), "--json").output)
    told.append(invoke("config", "show", str(config)).output)
    assert 'pager.secret", "found": "No such file' in told[0] and "1 rules; channels log, pager" in told[1]
    assert "https://pager.example" in told[2] and not any("hunter2" in text for text in told)


def test_live__block_without_config__one_line() -> None:
    assert "--block 7: means nothing without a config; give --config" in line_of(
        invoke("risk", "quality", "--block", "7"), 1
    )


def test_live__held_asset_without_closes__one_line(live: LiveDesk) -> None:
    risk_metrics.record(live.store, row(41, NOON + 60), weights={**WEIGHTS, "DDD": 0.1})
    said = line_of(invoke("risk", "var", "--portfolio", "stocks", "--config", str(live.config)), 1)
    assert "closes.csv has 0 columns of it; choose from AAA, BBB, CCC" in said
