"""`quantera signals sentiment` and `ablate`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from keepers.signals.features.generated import generated_history
from tests.unit.keepers.cli.test_cli import invoke, line_of

HEADER = "time,source,text,symbols\n"
GOOD = '2024-05-01T13:30:00Z,wire,"A great, wonderful\nquarter",ACME SPX\n'
BAD = "2024-05-03T13:30:00+02:00,paper,A terrible loss,ACME\n"


def written(folder: Path, content: str | bytes, name: str = "news.csv") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def test_sentiment__csv_with_a_copy__has_a_row_for_each_day_and_symbol(tmp_path: Path) -> None:
    texts, out = written(tmp_path, HEADER + GOOD + BAD + BAD.replace("paper", "wire")), tmp_path / "scores.csv"
    arguments = ("--texts", texts, "--until", "2024-05-04", "--out", str(out), "--json")
    found = json.loads(invoke("signals", "sentiment", *arguments).output)
    assert [(row["date"], row["symbol"], row["texts"]) for row in found["rows"]] == [
        ("2024-05-01", "ACME", 1),
        ("2024-05-01", "SPX", 1),
        ("2024-05-03", "ACME", 1),
    ]
    assert found["rows"][0]["score"] > 0.5 > -0.3 > found["rows"][2]["score"] and found["copies"] == 1
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "date,ACME,ACME texts,SPX,SPX texts" and lines[2] == "2024-05-02,0.0,0,0.0,0"
    assert lines[1].split(",")[1] == repr(found["rows"][0]["score"]) and len(lines) == 5


def test_sentiment__json_lines__are_the_same_texts(tmp_path: Path) -> None:
    rows = [
        {
            "time": "2024-05-01T13:30:00Z",
            "source": "wire",
            "text": "A great, wonderful\nquarter",
            "symbols": ["ACME", "SPX"],
        },
        {"time": "2024-05-03T13:30:00+02:00", "source": "paper", "text": "A terrible loss", "symbols": "ACME"},
    ]
    lines = written(tmp_path, "\n".join(map(json.dumps, rows)) + "\n", "news.jsonl")
    table = written(tmp_path, HEADER + GOOD + BAD)
    one, other = (invoke("signals", "sentiment", "--texts", path, "--json").output for path in (lines, table))
    assert one == other and json.loads(one)["rows"]


def test_sentiment__as_text__sums_up_each_symbol(tmp_path: Path) -> None:
    lines = invoke("signals", "sentiment", "--texts", written(tmp_path, HEADER + GOOD + BAD)).output.splitlines()
    assert lines[1].split()[:5] == ["ACME", "2", "texts", "on", "2"] and lines[2].startswith("SPX")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no column time, source, text, symbols"),
        (HEADER, "has no text; give at least one"),
        (HEADER + "soon,wire,words,A\n", "line 2: time 'soon': no time"),
        (HEADER + "2024-05-01,wire,words,A\n", "line 2: time '2024-05-01T00:00:00': has no offset"),
        (HEADER + "2024-05-01T00:00:00Z,wire,words\n", "line 2: a row: without time, source, text, symbols as text"),
        (HEADER + "2024-05-01T00:00:00Z,wire,words, \n", "names no symbol"),
        (HEADER + "2999-01-01T00:00:00Z,wire,words,A\n", "is of the future, 2999-01-01"),
        (HEADER + '2024-05-01T00:00:00Z,wire,"words,A\n', "no CSV"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_sentiment__broken_csv__one_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in line_of(invoke("signals", "sentiment", "--texts", written(tmp_path, content)), 1)


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        "1",
        '{"time": 3}',
        '{"time": "x", "source": "s", "text": null, "symbols": []}',
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_sentiment__broken_json_lines__one_line(tmp_path: Path, line: str) -> None:
    said = line_of(invoke("signals", "sentiment", "--texts", written(tmp_path, line, "news.jsonl")), 1)
    assert "line 1" in said and len(said) < 400


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--until", "soon"), "day 'soon': not a date"),
        (("--until", "2999-01-01"), "is not over"),
        (("--until", "2020-01-01"), "none was published by 2020-01-01"),
        (("--labels", "negative,positive"), "one needs the others"),
        (("--out", "missing/scores.csv"), "No such file"),
    ],
)
def test_sentiment__wrong_option__one_line(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in line_of(invoke("signals", "sentiment", "--texts", written(tmp_path, HEADER + GOOD), *arguments), 1)


def test_sentiment__classifier_that_is_none__one_line(tmp_path: Path) -> None:
    texts, model = written(tmp_path, HEADER + GOOD), written(tmp_path, "nothing", "model.onnx")
    vocabulary = written(tmp_path, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n", "vocab.txt")
    given = ("--model", model, "--tokenizer", vocabulary, "--labels", "negative,positive")
    assert "cannot be opened" in line_of(invoke("signals", "sentiment", "--texts", texts, *given), 1)


def test_sentiment__text_of_today__waits_for_tomorrow(tmp_path: Path) -> None:
    now = datetime.now(UTC) - timedelta(seconds=1)
    today = f"{now.isoformat()},wire,A wonderful day,ACME\n"
    found = json.loads(
        invoke("signals", "sentiment", "--texts", written(tmp_path, HEADER + GOOD + today), "--json").output
    )
    assert {row["date"] for row in found["rows"]} <= {"2024-05-01", (now.date() - timedelta(days=1)).isoformat()}
    assert found["last"] < datetime.now(UTC).date().isoformat()


def history(folder: Path, informed: bool) -> str:
    """Closes, and texts whose words tell the coming week's volatility, or are drawn."""
    frame = generated_history(700, seed=3)
    close, rng = frame.daily["close"], np.random.default_rng(1)
    squares = np.concatenate([[0.0], np.diff(np.log(close)) ** 2])
    rows = []
    for row in range(1, len(close) - 6):
        calm = squares[row + 2 : row + 7].mean() < np.median(squares[max(row - 60, 1) : row + 1].mean())
        good = calm if informed else rng.random() < 0.5
        rows.append(f"{frame.dates[row]}T15:00:00Z,wire,{'great' if good else 'terrible'} day number {row},IDX")
    texts = written(folder, HEADER + "\n".join(rows) + "\n")
    (folder / "index.csv").write_text(
        "date,close\n" + "\n".join(f"{day},{value}" for day, value in zip(frame.dates, close, strict=True)) + "\n",
        encoding="utf-8",
    )
    until = str(frame.dates[-1])
    result = invoke("signals", "sentiment", "--texts", texts, "--until", until, "--out", str(folder / "scores.csv"))
    assert result.exit_code == 0, result.stderr
    config = folder / "signals.yaml"
    config.write_text(
        "data:\n  daily: {close: {file: index.csv}}\n  releases:\n"
        "    sentiment: {file: scores.csv, column: IDX, lag_days: 1}\n"
        "    texts: {file: scores.csv, column: IDX texts, lag_days: 1}\n"
        "evaluation: {horizon_days: 5, median_days: 60, first_test: 2017-01-02, refit_days: 250}\n",
        encoding="utf-8",
    )
    return str(config)


