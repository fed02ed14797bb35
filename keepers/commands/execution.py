"""`quantera execution`: orders that a bot sells slice by slice."""

from __future__ import annotations

import json
from pathlib import Path

import click

from keepers.commands.base import config_option, one_line_errors
from keepers.commands.group import Guessing

_number = click.argument("number", type=click.IntRange(min=1))
_json = click.option("--json", "as_json", is_flag=True, help="JSON, amounts in smallest units.")
_reason = click.option("--reason", default="", help="Reason, for whoever looks at the order.")


@click.group(cls=Guessing)
def execution() -> None:
    """Look at orders that are sold slice by slice, and tell them to pause, go on or stop.

    `ape run execute` makes orders; `quantera run execution` sells them.

    \b
    Example:
      quantera execution list --config keeper.yaml
      quantera execution pause 3 --reason "news at noon" --config keeper.yaml
    """


@execution.command("list")
@click.option("--all", "closed", is_flag=True, help="List closed orders too.")
@_json
@config_option
@one_line_errors
def execution_list(closed: bool, as_json: bool, config_path: Path) -> None:
    """List orders, oldest first.

    \b
    Example:
      quantera execution list --all --config keeper.yaml
    """
    from keepers.execution.orders import OrderState
    from keepers.operations.execution import KIND, as_object, line
    from keepers.operations.pauses import bots_of, opened
    from keepers.store.execution import OPEN, listed

    with opened(config_path) as (config, store):
        (bot,) = bots_of(config, KIND)
        found = listed(store, tuple(OrderState) if closed else OPEN)
        if as_json:
            click.echo(json.dumps([as_object(store, bot, order, whole=False) for order in found]))
        else:
            click.echo("\n".join(line(store, bot, order) for order in found) or "No order is open.")


@execution.command("show")
@_number
@_json
@config_option
@one_line_errors
def execution_show(number: int, as_json: bool, config_path: Path) -> None:
    """Show the order with that NUMBER and each of its slices.

    \b
    Example:
      quantera execution show 3 --config keeper.yaml
    """
    from keepers.operations.execution import KIND, as_object, lines
    from keepers.operations.pauses import bots_of, opened
    from keepers.store.execution import by_id

    with opened(config_path) as (config, store):
        (bot,), order = bots_of(config, KIND), by_id(store, number)
        if as_json:
            click.echo(json.dumps(as_object(store, bot, order, whole=True)))
        else:
            click.echo("\n".join(lines(store, bot, order)))


@execution.command("pause")
@_number
@_reason
@_json
@config_option
@one_line_errors
def execution_pause(number: int, reason: str, as_json: bool, config_path: Path) -> None:
    """Sell no further slice of an order until it is resumed; a slice that is signed goes through.

    \b
    Example:
      quantera execution pause 3 --reason "news at noon" --config keeper.yaml
    """
    _tell(number, "paused", reason, as_json, config_path)


@execution.command("resume")
@_number
@_reason
@_json
@config_option
@one_line_errors
def execution_resume(number: int, reason: str, as_json: bool, config_path: Path) -> None:
    """Go on with a paused order; its horizon has not moved.

    \b
    Example:
      quantera execution resume 3 --config keeper.yaml
    """
    _tell(number, "running", reason, as_json, config_path)


@execution.command("cancel")
@_number
@_reason
@_json
@config_option
@one_line_errors
def execution_cancel(number: int, reason: str, as_json: bool, config_path: Path) -> None:
    """Sell nothing more of an order, for good; a slice that is signed goes through.

    \b
    Example:
      quantera execution cancel 3 --reason "the desk changed its mind" --config keeper.yaml
    """
    _tell(number, "cancelled", reason, as_json, config_path)


def _tell(number: int, state: str, reason: str, as_json: bool, config_path: Path) -> None:
    from keepers.execution.orders import OrderState
    from keepers.operations.execution import KIND, as_object, line, tell
    from keepers.operations.pauses import bots_of, opened

    with opened(config_path) as (config, store):
        (bot,) = bots_of(config, KIND)
        order = tell(store, number, OrderState(state), reason)
        if as_json:
            click.echo(json.dumps(as_object(store, bot, order, whole=False)))
        else:
            click.echo(line(store, bot, order))
