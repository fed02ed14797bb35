"""Persons of the desk's register in the words of IVMS 101.2023."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from keepers.compliance.cases.people import Row
from keepers.compliance.travel.errors import TravelError
from keepers.compliance.travel.ivms import (
    IvmsPerson,
    LegalPerson,
    LegalPersonName,
    LegalPersonNameID,
    LocalLegalPersonNameID,
    LocalNaturalPersonNameID,
    NationalIdentification,
    NaturalPerson,
    NaturalPersonName,
    NaturalPersonNameID,
)

_LATIN = re.compile(r"[ -~]{1,100}")


def identity_of(rows: Sequence[Row], wallet: str, latin: Callable[[str], str]) -> IvmsPerson:
    """Returns a person: the first row's name is the legal one, the others are aliases or trading names.

    A name is the primary identifier as a whole, because the register does not divide names. The customer's identifier
    is what C1 and C4 ask for.

    Args:
        rows: Rows of one person, at least one.
        wallet: Wallet of the transfer.
        latin: Transliteration into ASCII.

    Raises:
        TravelError: If the register does not say whether it is a person or an entity, or a name is too long.
    """
    first = rows[0]
    names = [row.subject.name for row in rows]
    told = [_in_latin(name, first.person, latin) for name in names]
    local = [name for name in names if not _LATIN.fullmatch(name)]
    if first.subject.kind == "person":
        natural = NaturalPersonName(
            nameIdentifier=[
                NaturalPersonNameID(
                    primaryIdentifier=name, naturalPersonNameIdentifierType="ALIA" if number else "LEGL"
                )
                for number, name in enumerate(told)
            ],
            localNameIdentifier=[
                LocalNaturalPersonNameID(primaryIdentifier=name, nameIdentifierType="LEGL") for name in local
            ]
            or None,
        )
        return IvmsPerson(
            naturalPerson=NaturalPerson(name=natural, customerIdentification=first.person[:50]), accountNumber=[wallet]
        )
    if first.subject.kind != "entity":
        raise TravelError(f"person {first.person}", "is neither a person nor an entity", "give kind in the register")
    legal = LegalPersonName(
        nameIdentifier=[
            LegalPersonNameID(legalPersonName=name, legalPersonNameIdentifierType="TRAD" if number else "LEGL")
            for number, name in enumerate(told)
        ],
        localNameIdentifier=[
            LocalLegalPersonNameID(legalPersonName=name, legalPersonNameIdentifierType="LEGL") for name in local
        ]
        or None,
    )
    return IvmsPerson(
        legalPerson=LegalPerson(name=legal, customerIdentification=first.person[:50]), accountNumber=[wallet]
    )


def service_of(legal_name: str, lei: str) -> IvmsPerson:
    """Returns a service by its legal name and its LEI."""
    name = LegalPersonNameID(legalPersonName=legal_name, legalPersonNameIdentifierType="LEGL")
    identifier = NationalIdentification(nationalIdentifier=lei, nationalIdentifierType="LEIX") if lei else None
    legal = LegalPerson(name=LegalPersonName(nameIdentifier=[name]), nationalIdentification=identifier)
    return IvmsPerson(legalPerson=legal)


def _in_latin(name: str, person: str, latin: Callable[[str], str]) -> str:
    found = name if _LATIN.fullmatch(name) else " ".join(latin(name).split())
    if not _LATIN.fullmatch(found):
        reason = "has a name that does not fit 100 Latin letters"
        raise TravelError(f"person {person}", reason, "shorten it in the register")
    return found
