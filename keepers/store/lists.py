"""Accepted versions of sanctions lists: what each holds, and which accounts earlier ones named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from keepers.compliance.lists import serial
from keepers.compliance.lists.gate import Accepted
from keepers.compliance.lists.records import Counts, ListDocument, ListedParty, ListedWallet
from keepers.store.database import Collision
from keepers.store.engine import StoreError
from keepers.store.store import Store
from keepers.store.tables import list_parties, list_versions, list_wallets

KEPT = 2
"""Versions of a list whose parties are kept; accounts are kept of every version."""

_BATCH = 1000


def accept(store: Store, new: ListDocument, last: Accepted | None, now: int, doubts: Iterable[str] = ()) -> Accepted:
    """Records a version, all of it or nothing, and forgets the parties of old ones.

    Args:
        store: Database.
        new: The version.
        last: Version that it was judged against.
        now: Unix seconds.
        doubts: Findings that a person accepted with it.

    Raises:
        StoreError: If another process accepted a version meanwhile, or the database cannot be written.
    """
    found = list(doubts)
    values = {
        "list_id": new.list_id,
        "follows": last.version if last else 0,
        "format": new.format,
        "published": new.published,
        "files": serial.files_to_text(new.files),
        "source_hash": new.source_hash,
        "parties": new.counts.parties,
        "names": new.counts.names,
        "weak_names": new.counts.weak_names,
        "wallets": new.counts.wallets,
        "accepted": now,
        "checked": now,
        "doubts": json.dumps(found, ensure_ascii=False),
    }
    try:
        with store.transaction(durable=True) as connection:
            made = connection.execute(sa.insert(list_versions).values(**values)).inserted_primary_key
            assert made is not None
            version = int(made[0])
            for table, rows in ((list_parties, _party_rows(version, new)), (list_wallets, _wallet_rows(version, new))):
                for start in range(0, len(rows), _BATCH):
                    connection.execute(sa.insert(table), rows[start : start + _BATCH])
            _prune(connection, new.list_id)
    except Collision as error:
        reason, remedy = "was accepted in another version meanwhile", "import it again"
        raise StoreError(f"list {new.list_id}", reason, remedy) from error
    return _accepted({"id": version, **values})


def confirm(store: Store, version: int, now: int) -> None:
    """Records that a version was found to be the publisher's newest."""
    with store.transaction() as connection:
        connection.execute(sa.update(list_versions).where(list_versions.c.id == version).values(checked=now))


def newest(store: Store) -> list[Accepted]:
    """Returns the newest version of each list, by the lists' names."""
    last = sa.select(sa.func.max(list_versions.c.id)).group_by(list_versions.c.list_id)
    query = sa.select(list_versions).where(list_versions.c.id.in_(last)).order_by(list_versions.c.list_id)
    return [_accepted(row) for row in store.all_rows(query)]


def versions(store: Store, list_id: str, limit: int = 100) -> list[Accepted]:
    """Returns versions of a list, newest first."""
    mine = sa.select(list_versions).where(list_versions.c.list_id == list_id)
    return [_accepted(row) for row in store.all_rows(mine.order_by(list_versions.c.id.desc()).limit(limit))]


def parties(store: Store, version: Accepted) -> Iterator[ListedParty]:
    """Yields the parties of a version in the order of its file.

    Raises:
        StoreError: If they are not kept any more.
    """
    query = sa.select(list_parties).where(list_parties.c.version_id == version.version)
    rows = store.all_rows(query.order_by(list_parties.c.position))
    if len(rows) != version.counts.parties:
        reason = f"of {version.published} keeps its accounts only"
        raise StoreError(f"list {version.list_id}", reason, "import its file again")
    yield from (serial.of_text(version.list_id, row["uid"], row["kind"], row["record"]) for row in rows)


def document(store: Store, version: Accepted) -> ListDocument:
    """Returns a version as it was read.

    Raises:
        StoreError: If its parties are not kept any more.
    """
    found = tuple(parties(store, version))
    return ListDocument(version.list_id, version.files, version.published, version.counts, found, version.format)


def wallets(store: Store, version: Accepted) -> tuple[ListedWallet, ...]:
    """Returns the accounts that a version names, by their addresses."""
    query = sa.select(list_wallets).where(list_wallets.c.version_id == version.version)
    rows = store.all_rows(query.order_by(list_wallets.c.address, list_wallets.c.asset))
    return tuple(ListedWallet(row["address"], row["asset"], row["doubtful"]) for row in rows)


def ever_listed(store: Store) -> dict[str, str]:
    """Returns every account that any accepted version named, with the list that named it last."""
    query = (
        sa.select(list_wallets.c.address, list_versions.c.list_id)
        .join(list_versions, list_versions.c.id == list_wallets.c.version_id)
        .order_by(list_versions.c.id)
    )
    return {row["address"]: row["list_id"] for row in store.all_rows(query)}


def _party_rows(version: int, new: ListDocument) -> list[dict[str, Any]]:
    return [
        {"version_id": version, "position": at, "uid": one.uid, "kind": one.kind, "record": serial.to_text(one)}
        for at, one in enumerate(new.parties)
    ]


def _wallet_rows(version: int, new: ListDocument) -> list[dict[str, Any]]:
    return [
        {"version_id": version, "address": one.address, "asset": one.asset, "uid": party.uid, "doubtful": one.doubtful}
        for party in new.parties
        for one in party.wallets
    ]


def _prune(connection: sa.Connection, list_id: str) -> None:
    mine = sa.select(list_versions.c.id).where(list_versions.c.list_id == list_id)
    old = [row[0] for row in connection.execute(mine.order_by(list_versions.c.id.desc()).offset(KEPT).limit(_BATCH))]
    connection.execute(sa.delete(list_parties).where(list_parties.c.version_id.in_(old)))


def _accepted(row: dict[str, Any]) -> Accepted:
    return Accepted(
        version=row["id"],
        list_id=row["list_id"],
        format=row["format"],
        published=row["published"],
        files=serial.files_of_text(row["files"]),
        source_hash=row["source_hash"],
        counts=Counts(row["parties"], row["names"], row["weak_names"], row["wallets"]),
        accepted=row["accepted"],
        checked=row["checked"],
        doubts=tuple(json.loads(row["doubts"])),
    )
