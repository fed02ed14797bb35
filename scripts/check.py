"""Explains whether a movement of a regulated token is allowed, rule by rule, with the rule's source.

ape run check NOTE 0xSender 0xReceiver 25.5
ape run check NOTE mint 0xReceiver 1000
ape run check NOTE 0xHolder burn 1000
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from ape.cli import ConnectedProviderCommand

from keepers.compliance.arguments import movement_of, units
from keepers.contracts.compliance import ComplianceReader
from keepers.operations.rules import checked
from scripts._lib.rules.options import (
    assignments,
    deployment_option,
    node_of,
    one_line,
    terms_option,
    token_address,
)


@click.command(cls=ConnectedProviderCommand, short_help="Explain a verdict on a transfer, rule by rule")
@click.argument("token")
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@click.argument("amount")
@click.option("--spender", help="Who would move it by allowance, if neither of the two.")
@terms_option()
@deployment_option()
def cli(
    provider: Any,
    token: str,
    sender: str,
    receiver: str,
    amount: str,
    spender: str | None,
    terms_path: Path,
    deployment: Path,
) -> None:
    """Explains whether AMOUNT whole tokens of TOKEN may go FROM one account TO another now.

    FROM may be "mint" and TO may be "burn". It asks the engine as well and fails if the two disagree.
    """
    with one_line():
        source, target, by = movement_of(sender, receiver, spender)
        reader = ComplianceReader(node_of(provider), token_address(token, deployment))
        moved, assigned = units(amount, reader.decimals), assignments(reader, terms_path)
        lines = checked(reader, (source, target), moved, by, assigned)
        title = f"{reader.symbol} {reader.token} at block {reader.block.number}: {amount} {sender} -> {receiver}"
        click.echo("\n".join([title, *lines]))
