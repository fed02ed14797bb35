"""Files of texts, scorers by name, daily scores as a file, and whether they add anything to a model."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from keepers import __version__
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, feature_named, optional, readable
from keepers.signals.regimes.ablation import Ablation, ablate
from keepers.signals.regimes.evaluation import Protocol
from keepers.signals.regimes.inputs import WIDE
from keepers.signals.sentiment.classifier import Classifier
from keepers.signals.sentiment.daily import DailyScores, Scorer
from keepers.signals.sentiment.silence import silent_since
from keepers.signals.sentiment.texts import Text
from keepers.signals.sentiment.vader import Vader

_FIELDS = ("time", "source", "text", "symbols")
_LARGEST_CELL = 1_000_000


def read_texts(path: Path, now: datetime) -> tuple[Text, ...]:
    """Texts of a file, in its order.

    Args:
        path: CSV with a header `time,source,text,symbols`, symbols separated by spaces. Where its name ends in .jsonl
            or .ndjson, it has an object with these keys on each line, with `symbols` a list or a text.
        now: The present; a later text is refused.

    Raises:
        SignalError: If the file cannot be read, or a row is no text, or of the future.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SignalError(path, error.strerror or "unreadable", "check the path") from None
    except UnicodeDecodeError:
        raise SignalError(path, "not UTF-8", "save it as UTF-8") from None
    rows = _json_lines(path, content) if path.suffix in (".jsonl", ".ndjson") else _csv(path, content)
    found = []
    for line, row in rows:
        try:
            text = _text(row)
        except SignalError as error:
            raise SignalError(f"{path} line {line}: {error.value}", error.reason, error.remedy) from None
        if text.time > now:
            raise SignalError(f"{path} line {line}", f"is of the future, {text.time.isoformat()}", "correct its time")
        found.append(text)
    if not found:
        raise SignalError(path, "has no text", "give at least one")
    return tuple(found)


