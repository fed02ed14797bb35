"""`quantera compliance travel`: who sends and who receives, told to the other side before a transfer."""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from keepers.commands.base import USAGE, config_option, one_line_errors
from keepers.commands.group import Guessing

if TYPE_CHECKING:
    from keepers.compliance.travel.exchange import Exchange
    from keepers.operations.officers import Outcome
    from keepers.operations.travel import TravelDesk

F = TypeVar("F", bound=Callable[..., Any])
REASONS = ("unknown-beneficiary", "name-mismatch", "incomplete", "sanctions", "policy")
WAITING = 1
"""Exit code of `check` for a transfer that waits."""

_by = click.option("--by", "officer", required=True, metavar="NAME", help="Officer who does it.")
_dry_run = click.option("--dry-run", is_flag=True, help="Check, and show what it would do; change and tell nothing.")
_number = click.argument("number", type=click.IntRange(min=1))
_file = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Guessing)
def travel() -> None:
    """Exchange identities with another desk before a transfer, where a threshold asks for it (docs/travel-rule.md).

    \b
    Example:
      quantera compliance travel check NOTE 0xSender 0xReceiver 25000 --config officer.yaml
      quantera compliance travel ask NOTE 0xSender 0xReceiver 25000 --party bank-b --beneficiary ben.json \\
        --by "A. Officer" --config officer.yaml
      quantera compliance travel serve --config officer.yaml
      quantera compliance travel transfer 1 --config officer.yaml
    """


def travel_options(command: F) -> Any:
    """Adds --config and --json."""
    return config_option(click.option("--json", "as_json", is_flag=True, help="One JSON object.")(command))


@travel.command("keys")
@click.option("--output", required=True, type=_file, metavar="FILE", help="Where the private keys go, mode 600.")
@click.option("--show", is_flag=True, help="Print the public keys of FILE, which is there, and make none.")
@click.option("--dry-run", is_flag=True, help="Check that FILE can be made; make nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, in one line.")
@one_line_errors
def travel_keys(output: Path, show: bool, dry_run: bool, as_json: bool) -> None:
    """Make our keys in a new FILE, and print their public halves, which counterparties put into their config.

    \b
    Example:
      quantera compliance travel keys --output travel.key > our-public-keys.json
    """
    from keepers.compliance.travel.errors import TravelError
    from keepers.compliance.travel.jose import new_keys, private_keys

    try:
        if show:
            made = private_keys(output.read_text(encoding="utf-8"), output.name)
        elif dry_run:
            _refuse_unless_new(output)
            told = {"dry_run": True, "output": str(output)}
            click.echo(json.dumps(told) if as_json else f"Dry run: {output.name} would be made.")
            return
        else:
            made = new_keys()
            with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(made.to_text() + "\n")
    except OSError as error:
        raise TravelError(output.name, error.strerror or "cannot be used", "choose another file") from None
    click.echo(json.dumps(made.public.as_json(), indent=None if as_json else 2))


