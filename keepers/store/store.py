"""Durable memory of keepers: how far they read, what they decided, measured and signed, and who may act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import sqlalchemy as sa

from keepers.store import leases, model_quality, partitions, risk_metrics
from keepers.store.database import Collision, Database
from keepers.store.engine import connect, insert_into
from keepers.store.journal import BotJournal, spent_since
from keepers.store.leases import Lease
from keepers.store.tables import blocks, cursors, decisions, series, served, transactions
from keepers.transactions.journal import ACTIVE, DAY, Status

RETRIABLE = ("refused", "failed")
"""Outcomes after which nothing has changed on chain, so that another try may take their place."""

_CHUNK = 500
"""Keys in one query."""


@dataclass(frozen=True)
class Cursor:
    """How far something has been read.

    Attributes:
        name: "bot" for its blocks, "bot/trigger" for a trigger's events, "bot@trigger" for its times.
        block_number: Height; of a time trigger, the slot that was served last.
        block_hash: 0x-prefixed; another hash at that height means a reorganisation.
        updated: Unix seconds of that block.
    """

    name: str
    block_number: int
    block_hash: str
    updated: int


@dataclass(frozen=True)
class Decision:
    """A bot's one decision about one key.

    Attributes:
        bot: Name of the bot.
        key: Subject of the decision.
        block: Height that it was decided from.
        outcome: "done"; "nothing" to do; "refused" by a plan or the chain, so that nothing was sent; "failed", which is
            mined and reverted; "superseded"; or "watched".
        reason: Reason in a sentence.
        tx_hash: Hash of the transaction, if there was one.
        created: Unix seconds of the block.
        trace: Identifier of the log lines that led to it.
        complete: False if what was done stops short of what was wanted.
    """

    bot: str
    key: str
    block: int
    outcome: str
    reason: str
    tx_hash: str | None
    created: int
    trace: str = ""
    complete: bool = True

    @property
    def final(self) -> bool:
        """True if the decision stands: it was not refused and did not fail."""
        return self.outcome not in RETRIABLE


@dataclass(frozen=True)
class SeenBlock:
    """A block that a bot has acted on: height, 0x-prefixed hash, unix seconds."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True)
class Point:
    """A measurement.

    Attributes:
        name: Name of the series, such as "nav:demo".
        at: Unix seconds; there is one value per series and second.
        block: Height that it was read at; a reorganisation below takes it back.
        value: Number in the unit that the name implies.
    """

    name: str
    at: int
    block: int
    value: float


