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

from keepers.chain.compliance import ComplianceReader
from keepers.compliance.explain import explain, words
from keepers.compliance.rules import Reason
from keepers.compliance.verdict import judge, judge_token, verdict
from scripts.rules.options import (
    account,
    assignments,
    deployment_option,
    node_of,
    one_line,
    terms_option,
    token_address,
    units,
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
    source = None if sender == "mint" else account(sender, "from")
    target = None if receiver == "burn" else account(receiver, "to")
    if source is None and target is None:
        raise click.ClickException("mint burn: nothing moves; give at least one account")
    by = account(spender, "spender") if spender else None
    if by in (source, target):
        by = None
    with one_line():
        reader = ComplianceReader(node_of(provider), token_address(token, deployment))
        movement, state = reader.movement(source, target, units(amount, reader.decimals), by)
        ours, tokens = judge(movement, state), judge_token(movement, state)
        on_chain = reader.verdict(movement)
        click.echo(f"{reader.symbol} {reader.token} at block {reader.block.number}: {amount} {sender} -> {receiver}")
        for line in explain([*tokens, *ours], movement, state, assignments(reader, terms_path)):
            click.echo(line)
    if verdict(ours) != on_chain:
        said, meant = (f"{words(reason)} ({who or 'nobody'})" for who, reason in (on_chain, verdict(ours)))
        raise click.ClickException(f"the engine says {said}, this says {meant}: they must not differ; report it")
    refused, reason = verdict([*tokens, *ours])
    if reason is Reason.NONE:
        click.echo("Allowed.")
    else:
        click.echo(f"Refused, code {int(reason)}: {words(reason)}{f', {refused}' if refused else ''}.")
