"""Options by which a command divides an order over time, shared by every command that does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:  # keepers.operations is slow to import, and --help needs none of it
    from keepers.operations.route_schedule import Pace

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--slots", type=click.IntRange(1, 100_000), required=True, help="Number of slots."),
    click.option("--slot-seconds", type=click.IntRange(min=1), default=60, show_default=True, help="Length of a slot."),
    click.option(
        "--algorithm",
        type=click.Choice(("twap", "vwap", "shortfall")),
        default="twap",
        show_default=True,
        help="Schedule.",
    ),
    click.option("--least", default="0", metavar="AMOUNT", help="Smallest slice, whole tokens of TOKEN_IN."),
    click.option(
        "--hours",
        default="",
        metavar="24 NUMBERS",
        help="Volume of each hour of a UTC day, with commas: for vwap, and in TOKEN_IN for --cap-volume-bps.",
    ),
    click.option(
        "--start", type=click.IntRange(min=0), help="Unix seconds of the first slot; the newest block if not given."
    ),
    click.option(
        "--risk-aversion", type=float, default=0.0, show_default=True, help="shortfall: per token of TOKEN_OUT."
    ),
    click.option(
        "--volatility", type=float, default=0.0, show_default=True, help="Of the price over a year, 0.3 is 30%."
    ),
    click.option(
        "--recovered",
        type=float,
        default=1.0,
        show_default=True,
        help="Share of a fall that comes back by the next slot.",
    ),
    click.option(
        "--cap-volume-bps",
        type=click.IntRange(1, 10_000),
        help="Largest part of what the pair's Uniswap pools trade that a slot sells.",
    ),
    click.option(
        "--cap-depth-bps",
        type=click.IntRange(1, 10_000),
        help="Largest part of the depth of the pair's pools that a slot sells.",
    ),
    click.option(
        "--profile",
        type=click.Choice(("given", "pools")),
        default="given",
        show_default=True,
        help="pools: hours and recovered are read from the listed pools' events.",
    ),
    click.option("--profile-days", type=click.IntRange(1, 366), default=7, show_default=True, help="Days of events."),
)


def pace_options(command: Command) -> Command:
    """Adds the options to a command, which receives them by name for `pace_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def pace_of(options: dict[str, Any]) -> Pace:
    """Returns the division that the options of `pace_options` describe.

    Raises:
        ExecutionError: If the hours are no numbers.
    """
    from keepers.execution.errors import ExecutionError
    from keepers.execution.participation import Caps
    from keepers.operations.route_schedule import Pace

    hours = options["hours"]
    try:
        by_hour = tuple(float(part) for part in hours.split(",") if part)
    except ValueError:
        raise ExecutionError(f"hours {hours}", "not numbers", "give 24 of them, with commas") from None
    names = ("algorithm", "slots", "slot_seconds", "least", "start", "risk_aversion", "volatility", "recovered")
    return Pace(
        **{name: options[name] for name in names},
        by_hour=by_hour,
        caps=Caps(options["cap_volume_bps"] or 0, options["cap_depth_bps"] or 0),
        profile_days=options["profile_days"] if options["profile"] == "pools" else None,
    )
