"""The evaluation of regime models over a history, and its tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from keepers import __version__
from keepers.documents import durable
from keepers.operations.signals_experiments import Experiments
from keepers.signals.errors import SignalError
from keepers.signals.features import Feature, Frame, definition_hash, feature_named, registered
from keepers.signals.regimes.evaluation import Estimate, Evaluation, Protocol, Score, evaluate
from keepers.signals.regimes.inputs import WIDE, Inputs, values_of
from keepers.signals.regimes.label import Label
from keepers.signals.regimes.learners import LEARNERS, NETWORK, Learner
from keepers.signals.regimes.training import NetworkFamily

PART = "signals-table"
"""Name of the generated part of a page."""

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
        features: Number of them.
        days: Days of the history.
    """

    evaluation: Evaluation
    protocol: Protocol
    data_hash: str
    features_hash: str
    features: int
    days: int


def protocols(chosen: Protocol, *, aside: bool) -> tuple[Protocol, ...]:
    """The protocol of a config, and on request the same with the label beside it."""
    return (chosen, replace(chosen, label=ASIDE)) if aside else (chosen,)


def learners(experiments: Experiments | None) -> tuple[Learner, ...]:
    """The models that learn.

    Args:
        experiments: Where trainings of the network are kept; None leaves the network out.
    """
    if experiments is None:
        return tuple(learner for learner in LEARNERS if learner is not NETWORK)
    kept = replace(NETWORK, probabilities=NetworkFamily(fit=experiments.fit))
    return tuple(kept if learner is NETWORK else learner for learner in LEARNERS)


def run(
    frame: Frame,
    protocol: Protocol,
    progress: Callable[[str], None] = lambda _: None,
    learners: Sequence[Learner] = LEARNERS,
) -> Report:
    """Scores of every model over a history.

    Raises:
        SignalError: If `run_all` raises it.
    """
    return run_all(frame, (protocol,), progress, learners)[0]


def run_all(
    frame: Frame,
    protocols: Sequence[Protocol],
    progress: Callable[[str], None] = lambda _: None,
    learners: Sequence[Learner] = LEARNERS,
    features: tuple[Feature, ...] | None = None,
) -> tuple[Report, ...]:
    """Scores of every model over a history, for each of some protocols.

    Args:
        frame: The history.
        protocols: How models are fitted and judged.
        progress: Called with the name of a model before it is fitted.
        learners: Models that learn, the simplest first.
        features: Features that the wide models read; those of decision 139 for None.

    Raises:
        SignalError: If the history lacks the closes of the market or of assets, or is too short, or the protocol
            trains on its test period.
    """
    for name in ("close", "closes"):
        if name not in frame.daily:
            raise SignalError(f"input '{name}'", "not part of this history", "add it under 'daily'")
    features = features or tuple(feature_named(name) for name in WIDE)
    known, digest = values_of(frame, features), frame.digest()
    reports = []
    for protocol in protocols:
        inputs = Inputs.of(frame, features, protocol.label, known)
        found = evaluate(inputs, frame.dates, protocol, progress, learners)
        reports.append(Report(found, protocol, digest, definition_hash(features), len(features), len(frame.dates)))
    return tuple(reports)


def as_object(report: Report) -> dict[str, Any]:
    """The report for JSON."""
    found = report.evaluation
    return {
        "live": found.live,
        "test": {"first": found.first, "last": found.last, "days": found.days, "turbulent": found.turbulent},
        "development_days": found.development,
        "trials": found.trials,
        "scores": [score_object(score) for score in found.scores],
        "protocol": asdict(report.protocol),
        "data": {"sha256": report.data_hash, "days": report.days},
        "features": {"sha256": report.features_hash, "count": report.features},
    }


def score_object(score: Score) -> dict[str, Any]:
    """A model's score for JSON."""
    return {**asdict(score), "beats_all": score.beats_all, "may_be_live": score.may_be_live}


def lines(report: Report) -> list[str]:
    """The report for a terminal."""
    found = report.evaluation
    span = f"{found.days:,} days from {found.first} to {found.last}, {found.turbulent:.1%} turbulent"
    rows = [f"{span}; data {report.data_hash[:16]}"]
    for score in found.scores:
        state = _state(score, found)
        rows.append(f"  {score.model:20} {_percent(score.accuracy):>20}  Brier {score.brier:.3f}  {state}".rstrip())
        if score.seeds is not None:
            rows.append(f"  {'':20} {seeds_sentence(score)}")
    return rows