def _csv(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.DictReader(content.splitlines(keepends=True), strict=True)
    try:
        missing = [name for name in _FIELDS if name not in (reader.fieldnames or ())]
        if missing:
            raise SignalError(path, f"no column {', '.join(missing)}", f"begin with {','.join(_FIELDS)}")
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise SignalError(f"{path} line {reader.line_num}", f"no CSV: {error}", "save it as CSV") from None


def _json_lines(path: Path, content: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    # A text may hold characters that splitlines() takes for the end of a line.
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise SignalError(f"{path} line {number}", "no JSON object", "write one object on each line")
        yield number, row


def _text(row: Mapping[str, Any]) -> Text:
    symbols = row.get("symbols")
    if isinstance(symbols, str):
        symbols = symbols.split()
    cells = [row.get(name) for name in _FIELDS[:3]]
    if not isinstance(symbols, list) or not all(isinstance(cell, str) for cell in (*cells, *symbols)):
        raise SignalError("a row", f"without {', '.join(_FIELDS)} as text", "fill in every one")
    time, source, words = (str(cell) for cell in cells)
    try:
        moment = datetime.fromisoformat(time.strip())
    except ValueError:
        raise SignalError(f"time '{time[:40]}'", "no time", "write it as 2024-05-01T13:30:00Z") from None
    return Text(moment, source.strip(), words, tuple(dict.fromkeys(symbol.strip() for symbol in symbols)))


def scorer(model: Path | None, tokenizer: Path | None, labels: str | None) -> Scorer:
    """VADER, or a classifier if there is a model.

    Raises:
        SignalError: If a part of a classifier is missing, a file cannot be read, or a package is not installed.
    """
    if model is None and tokenizer is None and labels is None:
        return Vader()
    if model is None or tokenizer is None or labels is None:
        raise SignalError("--model, --tokenizer and --labels", "one needs the others", "give all, or none for VADER")
    return Classifier(_bytes(model), _bytes(tokenizer), labels.split(","))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SignalError(path, error.strerror or "unreadable", "check the path") from None


def silences(texts: Iterable[Text], until: date) -> Iterator[str]:
    """One line for each source, and each symbol, that has fallen silent by a day."""
    told: dict[tuple[str, str], set[date]] = defaultdict(set)
    for text in texts:
        for what in (("source", text.source), *(("symbol", symbol) for symbol in text.symbols)):
            told[what].add(text.day)
    for (kind, name), days in sorted(told.items()):
        since = silent_since(days, until)
        if since is not None:
            gap = (until - since).days
            yield f"{kind} {name} is silent: no text since {since}, {gap} days, which reads as neutral"


def write_scores(found: DailyScores, path: Path) -> None:
    """Writes a CSV with a row for each day and two columns for each symbol: `SYMBOL` and `SYMBOL texts`.

    Raises:
        SignalError: If it cannot be written.
    """
    header = [column for symbol in found.symbols for column in (symbol, f"{symbol} texts")]
    rows = [
        [str(day), *(cell for pair in zip(map(repr, scores), texts, strict=True) for cell in pair)]
        for day, scores, texts in zip(found.days, found.scores.tolist(), found.texts.tolist(), strict=True)
    ]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([["date", *header], *rows])
    except OSError as error:
        raise SignalError(path, error.strerror or "cannot be written", "choose another place") from None


def scores_object(found: DailyScores, by: Scorer) -> dict[str, Any]:
    """Daily scores for programs: the days that have texts."""
    rows = [
        {"date": str(day), "symbol": symbol, "score": float(found.scores[row, column]), "texts": int(count)}
        for row, day in enumerate(found.days)
        for column, symbol in enumerate(found.symbols)
        if (count := found.texts[row, column])
    ]
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    head = {"version": __version__, "scorer": by.name, "scorer_sha256": by.digest, "sha256": digest}
    return {**head, "last": str(found.days[-1]), "copies": found.copies, "rows": rows}


def scores_lines(found: DailyScores, by: Scorer) -> Iterator[str]:
    """Daily scores for a terminal: a line for each symbol."""
    yield f"{found.days[0]} to {found.days[-1]}, {by.name} {by.digest[:16]}, {found.copies} copies left out"
    for column, symbol in enumerate(found.symbols):
        texts = found.texts[:, column]
        told = texts > 0
        mean = float(found.scores[told, column].mean())
        yield f"{symbol:<12}{int(texts.sum()):>8} texts on {int(told.sum())} days, mean score {mean:+.3f}"


def ablation(frame: Frame, protocol: Protocol, progress: Callable[[str], None] = lambda _: None) -> Ablation:
    """Whether sentiment adds anything to the models that read the features of a history.

    Raises:
        SignalError: If the history has no sentiment, or is too short.
    """
    missing = [name for name in ("close", "sentiment", "texts") if name not in frame.names]
    if missing:
        raise SignalError(
            f"inputs without {', '.join(missing)}",
            "there is nothing to leave out",
            "name them under data; see docs/sentiment.md",
        )
    base = readable(frame.names, [feature_named(name) for name in WIDE])
    added = readable(frozenset({"sentiment", "texts"}), optional())
    return ablate(frame, base, added, protocol, progress)


def ablation_object(found: Ablation, frame: Frame) -> dict[str, Any]:
    """An ablation for programs; a gain is a Brier score without the set less that with it."""
    return {
        "version": __version__,
        "data": {"sha256": frame.digest()},
        "test": {"first": str(found.first), "last": str(found.last), "days": found.days},
        "features": found.features,
        "base_features": found.base,
        "used": found.used,
        "models": [
            {
                "model": effect.model,
                "brier_without": effect.without,
                "brier_with": effect.with_set,
                "gain": [effect.gain.value, effect.gain.low, effect.gain.high],
                "helps": effect.helps,
            }
            for effect in found.effects
        ],
    }


def ablation_lines(found: Ablation) -> Iterator[str]:
    """An ablation for a terminal; the first line is the decision."""
    decider = found.effects[0]
    why = "above zero by the interval" if found.used else "not above zero by the interval"
    yield f"sentiment is {'on' if found.used else 'off'}: its gain in `{decider.model}` is {why}"
    yield f"{found.days:,} days from {found.first} to {found.last}"
    yield f"{found.base} features, and {', '.join(found.features)}"
    yield f"{'':<22}{'without':>9}{'with':>9}{'gain':>10}   95% interval"
    for effect in found.effects:
        gain = effect.gain
        cells = f"{effect.without:>9.4f}{effect.with_set:>9.4f}{gain.value:>+10.4f}"
        yield f"{effect.model:<22}{cells}   {gain.low:+.4f} to {gain.high:+.4f}"
