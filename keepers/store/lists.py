"""Accepted versions of sanctions lists: what each holds, and which accounts earlier ones named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from keepers.compliance.lists import serial
from keepers.compliance.lists.gate import Accepted, Retirement
from keepers.compliance.lists.records import Counts, ListDocument, ListedParty, ListedWallet
from keepers.store.database import Collision
from keepers.store.engine import StoreError
from keepers.store.store import Store
from keepers.store.tables import list_parties, list_retirements, list_versions, list_wallets

KEPT = 2
"""Versions of a list whose parties are kept; accounts are kept of every version."""

_BATCH = 1000

_IN_USE = list_versions.c.id.not_in(sa.select(list_retirements.c.version_id))
"""Condition on a row of `list_versions`."""

_VERSIONS = sa.select(
    list_versions, list_retirements.c.at, list_retirements.c.officer, list_retirements.c.reason
).outerjoin(list_retirements, list_retirements.c.version_id == list_versions.c.id)


def accept(
    store: Store,
    new: ListDocument,
    last: Accepted | None,
    now: int,
    doubts: Iterable[str] = (),
    *,
    follows: int | None = None,
) -> Accepted:
    """Records a version, all of it or nothing, and forgets the parties of old ones.

    Args:
        store: Database.
        new: The version.
        last: Version that it was judged against.
        now: Unix seconds.
        doubts: Findings that a person accepted with it.
        follows: Number of the list's newest version when it was judged, retired ones included; `last`'s by default.

    Raises:
        StoreError: If another process accepted a version meanwhile, or the database cannot be written.
    """
    values = {
        **_described(new),
        "follows": follows if follows is not None else last.version if last else 0,
        "accepted": now,
        "checked": now,
        "doubts": json.dumps(list(doubts), ensure_ascii=False),
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


def _described(new: ListDocument) -> dict[str, Any]:
    """Columns that the document itself fills."""
    return {
        "list_id": new.list_id,
        "format": new.format,
        "published": new.published,
        "files": serial.files_to_text(new.files),
        "source_hash": new.source_hash,
        "parties": new.counts.parties,
        "names": new.counts.names,
        "weak_names": new.counts.weak_names,
        "wallets": new.counts.wallets,
    }


def confirm(store: Store, version: int, now: int) -> None:
    """Records that a version was found to be the publisher's newest."""
    with store.transaction() as connection:
        connection.execute(sa.update(list_versions).where(list_versions.c.id == version).values(checked=now))


def newest(store: Store) -> list[Accepted]:
    """Returns the newest version of each list that is in use, by the lists' names."""
    last = sa.select(sa.func.max(list_versions.c.id)).where(_IN_USE).group_by(list_versions.c.list_id)
    query = _VERSIONS.where(list_versions.c.id.in_(last)).order_by(list_versions.c.list_id)
    return [_accepted(row) for row in store.all_rows(query)]


def versions(store: Store, list_id: str, limit: int = 100, *, in_use: bool = False) -> list[Accepted]:
    """Returns versions of a list, newest first; the retired ones too, unless only those in use are asked for."""
    mine = _VERSIONS.where(list_versions.c.list_id == list_id)
    if in_use:
        mine = mine.where(_IN_USE)
    return [_accepted(row) for row in store.all_rows(mine.order_by(list_versions.c.id.desc()).limit(limit))]


def last_number(store: Store, list_id: str) -> int:
    """Returns the number of the newest version of a list, retired or not; 0 if it has none."""
    row = store.first_row(sa.select(sa.func.max(list_versions.c.id).label("id")).where(_of(list_id)))
    return int(row["id"] or 0) if row else 0


def retire(store: Store, found: Iterable[Accepted], retirement: Retirement) -> None:
    """Takes versions out of use, all or none; everything that is stored about them stays.

    Raises:
        StoreError: If one of them was retired meanwhile, or the database cannot be written.
    """
    rows = [{"version_id": one.version, **asdict(retirement)} for one in found]
    try:
        with store.transaction(durable=True) as connection:
            connection.execute(sa.insert(list_retirements), rows)
    except Collision as error:
        raise StoreError("version", "was retired meanwhile", "look at it: quantera compliance lists show") from error


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


def has_parties(store: Store, version: Accepted) -> bool:
    """True if the parties of a version are kept."""
    mine = list_parties.c.version_id == version.version
    row = store.first_row(sa.select(sa.func.count().label("rows")).select_from(list_parties).where(mine))
    return row is not None and int(row["rows"]) == version.counts.parties


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
    """Returns every account that any version in use named, with the list that named it last."""
    return _named(store, _IN_USE)


def listed_by_mistake(store: Store) -> dict[str, str]:
    """Returns the accounts that retired versions alone named, with the list that named it last."""
    good = ever_listed(store)
    return {account: list_id for account, list_id in _named(store, ~_IN_USE).items() if account not in good}


def _named(store: Store, which: sa.ColumnElement[bool]) -> dict[str, str]:
    query = (
        sa.select(list_wallets.c.address, list_versions.c.list_id)
        .join(list_versions, list_versions.c.id == list_wallets.c.version_id)
        .where(which)
        .order_by(list_versions.c.id)
    )
    return {row["address"]: row["list_id"] for row in store.all_rows(query)}


def _of(list_id: str) -> sa.ColumnElement[bool]:
    return list_versions.c.list_id == list_id


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
    mine = sa.select(list_versions.c.id).where(_of(list_id))
    kept = mine.where(_IN_USE).order_by(list_versions.c.id.desc()).limit(KEPT)
    keep = [row[0] for row in connection.execute(kept)]
    old = [row[0] for row in connection.execute(mine) if row[0] not in keep]
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
        retired=None if row.get("at") is None else Retirement(row["at"], row["officer"], row["reason"]),
    )
