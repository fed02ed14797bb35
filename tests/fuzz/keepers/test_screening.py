"""Screening under random lists and names: the index loses nothing, and scores keep what they promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keepers.compliance.lists.records import Kind, ListedName, ListedParty, Strength
from keepers.compliance.screening import entities, persons
from keepers.compliance.screening.alike import EDITS
from keepers.compliance.screening.entities import entity
from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.evidence import birth_evidence, country_evidence
from keepers.compliance.screening.index import ROUNDING, NameIndex
from keepers.compliance.screening.parts import Name
from keepers.compliance.screening.persons import person
from keepers.compliance.screening.score import CONTRADICTED, name_score
from keepers.compliance.screening.screen import Screener, Subject, compare
from keepers.compliance.screening.text import checked, folded
from keepers.compliance.screening.vocabulary import deletions

READ = {True: person, False: entity}
SAID = (
    *("bin", "al", "abdul", "abd al", "mohammed", "muhammad", "j", "JC", "dr", "kim", "jong", "un", "petrovich", "ben"),
    *(
        "benjamin",
        "44",
        "forty",
        "four",
        "ii",
        "iii",
        "ltd",
        "ltdd",
        "lltd",
        "thee",
        "ANO",
        "group",
        "trading",
        "china",
        "hong kong",
        "the",
    ),
    *(
        "محمد",
        "سلمان",
        "ריבלין",
        "Путин",
        "習近平",
        "近平",
        "김정은",
        "salman",
        "fernando",
        "فرناندو",
        "yuriy",
        "iurii",
        "psg",
        "peoples",
        "sea",
        "ไทย",
        "s.p.a.",
        "3%ers",
        "Zaki-ur-Rehman",
    ),
)
SOUNDS = {"سلمان": "salman", "salman": "سلمان", "فرناندو": "fernando", "fernando": "فرناندو", "yuriy": "iurii"}
SPELT = st.one_of(st.text("aeklmnrs", min_size=1, max_size=8), st.sampled_from(SAID))
NAMES = st.lists(SPELT, min_size=1, max_size=6).map(" ".join).filter(lambda text: any(map(str.isalnum, text)))
THRESHOLDS = st.sampled_from((0.51, 0.6, 0.7, 0.705, 0.75, 0.76, 0.8, 0.9, 1.0))


@st.composite
def neighbours(draw: st.DrawFn, name: str) -> str:
    """A name that came from another one by up to three of the ways in which names differ."""
    for _ in range(draw(st.integers(0, 3))):
        parts = name.split()
        place = draw(st.integers(0, len(parts) - 1))
        way = draw(st.sampled_from(("drop", "add", "turn", "join", "edit", "initial", "twice", "acronym", "sound")))
        if way == "drop" and len(parts) > 1:
            del parts[place]
        elif way == "add":
            parts.insert(place, draw(SPELT))
        elif way == "turn":
            parts = parts[place:] + parts[:place]
        elif way == "join" and len(parts) > 1:
            parts[place - 1 : place + 1] = ["".join(parts[place - 1 : place + 1])]
        elif way == "edit":
            parts[place] = draw(edited(parts[place]))
        elif way == "initial":
            parts[place] = f"{parts[place][0]}."
        elif way == "acronym" and len(parts) > 2:
            parts = ["".join(part[0] for part in parts)]
        elif way == "sound":
            parts[place] = SOUNDS.get(parts[place], parts[place])
        elif way == "twice":
            parts.append(parts[place])
        name = " ".join(parts)
    return name


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """A text after one edit: a letter added, left out, changed, or exchanged with the next."""
    place = draw(st.integers(0, len(text) - 1))
    letter = draw(st.sampled_from("aeklmnrs"))
    ways = (
        text[:place] + letter + text[place:],
        text[:place] + text[place + 1 :] or letter,
        text[:place] + letter + text[place + 1 :],
        text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
    )
    return draw(st.sampled_from(ways))


@pytest.mark.parametrize("is_person", [True, False])
@given(data=st.data())
def test_search__any_list_and_name__is_what_comparing_with_every_name_finds(
    is_person: bool, data: st.DataObject
) -> None:
    listed = data.draw(st.lists(NAMES, max_size=12))
    asked = data.draw(neighbours(data.draw(st.sampled_from(listed) if listed else NAMES)))
    assume(any(map(str.isalnum, asked)))
    threshold = data.draw(THRESHOLDS)
    names = [READ[is_person](name) for name in listed]
    query = READ[is_person](asked)
    every = [(place, name_score(query, name)) for place, name in enumerate(names)]
    expected = [(place, scored) for place, scored in every if scored.score >= threshold - ROUNDING]
    assert NameIndex(names, is_person).search(query, threshold) == expected


@pytest.mark.parametrize("is_person", [True, False])
@given(data=st.data())
def test_name_score__names_exchanged__is_the_same(is_person: bool, data: st.DataObject) -> None:
    text = data.draw(NAMES)
    other = data.draw(st.one_of(NAMES, neighbours(text)))
    assume(any(map(str.isalnum, other)))
    a, b = READ[is_person](text), READ[is_person](other)
    assert name_score(a, b).score == pytest.approx(name_score(b, a).score, abs=1e-12)
    assert 0 <= name_score(a, b).score <= 1


@pytest.mark.parametrize("is_person", [True, False])
@given(text=NAMES)
def test_name_score__name_itself__is_one(is_person: bool, text: str) -> None:
    name = READ[is_person](text)
    assert name_score(name, name).score == 1


@given(data=st.data())
def test_name_score__parts_in_another_order__changes_by_what_another_order_costs(data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.text("aeklmnrs", min_size=3, max_size=8), min_size=2, max_size=4, unique=True))
    turned = data.draw(st.permutations(parts))
    scored = name_score(entity(" ".join(parts)), entity(" ".join(turned)))
    assert scored.score >= 0.98
    assert set(scored.rules) <= {"exact", "reordered"}


@given(text=st.text(max_size=40))
def test_folded__any_text_twice__is_idempotent(text: str) -> None:
    try:
        once = folded(checked(text))
    except ScreeningError:
        return
    assert folded(once) == once
    assert once == once.lower() and once.isascii()


@given(text=st.text(max_size=40), kind=st.sampled_from(("person", "entity", "unknown")))
def test_checked__any_text__is_a_subject_or_refused_in_one_line_without_the_text(text: str, kind: Kind) -> None:
    try:
        Subject(text, kind).checked()
    except ScreeningError as error:
        assert "\n" not in str(error)
        assert len(text) < 4 or text not in str(error)


@given(text=st.text("abcd", min_size=1, max_size=9), data=st.data())
def test_deletions__texts_within_two_edits__have_one_in_common(text: str, data: st.DataObject) -> None:
    other = data.draw(edited(data.draw(edited(text))))
    assert deletions(text, EDITS) & deletions(other, EDITS)


DATES = st.sampled_from(("", "1970", "1970-05", "1970-05-03", "1970-03-05", "1971~", "1969/1972~", "1990-01-01", "x"))
CODES = st.lists(st.sampled_from(("DE", "IR", "KP")), max_size=2, unique=True).map(tuple)


@st.composite
def parties(draw: st.DrawFn, uid: str) -> ListedParty:
    strengths: st.SearchStrategy[Strength] = st.sampled_from(("strong", "weak"))
    names = (
        ListedName(draw(NAMES), "primary"),
        *(ListedName(draw(NAMES), draw(strengths)) for _ in range(draw(st.integers(0, 2)))),
    )
    kind: Kind = draw(st.sampled_from(("person", "entity", "vessel", "unknown")))
    dates = tuple(draw(st.lists(DATES.filter(bool), max_size=2)))
    return ListedParty("list", uid, kind, names, birth_dates=dates, countries=draw(CODES))


@given(data=st.data())
def test_screen__any_parties__are_those_for_which_compare_gives_an_alert(data: st.DataObject) -> None:
    listed = [data.draw(parties(f"{number:02}")) for number in range(data.draw(st.integers(0, 5)))]
    name = data.draw(neighbours(data.draw(st.sampled_from([p.primary for p in listed]) if listed else NAMES)))
    assume(any(map(str.isalnum, name)))
    kind: Kind = data.draw(st.sampled_from(("person", "entity", "unknown")))
    date = data.draw(st.sampled_from(("", "1970", "1970-05-03")))
    subject = Subject(name, kind, date, data.draw(CODES))
    threshold = data.draw(st.sampled_from((0.56, 0.7, 0.75, 0.9)))
    alerts = [alert for party in listed if (alert := compare(subject, party, threshold)) is not None]
    expected = sorted(alerts, key=lambda alert: (-alert.score, alert.list_id, alert.uid))
    assert list(Screener(listed).screen(subject, threshold)) == expected


@given(data=st.data())
def test_compare__evidence_that_agrees__never_lowers_the_score(data: st.DataObject) -> None:
    party = data.draw(parties("1"))
    subject = Subject(data.draw(neighbours(party.primary)), "unknown")
    assume(any(map(str.isalnum, subject.name)))
    alone = compare(subject, party, 0)
    dated = compare(replace(subject, birth_date="1970-05-03"), replace(party, birth_dates=("1970-05-03",)), 0)
    placed = compare(replace(subject, countries=("DE",)), replace(party, countries=("DE",)), 0)
    before = compare(subject, replace(party, birth_dates=(), countries=()), 0)
    if alone is not None and dated is not None and placed is not None and before is not None:
        assert dated.score >= alone.score and placed.score >= alone.score
    assert (before is None) == (alone is None)


@given(asked=DATES.filter(lambda date: "~" not in date and date != "x"), listed=st.lists(DATES, max_size=3))
def test_birth_evidence__one_more_listed_date__never_says_less_for_a_match(asked: str, listed: list[str]) -> None:
    fewer = birth_evidence(asked, [date for date in listed if date][:-1])
    more = birth_evidence(asked, [date for date in listed if date])
    if fewer.rules:
        assert more.change >= fewer.change


@given(asked=CODES, listed=CODES)
def test_country_evidence__any_countries__contradict_only_if_none_is_shared(
    asked: tuple[str, ...], listed: tuple[str, ...]
) -> None:
    found = country_evidence(asked, listed)
    assert (found.change < 0) == bool(asked and listed and not set(asked) & set(listed))


@given(a=NAMES, b=NAMES)
def test_name_score__parts_on_both_sides_left_over__never_reaches_what_is_indexed(a: str, b: str) -> None:
    scored = name_score(person(a), person(b))
    if "parts_contradict" in scored.rules:
        assert scored.score <= CONTRADICTED


_WRITTEN = (
    *("Ivan", "PETROV", "Jean-Pierre", "al-Rahman", "ash-Shaykh", "O’Neill", "Müller", "XV", "NGO", "R0sneft", "S.p.A"),
    *("A/S", "U.S.", "1st", "Intl", "3%ers", "Ltda", "Compny", "1", "\u0301", "_", "µ"),
)
_JOINS = (" ", "-", ", ", ".", "'", "/", " & ", "  ")


@given(st.lists(st.tuples(st.sampled_from((*SAID, *_WRITTEN)), st.sampled_from(_JOINS), st.booleans()), max_size=6))
def test_readings__words_read_on_their_own__make_the_name_that_is_read_whole(
    pieces: list[tuple[str, str, bool]],
) -> None:
    text = "".join(f"{word.upper() if loud else word}{join}" for word, join, loud in pieces)
    for module, read in ((persons, persons.readings_of_person), (entities, entities.readings_of_entity)):
        by_words = _read_or_refused(read.__wrapped__, text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_of_plain_words", lambda _: None)
            assert _read_or_refused(read.__wrapped__, text) == by_words


def _read_or_refused(read: Callable[[str], tuple[Name, ...]], text: str) -> tuple[Name, ...] | str:
    try:
        return read(text)
    except ScreeningError as error:
        return str(error)
