"""The rulebook in words, and checks that are old."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.files import citations
from keepers.compliance.rulebook.freshness import MOST_DAYS, old
from keepers.compliance.rulebook.text import described_country, holdings, summary, warnings

RULEBOOK = load_rulebook()
RUSSIA, SWITZERLAND, SINGAPORE, KOREA = (RULEBOOK.jurisdictions[code] for code in (643, 756, 702, 410))
CHECKED = date(2026, 11, 24)


def test_old__checked_180_days_ago__is_not_old() -> None:
    assert {found.checked for _, found in citations(RUSSIA)} == {CHECKED}
    assert old([RUSSIA], CHECKED + timedelta(days=MOST_DAYS)) == []


def test_old__checked_181_days_ago__is_old() -> None:
    (found,) = old([RUSSIA], CHECKED + timedelta(days=MOST_DAYS + 1))
    assert (found.number, found.oldest, found.days) == (len(list(citations(RUSSIA))), CHECKED, 181)


def test_warnings__some_checks_are_old__counts_these_only() -> None:
    late = [found for _, found in citations(SWITZERLAND) if found.checked < CHECKED]
    assert 0 < len(late) < len(list(citations(SWITZERLAND)))
    counted = "1 citation" if len(late) == 1 else f"{len(late)} citations"
    what = f"{counted} not checked for 180 days, the oldest since 2025-01-01 (692 days)"
    assert warnings([SWITZERLAND], CHECKED) == [f"warning: CH Switzerland: {what}"]


def test_summary__every_jurisdiction__has_a_line_with_its_confidence() -> None:
    lines = summary(RULEBOOK)
    assert len(lines) == len(RULEBOOK.jurisdictions) + 1
    assert all(" confidence" in line for line in lines[:-1])
    assert "not legal advice" in lines[-1]


def test_described_country__rules_duties_and_questions__are_all_there() -> None:
    text = "\n".join(described_country(SINGAPORE))
    for regime in SINGAPORE.regimes.values():
        assert all(str(rule) in text for _, rule in regime.rules.items())
        assert all(duty.what in text for duty in regime.off_chain)
    assert all(question in text for question in SINGAPORE.questions().values())
    assert SINGAPORE.confidence.reason in text


def test_described_country__regime_of_a_day_to_come__says_from_when() -> None:
    assert "    in force from 2027-02-04" in described_country(KOREA)


def test_holdings__one_country__is_described_with_its_own_warnings() -> None:
    lines = holdings(RULEBOOK, "ch", CHECKED)
    assert lines == described_country(SWITZERLAND) + warnings([SWITZERLAND], CHECKED)


def test_holdings__country_that_is_not_there__is_refused() -> None:
    with pytest.raises(RulebookError, match="country TV: not in the rulebook; leave it out to see which are"):
        holdings(RULEBOOK, "TV", CHECKED)
