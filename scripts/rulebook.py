"""Loads the rulebook's rules onto tokens.

    ape run rulebook                                  # what the rulebook holds
    ape run rulebook NOTE --diff                      # what would change on chain, and why
    ape run rulebook NOTE --apply --account officer   # changes it

Tightening acts at once. Loosening waits out the officer's delay: the first run schedules it, a later one executes it.
At most 2 * ceil(changes / 40) transactions set a token's rules, once more as many where they have to be scheduled.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from ape.api import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from keepers.chain.compliance import ComplianceReader
from keepers.compliance.explain import describe_rule, source
from keepers.compliance.plan import Change, changes, steps
from keepers.compliance.rulebook import Rulebook
from keepers.compliance.rulebook.terms import Assignment, letters_of
from scripts.deployment.account import AccountSender
from scripts.deployment.chain import Chain
from scripts.rules.apply import Officer
from scripts.rules.options import (
    assignments,
    deployment_option,
    node_of,
    one_line,
    rulebook,
    terms_option,
    token_address,
    tokens_of,
)


@click.command(cls=ConnectedProviderCommand, short_help="Compare and load tokens' rules")
@account_option(prompt=False)
@click.argument("tokens", nargs=-1)
@click.option("--diff", "mode", flag_value="diff", help="Say what would change on chain; change nothing.")
@click.option("--apply", "mode", flag_value="apply", help="Change it, as --account.")
@terms_option()
@deployment_option()
def cli(
    account: AccountAPI | None,
    provider: Any,
    tokens: tuple[str, ...],
    mode: str | None,
    terms_path: Path,
    deployment: Path,
) -> None:
    """Compares the rulebook with TOKENS' rules on chain, or loads it; by default every token of the deployment.

    Tokens are addresses or symbols of the deployment. With neither --diff nor --apply it says what the rulebook holds.
    """
    if mode == "apply" and account is None:
        raise click.UsageError("--apply needs --account: whoever is compliance officer")
    with one_line():
        if mode is None:
            for line in summary(rulebook()):
                click.echo(line)
            return
        for text in tokens or tokens_of(deployment):
            reader = ComplianceReader(node_of(provider), token_address(text, deployment))
            wanted = assignments(reader, terms_path)
            pending = changes(reader.rules(), {code: found.rule for code, found in wanted.items()})
            click.echo(f"{reader.symbol} {reader.token}")
            for line in described(pending, wanted, reader.decimals):
                click.echo(line)
            if mode == "apply" and account is not None:
                chain = Chain(provider.web3, AccountSender(account, provider), click.echo)
                outcome = Officer(chain, reader.engine).apply(reader.token, steps(pending))
                click.echo(
                    f"{outcome.sent} transactions set rules, {outcome.scheduled} scheduled, {outcome.waiting} wait."
                )


def summary(rulebook: Rulebook) -> list[str]:
    """A line a jurisdiction: its default regime, the others, and how much is left to counsel."""
    lines = []
    for code, found in sorted(rulebook.jurisdictions.items()):
        others = len(found.regimes) - 1
        more = f" and {others} more" if others else ""
        questions = len(found.questions())
        counsel = f", {questions} questions for counsel" if questions else ""
        lines.append(f"{code:03d} {found.alpha2} {found.name}: {found.default}{more}{counsel}")
    regimes = sum(len(found.regimes) for found in rulebook.jurisdictions.values())
    lines.append(f"{len(lines)} jurisdictions, {regimes} regimes. Software, not legal advice: see docs/compliance.md.")
    return lines


def described(pending: list[Change], wanted: Mapping[int, Assignment], decimals: int) -> list[str]:
    """A line a field that changes, with the law that asks for it, and what applying takes."""
    if not pending:
        return ["Nothing to change: the chain has the rulebook's rules."]
    lines = []
    for change in pending:
        before, after = describe_rule(change.before, decimals), describe_rule(change.after, decimals)
        name = wanted[change.country].jurisdiction.name if change.country in wanted else "not in the rulebook"
        lines.append(f"  {letters_of(change.country)} {change.country:03d} {name}")
        for field in change.fields:
            what = "loosens" if field in change.loosens else "tightens"
            law = source(change.after, change.country, field, wanted)
            lines.append(f"    {what:<8} {field}: {before.get(field, '-')} -> {after.get(field, '-')}  ({law})")
    planned = steps(pending)
    later = sum(step.function == "setRules" for step in planned)
    lines.append(
        f"{len(pending)} jurisdictions change: {len(planned) - later} transactions tighten at once,"
        f" {later} loosen after the officer's delay."
    )
    return lines
