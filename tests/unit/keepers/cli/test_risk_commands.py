"""`quantera risk backtest`, `var` and `stress` over closes of a file and over the packaged ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from keepers.risk.metrics import Z99
from tests.fixtures.closes import write_closes
from tests.unit.keepers.cli.test_cli import invoke, line_of


@pytest.fixture(scope="module")
def closes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """900 days of three assets."""
    return write_closes(tmp_path_factory.mktemp("closes"), 900)


def test_backtest__file__has_a_line_for_each_test(closes: Path) -> None:
    result = invoke(
        *("risk", "backtest", "--prices", str(closes), "--window", "600", "--portfolio", "equal weight"),
        *("--model", "historical", "--model", "ewma student"),
    )
    assert result.exit_code == 0, result.stderr
    assert result.output.count("historical, equal weight, 99.0%: exceeded on ") == 1
    for test in ("bin", "tl", "pof", "tuff", "cci", "cc", "tbf", "tbfi", "unconditional", "minimally biased"):
        assert sum(line.startswith(f"  {test} ") for line in result.output.splitlines()) == 4, test
    assert "green" in result.output


def test_backtest__json__has_inputs_and_every_number(closes: Path) -> None:
    arguments = ("risk", "backtest", "--prices", str(closes), "--window", "600", "--last", "200", "--json")
    result = invoke(*arguments, "--model", "ewma normal", "--portfolio", "concentrated", "--level", "0.975")
    found = json.loads(result.output)
    assert found["data"]["symbols"] == ["AAA", "BBB", "CCC"] and len(found["data"]["sha256"]) == 64
    assert found["protocol"] == {"window": 600, "refit": 63, "levels": [0.975]}
    (only,) = found["results"]
    assert len(only["outcomes"]) == 12
    for outcome in only["outcomes"]:
        assert outcome["observations"] == 200 and 0 <= outcome["p_value"] <= 1
        assert outcome["accepted"] == (outcome["p_value"] > 0.05)


def test_backtest__packaged_closes__are_thirty_years_of_twenty_stocks() -> None:
    result = invoke("risk", "backtest", "--model", "ewma normal", "--portfolio", "demo", "--last", "100", "--json")
    found = json.loads(result.output)
    assert len(found["data"]["symbols"]) == 20 and found["data"]["last"] == "2022-12-28"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "garhc"), "model 'garhc': unknown; choose from historical"),
        (("--portfolio", "tangency"), "portfolio 'tangency': unknown; choose from equal weight"),
        (("--portfolio", "demo"), "no closes of AAPL"),
        (("--level", "1.5"), "not between 0.5 and 1"),
        (("--portfolio", "concentrated", "--test-level", "2"), "not between 0 and 1"),
        (("--portfolio", "concentrated", "--window", "900"), "no two days after a window of 900"),
        (("--last", "1"), "not between 2 and 299"),
    ],
)
def test_backtest__wrong_argument__one_line(closes: Path, arguments: tuple[str, ...], said: str) -> None:
    base = ("risk", "backtest", "--prices", str(closes), "--window", "600", "--model", "historical")
    assert said in line_of(invoke(*base, *arguments), 1).replace("Forecasting", "")


def test_backtest__no_such_file__one_line(tmp_path: Path) -> None:
    assert "No such file" in line_of(invoke("risk", "backtest", "--prices", str(tmp_path / "none.csv")), 1)


@pytest.mark.parametrize("source", ["gaussian", "student", "t-copula", "bootstrap", "filtered"])
def test_var__every_source__has_errors_and_parts(closes: Path, source: str) -> None:
    result = invoke("risk", "var", "--prices", str(closes), "--source", source, "--scenarios", "4000", "--json")
    found = json.loads(result.output)
    assert [tail["level"] for tail in found["tails"]] == [0.95, 0.99]
    for tail in found["tails"]:
        assert 0 < tail["var"] < tail["es"] < 0.2
        assert 0 < tail["var_error"] < 0.2 * tail["var"]
        assert sum(tail["es_parts"]["component"]) == pytest.approx(tail["es"])


def test_var__workers_and_executors__print_the_same(closes: Path) -> None:
    base = (
        "risk",
        "var",
        "--prices",
        str(closes),
        "--scenarios",
        "40000",
        "--horizon",
        "1",
        "--horizon",
        "5",
        "--json",
    )
    alone = invoke(*base).output
    assert invoke(*base, "--workers", "3").output == alone
    assert invoke(*base, "--workers", "2", "--executor", "process").output == alone
    assert invoke(*base, "--seed", "2").output != alone


def test_var__generated_assets__needs_no_closes() -> None:
    result = invoke("risk", "var", "--assets", "100", "--scenarios", "20000", "--source", "gaussian")
    assert result.exit_code == 0 and result.output.startswith("100 assets, 20,000 paths, seed 1, generated:100")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--source", "levy"), "source 'levy': unknown; choose from gaussian"),
        (("--sampling", "halton"), "sampling 'halton': unknown; choose from plain"),
        (("--scenarios", "10"), "fewer than 1,000"),
        (("--level", "0.5"), "not from 0.95 to 1"),
        (("--horizon", "0"), "not rising days"),
        (("--workers", "0"), "not from 1 to 256"),
        (("--workers", "100000"), "not from 1 to 256"),
        (("--seed", "-1"), "negative"),
        (("--assets", "0"), "not from 1 to 2,000"),
        (("--assets", "1000000"), "not from 1 to 2,000"),
        (("--scenarios", "1000000000000"), "more than 100,000,000"),
        (("--horizon", "100000"), "beyond 252"),
        (("--assets", "5", "--source", "bootstrap"), "needs closes"),
        (("--source", "bootstrap", "--sampling", "antithetic"), "no normal numbers"),
        (("--source", "bootstrap", "--sampling", "controlled"), "no normal days"),
        (("--sampling", "controlled", "--device", "cuda"), "controlled sampling uses the processor"),
    ],
)
def test_var__wrong_argument__one_line(closes: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("risk", "var", "--prices", str(closes), *arguments), 1)


def test_var__controlled__any_executor_prints_the_same_with_little_error(closes: Path) -> None:
    arguments = ("risk", "var", "--prices", str(closes), "--sampling", "controlled", "--scenarios", "1024", "--json")
    found = json.loads(invoke(*arguments).output)
    again = json.loads(invoke(*arguments, "--executor", "process", "--workers", "2").output)
    assert found["tails"] == again["tails"]
    assert all(0 < tail["es_error"] < 0.002 * tail["es"] for tail in found["tails"])


def test_stress__packaged_closes__finds_the_known_crises() -> None:
    """The rule knows no names; what it finds in thirty years are falls that everybody remembers."""
    found = json.loads(invoke("risk", "stress", "--json", "--max-drawdown", "0.1", "--max-weight", "0.2").output)
    lows = [episode["low"] for episode in found["episodes"]]
    assert any(low.startswith("2009-03") for low in lows) and "2020-03-23" in lows
    assert any(low.startswith(("1998-08", "1998-09", "1998-10")) for low in lows)
    assert len(found["grid"]["losses"]) == 1331
    assert [breach["limit"] for breach in found["reverse"]] == ["drawdown", "weight"]
    parts = [step["var99"] for step in found["correlations"]]
    assert parts == sorted(parts)
    assert found["z99"] > Z99, "stocks have fatter tails than a normal"


def test_stress__text__names_the_breach(closes: Path) -> None:
    result = invoke("risk", "stress", "--prices", str(closes), "--max-drawdown", "0.05", "--max-var", "0.05")
    assert "nearest breach of each limit" in result.output and "drawdown: " in result.output
    assert "fewest assets" in result.output or "no set of assets" in result.output


def test_stress__limit_out_of_range__one_line(closes: Path) -> None:
    assert "--max-weight 2.0" in line_of(invoke("risk", "stress", "--prices", str(closes), "--max-weight", "2"), 1)


@pytest.fixture
def split(closes: Path, tmp_path: Path) -> Path:
    """The same closes with a split of AAA on 6 June 2018 that nobody adjusted."""
    path = tmp_path / "split.csv"
    lines = closes.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    halved = [[row[0], str(float(row[1]) / 2), *row[2:]] if row[0] >= "2018-06-06" else row for row in rows]
    path.write_text("\n".join([lines[0], *map(",".join, halved)]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["backtest", "var", "stress"])
def test_gate__split_in_the_closes__no_model_is_made_of_them(split: Path, command: str) -> None:
    said = line_of(invoke("risk", command, "--prices", str(split)), 1)
    assert "AAA 2018-06-06: split" in said and "if this is a split of 2 for 1" in said
    assert invoke("risk", "stress", "--prices", str(split), "--accept-findings").exit_code == 0


def test_quality__split__is_listed_and_the_exit_code_says_so(split: Path) -> None:
    result = invoke("risk", "quality", "--prices", str(split))
    assert result.exit_code == 1 and result.stderr == ""
    assert "900 days of 3 symbols: 1 findings" in result.output and "refused AAA 2018-06-06: split" in result.output
    found = json.loads(invoke("risk", "quality", "--prices", str(split), "--json").output)
    assert [finding["kind"] for finding in found["findings"]] == ["split"]


def test_quality__adjusted_by_actions__has_no_findings(split: Path, tmp_path: Path) -> None:
    actions = tmp_path / "actions.csv"
    actions.write_text("date,symbol,kind,value\n2018-06-06,AAA,split,2\n", encoding="utf-8")
    result = invoke("risk", "quality", "--prices", str(split), "--actions", str(actions))
    assert result.exit_code == 0 and "0 findings" in result.output


def test_quality__calendar__misses_no_session_but_has_days_of_closed_markets(closes: Path) -> None:
    found = json.loads(invoke("risk", "quality", "--prices", str(closes), "--calendar", "XNYS", "--json").output)
    assert {finding["kind"] for finding in found["findings"]} == {"extra day"}
    assert "calendar MARS: unknown" in line_of(invoke("risk", "quality", "--calendar", "MARS"), 1)


@pytest.mark.parametrize("linking", ["carino", "menchero"])
def test_attribution__packaged_closes__effects_sum_to_the_active_return(linking: str) -> None:
    found = json.loads(invoke("risk", "attribution", "--linking", linking, "--json").output)
    active = found["portfolio"]["total_return"] - found["benchmark"]["total_return"]
    parts = [effect[kind] for effect in found["effects"] for kind in ("allocation", "selection", "interaction")]
    assert sum(parts) == pytest.approx(active, abs=1e-12) and found["active"] == pytest.approx(active, abs=1e-12)
    assert all(abs(effect["selection"]) < 1e-15 for effect in found["effects"]), "an asset has the same return for both"


def test_attribution__segments__have_selection_inside(closes: Path, tmp_path: Path) -> None:
    segments = tmp_path / "segments.csv"
    segments.write_text("symbol,segment\nAAA,tech\nBBB,tech\nCCC,banks\n", encoding="utf-8")
    base = ("risk", "attribution", "--prices", str(closes), "--portfolio", "concentrated", "--segments", str(segments))
    found = json.loads(invoke(*base, "--json").output)
    assert [effect["segment"] for effect in found["effects"]] == ["tech", "banks"]
    assert found["effects"][0]["selection"] != 0
    text = invoke(*base).output
    assert "mean over deviation times sqrt(252)" in text and "sum " in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--days", "1"), "not between 2 and 899"),
        (("--portfolio", "minimum variance", "--days", "300"), "not between 2 and"),
        (("--portfolio", "demo"), "no closes of AAPL"),
        (("--segments", "nowhere.csv"), "unreadable"),
    ],
)
def test_attribution__wrong_argument__one_line(closes: Path, arguments: tuple[str, ...], said: str) -> None:
    base = ("risk", "attribution", "--prices", str(closes), "--portfolio", "equal weight")
    assert said in line_of(invoke(*base, *arguments), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,segment\n", "another header"),
        ("symbol,segment\nAAA\n", "line 2"),
        ("symbol,segment\nAAA,x\nAAA,y\n", "line 3"),
        ("symbol,segment\nAAA,x\n", "symbol BBB: has no segment"),
    ],
)
def test_attribution__broken_segments__one_line(closes: Path, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "segments.csv"
    path.write_text(text, encoding="utf-8")
    result = invoke(
        *("risk", "attribution", "--prices", str(closes), "--portfolio", "equal weight", "--segments", str(path))
    )
    assert said in line_of(result, 1)


@dataclass(frozen=True)
class CauseFiles:
    """Files of `risk attribution`'s further causes, for the days of `closes`."""

    factors: Path
    currencies: Path
    rates: Path


