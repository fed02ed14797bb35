"""Loads the rulebook's rules onto tokens.

    ape run rulebook                                  # what the rulebook holds, and which checks of it are old
    ape run rulebook --country CH                     # one country: regimes, rules, laws, questions to counsel
    ape run rulebook NOTE --diff                      # what would change on chain, and why
    ape run rulebook NOTE --apply --account officer   # changes it
    ape run rulebook NOTE --cancel --account officer  # cancels the loosenings that are scheduled

Tightening acts at once. Loosening waits out the officer's delay: the first run schedules it, a later one executes it.
At most 2 * ceil(changes / 40) transactions set a token's rules, one more its maximum number of holders worldwide, and
two at most each list of ways, blackouts, volumes and classes; once more as many where they have to be scheduled.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook.text import holdings
from keepers.contracts.compliance import ComplianceReader
from keepers.operations.rules import Plan, dated_terms, plan
from scripts._lib.deployment.account import AccountSender
from scripts._lib.deployment.chain import Chain
from scripts._lib.rules.apply import Officer
from scripts._lib.rules.options import (
    assignments,
    deployment_option,
    node_of,
    one_line,
    rulebook,
    terms_option,
    token_address,
    tokens_of,
)
from scripts._lib.rules.schedule import ScheduledCalls


@click.command(cls=ConnectedProviderCommand, short_help="Compare and load tokens' rules")
@account_option(prompt=False)
@click.argument("tokens", nargs=-1)
@click.option("--diff", "mode", flag_value="diff", help="Say what would change on chain; change nothing.")
@click.option("--apply", "mode", flag_value="apply", help="Change it, as --account.")
@click.option("--cancel", "mode", flag_value="cancel", help="Cancel what is scheduled to loosen, as --account.")
@click.option("--country", help="Show what the rulebook holds of one country, by its two letters.")
@click.option(
    "--from-block",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Block from which on holders and scheduled changes are looked for.",
)
@terms_option()
@deployment_option()
def cli(
    account: AccountAPI | None,
    provider: Any,
    tokens: tuple[str, ...],
    mode: str | None,
    country: str | None,
    from_block: int,
    terms_path: Path,
    deployment: Path,
) -> None:
    """Compares the rulebook with TOKENS' rules on chain, or loads it; by default every token of the deployment.

    Tokens are addresses or symbols of the deployment. With neither --diff nor --apply it says what the rulebook holds.
    """
    if mode in ("apply", "cancel") and account is None:
        raise click.UsageError(f"--{mode} needs --account: whoever is compliance officer")
    with one_line():
        if mode is None:
            click.echo("\n".join(holdings(rulebook(), country, date.today())))
            return
        for text in tokens or tokens_of(deployment):
            reader = ComplianceReader(node_of(provider), token_address(text, deployment))
            click.echo(f"{reader.symbol} {reader.token}")
            if mode == "cancel" and account is not None:
                cancelled = _officer(provider, account, reader).cancel(reader.token, from_block)
                click.echo(f"{cancelled} scheduled loosenings cancelled.")
                continue
            planned = _planned(reader, terms_path, from_block)
            waiting = ScheduledCalls(provider.web3, reader.engine).of(reader.token, from_block)
            click.echo("\n".join([*planned.lines, *(f"  waits: {found}" for found in waiting)]))
            if mode == "apply" and account is not None:
                outcome = _officer(provider, account, reader).apply(reader.token, planned.steps)
                click.echo(
                    f"{outcome.sent} transactions set rules, {outcome.scheduled} scheduled, {outcome.waiting} wait."
                )


def _officer(provider: Any, account: AccountAPI, reader: ComplianceReader) -> Officer:
    return Officer(Chain(provider.web3, AccountSender(account, provider), click.echo), reader.engine)


def _planned(reader: ComplianceReader, terms_path: Path, from_block: int) -> Plan:
    """Changes that the rulebook makes for a token.

    Raises:
        RulebookError: If the terms do not name the token.
    """
    wanted = assignments(reader, terms_path)
    if wanted is None:
        remedy = "add its terms, open nowhere if need be"
        raise RulebookError(f"token {reader.symbol}", f"{terms_path.name} does not name it", remedy)
    return plan(reader, wanted, from_block, date.today(), dated_terms(reader, terms_path))