class Store(Database):
    """The memory of keepers in a database; `Store.open` makes one."""

    @classmethod
    def open(cls, url: str, clock: Callable[[], float] | None = None) -> Store:
        """Opens a database and brings its tables up to date.

        Args:
            url: SQLAlchemy's, such as "sqlite:///keeper.sqlite" or "postgresql+psycopg://host/name".
            clock: Unix seconds, for tests; the default is the database's own clock.

        Raises:
            StoreError: If it cannot be opened, or is newer than this program.
        """
        return cls(connect(url), clock)

    def journal(self, bot: str, lease: Callable[[], Lease | None] | None = None) -> BotJournal:
        """The signed transactions of one bot, as `keepers.transactions.sender` wants them."""
        return BotJournal(self, bot, lease)

    # -- Cursors and blocks

    def cursor(self, name: str) -> Cursor | None:
        """How far a bot or trigger has read, or None if it never did."""
        row = self.first_row(sa.select(cursors).where(cursors.c.name == name))
        return Cursor(**row) if row else None

    def advance(self, *moved: Cursor) -> None:
        """Moves cursors, forwards or, after a reorganisation, backwards; all or none."""
        with self.transaction() as connection:
            for cursor in moved:
                _put_cursor(connection, cursor)

    def serve(self, cursor: Cursor, head: int, first: int) -> None:
        """Moves the cursor of an event trigger past a page that has been dealt with.

        Args:
            cursor: Cursor at the page's end.
            head: Newest block that anything was decided from.
            first: Height of the page's first event, where the trigger reads again after a reorganisation below `head`.
        """
        with self.transaction() as connection:
            _put_cursor(connection, cursor)
            row = insert_into(connection, served).values(name=cursor.name, head=head, first=first)
            lower = sa.case((served.c.first < row.excluded.first, served.c.first), else_=row.excluded.first)
            connection.execute(
                row.on_conflict_do_update(index_elements=[served.c.name, served.c.head], set_={"first": lower})
            )

    def see(self, bot: str, found: Sequence[SeenBlock], keep: int) -> None:
        """Remembers blocks, oldest first, and moves the bot's cursor to the last; forgets what is `keep` below."""
        first, last = found[0], found[-1]
        with self.transaction() as connection:
            old = (blocks.c.number >= first.number) | (blocks.c.number <= last.number - keep)
            connection.execute(sa.delete(blocks).where(blocks.c.bot == bot, old))
            connection.execute(sa.insert(blocks), [{"bot": bot, **asdict(block)} for block in found])
            _forget_served(connection, bot, last.number - keep)
            _put_cursor(connection, Cursor(bot, last.number, last.hash, last.timestamp))

    def seen(self, bot: str) -> list[SeenBlock]:
        """Blocks that a bot remembers, newest first."""
        columns = (blocks.c.number, blocks.c.hash, blocks.c.timestamp)
        rows = self.all_rows(sa.select(*columns).where(blocks.c.bot == bot).order_by(blocks.c.number.desc()))
        return [SeenBlock(**row) for row in rows]

    def roll_back(self, bot: str, ancestor: SeenBlock) -> list[str]:
        """Takes back what was derived from blocks after an ancestor: measurements, cursors, decisions.

        Transactions that were decided from there become orphans, for the sender to use their nonces up.

        Returns:
            Keys whose decision was taken back.
        """
        after = ancestor.number
        with self.transaction() as connection:
            connection.execute(sa.delete(blocks).where(blocks.c.bot == bot, blocks.c.number > after))
            connection.execute(sa.delete(series).where(series.c.bot == bot, series.c.block > after))
            risk_metrics.take_back(connection, bot, after)
            model_quality.take_back(connection, bot, after)
            _rewind(connection, bot, ancestor)
            orphans = (transactions.c.bot == bot) & (transactions.c.source > after)
            active = transactions.c.status.in_([status.value for status in ACTIVE])
            connection.execute(sa.update(transactions).where(orphans, active).values(status=Status.ORPHANED.value))
            gone = (decisions.c.bot == bot) & (decisions.c.block > after)
            keys = [key for (key,) in connection.execute(sa.select(decisions.c.key).where(gone))]
            connection.execute(sa.delete(decisions).where(gone))
            return keys

    def reconsider(self, bot: str, key: str, source: int) -> None:
        """Takes one decision back and lets the bot read again what it was decided from, at height `source`."""
        with self.transaction() as connection:
            connection.execute(sa.delete(decisions).where(decisions.c.bot == bot, decisions.c.key == key))
            before = blocks.c.number < source
            query = sa.select(blocks).where(blocks.c.bot == bot, before).order_by(blocks.c.number.desc()).limit(1)
            row = connection.execute(query).mappings().first()
            ancestor = SeenBlock(source - 1, row["hash"] if row else "", row["timestamp"] if row else 0)
            _rewind(connection, bot, ancestor)

    # -- Decisions

    def decide(self, decision: Decision, *moved: Cursor) -> bool:
        """Records a decision and moves cursors, all or nothing.

        What was refused or failed may be decided again; anything else stands.

        Returns:
            False if the key was decided before; nothing but the cursors changes then.
        """
        return self.decide_all([decision], *moved) == 1

    def decide_all(self, made: Sequence[Decision], *moved: Cursor) -> int:
        """Records many decisions and moves cursors, all or nothing.

        Returns:
            How many were not decided before.
        """
        with self.transaction() as connection:
            fresh = _fresh(connection, made)
            if fresh:
                connection.execute(sa.insert(decisions), [vars(decision) for decision in fresh])
            for cursor in moved:
                _put_cursor(connection, cursor)
            return len(fresh)

    def decision(self, bot: str, key: str) -> Decision | None:
        """Returns the decision about a key, or None."""
        mine = (decisions.c.bot == bot) & (decisions.c.key == key)
        row = self.first_row(sa.select(*_columns()).where(mine))
        return Decision(**row) if row else None

    def concluded(self, bot: str) -> frozenset[str]:
        """Keys that a bot decided for good, whose transactions are mined and may still be taken back."""
        same = (transactions.c.bot == decisions.c.bot) & (transactions.c.key == decisions.c.key)
        mined = transactions.c.status == Status.MINED.value
        stands = decisions.c.outcome.notin_(RETRIABLE)
        query = sa.select(decisions.c.key).join(transactions, same).where(decisions.c.bot == bot, mined, stands)
        return frozenset(row["key"] for row in self.all_rows(query))

    def decision_of(self, tx_hash: str) -> Decision | None:
        """The decision that a transaction carried out, or None."""
        row = self.first_row(sa.select(*_columns()).where(decisions.c.tx_hash == tx_hash))
        return Decision(**row) if row else None

    def decisions(self, bot: str, limit: int = 100, outcome: str | None = None) -> list[Decision]:
        """The newest decisions of a bot, newest first; only those of an outcome, if one is given."""
        query = sa.select(*_columns()).where(decisions.c.bot == bot)
        if outcome is not None:
            query = query.where(decisions.c.outcome == outcome)
        rows = self.all_rows(query.order_by(decisions.c.id.desc()).limit(limit))
        return [Decision(**row) for row in rows]

    def keys(self, bot: str, prefix: str) -> list[str]:
        """Returns the keys of a bot's decisions that begin with `prefix`, oldest first."""
        mine = (decisions.c.bot == bot) & decisions.c.key.startswith(prefix, autoescape=True)
        return [row["key"] for row in self.all_rows(sa.select(decisions.c.key).where(mine).order_by(decisions.c.id))]

    def last(self, bot: str, prefix: str, outcome: str | None = None) -> Decision | None:
        """A bot's newest decision about what begins so, or None; only one of an outcome, if one is given."""
        mine = (decisions.c.bot == bot) & decisions.c.key.startswith(prefix, autoescape=True)
        if outcome is not None:
            mine &= decisions.c.outcome == outcome
        row = self.first_row(sa.select(*_columns()).where(mine).order_by(decisions.c.id.desc()))
        return Decision(**row) if row else None

    # -- Time series

    def observe(self, bot: str, points: Sequence[Point]) -> None:
        """Records measurements; a later one takes the place of an earlier one of the same series and second."""
        if not points:
            return
        values = [{"bot": bot, **asdict(point)} for point in points]
        with self.transaction() as connection:
            partitions.prepare(connection, (point.at for point in points))
            same = (series.c.bot == bot) & (series.c.name == sa.bindparam("n")) & (series.c.at == sa.bindparam("t"))
            connection.execute(sa.delete(series).where(same), [{"n": point.name, "t": point.at} for point in points])
            connection.execute(sa.insert(series), values)

    def measured(self, bot: str, name: str, since: int = 0, until: int | None = None) -> list[Point]:
        """A series from `since` to `until`, unix seconds, both inclusive, oldest first."""
        columns = (series.c.name, series.c.at, series.c.block, series.c.value)
        query = sa.select(*columns).where(series.c.bot == bot, series.c.name == name, series.c.at >= since)
        if until is not None:
            query = query.where(series.c.at <= until)
        return [Point(**row) for row in self.all_rows(query.order_by(series.c.at))]

    # -- Leases

    def take_lease(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Takes or renews a lease; None where another holder's has not expired."""
        try:
            with self.transaction() as connection:
                return leases.take(connection, name, holder, seconds, self.now(connection))
        except Collision:
            return None  # Two took a lease that was not there yet: the other was first.

    def give_up_lease(self, lease: Lease) -> None:
        """Lets the next one have it at once."""
        with self.transaction() as connection:
            leases.give_up(connection, lease)

    def lease(self, name: str) -> Lease | None:
        """Returns the newest lease of a name, held or expired, or None."""
        with self.reading() as connection:
            return leases.read(connection, name)

    # -- Journal

    def spent(self, chain_id: int, sender: str) -> int:
        """Wei that an account's transactions of the last 24 hours did cost, or may still cost."""
        with self.reading() as connection:
            return spent_since(connection, chain_id, sender, int(self.now(connection)) - DAY)

    def open_transactions(self, bot: str) -> int:
        """How many of a bot's transactions are signed and not known to be mined."""
        waiting = [Status.OPEN.value, Status.ORPHANED.value]
        query = sa.select(sa.func.count()).where(transactions.c.bot == bot, transactions.c.status.in_(waiting))
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())