@pytest.mark.parametrize("informed", [True, False], ids=["informed", "noise"])
def test_ablate__texts_scored_by_vader__are_on_only_where_they_know_something(tmp_path: Path, informed: bool) -> None:
    result = invoke("signals", "ablate", "--config", history(tmp_path, informed), "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.output)
    assert found["used"] is informed and len(found["features"]) == 4
    assert [row["model"] for row in found["models"]] == ["logistic, features", "boosting, features"]


def test_ablate__packaged_history__is_refused_for_want_of_texts(tmp_path: Path) -> None:
    config = written(tmp_path, "data: {packaged: sp500}\n", "signals.yaml")
    said = line_of(invoke("signals", "ablate", "--config", config), 1)
    assert "inputs without sentiment, texts: there is nothing to leave out" in said


def test_ablate__score_known_on_its_own_day__is_refused(tmp_path: Path) -> None:
    path = Path(history(tmp_path, informed=False))
    path.write_text(path.read_text(encoding="utf-8").replace("lag_days: 1", "lag_days: 0"), encoding="utf-8")
    assert "known after 0 days, and such a value takes 1" in line_of(
        invoke("signals", "ablate", "--config", str(path)), 1
    )


PANEL = "closes: {file: assets.csv}}"
SENTIMENT = {"sentiment_5", "sentiment_21", "sentiment_change_5_63", "attention_5_63"}


def trains_on(path: str) -> Path:
    """The config with a panel of stocks, a training of one seed, and a verdict."""
    config, frame = Path(path), generated_history(700, seed=3)
    text = config.read_text(encoding="utf-8").replace(
        "{close: {file: index.csv}}", "{close: {file: index.csv}, " + PANEL
    )
    rows = [f"{day},{','.join(map(str, row))}" for day, row in zip(frame.dates, frame.daily["closes"], strict=True)]
    (config.parent / "assets.csv").write_text("\n".join(["date,A,B,C,D,E", *rows, ""]), encoding="utf-8")
    added = "training: {epochs: 1, seeds: [1]}\nsentiment: {verdict: verdict.json}\n"
    config.write_text(text + added, encoding="utf-8")
    return config


def ablated(config: Path) -> str:
    """The first line of an ablation whose verdict is kept beside the config."""
    result = invoke("signals", "ablate", "--config", str(config), "--verdict", str(config.parent / "verdict.json"))
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()[0]


def inputs_of(config: Path) -> tuple[str, set[str]]:
    """What training says on standard error, and the inputs of the model that it makes."""
    model = ("--model", str(config.parent / "model"), "--config", str(config))
    trained = invoke("signals", "train", *model)
    assert trained.exit_code == 0, trained.stderr
    explained = invoke("signals", "explain", *model, "--json")
    return trained.stderr, {name for name, *_ in json.loads(explained.output)["inputs"]}


@pytest.fixture(scope="module")
def informed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config whose texts know something, with an ablation's verdict beside it."""
    config = trains_on(history(tmp_path_factory.mktemp("informed"), informed=True))
    assert ablated(config).startswith("sentiment is on")
    return config


def copied(config: Path, folder: Path, **changes: tuple[str, str]) -> Path:
    """The files in a folder of their own, with the first text of some replaced by the second."""
    for path in (path for path in config.parent.iterdir() if path.is_file()):
        text = path.read_text(encoding="utf-8")
        old, new = changes.get(path.stem, ("", ""))
        assert old in text
        (folder / path.name).write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return folder / config.name


NO_VERDICT = ("sentiment: {verdict: verdict.json}", "")


def test_train__verdict_that_is_on__reads_sentiment(informed: Path, tmp_path: Path) -> None:
    said, inputs = inputs_of(copied(informed, tmp_path))
    assert "sentiment is read: the ablation until" in said and inputs >= SENTIMENT


def test_train__no_verdict__leaves_sentiment_out_and_says_why(informed: Path, tmp_path: Path) -> None:
    said, inputs = inputs_of(copied(informed, tmp_path, signals=NO_VERDICT))
    assert said.startswith("sentiment is left out: no verdict; run `quantera signals ablate") and not inputs & SENTIMENT


def test_train__verdict_of_noise__leaves_sentiment_out(tmp_path: Path) -> None:
    config = trains_on(history(tmp_path, informed=False))
    assert ablated(config).startswith("sentiment is off")
    said, inputs = inputs_of(config)
    assert "switched it off" in said and not inputs & SENTIMENT


def test_train__days_after_the_verdict__keep_it(informed: Path, tmp_path: Path) -> None:
    config = copied(informed, tmp_path)
    last = (tmp_path / "index.csv").read_text(encoding="utf-8").splitlines()[-1].split(",")[0]
    later = (datetime.fromisoformat(last) + timedelta(days=3)).date()
    for name, cells in (("index.csv", "100.0"), ("assets.csv", "50.0,50.0,50.0,50.0,50.0")):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(f"{later},{cells}\n")
    said, inputs = inputs_of(config)
    assert "sentiment is read" in said and inputs >= SENTIMENT


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scores": (",1\n", ",2\n")}, "verdict verdict.json: is about other data until"),
        ({"signals": ("refit_days: 250", "refit_days: 240")}, "is about another protocol"),
        ({"verdict": ('features_hash": "', 'features_hash": "0')}, "is about other definitions of features"),
        ({"verdict": ("used", "unused")}, "not a verdict"),
    ],
    ids=["data", "protocol", "features", "broken"],
)
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_signals__verdict_about_something_else__one_line(
    informed: Path, tmp_path: Path, changes: dict[str, tuple[str, str]], said: str, command: str
) -> None:
    config = copied(informed, tmp_path, **changes)
    given = ("--model", str(tmp_path / "model")) if command == "train" else ("--without-network",)
    assert said in line_of(invoke("signals", command, "--config", str(config), *given), 1)


