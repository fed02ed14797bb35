"""Sells an order slice by slice, at most once a slice, from the account that is given.

    ape run execute --network ethereum:mainnet:node --account me USDC ETH 5000000 --config keeper.yaml \\
        --slots 48 --slot-seconds 300 --slippage-bps 30 --limit 0.0004
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from keepers.config import Config, load_config
from keepers.errors import KeeperError
from keepers.operations.execution import Terms, create, line, run_to_end
from keepers.operations.pauses import bots_of
from keepers.operations.route_schedule import Algorithm, Pace
from keepers.runtime.logging import configure
from keepers.runtime.runtime import stop_on_signals
from keepers.signers.signing import Signer
from keepers.store import Store
from scripts._lib.private_orders import ApeSigner


@click.command(cls=ConnectedProviderCommand, short_help="Sell an order slice by slice")
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@account_option()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="keeper.yaml: node, deployment, database, fees and private relay.",
)
@click.option("--slots", type=click.IntRange(1, 100_000), required=True, help="Number of slots.")
@click.option("--slot-seconds", type=click.IntRange(min=1), default=60, show_default=True, help="Length of a slot.")
@click.option(
    "--algorithm", type=click.Choice(("twap", "vwap", "shortfall")), default="twap", show_default=True, help="Schedule."
)
@click.option("--least", default="0", metavar="AMOUNT", help="Smallest slice, whole tokens of TOKEN_IN.")
@click.option("--hours", default="", metavar="24 NUMBERS", help="vwap: volume of each hour of a UTC day, with commas.")
@click.option("--start", type=click.IntRange(min=0), default=0, help="Unix seconds of the first slot; now if 0.")
@click.option("--risk-aversion", type=float, default=0.0, show_default=True, help="shortfall: per token of TOKEN_OUT.")
@click.option("--volatility", type=float, default=0.0, show_default=True, help="Of the price over a year, 0.3 is 30%.")
@click.option(
    "--recovered", type=float, default=1.0, show_default=True, help="Share of a fall that comes back by the next slot."
)
@click.option("--limit", default="", metavar="PRICE", help="Least TOKEN_OUT for one TOKEN_IN; a slice below waits.")
@click.option("--slippage-bps", type=click.IntRange(0, 9_999), default=50, show_default=True)
@click.option("--leave", is_flag=True, help="Store the order for `quantera run execution`, and end.")
def cli(
    account: AccountAPI,
    provider: Any,
    token_in: str,
    token_out: str,
    amount: str,
    config_path: Path,
    slots: int,
    slot_seconds: int,
    algorithm: Algorithm,
    least: str,
    hours: str,
    start: int,
    risk_aversion: float,
    volatility: float,
    recovered: float,
    limit: str,
    slippage_bps: int,
    leave: bool,
) -> None:
    """Stores an order, and sells it until it is closed; started again with `quantera run execution` it goes on.

    Tokens are symbols or addresses of the deployment; AMOUNT is in whole tokens of TOKEN_IN. An order is closed once
    all of it is sold or its last slot has ended, and what was sent is final.
    """
    try:
        by_hour = tuple(float(part) for part in hours.split(",") if part)
    except ValueError:
        raise click.ClickException(f"hours {hours}: not numbers; give 24 of them, with commas") from None
    pace = Pace(algorithm, slots, slot_seconds, least, by_hour, start, risk_aversion, volatility, recovered)
    signer = ApeSigner(account, provider)
    try:
        config = load_config(config_path)
        require_same_chain(config, int(provider.chain_id))
        for told in sold(config, signer, (token_in, token_out), amount, Terms(pace, slippage_bps, limit), leave):
            click.echo(told)
    except KeeperError as error:
        raise click.ClickException(str(error)) from None


def require_same_chain(config: Config, chain_id: int) -> None:
    """Requires that the config is for the chain that Ape is connected to.

    Raises:
        click.ClickException: Otherwise.
    """
    if config.chain_id != chain_id:
        raise click.ClickException(f"chain {chain_id}: the config is for {config.chain_id}; choose another --network")


def sold(config: Config, signer: Signer, ends: tuple[str, str], amount: str, terms: Terms, leave: bool) -> list[str]:
    """Stores an order and, unless it is left to the bot, runs it to its end; returns the lines to print.

    Raises:
        KeeperError: One line.
    """
    store = Store.open(config.store_url)
    try:
        order = create(config, store, signer.address, ends, amount, terms)
        (bot,) = bots_of(config, "execution")
        stored = line(store, bot, order)
        if leave:
            return [stored, "left to `quantera run execution`"]
        stop = threading.Event()
        with stop_on_signals(stop):
            order = run_to_end(config, signer, order.id, configure(config.log, bot=bot), stop)
        return [stored, line(store, bot, order)]
    finally:
        store.close()