def _refuse_unless_new(path: Path) -> None:
    """Raises what making a file at a path would raise."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    if not os.access(path.parent, os.W_OK):
        code = errno.EACCES if path.parent.is_dir() else errno.ENOENT
        raise OSError(code, os.strerror(code))


@travel.command("thresholds")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@one_line_errors
def travel_thresholds(as_json: bool) -> None:
    """List the travel-rule thresholds of the rulebook, and what it leaves to counsel.

    The thresholds of a token are those that its terms and the rulebook set on chain: `quantera compliance rules`.

    \b
    Example:
      quantera compliance travel thresholds
    """
    from keepers.compliance.rulebook import load_rulebook
    from keepers.compliance.travel.thresholds import in_rulebook

    found = in_rulebook(load_rulebook().jurisdictions.values())
    if as_json:
        click.echo(json.dumps([vars(one) for one in found]))
        return
    for one in found:
        click.echo(f"{one.country}  {one.amount}  {one.regime or 'every regime'}: {one.source}")


@travel.command("check")
@click.argument("token")
@click.argument("sender")
@click.argument("receiver")
@click.argument("amount")
@travel_options
@one_line_errors
def travel_check(token: str, sender: str, receiver: str, amount: str, config_path: Path, as_json: bool) -> None:
    """Say whether a transfer of AMOUNT whole tokens may be sent; exit code 1 if it waits for an exchange.

    \b
    Example:
      quantera compliance travel check NOTE 0xSender 0xReceiver 25000 --config officer.yaml
    """
    from keepers.operations.officers import looked_at
    from keepers.operations.travel_setup import need_of, opened_desk, transfer_of

    reader = looked_at(config_path, token)
    with opened_desk(config_path) as desk:
        found = need_of(desk, reader, transfer_of(reader, sender, receiver, amount))
    told = {"waits": found.waits, "countries": list(found.countries), "exchange": found.exchange or None}
    click.echo(json.dumps(told) if as_json else found.line())
    if found.waits:
        sys.exit(WAITING)


@travel.command("ask")
@click.argument("token")
@click.argument("sender")
@click.argument("receiver")
@click.argument("amount")
@click.option("--party", required=True, metavar="PARTY", help="Counterparty by its name or its travel address.")
@click.option(
    "--beneficiary", required=True, type=_file, metavar="FILE", help="Receiver as a person of IVMS 101, JSON; mode 600."
)
@click.option("--dry-run", is_flag=True, help="Make and check the payload; store and send nothing.")
@_by
@travel_options
@one_line_errors
def travel_ask(
    token: str,
    sender: str,
    receiver: str,
    amount: str,
    party: str,
    beneficiary: Path,
    dry_run: bool,
    officer: str,
    config_path: Path,
    as_json: bool,
) -> None:
    """Open an exchange about a transfer that our customer wants to send; `serve` or `deliver` hands it over.

    \b
    Example:
      quantera compliance travel ask NOTE 0xSender 0xReceiver 25000 --party bank-b --beneficiary ben.json \\
        --by "A. Officer" --config officer.yaml
    """
    from keepers.operations.officers import looked_at
    from keepers.operations.travel_setup import opened_desk, party_of, read_beneficiary, transfer_of

    transfer = transfer_of(looked_at(config_path, token), sender, receiver, amount)
    with opened_desk(config_path) as desk:
        name, person = party_of(desk.settings, party), read_beneficiary(beneficiary)
        if dry_run:
            customer, _ = desk.plan(transfer, name, person)
            told = {"dry_run": True, "party": name, "person": customer, "payload": "valid"}
            click.echo(json.dumps(told) if as_json else f"Dry run: {customer} to {name}; the payload is valid.")
            return
        _tell(desk.ask(transfer, name, person, officer), as_json)


@travel.command("list")
@click.option("--all", "ended", is_flag=True, help="Show those that have ended too.")
@travel_options
@one_line_errors
def travel_list(ended: bool, config_path: Path, as_json: bool) -> None:
    """List exchanges, oldest first.

    \b
    Example:
      quantera compliance travel list --config officer.yaml
    """
    from keepers.compliance.travel.exchange import LIVE
    from keepers.operations.travel_setup import opened_desk

    with opened_desk(config_path) as desk:
        found = [one for one in desk.all() if ended or one.state in LIVE]
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found]))
    else:
        click.echo("\n".join(map(_line, found)) or "No exchange waits.")


@travel.command("show")
@_number
@click.option("--payload", is_flag=True, help="Print what was told about persons too, and nothing else.")
@travel_options
@one_line_errors
def travel_show(number: int, payload: bool, config_path: Path, as_json: bool) -> None:
    """Show exchange NUMBER and its messages; with --payload the identities, as IVMS 101 has them.

    \b
    Example:
      quantera compliance travel show 1 --payload --config officer.yaml
    """
    from keepers.operations.travel_setup import opened_desk
    from keepers.store.travel import messages

    with opened_desk(config_path) as desk:
        if payload:
            click.echo(json.dumps(desk.payload(number), ensure_ascii=False, indent=None if as_json else 2))
            return
        found, sent = desk.exchange(number), messages(desk.store, number)
    told = [{"kind": one.kind, "state": one.state, "attempts": one.attempts, "fault": one.fault} for one in sent]
    if as_json:
        click.echo(json.dumps({**_as_json(found), "messages": told}))
        return
    lines = [f"  {one.kind}: {one.state}, {one.attempts} attempts{one.fault and f', {one.fault}'}" for one in sent]
    click.echo("\n".join([_line(found), *lines]))


@travel.command("approve")
@_number
@_by
@_dry_run
@travel_options
@one_line_errors
def travel_approve(number: int, officer: str, dry_run: bool, config_path: Path, as_json: bool) -> None:
    """Let the transfer of exchange NUMBER come to our customer.

    \b
    Example:
      quantera compliance travel approve 1 --by "A. Officer" --config officer.yaml
    """
    _moved(config_path, as_json, dry_run, lambda desk: desk.approve(number, officer, dry_run=dry_run))


@travel.command("reject")
@_number
@click.argument("reason", type=click.Choice(REASONS))
@_by
@_dry_run
@travel_options
@one_line_errors
def travel_reject(number: int, reason: str, officer: str, dry_run: bool, config_path: Path, as_json: bool) -> None:
    """Refuse the transfer of exchange NUMBER to our customer; the counterparty is told REASON and no more.

    \b
    Example:
      quantera compliance travel reject 1 name-mismatch --by "A. Officer" --config officer.yaml
    """
    _moved(config_path, as_json, dry_run, lambda desk: desk.reject(number, reason, officer, dry_run=dry_run))


@travel.command("cancel")
@_number
@_by
@_dry_run
@travel_options
@one_line_errors
def travel_cancel(number: int, officer: str, dry_run: bool, config_path: Path, as_json: bool) -> None:
    """End exchange NUMBER about a transfer that our customer does not send.

    \b
    Example:
      quantera compliance travel cancel 1 --by "A. Officer" --config officer.yaml
    """
    _moved(config_path, as_json, dry_run, lambda desk: desk.cancel(number, officer, dry_run=dry_run))


@travel.command("settle")
@_number
@click.argument("txid", metavar="TXHASH")
@_dry_run
@travel_options
@one_line_errors
def travel_settle(number: int, txid: str, dry_run: bool, config_path: Path, as_json: bool) -> None:
    """Settle exchange NUMBER with the transaction TXHASH, which the chain has to show as that very transfer.

    \b
    Example:
      quantera compliance travel settle 1 0x5c50… --config officer.yaml
    """
    from keepers.operations.travel_setup import settle

    _moved(config_path, as_json, dry_run, lambda desk: settle(desk, number, txid, config_path, dry_run=dry_run))


@travel.command("transfer")
@_number
@click.option("--dry-run", is_flag=True, help="Show what would be sent; send nothing.")
@click.option("--yes", is_flag=True, help="Send without asking; for machines.")
@travel_options
@one_line_errors
def travel_transfer(number: int, dry_run: bool, yes: bool, config_path: Path, as_json: bool) -> None:
    """Send the transfer of exchange NUMBER with the key of keys.sender, once it is approved, and settle it.

    A run that was stopped is finished by the same command, and sends nothing twice.

    \b
    Example:
      quantera compliance travel transfer 1 --config officer.yaml
    """
    from keepers.operations.travel_setup import send

    _send(config_path, dry_run, yes, as_json, lambda desk, *given: send(desk, number, *given))


@travel.command("send")
@click.argument("token")
@click.argument("receiver")
@click.argument("amount")
@click.option("--reference", default="", metavar="WORD", help="Tells this transfer from an equal one.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, or what it waits for; send nothing.")
@click.option("--yes", is_flag=True, help="Send without asking; for machines.")
@travel_options
@one_line_errors
def travel_send(
    token: str, receiver: str, amount: str, reference: str, dry_run: bool, yes: bool, config_path: Path, as_json: bool
) -> None:
    """Send AMOUNT whole tokens of the wallet of keys.sender; over a threshold only with an approved exchange.

    \b
    Example:
      quantera compliance travel send NOTE 0xReceiver 25000 --dry-run --config officer.yaml
    """
    from keepers.operations.travel_setup import send_checked

    wanted = (token, receiver, amount)
    _send(
        config_path,
        dry_run,
        yes,
        as_json,
        lambda desk, options, *asked: send_checked(desk, wanted, options, reference, *asked),
    )


def _send(config_path: Path, dry_run: bool, yes: bool, as_json: bool, act: Callable[..., Outcome]) -> None:
    """Shows, asks and sends as officers' commands do."""
    if not dry_run and not yes and not sys.stdin.isatty():
        click.echo("quantera: standard input: is no terminal to ask on; give --yes to send, or --dry-run", err=True)
        sys.exit(USAGE)
    from keepers.operations.officers import Options
    from keepers.operations.travel_setup import opened_desk

    def agreed(outcome: Outcome) -> bool:
        click.echo("\n".join(outcome.lines()), err=as_json)
        if not yes:
            click.confirm("Send it?", abort=True, err=True)
        return True

    with opened_desk(config_path) as desk:
        outcome = act(desk, Options(config_path, dry_run), agreed, lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps(outcome.as_json()))
    else:
        click.echo("\n".join([*(outcome.lines() if dry_run else []), *outcome.sent_lines()]))


