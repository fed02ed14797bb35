"""`quantera route`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keepers.commands.base import config_option, one_line_errors
from keepers.commands.durations import Duration
from keepers.commands.pace_options import pace_of, pace_options

if TYPE_CHECKING:  # keepers.operations is slow to import, and --help needs none of it
    from keepers.operations.route import Routed


class _OrderOrCommand(click.Group):
    """A group whose own arguments are an order: what is no command's name begins one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the name of the order's command before an order."""
        known = (*self.commands, *ctx.help_option_names)
        return super().parse_args(ctx, args if not args or args[0] in known else ["order", *args])


@click.group(cls=_OrderOrCommand)
def route() -> None:
    """Find the best route for an order, or report what past ones cost.

    \b
    Examples:
      quantera route USDC AAPL 250000 --config keeper.yaml
      quantera route USDC AAPL 1000 --exact-out --config keeper.yaml
      quantera route order --help
      quantera route basket basket.yaml --config keeper.yaml
      quantera route forecast USDC AAPL 250000 --horizon 1h --config keeper.yaml
      quantera route schedule USDC AAPL 5000000 --slots 48 --slot-seconds 300 --config keeper.yaml
      quantera route report --from 21000000 --csv costs.csv --config keeper.yaml
    """


@route.command("order")
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
@click.option(
    "--any-path", is_flag=True, help="Also bound what paths of any length and circles could bring, before gas."
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
def order(
    token_in: str,
    token_out: str,
    amount: str,
    config_path: Path,
    exact_out: bool,
    pool_cost: str,
    max_hops: int,
    excluded: tuple[str, ...],
    leg_impact_bps: float | None,
    any_path: bool,
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

    effort = Effort(gap_bps, seconds)
    limits = RouteLimits(pool_cost, max_hops, excluded, block, effort, exact_out, leg_impact_bps, any_path)
    found = routed(load_config(config_path), token_in, token_out, amount, limits)
    if html is not None:
        _draw(found, html)
    click.echo(json.dumps(as_json(found)) if as_json_ else "\n".join(lines(found)))


@route.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@click.option(
    "--pool-cost", default="0", metavar="AMOUNT", help="Gas of a swap, in whole tokens of the settlement token."
)
@click.option(
    "--max-hops", type=int, default=2, show_default=True, help="Pools between a leg and the settlement token, 1 to 3."
)
@click.option(
    "--exclude",
    "excluded",
    multiple=True,
    metavar="VENUE",
    help="Venue by name, as uniswap-v2, or pool by address, that may not be used; repeatable.",
)
@click.option("--at", "block", type=click.IntRange(min=0), help="Block to read at; the newest if not given.")
@click.option("--gap-bps", type=click.FloatRange(min=0), default=0.5, show_default=True, help="Gap that will do.")
@click.option("--seconds", type=click.FloatRange(min=0), default=10.0, show_default=True, help="Time it may take.")
@click.option("--json", "as_json_", is_flag=True, help="One JSON object, amounts in smallest units.")
@one_line_errors
def basket(
    file: Path,
    config_path: Path,
    pool_cost: str,
    max_hops: int,
    excluded: tuple[str, ...],
    block: int | None,
    gap_bps: float,
    seconds: float,
    as_json_: bool,
) -> None:
    """Plan the orders of FILE as one problem over shared pools, and say how much better a plan could be.

    FILE is YAML or JSON with a settlement token, cash, and orders to sell and to buy with their limits. The same orders
    one after another are planned beside it, and the plan is worth at least as much. Nothing is sent.

    \b
    Example:
      quantera route basket basket.yaml --pool-cost 5 --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations.route import RouteLimits
    from keepers.operations.route_basket import as_json, lines, planned_basket
    from keepers.routing.plans import Effort

    limits = RouteLimits(pool_cost, max_hops, excluded, block, Effort(gap_bps, seconds))
    found = planned_basket(load_config(config_path), file, limits)
    click.echo(json.dumps(as_json(found)) if as_json_ else "\n".join(lines(found)))


def _draw(found: Routed, file: Path) -> None:
    from keepers.operations.route_diagram import page

    _write(file, page(found))


def _write(file: Path, text: str) -> None:
    from keepers.routing.errors import RoutingError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RoutingError(str(file), error.strerror or "cannot be written", "name a file elsewhere") from None


