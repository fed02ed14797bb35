"""How names are taken apart."""

from __future__ import annotations

import pytest

from keepers.compliance.screening.entities import entity
from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.parts import GENERIC, LIGHT
from keepers.compliance.screening.persons import person, readings_of_person
from keepers.compliance.screening.text import LONGEST, checked, folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë ØRSTED", "zoe orsted"),
        ("ﬁnance", "finance"),
        ("Владимир", "vladimir"),
        ("Μπάμπης Παπαγγελής", "bampis papangelis"),
        ("O'Brien-Smith", "obrien smith"),
        ("Int’l", "intl"),
        ("عبد الله", "abdullah"),
    ],
)
def test_folded__letters_of_any_script__are_latin_ones_without_marks(text: str, expected: str) -> None:
    assert folded(checked(text)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no letter and no digit"),
        (" .-' ", "holds no letter and no digit"),
        ("Iv\x07an", "holds the control character U+0007 at character 3"),
        ("Iv\ud800an", "holds the control character U+D800 at character 3"),
        ("a" * 10_000, "is too long"),
    ],
)
def test_checked__text_that_is_no_name__is_refused_in_one_line_without_it(text: str, reason: str) -> None:
    with pytest.raises(ScreeningError, match=reason.replace("+", r"\+")) as refused:
        checked(text)
    assert "\n" not in str(refused.value) and "Iv" not in str(refused.value) and "aaa" not in str(refused.value)


def test_checked__longest_name__is_taken() -> None:
    assert checked("a" * LONGEST) == "a" * LONGEST


def test_checked__invisible_marks_and_line_breaks__are_space_or_nothing() -> None:
    assert checked("Iv\u200ban\n\u202eIvanov") == "Ivan Ivanov"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Dr. Rami Makhlouf", ("rami", "makhlouf")),
        ("IBRAHIM, Haji", ("ibrahim",)),
        ("Crown Prince Ahmad Makhlouf", ("ahmad", "makhlouf")),
        ("Prince Rogers", ("prince", "rogers")),
        ("Jason Bishop", ("jason", "bishop")),
        ("AL-SHAYKH, Muhammad", ("shaykh", "muhammad")),
        ("Muhammad AL-SHAYKH", ("muhammad", "shaykh")),
        ("Bashar al-Assad", ("bashar", "assad")),
        ("Alexandre Boris de Pfeffel Johnson", ("alexandre", "boris", "pfeffel", "johnson")),
        ("Ben Netanyahu", ("ben", "netanyahu")),
        ("Abdulaziz Abubakr", ("abdul", "aziz", "abu", "bakr")),
        ("'Abd al-Rahman", ("abd", "rahman")),
        ("Abdullah Ahmad", ("abdullah", "ahmad")),
        ("Salah-al-Din", ("salahdin",)),
        ("Kim Jong-un", ("kim", "jongun")),
        ("JC Juncker", ("j", "c", "juncker")),
        ("I9or Sech1n", ("igor", "sechin")),
        ("Nicolás Maduro LLC", ("nicolas", "maduro")),
        ("John Smith Jr.", ("john", "smith")),
        ("习近平", ("习", "近平")),
        ("محمد بن سلمان", ("mhmd", "slmn")),
        ("al", ("al",)),
    ],
)
def test_person__name_in_any_form__has_its_parts(text: str, parts: tuple[str, ...]) -> None:
    assert person(text).order == parts


def test_person__parts_that_tell_little__weigh_less() -> None:
    name = person("Mohammed Petrovich Makhlouf")
    assert [part.weight for part in name.parts] == [LIGHT, LIGHT, 1.0]


def test_person__word_for_a_father__is_kept_as_a_pair() -> None:
    assert person("Salman bin Muhammad al-Rawi").fathers == {("salman", "mohammed")}


def test_readings__either_end_may_be_the_family__are_two() -> None:
    assert [name.order for name in readings_of_person("Jang Su Han")] == [("jang", "suhan"), ("jangsu", "han")]


def test_readings__comma_behind_the_family__is_one() -> None:
    assert [name.order for name in readings_of_person("Jang, Su Han")] == [("jang", "suhan")]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("LIMITED LIABILITY COMPANY ISKUSSTVO KRASOTY", ("iskusstvo", "krasoty")),
        ("FABERLIC EUROPE Sp. z o.o.", ("faberlic", "europe")),
        ("Tactical Missiles Corporation Joynt Stock Company", ("tactical", "missiles")),
        ("Volkswagen Gesellschaft mit beschränkter Haftung", ("volkswagen",)),
        ("H&M Hennes & Mauritz AB", ("h", "m", "hennes", "mauritz")),
        ("J.P. Morgan & Co.", ("jp", "morgan")),
        ("First Bank Int’l", ("first", "bank", "international")),
        ("U.S. Department of State", ("unitedstates", "department", "state")),
        ("Bank of China (Hong Kong) Limited", ("bank", "china", "hongkong")),
        ("Brigade Fourty-four", ("brigade", "44")),
        ("Capital Partners VIII L.P.", ("capital", "partners", "8")),
        ("3%ers", ("3", "percenters")),
        ("1st Bank", ("first", "bank")),
        ("44th Brigade", ("44", "brigade")),
        ("Forty-fourth Brigade", ("44", "brigade")),
        ("R0sneft", ("rosneft",)),
        ("Loan Trust 2007-AHL1", ("loan", "trust", "2007", "ahl1")),
        ("Limited", ("limited",)),
        ("The The", ("the", "the")),
    ],
)
def test_entity__name_in_any_form__has_its_words(text: str, parts: tuple[str, ...]) -> None:
    assert entity(text).order == parts


def test_entity__generic_words__weigh_less_unless_they_are_all() -> None:
    assert [part.weight for part in entity("Rosneft Trading").parts] == [1.0, GENERIC]
    assert [part.weight for part in entity("Global Trading").parts] == [1.0, 1.0]


def test_entity__legal_forms__are_known_by_class() -> None:
    assert entity("ANO Iskusstvo").legal == {"nonprofit"}
    assert entity("Iskusstvo OOO").legal == {"company"}
