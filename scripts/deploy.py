"""Deploys the protocol to any network from a config file.

    ape run deploy --network ethereum:mainnet:node --account deployer --config scripts/_config/example.yaml

The deployment is rehearsed on a fork of the network, which tells what it takes and what would fail; then it asks. A
second run deploys nothing and says so; a run that was killed goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from scripts._lib.artifacts import build
from scripts._lib.deployment.account import AccountSender
from scripts._lib.deployment.artifacts import protocol_artifacts
from scripts._lib.deployment.chain import Chain, DeploymentError
from scripts._lib.deployment.config import ConfigError, load_config
from scripts._lib.deployment.protocol import ProtocolDeployment
from scripts._lib.deployment.rehearsal import Estimate, rehearse

ROOT = Path(__file__).resolve().parent.parent


@click.command(cls=ConnectedProviderCommand, short_help="Deploy the protocol from a config file")
@account_option()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=ROOT / "scripts/_config/localnet.yaml",
    show_default="scripts/_config/localnet.yaml",
    help="What the network should have.",
)
@click.option(
    "--deployments",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "deployments",
    show_default="deployments/",
    help="Folder for <network>.json.",
)
@click.option("--yes", is_flag=True, help="Do not ask before the first transaction; for machines.")
def cli(account: AccountAPI, provider: Any, config_path: Path, deployments: Path, yes: bool) -> None:
    """Deploys the protocol from a config file; what is there already stays as it is."""
    try:
        config = load_config(config_path)
        build()
        artifacts, url = protocol_artifacts(), provider.http_uri or provider.uri
        estimate = rehearse(url, config, artifacts, str(account.address), int(provider.web3.eth.gas_price))
        _approve(account, provider, estimate, yes)
        with _signing(account, estimate):
            chain = Chain(provider.web3, AccountSender(account, provider), click.echo, estimate.transactions)
            record = ProtocolDeployment(chain, config, artifacts).run()
    except (ConfigError, DeploymentError) as error:
        raise click.ClickException(str(error)) from None
    path = record.write(deployments)
    if chain.sent == 0:
        click.echo("Nothing to deploy: everything in the config is there.")
    else:
        click.echo(f"Sent {chain.sent} transactions.")
    for name, contract in record.contracts.items():
        click.echo(f"  {name:<27} {contract.address}")
    for symbol, address in {
        **record.tokens,
        **{k: v["address"] for k, v in record.portfolios.items()},
    }.items():
        click.echo(f"  {symbol:<27} {address}")
    click.echo(f"Written to {path}")


def _approve(account: AccountAPI, provider: Any, estimate: Estimate, yes: bool) -> None:
    """Tells what it takes, makes sure that the account has it, and asks.

    Raises:
        DeploymentError: If the account cannot pay.
        click.Abort: If the person says no.
    """
    if estimate.transactions == 0:
        return
    balance = int(provider.web3.eth.get_balance(account.address))
    if balance < estimate.cost:
        has, needs = balance / 10**18, estimate.cost / 10**18
        raise DeploymentError(
            f"{account.address} has {has:,.6f} coin and this takes about {needs:,.6f}; nothing was sent; fund it"
        )
    click.echo(f"Rehearsed on a fork: {estimate}, from {account.address} on chain {provider.web3.eth.chain_id}.")
    if not yes:
        click.confirm("Send them?", abort=True)


@contextmanager
def _signing(account: AccountAPI, estimate: Estimate) -> Iterator[None]:
    """A keystore of Ape's would ask before each of the transactions that were approved together."""
    if estimate.transactions == 0 or not hasattr(account, "set_autosign"):
        yield
        return
    account.set_autosign(True)
    try:
        yield
    finally:
        account.set_autosign(False)
