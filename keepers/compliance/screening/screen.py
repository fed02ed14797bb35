"""Screening: a person or an entity against the parties of published lists. Pure, and nothing is logged.

Every alert names the rule that fired. `compare` is the whole judgement on one party; `Screener` returns exactly the
parties for which it gives an alert, without asking it about each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from keepers.compliance.lists.records import Kind, ListedName, ListedParty, Strength
from keepers.compliance.screening.entities import readings_of_entity
from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.evidence import (
    BIRTH_AGREES,
    NO_EVIDENCE,
    Evidence,
    birth_evidence,
    checked_birth_date,
    checked_country,
    country_evidence,
)
from keepers.compliance.screening.index import ROUNDING, NameIndex
from keepers.compliance.screening.parts import Name
from keepers.compliance.screening.persons import readings_of_person
from keepers.compliance.screening.score import CONTRADICTED, DEFAULT_THRESHOLD, Scored, name_score

WEAK_ALIAS = 0.15
"""Deduction for a weak alias: it alerts where it is written as on the list, but for one edit."""
LOWEST_THRESHOLD = CONTRADICTED + BIRTH_AGREES + 0.01
"""Below it, names that contradict each other would alert."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Person or entity to screen.

    Attributes:
        name: Name in any script and order.
        kind: Kind of it; "unknown" compares it with persons and entities.
        birth_date: Date of birth, "YYYY-MM-DD", "YYYY-MM" or "YYYY"; "" if it is not known.
        countries: Countries, two letters each.
    """

    name: str = field(repr=False)
    kind: Kind = "unknown"
    birth_date: str = field(default="", repr=False)
    countries: tuple[str, ...] = ()

    def checked(self) -> Subject:
        """Returns the same with countries in capital letters.

        Raises:
            ScreeningError: If the name, the date or a country cannot be screened.
        """
        for way in _is_person(self.kind):
            _READ[way](self.name)
        birth_date = checked_birth_date(self.birth_date) if self.birth_date else ""
        return Subject(self.name, self.kind, birth_date, tuple(map(checked_country, self.countries)))


class Alert(NamedTuple):
    """A listed party that a subject may be.

    Attributes:
        list_id: The list.
        uid: The party's identifier on it.
        listed_name: The name that fits best, as published.
        strength: How well that name identifies the party.
        score: How sure the match is, between 0 and 1.
        rule: The rule that decided about the name.
        rules: All rules that fired.
    """

    list_id: str
    uid: str
    listed_name: str
    strength: Strength
    score: float
    rule: str
    rules: tuple[str, ...]


def _is_person(kind: Kind) -> tuple[bool, ...]:
    """Ways in which a name of a kind is read."""
    return (True, False) if kind == "unknown" else (kind == "person",)


_READ: dict[bool, Callable[[str], tuple[Name, ...]]] = {True: readings_of_person, False: readings_of_entity}


def _alert(party: ListedParty, name: ListedName, scored: Scored, birth: Evidence, country: Evidence) -> Alert:
    score, rules = scored
    if name.strength == "weak":
        score -= WEAK_ALIAS
        rules = ("weak_alias", *rules)
    if birth.rules or country.rules:
        score = score + birth.change + country.change
        rules = (*rules, *birth.rules, *country.rules)
    if not 0.0 <= score <= 1.0:
        score = 0.0 if score < 0 else 1.0
    return Alert(party.list_id, party.uid, name.text, name.strength, score, rules[0], rules)


def _better(a: Alert, b: Alert) -> Alert:
    """The better of two alerts on one party; the names decide between equals, so that their order does not."""
    return min(a, b, key=lambda alert: (-alert.score, alert.rules, alert.listed_name))


def compare(subject: Subject, party: ListedParty, threshold: float = DEFAULT_THRESHOLD) -> Alert | None:
    """Returns the alert that a party gives; None if none of its names reaches the threshold."""
    best: Alert | None = None
    birth = birth_evidence(subject.birth_date, party.birth_dates) if subject.birth_date else NO_EVIDENCE
    country = country_evidence(subject.countries, party.countries) if subject.countries else NO_EVIDENCE
    for way in _common_ways(subject.kind, party.kind):
        read = _READ[way]
        for name in party.names:
            try:
                listed = read(name.text)
            except ScreeningError:
                continue
            for mine in read(subject.name):
                for theirs in listed:
                    found = _alert(party, name, name_score(mine, theirs), birth, country)
                    best = found if best is None else _better(best, found)
    return best if best is not None and best.score >= threshold - ROUNDING else None


@cache
def _common_ways(a: Kind, b: Kind) -> tuple[bool, ...]:
    return tuple(set(_is_person(a)) & set(_is_person(b)))


class Screener:
    """Parties of any number of lists, ready to be screened against.

    Args:
        parties: The parties; they stay in memory.

    Attributes:
        names: Number of names that are compared.
        unreadable: (list, uid, place of the name) of each listed name that holds no letter, or is no text; a caller
            has to tell an officer, because nobody is found by it.
    """

    def __init__(self, parties: Iterable[ListedParty]) -> None:
        self._parties: list[ListedParty] = []
        self._entries: dict[bool, list[tuple[int, ListedName]]] = {True: [], False: []}
        self.names = 0
        names: dict[bool, list[Name]] = {True: [], False: []}
        unreadable: list[tuple[str, str, int]] = []
        for number, party in enumerate(parties):
            self._parties.append(party)
            for place, name in enumerate(party.names):
                try:
                    for way in _is_person(party.kind):
                        for reading in _READ[way](name.text):
                            names[way].append(reading)
                            self._entries[way].append((number, name))
                except ScreeningError:
                    unreadable.append((party.list_id, party.uid, place))
                else:
                    self.names += 1
        self._indices = {way: NameIndex(found, person=way) for way, found in names.items()}
        self.unreadable = tuple(unreadable)

    def screen(self, subject: Subject, threshold: float = DEFAULT_THRESHOLD) -> tuple[Alert, ...]:
        """Returns an alert for each party that reaches the threshold, the surest first.

        Raises:
            ScreeningError: If the subject cannot be screened, or the threshold is too low.
        """
        if not LOWEST_THRESHOLD <= threshold <= 1:
            reason = f"is not between {LOWEST_THRESHOLD:.2f} and 1"
            raise ScreeningError(f"threshold {threshold}", reason, f"give one such as {DEFAULT_THRESHOLD}")
        subject = subject.checked()
        # A date of birth that agrees lifts a name that alone stays below the threshold.
        needed = threshold - (BIRTH_AGREES if subject.birth_date else 0.0)
        best: dict[int, Alert] = {}
        for way in _is_person(subject.kind):
            for reading in _READ[way](subject.name):
                for place, scored in self._indices[way].search(reading, needed):
                    number, name = self._entries[way][place]
                    found = self._alert(subject, number, name, scored)
                    best[number] = _better(best[number], found) if number in best else found
        alerts = [alert for alert in best.values() if alert.score >= threshold - ROUNDING]
        return tuple(sorted(alerts, key=lambda alert: (-alert.score, alert.list_id, alert.uid)))

    def _alert(self, subject: Subject, number: int, name: ListedName, scored: Scored) -> Alert:
        party = self._parties[number]
        birth = birth_evidence(subject.birth_date, party.birth_dates)
        return _alert(party, name, scored, birth, country_evidence(subject.countries, party.countries))
