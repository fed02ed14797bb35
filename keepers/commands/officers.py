"""`quantera compliance …` for officers: commands that change who may hold regulated tokens."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from keepers.commands.base import USAGE, config_option, one_line_errors
from keepers.commands.group import Guessing

if TYPE_CHECKING:
    from keepers.operations.officer_desk import Wish
    from keepers.operations.officers import Outcome

F = TypeVar("F", bound=Callable[..., Any])


def officers_command(command: F) -> Any:
    """Adds the options that every officer's command has, and sends what the command returns.

    The command returns its name, the words of the order and its wish.
    """

    @one_line_errors
    @functools.wraps(command)
    def run(config_path: Path, dry_run: bool, yes: bool, as_json: bool, judged_as: str | None, **given: Any) -> None:
        if judged_as is not None and not dry_run:
            _usage("--as", "is for looking only", "add --dry-run")
        if not dry_run and not yes and not _somebody_answers():
            _usage("standard input", "is no terminal to ask on", "give --yes to send, or --dry-run to look")
        _carry_out(command, config_path, dry_run, yes, as_json, judged_as, given)

    made: Any = run
    for option in reversed(
        (
            config_option,
            click.option(
                "--dry-run", is_flag=True, help="Show what would happen and who becomes ineligible; send nothing."
            ),
            click.option("--yes", is_flag=True, help="Send without asking; for machines."),
            click.option("--json", "as_json", is_flag=True, help="One JSON object, amounts in whole tokens."),
            click.option("--as", "judged_as", metavar="ACCOUNT", help="Whose rights count in a dry run; opens no key."),
        )
    ):
        made = option(made)
    return made


def _desk() -> Any:
    """Imported when the arguments are known to be right: it takes half a second."""
    from keepers.operations import officer_desk

    return officer_desk


def _somebody_answers() -> bool:
    return sys.stdin.isatty()


def _usage(value: str, reason: str, remedy: str) -> None:
    click.echo(f"quantera: {value}: {reason}; {remedy}", err=True)
    sys.exit(USAGE)


def _carry_out(
    command: Callable[..., tuple[str, tuple[str, ...], Wish]],
    config_path: Path,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    judged_as: str | None,
    given: dict[str, Any],
) -> None:
    reference = given.pop("reference", None) or ""
    name, words, wish = command(**given)

    from keepers.compliance.arguments import holder
    from keepers.operations.officers import Options, Order, carry_out

    def agreed(outcome: Outcome) -> bool:
        if not as_json or not yes:
            click.echo("\n".join(outcome.lines()), err=as_json)
        if not yes:
            click.confirm("Send it?", abort=True, err=True)
        return True

    options = Options(config_path, dry_run, holder(judged_as, "account") if judged_as else None)
    outcome = carry_out(Order(name, words, reference), wish, options, agreed, lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps(outcome.as_json()))
        return
    shown = outcome.lines() if dry_run or not outcome.planned else []
    click.echo("\n".join([*shown, *outcome.sent_lines()]))


def _until(context: click.Context, _: click.Parameter, text: str | None) -> int | None:
    from datetime import UTC, datetime

    if text is None:
        return None
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise click.BadParameter(f"{text} is no day; write it as 2027-12-31", context) from None


token_argument = click.argument("token")
account_argument = click.argument("account")
amount_option = click.option("--amount", help="Whole tokens of its balance, such as 25.5; the whole wallet without it.")
person_option = click.option(
    "--person", is_flag=True, help="Every wallet of the person, for every token of the registry."
)
reference_option = click.option(
    "--reference", metavar="WORD", help="Tells this order from an equal one, such as a case's number."
)


@click.command()
@token_argument
@account_argument
@click.option(
    "--country", required=True, metavar="XX", help="Two letters or number of ISO 3166-1; 0 if it is not stated."
)
@click.option("--class", "kind", type=click.Choice(["retail", "accredited", "institutional"]), help="On your word.")
@click.option("--until", callback=_until, metavar="DAY", help="Day from which your word no longer counts (UTC).")
@click.option("--identity", metavar="ONCHAINID", help="Identity whose claims decide, instead of --class and --until.")
@officers_command
def register(token: str, account: str, country: str, kind: str | None, until: int | None, identity: str | None) -> Any:
    """Register ACCOUNT as a holder in the registry of TOKEN, on your word or with an ONCHAINID.

    \b
    Examples:
      quantera compliance register NOTE 0xHolder --country DE --class retail --until 2027-12-31 --config officer.yaml
      quantera compliance register NOTE 0xHolder --country DE --identity 0xOnchainID --config officer.yaml
    """
    from keepers.compliance.arguments import country_code, holder
    from keepers.compliance.rules import InvestorClass

    who, where = holder(account, "account"), country_code(country)
    words = (token, who, country, kind or "", str(until), identity or "")
    if identity is not None and kind is None and until is None:
        onchain_id = holder(identity, "identity")
        return "register", words, _desk().register_with_claims(token, who, where, onchain_id)
    if identity is not None or kind is None or until is None:
        raise click.UsageError("give either --identity, or --class and --until")
    return "register", words, _desk().register(token, who, where, InvestorClass[kind.upper()], until)


@click.command()
@token_argument
@click.argument("accounts", metavar="ACCOUNT...", nargs=-1, required=True)
@officers_command
def refresh(token: str, accounts: tuple[str, ...]) -> Any:
    """Verify the claims of each ACCOUNT anew in the registry of TOKEN. It takes no role.

    \b
    Example:
      quantera compliance refresh NOTE 0xHolder --config officer.yaml
    """
    from keepers.compliance.arguments import holders

    who = holders(accounts)
    return "refresh", (token, *who), _desk().refresh(token, who)


def _freezing(token: str, account: str, amount: str | None, person: bool, frozen: bool) -> Any:
    from keepers.compliance.arguments import holder

    if person and amount is not None:
        raise click.UsageError("give either --amount or --person")
    who, what = holder(account, "account"), "freeze" if frozen else "unfreeze"
    wish = _desk().freeze(token, who, amount, person=person, frozen=frozen)
    return what, (token, who, amount or "", str(person)), wish


@click.command()
@token_argument
@account_argument
@amount_option
@person_option
@reference_option
@officers_command
def freeze(token: str, account: str, amount: str | None, person: bool) -> Any:
    """Freeze ACCOUNT for TOKEN: the wallet, a further part of its balance, or the person behind it.

    \b
    Examples:
      quantera compliance freeze NOTE 0xHolder --config officer.yaml
      quantera compliance freeze NOTE 0xHolder --amount 25.5 --config officer.yaml
      quantera compliance freeze NOTE 0xHolder --person --dry-run --config officer.yaml
    """
    return _freezing(token, account, amount, person, True)


@click.command()
@token_argument
@account_argument
@amount_option
@person_option
@reference_option
@officers_command
def unfreeze(token: str, account: str, amount: str | None, person: bool) -> Any:
    """Unfreeze ACCOUNT for TOKEN: the wallet, a part of its balance, or the person behind it.

    \b
    Example:
      quantera compliance unfreeze NOTE 0xHolder --amount 25.5 --config officer.yaml
    """
    return _freezing(token, account, amount, person, False)


@click.command()
@token_argument
@account_argument
@click.argument("kinds", metavar="[KIND]...", nargs=-1)
@click.option("--none", "nothing", is_flag=True, help="No document is on file.")
@officers_command
def documents(token: str, account: str, kinds: tuple[str, ...], nothing: bool) -> Any:
    """Set which documents of ACCOUNT are on file in the registry of TOKEN: those that are named, and no others.

    Kinds are accreditation-evidence, risk-acknowledgement, investor-statement, qualified-purchaser-evidence, or the
    number of any other kind, 0 to 15.

    \b
    Example:
      quantera compliance documents NOTE 0xHolder investor-statement risk-acknowledgement --config officer.yaml
    """
    from keepers.compliance.arguments import document_mask, holder

    if bool(kinds) == nothing:
        raise click.UsageError("name the documents that are on file, or give --none")
    who, mask = holder(account, "account"), document_mask(kinds)
    return "documents", (token, who, str(mask)), _desk().documents(token, who, mask)


source_option = click.option(
    "--source", required=True, metavar="FILE|HASH", help="Published list that it follows: a file, or its 32-byte hash."
)


@click.command()
@click.argument("accounts", metavar="ACCOUNT...", nargs=-1, required=True)
@source_option
@officers_command
def sanction(accounts: tuple[str, ...], source: str) -> Any:
    """Put each ACCOUNT on the sanctions list: it, and every wallet of its person, is stopped for every token at once.

    \b
    Example:
      quantera compliance sanction 0xHolder --source sdn.xml --dry-run --config officer.yaml
    """
    return _sanctions(accounts, source, True)


@click.command()
@click.argument("accounts", metavar="ACCOUNT...", nargs=-1, required=True)
@source_option
@officers_command
def lift(accounts: tuple[str, ...], source: str) -> Any:
    """Take each ACCOUNT off the sanctions list. The first run schedules it; run it again when the delay is over.

    \b
    Example:
      quantera compliance lift 0xHolder --source sdn.xml --config officer.yaml
    """
    return _sanctions(accounts, source, False)


def _sanctions(accounts: tuple[str, ...], source: str, listed: bool) -> Any:
    from keepers.compliance.arguments import holders

    who, origin = holders(accounts), _desk().source_of(source)
    name = "sanction" if listed else "lift"
    return name, (*who, origin.hex()), _desk().sanctions(who, origin, listed=listed)


@click.group(cls=Guessing)
def venue() -> None:
    """Admit or drop pools and routers that hold and move regulated tokens.

    \b
    Example:
      quantera compliance venue admit NOTE 0xPool --config officer.yaml
    """


@venue.command("admit")
@token_argument
@click.argument("address", metavar="VENUE")
@click.option(
    "--shared-ledger", is_flag=True, help="Anyone can hold its ledger; let TOKEN in all the same, after the delay."
)
@officers_command
def venue_admit(token: str, address: str, shared_ledger: bool) -> Any:
    """Let VENUE, a pool or router, hold and move the tokens of TOKEN's registry opposite eligible accounts.

    \b
    Examples:
      quantera compliance venue admit NOTE 0xPool --config officer.yaml
      quantera compliance venue admit NOTE 0xPoolManager --shared-ledger --config officer.yaml
    """
    from keepers.compliance.arguments import holder

    who = holder(address, "venue")
    wish = _desk().venue(token, who, admit=True, shared_ledger=shared_ledger)
    return "venue admit", (token, who, str(shared_ledger)), wish


@venue.command("drop")
@token_argument
@click.argument("address", metavar="VENUE")
@click.option("--everywhere", is_flag=True, help="Where anyone can hold its ledger: for every token, not TOKEN alone.")
@officers_command
def venue_drop(token: str, address: str, everywhere: bool) -> Any:
    """End that VENUE receives tokens; a venue whose ledger anyone can hold is dropped for TOKEN alone.

    \b
    Example:
      quantera compliance venue drop NOTE 0xPool --dry-run --config officer.yaml
    """
    from keepers.compliance.arguments import holder

    who = holder(address, "venue")
    wish = _desk().venue(token, who, admit=False, everywhere=everywhere)
    return "venue drop", (token, who, str(everywhere)), wish


@click.group(cls=Guessing)
def affiliates() -> None:
    """Mark persons as affiliates of the issuer, who sell nothing in a blackout, or end that.

    \b
    Example:
      quantera compliance affiliates mark NOTE 0xDirector --config officer.yaml
    """


@affiliates.command("mark")
@token_argument
@click.argument("accounts", nargs=-1, required=True, metavar="ACCOUNT...")
@officers_command
def affiliates_mark(token: str, accounts: tuple[str, ...]) -> Any:
    """Mark the persons behind ACCOUNTs as affiliates for TOKEN: each wallet of their ONCHAINIDs is bound, at once.

    \b
    Example:
      quantera compliance affiliates mark NOTE 0xDirector 0xLargeHolder --config officer.yaml
    """
    return _affiliates(token, accounts, affiliate=True)


@affiliates.command("unmark")
@token_argument
@click.argument("accounts", nargs=-1, required=True, metavar="ACCOUNT...")
@officers_command
def affiliates_unmark(token: str, accounts: tuple[str, ...]) -> Any:
    """End that the persons behind ACCOUNTs are affiliates for TOKEN, after the delay; name the wallet that was marked.

    \b
    Example:
      quantera compliance affiliates unmark NOTE 0xDirector --dry-run --config officer.yaml
    """
    return _affiliates(token, accounts, affiliate=False)


def _affiliates(token: str, accounts: tuple[str, ...], *, affiliate: bool) -> Any:
    from keepers.compliance.arguments import holder

    chosen = sorted({holder(one, "account") for one in accounts})
    wish = _desk().affiliates(token, chosen, affiliate=affiliate)
    return f"affiliates {'mark' if affiliate else 'unmark'}", (token, *chosen), wish


@click.command()
@token_argument
@click.argument("accounts", nargs=-1, metavar="[ACCOUNT...]")
@click.option("--from-block", type=click.IntRange(min=0), default=0, help="Block from which on holders are looked for.")
@officers_command
def recount(token: str, accounts: tuple[str, ...], from_block: int) -> Any:
    """Count holders of TOKEN anew under class rules that limit how many persons hold it: ACCOUNTs, or whoever is
    counted wrongly, because a claim has lapsed or the rule is new. Anyone may; it takes no role.

    \b
    Examples:
      quantera compliance recount NOTE --dry-run --config officer.yaml
      quantera compliance recount NOTE 0xHolder --config officer.yaml
    """
    from keepers.compliance.arguments import holder

    chosen = sorted({holder(one, "account") for one in accounts})
    return "recount", (token, *chosen), _desk().recount(token, chosen, from_block)


@click.command()
@token_argument
@account_argument
@click.argument("amount")
@reference_option
@officers_command
def issue(token: str, account: str, amount: str) -> Any:
    """Issue AMOUNT whole tokens of TOKEN to ACCOUNT. It takes the role ISSUER, or an agent of the token.

    The same order is not sent twice: an equal one needs another --reference.

    \b
    Example:
      quantera compliance issue NOTE 0xHolder 1000 --reference subscription-4 --config officer.yaml
    """
    from keepers.compliance.arguments import holder

    who = holder(account, "account")
    return "issue", (token, who, amount), _desk().issue(token, who, amount)


@click.command()
@token_argument
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.argument("amount")
@reference_option
@officers_command
def force(token: str, source: str, target: str, amount: str) -> Any:
    """Move AMOUNT whole tokens of TOKEN from one account to another without the holder, such as by a court's order.

    The same order is not sent twice: an equal one needs another --reference.

    \b
    Example:
      quantera compliance force NOTE 0xFrom 0xTo 25.5 --reference case-17 --config officer.yaml
    """
    from keepers.compliance.arguments import holder

    giver, taker = holder(source, "from"), holder(target, "to")
    return "force", (token, giver, taker, amount), _desk().force(token, giver, taker, amount)


@click.command()
@token_argument
@click.argument("lost")
@click.argument("new")
@officers_command
def recover(token: str, lost: str, new: str) -> Any:
    """Move everything that a LOST wallet holds of TOKEN to a NEW wallet of the same ONCHAINID.

    Where the registry serves other tokens too, the new wallet is registered first.

    \b
    Example:
      quantera compliance recover NOTE 0xLost 0xNew --dry-run --config officer.yaml
    """
    from keepers.compliance.arguments import holder

    gone, put = holder(lost, "lost wallet"), holder(new, "new wallet")
    return "recover", (token, gone, put), _desk().recover(token, gone, put)


@click.command()
@token_argument
@click.option("--terms", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The issuer's terms.")
@click.option("--from-block", type=click.IntRange(min=0), default=0, help="Block from which on holders are looked for.")
@officers_command
def apply(token: str, terms: Path, from_block: int) -> Any:
    """Give TOKEN the rules that the rulebook asks for under its issuer's terms.

    What tightens acts at once. The first run schedules what loosens; run it again when the delay is over.

    \b
    Example:
      quantera compliance apply NOTE --terms rulebook.yaml --dry-run --config officer.yaml
    """
    from datetime import date

    return "apply", (token, str(terms)), _desk().apply(token, terms, from_block, date.today())


@click.command()
@click.argument("token", required=False)
@click.option("--from-block", type=click.IntRange(min=0), help="Block from which on scheduled calls are looked for.")
@officers_command
def cancel(token: str | None, from_block: int | None) -> Any:
    """Cancel the loosenings that are scheduled for TOKEN; without it those for every token, and liftings of sanctions.

    --dry-run lists them.

    \b
    Examples:
      quantera compliance cancel --dry-run --config officer.yaml
      quantera compliance cancel NOTE --config officer.yaml
    """

    return "cancel", (token or "",), _desk().cancel(token, from_block)


COMMANDS = (
    apply,
    register,
    refresh,
    freeze,
    unfreeze,
    documents,
    sanction,
    lift,
    venue,
    affiliates,
    recount,
    issue,
    force,
    recover,
    cancel,
)
