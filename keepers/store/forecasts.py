"""Forecasts of the model that a portfolio follows and of its challenger, their outcomes, and models that drifted.

A forecast follows from closes and stands whatever becomes of the block that it was made at: the first one of a day is
kept, so that no later look at the same day changes the evidence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa

from keepers.store.database import Database
from keepers.store.engine import insert_into
from keepers.store.tables import signal_demotions, signal_forecasts

Role = Literal["champion", "challenger"]


@dataclass(frozen=True)
class Forecasted:
    """A forecast of one model at the close of one day.

    Attributes:
        portfolio: Name in the deployment.
        model: Name under which the model is registered.
        day: Day of the last close that it knew.
        role: Part that the model had.
        weights_hash: keccak256 of the model's file, 0x-prefixed.
        inputs_hash: keccak256 of weights, inputs and probability, 0x-prefixed, as a signal carries it.
        inputs: Numbers that it was made of.
        probability: Probability of turbulence.
        predicted: True if it predicts turbulence.
        horizon_days, median_days: Label that it forecasts.
        bot: Name of the bot.
        block, at: Height that was decided from, and its unix seconds.
        outcome: True if turbulence came; None while the label's days have not passed.
    """

    portfolio: str
    model: str
    day: date
    role: Role
    weights_hash: str
    inputs_hash: str
    inputs: tuple[float, ...]
    probability: float
    predicted: bool
    horizon_days: int
    median_days: int
    bot: str
    block: int
    at: int
    outcome: bool | None = None


@dataclass(frozen=True)
class Demotion:
    """A model that drifted.

    Attributes:
        portfolio: Name in the deployment.
        model: Name under which the model is registered.
        weights_hash: keccak256 of its file, 0x-prefixed.
        day: Day of the last close by which it had drifted.
        reason: Numbers that were beyond their bounds.
        block, at: Height that was decided from, and its unix seconds.
        told: True once the alert is in the log.
        lifted: Unix seconds at which a person reinstated the model; 0 while it stands.
        lifted_day: Last day of a forecast by then, in ISO format; empty while it stands.
        lifted_why: Reason in the words of that person.
    """

    portfolio: str
    model: str
    weights_hash: str
    day: str
    reason: str
    block: int
    at: int
    told: bool = False
    lifted: int = 0
    lifted_day: str = ""
    lifted_why: str = ""


def record(database: Database, found: Forecasted) -> bool:
    """Writes a forecast down.

    Returns:
        False if the model has one of that day already, which stays.

    Raises:
        StoreError: If the database cannot be written.
    """
    values = {part.name: getattr(found, part.name) for part in fields(found)}
    values |= {"day": found.day.isoformat(), "inputs": json.dumps(found.inputs)}
    # Durable: a forecast that a power cut takes back would be made again with the outcome in sight.
    with database.transaction(durable=True) as connection:
        insert = insert_into(connection, signal_forecasts).values(values)
        written = insert.on_conflict_do_nothing().returning(signal_forecasts.c.day)
        return connection.execute(written).first() is not None


def forecasts(database: Database, portfolio: str, model: str, role: Role | None = None) -> list[Forecasted]:
    """The forecasts of a model for a portfolio, oldest first; only those of a role, if one is given."""
    mine = (signal_forecasts.c.portfolio == portfolio) & (signal_forecasts.c.model == model)
    if role is not None:
        mine &= signal_forecasts.c.role == role
    return [_forecast(row) for row in database.all_rows(sa.select(signal_forecasts).where(mine).order_by("day"))]


def open_days(database: Database, portfolio: str) -> list[tuple[date, int, int]]:
    """Day and label, as horizon and days of the median, of the forecasts whose outcome is not known, oldest first."""
    columns = (signal_forecasts.c.day, signal_forecasts.c.horizon_days, signal_forecasts.c.median_days)
    mine = (signal_forecasts.c.portfolio == portfolio) & signal_forecasts.c.outcome.is_(None)
    rows = database.all_rows(sa.select(*columns).where(mine).distinct().order_by("day"))
    return [(date.fromisoformat(row["day"]), row["horizon_days"], row["median_days"]) for row in rows]


def fill_outcomes(database: Database, portfolio: str, known: Mapping[tuple[date, int, int], bool]) -> int:
    """Writes outcomes down; one that is there stays.

    Args:
        database: Database to write to.
        portfolio: Name in the deployment.
        known: Outcome by day and label, as `open_days` gives them.

    Returns:
        Number of forecasts that got their outcome.

    Raises:
        StoreError: If the database cannot be written.
    """
    filled = 0
    with database.transaction() as connection:
        for (day, horizon, median), outcome in known.items():
            mine = (signal_forecasts.c.portfolio == portfolio) & (signal_forecasts.c.day == day.isoformat())
            label = (signal_forecasts.c.horizon_days == horizon) & (signal_forecasts.c.median_days == median)
            waiting = sa.update(signal_forecasts).where(mine, label, signal_forecasts.c.outcome.is_(None))
            filled += connection.execute(waiting.values(outcome=outcome)).rowcount
    return filled


def demote(database: Database, found: Demotion) -> bool:
    """Writes a demotion down.

    Returns:
        False if the model is demoted already; that demotion stays as it is.

    Raises:
        StoreError: If the database cannot be written.
    """
    with database.transaction(durable=True) as connection:
        insert = insert_into(connection, signal_demotions).values(vars(found))
        keys, standing = ["portfolio", "model"], sa.text("lifted = 0")
        written = insert.on_conflict_do_nothing(index_elements=keys, index_where=standing)
        return connection.execute(written.returning(signal_demotions.c.id)).first() is not None


def demotion(database: Database, portfolio: str, model: str) -> Demotion | None:
    """The demotion under which a model stands, or None."""
    row = database.first_row(_columns().where(*_standing(portfolio, model)))
    return Demotion(**row) if row else None


def last_lifted(database: Database, portfolio: str, model: str) -> Demotion | None:
    """The newest demotion that a person lifted, or None."""
    mine = (signal_demotions.c.portfolio == portfolio) & (signal_demotions.c.model == model)
    row = database.first_row(
        _columns().where(mine, signal_demotions.c.lifted > 0).order_by(signal_demotions.c.id.desc())
    )
    return Demotion(**row) if row else None


def mark_told(database: Database, portfolio: str, model: str) -> None:
    """Writes down that the alert of a demotion is in the log.

    Raises:
        StoreError: If the database cannot be written.
    """
    with database.transaction() as connection:
        connection.execute(sa.update(signal_demotions).where(*_standing(portfolio, model)).values(told=True))


def reinstate(database: Database, portfolio: str, model: str, why: str, at: int) -> bool:
    """Lifts the demotion of a model; drift is judged by later days from then on.

    Args:
        database: Database to write to.
        portfolio: Name in the deployment.
        model: Name under which the model is registered.
        why: Reason in the words of the person who lifts it.
        at: Unix seconds, above 0.

    Returns:
        False if the model is not demoted.

    Raises:
        StoreError: If the database cannot be written.
    """
    mine = (signal_forecasts.c.portfolio == portfolio) & (signal_forecasts.c.model == model)
    newest = sa.select(sa.func.coalesce(sa.func.max(signal_forecasts.c.day), "")).where(mine)
    with database.transaction(durable=True) as connection:
        changed = {"lifted": at, "lifted_day": connection.execute(newest).scalar_one(), "lifted_why": why}
        done = connection.execute(sa.update(signal_demotions).where(*_standing(portfolio, model)).values(changed))
        return done.rowcount == 1


def _standing(portfolio: str, model: str) -> tuple[sa.ColumnElement[bool], ...]:
    columns = signal_demotions.c
    return columns.portfolio == portfolio, columns.model == model, columns.lifted == 0


def _columns() -> sa.Select[Any]:
    return sa.select(*(signal_demotions.c[part.name] for part in fields(Demotion)))


def _forecast(row: Mapping[str, Any]) -> Forecasted:
    parts = {part.name: row[part.name] for part in fields(Forecasted)}
    inputs = tuple(map(float, json.loads(row["inputs"])))
    return Forecasted(**{**parts, "day": date.fromisoformat(row["day"]), "inputs": inputs})
