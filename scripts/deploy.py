"""Deploys the protocol to any network from a config file.

    ape run deploy --network ethereum:mainnet:node --account deployer --config scripts/config/example.yaml

A second run deploys nothing and says so; a run that was killed goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from scripts.artifacts import build
from scripts.deployment.account import AccountSender
from scripts.deployment.artifacts import protocol_artifacts
from scripts.deployment.chain import Chain, DeploymentError
from scripts.deployment.config import ConfigError, load_config
from scripts.deployment.protocol import ProtocolDeployment

ROOT = Path(__file__).resolve().parent.parent


@click.command(cls=ConnectedProviderCommand, short_help="Deploy the protocol from a config file")
@account_option()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=ROOT / "scripts/config/localnet.yaml",
    show_default="scripts/config/localnet.yaml",
    help="What the network should have.",
)
@click.option(
    "--deployments",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "deployments",
    show_default="deployments/",
    help="Folder for <network>.json.",
)
def cli(account: AccountAPI, provider: Any, config_path: Path, deployments: Path) -> None:
    """Deploys the protocol from a config file; what is there already stays as it is."""
    try:
        config = load_config(config_path)
        build()
        chain = Chain(provider.web3, AccountSender(account, provider), click.echo)
        record = ProtocolDeployment(chain, config, protocol_artifacts()).run()
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
