"""The journal of one bot in the database: see keepers.transactions.journal for what it promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from keepers.store.database import Database
from keepers.store.leases import Lease, LeaseLost, require_held
from keepers.store.tables import attempts, transactions
from keepers.transactions.errors import AlreadyOpen, SpendingLimit
from keepers.transactions.journal import ACTIVE, DAY, Attempt, Status, Transaction, Wanted

_USED = (*ACTIVE, Status.FINAL, Status.REVERTED)
"""States whose nonces are used: the next free nonce is above all of them."""


class BotJournal:
    """The journal of one bot.

    Args:
        database: Database that holds the journal.
        bot: Name of the bot.
        lease: Gives the lease that is held, for signing needs it; None for a bot that has no replicas.
    """

    def __init__(self, database: Database, bot: str, lease: Callable[[], Lease | None] | None = None) -> None:
        self._database = database
        self._bot = bot
        self._lease = lease

    def reserve(self, wanted: Wanted, next_nonce: Callable[[], int], sign: Callable[[int], Attempt]) -> Transaction:
        """See `keepers.transactions.journal.Journal`."""
        with self._database.transaction(durable=True) as connection:
            _lock_account(connection, wanted)
            self._require_lease(connection)
            self._require_closed(connection, wanted.key)
            now = self._database.now(connection)
            _require_within_limit(connection, wanted, now)
            nonce = wanted.nonce
            if nonce is None:
                nonce = max(next_nonce(), _after_last_used(connection, wanted))
            attempt = sign(nonce)
            values = {
                "bot": self._bot,
                "key": wanted.key,
                "chain_id": wanted.chain_id,
                "sender": wanted.sender,
                "nonce": nonce,
                "source": wanted.source,
                "status": Status.OPEN.value,
                "cost": str(wanted.cost),
                "created": int(now),
                "trace": wanted.trace,
            }
            identity = connection.execute(
                sa.insert(transactions).values(**values).returning(transactions.c.id)
            ).scalar_one()
            _insert(connection, identity, attempt)
            return _read(connection, transactions.c.id == identity)[0]

    def add(self, transaction: Transaction, attempt: Attempt) -> Transaction:
        """See `keepers.transactions.journal.Journal`."""
        with self._database.transaction(durable=True) as connection:
            self._require_lease(connection)
            _insert(connection, transaction.id, attempt)
            return _read(connection, transactions.c.id == transaction.id)[0]

    def active(self) -> Sequence[Transaction]:
        """See `keepers.transactions.journal.Journal`."""
        mine = (transactions.c.bot == self._bot) & transactions.c.status.in_([status.value for status in ACTIVE])
        with self._database.reading() as connection:
            return _read(connection, mine)

    def completed(self, prefix: str) -> Sequence[Transaction]:
        """Returns the transactions of the bot that are mined, whose keys begin so; oldest first."""
        mine = (transactions.c.bot == self._bot) & transactions.c.key.startswith(prefix, autoescape=True)
        done = transactions.c.status.in_([Status.MINED.value, Status.FINAL.value])
        with self._database.reading() as connection:
            return _read(connection, mine & done)

    def beneath(self, transaction: Transaction, first: int) -> Sequence[Transaction]:
        """See `keepers.transactions.journal.Journal`."""
        between = (transactions.c.nonce >= first) & (transactions.c.nonce < transaction.nonce)
        account = (transactions.c.chain_id == transaction.chain_id) & (transactions.c.sender == transaction.sender)
        usable = transactions.c.status.notin_([Status.LOST.value])
        with self._database.reading() as connection:
            return _read(connection, account & between & usable)

    def mined(self, transaction: Transaction, tx_hash: str, number: int, block_hash: str, cost: int) -> None:
        """See `keepers.transactions.journal.Journal`."""
        place = {"tx_hash": tx_hash, "block_number": number, "block_hash": block_hash}
        self._update(transaction, status=Status.MINED.value, cost=str(cost), **place)

    def move(self, transaction: Transaction, status: Status) -> None:
        """See `keepers.transactions.journal.Journal`."""
        values: dict[str, Any] = {"status": status.value}
        if status is Status.OPEN:
            values |= {"tx_hash": None, "block_number": None, "block_hash": None}
        self._update(transaction, **values)

    def _update(self, transaction: Transaction, **values: Any) -> None:
        with self._database.transaction(durable=True) as connection:
            connection.execute(sa.update(transactions).where(transactions.c.id == transaction.id).values(**values))

    def _require_lease(self, connection: sa.Connection) -> None:
        if self._lease is None:
            return
        lease = self._lease()
        if lease is None:
            raise LeaseLost(f"lease of {self._bot}", "not held", "another replica goes on")
        require_held(connection, lease, self._database.now(connection))

    def _require_closed(self, connection: sa.Connection, key: str) -> None:
        same = (transactions.c.bot == self._bot) & (transactions.c.key == key)
        done = [status.value for status in (*ACTIVE, Status.FINAL)]
        if found := _read(connection, same & transactions.c.status.in_(done)):
            raise AlreadyOpen(key, f"has nonce {found[0].nonce}, {found[0].status}", "settle it first")


def _lock_account(connection: sa.Connection, wanted: Wanted) -> None:
    """One reservation of an account at a time; SQLite's transactions exclude each other anyway."""
    if connection.dialect.name == "postgresql":
        account = f"{wanted.chain_id}:{wanted.sender}"
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:account, 0))"), {"account": account})


