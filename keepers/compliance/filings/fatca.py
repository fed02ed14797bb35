"""Reports of the Foreign Account Tax Compliance Act: FATCA XML Schema 2.0 of the IRS, as Publication 5124 explains it.

A report is what Form 8966 asks for: one financial institution, the accounts that it reports, and pools of accounts.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from keepers.compliance.filings.accounts import (
    Amount,
    Currency,
    Held,
    Payment,
    entity_parts,
    money,
    payment_nodes,
    person_node,
)
from keepers.compliance.filings.parties import Header, Individual, Organisation, References
from keepers.compliance.filings.xml import Node, branch, document, leaf, optional
from keepers.schema import Strict

NAMESPACE = "urn:oecd:ties:fatca:v2"
TYPES = "urn:oecd:ties:stffatcatypes:v2"
VERSION = "2.0"

GIIN = r"[A-NP-Z0-9]{6}\.[A-NP-Z0-9]{5}\.[A-Z]{2}\.[0-9]{3}"
"""A Global Intermediary Identification Number: identifier, category and country, without the letter O in it."""

Giin = Annotated[str, Field(pattern=f"^{GIIN}$")]
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,200}$")]

_CHANGES = {"correct": 2, "void": 3, "amend": 4}
_POOLS = {
    "recalcitrant-us-indicia": "FATCA201", "recalcitrant-no-us-indicia": "FATCA202", "dormant": "FATCA203",
    "nonparticipating": "FATCA204", "recalcitrant-us-persons": "FATCA205", "recalcitrant-passive-nffe": "FATCA206",
}  # fmt: skip
OWNED = ("FATCA101", "FATCA102")
"""Types of holders whose substantial owners are reported: owner-documented institutions and passive entities."""


class Change(Strict):
    """Reference of an earlier record and of its message, and what this record does to it.

    A correction answers an error that the IRS reported about a record, and an amendment does not.
    """

    kind: Literal["correct", "void", "amend"]
    message: Reference
    record: Reference


class Filer(Strict):
    """An institution, or a sponsor, that has a GIIN.

    Attributes:
        category: FATCA601 to FATCA611; only the sponsor's, if there is one.
        change: What happens to its earlier record, in a message that changes records.
    """

    organisation: Organisation
    giin: Giin
    category: Annotated[str, Field(pattern=r"^(FATCA6(0\d|1[01]))?$")] = ""
    change: Change | None = None


class Owner(Strict):
    """A substantial owner in the United States: an individual or an organisation."""

    individual: Individual | None = None
    organisation: Organisation | None = None

    @model_validator(mode="after")
    def _is_one_party(self) -> Owner:
        if (self.individual is None) == (self.organisation is None):
            raise ValueError("an owner is an individual or an organisation")
        return self


class UsAccount(Held):
    """A reportable account.

    Attributes:
        number_type: Code of the number, OECD601 to OECD605.
        holder_type: FATCA101 to FATCA105; only for an organisation.
        owners: Substantial owners; with FATCA101 and FATCA102, and with nothing else.
    """

    number_type: Annotated[str, Field(pattern=r"^OECD60[1-5]$")] = "OECD605"
    holder_type: Annotated[str, Field(pattern=r"^(FATCA10[1-5])?$")] = ""
    owners: tuple[Owner, ...] = ()
    change: Change | None = None

    @model_validator(mode="after")
    def _holder_fits(self) -> UsAccount:
        if (self.individual is None) == (self.organisation is None):
            raise ValueError("a holder is an individual or an organisation")
        if (self.organisation is None) != (not self.holder_type):
            raise ValueError("holder_type stands with an organisation, and with nothing else")
        if bool(self.owners) != (self.holder_type in OWNED):
            raise ValueError("owners stand with holder_type FATCA101 or FATCA102, and with nothing else")
        return self


class Pool(Strict):
    """Accounts that are reported together, with their number and the sum of their balances."""

    type: Literal[
        "recalcitrant-us-indicia",
        "recalcitrant-no-us-indicia",
        "dormant",
        "nonparticipating",
        "recalcitrant-us-persons",
        "recalcitrant-passive-nffe",
    ]
    accounts: Annotated[int, Field(ge=1)]
    balance: Amount
    currency: Currency
    change: Change | None = None


class FatcaMessage(Strict):
    """A report; one without accounts and pools says that there is nothing to report.

    Attributes:
        sponsor: Sponsor that reports for the institution.
        change: What happens to an earlier report that there is nothing to report.
    """

    header: Header
    institution: Filer
    sponsor: Filer | None = None
    accounts: tuple[UsAccount, ...] = ()
    pools: tuple[Pool, ...] = ()
    change: Change | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> FatcaMessage:
        if self.change is not None and (self.accounts or self.pools):
            raise ValueError("change stands with each account and pool, and with the report only if there are none")
        if len({None if change is None else change.kind for change in self.changes}) > 1:
            raise ValueError("every record of a message, the institution's too, is new or changed in the same way")
        return self

    @property
    def changes(self) -> list[Change | None]:
        """The change that each record makes to an earlier one; None for a new one."""
        records: list[UsAccount | Pool | FatcaMessage] = [*self.accounts, *self.pools] or [self]
        filers = [self.institution] if self.sponsor is None else [self.institution, self.sponsor]
        return [one.change for one in (*filers, *records)]


def write_fatca(message: FatcaMessage) -> bytes:
    """Writes a report; the same report gives the same bytes."""
    references = References(message.header, message)
    institution = _filer("ftc:ReportingFI", message.institution, message, references)
    sponsor = None if message.sponsor is None else _filer("ftc:Sponsor", message.sponsor, message, references)
    group = branch("ftc:ReportingGroup", sponsor, _records(message, references))
    root = branch(
        "ftc:FATCA_OECD",
        _header(message, references),
        branch("ftc:FATCA", institution, group),
        **{"xmlns:ftc": NAMESPACE, "xmlns:sfa": TYPES, "version": VERSION},
    )
    return document(root)


def _header(message: FatcaMessage, references: References) -> Node:
    header = message.header
    earlier = sorted({change.message for change in message.changes if change is not None})
    return branch(
        "ftc:MessageSpec",
        optional("sfa:SendingCompanyIN", header.sender),
        leaf("sfa:TransmittingCountry", header.transmitting),
        leaf("sfa:ReceivingCountry", header.receiving),
        leaf("sfa:MessageType", "FATCA"),
        optional("sfa:Contact", header.contact),
        leaf("sfa:MessageRefId", references.message),
        (leaf("sfa:CorrMessageRefId", reference) for reference in earlier),
        leaf("sfa:ReportingPeriod", f"{header.year}-12-31"),
        leaf("sfa:Timestamp", header.time.removesuffix("Z")),
    )


def _doc_spec(message: FatcaMessage, references: References, change: Change | None) -> Node:
    kind = (1 if change is None else _CHANGES[change.kind]) + 10 * message.header.test
    return branch(
        "ftc:DocSpec",
        leaf("ftc:DocTypeIndic", f"FATCA{kind}"),
        leaf("ftc:DocRefId", references.record(f"{message.institution.giin}.{references.digest}")),
        None if change is None else leaf("ftc:CorrMessageRefId", change.message),
        None if change is None else leaf("ftc:CorrDocRefId", change.record),
    )


def _filer(tag: str, one: Filer, message: FatcaMessage, references: References) -> Node:
    """The element about an institution or a sponsor, whose taxpayer number is its GIIN."""
    party = one.organisation
    parts = entity_parts(party.model_copy(update={"tins": ()}), "sfa", "sfa", "TIN")
    homes = len(party.residence)
    return branch(
        tag,
        parts[:homes],
        leaf("sfa:TIN", one.giin, issuedBy="US"),
        (leaf("sfa:TIN", tin.number, issuedBy=tin.issued_by) for tin in party.tins),
        parts[homes:],
        optional("ftc:FilerCategory", one.category),
        _doc_spec(message, references, one.change),
    )


def _records(message: FatcaMessage, references: References) -> list[Node]:
    if not message.accounts and not message.pools:
        spec = _doc_spec(message, references, message.change)
        return [branch("ftc:NilReport", spec, leaf("ftc:NoAccountToReport", "yes"))]
    accounts = [_account(one, _doc_spec(message, references, one.change)) for one in message.accounts]
    return accounts + [_pool(one, _doc_spec(message, references, one.change)) for one in message.pools]


def _account(one: UsAccount, spec: Node) -> Node:
    return branch(
        "ftc:AccountReport",
        spec,
        leaf("ftc:AccountNumber", one.number, AcctNumberType=one.number_type),
        leaf("ftc:AccountClosed", "true") if one.closed else None,
        branch("ftc:AccountHolder", _party(one), optional("ftc:AcctHolderType", one.holder_type)),
        (branch("ftc:SubstantialOwner", _party(owner)) for owner in one.owners),
        money("ftc:AccountBalance", one.balance, one.currency),
        payment_nodes("ftc", "FATCA50", added_up(one.payments)),
    )


def _pool(one: Pool, spec: Node) -> Node:
    return branch(
        "ftc:PoolReport",
        spec,
        leaf("ftc:AccountCount", str(one.accounts)),
        leaf("ftc:AccountPoolReportType", _POOLS[one.type]),
        money("ftc:PoolBalance", one.balance, one.currency),
    )


def _party(one: UsAccount | Owner) -> Node:
    if one.individual is not None:
        return person_node("ftc:Individual", one.individual, "sfa", "sfa")
    assert one.organisation is not None
    return branch("ftc:Organisation", entity_parts(one.organisation, "sfa", "sfa", "TIN"))


def added_up(payments: tuple[Payment, ...]) -> list[Payment]:
    """Adds payments up by type and currency, because the report asks for the aggregate of each type."""
    sums: dict[tuple[str, str], Payment] = {}
    for paid in payments:
        before = sums.get((paid.type, paid.currency))
        total = paid.amount + (before.amount if before else 0)
        sums[paid.type, paid.currency] = paid.model_copy(update={"amount": total})
    return list(sums.values())
