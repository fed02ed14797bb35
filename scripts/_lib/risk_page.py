"""Tables of docs/risk-models.md, from the packaged closes.

Everything between the file's markers is replaced; what stands outside them stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import click

from keepers import __version__
from keepers.operations.risk_backtest import DEMO, PORTFOLIOS, Closes, History, Result, backtest, read_history
from keepers.operations.risk_steps import count_steps
from keepers.operations.risk_tables import (
    DEMO_DAYS,
    caution_table,
    demo_table,
    full_table,
    power_table,
    score_table,
    size_table,
    summary_table,
)
from keepers.risk.backtests.calibration import MISSPECIFICATIONS, Rate, rejection_rates
from keepers.risk.backtests.rolling import Protocol, Track
from keepers.risk.model_terms import DEFAULT_TERMS
from keepers.risk.models import MODELS, STEPPED, Model, SteppedModel, model_named
from scripts._lib.artifacts import ROOT
from scripts._lib.deployment.config import RiskTimes

BEGIN, END = "<!-- risk-tables:begin -->", "<!-- risk-tables:end -->"
PAGE = ROOT / "docs/risk-models.md"
STANDING = DEFAULT_TERMS.name
"""The bot's default."""
STANDING_STEPPED = "ewma student, stepped"
"""The model that stood when decision 194 was made."""
STEPPING = ("ewma student", "riskmetrics student", "garch dcc student", "gjr dcc student")
CALENDAR = "XNYS"
TEST_LEVEL = 0.95
LENGTHS = (250, 500, 1966)
SIZE_SERIES, POWER_SERIES = 40_000, 4_000
SEED = 20_221_228


def sizes(levels: tuple[float, ...], series: int = SIZE_SERIES) -> list[Rate]:
    """How often each test rejects forecasts that are right."""
    return [
        rate
        for level, days in product(levels, LENGTHS)
        for rate in rejection_rates("right", days, level, series, SEED, TEST_LEVEL)
    ]


def powers(levels: tuple[float, ...], series: int = POWER_SERIES) -> list[Rate]:
    """How often each test rejects forecasts that are wrong."""
    return [
        rate
        for truth, level, days in product(MISSPECIFICATIONS, levels, LENGTHS)
        for rate in rejection_rates(truth, days, level, series, SEED, TEST_LEVEL)
    ]


def heading(history: History, protocol: Protocol) -> str:
    """The data and the protocol, so that anyone can compute the tables again."""
    days = len(history.dates) - protocol.window
    return (
        f"{len(history.symbols)} stocks, {days:,} one-day forecasts from {history.dates[protocol.window]} to "
        f"{history.dates[-1]}, each from the {protocol.window:,} returns before it; parameters fitted again every "
        f"{protocol.refit} days. Tests at {TEST_LEVEL:.0%}. `make risk-tables`, quantera {__version__}, data SHA-256 "
        f"`{history.data_hash}`."
    )


def sections(history: History, protocol: Protocol) -> Iterator[str]:
    """The generated part of the page, a heading and a table at a time."""
    results, tracks = forecasts(MODELS, history, protocol)
    yield heading(history, protocol)
    yield summary_table(results, TEST_LEVEL)
    yield verdict(results, f"the bot's default `{STANDING}`", STANDING)
    yield "## Every test\n\nProbabilities of the tests; bold where a test rejects."
    yield full_table(results)
    yield notes(results)
    yield (
        f"## The demo's days\n\nExceedances of the demo's stocks, equally weighted, from {DEMO_DAYS[0]} to "
        f"{DEMO_DAYS[1]}: the days that `make demo` replays, with March 2020 in them."
    )
    yield demo_table(tracks, history.dates[protocol.window :], "demo")
    click.echo("comparing steps with the chain's bounds", err=True)
    yield (
        "## Steps on chain\n\nDays on which the covariance of the demo's stocks is farther from the day before's than "
        "the chain takes in one step ([risk](risk.md#what-a-stolen-quorum-can-do-with-models)), at the deployment's "
        "defaults."
    )
    yield steps_table(history, protocol)
    yield from sections_about_steps(history, protocol, tracks)
    click.echo("comparing", err=True)
    yield (
        "## Which model is best\n\nMean FZ0 loss of value at risk and shortfall together; less is better. Bold: in the "
        f"90% model confidence set. Asterisk: told apart from `{STANDING}` by Diebold and Mariano's test at 5%."
    )
    yield score_table(tracks, STANDING)
    yield (
        f"## Quality of the data\n\nFindings of `quantera risk quality --calendar {CALENDAR}` about these closes, "
        "which are taken as they are packaged."
    )
    yield "\n".join(f"- {finding}" for finding in history.findings) or "None."
    yield from sections_about_tests(protocol)


def forecasts(
    models: Sequence[Model | SteppedModel], history: History, protocol: Protocol
) -> tuple[list[Result], dict[tuple[str, str], Track]]:
    """The results of models on all portfolios, and the forecasts behind them by model and portfolio."""
    click.echo("forecasting", err=True)
    results: list[Result] = []
    tracks = {}
    for model in models:
        click.echo(f"  {model.name}", err=True)
        found, of_model = backtest(history, [model], PORTFOLIOS, protocol, TEST_LEVEL)
        results += found
        tracks.update(of_model)
    return results, tracks


