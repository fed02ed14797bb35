"""Names: in the two parts that Onfido asks for, and of a document against the register. Nothing is logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keepers.compliance.kyc.checks import Applicant, DocumentHolder
from keepers.compliance.screening.errors import ScreeningError

if TYPE_CHECKING:
    from keepers.compliance.screening.screen import Subject

_LEAST_WORDS = 2
"""Words of a name that have to agree, if either side has as many."""
_WHOLE_DATE = 10


def applicant_of(subject: Subject) -> Applicant:
    """Returns a person of the register in two names.

    A name with a comma has the family name in front of it; of any other the last word is the family name. A wrong split
    costs a review at the provider, and never a claim.
    """
    family, comma, given = subject.name.partition(",")
    if not comma:
        given, _, family = subject.name.strip().rpartition(" ")
    birth_date = subject.birth_date if len(subject.birth_date) == _WHOLE_DATE else ""
    return Applicant(given.strip() or family.strip(), family.strip(), birth_date)


def is_holder(holder: DocumentHolder, subjects: Sequence[Subject]) -> bool:
    """True if a document's holder is a person of the register, under one of the person's names.

    Every word of the shorter name has to stand in the longer one, in Latin letters without marks; two of them, unless
    both names have one. Dates of birth have to agree as far as the register has one.
    """
    return any(_same_name(holder.name, one.name) and _same_birth(holder.birth_date, one.birth_date) for one in subjects)


def _same_name(one: str, other: str) -> bool:
    try:
        words = sorted((_words(one), _words(other)), key=len)
    except ScreeningError:
        return False
    fewest, most = words
    return bool(fewest) and fewest <= most and (len(fewest) >= _LEAST_WORDS or len(most) == 1)


def _words(name: str) -> set[str]:
    # It needs the extra `screening`, which whoever only looks at verifications does without.
    from keepers.compliance.screening.text import checked, folded

    return set(folded(checked(name)).split())


def _same_birth(document: str, register: str) -> bool:
    return not register or (bool(document) and document.startswith(register))
