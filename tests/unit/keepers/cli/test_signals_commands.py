"""`quantera signals features`, `audit` and `evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from keepers.operations import signal_data
from keepers.signals.correlations.models import MODELS as CORRELATION_MODELS
from keepers.signals.features import optional, registered
from keepers.signals.features.generated import generated_history
from keepers.signals.liquidity.made import KINDS
from keepers.signals.returns.models import HORIZONS
from keepers.signals.returns.models import SIMPLE as RETURN_MODELS
from keepers.signals.volatility.models import SIMPLE
from tests.fixtures.leaks import history
from tests.unit.keepers.cli.test_cli import invoke, line_of
from tests.unit.keepers.signals.test_correlations import panel
from tests.unit.keepers.signals.test_volatility import prices

PIPELINES = """
import pandas as pd

NUMBER = 3

def clean(frame):
    return frame["close"].rolling(5).mean()

def leaking(frame):
    return pd.DataFrame({"mean": frame["close"].rolling(5).mean(), "ahead": frame["close"].shift(-1)})

def broken(frame):
    return frame["price"]
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of pipelines and a file of data, in which the command runs."""
    (tmp_path / "pipelines_of_a_user.py").write_text(PIPELINES, encoding="utf-8")
    history(120).rename_axis("date").to_csv(tmp_path / "data.csv")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def audit(*arguments: str) -> tuple[str, ...]:
    return ("signals", "audit", "--data", "data.csv", *arguments)


def test_features__as_text__has_two_lines_for_each() -> None:
    lines = invoke("signals", "features").output.splitlines()
    assert len(lines) == 2 * (len(registered()) + len(optional()))


def test_features__as_json__has_every_field() -> None:
    found = json.loads(invoke("signals", "features", "--json").output)
    assert [row["name"] for row in found] == [feature.name for feature in (*registered(), *optional())]
    assert set(found[0]) == {"name", "formula", "source", "unit", "inputs", "length", "lag"}


def test_audit__clean_pipeline__ends_well(work: Path) -> None:
    result = invoke(*audit("--pipeline", "pipelines_of_a_user:clean"))
    assert result.exit_code == 0 and "no output looks ahead: 1 outputs" in result.output


def test_audit__leaking_pipeline__names_output_and_row_and_fails(work: Path) -> None:
    result = invoke(*audit("--pipeline", "pipelines_of_a_user:leaking"))
    assert result.exit_code == 1
    example, summary = result.output.splitlines()
    assert example.startswith("ahead on 2021-03-") and "1 row later" in example
    assert summary.startswith("1 of 2 outputs look ahead")


def test_audit__leak_that_is_a_label__ends_well(work: Path) -> None:
    result = invoke(*audit("--pipeline", "pipelines_of_a_user:leaking", "--label", "ahead", "--cuts", "8"))
    assert result.exit_code == 0, result.output


def test_audit__exhaustive_as_json__changed_the_future_after_every_row(work: Path) -> None:
    found = json.loads(invoke(*audit("--pipeline", "pipelines_of_a_user:clean", "--exhaustive", "--json")).output)
    assert found["clean"] and found["cuts"] == 119


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pipeline", "pipelines_of_a_user"), "not of the form module:function"),
        (("--pipeline", "pipelines_of_nobody:clean"), "no module 'pipelines_of_nobody'"),
        (("--pipeline", "pipelines_of_a_user:cleen"), "has no function 'cleen'"),
        (("--pipeline", "pipelines_of_a_user:NUMBER"), "has no function 'NUMBER'"),
        (("--pipeline", "pipelines_of_a_user:broken"), "KeyError: 'price'"),
        (("--pipeline", "pipelines_of_a_user:clean", "--cuts", "0"), "0 cuts: none"),
        (("--pipeline", "pipelines_of_a_user:clean", "--cuts", "9", "--exhaustive"), "the two exclude each other"),
        (("--pipeline", "pipelines_of_a_user:clean", "--feature", "macd"), "belongs to the other kind of audit"),
        ((), "one needs the other"),
    ],
)
def test_audit__wrong_argument__one_line(work: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke(*audit(*arguments)), 1)


def test_audit__registered_features__ends_well() -> None:
    result = invoke("signals", "audit", "--feature", "macd", "--feature", "credit_spread", "--cuts", "9")
    assert result.exit_code == 0 and "no output looks ahead: 2 outputs" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--feature", "mcad"), "feature 'mcad': unknown"),
        (("--feature", "parkinson_21", "--packaged", "sp500"), "the history lacks high, low"),
    ],
)
def test_audit__feature_that_cannot_be__one_line(arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("signals", "audit", *arguments), 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 generated days as files."""
    return written(tmp_path_factory.mktemp("signals"), 1000)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 generated days as files."""
    return written(tmp_path_factory.mktemp("few"), 400)


def written(folder: Path, days: int) -> Path:
    frame = generated_history(days)
    index = (f"{day},{close}" for day, close in zip(frame.dates, frame.daily["close"], strict=True))
    (folder / "index.csv").write_text("date,close\n" + "\n".join(index) + "\n", encoding="utf-8")
    rows = zip(frame.dates, frame.daily["closes"], strict=True)
    panel = (f"{day},{','.join(map(str, row))}" for day, row in rows)
    (folder / "assets.csv").write_text("date,A,B,C,D,E\n" + "\n".join(panel) + "\n", encoding="utf-8")
    return folder


def config(files: Path, **evaluation: object) -> str:
    settings = {"horizon_days": 5, "median_days": 60, "first_test": "2018-01-01", "refit_days": 400, **evaluation}
    data = "data: {daily: {close: {file: index.csv}, closes: {file: assets.csv}}}\n"
    path = files / "signals.yaml"
    path.write_text(data + "evaluation: " + json.dumps(settings).replace('"', ""), encoding="utf-8")
    return str(path)


def test_evaluate__files_of_a_user__has_every_model(files: Path) -> None:
    arguments = ("--config", config(files), "--without-network", "--json")
    found = json.loads(invoke("signals", "evaluate", *arguments).output)
    assert len(found["scores"]) == 7 and found["live"] in {score["model"] for score in found["scores"]}
    assert found["test"]["first"] == "2018-01-01" and len(found["data"]["sha256"]) == 64


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"choose_until": "2018-03-01"}, "choices by labels until 2018-03-01: they reach into the test period"),
        ({"choose_until": "2017-12-28"}, "choose by labels until 2017-12-22"),
        ({"purge_days": 4}, "4 days purged: labels reach 5, so that training would see the test; purge 5"),
        ({"first_test": "2030-01-01"}, "0 test days"),
        ({"first_test": "soon"}, "evaluation.first_test"),
        ({"horizon": 5}, "evaluation.horizon: Extra inputs are not permitted"),
        ({"horizon_days": 0}, "horizon 0"),
    ],
)
def test_evaluate__config_that_trains_on_its_test_or_has_none__one_line(
    files: Path, settings: dict[str, object], said: str
) -> None:
    assert said in line_of(invoke("signals", "evaluate", "--config", config(files, **settings)), 1)


def test_evaluate__page_without_the_network__one_line(files: Path) -> None:
    arguments = ("--config", config(files), "--without-network", "--page", "page.md")
    assert "a page has every model" in line_of(invoke("signals", "evaluate", *arguments), 1)


def test_evaluate__torch_not_installed__one_line(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.operations.signals_experiments.find_spec", lambda _: None)
    said = line_of(invoke("signals", "evaluate", "--config", config(files)), 1)
    assert said == "quantera: torch: not installed; pip install 'quantera[ai]', or leave the network out"


def test_evaluate__page_without_markers__one_line(files: Path) -> None:
    page = files / "page.md"
    page.write_text("# Mine\n", encoding="utf-8")
    assert "no markers" in line_of(invoke("signals", "evaluate", "--config", config(files), "--page", str(page)), 1)


def training(few: Path, **changes: object) -> str:
    """A config that trains two seeds for one epoch."""
    path = Path(config(few))
    settings = {"epochs": 1, "seeds": [1, 2], "test_from": "2016-06-02", **changes}
    path.write_text(path.read_text() + "\ntraining: " + json.dumps(settings).replace('"', ""), encoding="utf-8")
    return str(path)


def test_train__then_status_and_explain__agree_on_the_weights(few: Path, tmp_path: Path) -> None:
    model = ("--model", str(tmp_path / "model"))
    said = invoke("signals", "train", "--config", training(few), *model).output
    found = json.loads(invoke("signals", "status", *model, "--json").output)
    told = invoke("signals", "explain", "--config", training(few), *model, "--json").output
    assert found["weights_hash"] in said and json.loads(told)["weights_hash"] == found["weights_hash"]
    assert json.loads(told)["regime"] in ("calm", "turbulent")


def test_retrain__week_of_the_last_day__prints_the_call_that_registers_its_file(few: Path, tmp_path: Path) -> None:
    path = Path(training(few))
    last = signal_data.history(signal_data.load(path).data, path.parent).dates[-1]
    given = ("--config", str(path), "--models", str(tmp_path / "models"), "--date", str(last), "--json")
    found = json.loads(invoke("signals", "retrain", *given).stdout)
    assert found["weights_hash"] in found["call"] and Path(found["file"]).is_file()


@pytest.mark.parametrize(
    ("day", "code", "said"),
    [("soon", 1, "day 'soon': not a date"), ("2030-01-02", 75, "has no day of the week before 2029-12-31")],
)
def test_retrain__bad_day__one_line_and_a_code_of_its_own_for_a_stale_history(
    few: Path, tmp_path: Path, day: str, code: int, said: str
) -> None:
    given = ("--config", training(few), "--models", str(tmp_path), "--date", day)
    assert said in line_of(invoke("signals", "retrain", *given), code)


def test_train__rule__needs_no_torch(few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keepers.operations.signals_experiments.find_spec", lambda _: None)
    said = invoke("signals", "train", "--rule", "--config", training(few), "--model", str(tmp_path)).output
    assert "turbulent above" in said and json.loads((tmp_path / "rule.json").read_text())["rule"] == "ewma threshold"


@pytest.mark.parametrize(
    ("arguments", "changes", "said"),
    [
        (("train", "--rule"), {"until": "2016-06-02"}, "reach into the test from 2016-06-02"),
        (("train", "--rule"), {"test_from": "2035-01-01"}, "labels end on"),
        (("train",), {"epochs": 0}, "training.epochs"),
        (("train",), {"seeds": []}, "training.seeds"),
        (("explain",), {}, "holds no trained model"),
        (("explain", "--date", "soon"), {}, "day 'soon': not a date"),
    ],
)
def test_signals__bad_training__one_line(
    few: Path, tmp_path: Path, arguments: tuple[str, ...], changes: dict[str, object], said: str
) -> None:
    given = (*arguments, "--config", training(few, **changes), "--model", str(tmp_path))
    assert said in line_of(invoke("signals", *given), 1)


def test_train__data_that_end_in_the_future__one_line(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("date,close\n2199-01-01,1\n", encoding="utf-8")
    path = tmp_path / "signals.yaml"
    path.write_text("data: {daily: {close: {file: index.csv}}}\n", encoding="utf-8")
    said = line_of(invoke("signals", "train", "--config", str(path), "--model", str(tmp_path)), 1)
    assert said.startswith("quantera: data end on 2199-01-01: after today")


def test_promote__no_model__one_line(tmp_path: Path) -> None:
    (tmp_path / "keeper.yaml").write_text("", encoding="utf-8")
    given = ("--model", str(tmp_path), "--evaluation", "found.json", "--config", str(tmp_path / "keeper.yaml"))
    assert line_of(invoke("signals", "promote", *given), 2).startswith("quantera: ")


@pytest.fixture
def ranges(tmp_path: Path) -> Path:
    """A config of daily prices with ranges."""
    dates, opens, highs, lows, closes = prices(1_060)
    rows = [",".join(map(str, row)) for row in zip(dates, opens, highs, lows, closes, strict=True)]
    (tmp_path / "index.csv").write_text("date,o,h,l,c\n" + "\n".join(rows) + "\n", encoding="utf-8")
    names = {"open": "o", "high": "h", "low": "l", "close": "c"}
    daily = "\n".join(f"    {name}: {{file: index.csv, column: {column}}}" for name, column in names.items())
    config = tmp_path / "signals.yaml"
    config.write_text(f"data:\n  daily:\n{daily}\n", encoding="utf-8")
    return config


def test_volatility__own_prices__ranks_every_simple_model(ranges: Path) -> None:
    result = invoke("signals", "volatility", "--config", str(ranges), "--without-network", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.output)
    assert found["days"] == 59 and {row["model"] for row in found["models"]} == {model.name for model in SIMPLE}
    excess = [row["excess_loss"] for row in found["models"]]
    assert excess == sorted(excess) and excess[0] == 0 and found["models"][0]["confidence_set_p"] == 1


def test_volatility__closes_alone__are_refused_by_what_is_missing(ranges: Path) -> None:
    lines = ranges.read_text(encoding="utf-8").splitlines()
    ranges.write_text("\n".join(line for line in lines if "high" not in line) + "\n", encoding="utf-8")
    result = invoke("signals", "volatility", "--config", str(ranges), "--without-network")
    assert "inputs without high: ranges are needed; name them under data.daily" in line_of(result, 1)


def test_volatility__page_without_the_network__is_refused(tmp_path: Path) -> None:
    result = invoke("signals", "volatility", "--without-network", "--page", str(tmp_path / "page.md"))
    assert "a page has every model" in line_of(result, 1)


def test_volatility__page_without_markers__is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# A\n", encoding="utf-8")
    result = invoke("signals", "volatility", "--page", str(tmp_path / "page.md"))
    assert "no markers" in line_of(result, 1)


def test_returns__own_prices__judge_every_simple_model_over_every_horizon(ranges: Path) -> None:
    dates, *_, closes = prices(1_600)
    rows = "\n".join(f"{day},{close}" for day, close in zip(dates, closes, strict=True))
    (ranges.parent / "index.csv").write_text(f"date,c\n{rows}\n", encoding="utf-8")
    ranges.write_text("data:\n  daily:\n    close: {file: index.csv, column: c}\n", encoding="utf-8")
    result = invoke("signals", "returns", "--config", str(ranges), "--without-network", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.output)["rows"]
    assert {(row["horizon"], row["model"]) for row in told} == {
        (horizon, model.name) for horizon in HORIZONS for model in RETURN_MODELS
    }
    assert all(row["days"] > 50 and 0.5 < row["coverage"] <= 1 for row in told)


def test_returns__short_history__is_refused(ranges: Path) -> None:
    result = invoke("signals", "returns", "--config", str(ranges), "--without-network")
    assert "1059 days: more than 1521 are needed; give a longer history" in line_of(result, 1)


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    """A config of the closes of three assets."""
    closes = 100 * np.exp(np.cumsum(panel(1_060, swing=0.3), axis=0))
    dates = prices(1_060)[0]
    rows = "\n".join(f"{day},{a},{b},{c}" for day, (a, b, c) in zip(dates, closes, strict=True))
    (tmp_path / "assets.csv").write_text(f"date,A,B,C\n{rows}\n", encoding="utf-8")
    config = tmp_path / "assets.yaml"
    config.write_text("data:\n  daily:\n    closes: {file: assets.csv}\n", encoding="utf-8")
    return config


def test_regimes__own_prices__judges_the_rules_and_the_switching_model(files: Path) -> None:
    result = invoke("signals", "regimes", "--config", config(files, median_days=60, horizon_days=5), "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.output)
    names = [score["model"] for score in found["scores"]]
    assert names == ["persistence", "ewma threshold", "garch threshold", "markov switching"]
    assert all(0 <= score["accuracy"]["value"] <= 1 for score in found["scores"])


def test_regimes__page_without_markers__is_refused_before_the_work(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n", encoding="utf-8")
    assert "no markers" in line_of(invoke("signals", "regimes", "--page", str(page)), 1)


def test_correlations__own_panel__ranks_every_model(assets: Path) -> None:
    result = invoke("signals", "correlations", "--config", str(assets), "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.output)
    assert found["days"] == 59 and found["assets"] == 3
    assert {row["model"] for row in found["models"]} == {model.name for model in CORRELATION_MODELS}
    excess = [row["excess_loss_per_asset"] for row in found["models"]]
    assert excess == sorted(excess) and excess[0] == 0 and found["models"][0]["confidence_set_p"] == 1


def test_correlations__page__has_a_row_for_every_model_and_the_command(assets: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n<!-- correlations-table:begin -->\nstale row\n<!-- correlations-table:end -->\n", encoding="utf-8"
    )
    result = invoke("signals", "correlations", "--config", str(assets), "--page", str(page))
    assert result.exit_code == 0, result.stderr
    text = page.read_text(encoding="utf-8")
    assert all(text.count(f"| {model.name} |") == 1 for model in CORRELATION_MODELS)
    assert f"`quantera signals correlations --config assets.yaml --page {page}`" in text and "stale row" not in text


def test_correlations__one_series__is_refused_by_what_is_missing(ranges: Path) -> None:
    result = invoke("signals", "correlations", "--config", str(ranges))
    assert "inputs without closes: a panel of assets is needed; name it under data.daily" in line_of(result, 1)


def test_correlations__page_without_markers__is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# A\n", encoding="utf-8")
    result = invoke("signals", "correlations", "--page", str(tmp_path / "page.md"))
    assert "no markers" in line_of(result, 1)


def test_liquidity__page__has_the_tables_and_the_command(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n<!-- liquidity-tables:begin -->\nstale row\n<!-- liquidity-tables:end -->\n", encoding="utf-8"
    )
    result = invoke("signals", "liquidity", "--seeds", "2", "--page", str(page), "--json")
    text = page.read_text(encoding="utf-8")
    assert result.exit_code == 0, result.output
    assert f"`quantera signals liquidity --seeds 2 --page {page}`" in text and "stale row" not in text
    assert all(f"| {kind} |" in text for kind in KINDS) and "All histories are made" in text
    assert json.loads(result.stdout)["data"]["seeds"] == 2


@pytest.mark.parametrize("seeds", ["1", "0", "-3"])
def test_liquidity__too_few_seeds__one_line(seeds: str) -> None:
    assert "have no interval" in line_of(invoke("signals", "liquidity", f"--seeds={seeds}"), 1)


def test_liquidity__page_that_is_not_there__one_line_before_the_work(tmp_path: Path) -> None:
    assert "name an existing page" in line_of(invoke("signals", "liquidity", "--page", str(tmp_path / "missing.md")), 1)
