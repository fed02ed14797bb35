"""Options that the commands of `quantera risk` share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from keepers.risk.reverse_stress import Limits


def closes_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which closes; the command gets them as one `Closes`."""

    @functools.wraps(command)
    def wrapped(
        prices: Path | None,
        actions: Path | None,
        calendar: str | None,
        accept_findings: bool,
        config: Path | None,
        block: int | None,
        **others: Any,
    ) -> None:
        from keepers.operations.risk_backtest import Closes

        command(closes=Closes(prices, actions, calendar, accept_findings, config, block), **others)

    file = click.Path(path_type=Path, dir_okay=False)
    for option in (
        click.option("--block", type=int, metavar="N", help="With --config: as recorded at this block."),
        click.option(
            "--config",
            type=file,
            metavar="FILE",
            help="keeper.yaml, whose portfolio is known by its name as the bot recorded it, with the config's closes.",
        ),
        click.option("--accept-findings", is_flag=True, help="Go on in spite of what `quantera risk quality` finds."),
        click.option("--calendar", metavar="CODE", help="Exchange whose sessions have to be there, such as XNYS."),
        click.option("--actions", type=file, metavar="FILE", help="CSV of actions: date,symbol,kind,value."),
        click.option(
            "--prices",
            type=file,
            metavar="FILE",
            help="CSV of closes: date,SYM1,SYM2,...; without it the S&P set that skfolio packages.",
        ),
    ):
        wrapped = option(wrapped)
    return wrapped


def place_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where blocks are computed; the command gets them as one `Place`."""

    @functools.wraps(command)
    def wrapped(executor: str, workers: int, cluster: str | None, device: str, **others: Any) -> None:
        from keepers.operations.executors import Place

        command(place=Place(executor, workers, cluster, device), **others)

    for option in (
        click.option("--device", default="cpu", show_default=True, metavar="NAME", help="cpu, or cuda through torch."),
        click.option(
            "--cluster", metavar="ADDRESS", help="Address of Ray or Dask; without it a cluster is started here."
        ),
        click.option(
            "--executor", default="thread", show_default=True, metavar="NAME", help="thread, process, ray or dask."
        ),
        click.option("--workers", type=int, default=1, show_default=True, help="Blocks that are computed at once."),
    ):
        wrapped = option(wrapped)
    return wrapped


def limits_options(**defaults: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that say which limits; the command gets them as one `Limits`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        """Returns the command with the options."""

        @functools.wraps(command)
        def wrapped(
            max_drawdown: float | None,
            max_var: float | None,
            max_weight: float | None,
            max_concentration: float | None,
            **others: Any,
        ) -> None:
            """Judges the limits, and calls the command with them."""
            from keepers.risk.errors import RiskError
            from keepers.risk.reverse_stress import Limits

            given = {"drawdown": max_drawdown, "var": max_var, "weight": max_weight, "concentration": max_concentration}
            for name, value in given.items():
                if value is not None and not 0 < value <= 1:
                    raise RiskError(f"--max-{name} {value}", "not above 0 and at most 1", "give 0.1 for 10%")
            command(limits=Limits(max_drawdown, max_var, max_weight, max_concentration), **others)

        meanings = {
            "concentration": "sum of squared weights",
            "weight": "largest weight of an asset",
            "var": "99% value at risk of a day",
            "drawdown": "fall below the highest value",
        }
        for name, meaning in meanings.items():
            wrapped = click.option(
                f"--max-{name}",
                type=float,
                default=defaults.get(name),
                show_default=True,
                metavar="FRACTION",
                help=f"Limit of the {meaning}.",
            )(wrapped)
        return wrapped

    return decorate


def limits_over(stored: Limits, given: Limits) -> Limits:
    """The stored limits, each replaced by one that stands on the command line."""
    from dataclasses import replace

    from click.core import ParameterSource

    context = click.get_current_context()
    options = {
        "drawdown": "max_drawdown",
        "var99": "max_var",
        "weight": "max_weight",
        "concentration": "max_concentration",
    }
    typed = [
        name for name, option in options.items() if context.get_parameter_source(option) is ParameterSource.COMMANDLINE
    ]
    return replace(stored, **{name: getattr(given, name) for name in typed})
