"""Results: a table, build/demo/report.html and build/demo/summary.json."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from keepers.portfolio.benchmarks import buy_and_hold, equal_weight
from keepers.portfolio.state import STATES
from keepers.risk.backtests.coverage import christoffersen, exceedances, kupiec
from scripts._lib.demo.attacks import Attack
from scripts._lib.demo.exits import Exit
from scripts._lib.demo.ledger import Once
from scripts._lib.demo.protocol import PortfolioTerms
from scripts._lib.demo.replay import Day, Refusal, Replay
from scripts._lib.demo.risk_models import PostedModels
from scripts._lib.demo.risk_reports import ReportSummary
from scripts._lib.demo.selector import advised, summarise_advice
from scripts._lib.demo.staleness import Staleness

Array = NDArray[np.float64]

_LABEL_ROWS, _LABEL_DAYS = 5, 60
"""Rows of labels in a figure, and the days that a label covers."""


@dataclass(frozen=True)
class Outcome:
    """Everything that the demo has to tell."""

    replay: Replay
    terms: PortfolioTerms
    attacks: Sequence[Attack]
    refusals: Sequence[Refusal]
    exit: Exit
    once: Once
    models: PostedModels
    reported: ReportSummary
    staleness: Staleness
    gas: dict[str, int]
    decisions: dict[str, dict[str, int]]
    seconds: dict[str, float]


def backtest(days: Sequence[Day], confidence: float) -> dict[str, Any]:
    """VaR that the chain computed at the end of a day against the next day's change of the share price.

    Returns:
        confidence, observations, exceedances, expected, kupiec_p and christoffersen_p.
    """
    exceeded = exceeded_days(days, confidence)
    hits = int(exceeded.sum())
    return {
        "confidence": confidence,
        "observations": exceeded.size,
        "exceedances": hits,
        "expected": round((1 - confidence) * exceeded.size, 2),
        "kupiec_p": round(kupiec(hits, exceeded.size, confidence).p_value, 6),
        "christoffersen_p": round(christoffersen(exceeded).p_value, 6),
    }


def exceeded_days(days: Sequence[Day], confidence: float) -> NDArray[np.bool_]:
    """(days - 1,), whether the day after lost more than its VaR."""
    forecast = np.array([day.var95 if confidence == 0.95 else day.var99 for day in days[:-1]])
    return exceedances(_returns(days), forecast)


def summarise(outcome: Outcome) -> dict[str, Any]:
    """summary.json."""
    replay, days = outcome.replay, outcome.replay.days
    return {
        "window": {
            "from": days[0].day.isoformat(),
            "to": days[-1].day.isoformat(),
            "trading_days": len(days),
        },
        "nav": _nav_path(days),
        "benchmarks": {name: float(path[-1] - 1) for name, path in _benchmarks(outcome).items()},
        "selector": summarise_advice([day.reason for day in days]),
        "rebalances": outcome.once.rebalances,
        "restarts": replay.keepers.restarts,
        "var": backtest(days, 0.95),
        "var99": backtest(days, 0.99),
        "states": {
            "days": {state: sum(day.state == state for day in days) for state in STATES},
            "changes": [
                {"day": day.isoformat(), "change": what.partition("; ")[0], "action": what.partition("; ")[2]}
                for day, what in replay.events
                if " to " in what
            ],
        },
        "crash": {
            "var99_after_trip": [
                today.var99
                for before, today in pairwise(days)
                if before.state in STATES[:2] and today.state == "DeRiskOnly"
            ],
        },
        "component_var": _riskiest_day(days),
        "limits": asdict(outcome.terms),
        "attacks": [asdict(attack) for attack in outcome.attacks],
        "refusals": [asdict(refusal) for refusal in outcome.refusals],
        "exit": asdict(outcome.exit),
        "once": asdict(outcome.once),
        "models": asdict(outcome.models),
        "reported": asdict(outcome.reported),
        "staleness": {**asdict(outcome.staleness), "worst_day": outcome.staleness.worst_day.isoformat()},
        "decisions": outcome.decisions,
        "gas": outcome.gas,
        "seconds": outcome.seconds["total"],
        "seconds_by_part": outcome.seconds,
    }


def write(outcome: Outcome, summary: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Writes report.html, which needs no network, and summary.json."""
    report, data = folder / "report.html", folder / "summary.json"
    report.write_text(_html(outcome, summary), encoding="utf-8")
    data.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return report, data


