"""`quantera backtest`: table, JSON and tear sheet, the page's own commands, and bad input."""

from __future__ import annotations

import json
import re
import shlex
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from keepers.operations.backtest_config import STRATEGIES
from keepers.operations.backtest_report import PART
from keepers.operations.generated_part import markers
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.rule_file import EwmaRule
from tests.unit.keepers.cli.test_cli import invoke, line_of

PAGE = Path(__file__).resolve().parents[4] / "docs/backtest.md"
BASELINES = ("equal weight", "buy and hold")
QUICK: dict[str, Any] = {"risk": {"tails": "normal"}, "limits": dict.fromkeys(("max_var99", "max_weight"), 6000)}
QUICK["limits"] |= {"max_drawdown": 3000, "halt_drawdown": 6000}


def write_closes(folder: Path, days: int = 320) -> Path:
    """Writes closes of two assets and of a market."""
    moves = np.random.default_rng(1).normal(0.0003, 0.01, (days, 3))
    rows = 100 * np.cumprod(1 + moves, axis=0)
    lines = [f"{date(2018, 1, 1) + timedelta(day)},{','.join(map(str, row))}" for day, row in enumerate(rows)]
    path = folder / "closes.csv"
    path.write_text("date,AAA,BBB,MARKET\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_config(folder: Path, **more: Any) -> Path:
    """Writes closes, and a config that replays their last weeks."""
    write_closes(folder)
    raw = {"data": {"prices": "closes.csv"}, "start": date(2018, 10, 1), **QUICK, **more}
    path = folder / "backtest.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return path


def two(**settings: Any) -> dict[str, Any]:
    return {
        "portfolios": {"plain": {"strategy": "equal-weight"}, "least": {"strategy": "minimum-variance"}},
        **settings,
    }


@pytest.fixture(scope="module")
def backtested(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """JSON of a backtest of two portfolios, with a tear sheet beside it."""
    folder = tmp_path_factory.mktemp("backtest")
    config, sheet = write_config(folder, **two(trials=9)), folder / "sheet.html"
    result = invoke("backtest", "--config", str(config), "--html", str(sheet), "--json")
    assert result.exit_code == 0, result.stderr
    return {**json.loads(result.output), "page": sheet.read_text(encoding="utf-8")}


def test_backtest__json__has_the_path_trades_and_scores_of_each_portfolio(backtested: dict[str, Any]) -> None:
    assert set(backtested["portfolios"]) == {"plain", "least"} and backtested["trials"] == 9
    for portfolio in backtested["portfolios"].values():
        path = portfolio["path"]
        assert path[0]["day"] == "2018-10-01" and len(path) == 47
        assert portfolio["trades"][0]["usd"] > 0 and portfolio["trades"][0]["cost_usd"] > 0
        assert 0 <= portfolio["deflated"]["probability"] <= 1 and portfolio["deflated"]["trials"] == 9
        assert portfolio["performance"]["total_return"] == pytest.approx(path[-1]["share_price"] - 1)


def test_backtest__several_portfolios__have_a_probability_of_overfitting(backtested: dict[str, Any]) -> None:
    assert 0 <= backtested["overfitting"]["probability"] <= 1 and backtested["overfitting"]["splits"] == 12_870


def test_backtest__baselines__are_of_the_same_days(backtested: dict[str, Any]) -> None:
    for name in BASELINES:
        assert len(backtested["baselines"][name]["values"]) == 47 and backtested["baselines"][name]["values"][0] == 1


def test_backtest__tear_sheet__has_the_baselines_on_every_chart(backtested: dict[str, Any]) -> None:
    figures = re.findall(r"<figure>.*?</figure>", backtested["page"], re.DOTALL)
    assert len(figures) == 8
    for figure in figures:
        assert all(f">{name}</text>" in figure for name in BASELINES)
    assert "<script" not in backtested["page"] and "--config" in backtested["page"]


def test_backtest__command_of_the_tear_sheet__prints_its_numbers_again(backtested: dict[str, Any]) -> None:
    commands = {
        unescape(line) for line in re.findall(r"reproduce with: (quantera backtest .*?)</p>", backtested["page"])
    }
    (command,) = commands
    result = invoke(*shlex.split(command)[1:])
    assert result.exit_code == 0, result.stderr
    again = json.loads(result.output)["report"]
    assert again == backtested["report"]
    parts = [part for section in again["sections"] for part in (*section["tables"], *section["charts"])]
    assert len(parts) > 8 and all(part["origin"]["command"] == command for part in parts)
    (table,) = again["sections"][0]["tables"]
    for row in table["rows"]:
        assert f">{row[0]}<" in backtested["page"] and f">{row[1]:.2%}<" in backtested["page"]


def test_backtest__table__has_a_line_for_each_portfolio_and_baseline(tmp_path: Path) -> None:
    config = write_config(tmp_path, **two())
    result = invoke("backtest", "--config", str(config), "--strategy", "risk-parity", "--to", "2018-10-20")
    assert result.exit_code == 0, result.stderr
    lines = result.output.splitlines()
    for name in ("plain", "least", "risk-parity", *BASELINES):
        assert sum(line.startswith(name.ljust(22)) for line in lines) == 1, name
    assert any("2018-10-01 to 2018-10-20" in line for line in lines)


def test_backtest__page__ranks_portfolios_by_what_they_return_above_equal_weight(tmp_path: Path) -> None:
    config, page = write_config(tmp_path, **two()), tmp_path / "page.md"
    page.write_text("# A\n\n" + "\n".join(markers(PART)) + "\n\nkept\n", encoding="utf-8")
    result = invoke("backtest", "--config", str(config), "--page", str(page), "--json")
    assert result.exit_code == 0, result.stderr
    scores, text = json.loads(result.output), page.read_text(encoding="utf-8")
    rows = {line.split(" | ")[0][2:]: line for line in text.splitlines() if line.startswith("| ")}
    assert list(rows)[1:] == sorted(list(rows)[1:3], key=lambda name: -above(rows[name])) + list(BASELINES)
    for name, portfolio in scores["portfolios"].items():
        assert f"| {portfolio['performance']['annual_return']:.2%} |" in rows[name]
        grown = portfolio["path"][-1]["share_price"], scores["baselines"]["equal weight"]["values"][-1]
        assert above(rows[name]) == pytest.approx((grown[0] - grown[1]) / 47 * 252, abs=0.01)
    assert text.endswith("\n\nkept\n") and f"--page {page}" in text


def above(row: str) -> float:
    return float(row.split(" | ")[1].split("%")[0]) / 100


def test_backtest__page_without_markers__is_refused_before_the_replay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n", encoding="utf-8")
    result = invoke("backtest", "--page", str(page))
    assert "no markers" in line_of(result, 1)
    assert page.read_text(encoding="utf-8") == "# A\n"


def test_backtest__all__replays_each_strategy(tmp_path: Path) -> None:
    result = invoke("backtest", "--config", str(write_config(tmp_path)), "--strategy", "all", "--to", "2018-10-03")
    assert result.exit_code == 0, result.stderr
    for name in STRATEGIES:
        assert sum(line.startswith(f"{name} ") for line in result.output.splitlines()) == 1, name


def test_backtest__parquet__is_read_as_csv_is(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    config = write_config(tmp_path)
    table = tmp_path / "closes.parquet"
    duckdb.read_csv(str(tmp_path / "closes.csv")).write_parquet(str(table))
    arguments = ("backtest", "--config", str(config), "--to", "2018-10-09", "--json")
    runs = [invoke(*arguments, *more) for more in ((), ("--prices", str(table)))]
    assert [run.exit_code for run in runs] == [0, 0], runs[1].stderr
    first, second = (json.loads(run.output) for run in runs)
    assert first["portfolios"] == second["portfolios"] and first["data"]["sha256"] == second["data"]["sha256"]


def test_backtest__commands_of_the_page__run() -> None:
    block = re.search(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    commands = [shlex.split(line)[1:] for line in block[1].strip().splitlines()]
    packaged = [arguments for arguments in commands if "--config" not in arguments]
    assert len(commands) == 3 and len(packaged) == 2
    for arguments in packaged:
        # The last weeks of the same closes: what a command says is checked, not how long thirty years take.
        start = arguments.index("--from")
        result = invoke(*arguments[: start + 1], "2022-12-20", *arguments[start + 2 :])
        assert result.exit_code == 0, result.stderr
        assert "2022-12-20" in result.output


def test_backtest__config_of_the_page__runs(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    (tmp_path / "backtest.yaml").write_text(block[1], encoding="utf-8")
    write_closes(tmp_path)
    sheet = tmp_path / "sheet.html"
    result = invoke("backtest", "--config", str(tmp_path / "backtest.yaml"), "--html", str(sheet), "--to", "2018-09-20")
    assert result.exit_code == 0 and sheet.exists(), result.stderr
    assert "plain" in result.output and "trend" in result.output


def write_rule(folder: Path, until: date) -> None:
    rule = EwmaRule(Label(5, 60), 0.0, 0.7, 0.2, until, "0" * 64)
    (folder / "rule.json").write_bytes(rule.content)


def following(**regime: Any) -> dict[str, Any]:
    return {"portfolios": {"ewma": {"model": "ewma", "regime": {"enabled": True, "file": "rule.json", **regime}}}}


def test_backtest__regime__follows_the_model_on_the_market_column(tmp_path: Path) -> None:
    config = write_config(tmp_path, **following())
    write_rule(tmp_path, date(2018, 9, 30))
    result = invoke("backtest", "--config", str(config), "--to", "2018-10-15", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.output)
    assert found["data"]["symbols"] == ["AAA", "BBB"] and not found["portfolios"]["ewma"]["fell_back"]
    assert {day["confidence"] for day in found["portfolios"]["ewma"]["path"]} <= {0.7, 0.8}


@pytest.mark.parametrize(
    ("more", "arguments", "words"),
    [
        ({}, ("--strategy", "tangency"), "strategy 'tangency': unknown; choose from equal-weight"),
        ({}, ("--from", "2019-12-01"), "closes run from 2018-01-01 to 2018-11-16"),
        ({}, ("--from", "2018-11-01", "--to", "2018-10-01"), "is not before end"),
        ({"stocks": ["AAA", "ZZZ"]}, (), "closes of ZZZ: not among the closes"),
        (two(), ("--trials", "1"), "trials 1 is below the 2 portfolios"),
        (two(capital="much"), (), "capital: Input should be a valid integer"),
        (two(costs={"depth": 3}), (), "costs.depth"),
        ({"portfolios": {"buy and hold": {"strategy": "equal-weight"}}}, (), "is the name of a baseline"),
        (following(), (), "rule.json: No such file"),
        (following(market="DAX"), (), "closes of DAX"),
    ],
)
def test_backtest__bad_input__is_one_line(
    tmp_path: Path, more: dict[str, Any], arguments: tuple[str, ...], words: str
) -> None:
    if "DAX" not in words and "rule.json" not in words:
        write_rule(tmp_path, date(2018, 1, 1))
    elif "DAX" in words:
        write_rule(tmp_path, date(2018, 9, 1))
    config = write_config(tmp_path, **more)
    assert words in line_of(invoke("backtest", "--config", str(config), *arguments), 1)


def test_backtest__model_of_replayed_days__is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path, **following())
    write_rule(tmp_path, date(2018, 10, 1))
    said = line_of(invoke("backtest", "--config", str(config)), 1)
    assert "its model was trained until 2018-10-01; start on a later day" in said


def test_backtest__tear_sheet_that_is_there__is_refused_before_the_replay(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.html"
    sheet.write_text("mine", encoding="utf-8")
    assert "is there already" in line_of(invoke("backtest", "--html", str(sheet)), 1)
    assert sheet.read_text(encoding="utf-8") == "mine"
