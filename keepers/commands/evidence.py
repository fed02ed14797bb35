"""`quantera compliance evidence`: documents about persons, encrypted with one key each."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from keepers.commands.base import USAGE, one_line_errors, progress_bar
from keepers.commands.group import Guessing

if TYPE_CHECKING:
    from keepers.compliance.evidence.locks import Lock, MasterKeyService, Way
    from keepers.contracts.compliance import ComplianceReader
    from keepers.documents.kubo import KuboNode
    from keepers.documents.locks import Secret
    from keepers.operations.evidence import EvidenceFolder
    from keepers.signers.keys import Passphrase

F = TypeVar("F", bound=Callable[..., Any])
_file = click.Path(path_type=Path, dir_okay=False)
_dry_run = click.option("--dry-run", is_flag=True, help="Check, and say what it would do; change nothing.")
_by = click.option("--by", "officer", required=True, metavar="NAME", help="Officer who does it.")


@click.group(cls=Guessing)
def evidence() -> None:
    """Keep documents about persons, so that erasing a person's key erases all of them (docs/compliance-desk.md).

    \b
    Example:
      quantera compliance evidence put P-17 scan.pdf --kind passport --by "A. Officer" --config officer.yaml
      quantera compliance evidence get P-17 --config officer.yaml
      quantera compliance evidence verify --config officer.yaml
    """


def folder_options(command: F) -> F:
    """Adds --folder, --passphrase-file, --ipfs, --config and --json."""
    for option in (
        click.option(
            "--folder",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Folder of evidence, instead of desk.evidence of --config.",
        ),
        click.option("--passphrase-file", type=_file, metavar="FILE", help="File with its passphrase, mode 600."),
        click.option("--ipfs", "ipfs_url", metavar="URL", help="RPC of a node of IPFS, instead of desk.ipfs."),
        click.option("--config", "config_path", type=_file, metavar="FILE", help="Officer's config."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object."),
    ):
        command = option(command)
    return command


@evidence.command("put")
@click.argument("person", required=False)
@click.argument("document", required=False, type=_file)
@click.option("--kind", default="document", show_default=True, help="Kind of the document, in small letters.")
@click.option("--log", "token", metavar="TOKEN", help="Store the chain's log of TOKEN instead; needs --config.")
@click.option("--from-block", type=click.IntRange(min=0), default=0, help="First block with events of the log.")
@_by
@_dry_run
@folder_options
@one_line_errors
def evidence_put(
    person: str | None,
    document: Path | None,
    kind: str,
    token: str | None,
    from_block: int,
    officer: str,
    dry_run: bool,
    **where: Any,
) -> None:
    """Encrypt DOCUMENT and store it under the identifier PERSON; the folder is made if it is not there.

    \b
    Examples:
      quantera compliance evidence put P-17 scan.pdf --kind passport --by "A. Officer" --config officer.yaml
      quantera compliance evidence put --log NOTE --by "A. Officer" --config officer.yaml
    """
    if (token is None) == (person is None) or (person is None) != (document is None):
        raise click.UsageError("give PERSON and DOCUMENT, or --log TOKEN")
    now, as_json = int(time.time()), where["as_json"]
    if token is not None:
        reader = _reader(where["config_path"], token)
        if dry_run:
            count = _log_length(reader, from_block)
            return _tell({"entries": count}, f"{count} entries of {reader.token} would be stored.", where)
        address, count = _opened(where, create=True).put_log(reader, from_block, officer, now)
        told = {"address": address, "entries": count}
        click.echo(json.dumps(told) if as_json else f"{address}: {count} entries of {reader.token}")
        return
    assert person is not None and document is not None
    content = _content(document)
    if dry_run:
        _check_put(where, person, kind, document.name, content, officer, now)
        return _tell({"size": len(content)}, f"{len(content):,} bytes would be stored.", where)
    address = _opened(where, create=True).put(person, kind, document.name, content, officer, now)
    click.echo(json.dumps({"address": address}) if as_json else address)


@evidence.command("get")
@click.argument("person")
@click.argument("address", required=False)
@click.option("--output", type=_file, metavar="FILE", help="Where to write the document; it must not be there yet.")
@folder_options
@one_line_errors
def evidence_get(person: str, address: str | None, output: Path | None, **where: Any) -> None:
    """List what there is about PERSON, or write the document at ADDRESS to --output or, piped, to standard output.

    \b
    Examples:
      quantera compliance evidence get P-17 --config officer.yaml
      quantera compliance evidence get P-17 9f86… --output scan.pdf --config officer.yaml
    """
    if address is None:
        found = _opened(where).documents(person)
        if where["as_json"]:
            click.echo(json.dumps([{"address": one.address, **vars(one.header), "size": one.size} for one in found]))
        else:
            click.echo("\n".join(f"{one.address}  {one.header.kind}  {one.size:,} bytes" for one in found))
        return
    if output is None and sys.stdout.isatty():
        click.echo("quantera: standard output: is a terminal; give --output, or pipe it", err=True)
        sys.exit(USAGE)
    _, document = _opened(where).get(person, address)
    if output is None:
        click.get_binary_stream("stdout").write(document)
    else:
        _save(output, document)


@evidence.command("erase")
@click.argument("person")
@click.option("--reason", required=True, help="Reason; it is encrypted with the desk's own key.")
@_by
@click.option("--approved-by", "second", required=True, metavar="NAME", help="Another officer, who agrees.")
@click.option("--yes", is_flag=True, help="Erase without asking; for machines.")
@_dry_run
@folder_options
@one_line_errors
def evidence_erase(person: str, reason: str, officer: str, second: str, yes: bool, dry_run: bool, **where: Any) -> None:
    """Erase the key of PERSON, and with it everything that is stored about the person, for good.

    \b
    Example:
      quantera compliance evidence erase P-17 --reason "request of 3 May" --by "A. Officer" --approved-by "B. Officer"
    """
    if dry_run:
        count = _opened(where).erasable(person, (officer, second))
        return _tell({"documents": count}, f"{count} documents would become unreadable for good.", where)
    if not yes and not sys.stdin.isatty():
        click.echo("quantera: standard input: is no terminal to ask on; give --yes to erase", err=True)
        sys.exit(USAGE)
    folder = _opened(where)
    if not yes:
        click.confirm("Erase the key for good?", abort=True, err=True)
    address = folder.erase(person, (officer, second), reason, int(time.time()))
    click.echo(json.dumps({"erased": True, "record": address}) if where["as_json"] else f"Erased; record {address}.")


@evidence.command("verify")
@click.option("--token", metavar="TOKEN", help="Replay the chain's log hash of TOKEN from the stored log too.")
@folder_options
@one_line_errors
def evidence_verify(token: str | None, **where: Any) -> None:
    """Follow the journal's chain, open every document, and replay the chain's log hash from the stored entries.

    \b
    Example:
      quantera compliance evidence verify --token NOTE --config officer.yaml
    """
    folder = _opened(where)
    found = folder.verify()
    if token is not None:
        found["replayed"] = folder.replay_log(_reader(where["config_path"], token))
    if where["as_json"]:
        click.echo(json.dumps(found))
        return
    click.echo(
        f"{found['lines']} lines, {found['documents']} documents of {found['persons']} persons are as they were put; "
        f"{found['erased']} keys erased, {found['left_by_killed_runs']} objects left by killed runs"
    )
    click.echo(f"Journal's head {found['head'] or 'none'}.")
    if token is not None:
        click.echo(f"The chain's log hash follows from {found['replayed']} stored entries.")


@evidence.command("move")
@click.argument("where_to", metavar="ipfs|folder", type=click.Choice(("ipfs", "folder")))
@_dry_run
@folder_options
@one_line_errors
def evidence_move(where_to: Literal["ipfs", "folder"], dry_run: bool, **where: Any) -> None:
    """Move every encrypted object to the node of IPFS, or back into the folder; pin again what is no longer pinned.

    A run that was stopped goes on where it was.

    \b
    Example:
      quantera compliance evidence move ipfs --ipfs http://127.0.0.1:5001 --config officer.yaml
    """
    folder = _opened(where)
    if dry_run:
        count = folder.movable(where_to)
        return _tell({"moved": count}, f"{count} objects would be moved.", where)
    with progress_bar("Moving", folder.objects()) as progress:
        moved = folder.move(where_to, progress)
    click.echo(json.dumps({"moved": moved}) if where["as_json"] else f"{moved} objects moved.")


@evidence.command("rewrap")
@click.argument("way", metavar="passphrase|kms|vault", type=click.Choice(("passphrase", "kms", "vault")))
@click.option("--new-passphrase-file", type=_file, metavar="FILE", help="File with the new passphrase, mode 600.")
@_dry_run
@folder_options
@one_line_errors
def evidence_rewrap(way: Way, new_passphrase_file: Path | None, dry_run: bool, **where: Any) -> None:
    """Wrap every person's key anew: under another passphrase, or under the key of desk.wrapping in AWS KMS or Vault.

    A run that was stopped is finished by the same command; until then the folder opens for nothing else.

    \b
    Examples:
      quantera compliance evidence rewrap kms --config officer.yaml
      quantera compliance evidence rewrap passphrase --new-passphrase-file new.secret --config officer.yaml
    """
    from keepers.documents.locks import count_keys, new_passphrase, rewrap, secret_of
    from keepers.signers.keys import passphrase_from_file, passphrase_from_prompt

    path, old, service, _ = _settings(where)
    if dry_run:
        if way != "passphrase":
            required_service(service, way)
        count = count_keys(path, lambda lock: secret_of(lock, old, service))
        return _tell({"rewrapped": count}, f"{count} keys would be wrapped anew with {way}.", where)
    ask = passphrase_from_file(new_passphrase_file) if new_passphrase_file else passphrase_from_prompt

    def new(lock: Lock | None) -> Secret:
        if way != "passphrase":
            return required_service(service, way)
        return new_passphrase(ask) if lock is None else ask("evidence")

    count = rewrap(path, lambda lock: secret_of(lock, old, service), way, new)
    click.echo(json.dumps({"rewrapped": count}) if where["as_json"] else f"{count} keys wrapped anew with {way}.")


def required_service(service: MasterKeyService | None, way: Way) -> MasterKeyService:
    """Returns the service that is asked for.

    Raises:
        EvidenceError: If it is not configured.
    """
    from keepers.compliance.evidence.errors import EvidenceError

    if service is None or service.way != way:
        raise EvidenceError(f"desk.wrapping.{way}", "is not set", "add it to the file of --config")
    return service


def _tell(told: dict[str, Any], line: str, where: dict[str, Any]) -> None:
    """Says what a dry run found."""
    click.echo(json.dumps({**told, "dry_run": True}) if where["as_json"] else f"Dry run: {line}")


def _check_put(
    where: dict[str, Any], person: str, kind: str, name: str, content: bytes, officer: str, now: int
) -> None:
    """Refuses what `put` would refuse; a folder that is not there is not made.

    Raises:
        EvidenceError: If the document cannot be stored.
    """
    from keepers.documents.folder import header_of
    from keepers.documents.locks import LOCK

    header_of(person, kind, name, content, officer, now)
    folder, *_ = _settings(where)
    if (folder / LOCK).exists():
        _opened(where).require_living(person)


def _log_length(reader: ComplianceReader, first_block: int) -> int:
    from keepers.operations.evidence import verified_log

    return len(verified_log(reader, first_block))


def _opened(where: dict[str, Any], *, create: bool = False) -> EvidenceFolder:
    from keepers.operations.evidence import EvidenceFolder

    folder, passphrase, service, node = _settings(where)
    return EvidenceFolder.open(folder, passphrase, create=create, service=service, node=node)


def _settings(where: dict[str, Any]) -> tuple[Path, Passphrase, MasterKeyService | None, KuboNode | None]:
    """The folder, and what opens it: options count before the config."""
    from keepers.documents.kubo import KuboAccess, KuboNode
    from keepers.documents.setup import node_of, service_of
    from keepers.signers.keys import passphrase_from_file, passphrase_from_prompt

    folder, secret, config_path = where["folder"], where["passphrase_file"], where["config_path"]
    service, node = None, KuboNode(KuboAccess(where["ipfs_url"])) if where["ipfs_url"] else None
    if config_path is not None:
        from keepers.config import load_config

        config = load_config(config_path, officer=True)
        folder = folder or (config.desk.evidence and config.at(config.desk.evidence))
        service = service_of(config)
        secret = secret or (config.desk.passphrase_file and config.at(config.desk.passphrase_file))
        node = node or node_of(config)
    if folder is None:
        raise click.UsageError("give --folder, or a --config with desk.evidence")
    return folder, passphrase_from_file(secret) if secret is not None else passphrase_from_prompt, service, node


def _reader(config_path: Path | None, token: str) -> ComplianceReader:
    if config_path is None:
        raise click.UsageError("a token's log needs --config")
    from keepers.operations.officers import looked_at

    return looked_at(config_path, token)


def _content(path: Path) -> bytes:
    from keepers.compliance.evidence.errors import EvidenceError
    from keepers.documents.objects import LARGEST

    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        # A document's name may be a person's.
        raise EvidenceError("document", error.strerror or "cannot be read", "name an existing file") from None


def _save(path: Path, document: bytes) -> None:
    from keepers.compliance.evidence.errors import EvidenceError

    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(document)
    except OSError as error:
        raise EvidenceError("output", error.strerror or "cannot be written", "choose another file") from None
