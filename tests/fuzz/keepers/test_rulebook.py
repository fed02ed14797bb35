"""IssuerTerms of any kind: what they open, and what they leave closed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.compliance.countries import TERRITORIES
from keepers.compliance.errors import RulebookError
from keepers.compliance.rulebook import load_rulebook
from keepers.compliance.rulebook.assignment import assign
from keepers.compliance.rulebook.terms import IssuerTerms
from tests.fixtures.openings import WORTH, opening

RULEBOOK = load_rulebook()
TODAY = date(2026, 11, 24)
WAYS = [
    (code, name)
    for code, found in sorted(RULEBOOK.jurisdictions.items())
    for name, regime in found.regimes.items()
    if not regime.closes and regime.in_force_from is None
]


@st.composite
def terms_of(draw: st.DrawFn) -> tuple[dict[int, str], IssuerTerms]:
    """Countries with a regime of one instrument each, and terms that open them."""
    instrument = draw(st.sampled_from(["security", "fund-unit"]))
    fitting = [
        (code, name) for code, name in WAYS if instrument in RULEBOOK.jurisdictions[code].regimes[name].instruments
    ]
    chosen = dict(draw(st.lists(st.sampled_from(fitting), max_size=8)))
    open_in = {
        RULEBOOK.jurisdictions[code].alpha2: opening(RULEBOOK.jurisdictions[code], name)
        for code, name in chosen.items()
    }
    given_terms = {"instrument": instrument, "open": open_in, "worth": WORTH, "supply": 1_000_000}
    return chosen, IssuerTerms.model_validate(given_terms)


@given(drawn=terms_of())
def test_assign__any_terms__open_the_named_countries_their_territories_and_no_other(
    drawn: tuple[dict[int, str], IssuerTerms],
) -> None:
    chosen, terms = drawn
    found = assign(RULEBOOK, terms, 18, TODAY)
    open_codes = {code for code, one in found.items() if one.rule.classes}
    assert set(chosen) <= open_codes
    territories = {held for code in chosen for held in TERRITORIES.get(code, ())}
    assert open_codes - set(chosen) <= territories
    assert all(one.rule.is_valid for one in found.values())


@given(drawn=terms_of())
def test_assign__one_answer_taken_away__opens_nothing(drawn: tuple[dict[int, str], IssuerTerms]) -> None:
    _, terms = drawn
    for place, conditions in terms.open.items():
        for field in conditions.answers:
            fewer = {key: answer for key, answer in conditions.answers.items() if key != field}
            left = terms.open | {place: conditions.model_copy(update={"answers": fewer})}
            with pytest.raises(RulebookError, match=f"{place} {field}"):
                assign(RULEBOOK, terms.model_copy(update={"open": left}), 18, TODAY)
