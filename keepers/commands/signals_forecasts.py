"""The commands of `quantera signals` that judge forecasts beside the regime's table: each makes a page of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from keepers.commands.base import one_line_errors, progress_bar

_file = click.Path(path_type=Path, dir_okay=False)
_config = click.option(
    "--config",
    "config_path",
    type=_file,
    metavar="FILE",
    help="Data and protocol; the packaged S&P 500 under the fixed protocol without it.",
)
_page = click.option("--page", type=_file, metavar="FILE", help="Markdown page whose generated table is replaced.")


def _table_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that judges forecasts of the packaged ranges, or of a config's."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
        click.option("--without-network", is_flag=True, help="Leave out the network, which needs torch."),
        _page,
        _config,
    ):
        command = option(command)
    return command


@click.command("volatility")
@_table_options
@one_line_errors
def signals_volatility(config_path: Path | None, page: Path | None, without_network: bool, as_json: bool) -> None:
    """Forecast tomorrow's variance by every model, walk forward, and say which cannot be told from the best.

    Loss, data and models were fixed before the first result: docs/decisions/0207. It needs the extra risk, and the
    network the extra ai.

    \b
    Example:
      quantera signals volatility --without-network
      quantera signals volatility --config signals.yaml --json
    """
    from keepers.operations import signals_volatility as work

    _forecasts("volatility", work, config_path, page, without_network, as_json)


@click.command("returns")
@_table_options
@one_line_errors
def signals_returns(config_path: Path | None, page: Path | None, without_network: bool, as_json: bool) -> None:
    """Forecast returns over a day, a week and a month, walk forward, beside a random walk, with adaptive intervals.

    Measure, data and models were fixed before the first result: docs/decisions/0215. The network needs the extra ai.

    \b
    Example:
      quantera signals returns --without-network
      quantera signals returns --config signals.yaml --json
    """
    from keepers.operations import signals_returns as work

    _forecasts("returns", work, config_path, page, without_network, as_json)


@click.command("regimes")
@_config
@_page
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_regimes(config_path: Path | None, page: Path | None, as_json: bool) -> None:
    """Forecast the risk regime by a Markov-switching model, walk forward, beside the simple rules.

    Label, test period and intervals are those of `signals evaluate`; the model is no part of its fixed protocol
    (docs/decisions/0232) and cannot become live.

    \b
    Example:
      quantera signals regimes
      quantera signals regimes --config signals.yaml --json
    """
    from keepers.operations import signals_regimes as work
    from keepers.operations.generated_part import around, replace_part
    from keepers.operations.signal_data import history, load

    if page is not None:
        around(page, work.PART)
    config = load(config_path)
    frame = history(config.data, config_path.parent if config_path is not None else Path())
    with progress_bar("Judging", work.MODELS) as advance:
        found = work.compare(frame, config.evaluation.protocol(), lambda _: advance(1))
    if page is not None:
        config_part = f" --config {config_path.name}" if config_path is not None else ""
        replace_part(page, work.PART, work.markdown(found, f"quantera signals regimes{config_part} --page {page}"))
    click.echo(json.dumps(work.as_object(found), default=str) if as_json else "\n".join(work.lines(found)))


@click.command("correlations")
@_config
@_page
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_correlations(config_path: Path | None, page: Path | None, as_json: bool) -> None:
    """Forecast tomorrow's covariances by DCC, CCC, decay and rolling samples, and say which are as good as the best.

    Loss, data and models were fixed before the first result: docs/decisions/0216. It needs the extra risk.

    \b
    Example:
      quantera signals correlations
      quantera signals correlations --config signals.yaml --json
    """
    from keepers.operations import signals_correlations as work
    from keepers.operations.generated_part import around, replace_part
    from keepers.operations.signal_data import history, load

    if page is not None:
        around(page, work.PART)
    frame = history(load(config_path).data, config_path.parent if config_path is not None else Path())
    with progress_bar("Forecasting", work.forecast_days(frame)) as advance:
        found = work.compare(frame, advance)
    if page is not None:
        config_part = f" --config {config_path.name}" if config_path is not None else ""
        replace_part(page, work.PART, work.markdown(found, f"quantera signals correlations{config_part} --page {page}"))
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))


@click.command("liquidity")
@_page
@click.option("--seeds", type=int, metavar="N", help="Histories of each kind; 20 unless given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def signals_liquidity(page: Path | None, seeds: int | None, as_json: bool) -> None:
    """Forecast depth and slippage on made histories whose truth is known, by every model and by the rule of choice.

    Protocol, data and models were fixed before the first result: docs/decisions/0222. What a real pool's history says
    stands beside each `route forecast`.

    \b
    Example:
      quantera signals liquidity
      quantera signals liquidity --json
    """
    from keepers.operations import signals_liquidity as work
    from keepers.operations.generated_part import around, replace_part
    from keepers.signals.liquidity.made import KINDS

    if page is not None:
        around(page, work.PART)
    wanted = work.SEEDS if seeds is None else seeds
    with progress_bar("Forecasting", wanted * len(KINDS)) as advance:
        found = work.compare(wanted, advance)
    if page is not None:
        number = "" if seeds is None else f" --seeds {seeds}"
        replace_part(page, work.PART, work.markdown(found, f"quantera signals liquidity{number} --page {page}"))
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))


def _forecasts(
    name: str, work: Any, config_path: Path | None, page: Path | None, without_network: bool, as_json: bool
) -> None:
    """Judges forecasts by the functions of a module of `keepers.operations`, and prints or writes them."""
    from keepers.operations.generated_part import around, replace_part
    from keepers.operations.signal_data import history, load, packaged
    from keepers.signals.errors import SignalError

    if page is not None:
        if without_network:
            raise SignalError("--without-network beside --page", "a page has every model", "leave out one of them")
        around(page, work.PART)
    frame = packaged("sp500-ranges") if config_path is None else history(load(config_path).data, config_path.parent)
    stream = click.get_text_stream("stderr")
    found = work.compare(
        frame, not without_network, lambda model: click.echo(f"  {model}", err=True) if stream.isatty() else None
    )
    if page is not None:
        config_part = f" --config {config_path.name}" if config_path is not None else ""
        command = f"quantera signals {name}{config_part} --page {page}"
        replace_part(page, work.PART, work.markdown(found, command))
    click.echo(json.dumps(work.as_object(found)) if as_json else "\n".join(work.lines(found)))