def seeds_sentence(score: Score) -> str:
    """One sentence about the seeds of a model that has some; empty for others."""
    found = score.seeds
    if found is None:
        return ""
    accuracy, brier = found.accuracy, found.brier
    return (
        f"{found.count} seeds, each alone: accuracy {100 * accuracy.mean:.1f}% ± {100 * accuracy.deviation:.1f}, "
        f"Brier score {brier.mean:.3f} ± {brier.deviation:.3f} (mean ± standard deviation)."
    )


def _about_seeds(found: Evaluation) -> list[str]:
    return [
        f"`{score.model}` is judged by the mean probability of its seeds. {seeds_sentence(score)}"
        for score in found.scores
        if score.seeds is not None
    ]


def network_record(reports: Sequence[Report], experiments: Experiments) -> dict[str, Any]:
    """Returns the origin of the network's lines of the page; a reader can check them without training for minutes."""
    labels = []
    for report in reports:
        found = report.evaluation
        score = next(score for score in found.scores if score.model == NETWORK.name)
        forecast = found.forecasts[NETWORK.name]
        members = forecast.members if forecast.members is not None else forecast.probability[None]
        labels.append(
            {
                "horizon_days": report.protocol.label.horizon,
                "median_days": report.protocol.label.median_days,
                "data": report.data_hash,
                "features": report.features_hash,
                "choice": score.choice,
                "seeds": None if score.seeds is None else asdict(score.seeds),
                "probability": [round(float(value), 7) for value in forecast.probability],
                # Seed 1 after the last refit: one training makes it again.
                "last_refit_first_seed": [round(float(value), 7) for value in members[0, -_last(report) :]],
            }
        )
    return {"labels": labels, "experiments": [asdict(one) for one in experiments.seen]}


def _last(report: Report) -> int:
    """Test days of the last refit."""
    return (report.evaluation.days - 1) % report.protocol.refit + 1


def record_of(page: Path) -> Path:
    """The file beside a page that has what the network's lines came from."""
    return page.with_suffix(".network.json")


def write_record(record: dict[str, Any], page: Path) -> None:
    """Writes it."""
    durable.write(record_of(page), (json.dumps(record, separators=(",", ":")) + "\n").encode())
    # Like the page, it is for everybody.
    record_of(page).chmod(0o644)


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
        f"`{command}`, quantera {__version__}, data SHA-256 `{report.data_hash}`, definitions of {report.features} "
        f"features SHA-256 `{report.features_hash}`.",
        accuracy_table(found),
        *_about_seeds(found),
        "## Differences\n\nAccuracy of the model in the row less that of the one in the column, in percentage points "
        "with 95% intervals; bold where the interval is above zero.",
        difference_table(found.scores),
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
        accuracy_table(found, live="wins"),
        *_about_seeds(found),
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
    later = found.scores[found.scores.index(live) + 1 :]
    behind = [score for score in later if not score.beats_all]
    text = f"**The live model is `{live.model}`**, with an accuracy of {live.accuracy.value:.1%}."
    if live is not simplest:
        gain = live.beats[simplest.model]
        text += f" It beats `{simplest.model}` by {_points(gain)} percentage points."
    if behind:
        names = ", ".join(f"`{score.model}`" for score in behind)
        text += (
            f" These stay in the shadow, because none of them beats every simpler model beyond the interval: {names}."
        )
    for score in later:
        if score.beats_all:
            text += f" `{score.model}` beats them, and stays there with less than {score.least_accuracy:.0%}."
    return text


def _state(score: Score, found: Evaluation) -> str:
    names = [other.model for other in found.scores]
    if score.model == found.live:
        return "live"
    return "shadow" if names.index(score.model) > names.index(found.live) else "beaten"


def accuracy_table(found: Evaluation, live: str = "live") -> str:
    """Accuracies and Brier scores as Markdown.

    Args:
        found: The evaluation.
        live: Mark of the model that the protocol's rule picks; other states are shown beside "live" only, and nothing
            is marked for an empty text.
    """
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
        mark = f"**{live}**" if live and state == "live" else state if live == "live" else ""
        rows.append(f"| {' | '.join(cells)} | {mark} |")
    return "\n".join(rows)


def difference_table(scores: Sequence[Score]) -> str:
    """Differences of accuracies as Markdown, each model beside the simpler ones."""
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
