"""`quantera signals`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepers.commands.base import RUNTIME, config_option, one_line_errors, progress_bar
from keepers.commands.group import Guessing

if TYPE_CHECKING:
    from keepers.operations.signal_data import Packaged, SignalsConfig
    from keepers.signals.features import Feature, Frame

_file = click.Path(path_type=Path, dir_okay=False)
_config = click.option(
    "--config",
    "config_path",
    type=_file,
    metavar="FILE",
    help="Data and protocol; the packaged S&P 500 under the fixed protocol without it.",
)


@click.group(cls=Guessing)
def signals() -> None:
    """Judge and train signals: what they read, whether they look ahead, whether a model beats simple rules.

    \b
    Example:
      quantera signals features
      quantera signals audit --pipeline mine:features --data prices.csv
      quantera signals evaluate
      quantera signals train --model model
    """


@signals.command("features")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@one_line_errors
def signals_features(as_json: bool) -> None:
    """List every registered feature: definition, unit, inputs, rows that it needs, and lag. The optional come last.

    \b
    Example:
      quantera signals features --json
    """
    from keepers.signals.features import optional, registered

    fields = ("name", "formula", "source", "unit", "inputs", "length", "lag")
    every = (*registered(), *optional())
    if as_json:
        click.echo(json.dumps([{name: getattr(found, name) for name in fields} for found in every]))
        return
    for found in every:
        lag = f", {found.lag} rows late" if found.lag else ""
        click.echo(f"{found.name} [{found.unit}] = {found.formula}")
        click.echo(f"    {found.length} rows of {', '.join(found.inputs)}{lag}; {found.source}")


@signals.command("audit")
@click.option("--pipeline", metavar="MODULE:FUNCTION", help="A function of a pandas frame; the registry without it.")
@click.option("--data", type=_file, metavar="FILE", help="CSV or Parquet with a column 'date', for --pipeline.")
@click.option("--label", "labels", multiple=True, metavar="NAME", help="Column that may know the future. Repeatable.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="Registered feature; all without it.")
@click.option(
    "--packaged",
    type=click.Choice(["generated", "sp500", "sp500-ranges", "euro"]),
    default="generated",
    show_default=True,
    help="History that registered features are audited over.",
)
@click.option("--cuts", type=int, metavar="N", help="Rows after which the future is changed; 64 unless given.")
@click.option("--exhaustive", is_flag=True, help="Change the future after every row.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_audit(
    pipeline: str | None,
    data: Path | None,
    labels: tuple[str, ...],
    features: tuple[str, ...],
    packaged: Packaged,
    cuts: int | None,
    exhaustive: bool,
    as_json: bool,
) -> None:
    """Look for look-ahead: change what comes after a row, and see whether what was known by then changes.

    Rows are dropped, moved apart, raised, lowered, or made missing. Each output that leaks is reported once: the
    decision, the first later row that changes it, and its value without and with that row. The exit code is 1 if there
    is one. Importing a module runs it: audit only code that you would run.

    \b
    Example:
      quantera signals audit --exhaustive
      quantera signals audit --pipeline mine:features --data prices.csv --label target
    """
    from keepers.operations import signals_audit as work
    from keepers.operations.signal_data import packaged as history
    from keepers.signals.errors import SignalError

    if exhaustive and cuts is not None:
        raise SignalError("--cuts beside --exhaustive", "the two exclude each other", "give one of them")
    if (pipeline is None) != (data is None):
        raise SignalError("--pipeline and --data", "one needs the other", "give both, or neither")
    if (pipeline is None and labels) or (pipeline is not None and features):
        raise SignalError("--label or --feature", "belongs to the other kind of audit", "leave it out")
    wanted = None if exhaustive else work.CUTS if cuts is None else cuts
    if pipeline is not None and data is not None:
        table = work.read_data(data)
        function = work.callable_named(pipeline)
        with progress_bar("Auditing", len(table) if wanted is None else wanted) as advance:
            found = work.audit_pipeline(function, table, labels, wanted, advance)
    else:
        frame = history(packaged)
        with progress_bar("Auditing", len(frame.dates) if wanted is None else wanted) as advance:
            found = work.audit_features(frame, features, wanted, advance)
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))
    if not found.clean:
        sys.exit(RUNTIME)


@signals.command("evaluate")
@_config
@click.option("--page", type=_file, metavar="FILE", help="Markdown page whose generated table is replaced.")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/signals"),
    show_default=True,
    metavar="DIR",
    help="Folder of what the network's trainings gave; an interrupted run goes on from there.",
)
@click.option("--without-network", is_flag=True, help="Leave out the network, which needs torch and minutes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_evaluate(
    config_path: Path | None, page: Path | None, work: Path, without_network: bool, as_json: bool
) -> None:
    """Forecast the risk regime out of sample, by simple rules and by models that learn, and say which one is live.

    The data, label, test period and rule were fixed before the first result: docs/decisions/0139 and 0165.

    \b
    Example:
      quantera signals evaluate
      quantera signals evaluate --config signals.yaml --json
    """
    from keepers.operations import signals_evaluate
    from keepers.operations.generated_part import around, replace_part
    from keepers.operations.signal_data import history, load
    from keepers.operations.signals_experiments import Experiments
    from keepers.signals.errors import SignalError

    if page is not None and without_network:
        raise SignalError("--without-network beside --page", "a page has every model", "leave out one of them")
    experiments = None if without_network else Experiments(work)
    config = load(config_path)
    frame = history(config.data, config_path.parent if config_path is not None else Path())
    if page is not None:
        # A page that cannot be written is refused before the minutes that the table takes.
        around(page, signals_evaluate.PART)
    stream = click.get_text_stream("stderr")
    features = _features(config, frame, config_path)
    protocols = signals_evaluate.protocols(config.evaluation.protocol(), aside=config_path is None and page is not None)
    report, *aside = signals_evaluate.run_all(
        frame,
        protocols,
        lambda model: click.echo(f"  {model}", err=True) if stream.isatty() else None,
        signals_evaluate.learners(experiments),
        features,
    )
    if page is not None and experiments is not None:
        config_part = f" --config {config_path.name}" if config_path is not None else ""
        command = f"quantera signals evaluate{config_part} --page {page}"
        signals_evaluate.write_record(signals_evaluate.network_record((report, *aside), experiments), page)
        replace_part(page, signals_evaluate.PART, signals_evaluate.markdown(report, command, *aside))
    found = signals_evaluate.as_object(report)
    click.echo(json.dumps(found, default=str) if as_json else "\n".join(signals_evaluate.lines(report)))


_model = click.option(
    "--model",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("model"),
    show_default=True,
    metavar="DIR",
    help="Folder of the model.",
)
_keeper = click.option(
    "--config", "keeper_path", type=_file, metavar="FILE", help="keeper.yaml, to tell of the model that it follows."
)


def _features(config: SignalsConfig, frame: Frame, path: Path | None) -> tuple[Feature, ...]:
    """The features of a config's models; says on standard error whether sentiment is among them, and why."""
    from keepers.operations.sentiment_verdict import chosen_features

    base = path.parent if path is not None else Path()
    verdict = config.sentiment.verdict
    chosen = chosen_features(frame, config.evaluation.protocol(), None if verdict is None else base / verdict)
    for note in chosen.notes:
        click.echo(note, err=True)
    return chosen.features


