"""Messages of the Common Reporting Standard: CRS XML Schema 3.0, for the amended standard since 2026."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from keepers.compliance.filings.parties import (
    Correction,
    Header,
    Individual,
    Organisation,
    References,
    TaxNumber,
)
from keepers.compliance.filings.xml import Node, branch, document, leaf, optional
from keepers.schema import Strict

NAMESPACE = "urn:oecd:ties:crs:v3"
VERSION = "3.0"

Amount = Annotated[Decimal, Field(ge=0, max_digits=30, decimal_places=2)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
SelfCertified = Literal["yes", "no", "unknown"]

ACCOUNT_TYPES = {
    "depository": "CRS1101", "custodial": "CRS1102", "insurance": "CRS1103", "interest": "CRS1104",
    "unknown": "CRS1100",
}  # fmt: skip
"""Kinds of accounts; `interest` is an equity or debt interest in an investment entity."""
_PAYMENTS = {"dividends": "CRS501", "interest": "CRS502", "proceeds": "CRS503", "other": "CRS504"}
_CERTIFIED = {"yes": "CRS901", "no": "CRS902", "unknown": "CRS900"}
_CONTROLLER_CERTIFIED = {"yes": "CRS1001", "no": "CRS1002", "unknown": "CRS1000"}
_PROCEDURES = {"new": "CRS1202", "preexisting": "CRS1201", "unknown": "CRS1200"}


class Payment(Strict):
    """A payment on an account."""

    type: Literal["dividends", "interest", "proceeds", "other"]
    amount: Amount
    currency: Currency


class CrsController(Strict):
    """A controlling person, with codes CRS801 to CRS813."""

    individual: Individual
    types: Annotated[tuple[Annotated[str, Field(pattern=r"^CRS8(0\d|1[0-3])$")], ...], Field(min_length=1)]
    self_certified: SelfCertified


class Account(Strict):
    """A reportable account.

    Attributes:
        number: Number of the account.
        number_type: Code of the number, OECD601 to OECD606.
        holder_type: CRS101 to CRS103; only for an organisation.
        closed: True if it was closed in the year; its balance is then 0.
        balance: Balance or value at the end of the year.
    """

    number: Annotated[str, Field(min_length=1, max_length=200)]
    number_type: Annotated[str, Field(pattern=r"^OECD60[1-6]$")] = "OECD605"
    closed: bool = False
    individual: Individual | None = None
    organisation: Organisation | None = None
    holder_type: Annotated[str, Field(pattern=r"^(CRS10[1-3])?$")] = ""
    self_certified: SelfCertified
    controllers: tuple[CrsController, ...] = ()
    balance: Amount
    currency: Currency
    payments: tuple[Payment, ...] = ()
    procedure: Literal["new", "preexisting", "unknown"]
    type: Literal["depository", "custodial", "insurance", "interest", "unknown"]
    joint_holders: Annotated[int, Field(ge=1, le=200)] | None = None
    correction: Correction | None = None

    @model_validator(mode="after")
    def _holder_fits(self) -> Account:
        if (self.individual is None) == (self.organisation is None):
            raise ValueError("a holder is an individual or an organisation")
        if (self.organisation is None) != (not self.holder_type):
            raise ValueError("holder_type stands with an organisation, and with nothing else")
        if bool(self.controllers) != (self.holder_type == "CRS101"):
            raise ValueError("controlling persons stand with holder_type CRS101, and with nothing else")
        return self


class CrsMessage(Strict):
    """A message; one without accounts advises that there is nothing to report."""

    header: Header
    institution: Organisation
    accounts: tuple[Account, ...] = ()

    @model_validator(mode="after")
    def _is_new_or_corrects(self) -> CrsMessage:
        if len({account.correction is None for account in self.accounts}) > 1:
            raise ValueError("new records and corrections belong in two messages")
        return self


def write_crs(message: CrsMessage) -> bytes:
    """Writes a message; the same message gives the same bytes."""
    references = References(message.header, message)
    institution = branch(
        "crs:ReportingFI",
        _organisation_parts(message.institution),
        references.doc_spec("crs:DocSpec", "stf"),
    )
    group = branch("crs:ReportingGroup", (_account(one, references) for one in message.accounts))
    root = branch(
        "crs:CRS_OECD",
        _header(message, references),
        branch("crs:CrsBody", institution, group),
        **{
            "xmlns:crs": NAMESPACE,
            "xmlns:cfc": "urn:oecd:ties:commontypesfatcacrs:v2",
            "xmlns:stf": "urn:oecd:ties:crsstf:v5",
            "xmlns:iso": "urn:oecd:ties:isocrstypes:v1",
            "version": VERSION,
        },
    )
    return document(root)


def _header(message: CrsMessage, references: References) -> Node:
    corrects = any(account.correction for account in message.accounts)
    indic = "CRS703" if not message.accounts else "CRS702" if corrects else "CRS701"
    return message.header.node("crs", "SendingCompanyIN", "CRS", indic, references.message)


def _account(one: Account, references: References) -> Node:
    return branch(
        "crs:AccountReport",
        references.doc_spec("crs:DocSpec", "stf", one.correction),
        leaf(
            "crs:AccountNumber",
            one.number,
            AcctNumberType=one.number_type,
            ClosedAccount="true" if one.closed else None,
        ),
        branch("crs:AccountHolder", leaf("crs:SelfCert", _CERTIFIED[one.self_certified]), _holder(one)),
        (
            branch(
                "crs:ControllingPerson",
                _individual(who.individual),
                (leaf("crs:CtrlgPersonType", code) for code in sorted(who.types)),
                leaf("crs:SelfCert", _CONTROLLER_CERTIFIED[who.self_certified]),
            )
            for who in one.controllers
        ),
        leaf("crs:AccountBalance", f"{one.balance:.2f}", currCode=one.currency),
        (
            branch(
                "crs:Payment",
                leaf("crs:Type", _PAYMENTS[paid.type]),
                leaf("crs:PaymentAmnt", f"{paid.amount:.2f}", currCode=paid.currency),
            )
            for paid in sorted(one.payments, key=lambda paid: (_PAYMENTS[paid.type], paid.currency, paid.amount))
        ),
        leaf("crs:DDProcedure", _PROCEDURES[one.procedure]),
        leaf("crs:AccountType", ACCOUNT_TYPES[one.type]),
        None if one.joint_holders is None else branch("crs:JointAccount", leaf("crs:Number", str(one.joint_holders))),
    )


def _holder(one: Account) -> list[Node]:
    if one.individual is not None:
        return [_individual(one.individual)]
    assert one.organisation is not None
    return [
        branch("crs:Organisation", _organisation_parts(one.organisation)),
        leaf("crs:AcctHolderType", one.holder_type),
    ]


def _individual(one: Individual) -> Node:
    country = branch("crs:CountryInfo", leaf("crs:CountryCode", one.birth_country)) if one.birth_country else None
    return branch(
        "crs:Individual",
        (leaf("crs:ResCountryCode", code) for code in one.residence),
        (_number("crs:TIN", tin) for tin in one.tins),
        branch("crs:Name", leaf("crs:FirstName", one.first_name), leaf("crs:LastName", one.last_name)),
        _address(one),
        branch(
            "crs:BirthInfo",
            leaf("crs:BirthDate", one.born.isoformat()),
            optional("crs:City", one.birth_city),
            country,
        ),
    )


def _organisation_parts(one: Organisation) -> list[Node]:
    return [
        *(leaf("crs:ResCountryCode", code) for code in one.residence),
        *(_number("crs:IN", tin) for tin in one.tins),
        leaf("crs:Name", one.name),
        _address(one),
    ]


def _number(tag: str, tin: TaxNumber) -> Node:
    return leaf(tag, tin.number, issuedBy=tin.issued_by)


def _address(one: Individual | Organisation) -> Node:
    """The address, whose parts are of the types that CRS and FATCA share."""
    node = one.address.node("cfc")
    return Node("crs:Address", node.content, node.attributes)