@pytest.fixture
def causes(closes: Path, tmp_path: Path) -> CauseFiles:
    """A factor that is the first symbol's return, and the other two symbols in euros."""
    lines = [line.split(",") for line in closes.read_text(encoding="utf-8").splitlines()[1:]]
    found = CauseFiles(*(tmp_path / f"{name}.csv" for name in ("factors", "currencies", "rates")))
    moves = [f"{b[0]},{float(b[1]) / float(a[1]) - 1}" for a, b in pairwise(lines)]
    found.factors.write_text("\n".join(["date,FIRST", *moves]) + "\n", encoding="utf-8")
    found.currencies.write_text("symbol,currency\nAAA,USD\nBBB,EUR\nCCC,EUR\n", encoding="utf-8")
    rates = [f"{line[0]},{1.1 + 0.001 * (row % 7)}" for row, line in enumerate(lines)]
    found.rates.write_text("\n".join(["date,EUR", *rates]) + "\n", encoding="utf-8")
    return found


def test_attribution__factors__sum_to_the_active_return(closes: Path, causes: CauseFiles) -> None:
    base = ("risk", "attribution", "--prices", str(closes), "--portfolio", "concentrated")
    found = json.loads(invoke(*base, "--factors", str(causes.factors), "--json").output)
    (row,) = found["factors"]["rows"]
    assert row["effect"] + found["factors"]["specific"] == pytest.approx(found["active"], abs=1e-12)
    assert row["factor"] == "FIRST" and row["p"] < 1e-6
    assert "R2 " in invoke(*base, "--factors", str(causes.factors)).output


