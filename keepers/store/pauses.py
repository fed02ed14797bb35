"""Bots that a person told to rest. Durable, so a restart does not wake them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from keepers.store.engine import insert_into
from keepers.store.store import Store
from keepers.store.tables import pauses


@dataclass(frozen=True)
class Pause:
    """A bot that rests.

    Attributes:
        bot: Name of the bot.
        reason: Reason in the words of the person who paused it.
        since: Unix seconds.
    """

    bot: str
    reason: str
    since: int


def pause(store: Store, found: Pause) -> bool:
    """Lets a bot rest.

    Returns:
        False if it rested already; its reason and time are replaced then.

    Raises:
        StoreError: If the database cannot be written.
    """
    fresh = paused(store, found.bot) is None
    values = {"reason": found.reason, "since": found.since}
    with store.transaction() as connection:
        connection.execute(
            insert_into(connection, pauses)
            .values(bot=found.bot, **values)
            .on_conflict_do_update(index_elements=[pauses.c.bot], set_=values)
        )
    return fresh


def unpause(store: Store, bot: str) -> bool:
    """Lets a bot go on.

    Returns:
        Whether it rested.

    Raises:
        StoreError: If the database cannot be written.
    """
    with store.transaction() as connection:
        return connection.execute(sa.delete(pauses).where(pauses.c.bot == bot)).rowcount > 0


def paused(store: Store, bot: str) -> Pause | None:
    """Why a bot rests, or None.

    Raises:
        StoreError: If the database cannot be read.
    """
    with store.reading() as connection:
        row = connection.execute(sa.select(pauses).where(pauses.c.bot == bot)).mappings().first()
    return Pause(**row) if row else None
