"""`quantera route`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keepers.commands.base import config_option, one_line_errors

if TYPE_CHECKING:  # keepers.operations is slow to import, and --help needs none of it
    from keepers.operations.route import Routed


@click.command()
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@config_option
@click.option("--exact-out", is_flag=True, help="AMOUNT is what has to come out, in whole tokens of TOKEN_OUT.")
@click.option(
    "--pool-cost",
    default="0",
    metavar="AMOUNT",
    help="Gas of using one pool, in whole tokens of TOKEN_OUT; of TOKEN_IN with --exact-out.",
)
@click.option("--max-hops", type=int, default=3, show_default=True, help="Pools on a path at most, 1 to 6.")
@click.option(
    "--exclude",
    "excluded",
    multiple=True,
    metavar="VENUE",
    help="Venue by name, as uniswap-v2, or pool by address, that may not be used; repeatable.",
)
@click.option(
    "--leg-impact-bps",
    type=float,
    help="How far one swap may move its pool's price, basis points; any distance if not given.",
)
@click.option("--at", "block", type=click.IntRange(min=0), help="Block to read at; the newest if not given.")
@click.option("--gap-bps", type=click.FloatRange(min=0), default=0.5, show_default=True, help="Gap that will do.")
@click.option("--seconds", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Time it may take.")
@click.option("--json", "as_json_", is_flag=True, help="One JSON object, amounts in smallest units.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also draw the route there as a Sankey diagram; a file that exists is replaced.",
)
@one_line_errors
def route(
    token_in: str,
    token_out: str,
    amount: str,
    config_path: Path,
    exact_out: bool,
    pool_cost: str,
    max_hops: int,
    excluded: tuple[str, ...],
    leg_impact_bps: float | None,
    block: int | None,
    gap_bps: float,
    seconds: float,
    as_json_: bool,
    html: Path | None,
) -> None:
    """Find the best route for AMOUNT of TOKEN_IN over all listed markets, and say how much better one could be.

    Tokens are symbols or addresses of the deployment; AMOUNT is in whole tokens. With --exact-out the least input is
    found for which AMOUNT of TOKEN_OUT comes out. Nothing is sent.

    \b
    Examples:
      quantera route USDC AAPL 250000 --pool-cost 0.0001 --html route.html --config keeper.yaml
      quantera route USDC AAPL 1000 --exact-out --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations.route import RouteLimits, as_json, lines, routed
    from keepers.routing.plans import Effort

    limits = RouteLimits(pool_cost, max_hops, excluded, block, Effort(gap_bps, seconds), exact_out, leg_impact_bps)
    found = routed(load_config(config_path), token_in, token_out, amount, limits)
    if html is not None:
        _draw(found, html)
    click.echo(json.dumps(as_json(found)) if as_json_ else "\n".join(lines(found)))


def _draw(found: Routed, file: Path) -> None:
    from keepers.operations.route_diagram import page
    from keepers.routing.errors import RoutingError

    try:
        file.write_text(page(found), encoding="utf-8")
    except OSError as error:
        raise RoutingError(str(file), error.strerror or "cannot be written", "name a file elsewhere") from None
