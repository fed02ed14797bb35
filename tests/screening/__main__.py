"""`python -m tests.screening [--pairs FILE] [--write]`: the table of docs/screening.md."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import click

from keepers.compliance.screening import alike, score
from keepers.compliance.screening.score import DEFAULT_THRESHOLD
from keepers.compliance.screening.screen import Screener, Subject
from tests.screening.pairs import (
    FOLDS,
    PAIRS,
    Pair,
    Rates,
    Timed,
    best_threshold,
    cross_validated,
    matchers,
    ours,
    rates,
    read_pairs,
    timed,
)
from tests.screening.population import ORDINARY_LOCALES, entities, persons, the_list
from tests.screening.recall import COMPANIES, Share, false_alerts, recalls
from tests.screening.speed import Speed, load, measured

PAGE = Path(__file__).resolve().parents[2] / "docs/screening.md"
BEGIN, END = "<!-- screening:begin -->", "<!-- screening:end -->"
BANDS = (0.0, 0.5, 0.75, 0.85, 0.95, 1.0001)
LISTED, QUERIES, WRITTEN, ORDINARY = 40_000, 4_000, 3_000, 5_000


def quality(pairs: Sequence[Pair], found: Sequence[Timed]) -> Iterator[str]:
    """Precision, recall and F1 of every matcher, at its own threshold and at cross-validated ones."""
    yield "| matcher | threshold | precision | recall | F1 | F1, people | F1, made | recall, strong | µs | µs, read |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for one in found:
        matcher, scores = one.matcher, one.scores
        ways = {f"cross-validated, {FOLDS} folds": cross_validated(pairs, scores)}
        if matcher.threshold is not None:
            own = [value >= matcher.threshold - 1e-9 for value in scores]
            ways = {f"{matcher.threshold:.2f}": own, **ways}
        for way, alerts in ways.items():
            every = rates(pairs, alerts)
            people = _of(pairs, alerts, lambda pair: pair.schema == "Person")
            made = _of(pairs, alerts, lambda pair: pair.group == "synth_people")
            strong = _of(pairs, alerts, lambda pair: pair.strong and pair.match)
            shown = (every.precision, every.recall, every.f1, people.f1, made.f1, strong.recall)
            numbers = " | ".join(f"{number:.3f}" for number in shown)
            yield f"| {matcher.name} | {way} | {numbers} | {one.cold:.0f} | {one.warm:.0f} |"


def faster(found: Sequence[Timed]) -> Iterator[str]:
    """How many times our time for a pair the reference matcher's is, where it is installed."""
    times = {one.matcher.name: (one.cold, one.warm) for one in found}
    reference = times.get("nomenklatura logic-v2")
    if reference is not None:
        cold, warm = (theirs / mine for theirs, mine in zip(reference, times["ours"], strict=True))
        yield f"\nlogic-v2 takes {cold:.1f} times our time for a pair that comes as text, and {warm:.1f} times for one"
        yield "whose names both matchers have read."


def _of(pairs: Sequence[Pair], alerts: Sequence[bool], chosen: Callable[[Pair], bool]) -> Rates:
    kept = [(pair, alert) for pair, alert in zip(pairs, alerts, strict=True) if chosen(pair)]
    return rates((pair for pair, _ in kept), (alert for _, alert in kept))


def calibration(pairs: Sequence[Pair], scores: Sequence[float]) -> Iterator[str]:
    """How often a score of each band was right."""
    yield "| score | pairs | of them matches |"
    yield "|---|---|---|"
    for low, high in pairwise(BANDS):
        band = [pair.match for pair, value in zip(pairs, scores, strict=True) if low <= round(value, 9) < high]
        share = f"{sum(band) / len(band):.0%}" if band else "none"
        yield f"| {low:.2f} to {min(high, 1):.2f} | {len(band)} | {share} |"


def sensitivity(pairs: Sequence[Pair]) -> Iterator[str]:
    """F1 when one parameter is another."""
    person_missing, entity_missing = score.MISSING[True], score.MISSING[False]
    changes: tuple[tuple[str, object, str, object], ...] = (
        ("an edit costs 0.08", score, "EDIT", 0.08),
        ("an edit costs 0.12", score, "EDIT", 0.12),
        ("missing parts of persons cost 0.36", score, "MISSING", {True: 0.36, False: entity_missing}),
        ("missing parts of persons cost 0.54", score, "MISSING", {True: 0.54, False: entity_missing}),
        ("missing words of entities cost 0.8", score, "MISSING", {True: person_missing, False: 0.8}),
        ("missing words of entities cost 1.2", score, "MISSING", {True: person_missing, False: 1.2}),
        ("another order costs nothing", score, "REORDERED", 0.0),
        ("two edits from five letters, seven for entities", alike, "_TWO_EDITS_FROM", {True: 5, False: 7}),
        ("two edits from seven letters, nine for entities", alike, "_TWO_EDITS_FROM", {True: 7, False: 9}),
    )
    yield "| change | F1 |"
    yield "|---|---|"
    yield f"| none | {_f1(pairs, DEFAULT_THRESHOLD):.3f} |"
    for threshold in (0.70, 0.80):
        yield f"| threshold {threshold:.2f} | {_f1(pairs, threshold):.3f} |"
    for what, module, name, value in changes:
        alike._words.cache_clear()
        with patch.object(module, name, value):
            yield f"| {what} | {_f1(pairs, DEFAULT_THRESHOLD):.3f} |"
    alike._words.cache_clear()