@route.command()
@config_option
@click.option("--from", "first", type=click.IntRange(min=0), required=True, help="First block.")
@click.option("--to", "last", type=click.IntRange(min=0), help="Last block; the newest if not given.")
@click.option("--seconds", type=click.FloatRange(min=0), default=2.0, show_default=True, help="Time for each quote.")
@click.option("--json", "as_json_", is_flag=True, help="A JSON list, amounts in smallest units.")
@click.option(
    "--csv",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write the fills there; a file that exists is replaced.",
)
@click.option(
    "--horizon", type=Duration(), help="Forecast each fill so long before it: 10m, 1h, 1d. Without, none is made."
)
@click.option(
    "--history", type=Duration(), default="30d", show_default=True, help="Time that a forecast looks back on."
)
@one_line_errors
def report(
    config_path: Path,
    first: int,
    last: int | None,
    seconds: float,
    as_json_: bool,
    table: Path | None,
    horizon: int | None,
    history: int,
) -> None:
    """Say what every fill cost: the aggregator's swaps and the portfolios' trades between two blocks.

    Each is held against the oracle's price at the block before (arrival), the volume-weighted average price of the
    listed Uniswap pools between the blocks (VWAP), and the router's plan at the block before (quote). Costs are
    implementation shortfalls in basis points; below zero the fill was better. Sandwiches, back-runs and just-in-time
    liquidity around a fill are named below it. With --horizon each fill is also held against the forecast of depth,
    impact and slippage that the pools' history made so long before it. It needs the chain's past state.

    \b
    Example:
      quantera route report --from 21000000 --to 21007200 --csv costs.csv --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations.route_forecast import Span
    from keepers.operations.route_report import as_csv, as_rows, lines, reported
    from keepers.routing.plans import Effort

    span = None if horizon is None else Span(horizon, history)
    found = reported(load_config(config_path), first, last, Effort(seconds=seconds), span)
    if table is not None:
        _write(table, as_csv(found))
    click.echo(json.dumps(as_rows(found)) if as_json_ else "\n".join(lines(found)))


@route.command()
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@config_option
@pace_options
@click.option("--json", "as_json_", is_flag=True, help="One JSON object, amounts in smallest units.")
@one_line_errors
def schedule(token_in: str, token_out: str, amount: str, config_path: Path, as_json_: bool, **options: Any) -> None:
    """Divide AMOUNT of TOKEN_IN over time by TWAP, VWAP or implementation shortfall, and say what it would cost.

    The impact of a slice is fitted to routes over the listed markets. What the caps do not allow in a slot is carried
    over, and what is left after the last is named. Nothing is sent.

    \b
    Example:
      quantera route schedule USDC AAPL 5000000 --slots 48 --slot-seconds 300 --algorithm shortfall \\
        --risk-aversion 0.001 --volatility 0.3 --recovered 0.8 --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations.route_schedule import as_object, lines, scheduled

    found = scheduled(load_config(config_path), token_in, token_out, amount, pace_of(options))
    click.echo(json.dumps(as_object(found)) if as_json_ else "\n".join(lines(found)))


@route.command()
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@config_option
@click.option("--horizon", type=Duration(), default="1h", show_default=True, help="Time until the order: 10m, 1h, 1d.")
@click.option("--history", type=Duration(), default="30d", show_default=True, help="Time that is looked back on.")
@click.option("--json", "as_json_", is_flag=True, help="One JSON object, the amount in smallest units.")
@one_line_errors
def forecast(
    token_in: str, token_out: str, amount: str, config_path: Path, horizon: int, history: int, as_json_: bool
) -> None:
    """Forecast what an order of AMOUNT of TOKEN_IN would meet: depth, impact and slippage, each with a 90% interval.

    The history is read from the events of the listed Uniswap pools that trade the pair, and chooses the model. The
    protocol was fixed before the first result: docs/decisions/0222. Nothing is sent.

    \b
    Example:
      quantera route forecast USDC AAPL 250000 --horizon 1d --history 90d --config keeper.yaml
    """
    from keepers.config import load_config
    from keepers.operations.route_forecast import Span, as_object, forecast_order, lines

    found = forecast_order(load_config(config_path), token_in, token_out, amount, Span(horizon, history))
    click.echo(json.dumps(as_object(found)) if as_json_ else "\n".join(lines(found)))