def test_evaluate__verdict_that_is_on__counts_the_set(informed: Path, tmp_path: Path) -> None:
    given = ("signals", "evaluate", "--without-network", "--json", "--config")
    whole, without = (invoke(*given, str(path)) for path in (informed, copied(informed, tmp_path, signals=NO_VERDICT)))
    counts = [json.loads(result.stdout)["features"]["count"] for result in (whole, without)]
    assert counts[0] == counts[1] + len(SENTIMENT) and "no verdict" in without.stderr


def test_ablate__verdict_that_cannot_be_written__one_line(informed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    place = str(tmp_path / "file" / "verdict.json")
    said = line_of(invoke("signals", "ablate", "--config", str(informed), "--verdict", place), 1)
    assert said.endswith("choose another place")


def test_sentiment__source_that_fell_silent__is_told(tmp_path: Path) -> None:
    texts = written(tmp_path, HEADER + GOOD + BAD)
    silent = invoke("signals", "sentiment", "--texts", texts, "--until", "2024-05-10")
    assert "source wire is silent: no text since 2024-05-01, 9 days, which reads as neutral" in silent.stderr
    assert "symbol SPX is silent" in silent.stderr and "symbol ACME" not in silent.stderr and silent.exit_code == 0


def test_train__texts_that_stopped__are_told(informed: Path, tmp_path: Path) -> None:
    lines = (informed.parent / "scores.csv").read_text(encoding="utf-8").splitlines()
    config = copied(informed, tmp_path)
    quiet = [*lines[:-30], *(f"{line.split(',')[0]},0.0,0" for line in lines[-30:])]
    (tmp_path / "scores.csv").write_text("\n".join(quiet) + "\n", encoding="utf-8")
    assert ablated(config).startswith("sentiment is on")
    assert "sentiment is silent: no text since" in inputs_of(config)[0]