@travel.command("deliver")
@click.option("--dry-run", is_flag=True, help="Count what is due; hand nothing over.")
@travel_options
@one_line_errors
def travel_deliver(dry_run: bool, config_path: Path, as_json: bool) -> None:
    """Hand over what is due, once, and end what has expired; `serve` does the same all the time.

    \b
    Example:
      quantera compliance travel deliver --config officer.yaml
    """
    from keepers.operations.travel_setup import opened_desk

    with opened_desk(config_path) as desk:
        found = desk.waiting() if dry_run else {"expired": desk.expire(), **desk.deliver()}
    click.echo(json.dumps(found) if as_json else ", ".join(f"{count} {name}" for name, count in found.items()))


@travel.command("serve")
@click.option("--host", help="Address to listen on, instead of desk.travel.host.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on, instead of desk.travel.port.")
@click.option("--every", type=click.FloatRange(min=0.05), default=5.0, show_default=True, help="Seconds between looks.")
@config_option
@one_line_errors
def travel_serve(host: str | None, port: int | None, every: float, config_path: Path) -> None:
    """Take messages of counterparties in, and hand ours over, until it is stopped.

    It speaks HTTP; whatever ends TLS stands before it. A line per refusal goes to standard error, and names nobody.
    SIGTERM and Ctrl-C end it cleanly (exit code 0); it goes on where it was when it is started again.

    \b
    Example:
      quantera compliance travel serve --config officer.yaml
    """
    from keepers.config import load_config
    from keepers.errors import KeeperError
    from keepers.operations.travel import UnknownCallback
    from keepers.operations.travel_post import serving
    from keepers.operations.travel_setup import opened_desk
    from keepers.runtime.runtime import stop_on_signals

    travel_rule = load_config(config_path, officer=True).desk.travel
    stop = threading.Event()

    def say(line: str) -> None:
        click.echo(f"quantera: {line}", err=True)

    with opened_desk(config_path) as desk:
        assert travel_rule is not None  # the desk was opened
        desk.open_evidence()
        where = (host or travel_rule.host, travel_rule.port if port is None else port)
        with stop_on_signals(stop), serving(*where, desk.receive, UnknownCallback, say) as opened:
            click.echo(json.dumps({"listening": opened}))
            while not stop.wait(every):
                try:
                    desk.expire()
                    desk.deliver()
                except KeeperError as error:
                    say(str(error))


