"""`quantera signals sentiment` and `quantera signals ablate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from keepers.commands.base import one_line_errors

_file = click.Path(path_type=Path, dir_okay=False)


@click.command("sentiment")
@click.option(
    "--texts", type=_file, required=True, metavar="FILE", help="CSV or JSON Lines: time, source, text, symbols."
)
@click.option("--model", type=_file, metavar="FILE", help="ONNX classifier of texts; VADER without it.")
@click.option("--tokenizer", type=_file, metavar="FILE", help="vocab.txt or tokenizer.json of the classifier.")
@click.option("--labels", metavar="NAMES", help="The classifier's classes in their order: negative,neutral,positive.")
@click.option("--until", metavar="DAY", help="Last day, UTC; yesterday without it.")
@click.option("--out", type=_file, metavar="FILE", help="CSV of daily scores, as a config of signals reads it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_sentiment(
    texts: Path,
    model: Path | None,
    tokenizer: Path | None,
    labels: str | None,
    until: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score texts, and give each day and symbol a mean without copies.

    A day ends at midnight UTC, and its score is known on the next one. A text with the words of another within a week
    is a copy. A source or symbol that is silent for longer than ever before, and for over a week, is told on standard
    error, because a day without texts reads as neutral.

    \b
    Example:
      quantera signals sentiment --texts news.csv --out sentiment.csv
      quantera signals sentiment --texts news.jsonl --model model.onnx --tokenizer vocab.txt --labels negative,positive
    """
    from datetime import UTC, date, datetime, timedelta

    from keepers.operations import signals_sentiment as work
    from keepers.signals.errors import SignalError
    from keepers.signals.sentiment.daily import daily_scores

    now = datetime.now(UTC)
    try:
        last = now.date() - timedelta(days=1) if until is None else date.fromisoformat(until)
    except ValueError:
        raise SignalError(f"day '{until}'", "not a date", "write it as 2022-09-13") from None
    if last >= now.date():
        raise SignalError(f"day {last}", "is not over", "give an earlier one")
    read = work.read_texts(texts, now)
    scorer = work.scorer(model, tokenizer, labels)
    found = daily_scores(read, scorer, last)
    if out is not None:
        work.write_scores(found, out)
    for line in work.silences(read, last):
        click.echo(line, err=True)
    click.echo(
        json.dumps(work.scores_object(found, scorer)) if as_json else "\n".join(work.scores_lines(found, scorer))
    )


@click.command("ablate")
@click.option(
    "--config", "config_path", type=_file, required=True, metavar="FILE", help="Data with sentiment, and protocol."
)
@click.option(
    "--verdict", type=_file, metavar="FILE", help="Where the verdict is kept, as a config's sentiment.verdict."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_ablate(config_path: Path, verdict: Path | None, as_json: bool) -> None:
    """Say whether sentiment stays on: the same models without it and with it, walk forward, on the same days.

    No model reads sentiment before a verdict that says on. The set stays on if it improves the Brier score of the
    logistic regression on features by more than the 95% interval of a block bootstrap: docs/decisions/0218.

    \b
    Example:
      quantera signals ablate --config signals.yaml --verdict sentiment.json
    """
    from keepers.operations import signals_sentiment as work
    from keepers.operations.sentiment_verdict import silence, verdict_of, write_verdict
    from keepers.operations.signal_data import history, load

    config = load(config_path)
    frame = history(config.data, config_path.parent)
    stream = click.get_text_stream("stderr")
    found = work.ablation(
        frame,
        config.evaluation.protocol(),
        lambda model: click.echo(f"  {model}", err=True) if stream.isatty() else None,
    )
    if verdict is not None:
        write_verdict(verdict_of(found, frame, config.evaluation.protocol()), verdict)
    for note in silence(frame):
        click.echo(note, err=True)
    click.echo(json.dumps(work.ablation_object(found, frame)) if as_json else "\n".join(work.ablation_lines(found)))
