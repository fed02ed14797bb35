"""Sections of a committee's report that need nothing but what they show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from keepers.market.quality import Quality
from keepers.operations import risk_alerts, risk_attribution
from keepers.operations.report.document import Cell, Chart, Column, Origin, Section, Series, Table
from keepers.operations.risk_liquidity import Liquidity
from keepers.operations.risk_live import LivePortfolio, grade_of, state_of, used_parts
from keepers.risk.recorded import METRICS
from keepers.routing.unwind import WAD

Array = NDArray[np.float64]

_RECENT_DAYS = 30
"""Days of recorded numbers that a table shows."""


def recorded_section(live: LivePortfolio, origin: Origin) -> Section:
    """Recorded numbers of a portfolio as a section."""
    one, used = live.recorded, used_parts(live.recorded)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, one.numbers.get(name), one.limits.get(name), used.get(name), meaning)
        for name, meaning in METRICS.items()
    )
    columns = (
        Column("number"), Column("recorded", "number", 6), Column("limit", "number", 6), Column("used", "fraction", 1),
        Column("meaning"),
    )  # fmt: skip
    days: tuple[tuple[Cell, ...], ...] = tuple(
        (metric, f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d}", each.samples, each.minimum, each.maximum, each.mean,
         each.last)
        for metric, found in live.daily.items() for day, each in list(found.items())[-_RECENT_DAYS:]
    )  # fmt: skip
    daily = (
        Column("number"), Column("day"), Column("blocks", "count"),
        *(Column(name, "number", 6) for name in ("minimum", "maximum", "mean", "last")),
    )  # fmt: skip
    losses: tuple[tuple[Cell, ...], ...] = tuple((name, -loss) for name, loss in live.stress.items())
    stress = (Column("scenario"), Column("portfolio", "fraction"))
    text = [
        f"At block {one.block:,} the portfolio was in state {state_of(one)} with grade {grade_of(one) or 'unknown'}, "
        f"under model {one.model_nonce} and signed report {one.report_nonce}. Weights are those of block "
        f"{live.holdings.block:,}; what is missing to one is cash."
    ]
    if one.reason:
        text.append(f"The chain could not compute its numbers: {one.reason}.")
    tables = (
        Table("Recorded numbers beside the chain's limits", columns, rows, origin),
        Table(f"The last {_RECENT_DAYS} days", daily, days, origin),
        Table("Stress losses of the signed report", stress, losses, origin),
    )
    return Section("Recorded by the bot", tuple(text), tables, _recorded_charts(live, origin))


def _recorded_charts(live: LivePortfolio, origin: Origin) -> tuple[Chart, ...]:
    """The last value of each day, of value at risk and drawdown, on the days that have both."""
    var, fall = live.daily["var99"], live.daily["drawdown"]
    days = [day for day in var if day in fall]
    if not days:
        return ()
    series = (
        Series("VaR 99%", tuple(var[day].last for day in days)),
        Series("drawdown", tuple(fall[day].last for day in days)),
    )
    labels = tuple(f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d}" for day in days)
    return (Chart("Recorded value at risk and drawdown", "lines", labels, series, "fraction", origin),)


def alerts_section(found: risk_alerts.Alerts, origin: Origin) -> Section:
    """Predictive alerts as a section."""
    fraction = Column("limit value", "fraction")
    first = (Column("limit"), fraction, Column("within"))
    now: tuple[tuple[Cell, ...], ...] = tuple(
        (one.limit, one.value, one.horizon, one.probability, one.simulated, "ALERT" if one.raised else "none", one.note)
        for one in found.alerts
    )
    record: tuple[tuple[Cell, ...], ...] = tuple(
        (one.limit, one.horizon, score.forecasts, score.events, score.hits.raised, score.hits.hits, score.hits.missed,
         score.brier, score.brier_simulated, score.brier_base)
        for one in found.alerts if (score := one.score) is not None
    )  # fmt: skip
    bins: tuple[tuple[Cell, ...], ...] = tuple(
        (one.limit, one.horizon, f"{each.low:.0%} to {each.high:.0%}", each.forecasts, each.mean, each.frequency)
        for one in found.alerts if one.score is not None for each in one.score.bins
    )  # fmt: skip
    record_columns = (
        Column("limit"), Column("within"), Column("forecasts", "count"), Column("breaches", "count"),
        Column("alerts", "count"), Column("came true", "count"), Column("missed", "count"),
        Column("Brier", "number", 4), Column("Brier, simulated", "number", 4), Column("Brier, base rate", "number", 4),
    )  # fmt: skip
    tables = (
        Table("Probability of a breach", (*first, Column("calibrated", "fraction"), Column("simulated", "fraction"),
              Column("alert"), Column("note")), now, origin),
        Table("Record on the later half of the closes", record_columns, record, origin),
        Table("Reliability on the later half of the closes", (Column("limit"), Column("within"), Column("range"),
              Column("forecasts", "count"), Column("mean forecast", "fraction"), Column("came true", "fraction")), bins,
              origin),
    )  # fmt: skip
    bars = f" Hours count from the last price, {found.hours_from}." if found.hours_from else ""
    which = "Forecasts" if found.hours_from else "Forecasts of whole days"
    text = (
        f"An alert is raised from a probability of {found.threshold:.0%} on.{bars} {which} are calibrated on "
        "the earlier half of the closes and judged on the later one; they do not overlap. A Brier score is the mean "
        "squared distance from what happened: less is better, and a forecast is worth something where it is below "
        "the base rate's.",
    )
    return Section("Predictive alerts", text, tables)


def liquidity_section(found: Sequence[tuple[Liquidity, Origin]]) -> Section:
    """Sales of the whole portfolio through the listed markets, into several parts of their depth, as a section."""
    columns = (
        Column("asset"), Column("value, USD", "number"), Column("cost, USD", "number"),
        Column("cost, bps", "number", 1), Column("days by participation", "number", 1), Column("note"),
    )  # fmt: skip
    tables, text = [], []
    for sold, origin in found:
        rows: list[tuple[Cell, ...]] = [
            (sold.symbols[sale.token], sale.value / WAD, None, None, _finite(sale.days), f"unsold: {sale.reason}")
            if sale.received is None
            else (sold.symbols[sale.token], sale.value / WAD, sale.cost / WAD, sale.cost_bps, _finite(sale.days), "")
            for sale in sold.sales
        ]
        value, cost, days = sold.whole
        rows.append(("whole", value / WAD, cost / WAD, sold.whole_bps, _finite(days), ""))
        tables.append(Table(f"Sale into {sold.terms.depth:.0%} of the depth", columns, tuple(rows), origin))
        text.append(
            f"Into {sold.terms.depth:.0%} of the markets' depth at block {sold.block:,} the portfolio sells at a cost "
            f"of {cost / WAD:,.2f} USD, {sold.whole_bps:.1f} basis points; {len(sold.sales) - len(sold.taken)} of "
            f"{len(sold.sales)} assets are taken by no market and left out of the whole."
        )
    return Section("Liquidity stress", tuple(text), tuple(tables))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def performance_section(found: risk_attribution.Attribution, origin: Origin) -> Section:
    """The tear sheet as a section."""
    mine, market = found.performances
    columns = (
        Column("number"), Column("portfolio", "number", 4), Column("benchmark", "number", 4), Column("formula"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (name.replace("_", " "), float(getattr(mine, name)), float(getattr(market, name)), formula)
        for name, formula in risk_attribution.FORMULAS.items()
    ]
    rows += [
        (name.replace("_", " "), float(getattr(found, name)), None, formula)
        for name, formula in risk_attribution.RELATIVE_FORMULAS.items()
    ]
    effects = found.effects
    parts: list[tuple[Cell, ...]] = [
        (segment, float(effects.allocation[index]), float(effects.selection[index]), float(effects.interaction[index]))
        for index, segment in enumerate(found.segments)
    ]
    sums = (effects.allocation.sum(), effects.selection.sum(), effects.interaction.sum())
    parts.append(("sum", *map(float, sums)))
    effect = (Column("segment"), *(Column(name, "fraction", 4) for name in ("allocation", "selection", "interaction")))
    tables = (
        Table("Tear sheet", columns, tuple(rows), origin),
        Table("Brinson-Fachler effects, linked by Carino", effect, tuple(parts), origin),
    )
    falls = tuple(Series(name, tuple(map(float, -values))) for name, values in found.drawdowns.items())
    chart = Chart("Drawdowns", "lines", found.dates, falls, "fraction", origin)
    text = (
        f"{found.portfolio} beside {found.benchmark}, {found.first} to {found.last}, both brought back to their "
        f"weights every day. The active return is {effects.total:+.4%}.",
    )
    return Section("Performance", text, tables, (chart,))


def quality_section(quality: Quality, origin: Origin) -> Section:
    """Findings about the closes as a section."""
    columns = (Column("finding"), Column("asset"), Column("first"), Column("last"), Column("value"), Column("judged"))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one.kind, one.symbol, str(one.first), str(one.last), one.value, "refused" if one.refuses else "noted")
        for one in quality.findings
    )
    text = (
        f"{quality.days:,} days of {quality.symbols} assets have {len(quality.findings)} findings, of which "
        f"{len(quality.refusals)} would refuse closes from a file.",
    )
    return Section("Quality of the data", text, (Table("Findings", columns, rows, origin),))


def signatures_section() -> Section:
    """Lines that the committee signs as a section."""
    columns = tuple(Column(heading) for heading in ("role", "name", "date", "signature"))
    rows = tuple((role, "", "", "") for role in ("risk officer", "portfolio manager", "auditor"))
    return Section("Signatures", (), (Table("Read and approved", columns, rows),))
