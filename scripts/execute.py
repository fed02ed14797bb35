"""Sells an order slice by slice, at most once a slice, from the account that is given.

    ape run execute --network ethereum:mainnet:node --account me USDC ETH 5000000 --config keeper.yaml \\
        --slots 48 --slot-seconds 300 --slippage-bps 30 --limit 0.0004
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import AccountAliasPromptChoice, ConnectedProviderCommand, account_option

from keepers.commands.pace_options import pace_of, pace_options
from keepers.config import Config, load_config
from keepers.errors import KeeperError
from keepers.execution.orders import SlicedOrder
from keepers.operations.execution import Terms, divided, line, run_to_end
from keepers.operations.pauses import bots_of
from keepers.runtime.logging import configure
from keepers.runtime.runtime import stop_on_signals
from keepers.signers.signing import Signer
from keepers.store import Store
from keepers.store import execution as stored
from scripts._lib.private_orders import ApeSigner


@click.command(cls=ConnectedProviderCommand, short_help="Sell an order slice by slice")
@click.argument("token_in")
@click.argument("token_out")
@click.argument("amount")
@account_option(prompt=False)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="keeper.yaml: node, deployment, database, fees and private relay.",
)
@pace_options
@click.option("--limit", default="", metavar="PRICE", help="Least TOKEN_OUT for one TOKEN_IN; a slice below waits.")
@click.option("--slippage-bps", type=click.IntRange(0, 9_999), default=50, show_default=True)
@click.option("--leave", is_flag=True, help="Store the order for `quantera run execution`, and end.")
def cli(
    account: AccountAPI | None,
    provider: Any,
    token_in: str,
    token_out: str,
    amount: str,
    config_path: Path,
    limit: str,
    slippage_bps: int,
    leave: bool,
    **options: Any,
) -> None:
    """Stores an order, and sells it until it is closed; started again with `quantera run execution` it goes on.

    Tokens are symbols or addresses of the deployment; AMOUNT is in whole tokens of TOKEN_IN. An order is closed once
    all of it is sold or its last slot has ended, and what was sent is final.
    """
    try:
        config = load_config(config_path)
        require_same_chain(config, int(provider.chain_id))
        order = divided(config, (token_in, token_out), amount, Terms(pace_of(options), slippage_bps, limit))
        # Nobody is asked for an account, or for a passphrase, for an order that makes no sense.
        signer = ApeSigner(account or AccountAliasPromptChoice().select_account(), provider)
        for told in sold(config, signer, order, leave):
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


def sold(config: Config, signer: Signer, draft: SlicedOrder, leave: bool) -> list[str]:
    """Stores an order for an account and, unless it is left to the bot, runs it to its end; returns the lines to print.

    Raises:
        KeeperError: One line.
    """
    store = Store.open(config.store_url)
    try:
        order = stored.create(store, replace(draft, trader=signer.address))
        (bot,) = bots_of(config, "execution")
        begun = line(store, bot, order)
        if leave:
            return [begun, "left to `quantera run execution`"]
        stop = threading.Event()
        with stop_on_signals(stop):
            order = run_to_end(config, signer, order.id, configure(config.log, bot=bot), stop)
        return [begun, line(store, bot, order)]
    finally:
        store.close()