def test_attribution__currencies__sum_to_the_active_return_in_the_base_currency(
    closes: Path, causes: CauseFiles
) -> None:
    base = ("risk", "attribution", "--prices", str(closes), "--portfolio", "concentrated")
    given = ("--currencies", str(causes.currencies), "--rates", str(causes.rates))
    found = json.loads(invoke(*base, *given, "--json").output)["currencies"]
    assert [row["currency"] for row in found["rows"]] == ["USD", "EUR"]
    parts = found["local"] + sum(row["effect"] for row in found["rows"])
    assert parts == pytest.approx(found["active"], abs=1e-12) and found["rows"][1]["effect"] != 0
    assert "active in the base currency" in invoke(*base, *given).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--factors", "nowhere.csv"), "No such file or directory"),
        (("--currencies", "{currencies}"), "given without their rates, or the other way round; give both files"),
        (("--rates", "{rates}"), "given without their rates, or the other way round; give both files"),
        (("--currencies", "{currencies}", "--rates", "{factors}"), "has a rate that is not positive"),
        (("--currencies", "{rates}", "--rates", "{rates}"), "another header; write symbol,currency"),
        (("--currencies", "{currencies}", "--rates", "{rates}", "--days", "899"), "needs a rate of the day before it"),
    ],
)
def test_attribution__broken_causes__one_line(
    closes: Path, causes: CauseFiles, arguments: tuple[str, ...], said: str
) -> None:
    filled = [one.format(**vars(causes)) for one in arguments]
    base = ("risk", "attribution", "--prices", str(closes), "--portfolio", "equal weight")
    assert said in line_of(invoke(*base, *filled), 1)


