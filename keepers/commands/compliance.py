"""`quantera compliance`: looking at the rules of regulated tokens; changing who may hold them is `officers`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from keepers.commands.base import one_line_errors
from keepers.commands.cases import cases
from keepers.commands.evidence import evidence
from keepers.commands.file import file_group
from keepers.commands.group import Guessing
from keepers.commands.kyc import kyc
from keepers.commands.lists import lists
from keepers.commands.officers import COMMANDS
from keepers.commands.screening import screen_command
from keepers.commands.tax import tax
from keepers.commands.travel import travel

if TYPE_CHECKING:
    from keepers.contracts.compliance import ComplianceReader

F = TypeVar("F", bound=Callable[..., object])


@click.group(cls=Guessing)
def compliance() -> None:
    """Look at the rules of regulated tokens and the laws behind them, and act as a compliance officer.

    `rulebook`, `diff`, `check` and `screen` send nothing; `lists` looks after published sanctions lists, `cases` after
    alerts about holders, `evidence` after documents (docs/compliance-desk.md), and `kyc` after identity checks
    (docs/kyc.md). `travel` tells another desk who sends and who receives (docs/travel-rule.md), `tax` works out lots
    and gains, and `file` prepares data for authorities. The others show what they would do and whom it makes
    ineligible, ask, and send it with the key of --config (docs/compliance-officer.md).

    \b
    Example:
      quantera compliance rulebook SG
      quantera compliance diff 0xToken --terms rulebook.yaml --rpc http://127.0.0.1:8545 --chain-id 31337
      quantera compliance check 0xToken 0xFrom 0xTo 25.5 --rpc http://127.0.0.1:8545 --chain-id 31337
      quantera compliance freeze NOTE 0xHolder --dry-run --config officer.yaml
    """


for officers in COMMANDS:
    compliance.add_command(officers)
compliance.add_command(lists)
compliance.add_command(screen_command)
compliance.add_command(cases)
compliance.add_command(evidence)
compliance.add_command(tax)
compliance.add_command(file_group)
compliance.add_command(kyc)
compliance.add_command(travel)


def _node_options(command: F) -> F:
    for option in (
        click.option("--chain-id", type=click.IntRange(min=1), help="Chain that it has to be on."),
        click.option("--rpc", metavar="URL", help="Node to ask."),
        click.option(
            "--config",
            "config_path",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Officer's config, instead of --rpc and --chain-id; tokens may then be symbols.",
        ),
    ):
        command = option(command)
    return command


@compliance.command("rulebook")
@click.argument("country", required=False)
@one_line_errors
def compliance_rulebook(country: str | None) -> None:
    """Show what the rulebook holds: every jurisdiction in a line, or one COUNTRY with its laws and questions.

    Citations that were last checked more than 180 days ago are warned of.

    \b
    Example:
      quantera compliance rulebook
      quantera compliance rulebook SG
    """
    from keepers.compliance.rulebook import load_rulebook
    from keepers.compliance.rulebook.text import holdings

    click.echo("\n".join(holdings(load_rulebook(), country, date.today())))


@compliance.command("diff")
@click.argument("token")
@click.option("--terms", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The issuer's terms.")
@click.option("--from-block", type=click.IntRange(min=0), default=0, help="Block from which on holders are looked for.")
@_node_options
@one_line_errors
def compliance_diff(token: str, terms: Path, from_block: int, **node: Any) -> None:
    """Show what the rulebook would change for TOKEN, with the law, and who would become ineligible.

    \b
    Example:
      quantera compliance diff 0xToken --terms rulebook.yaml --rpc http://127.0.0.1:8545 --chain-id 31337
    """
    from keepers.compliance.errors import RulebookError
    from keepers.operations.rules import assignments, dated_terms, plan

    reader = _reader(token, **node)
    wanted = assignments(reader, terms)
    if wanted is None:
        remedy = "add its terms, open nowhere if need be"
        raise RulebookError(f"token {reader.symbol}", f"{terms.name} does not name it", remedy)
    planned = plan(reader, wanted, from_block, date.today(), dated_terms(reader, terms))
    click.echo("\n".join([f"{reader.symbol} {reader.token}", *planned.lines]))


@compliance.command("check")
@click.argument("token")
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@click.argument("amount")
@click.option("--spender", help="Account that would move it by allowance, if neither of the two.")
@click.option("--terms", type=click.Path(path_type=Path, dir_okay=False), help="The issuer's terms, for the laws.")
@_node_options
@one_line_errors
def compliance_check(
    token: str,
    sender: str,
    receiver: str,
    amount: str,
    spender: str | None,
    terms: Path | None,
    **node: Any,
) -> None:
    """Explain whether AMOUNT whole tokens of TOKEN may go FROM one account TO another now, rule by rule.

    FROM may be "mint" and TO may be "burn". It asks the engine as well and fails if the two disagree.

    \b
    Example:
      quantera compliance check 0xToken mint 0xTo 1000 --rpc http://127.0.0.1:8545 --chain-id 31337
      quantera compliance check NOTE 0xFrom 0xTo 25.5 --config officer.yaml
    """
    from keepers.compliance.arguments import movement_of, units
    from keepers.operations.rules import assignments, checked

    source, target, by = movement_of(sender, receiver, spender)
    reader = _reader(token, **node)
    assigned = None if terms is None else assignments(reader, terms)
    lines = checked(reader, (source, target), units(amount, reader.decimals), by, assigned)
    title = f"{reader.symbol} {reader.token} at block {reader.block.number}: {amount} {sender} -> {receiver}"
    click.echo("\n".join([title, *lines]))


def _reader(token: str, config_path: Path | None, rpc: str | None, chain_id: int | None) -> ComplianceReader:
    from keepers.compliance.arguments import account

    if config_path is not None and rpc is None and chain_id is None:
        from keepers.operations.officers import looked_at

        return looked_at(config_path, token)
    if config_path is not None or rpc is None or chain_id is None:
        raise click.UsageError("give either --config, or --rpc and --chain-id")
    address = account(token, "token")

    from keepers.contracts.compliance import ComplianceReader
    from keepers.rpc.node import connect

    return ComplianceReader(connect(rpc, chain_id), address)
