"""Risk of portfolios: one row for each portfolio and block, and what follows from it, all or nothing.

The row, the day's summaries, the states of alert rules and the notices that they cause are written together. A process
that is killed has written all of them or none, and a block that is recorded again replaces its row and causes no second
notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from keepers.risk.alert_rules import AlertRule, Firing, NoticeKind, advance, notice_key
from keepers.risk.recorded import DAY, LIMITED, METRICS, Recorded, Summary, fold
from keepers.store import partitions
from keepers.store.database import Database
from keepers.store.engine import insert_into
from keepers.store.tables import alert_firings, alert_notices, risk_daily, risk_metrics, risk_stress, risk_weights

_LIMITS = (*LIMITED, "halt_drawdown")


@dataclass(frozen=True)
class Holdings:
    """Weights of a portfolio's assets at a block.

    Attributes:
        block: Height.
        at: Unix seconds of the block.
        weights: Fractions of NAV by symbol; the remainder to one is cash.
    """

    block: int
    at: int
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Pruned:
    """The result of dropping what is old.

    Attributes:
        dropped: Number of partitions or chunks on PostgreSQL, of rows on SQLite.
        notices: Number of delivered notices that were deleted.
    """

    dropped: int
    notices: int


def record(
    database: Database,
    found: Recorded,
    *,
    weights: Mapping[str, float] | None = None,
    stress: Mapping[str, float] | None = None,
    rules: Sequence[AlertRule] = (),
) -> int:
    """Writes a block's row and everything that follows from it.

    Args:
        database: Database to write to.
        found: Numbers at the block; they replace those of an earlier look at it.
        weights: Fractions of NAV by symbol; None to record none.
        stress: Losses by scenario of the signed report, fractions of NAV; None to record none.
        rules: Alert rules that are judged by the numbers.

    Returns:
        Number of notices that are to be delivered.

    Raises:
        StoreError: If the database cannot be written.
    """
    # Durable: a notice that a power cut takes back would have been told of a number that is not there.
    with database.transaction(durable=True) as connection:
        partitions.prepare(connection, [found.at], risk_metrics.name, ahead=1)
        _put_row(connection, found)
        if weights is not None:
            _put_weights(connection, found, weights)
        if stress is not None:
            _put_stress(connection, found, stress)
        return _judge(connection, found, rules)


def take_back(connection: sa.Connection, bot: str, after: int) -> None:
    """Takes back what a bot recorded from blocks above a height, and summarises the days anew.

    Firings stay as they are, because their notices may have been delivered; the next block resolves them.

    Args:
        connection: Connection in a transaction.
        bot: Name of the bot.
        after: Height of the newest block that still stands.
    """
    gone = (risk_metrics.c.bot == bot) & (risk_metrics.c.block > after)
    rows = connection.execute(sa.select(risk_metrics.c.portfolio, risk_metrics.c.at).where(gone)).all()
    connection.execute(sa.delete(risk_metrics).where(gone))
    for table in (risk_weights, risk_stress):
        connection.execute(sa.delete(table).where(table.c.bot == bot, table.c.block > after))
    for portfolio, day in sorted({(portfolio, at // DAY * DAY) for portfolio, at in rows}):
        _summarise(connection, portfolio, day)


def latest(database: Database, portfolio: str, block: int | None = None) -> Recorded | None:
    """The newest row of a portfolio, or of a block; None if there is none."""
    mine = risk_metrics.c.portfolio == portfolio
    if block is not None:
        mine &= risk_metrics.c.block == block
    order = (risk_metrics.c.at.desc(), risk_metrics.c.block.desc())
    row = database.first_row(sa.select(risk_metrics).where(mine).order_by(*order))
    return _recorded(row) if row else None


def recorded(database: Database, portfolio: str, since: int = 0, until: int | None = None) -> list[Recorded]:
    """Rows of a portfolio from `since` to `until`, unix seconds, both inclusive, oldest first."""
    mine = (risk_metrics.c.portfolio == portfolio) & (risk_metrics.c.at >= since)
    if until is not None:
        mine &= risk_metrics.c.at <= until
    query = sa.select(risk_metrics).where(mine).order_by(risk_metrics.c.at, risk_metrics.c.block)
    return [_recorded(row) for row in database.all_rows(query)]


def daily(database: Database, portfolio: str, metric: str, until: int | None = None) -> dict[int, Summary]:
    """Summaries of a number by the first second of their UTC day, oldest first.

    Args:
        database: Database to read.
        portfolio: Name in the deployment.
        metric: One of `keepers.risk.recorded.METRICS`.
        until: Unix seconds; days that begin later are left out.
    """
    mine = (risk_daily.c.portfolio == portfolio) & (risk_daily.c.metric == metric)
    if until is not None:
        mine &= risk_daily.c.day <= until
    rows = database.all_rows(sa.select(risk_daily).where(mine).order_by(risk_daily.c.day))
    return {int(row["day"]): _summary(row) for row in rows}


def holdings(database: Database, portfolio: str, block: int | None = None) -> Holdings | None:
    """The newest weights of a portfolio that were recorded, at or below a height; None if there are none."""
    mine = risk_weights.c.portfolio == portfolio
    if block is not None:
        mine &= risk_weights.c.block <= block
    newest = sa.select(sa.func.max(risk_weights.c.block)).where(mine).scalar_subquery()
    query = sa.select(risk_weights).where(risk_weights.c.portfolio == portfolio, risk_weights.c.block == newest)
    rows = database.all_rows(query.order_by(risk_weights.c.asset))
    if not rows:
        return None
    return Holdings(rows[0]["block"], rows[0]["at"], {row["asset"]: row["weight"] for row in rows})


def stress_losses(database: Database, portfolio: str, report_nonce: int) -> dict[str, float]:
    """Losses by scenario of a signed report, fractions of NAV."""
    mine = (risk_stress.c.portfolio == portfolio) & (risk_stress.c.report_nonce == report_nonce)
    rows = database.all_rows(sa.select(risk_stress).where(mine).order_by(risk_stress.c.scenario))
    return {row["scenario"]: row["loss"] for row in rows}


def firings(database: Database, portfolio: str) -> dict[str, Firing]:
    """States of the alert rules that are not at rest, by the rule's name."""
    mine = alert_firings.c.portfolio == portfolio
    with database.reading() as connection:
        return _firings(connection, mine)


