"""Messages of the Common Reporting Standard: CRS XML Schema 3.0, for the amended standard since 2026."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keepers.compliance.filings.accounts import Held, entity_parts, money, payment_nodes, person_node
from keepers.compliance.filings.parties import Correction, Header, Individual, Organisation, References
from keepers.compliance.filings.xml import Node, branch, document, leaf
from keepers.schema import Strict

NAMESPACE = "urn:oecd:ties:crs:v3"
VERSION = "3.0"

SelfCertified = Literal["yes", "no", "unknown"]

ACCOUNT_TYPES = {
    "depository": "CRS1101", "custodial": "CRS1102", "insurance": "CRS1103", "interest": "CRS1104",
    "unknown": "CRS1100",
}  # fmt: skip
"""Kinds of accounts; `interest` is an equity or debt interest in an investment entity."""
_CERTIFIED = {"yes": "CRS901", "no": "CRS902", "unknown": "CRS900"}
_CONTROLLER_CERTIFIED = {"yes": "CRS1001", "no": "CRS1002", "unknown": "CRS1000"}
_PROCEDURES = {"new": "CRS1202", "preexisting": "CRS1201", "unknown": "CRS1200"}


class CrsController(Strict):
    """A controlling person, with codes CRS801 to CRS813."""

    individual: Individual
    types: Annotated[tuple[Annotated[str, Field(pattern=r"^CRS8(0\d|1[0-3])$")], ...], Field(min_length=1)]
    self_certified: SelfCertified


class Account(Held):
    """A reportable account; the balance of a closed one is 0.

    Attributes:
        number_type: Code of the number, OECD601 to OECD606.
        holder_type: CRS101 to CRS103; only for an organisation.
    """

    number_type: Annotated[str, Field(pattern=r"^OECD60[1-6]$")] = "OECD605"
    holder_type: Annotated[str, Field(pattern=r"^(CRS10[1-3])?$")] = ""
    self_certified: SelfCertified
    controllers: tuple[CrsController, ...] = ()
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
        entity_parts(message.institution, "crs", "cfc", "IN"),
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
                person_node("crs:Individual", who.individual, "crs", "cfc"),
                (leaf("crs:CtrlgPersonType", code) for code in sorted(who.types)),
                leaf("crs:SelfCert", _CONTROLLER_CERTIFIED[who.self_certified]),
            )
            for who in one.controllers
        ),
        money("crs:AccountBalance", one.balance, one.currency),
        payment_nodes("crs", "CRS50", one.payments),
        leaf("crs:DDProcedure", _PROCEDURES[one.procedure]),
        leaf("crs:AccountType", ACCOUNT_TYPES[one.type]),
        None if one.joint_holders is None else branch("crs:JointAccount", leaf("crs:Number", str(one.joint_holders))),
    )


def _holder(one: Account) -> list[Node]:
    if one.individual is not None:
        return [person_node("crs:Individual", one.individual, "crs", "cfc")]
    assert one.organisation is not None
    return [
        branch("crs:Organisation", entity_parts(one.organisation, "crs", "cfc", "IN")),
        leaf("crs:AcctHolderType", one.holder_type),
    ]
