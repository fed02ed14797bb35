"""Sanctions lists for a compliance officer: imported through the gate, looked at, and compared with the chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from keepers.compliance.lists import gate, mapping
from keepers.compliance.lists.delta import Delta
from keepers.compliance.lists.draft import Draft
from keepers.compliance.lists.errors import Finding, ListError
from keepers.compliance.lists.formats import DELTA, Wanted, list_of, read
from keepers.compliance.lists.gate import Accepted
from keepers.compliance.lists.records import ListDocument
from keepers.operations.list_files import Progress, opened
from keepers.store import Store
from keepers.store import lists as stored

# -- Importing


@dataclass(frozen=True)
class Import:
    """Files to import, and how to read them.

    Attributes:
        names: Files or addresses on the web.
        format: Format of the files.
        list_id: The list; "" for the format's own.
        published: Date of publication for files that do not say it; "" for none.
        mapping: Mapping file of the format "mapping".
        accept: True if findings are accepted.
        dry_run: True to store nothing.
    """

    names: tuple[str, ...]
    format: str
    list_id: str = ""
    published: str = ""
    mapping: Path | None = None
    accept: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Imported:
    """Outcome of an import.

    Attributes:
        document: The list.
        draft: Doubts about it.
        state: "accepted", "confirmed" if it is the accepted version, or "dry run".
        last: The version before.
        version: Version that stands now; None after a dry run of a new one.
    """

    document: ListDocument
    draft: Draft
    state: str
    last: Accepted | None
    version: Accepted | None

    def as_json(self) -> dict[str, Any]:
        """Everything but the parties, as JSON has it."""
        one = self.document
        return {
            "list": one.list_id,
            "state": self.state,
            "version": self.version.version if self.version else None,
            "published": one.published,
            "format": one.format,
            "source_hash": f"0x{one.source_hash}",
            "files": [asdict(file) for file in one.files],
            "counts": asdict(one.counts),
            "kinds": dict(Counter(party.kind for party in one.parties)),
            "assets": assets(one),
            "findings": [asdict(finding) for finding in self.draft.findings],
            "unread": dict(self.draft.unread),
        }

    def lines(self) -> list[str]:
        """The report for people."""
        one, counts = self.document, self.document.counts
        kinds = Counter(party.kind for party in one.parties)
        codes = ", ".join(f"{count} {asset or 'without a code'}" for asset, count in assets(one).items())
        found = [
            f"{one.list_id} of {one.published}: {counts.parties:,} records"
            f" ({', '.join(f'{count:,} {kind}' for kind, count in kinds.most_common())})",
            f"  names: {counts.names:,} besides the primary ones, {counts.weak_names:,} of them weak",
            f"  EVM addresses: {counts.wallets:,}{f' ({codes})' if codes else ''}",
            *(f"  file: {file.source}, {file.size:,} bytes, sha256 {file.sha256}" for file in one.files),
            f"  source hash: 0x{one.source_hash}",
            *(f"  {'refused unless accepted' if fault.refuses else 'note'}: {fault}" for fault in self.draft.findings),
            *(f"  note: {count} times a {what} that says nothing here" for what, count in self.draft.unread.items()),
        ]
        if self.last and self.state != "confirmed":
            found.append(f"  before: {self.last.counts.parties:,} records of {self.last.published}")
        ends = {"accepted": "Accepted", "confirmed": "Confirmed: it is the accepted version", "dry run": "Dry run"}
        return [*found, f"{ends[self.state]}{f' as version {self.version.version}' if self.version else ''}."]


def assets(document: ListDocument) -> dict[str, int]:
    """Returns the number of different EVM addresses by the code of their asset."""
    found = {(wallet.asset, wallet.address) for party in document.parties for wallet in party.wallets}
    return dict(sorted(Counter(asset for asset, _ in found).items()))


def import_list(store: Store | None, wanted: Import, now: int, progress: Progress = lambda _: None) -> Imported:
    """Reads a list, judges it, and stores it unless it is a dry run.

    Args:
        store: Database; None to judge the files alone.
        wanted: Files to import.
        now: Unix seconds.
        progress: Called with the number of bytes of every piece that was read.

    Raises:
        KeeperError: If a file is damaged, the list is older than the accepted one, or a finding refuses it.
    """
    mapped = None
    if wanted.mapping is not None:
        mapped = mapping.parse(_text(wanted.mapping), wanted.mapping)
    with opened(wanted.names, progress) as found:
        ask = Wanted(wanted.format, wanted.list_id, wanted.published, found.published, mapped)
        list_id = list_of(ask, [source.name for source in found.sources])
        follows = stored.last_number(store, list_id) if store is not None else 0
        last = _last(store, list_id)
        before = stored.document(store, last) if store and last and wanted.format == DELTA else None
        document, draft = read(replace(ask, before=before), found.sources)
    judged = list(gate.judge(document, last, now))
    if last is not None and gate.is_same(document, last):
        if store is not None and not wanted.dry_run:
            stored.confirm(store, last.version, now)
        return Imported(document, draft, "dry run" if wanted.dry_run else "confirmed", last, last)
    draft.findings += judged
    refusing = [finding for finding in draft.findings if finding.refuses]
    if refusing and not wanted.accept and not wanted.dry_run:
        raise _refusal(refusing)
    if store is None or wanted.dry_run:
        return Imported(document, draft, "dry run", last, None)
    doubts = [str(finding) for finding in refusing]
    version = stored.accept(store, document, last, now, doubts, follows=follows)
    return Imported(document, draft, "accepted", last, version)


def _last(store: Store | None, list_id: str) -> Accepted | None:
    return next(iter(stored.versions(store, list_id, 1, in_use=True)), None) if store is not None else None


def _refusal(findings: Sequence[Finding]) -> ListError:
    first, more = findings[0], f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return ListError(first.value, first.reason + more, f"{first.remedy}, or give --accept-findings")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "is not UTF-8") or "cannot be read"
        raise ListError(path, reason, "name a mapping file") from None


# -- Looking


def shown(store: Store, list_id: str | None, now: int) -> list[dict[str, Any]]:
    """Returns the newest version of every list, or every version of one, as JSON has it.

    Raises:
        ListError: If the list has none.
    """
    found = stored.newest(store) if list_id is None else stored.versions(store, list_id)
    if list_id is not None and not found:
        known = ", ".join(one.list_id for one in stored.newest(store)) or "none yet"
        raise ListError(f"list {list_id}", "has no accepted version", f"import it; there are: {known}")
    current = next((one for one in found if one.retired is None), None)
    return [_shown(one, now, newest=list_id is None or one is current) for one in found]


def _shown(one: Accepted, now: int, *, newest: bool) -> dict[str, Any]:
    return {
        "list": one.list_id,
        "version": one.version,
        "published": one.published,
        "format": one.format,
        "accepted": one.accepted,
        "checked": one.checked,
        "source_hash": f"0x{one.source_hash}",
        "files": [asdict(file) for file in one.files],
        "counts": asdict(one.counts),
        "doubts": list(one.doubts),
        "alarm": one.alarm(now) if newest else None,
        "retired": asdict(one.retired) if one.retired else None,
    }


# -- Taking out of use


@dataclass(frozen=True)
class Retired:
    """Versions that are taken out of use.

    Attributes:
        versions: Those, newest first.
        current: Version of the list that counts from now on; None if the list is in use no more.
        accounts: Accounts that nothing but these versions named; they stay on chain until a person lifts them.
        dry_run: True if nothing was changed.
    """

    versions: tuple[Accepted, ...]
    current: Accepted | None
    accounts: tuple[str, ...]
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "list": self.versions[0].list_id,
            "retired": [one.version for one in self.versions],
            "current": self.current.version if self.current else None,
            "accounts": list(self.accounts),
            "state": "dry run" if self.dry_run else "retired",
        }

    def lines(self) -> list[str]:
        """Returns it for people."""
        list_id = self.versions[0].list_id
        found = [f"{list_id} version {one.version}, published {one.published}, is retired" for one in self.versions]
        found.append(
            f"  in use now: version {self.current.version}, published {self.current.published}"
            if self.current
            else f"  {list_id} is in use no more: neither screening nor a delta knows it"
        )
        if self.accounts:
            found.append("  named by nothing else; where they stand on chain, a second officer lifts them:")
            found += [f"    {account}" for account in self.accounts]
        return [*found, "Dry run." if self.dry_run else "Retired."]


def retire_list(
    store: Store, list_id: str, number: int | None, retirement: gate.Retirement, *, dry_run: bool
) -> Retired:
    """Takes a list, or one version of it, out of use; what is stored about it stays.

    Args:
        store: Database.
        list_id: The list.
        number: Version to retire; None for the whole list.
        retirement: Time, officer and reason.
        dry_run: True to change nothing.

    Raises:
        ListError: If there is no such version in use, or the one before it could not take its place.
    """
    there = stored.versions(store, list_id, 10**6, in_use=True)
    if not there:
        known = ", ".join(one.list_id for one in stored.newest(store)) or "none"
        raise ListError(f"list {list_id}", "has no version in use", f"choose from: {known}")
    going = [one for one in there if number is None or one.version == number]
    if not going:
        numbers = ", ".join(str(one.version) for one in there[:10])
        raise ListError(f"version {number} of {list_id}", "is not in use", f"choose from: {numbers}")
    staying = [one for one in there if one not in going]
    if staying and there[0] in going and not stored.has_parties(store, staying[0]):
        reason = f"is followed by version {staying[0].version}, of which the accounts alone are kept"
        raise ListError(f"version {number} of {list_id}", reason, "leave out --version, and import the right file")
    named = {wallet.address for one in going for wallet in stored.wallets(store, one)}
    kept = {wallet.address for one in staying for wallet in stored.wallets(store, one)}
    kept |= {wallet.address for one in stored.newest(store) if one.list_id != list_id
             for wallet in stored.wallets(store, one)}  # fmt: skip
    if not dry_run:
        stored.retire(store, going, retirement)
    return Retired(tuple(going), staying[0] if staying else None, tuple(sorted(named - kept)), dry_run)


# -- Comparing with the chain


def delta_lines(delta: Delta) -> list[str]:
    """Returns a delta for people."""
    adds, lifts = delta.accounts("sanction"), delta.accounts("lift")
    found = [f"{delta.kept:,} accounts stand on chain and on a list; {len(adds):,} to add, {len(lifts):,} to lift"]
    found += [f"  note: {note}" for note in delta.notes]
    for batch in delta.batches:
        head = f"  {batch.action} {len(batch.accounts)} of {batch.list_id}, about {batch.gas:,} gas"
        found += [f"{head}, source 0x{batch.source}", *(f"    {account}" for account in batch.accounts)]
    if lifts:
        found.append("  to lift is another officer's order, after the delay:")
        found += [f"    {batch.command}" for batch in delta.batches if batch.action == "lift"]
    return found


def delta_json(delta: Delta) -> dict[str, Any]:
    """Returns a delta as JSON has it."""
    return {
        "kept": delta.kept,
        "notes": list(delta.notes),
        "batches": [{**asdict(batch), "source": f"0x{batch.source}", "command": batch.command}
                    for batch in delta.batches],
    }  # fmt: skip
