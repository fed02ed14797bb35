"""The data model of IVMS 101.2023 and its constraints C1 to C12; a refusal names the element and the constraint.

Source: interVASP data model standard IVMS 101.2023, issue 1 final, sections 5 (components, datatypes) and 6 (entities).
C10, the list of GLEIF's registration authorities, is held to its format only: the list is not part of the package.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

import pydantic
from pydantic import Field, StringConstraints

from keepers.compliance.countries import NUMERIC
from keepers.compliance.travel.errors import TravelError

VERSION = "101.2023"
"""PayloadVersionCode of this standard."""
UNKNOWN = "XX"
"""Country that is not known (WIPO standard ST.3, paragraph 6)."""

_LATIN = r"^[ -~]+$"
Max16Text = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=_LATIN)]
Max35Text = Annotated[str, StringConstraints(min_length=1, max_length=35, pattern=_LATIN)]
Max50Text = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=_LATIN)]
Max70Text = Annotated[str, StringConstraints(min_length=1, max_length=70, pattern=_LATIN)]
Max100Text = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_LATIN)]
Max512Text = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=_LATIN)]
LocalMax100Text = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\n\r]+$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
RegistrationAuthority = Annotated[str, StringConstraints(pattern=r"^RA[0-9]{6}$")]

NaturalNameType = Literal["ALIA", "BIRT", "MAID", "LEGL", "MISC"]
LegalNameType = Literal["LEGL", "SHRT", "TRAD"]
AddressType = Literal["HOME", "BIZZ", "GEOG"]
NationalIdentifierType = Literal["ARNU", "CCPT", "RAID", "DRLC", "FIIN", "TXID", "SOCS", "IDCD", "LEIX", "MISC"]
TransliterationMethod = Literal[
    "arab", "aran", "armn", "cyrl", "deva", "geor", "grek", "hani", "hebr", "kana", "kore", "thai", "othr"
]

_OF_LEGAL_PERSONS = ("RAID", "MISC", "LEIX", "TXID")
_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")
_MOST = 100
"""Maximum number of items of a list that the standard does not bound."""


Model = TypeVar("Model", bound=pydantic.BaseModel)


class Component(pydantic.BaseModel):
    """A part of a message: unknown elements and other types are refused."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class NaturalPersonNameID(Component):
    """A name in Latin letters; the whole of it is primary where it cannot be divided."""

    primaryIdentifier: Max100Text
    secondaryIdentifier: Max100Text | None = None
    naturalPersonNameIdentifierType: NaturalNameType


class LocalNaturalPersonNameID(Component):
    """A name in the letters of its own language."""

    primaryIdentifier: LocalMax100Text
    secondaryIdentifier: LocalMax100Text | None = None
    nameIdentifierType: NaturalNameType


class NaturalPersonName(Component):
    """The names of a natural person."""

    nameIdentifier: Annotated[list[NaturalPersonNameID], Field(min_length=1, max_length=_MOST)]
    localNameIdentifier: Annotated[list[LocalNaturalPersonNameID], Field(max_length=_MOST)] | None = None
    phoneticNameIdentifier: Annotated[list[LocalNaturalPersonNameID], Field(max_length=_MOST)] | None = None


class Address(Component):
    """A postal address."""

    addressType: AddressType
    department: Max50Text | None = None
    subDepartment: Max70Text | None = None
    streetName: Max70Text | None = None
    buildingNumber: Max16Text | None = None
    buildingName: Max35Text | None = None
    floor: Max70Text | None = None
    postBox: Max16Text | None = None
    room: Max70Text | None = None
    postCode: Max16Text | None = None
    townName: Max35Text
    townLocationName: Max35Text | None = None
    districtName: Max35Text | None = None
    countrySubDivision: Max35Text | None = None
    addressLine: Annotated[list[Max70Text], Field(max_length=7)] | None = None
    country: CountryCode


class DateAndPlaceOfBirth(Component):
    """Date, as YYYY-MM-DD, and place of birth."""

    dateOfBirth: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    placeOfBirth: Max70Text


class NationalIdentification(Component):
    """An identifier by an authority."""

    nationalIdentifier: Max35Text
    nationalIdentifierType: NationalIdentifierType
    countryOfIssue: CountryCode | None = None
    registrationAuthority: RegistrationAuthority | None = None


class NaturalPerson(Component):
    """A natural person."""

    name: NaturalPersonName
    geographicAddress: Annotated[list[Address], Field(max_length=_MOST)] | None = None
    nationalIdentification: NationalIdentification | None = None
    customerIdentification: Max50Text | None = None
    dateAndPlaceOfBirth: DateAndPlaceOfBirth | None = None
    countryOfResidence: CountryCode | None = None