def test_attribution__day_without_a_rate__is_named(closes: Path, causes: CauseFiles) -> None:
    lines = causes.rates.read_text(encoding="utf-8").splitlines()
    causes.rates.write_text("\n".join([*lines[:-1]]) + "\n", encoding="utf-8")
    base = ("risk", "attribution", "--prices", str(closes), "--portfolio", "equal weight")
    said = line_of(invoke(*base, "--currencies", str(causes.currencies), "--rates", str(causes.rates)), 1)
    assert f"rates.csv: has no row of {lines[-1].split(',')[0]}; add it" in said


def test_var__books__are_those_of_csv_and_of_json(closes: Path, tmp_path: Path) -> None:
    table, tree = tmp_path / "books.csv", tmp_path / "books.json"
    table.write_text("book,CCC,AAA\nfirst,0.5,0.25\nsecond,0,1\n", encoding="utf-8")
    tree.write_text('{"first": {"AAA": 0.25, "CCC": 0.5}, "second": {"AAA": 1}}', encoding="utf-8")
    base = ("risk", "var", "--prices", str(closes), "--scenarios", "4000", "--level", "0.99")
    found = json.loads(invoke(*base, "--books", str(table), "--json").output)
    assert found["books"]["names"] == ["first", "second"]
    (tail,) = found["tails"]
    assert all(0 < var < es for var, es in zip(tail["var"], tail["es"], strict=True))
    assert json.loads(invoke(*base, "--books", str(tree), "--json").output) == found
    told = invoke(*base, "--books", str(tree)).output.splitlines()
    assert told[0].startswith("2 books of 3 assets, 4,000 paths") and told[2].startswith("second: 1 days 99.0%: VaR ")


def test_var__book_of_one_portfolio__is_that_portfolio(closes: Path, tmp_path: Path) -> None:
    file = tmp_path / "books.csv"
    file.write_text(f"book,AAA,BBB,CCC\nequal,{1 / 3!r},{1 / 3!r},{1 / 3!r}\n", encoding="utf-8")
    base = ("risk", "var", "--prices", str(closes), "--scenarios", "20000", "--json")
    alone = json.loads(invoke(*base).output)["tails"]
    together = json.loads(invoke(*base, "--books", str(file)).output)["tails"]
    for one, book in zip(alone, together, strict=True):
        assert [book[name][0] for name in ("var", "es", "var_error")] == pytest.approx(
            [one[name] for name in ("var", "es", "var_error")], rel=1e-11
        )


