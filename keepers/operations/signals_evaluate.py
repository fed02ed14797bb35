"""The evaluation of regime models over a history, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from keepers import __version__
from keepers.signals.errors import SignalError
from keepers.signals.features import Frame, definition_hash, feature_named, registered
from keepers.signals.regimes.evaluation import Estimate, Evaluation, Protocol, Score, evaluate
from keepers.signals.regimes.inputs import WIDE, Inputs, values_of
from keepers.signals.regimes.label import Label

BEGIN, END = "<!-- signals-table:begin -->", "<!-- signals-table:end -->"


ASIDE = Label(horizon=5, median_days=252)
"""The label that decision 139 names beside its own."""


@dataclass(frozen=True)
class Report:
    """An evaluation with what it was made of.

    Attributes:
        evaluation: Scores.
        protocol: How they came about.
        data_hash: SHA-256 of the history.
        features_hash: SHA-256 of the definitions of the features that the wide models read.
        days: Days of the history.
    """

    evaluation: Evaluation
    protocol: Protocol
    data_hash: str
    features_hash: str
    days: int


def protocols(chosen: Protocol, *, aside: bool) -> tuple[Protocol, ...]:
    """The protocol of a config, and on request the same with the label beside it."""
    return (chosen, replace(chosen, label=ASIDE)) if aside else (chosen,)


def run(frame: Frame, protocol: Protocol, progress: Callable[[str], None] = lambda _: None) -> Report:
    """Scores of every model over a history.

    Raises:
        SignalError: As `run_all`.
    """
    return run_all(frame, (protocol,), progress)[0]


def run_all(
    frame: Frame, protocols: Sequence[Protocol], progress: Callable[[str], None] = lambda _: None
) -> tuple[Report, ...]:
    """Scores of every model over a history, for each of some protocols.

    Raises:
        SignalError: If the history lacks the closes of the market or of assets, or is too short, or the protocol
            trains on its test period.
    """
    for name in ("close", "closes"):
        if name not in frame.daily:
            raise SignalError(f"input '{name}'", "not part of this history", "add it under 'daily'")
    features = tuple(feature_named(name) for name in WIDE)
    known, digest = values_of(frame, features), frame.digest()
    reports = []
    for protocol in protocols:
        found = evaluate(Inputs.of(frame, features, protocol.label, known), frame.dates, protocol, progress)
        reports.append(Report(found, protocol, digest, definition_hash(features), len(frame.dates)))
    return tuple(reports)


def as_object(report: Report) -> dict[str, Any]:
    """The report for JSON."""
    found = report.evaluation
    return {
        "live": found.live,
        "test": {"first": found.first, "last": found.last, "days": found.days, "turbulent": found.turbulent},
        "development_days": found.development,
        "trials": found.trials,
        "scores": [{**asdict(score), "beats_all": score.beats_all} for score in found.scores],
        "protocol": asdict(report.protocol),
        "data": {"sha256": report.data_hash, "days": report.days},
        "features": {"sha256": report.features_hash, "count": len(WIDE)},
    }


def lines(report: Report) -> list[str]:
    """The report for a terminal."""
    found = report.evaluation
    span = f"{found.days:,} days from {found.first} to {found.last}, {found.turbulent:.1%} turbulent"
    rows = [f"{span}; data {report.data_hash[:16]}"]
    for score in found.scores:
        state = _state(score, found)
        rows.append(f"  {score.model:20} {_percent(score.accuracy):>20}  Brier {score.brier:.3f}  {state}".rstrip())
    return rows


def markdown(report: Report, command: str, aside: Report | None = None) -> str:
    """The generated part of docs/signals.md.

    Args:
        report: Report of the evaluation.
        command: Command that makes it again.
        aside: Report of another label, which decides nothing.
    """
    found, protocol = report.evaluation, report.protocol
    label = protocol.label
    parts = [
        verdict(found),
        f"{found.days:,} days from {found.first} to {found.last}, of which {found.turbulent:.1%} were turbulent: the "
        f"{label.horizon} days after them were more volatile than the median of the {label.median_days} days before. "
        f"Walk forward, fitted again every {protocol.refit} days; choices ({found.trials} trials) were made by the "
        f"{found.development:,} labelled days before. Intervals: 95%, stationary bootstrap, mean block "
        f"{protocol.block:g} days, {protocol.resamples:,} resamples, seed {protocol.seed}. "
        f"`{command}`, quantera {__version__}, data SHA-256 `{report.data_hash}`, definitions of {len(WIDE)} features "
        f"SHA-256 `{report.features_hash}`.",
        _accuracy_table(found),
        "## Differences\n\nAccuracy of the model in the row less that of the one in the column, in percentage points "
        "with 95% intervals; bold where the interval is above zero.",
        _difference_table(found.scores),
        f"## By year\n\nAccuracy in percent, with 95% intervals from blocks of {protocol.year_block:g} days on "
        "average: four blocks a year make them rough, and they decide nothing.",
        _year_table(found),
    ]
    if aside is not None:
        parts += _aside(aside)
    return "\n\n".join([*parts, feature_table()])


def _aside(report: Report) -> list[str]:
    """Another label, for information."""
    found, label = report.evaluation, report.protocol.label
    winner = next(score for score in found.scores if score.model == found.live)
    return [
        f"## Another label\n\nThe same for the next {label.horizon} days against the median of {label.median_days} "
        f"days, {found.days:,} days to {found.last}, {found.turbulent:.1%} turbulent. Decision 139 let it decide "
        f"nothing; by the same rule `{winner.model}` would win.",
        _accuracy_table(found, live="wins"),
    ]


def feature_table() -> str:
    """The registry, for the page."""
    rows = ["| feature | unit | definition | inputs | rows | source |", "|---|---|---|---|--:|---|"]
    for found in registered():
        # A bar would end the cell.
        formula = found.formula.replace("|", "\\|")
        name = f"`{found.name}`{' *' if found.name in WIDE else ''}"
        cells = (name, found.unit, formula, ", ".join(found.inputs), str(found.length), found.source)
        rows.append(f"| {' | '.join(cells)} |")
    text = (
        f"## Features\n\nThe {len(registered())} features of the registry (`quantera signals features`); r is a daily "
        "log return of the index, t the newest row. The models on features read those with a star."
    )
    return f"{text}\n\n" + "\n".join(rows)


def verdict(found: Evaluation) -> str:
    """One paragraph that says which model is live, and what the others lack."""
    live = next(score for score in found.scores if score.model == found.live)
    simplest = found.scores[0]
    behind = [score for score in found.scores[found.scores.index(live) + 1 :]]
    text = f"**The live model is `{live.model}`**, with an accuracy of {live.accuracy.value:.1%}."
    if live is not simplest:
        gain = live.beats[simplest.model]
        text += f" It beats `{simplest.model}` by {_points(gain)} percentage points."
    if behind:
        names = ", ".join(f"`{score.model}`" for score in behind)
        text += (
            f" These stay in the shadow, because none of them beats every simpler model beyond the interval: {names}."
        )
    return text


def write(text: str, page: Path) -> None:
    """Replaces what stands between the markers of a page.

    Raises:
        SignalError: If the page cannot be read, or lacks a marker.
    """
    before, after = around(page)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def around(page: Path) -> tuple[str, str]:
    """Returns the text before and after the generated part of a page.

    Raises:
        SignalError: As `write`.
    """
    try:
        old = page.read_text(encoding="utf-8")
    except OSError as error:
        raise SignalError(page, error.strerror or "unreadable", "name an existing page") from error
    if BEGIN not in old or END not in old:
        raise SignalError(page, f"no markers {BEGIN} and {END}", "put them where the table belongs")
    before, rest = old.split(BEGIN, 1)
    return before, rest.split(END, 1)[1]


def _state(score: Score, found: Evaluation) -> str:
    names = [other.model for other in found.scores]
    if score.model == found.live:
        return "live"
    return "shadow" if names.index(score.model) > names.index(found.live) else "beaten"


def _accuracy_table(found: Evaluation, live: str = "live") -> str:
    rows = [
        "| model | accuracy | 95% interval | Brier score | beats every simpler one | choice | |",
        "|---|--:|--:|--:|---|--:|---|",
    ]
    for score in found.scores:
        beats = "" if not score.beats else "yes" if score.beats_all else "no"
        choice = "" if score.choice is None else f"{score.choice:g}"
        state = _state(score, found)
        ends = f"{score.accuracy.low:.1%} to {score.accuracy.high:.1%}"
        cells = (score.model, f"{score.accuracy.value:.1%}", ends, f"{score.brier:.3f}", beats, choice)
        # Only a model that decides puts others in the shadow.
        mark = f"**{live}**" if state == "live" else state if live == "live" else ""
        rows.append(f"| {' | '.join(cells)} | {mark} |")
    return "\n".join(rows)


def _difference_table(scores: Sequence[Score]) -> str:
    names = [score.model for score in scores[:-1]]
    rows = [f"| | {' | '.join(names)} |", f"|---|{'--:|' * len(names)}"]
    for score in scores[1:]:
        cells = []
        for name in names:
            difference = score.beats.get(name)
            text = "" if difference is None else _points(difference)
            cells.append(f"**{text}**" if difference is not None and difference.low > 0 else text)
        rows.append(f"| {score.model} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _year_table(found: Evaluation) -> str:
    names = [score.model for score in found.scores]
    rows = [f"| year | days | {' | '.join(names)} |", f"|---|--:|{'--:|' * len(names)}"]
    for year, days in found.year_days.items():
        cells = " | ".join(_percent(score.years[year]) for score in found.scores)
        rows.append(f"| {year} | {days} | {cells} |")
    return "\n".join(rows)


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.0f} to {100 * estimate.high:.0f})"


def _points(estimate: Estimate) -> str:
    return f"{100 * estimate.value:+.1f} ({100 * estimate.low:+.1f} to {100 * estimate.high:+.1f})"