@signals.command("train")
@_config
@_model
@click.option("--rule", is_flag=True, help="Fit the EWMA rule in place of the network; it needs no torch.")
@one_line_errors
def signals_train(config_path: Path | None, folder: Path, rule: bool) -> None:
    """Train the network that a keeper serves, seed by seed, and write its ONNX file and its record.

    An interrupted training goes on where it was. The same data, config and machine give the same file.

    \b
    Example:
      quantera signals train --config signals.yaml --model model
      quantera signals train --rule
    """
    from keepers.operations import signals_train as work
    from keepers.operations.signal_data import history, load
    from keepers.operations.signals_experiments import require_trainer

    config = load(config_path)
    if not rule:
        require_trainer()
    frame = history(config.data, config_path.parent if config_path is not None else Path())
    protocol = config.evaluation.protocol()
    if rule:
        found = work.train_rule(frame, protocol, config.training, folder)
        click.echo(f"{folder / work.RULE} 0x{found.weights_hash.hex()}: turbulent above {found.cut:+.4f}")
        return
    features = _features(config, frame, config_path)
    with progress_bar("Training", len(config.training.seeds)) as advance:
        work.train(frame, protocol, config.training, folder, lambda: advance(1), features)
    _show_status(folder, as_json=False)


@signals.command("retrain")
@_config
@click.option(
    "--models",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("models"),
    show_default=True,
    metavar="DIR",
    help="Folder with a folder for each week.",
)
@click.option("--date", "day", metavar="DAY", help="Any day of the week to train for; today without it.")
@click.option("--attached", is_flag=True, help="End when standard input ends, as `quantera run training` has it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_retrain(config_path: Path | None, folder: Path, day: str | None, attached: bool, as_json: bool) -> None:
    """Train this week's network as a challenger, and print the call that registers it in the shadow.

    `quantera run training` starts it once a week. The first run of a week trains from the days before its Monday, a
    later one goes on where a killed one was, and the others change nothing. Nothing is sent, and no bot follows the
    model by itself. The exit code is 75 where the history has no day of the week before.

    \b
    Example:
      quantera signals retrain --config signals.yaml --models models
    """
    from dataclasses import asdict
    from datetime import UTC, date, datetime

    from keepers.operations import signals_retrain as work
    from keepers.operations.signal_data import history, load
    from keepers.operations.signals_experiments import require_trainer
    from keepers.runtime.child import end_with_starter
    from keepers.signals.errors import SignalError

    if attached:
        end_with_starter()
    try:
        wanted = datetime.now(UTC).date() if day is None else date.fromisoformat(day)
    except ValueError:
        raise SignalError(f"day '{day}'", "not a date", "write it as 2022-09-13") from None
    config = load(config_path)
    require_trainer()
    frame = history(config.data, config_path.parent if config_path is not None else Path())
    protocol, features = config.evaluation.protocol(), _features(config, frame, config_path)
    with progress_bar("Training", len(config.training.seeds)) as advance:
        found = work.retrain(frame, protocol, config.training, folder, wanted, lambda: advance(1), features)
    click.echo(json.dumps(asdict(found)) if as_json else "\n".join(work.lines(found)))


@signals.command("status")
@_model
@_keeper
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_status(folder: Path, keeper_path: Path | None, as_json: bool) -> None:
    """Say what a model was made of, how it did, and whether its file is the recorded one.

    With a keeper's config it tells of the champion and its challenger: days, scores, the test of the trial, and drift.

    \b
    Examples:
      quantera signals status --model model
      quantera signals status --config keeper.yaml
    """
    if keeper_path is None:
        _show_status(folder, as_json)
        return
    from keepers.config import load_config
    from keepers.operations import signals_standing as work

    found = work.standing(load_config(keeper_path))
    click.echo(json.dumps(work.as_object(found), default=str) if as_json else "\n".join(work.lines(found)))


def _show_status(folder: Path, as_json: bool) -> None:
    from datetime import UTC, datetime

    from keepers.operations import signals_train as work

    found = work.status(folder, datetime.now(UTC).date())
    click.echo(json.dumps(found, default=str) if as_json else "\n".join(work.lines_of(found)))


@signals.command("explain")
@click.argument("tx", required=False)
@click.option(
    "--config",
    "config_path",
    type=_file,
    metavar="FILE",
    help="Data of the history; for a transaction, keeper.yaml of the bot that sent it.",
)
@_model
@click.option("--date", "day", metavar="DAY", help="Day of the decision; the last one without it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_explain(tx: str | None, config_path: Path | None, folder: Path, day: str | None, as_json: bool) -> None:
    """Explain a forecast: the regime, what each input did to it, and the hash that a signal carries.

    With the transaction of a rebalance it makes inputs, weights and `inputHash` again, and says what does not agree
    with what was signed. The exit code is 1 then.

    \b
    Examples:
      quantera signals explain --model model --date 2022-09-13
      quantera signals explain 0x2f0c… --config keeper.yaml
    """
    if tx is not None:
        _explain_transaction(tx, config_path, day, as_json)
        return
    from dataclasses import asdict
    from datetime import date

    from keepers.operations import signals_explain as work
    from keepers.operations.signal_data import history, load
    from keepers.signals.errors import SignalError

    try:
        wanted = None if day is None else date.fromisoformat(day)
    except ValueError:
        raise SignalError(f"day '{day}'", "not a date", "write it as 2022-09-13") from None
    config = load(config_path)
    frame = history(config.data, config_path.parent if config_path is not None else Path())
    found = work.explain(frame, folder, wanted)
    click.echo(json.dumps(asdict(found), default=str) if as_json else "\n".join(work.lines(found)))


def _explain_transaction(tx: str, config_path: Path | None, day: str | None, as_json: bool) -> None:
    from keepers.config import load_config
    from keepers.operations import signals_replay as work
    from keepers.signals.errors import SignalError

    if config_path is None:
        raise SignalError("--config", "missing", "name the keeper.yaml of the bot that sent the transaction")
    if day is not None:
        raise SignalError("--date beside a transaction", "its block has the day", "leave it out")
    found = work.replay(load_config(config_path), tx)
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))
    if found.differences:
        sys.exit(RUNTIME)