def show(summary: dict[str, Any], console: Console) -> None:
    """The tables on the terminal."""
    for title, columns, rows in _tables(summary):
        table = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
        for number, column in enumerate(columns):
            numeric = bool(rows) and _is_number(rows[0][number])
            table.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
        console.print()


# -- Tables


def _tables(summary: dict[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    return [
        ("The replay", ["", "value"], _overview(summary)),
        (
            "Value at risk computed on chain, against the next day's loss",
            ["confidence", "days", "exceeded", "expected", "Kupiec p", "Christoffersen p"],
            [_var_row(summary[key]) for key in ("var", "var99")],
        ),
        (
            f"Component VaR 99% on {summary['component_var']['day']}, the riskiest day",
            ["asset", "weight", "component VaR", "part of VaR"],
            [_component_row(row) for row in summary["component_var"]["assets"]],
        ),
        (
            f"The risk report of {summary['reported']['day']}, simulated and signed",
            ["", "of NAV"],
            _reported_rows(summary["reported"]),
        ),
        (
            "What the breaker did",
            ["day", "state", "what the rebalance keeper did that day"],
            [[change["day"], change["change"], _short(change["action"])] for change in summary["states"]["changes"]],
        ),
        (
            "A thief with every keeper key",
            ["attack", "attempted bps", "lost bps", "budget bps", "why it was refused"],
            [_attack_row(attack) for attack in summary["attacks"]],
        ),
        ("Turned away", ["who", "reason"], [[r["who"], _short(r["reason"])] for r in summary["refusals"]]),
        ("Median gas", ["transaction", "gas"], [[kind, f"{gas:,}"] for kind, gas in summary["gas"].items()]),
    ]


def _overview(summary: dict[str, Any]) -> list[list[str]]:
    nav, once, window, left = summary["nav"], summary["once"], summary["window"], summary["exit"]
    days = summary["states"]["days"]
    paused = next(iter(left["set_aside"]))
    return [
        ["window", f"{window['from']} to {window['to']}, {window['trading_days']} trading days"],
        ["NAV", f"{nav['first_usd']:,.0f} to {nav['last_usd']:,.0f} USD (with deposits and withdrawals)"],
        ["share price", f"{nav['share_price_change']:+.2%}, from {nav['first_share_price']:.4f}"],
        [
            "the same stocks",
            ", ".join(f"{change:+.2%} {name}" for name, change in summary["benchmarks"].items())
            + ": no limits, no costs, no cash",
        ],
        ["largest drawdown", f"{nav['max_drawdown']:.2%} on {nav['max_drawdown_day']}"],
        ["selector", _selector_text(summary["selector"])],
        ["rebalances", f"{summary['rebalances']}"],
        [
            "breaker",
            f"{days['Warning']} days of warning, {days['DeRiskOnly']} de-risk only, "
            f"{len(summary['states']['changes'])} changes of state",
        ],
        ["risk model", _models_text(summary["models"])],
        [
            "reported",
            f"{summary['reported']['reports']} risk reports, {summary['reported']['depths']} depths; the slowest asset "
            f"takes {summary['reported']['days_to_liquidate']:.1f} days to sell",
        ],
        [
            "a close late",
            f"turnover times move of a rebalance: {summary['staleness']['median_bps']:.0f} bps in the median, at most "
            f"{summary['staleness']['worst_bps']:.0f} on {summary['staleness']['worst_day']}",
        ],
        ["restarts", f"both keepers killed and restarted {summary['restarts']} times"],
        [
            "done once",
            f"{once['models']} models, {once['days_without_model']} days missed, "
            f"{once['keeper_transactions']} keeper transactions, {once['failed']} reverted",
        ],
        ["exit after shutdown", f"everything in kind; {paused} was paused, set aside and claimed later"],
        [
            "time",
            f"{summary['seconds']:.0f} s, of which the replay {summary['seconds_by_part']['replay']:.0f} s",
        ],
    ]


def _models_text(found: dict[str, Any]) -> str:
    """Days of each model, a fallback by its name and reason."""
    days = ", ".join(f"{model} on {count} days" for model, count in found["models"].items())
    return f"{days}; the chain's bounds held it back on {found['held']}"


def _selector_text(found: dict[str, Any]) -> str:
    """Days of each strategy that the selector asked for."""
    if not found["days"]:
        return "could not decide on any day"
    asked = ", ".join(f"{strategy} on {days} days" for strategy, days in found["strategies"].items())
    fell = f"; fell back on {found['without']}" if found["without"] else ""
    return f"{asked}; confidence {found['confidence']:.0%} in the median{fell}"


def _reported_rows(found: dict[str, Any]) -> list[list[str]]:
    """99% of each horizon, then the scenarios."""
    rows = [[f"VaR {cell}", f"{value:.2%}"] for cell, value in found["var"].items() if cell.endswith("99.0%")]
    rows += [[f"shortfall {cell}", f"{found['shortfall'][cell]:.2%}"] for cell in list(found["shortfall"])[-1:]]
    return [*rows, *([name, f"{loss:.2%}"] for name, loss in found["stress"].items())]


def _var_row(var: dict[str, Any]) -> list[str]:
    return [
        f"{var['confidence']:.0%}",
        f"{var['observations']}",
        f"{var['exceedances']}",
        f"{var['expected']:.1f}",
        _p_value(var["kupiec_p"]),
        _p_value(var["christoffersen_p"]),
    ]


def _component_row(row: dict[str, Any]) -> list[str]:
    return [row["asset"], f"{row['weight']:.2%}", f"{row['component_var']:.3%}", f"{row['part']:.1%}"]


def _p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _attack_row(attack: dict[str, Any]) -> list[str]:
    return [
        attack["name"],
        f"{attack['attempted_loss_bps']:,.1f}",
        f"{attack['loss_bps']:,.2f}",
        f"{attack['budget_bps']}",
        _short(attack["reason"]),
    ]


def _short(reason: str) -> str:
    """Cuts long numbers and addresses, which summary.json has whole."""
    words = reason.replace("(", "( ").replace(",", " ,").replace(")", " )").split(" ")
    short = []
    for word in words:
        name, equals, value = word.rpartition("=")
        if value.startswith("0x") and len(value) > 14:
            value = f"{value[:6]}…{value[-4:]}"
        elif value.isdigit() and len(value) > 30:
            value = f"{value[:4]}…{value[-4:]}"
        elif value.isdigit() and len(value) > 12:
            value = f"{int(value) / 1e18:.4g}e18"
        short.append(name + equals + value)
    return " ".join(short).replace("( ", "(").replace(" ,", ",").replace(" )", ")")


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").replace("%", "").replace("-", "").isdigit()


# -- Numbers


def _returns(days: Sequence[Day]) -> Array:
    prices = np.array([day.share_price for day in days])
    returns: Array = prices[1:] / prices[:-1] - 1
    return returns


def _nav_path(days: Sequence[Day]) -> dict[str, Any]:
    worst = max(days, key=lambda day: day.drawdown)
    returns = _returns(days)
    return {
        "first_usd": days[0].nav,
        "last_usd": days[-1].nav,
        "lowest_usd": min(day.nav for day in days),
        "highest_usd": max(day.nav for day in days),
        "first_share_price": days[0].share_price,
        "last_share_price": days[-1].share_price,
        "share_price_change": days[-1].share_price / days[0].share_price - 1,
        "max_drawdown": worst.drawdown,
        "max_drawdown_day": worst.day.isoformat(),
        "annual_volatility": float(np.std(returns, ddof=1)) * math.sqrt(252),
        "median_cash_weight": median(day.weights["cash"] for day in days),
    }


def _benchmarks(outcome: Outcome) -> dict[str, Array]:
    """Returns series by name, (days,) each: one unit invested in the same stocks at the first close."""
    replay = outcome.replay
    rows = replay.closes.rows[replay.first : replay.first + len(replay.days)]
    closes = np.array([[float(cell) for cell in row] for row in rows])
    return {"equal weight": equal_weight(closes), "buy and hold": buy_and_hold(closes)}


def _riskiest_day(days: Sequence[Day]) -> dict[str, Any]:
    """Whose risk VaR was when it was highest; assets in order of their part, which sum to VaR."""
    day = max(days, key=lambda day: day.var99)
    rows = [
        {
            "asset": name,
            "weight": day.weights[name],
            "component_var": part,
            "part": part / day.var99 if day.var99 else 0.0,
        }
        for name, part in day.components.items()
    ]
    return {
        "day": day.day.isoformat(),
        "var99": day.var99,
        "assets": sorted(rows, key=lambda row: float(row["component_var"]), reverse=True),
    }


# -- The page


def _html(outcome: Outcome, summary: dict[str, Any]) -> str:
    from plotly.offline import get_plotlyjs

    figures = [
        _nav_figure(outcome),
        _var_figure(outcome),
        _weights_figure(outcome),
        _regime_figure(outcome),
        _components_figure(outcome),
        _drawdown_figure(outcome),
    ]
    parts = [figure.to_html(full_html=False, include_plotlyjs=False) for figure in figures]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    page = environment.get_template("report.html.jinja")
    return page.render(
        plotly=get_plotlyjs(),
        figures=parts,
        tables=_tables(summary),
        events=outcome.replay.events,
        window=summary["window"],
        symbols=outcome.replay.environment.market.symbols,
    )


def _figure(title: str, unit: str) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.update_layout(
        title=title,
        template="plotly_white",
        height=380,
        margin={"l": 60, "r": 20, "t": 60, "b": 40},
        hovermode="x unified",
        yaxis={"tickformat": unit},
        legend={"orientation": "h", "y": 1.08, "x": 1, "xanchor": "right"},
    )
    return figure


def _nav_figure(outcome: Outcome) -> Any:
    days, dates = outcome.replay.days, _dates(outcome.replay.days)
    figure = _figure("NAV and share price", ",.0f")
    figure.add_scatter(x=dates, y=[day.nav for day in days], name="NAV, USD", line={"color": "#1f4e79"})
    prices = [day.share_price for day in days]
    figure.add_scatter(x=dates, y=prices, name="share price (right)", yaxis="y2", line={"color": "#c55a11"})
    for (name, path), colour in zip(_benchmarks(outcome).items(), ("#7f7f7f", "#bfbfbf"), strict=True):
        line = {"color": colour, "dash": "dot"}
        figure.add_scatter(x=dates, y=(prices[0] * path).tolist(), name=f"{name} (right)", yaxis="y2", line=line)
    figure.update_layout(yaxis2={"overlaying": "y", "side": "right", "tickformat": ".3f", "showgrid": False})
    _shade_states(figure, outcome)
    return figure


def _var_figure(outcome: Outcome) -> Any:
    days = outcome.replay.days
    dates, returns = _dates(days)[1:], _returns(days)
    figure = _figure("Daily change of the share price inside its VaR band of the evening before", ".1%")
    for confidence, colour in ((0.99, "#a6a6a6"), (0.95, "#5b9bd5")):
        band = [-(day.var95 if confidence == 0.95 else day.var99) for day in days[:-1]]
        figure.add_scatter(x=dates, y=band, name=f"VaR {confidence:.0%}", line={"color": colour, "shape": "hv"})
    figure.add_bar(x=dates, y=returns.tolist(), name="change", marker={"color": "#1f4e79"})
    hit = exceeded_days(days, 0.95)
    figure.add_scatter(
        x=[day for day, exceeded in zip(dates, hit, strict=True) if exceeded],
        y=returns[hit].tolist(),
        name="VaR 95% exceeded",
        mode="markers",
        marker={"color": "#c00000", "size": 9, "symbol": "x"},
    )
    _shade_states(figure, outcome)
    return figure


def _weights_figure(outcome: Outcome) -> Any:
    days, dates = outcome.replay.days, _dates(outcome.replay.days)
    figure = _figure("Weights", ".0%")
    for name in days[0].weights:
        figure.add_scatter(x=dates, y=[day.weights[name] for day in days], name=name, stackgroup="all", mode="none")
    figure.update_layout(yaxis={"range": [0, 1], "tickformat": ".0%"})
    return figure


def _regime_figure(outcome: Outcome) -> Any:
    """The selector's regime and confidence each day; below zero it is turbulent."""
    days, dates = outcome.replay.days, _dates(outcome.replay.days)
    advice = [advised(day.reason) for day in days]
    figure = _figure("The live selector: confidence, upwards that the coming weeks are calm, downwards that not", ".0%")
    for regime, sign, colour in (("calm", 1, "#5b9bd5"), ("turbulent", -1, "#c55a11")):
        held = [sign * each.confidence if each is not None and each.regime == regime else None for each in advice]
        figure.add_bar(x=dates, y=held, name=regime, marker={"color": colour})
    figure.update_layout(bargap=0, barmode="overlay", yaxis={"range": [-1, 1], "tickformat": ".0%"})
    _shade_states(figure, outcome)
    return figure


def _components_figure(outcome: Outcome) -> Any:
    days, dates = outcome.replay.days, _dates(outcome.replay.days)
    figure = _figure("Component VaR 99%, computed on chain", ".1%")
    for name in list(days[0].components)[1:]:
        parts = [day.components[name] for day in days]
        figure.add_scatter(x=dates, y=parts, name=name, stackgroup="all", mode="none")
    figure.add_hline(
        y=outcome.terms.max_var99 / 10_000, line={"dash": "dot", "color": "#7f7f7f"}, annotation_text="limit"
    )
    _shade_states(figure, outcome)
    return figure


def _drawdown_figure(outcome: Outcome) -> Any:
    days, dates = outcome.replay.days, _dates(outcome.replay.days)
    figure = _figure("Drawdown from the high-water mark, and what the breaker did", ".0%")
    falls = [-day.drawdown for day in days]
    figure.add_scatter(x=dates, y=falls, name="drawdown", fill="tozeroy", line={"color": "#c00000"})
    limit = outcome.terms.max_drawdown / 10_000
    figure.add_hline(y=-limit, line={"dash": "dot", "color": "#7f7f7f"}, annotation_text="limit")
    _shade_states(figure, outcome)
    events = outcome.replay.events
    for (day, what), row in zip(events, label_rows([day for day, _ in events]), strict=True):
        figure.add_vline(x=day.isoformat(), line={"width": 1, "dash": "dot", "color": "#7f7f7f"})
        if row is not None:
            text, height = what.partition("; ")[0], 0.02 + 0.1 * row
            figure.add_annotation(
                x=day.isoformat(), y=height, yref="paper", text=text, showarrow=False, font_size=10, xanchor="left"
            )
    return figure


def label_rows(days: Sequence[date]) -> list[int | None]:
    """The row of each label, so that none lies on another; None for one that finds no room. Days rise."""
    ends: list[date | None] = [None] * _LABEL_ROWS
    found: list[int | None] = []
    for day in days:
        row = next((row for row, end in enumerate(ends) if end is None or day >= end), None)
        if row is not None:
            ends[row] = day + timedelta(days=_LABEL_DAYS)
        found.append(row)
    return found


def _shade_states(figure: Any, outcome: Outcome) -> None:
    """Days on which the portfolio could only reduce risk."""
    days = outcome.replay.days
    start: int | None = None
    for number, day in enumerate([*days, None]):
        derisk = day is not None and day.state in STATES[2:]
        if derisk and start is None:
            start = number
        if not derisk and start is not None:
            figure.add_vrect(
                x0=days[start].day.isoformat(),
                x1=days[min(number, len(days) - 1)].day.isoformat(),
                fillcolor="#ffc000",
                opacity=0.15,
                line_width=0,
            )
            start = None


def _dates(days: Sequence[Day]) -> list[str]:
    return [day.day.isoformat() for day in days]
