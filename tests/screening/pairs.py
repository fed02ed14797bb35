"""Labelled pairs of names, and what matchers make of them."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from time import thread_time
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from keepers.compliance.lists.records import Kind, ListedName, ListedParty
from keepers.compliance.screening.entities import readings_of_entity
from keepers.compliance.screening.persons import readings_of_person
from keepers.compliance.screening.score import DEFAULT_THRESHOLD
from keepers.compliance.screening.screen import Subject, compare
from keepers.compliance.screening.text import checked, folded

PAIRS = Path(__file__).parent / "data/pairs.csv"
FOLDS = 5
GRID = tuple(step / 100 for step in range(50, 100))
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("Company", "Organization"), "entity"),
    "Person": "person",
    "Vessel": "vessel",
    "LegalEntity": "unknown",
}


@dataclass(frozen=True)
class Pair:
    """Two names and whether an analyst expects an alert.

    Attributes:
        group: Part of the bench that it is from.
        schema: Kind of thing, in FollowTheMoney's words.
        asked: Name that is screened.
        listed: Name on the list.
        match: True if an alert is right.
        strong: True if the label is called strong.
    """

    group: str
    schema: str
    asked: str
    listed: str
    match: bool
    strong: bool

    @property
    def fold(self) -> int:
        """Fold for cross-validation; pairs on one listed name are in one fold."""
        return hashlib.sha256(folded(checked(self.listed)).encode()).digest()[0] % FOLDS


@dataclass(frozen=True)
class Rates:
    """Result of a matcher."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Matcher:
    """Something that scores pairs.

    Attributes:
        name: Name in the table.
        score: Scores between 0 and 1.
        threshold: Its own threshold; None if it has none, so that only the chosen one is shown.
        forget: Drops what it read before.
    """

    name: str
    score: Callable[[Pair], float]
    threshold: float | None = None
    forget: Callable[[], None] = lambda: None


def read_pairs(path: Path = PAIRS) -> list[Pair]:
    """Reads a file of pairs."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Pair(
                row["case_group"],
                row["schema"],
                row["name1"],
                row["name2"],
                row["is_match"] == "true",
                row["quality"] == "STRONG",
            )
            for row in csv.DictReader(file)
        ]


def rates(pairs: Iterable[Pair], alerts: Iterable[bool]) -> Rates:
    """Compares alerts with labels."""
    right = missed = false = 0
    for pair, alert in zip(pairs, alerts, strict=True):
        right += pair.match and alert
        missed += pair.match and not alert
        false += alert and not pair.match
    return Rates(
        right / (right + false) if right + false else 0.0,
        right / (right + missed) if right + missed else 0.0,
        2 * right / (2 * right + missed + false) if right else 0.0,
    )


def best_threshold(pairs: Sequence[Pair], scores: Sequence[float]) -> float:
    """The threshold of the grid with the best F1; the middle one of equals."""
    found = [rates(pairs, (score >= step - 1e-9 for score in scores)).f1 for step in GRID]
    best = [step for step, f1 in zip(GRID, found, strict=True) if f1 == max(found)]
    return best[len(best) // 2]


def cross_validated(pairs: Sequence[Pair], scores: Sequence[float]) -> list[bool]:
    """Alerts where each fold's threshold was chosen on the other folds."""
    alerts = [False] * len(pairs)
    for fold in range(FOLDS):
        others = [place for place, pair in enumerate(pairs) if pair.fold != fold]
        threshold = best_threshold([pairs[place] for place in others], [scores[place] for place in others])
        for place, pair in enumerate(pairs):
            if pair.fold == fold:
                alerts[place] = scores[place] >= threshold - 1e-9
    return alerts


@dataclass
class Timed:
    """What a matcher made of the pairs.

    Attributes:
        matcher: The matcher.
        scores: Scores of all pairs.
        cold: Microseconds of processor time per pair whose names come as text.
        warm: The same for names that were read before.
    """

    matcher: Matcher
    scores: list[float]
    cold: float = float("inf")
    warm: float = float("inf")


def timed(matchers: Sequence[Matcher], pairs: Sequence[Pair]) -> list[Timed]:
    """Scores the pairs by each matcher, and takes the best time of fifteen rounds.

    The matchers take turns within a round, so that what else the machine does falls on all of them.
    """
    found = [Timed(matcher, []) for matcher in matchers]
    for _ in range(15):
        for one in found:
            matcher = one.matcher
            matcher.forget()
            began = thread_time()
            one.scores = [matcher.score(pair) for pair in pairs]
            one.cold = min(one.cold, (thread_time() - began) / len(pairs) * 1e6)
            began = thread_time()
            for pair in pairs:
                matcher.score(pair)
            one.warm = min(one.warm, (thread_time() - began) / len(pairs) * 1e6)
    return found


def _forget() -> None:
    readings_of_person.cache_clear()
    readings_of_entity.cache_clear()
    _party.cache_clear()
    _subject.cache_clear()


@cache
def _party(schema: str, name: str) -> ListedParty:
    return ListedParty("pairs", "1", KINDS[schema], (ListedName(name, "primary"),))


@cache
def _subject(schema: str, name: str) -> Subject:
    return Subject(name, KINDS[schema])


def ours(pair: Pair) -> float:
    """The score of this project's screening, whose subjects and parties are made once, as logic-v2's entities are."""
    alert = compare(_subject(pair.schema, pair.asked), _party(pair.schema, pair.listed), 0.0)
    return alert.score if alert is not None else 0.0


def matchers() -> list[Matcher]:
    """Ours, the baselines, and the reference matcher where it is installed."""
    found = [
        Matcher("ours", ours, DEFAULT_THRESHOLD, _forget),
        Matcher("Jaro–Winkler", lambda pair: JaroWinkler.similarity(_plain(pair.asked), _plain(pair.listed))),
        Matcher("token set ratio", lambda pair: fuzz.token_set_ratio(_plain(pair.asked), _plain(pair.listed)) / 100),
    ]
    if importlib.util.find_spec("nomenklatura") is not None:
        found.append(_logic_v2())
    return found


def _plain(text: str) -> str:
    return folded(checked(text))


def _logic_v2() -> Matcher:
    from followthemoney import model  # type: ignore[import-not-found]
    from nomenklatura.matching import get_algorithm  # type: ignore[import-not-found]

    algorithm = get_algorithm("logic-v2")
    config = algorithm.default_config()
    numbers = count()

    @cache
    def entity_of(schema: str, name: str) -> Any:
        made = model.make_entity(schema)
        # It remembers what it computed by this id.
        made.id = str(next(numbers))
        made.add("name", name)
        return made

    def score(pair: Pair) -> float:
        compared = (entity_of(pair.schema, pair.asked), entity_of(pair.schema, pair.listed))
        return float(algorithm.compare(*compared, config).score)

    return Matcher("nomenklatura logic-v2", score, 0.7, entity_of.cache_clear)