def _columns() -> list[sa.Column[Any]]:
    return [decisions.c[field.name] for field in fields(Decision)]


def _fresh(connection: sa.Connection, made: Sequence[Decision]) -> list[Decision]:
    """Decisions that may be written, one a key; those that were not final make room for them."""
    wanted = {(decision.bot, decision.key): decision for decision in reversed(made)}
    for bot in {decision.bot for decision in made}:
        keys = [key for owner, key in wanted if owner == bot]
        for start in range(0, len(keys), _CHUNK):
            mine = (decisions.c.bot == bot) & decisions.c.key.in_(keys[start : start + _CHUNK])
            for key, outcome in connection.execute(sa.select(decisions.c.key, decisions.c.outcome).where(mine)).all():
                if outcome in RETRIABLE:
                    connection.execute(sa.delete(decisions).where(decisions.c.bot == bot, decisions.c.key == key))
                else:
                    del wanted[bot, key]
    return list(reversed(wanted.values()))


def _put_cursor(connection: sa.Connection, cursor: Cursor) -> None:
    values = {key: value for key, value in asdict(cursor).items() if key != "name"}
    # In one statement: bots that start together write the first cursors at the same time.
    connection.execute(
        insert_into(connection, cursors)
        .values(name=cursor.name, **values)
        .on_conflict_do_update(index_elements=[cursors.c.name], set_=values)
    )