@pytest.mark.parametrize(
    ("name", "text", "arguments", "said"),
    [
        ("b.csv", "name,AAA\nx,1\n", (), "line 1: another header; write book"),
        ("b.csv", "book,AAA\nx,1\nx,1\n", (), "line 3: 'x' is no new book"),
        ("b.csv", "book,AAA\nx,one\n", (), "line 2: 'one' is no finite number"),
        ("b.csv", "book,AAA\nx,1,2\n", (), "line 2: 2 numbers in place of 1"),
        ("b.csv", "book,AAA\n", (), "has no lines"),
        ("b.csv", "book,ZZZ\nx,1\n", (), "book 'x': no closes of ZZZ"),
        ("b.csv", "book,AAA\nx,50\n", (), "absolute weights sum to 50; give fractions"),
        ("b.json", "[1]", (), "no object of books"),
        ("b.json", '{"x": {"AAA": "1"}}', (), "book 'x': no object of numbers"),
        ("b.json", '{"x": {}, "x": {}}', (), "'x' is there twice"),
        ("b.json", '{"x": {"AAA": NaN}}', (), "absolute weights sum to nan"),
        ("b.json", "{", (), "no JSON"),
        ("b.csv", "book,AAA\nx,1\n", ("--portfolio", "concentrated"), "leave out --portfolio"),
        ("b.csv", "book,AAA\nx,1\n", ("--sampling", "sobol"), "books share independent paths"),
    ],
)
def test_var__wrong_books__one_line(
    closes: Path, tmp_path: Path, name: str, text: str, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    base = ("risk", "var", "--prices", str(closes), "--books", str(tmp_path / name))
    assert said in line_of(invoke(*base, *arguments), 1)


def write_factors(folder: Path, closes: Path, scale: float = 1.0, skip: int = 0) -> Path:
    """Two factors for each day of some closes."""
    days = [line.partition(",")[0] for line in closes.read_text(encoding="utf-8").splitlines()[2 + skip :]]
    values = scale * 0.01 * np.random.default_rng(2).normal(size=(len(days), 2))
    path = folder / "factors.csv"
    rows = [f"{day},{one},{other}" for day, (one, other) in zip(days, values, strict=True)]
    path.write_text("date,market,style\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


GIVEN = ("--window", "600", "--last", "60", "--portfolio", "equal weight", "--model", "factors student")


def test_backtest__given_factors__are_named_with_their_hash(closes: Path, tmp_path: Path) -> None:
    factors = write_factors(tmp_path, closes)
    base = ("risk", "backtest", "--prices", str(closes), *GIVEN, "--model", "single-index student")
    found = json.loads(invoke(*base, "--factors", str(factors), "--json").output)
    assert found["factors"]["names"] == ["market", "style"] and len(found["factors"]["sha256"]) == 64
    assert [one["model"] for one in found["results"][::2]] == ["factors student", "single-index student"]
    assert all(one["notes"] == [] for one in found["results"])


def test_backtest__no_factors__says_where_to_give_them(closes: Path) -> None:
    line = line_of(invoke("risk", "backtest", "--prices", str(closes), *GIVEN), 1)
    assert "model 'factors student': has no factors; give --factors FILE" in line


@pytest.mark.parametrize(
    ("scale", "skip", "model", "said"),
    [
        (100.0, 0, "factors student", "is no daily return; give fractions"),
        (1.0, 700, "factors student", "is missing, as are"),
        (1.0, 0, "historical", "no model takes them; add --model 'factors student'"),
    ],
)
def test_backtest__wrong_factors__one_line(
    closes: Path, tmp_path: Path, scale: float, skip: int, model: str, said: str
) -> None:
    factors = write_factors(tmp_path, closes, scale, skip)
    base = ("risk", "backtest", "--prices", str(closes), *GIVEN[:6], "--model", model)
    assert said in line_of(invoke(*base, "--factors", str(factors)), 1).replace("Forecasting", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--executor", "spark"), "executor 'spark': unknown; choose from thread, process, ray, dask"),
        (("--cluster", "tcp://127.0.0.1:1"), "executor 'thread' has none"),
        (("--executor", "dask", "--cluster", "tcp://127.0.0.1:1"), "Dask at tcp://127.0.0.1:1: does not answer"),
        (("--executor", "ray", "--cluster", "127.0.0.1:1"), "Ray at 127.0.0.1:1: does not answer"),
        (("--executor", "ray", "--cluster", "nonsense"), "is no host with a port; give an address such as ray://HOST"),
    ],
)
def test_var__wrong_place__one_line(closes: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("risk", "var", "--prices", str(closes), *arguments), 1)