def sections_about_steps(
    history: History, protocol: Protocol, estimated: Mapping[tuple[str, str], Track]
) -> Iterator[str]:
    """The same tests of what a chain would hold, were each model posted every day.

    Args:
        history: Closes.
        protocol: How forecasts are made.
        estimated: Forecasts of the models that are stepped, before they are.
    """
    results, tracks = forecasts(STEPPED, history, protocol)
    bounds = RiskTimes()
    yield (
        "## What the chain would hold\n\nForecasts that are stepped every day as the chain takes them, "
        f"`bounded_step` and `bounded_tails`, at the deployment's defaults: falls of {bounds.max_fall / 100:g}% and "
        f"unseen rises of {bounds.max_unseen_rise / 100:g}%. The universe has all {len(history.symbols)} stocks. "
        "Protocol: [decision 194](decisions/0194-stepped-models-are-judged.md)."
    )
    yield summary_table(results, TEST_LEVEL)
    yield verdict(results, f"`{STANDING_STEPPED}`", STANDING_STEPPED)
    yield full_table(results)
    yield notes(results)
    yield f"Exceedances of the demo's stocks from {DEMO_DAYS[0]} to {DEMO_DAYS[1]}, in the universe of all stocks:"
    yield demo_table(tracks, history.dates[protocol.window :], "demo")
    yield (
        "Mean FZ0 loss. Bold: in the 90% model confidence set of the stepped models. Asterisk: told apart from "
        f"`{STANDING_STEPPED}` at 5%."
    )
    yield score_table(tracks, STANDING_STEPPED)
    yield (
        "Value at risk at 99% that the chain holds over that of the estimate: the mean over all days, the "
        "days on which it is higher or lower by more than 1%, and the lowest."
    )
    yield caution_table({model.name: model.model.name for model in STEPPED}, tracks, estimated)


def sections_about_tests(protocol: Protocol) -> Iterator[str]:
    """Sizes and powers of the tests, which depend on no data."""
    click.echo("measuring the tests' sizes", err=True)
    yield (
        f"## Size of the tests\n\nRejections of right forecasts in percent of {SIZE_SERIES:,} series; 5 is nominal. "
        "First with ties counted in part, then, in brackets, as reported: a count has few values, and a test that "
        "counts all ties against rejection rejects more seldom than its nominal size."
    )
    yield size_table(sizes(protocol.levels))
    click.echo("measuring the tests' powers", err=True)
    yield (
        f"## Power of the tests\n\nRejections in percent of {POWER_SERIES:,} series where forecasts are a standard "
        "normal's and the truth is another."
    )
    yield power_table(powers(protocol.levels))


def steps_table(history: History, protocol: Protocol) -> str:
    """How often each model's next covariance would be held back. Markdown."""
    bounds = RiskTimes()
    rows = ["| model | days | falls too far | rises too far |", "|---|--:|--:|--:|"]
    for name in STEPPING:
        found = count_steps(
            model_named(name), history, DEMO, protocol, bounds.max_fall / 10_000, bounds.max_unseen_rise / 10_000
        )
        rows.append(f"| {name} | {found.days:,} | {found.fallen / found.days:.1%} | {found.risen / found.days:.1%} |")
    return "\n".join(rows)


def verdict(results: list[Result], role: str, standing: str) -> str:
    """One sentence that says which models pass.

    Args:
        results: Tests of the models.
        role: How the sentence calls the model that stands.
        standing: Its name.
    """
    names = dict.fromkeys(result.model for result in results)
    rejected = {name: sum(len(result.rejections) for result in results if result.model == name) for name in names}
    passing = [name for name, count in rejected.items() if count == 0]
    if passing:
        return f"Every test on every portfolio at both levels is passed by: {', '.join(passing)}."
    best = min(rejected, key=lambda name: rejected[name])
    tests = Counter(test for result in results if result.model == best for test in result.rejections)
    by_test = ", ".join(f"{test} {count}" for test, count in tests.most_common())
    return (
        f"**No model passes every test on every portfolio at both levels.** The fewest rejections are those of "
        f"`{best}` ({rejected[best]}: {by_test}); {role} has {rejected[standing]}."
    )


def notes(results: list[Result]) -> str:
    """The fallbacks that models took on the way, and how often the chain's bounds changed them."""
    found = dict.fromkeys((result.model, note) for result in results for note in result.notes)
    if not found:
        return "No model took a fallback."
    stepped = any(model.name == result.model for model in STEPPED for result in results)
    head = (
        "Fallbacks taken on some days, and days on which the bounds held" if stepped else "Fallbacks taken on some days"
    )
    return f"{head}:\n\n" + "\n".join(f"- {model}: {note}" for model, note in found)


def write(text: str, page: Path) -> None:
    """Replaces what stands between the markers.

    Raises:
        ValueError: If the page lacks a marker.
    """
    old = page.read_text(encoding="utf-8")
    if BEGIN not in old or END not in old:
        raise ValueError(f"{page}: no markers {BEGIN} and {END}; put them where the tables belong")
    before, rest = old.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def update(page: Path = PAGE) -> None:
    """Backtests the risk models over the packaged closes and writes the page's tables."""
    write("\n\n".join(sections(read_history(Closes(calendar=CALENDAR)), Protocol())), page)