@signals.command("promote")
@_model
@click.option(
    "--evaluation",
    type=_file,
    metavar="FILE",
    help="What `signals evaluate --json` wrote; for a first model, which has no champion to be judged beside.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
@one_line_errors
def signals_promote(folder: Path, evaluation: Path | None, as_json: bool, config_path: Path) -> None:
    """Judge the evidence for a model in the shadow, and print the call by which the manager makes it live.

    The challenger of the config is judged by its trial beside the champion: 252 days, Brier score, Diebold-Mariano
    test (docs/decisions/0195). A config without one names a first model, which has to win its evaluation. Nothing is
    sent, and a model without the evidence is refused with the figure and the one that is needed.

    \b
    Examples:
      quantera signals promote --config keeper.yaml
      quantera signals promote --model model --evaluation evaluation.json --config keeper.yaml
    """
    from dataclasses import asdict

    from keepers.config import load_config
    from keepers.operations import signals_promote as work
    from keepers.signals.errors import SignalError

    config = load_config(config_path)
    trial = config.rebalance.regime.challenger is not None
    if trial and evaluation is not None:
        raise SignalError("--evaluation", "the config has a challenger, which its trial judges", "leave it out")
    if not trial and evaluation is None:
        raise SignalError("--evaluation", "missing, and the config has no challenger", "give it, or name a challenger")
    found = work.challenger_promotion(config) if evaluation is None else work.promotion(folder, evaluation, config)
    click.echo(json.dumps(asdict(found)) if as_json else "\n".join(work.lines(found)))


@signals.command("reinstate")
@click.option("--reason", required=True, metavar="TEXT", help="Why the model is sound; it stays in the store.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
@one_line_errors
def signals_reinstate(reason: str, as_json: bool, config_path: Path) -> None:
    """Let a bot follow its model again after drift demoted it; later days decide whether it drifts again.

    \b
    Example:
      quantera signals reinstate --config keeper.yaml --reason "the feed of closes was repaired"
    """
    from datetime import UTC, datetime

    from keepers.config import load_config
    from keepers.operations.signals_standing import reinstate

    said = reinstate(load_config(config_path), reason, datetime.now(UTC))
    click.echo(json.dumps({"reinstated": said}) if as_json else said)
