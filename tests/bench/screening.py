"""Screening names: a list of 40,000 names, and pairs of names, beside rapidfuzz and the reference matcher."""

from __future__ import annotations

from keepers.compliance.screening.screen import Screener, Subject
from tests.bench.framework import Bench, Row
from tests.screening.pairs import best_threshold, matchers, rates, read_pairs, timed
from tests.screening.population import ORDINARY_LOCALES, entities, persons, the_list
from tests.screening.recall import COMPANIES
from tests.screening.speed import measured

GROUP = "Screening"
LISTED, QUERIES = 40_000, 4_000
METHOD = (
    "made names, none asked twice, half of them persons'; processor time in one process; rapidfuzz compares the same "
    "names with every listed one. Pairs: the labelled half in tests/screening/data, both names as text, before the "
    "process has read the list, as in docs/screening.md."
)


def rows(_: Bench) -> list[Row]:
    """A whole list, and pairs."""
    # Pairs come first, as in docs/screening.md: after the list a pair takes longer in the same process (decision 242).
    pairs = _pairs()
    return [*_list(), *pairs]


def _list() -> list[Row]:
    listed = the_list(LISTED)
    people = [Subject(name, "person") for name in persons(QUERIES // 2, ORDINARY_LOCALES, 1)]
    firms = [Subject(name, "entity") for name in entities(QUERIES // 2, COMPANIES, 3)]
    subjects = [subject for pair in zip(people, firms, strict=True) for subject in pair]
    speed = measured(Screener(listed), [party.primary for party in listed], subjects, 0.0)
    mean = 2e3 / speed.per_second_cpu
    return [
        Row(GROUP, "A name over 40,000, median", "ms", round(speed.p50_cpu, 3), target=1, method=METHOD),
        Row(GROUP, "A name over 40,000, 99th percentile", "ms", round(speed.p99_cpu, 3), target=5, method=METHOD),
        Row(
            *(GROUP, "A name over 40,000, mean", "ms", round(mean, 3), round(speed.token_set, 3)),
            *("rapidfuzz token_set_ratio alone", 0.1, METHOD),
        ),
    ]


def _pairs() -> list[Row]:
    pairs = read_pairs()
    found = {one.matcher.name: one for one in timed(matchers(), pairs)}
    mine = found.pop("ours")
    made = []
    for name, one in found.items():
        threshold = best_threshold(pairs, one.scores) if one.matcher.threshold is None else one.matcher.threshold
        wrong = 1 - rates(pairs, (score >= threshold for score in one.scores)).f1
        ours = 1 - rates(pairs, (score >= (mine.matcher.threshold or 0) - 1e-9 for score in mine.scores)).f1
        made.append(Row(GROUP, "1 - F1 on the labelled pairs", "", round(ours, 3), round(wrong, 3), name, 0.6, METHOD))
        made.append(Row(GROUP, "A pair of names", "µs", round(mine.cold, 1), round(one.cold, 1), name, method=METHOD))
    return made