def _moved(config_path: Path, as_json: bool, dry_run: bool, act: Callable[[TravelDesk], Exchange]) -> None:
    from keepers.operations.travel_setup import opened_desk

    with opened_desk(config_path) as desk:
        _tell(act(desk), as_json, dry_run=dry_run)


def _tell(found: Exchange, as_json: bool, *, dry_run: bool = False) -> None:
    told = {**_as_json(found), "dry_run": dry_run}
    click.echo(json.dumps(told) if as_json else _line(found) + ("\nDry run." if dry_run else ""))


def _as_json(one: Exchange) -> dict[str, Any]:
    kept = ("id", "direction", "party", "request", "person", "chain_id", "token", "sender", "receiver", "asked")
    more = ("expires", "state", "reason", "txid")
    return {**{name: getattr(one, name) for name in (*kept, *more)}, "amount": format(one.amount, "f")}


def _line(one: Exchange) -> str:
    way = "to" if one.direction == "out" else "from"
    whose = one.person or "nobody of the register"
    told = f"{one.state}{one.reason and f' ({one.reason})'}{one.txid and f' by {one.txid}'}"
    return (
        f"{one.id}  {told}  {whose} {way} {one.party}: {one.amount:,f} of {one.token}, {one.sender} to {one.receiver}"
    )