class LegalPersonNameID(Component):
    """A name of a legal person in Latin letters."""

    legalPersonName: Max100Text
    legalPersonNameIdentifierType: LegalNameType


class LocalLegalPersonNameID(Component):
    """A name of a legal person in the letters of its own language."""

    legalPersonName: LocalMax100Text
    legalPersonNameIdentifierType: LegalNameType


class LegalPersonName(Component):
    """The names of a legal person."""

    nameIdentifier: Annotated[list[LegalPersonNameID], Field(min_length=1, max_length=_MOST)]
    localNameIdentifier: Annotated[list[LocalLegalPersonNameID], Field(max_length=_MOST)] | None = None
    phoneticNameIdentifier: Annotated[list[LocalLegalPersonNameID], Field(max_length=_MOST)] | None = None


class LegalPerson(Component):
    """A legal person."""

    name: LegalPersonName
    geographicAddress: Annotated[list[Address], Field(max_length=_MOST)] | None = None
    customerIdentification: Max50Text | None = None
    nationalIdentification: NationalIdentification | None = None
    countryOfRegistration: CountryCode | None = None


class IvmsPerson(Component):
    """A natural or a legal person, and accounts, which are wallets here."""

    naturalPerson: NaturalPerson | None = None
    legalPerson: LegalPerson | None = None
    accountNumber: Annotated[list[Max512Text], Field(max_length=_MOST)] | None = None


class Originator(Component):
    """The party that sends."""

    originatorPerson: Annotated[list[IvmsPerson], Field(min_length=1, max_length=_MOST)]


class Beneficiary(Component):
    """The party that receives."""

    beneficiaryPerson: Annotated[list[IvmsPerson], Field(min_length=1, max_length=_MOST)]


class OriginatingVASP(Component):
    """The service of the party that sends."""

    originatingVASP: IvmsPerson | None = None


class BeneficiaryVASP(Component):
    """The service of the party that receives."""

    beneficiaryVASP: IvmsPerson | None = None


class IntermediaryVASP(Component):
    """A service between the two."""

    intermediaryVASP: IvmsPerson
    sequence: Annotated[int, Field(ge=0, lt=10**18)]


class TransferPath(Component):
    """The services between the two, in order."""

    transferPath: Annotated[list[IntermediaryVASP], Field(max_length=_MOST)] | None = None


class PayloadMetadata(Component):
    """The standard that the payload follows, and scripts that were transliterated."""

    transliterationMethod: Annotated[list[TransliterationMethod], Field(max_length=13)] | None = None
    payloadVersion: Literal["101.2023"] = "101.2023"


class IdentityPayload(Component):
    """A payload of IVMS 101.2023."""

    originator: Originator
    beneficiary: Beneficiary
    originatingVASP: OriginatingVASP
    beneficiaryVASP: BeneficiaryVASP | None = None
    transferPath: TransferPath | None = None
    payloadMetadata: PayloadMetadata

    def as_json(self) -> dict[str, Any]:
        """Returns it as JSON has it; elements that are not there are left out."""
        return self.model_dump(exclude_none=True)


def payload_of(given: Any, today: date) -> IdentityPayload:
    """Reads a payload.

    Args:
        given: Parsed JSON.
        today: Day that dates of birth have to be before.

    Raises:
        TravelError: If it breaks the model or a constraint; it names the element and the constraint, and no value.
    """
    payload = _validated(IdentityPayload, given)
    for index, person in enumerate(payload.originator.originatorPerson):
        place = f"originatorPerson.{index}"
        _check_person(person, place, today)
        _check_originator(person, place)
    for index, person in enumerate(payload.beneficiary.beneficiaryPerson):
        _check_person(person, f"beneficiaryPerson.{index}", today)
    services = [("originatingVASP", payload.originatingVASP.originatingVASP)]
    if payload.beneficiaryVASP is not None:
        services.append(("beneficiaryVASP", payload.beneficiaryVASP.beneficiaryVASP))
    path = (payload.transferPath and payload.transferPath.transferPath) or []
    services += [(f"transferPath.{index}", one.intermediaryVASP) for index, one in enumerate(path)]
    for place, service in services:
        if service is not None:
            _check_person(service, place, today)
    if [one.sequence for one in path] != list(range(len(path))):
        raise _broken("transferPath", "C12 SequentialIntegrity: sequence starts at 0 and has no gap")
    return payload


def person_of(given: Any, today: date) -> IvmsPerson:
    """Reads one person, as evidence of the kind `ivms101` holds one.

    Raises:
        TravelError: If it breaks the model or a constraint.
    """
    person = _validated(IvmsPerson, given)
    _check_person(person, "person", today)
    return person


