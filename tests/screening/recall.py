"""How many listed names are found again when they are written another way, and how many ordinary names alert."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from keepers.compliance.lists.records import Kind, ListedName, ListedParty
from keepers.compliance.screening.entities import entity
from keepers.compliance.screening.screen import Screener, Subject
from tests.screening.population import (
    ORDINARY_LOCALES,
    SEED,
    edited,
    entities,
    persons,
    reordered,
    transliterated,
)

LATIN = ("tr_TR", "es_CO", "id_ID", "az_AZ", "hu_HU")
OTHER_SCRIPTS = ("ru_RU", "uk_UA", "el_GR")
COMPANIES = ("en_US", "de_DE", "fr_FR", "nl_NL", "pl_PL")


@dataclass(frozen=True)
class Share:
    """A share of names.

    Attributes:
        what: Sentence for the table.
        found: Names that alert.
        of: Names in all.
        target: The least share for recall, the most for false alerts; None if there is none.
        is_recall: True if more is better.
    """

    what: str
    found: int
    of: int
    target: float | None
    is_recall: bool

    @property
    def share(self) -> float:
        """The part that was found."""
        return self.found / self.of

    @property
    def met(self) -> bool:
        """True if the target is met, or there is none."""
        if self.target is None:
            return True
        return self.share >= self.target if self.is_recall else self.share <= self.target


def strong_aliases(names: Sequence[str], kind: Kind) -> Screener:
    """A list of parties that are listed under one strong alias each."""
    return Screener(
        ListedParty("made", str(number), kind, (ListedName(name, "strong"),)) for number, name in enumerate(names)
    )


def found_again(names: Sequence[str], kind: Kind, change: Callable[[str], str]) -> int:
    """How many names of a list are alerts on their own party after a change."""
    screener = strong_aliases(names, kind)
    return sum(
        any(alert.uid == str(number) for alert in screener.screen(Subject(change(name), kind)))
        for number, name in enumerate(names)
    )


def recalls(count: int) -> list[Share]:
    """Recall on strong aliases, by what was done to them."""
    chance = random.Random(SEED)
    latin, others = persons(count, LATIN, SEED + 1), persons(count, OTHER_SCRIPTS, SEED + 2)
    firms = entities(count, COMPANIES, SEED + 3)

    def edit(name: str) -> str:
        return edited(name, chance)

    def order(name: str) -> str:
        return reordered(name, chance)

    cases: tuple[tuple[str, list[str], Kind, Callable[[str], str]], ...] = (
        ("persons, one edit", latin, "person", edit),
        ("persons, reordered", latin, "person", order),
        ("persons, Cyrillic and Greek asked as a passport prints them", others, "person", transliterated),
        ("persons, the same with one edit as well", others, "person", lambda name: edit(transliterated(name))),
        ("entities, one edit", firms, "entity", edit),
    )
    return [
        Share(f"recall, {what}", found_again(names, kind, change), len(names), 0.99, True)
        for what, names, kind, change in cases
    ]


def false_alerts(screener: Screener, count: int) -> list[Share]:
    """Alerts on ordinary names, whose locales are not the list's."""
    each = count // len(ORDINARY_LOCALES)
    people = [name for locale in ORDINARY_LOCALES for name in persons(each, (locale,), SEED + 4)]
    firms = entities(count, COMPANIES, SEED + 5)
    persons_alert = sum(bool(screener.screen(Subject(name, "person"))) for name in people)
    firms_alert = [(name, alerts) for name in firms if (alerts := screener.screen(Subject(name, "entity")))]
    others = [name for name, alerts in firms_alert if not any(is_nearly(name, alert.listed_name) for alert in alerts)]
    return [
        Share("false alerts, ordinary names of persons", persons_alert, len(people), 0.01, False),
        Share("alerts, made names of companies", len(firms_alert), len(firms), None, False),
        Share("of them, listed ones have another name by two edits or more", len(others), len(firms), 0.01, False),
    ]


def is_nearly(name: str, other: str) -> bool:
    """Returns True if two companies have one name but for an edit and legal forms: such an alert is demanded."""
    return OSA.distance(entity(name).joined, entity(other).joined, score_cutoff=1) <= 1
