"""Parties and the header of messages of the OECD's formats, as people write them in YAML or JSON."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.xml import Node, branch, leaf, optional
from keepers.schema import Strict

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,170}$")]
M = TypeVar("M", bound=BaseModel)


class TaxNumber(Strict):
    """A taxpayer number and the country that issued it."""

    number: Text
    issued_by: Country


class Address(Strict):
    """A postal address; the city is what every format needs."""

    country: Country
    city: Text
    street: str = ""
    building: str = ""
    post_code: str = ""
    subentity: str = ""

    def node(self, prefix: str) -> Node:
        """The element `Address` with its fixed parts."""
        return branch(
            f"{prefix}:Address",
            leaf(f"{prefix}:CountryCode", self.country),
            branch(
                f"{prefix}:AddressFix",
                optional(f"{prefix}:Street", self.street),
                optional(f"{prefix}:BuildingIdentifier", self.building),
                optional(f"{prefix}:PostCode", self.post_code),
                leaf(f"{prefix}:City", self.city),
                optional(f"{prefix}:CountrySubentity", self.subentity),
            ),
        )


class Individual(Strict):
    """A natural person."""

    residence: Annotated[tuple[Country, ...], Field(min_length=1)]
    tins: tuple[TaxNumber, ...] = ()
    first_name: Text
    last_name: Text
    address: Address
    born: date
    birth_city: str = ""
    birth_country: Country | None = None


class Organisation(Strict):
    """An entity."""

    residence: Annotated[tuple[Country, ...], Field(min_length=1)]
    tins: tuple[TaxNumber, ...] = ()
    name: Text
    address: Address


class Correction(Strict):
    """Reference of an earlier record that this one corrects, or deletes."""

    record: Identifier
    delete: bool = False


class Header(Strict):
    """Header of a message.

    Attributes:
        transmitting: Country that the message comes from.
        receiving: Country that it goes to.
        year: Calendar year that is reported.
        timestamp: When the message was made; it is given, so that the same input is the same bytes.
        sender: Identifier of the sender; empty for none.
        contact: Contact; empty for none.
        test: True for test data (OECD11 to OECD13).
    """

    transmitting: Country
    receiving: Country
    year: Annotated[int, Field(ge=2000, le=2100)]
    timestamp: datetime
    sender: str = ""
    contact: str = ""
    test: bool = False

    @model_validator(mode="after")
    def _has_a_zone(self) -> Header:
        if self.timestamp.tzinfo is None:
            raise ValueError("timestamp has no time zone; end it with Z")
        if not 2000 < self.timestamp.year < 2100:
            raise ValueError("timestamp is of another century")
        return self

    @property
    def time(self) -> str:
        """The time stamp in UTC."""
        return self.timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def prefix(self) -> str:
        """Beginning of every reference: sender, year, receiver."""
        return f"{self.transmitting}{self.year}{self.receiving}"

    def node(self, prefix: str, sender: str, kind: str, indic: str, reference: str) -> Node:
        """The element `MessageSpec`.

        Args:
            prefix: Prefix of the format.
            sender: Name of the element that has the sender's identifier.
            kind: `MessageType`.
            indic: `MessageTypeIndic`.
            reference: `MessageRefId`.
        """
        return branch(
            f"{prefix}:MessageSpec",
            optional(f"{prefix}:{sender}", self.sender),
            leaf(f"{prefix}:TransmittingCountry", self.transmitting),
            leaf(f"{prefix}:ReceivingCountry", self.receiving),
            leaf(f"{prefix}:MessageType", kind),
            optional(f"{prefix}:Contact", self.contact),
            leaf(f"{prefix}:MessageRefId", reference),
            leaf(f"{prefix}:MessageTypeIndic", indic),
            leaf(f"{prefix}:ReportingPeriod", f"{self.year}-12-31"),
            leaf(f"{prefix}:Timestamp", self.time),
        )

    def document_type(self, correction: Correction | None) -> str:
        """The `DocTypeIndic` of a record."""
        kind = 1 if correction is None else 3 if correction.delete else 2
        return f"OECD{kind + 10 * self.test}"


class References:
    """References of one message: the same for the same content, and different in another message.

    Args:
        header: Header of the message.
        content: Everything that the message says.
    """

    def __init__(self, header: Header, content: BaseModel) -> None:
        digest = hashlib.sha256(json.dumps(content.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()
        self.digest = digest[:32]
        self.message = f"{header.prefix}-{self.digest}"
        self._header = header
        self._count = 0

    def record(self, start: str) -> str:
        """The next reference of a record, with what it starts with."""
        self._count += 1
        return f"{start}-{self._count:06d}"

    def doc_spec(self, tag: str, namespace: str, correction: Correction | None = None) -> Node:
        """The next `DocSpec`."""
        return branch(
            tag,
            leaf(f"{namespace}:DocTypeIndic", self._header.document_type(correction)),
            leaf(f"{namespace}:DocRefId", self.record(self.message)),
            None if correction is None else leaf(f"{namespace}:CorrDocRefId", correction.record),
        )


def parsed(model: type[M], data: dict[str, Any], where: str) -> M:
    """Reads a message from what a file holds.

    Raises:
        FilingError: If it does not fit; the refusal names the field and never its value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "message"
        # Pydantic's text of a pattern or a type names no value, and our own validators do not either.
        raise FilingError(f"{where}: {field}", first["msg"], "see docs/filings.md") from None