def _forget_served(connection: sa.Connection, bot: str, final: int) -> None:
    """Forgets events of final blocks that were dealt with, unless a transaction that was sent then is still pending."""
    active = transactions.c.status.in_([status.value for status in ACTIVE])
    oldest = connection.execute(
        sa.select(sa.func.min(transactions.c.source)).where(transactions.c.bot == bot, active)
    ).scalar()
    final = final if oldest is None else min(final, oldest - 1)
    connection.execute(sa.delete(served).where(_of_triggers(served, bot), served.c.head <= final))


def _rewind(connection: sa.Connection, bot: str, ancestor: SeenBlock) -> None:
    """The bot's and its event triggers' cursors back to a block, where they are beyond it; further back where older
    events were dealt with from blocks after it."""
    mine = (cursors.c.name == bot) | _of_triggers(cursors, bot)
    place = {"block_number": ancestor.number, "block_hash": ancestor.hash, "updated": ancestor.timestamp}
    connection.execute(sa.update(cursors).where(mine, cursors.c.block_number > ancestor.number).values(**place))
    undone = (_of_triggers(served, bot), served.c.head > ancestor.number)
    firsts = sa.select(served.c.name, sa.func.min(served.c.first)).where(*undone).group_by(served.c.name)
    for name, first in connection.execute(firsts).all():
        if first <= ancestor.number:
            place = {"block_number": first - 1, "block_hash": "", "updated": ancestor.timestamp}
            behind = (cursors.c.name == name, cursors.c.block_number >= first)
            connection.execute(sa.update(cursors).where(*behind).values(**place))
    connection.execute(sa.delete(served).where(*undone))


def _of_triggers(table: sa.Table, bot: str) -> sa.ColumnElement[bool]:
    return table.c.name.startswith(f"{bot}/", autoescape=True)