def _f1(pairs: Sequence[Pair], threshold: float) -> float:
    return rates(pairs, (ours(pair) >= threshold - 1e-9 for pair in pairs)).f1


def shares(found: Sequence[Share]) -> Iterator[str]:
    """Recall and false alerts."""
    yield "| names | found | target | met |"
    yield "|---|---|---|---|"
    for share in found:
        sign = "at least" if share.is_recall else "at most"
        aim = "none | " if share.target is None else f"{sign} {share.target:.0%} | {'yes' if share.met else 'no'}"
        yield f"| {share.what} | {share.share:.2%} of {share.of:,} | {aim} |"


def times(speed: Speed, reference: float | None) -> Iterator[str]:
    """Speed, rapidfuzz alone, and the reference matcher by its microseconds for a pair that was read before."""
    yield "| what | measured | target |"
    yield "|---|---|---|"
    yield f"| p50, clock (processor) | {speed.p50:.2f} ms ({speed.p50_cpu:.2f} ms) | 1 ms |"
    yield f"| p99, clock (processor) | {speed.p99:.2f} ms ({speed.p99_cpu:.2f} ms) | 5 ms |"
    yield f"| names a second, two processes, clock | {speed.per_second:,.0f} | 2,000 |"
    yield f"| names a second, two cores, from processor time | {speed.per_second_cpu:,.0f} | 2,000 |"
    mean = 2e3 / speed.per_second_cpu
    yield f"| mean, processor | {mean:.2f} ms | |"
    for scorer, alone in (("token set ratio", speed.token_set), ("Jaro–Winkler", speed.jaro_winkler)):
        yield f"| rapidfuzz {scorer} alone over every name, processor | {alone:.2f} ms ({alone / mean:.1f} times) | |"
    if reference is not None:
        every = reference * speed.names / 1e3
        yield f"| logic-v2 over every name, from its time per pair | {every:,.0f} ms ({every / mean:,.0f} times) | |"
    yield f"| building the index, processor | {speed.build_s:.1f} s | |"


def page(path: Path) -> Iterator[str]:
    """The generated part, a heading and a table at a time."""
    pairs = read_pairs(path)
    found = timed(matchers(), pairs)
    mine = next(one.scores for one in found if one.matcher.name == "ours")
    yield f"### Labelled pairs\n\n{len(pairs)} pairs. Times are a pair's, of the processor: first when both names"
    yield "come as text, then when both were read before. Made people are the made part of the bench.\n"
    yield "\n".join(quality(pairs, found))
    yield from faster(found)
    yield (
        f"\nThe threshold with the best F1 on these pairs is {best_threshold(pairs, mine):.2f}; the default is "
        f"{DEFAULT_THRESHOLD:.2f}.\n\n### Calibration\n"
    )
    yield "\n".join(calibration(pairs, mine))
    yield "\n### One parameter at a time\n"
    yield "\n".join(sensitivity(pairs))
    yield "\n### Recall and false alerts\n"
    listed = the_list(LISTED)
    began = time.thread_time()
    screener = Screener(listed)
    build_s = time.thread_time() - began
    yield "\n".join(shares([*recalls(WRITTEN), *false_alerts(screener, ORDINARY)]))
    people = [
        Subject(name, "person") for name in persons(QUERIES // 4, ORDINARY_LOCALES, 1) + persons(QUERIES // 4, seed=2)
    ]
    firms = [Subject(name, "entity") for name in entities(QUERIES // 2, COMPANIES, 3)]
    mixed = [subject for pair in zip(people, firms, strict=True) for subject in pair]
    speed = measured(screener, [party.primary for party in listed], mixed, build_s)
    yield (
        f"\n### Speed\n\n{speed.queries:,} names, none twice, against {speed.names:,} listed names. "
        f"The machine's load was {load()}.\n"
    )
    reference = next((one.warm for one in found if "logic-v2" in one.matcher.name), None)
    yield "\n".join(times(speed, reference))


@click.command()
@click.option("--pairs", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=PAIRS)
@click.option("--write", is_flag=True, help="Replace the generated part of docs/screening.md.")
def main(pairs: Path, write: bool) -> None:
    """Print the table of screening; --write puts it into docs/screening.md."""
    written = []
    for piece in page(pairs):
        click.echo(piece)
        written.append(piece)
    if write:
        text = PAGE.read_text(encoding="utf-8")
        before, rest = text.split(BEGIN)
        generated = "\n".join(written)
        PAGE.write_text(f"{before}{BEGIN}\n{generated}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
