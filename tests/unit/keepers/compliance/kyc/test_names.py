"""Names in two parts, and a document's holder against the register."""

from __future__ import annotations

import pytest

from keepers.compliance.kyc.checks import DocumentHolder
from keepers.compliance.kyc.names import applicant_of, is_holder
from keepers.compliance.screening.screen import Subject


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Jan Maria Kowalski", "Jan Maria", "Kowalski"),
        ("van der Berg, Anna", "Anna", "van der Berg"),
        ("Madonna", "Madonna", "Madonna"),
        (" Anna  Berg ", "Anna", "Berg"),
    ],
)
def test_applicant_of__name__is_in_two_parts(name: str, given: str, family: str) -> None:
    found = applicant_of(Subject(name, "person", "1970"))
    assert (found.given, found.family, found.birth_date) == (given, family, "")
    assert name.strip().split()[0] not in repr(found)


def test_applicant_of__whole_date__is_given() -> None:
    assert applicant_of(Subject("Jan Kowalski", "person", "1970-05-06")).birth_date == "1970-05-06"


@pytest.mark.parametrize(
    ("document", "register", "same"),
    [
        ("JAN MARIA KOWALSKI", "Jan Kowalski", True),
        ("Zbigniew Qwertynski", "Zbigniew Qwertyński", True),
        ("KOWALSKI JAN", "Jan Kowalski", True),
        ("Zhanna Unikalnova", "Жанна Уникальнова", True),
        ("Jan Kowalski", "Jan Nowak", False),
        ("Jan", "Jan Kowalski", False),
        ("Kowalski", "Jan Kowalski", False),
        ("Madonna", "Madonna", True),
        ("", "Jan Kowalski", False),
        ("...", "Jan Kowalski", False),
    ],
)
def test_is_holder__names__agree_in_every_word_of_the_shorter_one(document: str, register: str, same: bool) -> None:
    assert is_holder(DocumentHolder(document, ""), [Subject(register, "person")]) is same


@pytest.mark.parametrize(
    ("document", "register", "same"),
    [
        ("1970-05-06", "1970-05", True),
        ("1970-05-06", "1970-05-06", True),
        ("1970-05-06", "1971", False),
        ("", "1970", False),
    ],
)
def test_is_holder__dates_of_birth__agree_as_far_as_the_register_goes(document: str, register: str, same: bool) -> None:
    assert is_holder(DocumentHolder("Jan Kowalski", document), [Subject("Jan Kowalski", "person", register)]) is same


def test_is_holder__one_of_several_names__is_enough() -> None:
    names = [Subject("Anna Berg", "person"), Subject("Anna Lind", "person")]
    assert is_holder(DocumentHolder("ANNA LIND", ""), names)
