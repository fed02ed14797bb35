"""Citations whose last check is long ago. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from keepers.compliance.rulebook.files import citations
from keepers.compliance.rulebook.schema import Jurisdiction

MOST_DAYS = 180
"""Age in days from which a check counts as old."""


@dataclass(frozen=True)
class Old:
    """Old citations of one jurisdiction.

    Attributes:
        jurisdiction: Jurisdiction of the rulebook.
        number: Number of its citations that are old.
        oldest: Day of the oldest check.
        days: Days since then.
    """

    jurisdiction: Jurisdiction
    number: int
    oldest: date
    days: int

    def __str__(self) -> str:
        letters, name = self.jurisdiction.alpha2, self.jurisdiction.name
        what = f"{self.number} citation{'s' if self.number > 1 else ''}"
        oldest = f"the oldest since {self.oldest} ({self.days} days)"
        return f"{letters} {name}: {what} not checked for {MOST_DAYS} days, {oldest}"


def old(jurisdictions: Iterable[Jurisdiction], today: date) -> list[Old]:
    """Returns jurisdictions with citations that were checked more than MOST_DAYS before a day, by their number."""
    found = []
    for jurisdiction in sorted(jurisdictions, key=lambda one: one.code):
        checked = [citation.checked for _, citation in citations(jurisdiction)]
        late = [day for day in checked if (today - day).days > MOST_DAYS]
        if late:
            found.append(Old(jurisdiction, len(late), min(late), (today - min(late)).days))
    return found