def _validated(model: type[Model], given: Any) -> Model:
    try:
        return model.model_validate(given)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        known = first["type"] != "extra_forbidden"
        # The name of an unknown element may be a person's.
        place = ".".join(map(str, first["loc"] if known else first["loc"][:-1])) or "payload"
        reason = "is missing or does not fit its datatype" if known else "has an element that is not known"
        raise TravelError(f"IVMS101 {place}", reason, "follow IVMS 101.2023, section 5") from None
    except RecursionError:
        raise TravelError("IVMS101 payload", "is nested too deep", "follow IVMS 101.2023") from None


def _broken(place: str, constraint: str) -> TravelError:
    return TravelError(f"IVMS101 {place}", f"breaks {constraint}", "correct it")


def _check_person(person: IvmsPerson, place: str, today: date) -> None:
    natural, legal = person.naturalPerson, person.legalPerson
    if (natural is None) == (legal is None):
        raise _broken(place, "its structure: either naturalPerson or legalPerson")
    if natural is not None:
        names = [one.naturalPersonNameIdentifierType for one in natural.name.nameIdentifier]
        if "LEGL" not in names:
            raise _broken(place, "C6 LegalNamePresentNaturalPerson: one name is of type LEGL")
        _check_birth(natural.dateAndPlaceOfBirth, place, today)
        _check_country(natural.countryOfResidence, f"{place}.countryOfResidence")
        found = natural.nationalIdentification
        _check_country(found.countryOfIssue if found else None, f"{place}.countryOfIssue")
    if legal is not None:
        if "LEGL" not in [one.legalPersonNameIdentifierType for one in legal.name.nameIdentifier]:
            raise _broken(place, "C5 LegalNamePresentLegalPerson: one name is of type LEGL")
        _check_country(legal.countryOfRegistration, f"{place}.countryOfRegistration")
        _check_legal_identifier(legal.nationalIdentification, place)
    for index, address in enumerate(_addresses(person)):
        _check_address(address, f"{place}.geographicAddress.{index}")


def _check_originator(person: IvmsPerson, place: str) -> None:
    kinds = {address.addressType for address in _addresses(person)}
    natural, legal = person.naturalPerson, person.legalPerson
    if natural is not None:
        others = (natural.customerIdentification, natural.nationalIdentification, natural.dateAndPlaceOfBirth)
        if not kinds and not any(others):
            what = "address, customerIdentification, nationalIdentification or dateAndPlaceOfBirth"
            raise _broken(place, f"C1 OriginatorInformationNaturalPerson: {what}")
    if legal is not None and "GEOG" not in kinds and not (legal.customerIdentification or legal.nationalIdentification):
        what = "an address of type GEOG, customerIdentification or nationalIdentification"
        raise _broken(place, f"C4 OriginatorInformationLegalPerson: {what}")


def _check_birth(birth: DateAndPlaceOfBirth | None, place: str, today: date) -> None:
    if birth is None:
        return
    try:
        past = date.fromisoformat(birth.dateOfBirth) < today
    except ValueError:
        past = False
    if not past:
        raise _broken(f"{place}.dateOfBirth", "C2 DateInPast: a day before today")


def _check_country(code: str | None, place: str) -> None:
    if code is not None and code != UNKNOWN and code not in NUMERIC:
        raise _broken(place, "C3 Country: two letters of ISO 3166-1, or XX")


def _check_legal_identifier(found: NationalIdentification | None, place: str) -> None:
    if found is None:
        return
    kind, authority = found.nationalIdentifierType, found.registrationAuthority
    if kind not in _OF_LEGAL_PERSONS:
        raise _broken(place, "C7 ValidNationalIdentifierLegalPerson: RAID, MISC, LEIX or TXID")
    if found.countryOfIssue is not None:
        raise _broken(place, "C9 CompleteNationalIdentifierLegalPerson: no countryOfIssue")
    if (kind == "LEIX") == (authority is not None):
        what = "a registrationAuthority, unless the type is LEIX"
        raise _broken(place, f"C9 CompleteNationalIdentifierLegalPerson: {what}")
    if kind == "LEIX" and not _is_lei(found.nationalIdentifier):
        raise _broken(place, "C11 ValidLEI: 20 characters with the check digits of ISO 17442")


def _check_address(address: Address, place: str) -> None:
    _check_country(address.country, f"{place}.country")
    street = address.streetName and (address.buildingName or address.buildingNumber)
    if not address.addressLine and not street:
        raise _broken(place, "C8 ValidAddress: addressLine, or streetName with buildingName or buildingNumber")


def _addresses(person: IvmsPerson) -> list[Address]:
    one = person.naturalPerson or person.legalPerson
    return list((one and one.geographicAddress) or [])


def _is_lei(text: str) -> bool:
    """True for 20 characters whose value modulo 97 is 1 (ISO 7064, MOD 97-10)."""
    return bool(_LEI.fullmatch(text)) and int("".join(str(int(letter, 36)) for letter in text)) % 97 == 1