def _require_within_limit(connection: sa.Connection, wanted: Wanted, now: float) -> None:
    if wanted.daily_limit is None:
        return
    spent = spent_since(connection, wanted.chain_id, wanted.sender, int(now) - DAY)
    if spent + wanted.cost > wanted.daily_limit:
        raise SpendingLimit(
            f"{wanted.key} for up to {wanted.cost} wei",
            f"{spent} of {wanted.daily_limit} wei a day are spent",
            "wait, or raise max_spend_eth_per_day",
        )


def spent_since(connection: sa.Connection, chain_id: int, sender: str, since: int) -> int:
    """Wei that an account's transactions did cost, or may still cost, from a time in unix seconds on."""
    account = (transactions.c.chain_id == chain_id) & (transactions.c.sender == sender)
    gone = [Status.LOST.value]
    costs = sa.select(transactions.c.cost).where(
        account, transactions.c.created > since, transactions.c.status.notin_(gone)
    )
    return sum(int(cost) for (cost,) in connection.execute(costs))


def _after_last_used(connection: sa.Connection, wanted: Wanted) -> int:
    """One more than the highest nonce in use, whatever a node that lags behind says."""
    account = (transactions.c.chain_id == wanted.chain_id) & (transactions.c.sender == wanted.sender)
    used = transactions.c.status.in_([status.value for status in _USED])
    highest = connection.execute(sa.select(sa.func.max(transactions.c.nonce)).where(account, used)).scalar()
    return 0 if highest is None else int(highest) + 1


def _insert(connection: sa.Connection, identity: int, attempt: Attempt) -> None:
    values = {**vars(attempt), "max_fee": str(attempt.max_fee), "transaction_id": identity}
    connection.execute(sa.insert(attempts).values(**values))


def _read(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Transaction]:
    """Transactions with their attempts, lowest nonce first."""
    rows = connection.execute(sa.select(transactions).where(which).order_by(transactions.c.nonce, transactions.c.id))
    found = [dict(row) for row in rows.mappings()]
    wanted = [row["id"] for row in found]
    signed = connection.execute(
        sa.select(attempts).where(attempts.c.transaction_id.in_(wanted)).order_by(attempts.c.id)
    )
    by_transaction: dict[int, list[Attempt]] = {identity: [] for identity in wanted}
    for row in signed.mappings():
        values = {name: row[name] for name in ("tx_hash", "raw", "block", "route")}
        attempt = Attempt(max_fee=int(row["max_fee"]), cancels=bool(row["cancels"]), **values)
        by_transaction[row["transaction_id"]].append(attempt)
    return [_transaction(row, tuple(by_transaction[row["id"]])) for row in found]


def _transaction(row: dict[str, Any], signed: tuple[Attempt, ...]) -> Transaction:
    plain = {name: value for name, value in row.items() if name not in ("status", "cost")}
    return Transaction(status=Status(row["status"]), cost=int(row["cost"]), attempts=signed, **plain)
