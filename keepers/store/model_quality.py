"""Findings of the quality gate about the closes that each posted model was made from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from keepers.market.quality import Finding, Quality
from keepers.store.database import Database
from keepers.store.engine import insert_into
from keepers.store.tables import model_quality


@dataclass(frozen=True)
class ModelQuality:
    """Findings about the closes of one model.

    Attributes:
        portfolio: Name in the deployment.
        model_nonce: Nonce of the model on chain.
        last_close: Day of the last close that it knew.
        data_hash: SHA-256 of symbols, days and closes.
        quality: Findings.
        bot: Name of the bot.
        block, at: Height that was decided from, and its unix seconds.
    """

    portfolio: str
    model_nonce: int
    last_close: date
    data_hash: str
    quality: Quality
    bot: str
    block: int
    at: int


def record(database: Database, found: ModelQuality) -> None:
    """Writes findings down; those of an earlier attempt to post a model of the same nonce are replaced.

    Raises:
        StoreError: If the database cannot be written.
    """
    quality = found.quality
    key = {"portfolio": found.portfolio, "model_nonce": found.model_nonce}
    values = {
        "last_close": found.last_close.isoformat(),
        "data_hash": found.data_hash,
        "days": quality.days,
        "symbols": quality.symbols,
        "findings": json.dumps([asdict(one) for one in quality.findings], default=date.isoformat),
        "bot": found.bot,
        "block": found.block,
        "at": found.at,
    }
    with database.transaction() as connection:
        insert = insert_into(connection, model_quality).values(key | values)
        connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))


def quality_of(database: Database, portfolio: str, model_nonce: int) -> ModelQuality | None:
    """Findings about the closes of a model; None if they are not in the store."""
    mine = (model_quality.c.portfolio == portfolio) & (model_quality.c.model_nonce == model_nonce)
    row = database.first_row(sa.select(model_quality).where(mine))
    if row is None:
        return None
    findings = tuple(_finding(one) for one in json.loads(row["findings"]))
    return ModelQuality(
        row["portfolio"],
        row["model_nonce"],
        date.fromisoformat(row["last_close"]),
        row["data_hash"],
        Quality(row["days"], row["symbols"], findings),
        row["bot"],
        row["block"],
        row["at"],
    )


def take_back(connection: sa.Connection, bot: str, after: int) -> None:
    """Takes back what a bot recorded from blocks above a height."""
    connection.execute(sa.delete(model_quality).where(model_quality.c.bot == bot, model_quality.c.block > after))


def _finding(stored: dict[str, Any]) -> Finding:
    days = {name: date.fromisoformat(stored[name]) for name in ("first", "last")}
    return Finding(**{**stored, **days})
