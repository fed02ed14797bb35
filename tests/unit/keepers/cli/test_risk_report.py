"""`quantera risk report` and `alerts`: the commands of docs/risk.md, and origins that print the same numbers."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepers.commands.risk import risk
from scripts._lib.artifacts import ROOT
from scripts._lib.demo.protocol import PortfolioTerms
from tests.fixtures.bars import hourly_rows, write_index, write_lines
from tests.fixtures.closes import write_closes
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.cli.test_report_files import text_of_pdf

SECTION = (ROOT / "docs/risk.md").read_text().split("\n## The committee's report\n")[1].split("\n## ")[0]
(BLOCK,) = re.findall(r"```console\n(.*?)```", SECTION, re.DOTALL)
COMMANDS = [shlex.split(line) for line in BLOCK.splitlines()]


@dataclass(frozen=True)
class Done:
    """The folder in which the commands of the docs were run, and what they printed."""

    folder: Path
    printed: tuple[str, ...]

    @property
    def page(self) -> str:
        return unescape((self.folder / "demo.html").read_text())


@dataclass(frozen=True)
class Written:
    """A file of closes, and the report on them as JSON."""

    closes: Path
    report: dict[str, Any]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The three commands of docs/risk.md, as they stand there, in an empty folder."""
    folder, printed = tmp_path_factory.mktemp("officer"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for program, *arguments in COMMANDS:
            assert program == "quantera"
            result = invoke(*arguments)
            assert result.exit_code == 0, result.stderr
            printed.append(result.output)
    return Done(folder, tuple(printed))


@pytest.fixture(scope="module")
def closes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,100 days of three assets."""
    return write_closes(tmp_path_factory.mktemp("closes"), 1100)


def test_docs__risk_officer__gets_the_pdf_with_three_commands(done: Done) -> None:
    assert len(COMMANDS) == 3
    assert sorted(path.name for path in done.folder.iterdir()) == ["demo.html", "demo.pdf", "demo.xlsx"]
    content = (done.folder / "demo.pdf").read_bytes()
    assert content.startswith(b"%PDF") and (done.folder / "demo.xlsx").read_bytes().startswith(b"PK")
    text = text_of_pdf(content)
    for heading in ("Limits", "Value at risk", "Components", "Stress", "Reverse stress", "Predictive alerts",
                    "Backtests", "Performance", "Quality of the data", "Signatures"):  # fmt: skip
        assert heading in text, heading
    # The value at risk of the first command is the report's.
    (shown,) = re.findall(r"1 days 99.0%: VaR ([\d.]+)%", done.printed[0])
    assert f"{float(shown):.3f}%" in text


def test_report__every_origin__names_day_model_data_and_command(done: Done) -> None:
    tables, charts = done.page.count("<table><caption>"), done.page.count("<svg")
    origins = re.findall(r'class="origin">(.*?)</p>', done.page)
    # The table of signatures has no numbers.
    assert len(origins) == tables - 1 + charts > 20
    for origin in origins:
        assert re.fullmatch(
            r"As of 2022-12-28; model: .+; data sha256:[0-9a-f]{64}; reproduce with: quantera risk .+", origin
        )


def test_report__commands_of_its_tables__print_its_numbers(done: Done) -> None:
    commands = dict.fromkeys(re.findall(r"reproduce with: (quantera risk .*?)</p>", done.page))
    named = {command.split()[2]: shlex.split(command)[1:] for command in commands}
    assert set(named) == {"var", "stress", "alerts", "backtest", "attribution", "quality", "report"}
    found = {name: json.loads(invoke(*named[name]).output) for name in ("var", "stress", "attribution", "quality")}
    for tail in found["var"]["tails"]:
        assert f">{tail['var']:.3%}<" in done.page and f">{tail['es_error']:.3%}<" in done.page
    for episode in found["stress"]["episodes"]:
        assert f">{episode['portfolio']:.2%}<" in done.page
    assert f">{found['attribution']['portfolio']['sharpe']:.4f}<" in done.page
    assert f" {len(found['quality']['findings'])} findings" in done.page


def test_report__default_limits__are_the_demos() -> None:
    limits = asdict(PortfolioTerms())
    defaults = {option.name: option.default for option in risk.commands["report"].params}
    for name, key in (("max_drawdown", "max_drawdown"), ("max_var", "max_var99"), ("max_weight", "max_weight")):
        assert defaults[name] == pytest.approx(limits[key] / 10_000, abs=1e-12)


@pytest.fixture(scope="module")
def report_on_closes(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A report on 1,500 days of three assets, with limits that are seldom breached."""
    closes = write_closes(tmp_path_factory.mktemp("longer"), 1500)
    base = ("risk", "report", "equal weight", "--prices", str(closes), "--last", "250", "--days", "60", "--json")
    limits = ("--max-drawdown", "0.05", "--max-var", "0.02", "--max-weight", "0.4", "--max-concentration", "0.34")
    result = invoke(*base, *limits, "--scenarios", "2000")
    assert result.exit_code == 0, result.stderr
    return Written(closes, json.loads(result.output))


def numbers_in(value: Any) -> Iterator[float]:
    """Absolute values of the numbers of a JSON value: a chart draws losses downwards."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield abs(float(value))
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from numbers_in(part)


def test_report__command_of_every_table_and_chart__prints_its_numbers(report_on_closes: Written) -> None:
    printed: dict[str, Any] = {}
    for one in (
        part for section in report_on_closes.report["sections"] for part in (*section["tables"], *section["charts"])
    ):
        told = list(numbers_in(one.get("rows") or [line["values"] for line in one.get("series", ())]))
        if one["origin"] is None:
            assert told == []
            continue
        command = one["origin"]["command"]
        if command not in printed:
            result = invoke(*shlex.split(command)[1:])
            assert result.exit_code == 0, (command, result.stderr)
            printed[command] = np.sort(np.array(list(numbers_in(json.loads(result.output)))))
        known = printed[command]
        after = np.minimum(np.searchsorted(known, told), known.size - 1)
        off = np.minimum(np.abs(known[after] - told), np.abs(known[np.maximum(after - 1, 0)] - told))
        assert np.all(off <= 1e-12), (one["title"], np.array(told)[off > 1e-12][:5])
    assert {shlex.split(command)[2] for command in printed} == {
        "var", "stress", "alerts", "backtest", "attribution", "quality", "report",
    }  # fmt: skip
    empty = [
        table["title"]
        for section in report_on_closes.report["sections"]
        for table in section["tables"]
        if not table["rows"]
    ]
    assert empty == ["Findings"], "a table without rows checks nothing"


def test_report__var_beside_its_limit__is_the_models(report_on_closes: Written) -> None:
    sections = {section["title"]: section for section in report_on_closes.report["sections"]}
    (row,) = (row for row in sections["Limits"]["tables"][0]["rows"] if row[0] == "var99")
    tail = sections["Value at risk and expected shortfall"]["tables"][0]["rows"][1]
    assert tail[2] == 0.99 and row[1] == tail[3] and row[5] == "99% value at risk of a day by garch dcc student"


def test_report__own_closes__every_command_names_them(report_on_closes: Written) -> None:
    found, closes = report_on_closes.report, report_on_closes.closes
    origins = [one["origin"] for section in found["sections"] for one in (*section["tables"], *section["charts"])]
    assert all(f"--prices {closes}" in origin["command"] for origin in origins if origin)
    (row,) = (row for row in found["sections"][0]["tables"][0]["rows"] if row[0] == "drawdown")
    assert row[2] == 0.05 and row[3] == pytest.approx(row[1] / 0.05)
    assert found["files"] == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("demo",), "no file is named"),
        (("tangency", "--json"), "portfolio 'tangency': unknown"),
        (("demo", "--json", "--seed", "-1"), "negative"),
        (("demo", "--json", "--last", "249"), "--last 249: fewer than 250"),
        (("demo", "--json", "--max-var", "2"), "not above 0 and at most 1"),
        (("demo", "--json", "--prices", "none.csv"), "No such file"),
        (("demo", "--pdf", "none/demo.pdf"), "is no folder"),
    ],
)
def test_report__wrong_argument__one_line(arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("risk", "report", *arguments), 1)


def test_alerts__json__has_probabilities_and_their_record(closes: Path) -> None:
    base = ("risk", "alerts", "--prices", str(closes), "--portfolio", "equal weight", "--scenarios", "1000")
    found = json.loads(invoke(*base, "--max-drawdown", "0.02", "--horizon", "2h", "--horizon", "1d", "--json").output)
    hours, day = found["alerts"]
    assert 0 <= hours["probability"] <= day["probability"] <= 1
    assert hours["score"] is None and "a part of a day" in hours["note"]
    # 1,099 returns leave 39 days after the window: too few for two halves of twenty.
    assert day["score"] is None and day["note"] == "as simulated: 39 forecasts, fewer than 40"


def bar_alerts(path: Path, *arguments: str) -> Any:
    """The JSON that `risk alerts` prints for a file of bars."""
    base = ("risk", "alerts", "--prices", str(path), "--portfolio", "equal weight", "--scenarios", "1000")
    result = invoke(*base, "--max-drawdown", "0.01", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.output)


@pytest.mark.parametrize(("unfinished", "within", "moment"), [(False, "18h", "16:00"), (True, "7h", "09:30")])
def test_alerts__bars__hours_have_a_record(tmp_path: Path, unfinished: bool, within: str, moment: str) -> None:
    path = write_index(tmp_path, "nasdaq", "2010", unfinished=unfinished)
    found = bar_alerts(path)
    assert found["hours_from"].endswith(moment) and found["alerts"][0]["horizon"] == within
    score = found["alerts"][0]["score"]
    assert score["forecasts"] > 300 and score["brier"] <= score["brier_base"] + 1e-3 and score["bins"]
    again = bar_alerts(path, "--horizon", within)
    assert again["alerts"] == [found["alerts"][0]], "an alert does not depend on others beside it"


def test_alerts__bars_but_no_price_so_soon__says_when_the_next_comes(tmp_path: Path) -> None:
    (one,) = bar_alerts(write_index(tmp_path, "nasdaq", "2010"), "--horizon", "4h")["alerts"]
    assert one["probability"] == 0 and one["score"] is None
    assert one["note"] == "no price comes within 4h of the last one; the next usually comes after 17.5h"


def test_alerts__opens_that_repeat_closes__have_no_record_of_hours(tmp_path: Path) -> None:
    (one,) = bar_alerts(write_index(tmp_path, "sp500"), "--horizon", "18h")["alerts"]
    assert one["score"] is None and "40% of the days open at the close before them" in one["note"]


def test_alerts__bars_of_few_days__hours_stay_as_simulated(tmp_path: Path) -> None:
    rows = hourly_rows(330, ("AAA", "BBB"), hours=3)
    (one,) = bar_alerts(write_lines(tmp_path, rows[:-2]), "--horizon", "1h")["alerts"]
    assert one["score"] is None and one["note"].startswith("as simulated: 0 forecasts, fewer than 40")


def test_alerts__bars_of_too_few_such_days__hours_are_not_drawn_from_them(tmp_path: Path) -> None:
    rows = [row for row in hourly_rows(330, hours=3) if "T02:00" not in row or row < "2018-07"]
    (one,) = bar_alerts(write_lines(tmp_path, rows), "--horizon", "1h")["alerts"]
    assert one["note"] == "as simulated: 120 earlier stretches of as many hours, fewer than 250"


def test_alerts__actions__bars_are_adjusted_as_closes_are(tmp_path: Path) -> None:
    path = write_index(tmp_path, "nasdaq", "2010", unfinished=True)
    rows = path.read_text(encoding="utf-8").splitlines()
    split = [_split(row) if row < "2014" else row for row in rows[1:]]
    actions = tmp_path / "actions.csv"
    actions.write_text("date,symbol,kind,value\n2014-01-02,nasdaq,split,2\n", encoding="utf-8")
    want = bar_alerts(path, "--horizon", "7h")["alerts"]
    got = bar_alerts(write_lines(tmp_path, split), "--horizon", "7h", "--actions", str(actions))["alerts"]
    assert got == want


def _split(row: str) -> str:
    """A line of a day before a split into two."""
    day, symbol, *prices = row.split(",")
    return ",".join((day, symbol, *(str(2 * float(price)) for price in prices)))


def test_report__bars__has_the_record_of_hours(tmp_path: Path) -> None:
    path = write_index(tmp_path, "nasdaq", "2012")
    small = ("--last", "250", "--days", "60", "--scenarios", "1000", "--max-drawdown", "0.01")
    result = invoke("risk", "report", "equal weight", "--prices", str(path), *small, "--json")
    assert result.exit_code == 0, result.stderr
    section = next(one for one in json.loads(result.output)["sections"] if one["title"] == "Predictive alerts")
    record = next(one for one in section["tables"] if one["title"].startswith("Record"))
    assert ["drawdown", "18h"] in [line[:2] for line in record["rows"]]
    assert "Hours count from the last price, 2018-12-31 16:00" in " ".join(section["text"])


def test_alerts__one_close__one_line(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("date,AAA\n2020-01-02,10\n", encoding="utf-8")
    line = line_of(
        invoke("risk", "alerts", "--prices", str(path), "--portfolio", "equal weight", "--max-var", "0.1"), 1
    )
    assert "closes of one day: no return" in line


def test_alerts__drawdown_beyond_the_limit__is_raised(closes: Path) -> None:
    base = ("risk", "alerts", "--prices", str(closes), "--portfolio", "equal weight", "--scenarios", "1000")
    result = invoke(*base, "--max-drawdown", "0.1", "--drawdown", "0.2", "--horizon", "1d")
    assert "ALERT drawdown above 10.00% within 1d: 100.00%" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "limits: none is given"),
        (("--max-weight", "0.5", "--horizon", "1w"), "horizon '1w': neither 1h to 23h nor 1d to 60d"),
        (("--max-weight", "0.5", "--horizon", "24h"), "neither 1h to 23h"),
        (("--max-weight", "0.5", "--threshold", "1"), "not between 0 and 1"),
        (("--max-weight", "0.5", "--drawdown", "1"), "not from 0 to below 1"),
        (("--max-weight", "0.5", "--scenarios", "1"), "not from 100"),
        (("--max-weight", "0.5", "--seed", "-1"), "negative"),
    ],
)
def test_alerts__wrong_argument__one_line(closes: Path, arguments: tuple[str, ...], said: str) -> None:
    base = ("risk", "alerts", "--prices", str(closes), "--portfolio", "equal weight")
    assert said in line_of(invoke(*base, *arguments), 1)