def prune(database: Database, before: int) -> Pruned:
    """Drops rows by block, and delivered notices, that are older than a moment; summaries of days stay.

    Args:
        database: Database to write to.
        before: Unix seconds.

    Raises:
        StoreError: If the database cannot be written.
    """
    old = (alert_notices.c.state != "waiting") & (alert_notices.c.created < before)
    with database.transaction() as connection:
        dropped = partitions.drop_before(connection, risk_metrics.name, before)
        return Pruned(dropped, connection.execute(sa.delete(alert_notices).where(old)).rowcount)


def _put_row(connection: sa.Connection, found: Recorded) -> None:
    """Writes the row, and adds it to the summaries of its day."""
    mine = risk_metrics.c.portfolio == found.portfolio
    same = sa.select(risk_metrics).where(mine, risk_metrics.c.at == found.at, risk_metrics.c.block == found.block)
    known = connection.execute(same).mappings().first()
    if known is not None and _recorded(dict(known)) == found:
        # A bot that starts again looks at its last block again: a day of rows would be summarised for nothing.
        return
    newest = sa.select(sa.func.max(risk_metrics.c.at)).where(mine, risk_metrics.c.at >= found.day)
    last = connection.execute(newest).scalar()
    gone = connection.execute(sa.delete(risk_metrics).where(mine, risk_metrics.c.block == found.block)).rowcount
    values = {
        **{name: getattr(found, name) for name in ("bot", "portfolio", "block", "at", "model_nonce", "report_nonce")},
        **{"reason": found.reason, "stress_scenario": found.stress_scenario},
        **{name: found.numbers.get(name) for name in METRICS},
        **{f"limit_{name}": found.limits.get(name) for name in _LIMITS},
    }
    connection.execute(sa.insert(risk_metrics).values(**values))
    if gone or (last is not None and last >= found.at):
        _summarise(connection, found.portfolio, found.day)
    else:
        _put_summaries(connection, found, fold(_summaries(connection, found.portfolio, found.day), found))


def _put_weights(connection: sa.Connection, found: Recorded, weights: Mapping[str, float]) -> None:
    same = (risk_weights.c.portfolio == found.portfolio) & (risk_weights.c.block == found.block)
    connection.execute(sa.delete(risk_weights).where(same))
    common = {name: getattr(found, name) for name in ("portfolio", "block", "at", "bot")}
    if weights:
        rows = [{**common, "asset": asset, "weight": weight} for asset, weight in weights.items()]
        connection.execute(sa.insert(risk_weights), rows)


def _put_stress(connection: sa.Connection, found: Recorded, stress: Mapping[str, float]) -> None:
    same = (risk_stress.c.portfolio == found.portfolio) & (risk_stress.c.report_nonce == found.report_nonce)
    connection.execute(sa.delete(risk_stress).where(same))
    common = {name: getattr(found, name) for name in ("portfolio", "block", "report_nonce", "bot")}
    if stress:
        rows = [{**common, "scenario": scenario, "loss": loss} for scenario, loss in stress.items()]
        connection.execute(sa.insert(risk_stress), rows)


