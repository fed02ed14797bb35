"""Deploys the protocol to any network from a config file.

    ape run deploy --network ethereum:mainnet:node --account deployer --config scripts/config/example.yaml

A second run deploys nothing and says so; a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ape
import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from scripts.deployment.chain import Artifact, Chain, DeploymentError
from scripts.deployment.config import ConfigError, load_config
from scripts.deployment.protocol import ProtocolDeployment

ROOT = Path(__file__).resolve().parent.parent
OPENZEPPELIN = ROOT / "node_modules/@openzeppelin/contracts/build/contracts"


class AccountSender:
    """Sends through an Ape account."""

    def __init__(self, account: AccountAPI, provider: Any) -> None:
        self.address = str(account.address)
        self._account = account
        self._provider = provider

    def send(self, to: str, data: bytes, value: int = 0) -> Mapping[str, Any]:
        """Sends, waits for the receipt; Ape raises on a revert."""
        transaction = self._provider.network.ecosystem.create_transaction(
            chain_id=self._provider.chain_id, receiver=to, data=data, value=value
        )
        receipt = self._account.call(transaction)
        return {"blockNumber": receipt.block_number, "status": receipt.status}


def artifacts() -> dict[str, Artifact]:
    """Compiled contracts by name; AccessManager and ERC1967Proxy are OpenZeppelin's own published builds."""
    compiled = {
        contract.name: Artifact(
            [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in contract.abi],
            bytes.fromhex((contract.deployment_bytecode.bytecode or "0x").removeprefix("0x")),
        )
        for contract in ape.project.load_contracts().values()
        if contract.deployment_bytecode is not None
    }
    for name in ("AccessManager", "ERC1967Proxy"):
        build = json.loads((OPENZEPPELIN / f"{name}.json").read_text(encoding="utf-8"))
        compiled[name] = Artifact(build["abi"], bytes.fromhex(build["bytecode"].removeprefix("0x")))
    return compiled


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
        chain = Chain(provider.web3, AccountSender(account, provider), click.echo)
        record = ProtocolDeployment(chain, config, artifacts()).run()
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