def _summarise(connection: sa.Connection, portfolio: str, day: int) -> None:
    """Summarises a day from its rows, where a row was replaced or taken back."""
    same = (risk_daily.c.portfolio == portfolio) & (risk_daily.c.day == day)
    connection.execute(sa.delete(risk_daily).where(same))
    mine = (risk_metrics.c.portfolio == portfolio) & (risk_metrics.c.at >= day) & (risk_metrics.c.at < day + DAY)
    query = sa.select(risk_metrics).where(mine).order_by(risk_metrics.c.at, risk_metrics.c.block)
    summaries: dict[str, Summary] = {}
    found = None
    for row in connection.execute(query).mappings():
        found = _recorded(dict(row))
        summaries = fold(summaries, found)
    if found is not None:
        _put_summaries(connection, found, summaries)


def _summaries(connection: sa.Connection, portfolio: str, day: int) -> dict[str, Summary]:
    mine = (risk_daily.c.portfolio == portfolio) & (risk_daily.c.day == day)
    rows = connection.execute(sa.select(risk_daily).where(mine).with_for_update()).mappings()
    return {row["metric"]: _summary(row) for row in rows}


def _put_summaries(connection: sa.Connection, found: Recorded, summaries: Mapping[str, Summary]) -> None:
    insert = insert_into(connection, risk_daily)
    keys = ("portfolio", "day", "metric")
    fresh = {column.name: insert.excluded[column.name] for column in risk_daily.columns if column.name not in keys}
    rows = [
        {"portfolio": found.portfolio, "day": found.day, "metric": name, **asdict(summary)}
        for name, summary in summaries.items()
    ]
    if rows:
        connection.execute(insert.on_conflict_do_update(index_elements=list(keys), set_=fresh), rows)


def _judge(connection: sa.Connection, found: Recorded, rules: Sequence[AlertRule]) -> int:
    """Moves the state of every rule, and writes the notices that are due; rules that are gone are forgotten."""
    mine = alert_firings.c.portfolio == found.portfolio
    before = _firings(connection, mine, locked=True)
    connection.execute(sa.delete(alert_firings).where(mine))
    states, told = [], 0
    for rule in rules:
        was = before.get(rule.name, Firing())
        value, bound = found.numbers.get(rule.metric), rule.bound(found.limits)
        state, kind = advance(rule, was, value, bound, found.at)
        if state != Firing():
            states.append({"portfolio": found.portfolio, "rule": rule.name, **asdict(state)})
        if kind is not None:
            about = was if kind is NoticeKind.RESOLVED else state
            told += _tell(connection, found, rule, kind, about)
    if states:
        connection.execute(sa.insert(alert_firings), states)
    return told


def _tell(connection: sa.Connection, found: Recorded, rule: AlertRule, kind: NoticeKind, about: Firing) -> int:
    """Writes a notice for each channel, unless the same one was written before; the number of new ones."""
    body = {
        **{"portfolio": found.portfolio, "rule": rule.name, "kind": kind.value, "severity": rule.severity},
        **{"metric": rule.metric, "meaning": METRICS[rule.metric], "value": found.numbers.get(rule.metric)},
        **{"comparison": rule.comparison, "bound": rule.bound(found.limits)},
        **{"since": about.waiting_since, "fired_at": about.fired_at, "at": found.at, "block": found.block},
    }
    told = 0
    for channel in rule.channels:
        key = notice_key(found.portfolio, rule.name, about.fired_at, kind, about.reminders, channel)
        values = {
            **{"key": key, "channel": channel, "severity": rule.severity, "created": found.at, "state": "waiting"},
            **{"body": json.dumps({**body, "key": key}), "attempts": 0, "next_at": 0, "fault": ""},
        }
        insert = insert_into(connection, alert_notices).values(**values).on_conflict_do_nothing(index_elements=["key"])
        # The rows that come back are counted: psycopg's number of rows is -1 for such an INSERT.
        told += len(connection.execute(insert.returning(alert_notices.c.key)).all())
    return told


def _firings(connection: sa.Connection, mine: sa.ColumnElement[bool], *, locked: bool = False) -> dict[str, Firing]:
    query = sa.select(alert_firings).where(mine)
    rows = connection.execute(query.with_for_update() if locked else query).mappings()
    names = ("waiting_since", "fired_at", "told_at", "reminders")
    return {row["rule"]: Firing(**{name: row[name] for name in names}) for row in rows}


def _recorded(row: Mapping[str, Any]) -> Recorded:
    numbers = {name: float(row[name]) for name in METRICS if row[name] is not None}
    limits = {name: row[f"limit_{name}"] for name in _LIMITS if row[f"limit_{name}"] is not None}
    names = ("bot", "portfolio", "block", "at", "model_nonce", "report_nonce", "reason", "stress_scenario")
    return Recorded(**{name: row[name] for name in names}, numbers=numbers, limits=limits)


def _summary(row: Mapping[Any, Any]) -> Summary:
    names = ("samples", "minimum", "maximum", "mean", "last", "last_at")
    return Summary(**{name: row[name] for name in names})
