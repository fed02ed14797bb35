"""Messages of the Crypto-Asset Reporting Framework: CARF XML Schema 1.5, which DAC8 uses for the years since 2026.

Transactions of a user are added up by asset, kind and type, as Section II.A(3) of the framework asks. The schema has
one kind of transaction in each `RelevantTransactions`.
"""

from __future__ import annotations

from collections import defaultdict
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

NAMESPACE = "urn:oecd:ties:carf:v1"
VERSION = "1.5"

ELEMENTS = {
    "crypto-in": "CryptoToCryptoIn",
    "crypto-out": "CryptoToCryptoOut",
    "fiat-in": "CryptoFiatIn",
    "fiat-out": "CryptoFiatOut",
    "transfer-in": "CryptoTransferIn",
    "transfer-out": "CryptoTransferOut",
    "transfer-wallet": "TransferWallet",
    "retail": "RRPT",
}
"""Kinds of transactions and their elements, in the order in which a user's are written."""

_TYPES = {
    "crypto-in": "CARF4", "crypto-out": "CARF4", "fiat-in": "CARF4", "fiat-out": "CARF4",
    "transfer-in": "CARF5", "transfer-out": "CARF6",
}  # fmt: skip
_TYPED = ("transfer-in", "transfer-out")
_VALUED = ("transfer-in", "transfer-out", "transfer-wallet")

Kind = Literal[
    "crypto-in", "crypto-out", "fiat-in", "fiat-out", "transfer-in", "transfer-out", "transfer-wallet", "retail"
]
Amount = Annotated[Decimal, Field(ge=0, max_digits=30, decimal_places=2)]
Units = Annotated[Decimal, Field(gt=0, max_digits=60, decimal_places=20)]


class Transaction(Strict):
    """One transaction, or several that were added up.

    Attributes:
        asset: Name of the crypto-asset.
        kind: Kind of transaction.
        type: Code of the schema, such as CARF605; only transfers need one.
        count: Number of transactions.
        amount: Market value or money paid, after fees.
        currency: ISO 4217 code of the amount.
        units: Units of the asset.
        valuation: Code of an alternative valuation, CARF1001 to CARF1004; only for transfers.
    """

    asset: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Kind
    type: Annotated[str, Field(pattern=r"^(CARF[456]\d\d)?$")] = ""
    count: Annotated[int, Field(ge=1)] = 1
    amount: Amount
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    units: Units
    valuation: Annotated[str, Field(pattern=r"^(CARF100[1-4])?$")] = ""

    @model_validator(mode="after")
    def _type_fits(self) -> Transaction:
        if self.kind in _TYPED and not self.type:
            raise ValueError(f"a {self.kind} needs a type")
        if self.type and not self.type.startswith(_TYPES.get(self.kind, "none")):
            raise ValueError(f"the type is none of a {self.kind}")
        if self.valuation and self.kind not in _VALUED:
            raise ValueError(f"a {self.kind} has no alternative valuation")
        return self


class Controller(Strict):
    """A controlling person of an entity, with codes CARF801 to CARF813."""

    individual: Individual
    types: Annotated[tuple[Annotated[str, Field(pattern=r"^CARF8(0\d|1[0-3])$")], ...], Field(min_length=1)]


class User(Strict):
    """A reportable user: an individual, or an entity with its controlling persons."""

    individual: Individual | None = None
    organisation: Organisation | None = None
    controllers: tuple[Controller, ...] = ()
    transactions: Annotated[tuple[Transaction, ...], Field(min_length=1)]
    correction: Correction | None = None

    @model_validator(mode="after")
    def _is_one_party(self) -> User:
        if (self.individual is None) == (self.organisation is None):
            raise ValueError("a user is an individual or an organisation")
        if self.individual is not None and self.controllers:
            raise ValueError("an individual has no controlling persons")
        return self


class Provider(Strict):
    """The reporting service provider and why it reports here (CARF901 to CARF907)."""

    organisation: Organisation
    nexus: Annotated[str, Field(pattern=r"^CARF90[1-7]$")]


class CarfMessage(Strict):
    """A message; one without users advises that there is nothing to report."""

    header: Header
    provider: Provider
    users: tuple[User, ...] = ()

    @model_validator(mode="after")
    def _is_new_or_corrects(self) -> CarfMessage:
        if len({user.correction is None for user in self.users}) > 1:
            raise ValueError("new records and corrections belong in two messages")
        return self


def write_carf(message: CarfMessage) -> bytes:
    """Writes a message; the same message gives the same bytes."""
    references = References(message.header, message)
    body = branch(
        "carf:CARFBody", _provider(message.provider, references), (_user(u, references) for u in message.users)
    )
    root = branch(
        "carf:CARF_OECD",
        _header(message, references),
        body,
        **{
            "xmlns:carf": NAMESPACE,
            "xmlns:stf": "urn:oecd:ties:carfstf:v5",
            "xmlns:iso": "urn:oecd:ties:isocarftypes:v1",
            "version": VERSION,
        },
    )
    return document(root)


def added_up(transactions: tuple[Transaction, ...]) -> list[Transaction]:
    """Adds transactions up by asset, kind, type, currency and valuation, in this order."""
    groups: dict[tuple[str, int, str, str, str], list[Transaction]] = defaultdict(list)
    order = list(ELEMENTS)
    for one in transactions:
        groups[one.asset, order.index(one.kind), one.type, one.currency, one.valuation].append(one)
    return [
        group[0].model_copy(
            update={
                "count": sum(one.count for one in group),
                "amount": sum((one.amount for one in group), Decimal(0)),
                "units": sum((one.units for one in group), Decimal(0)),
            }
        )
        for _, group in sorted(groups.items())
    ]


def _header(message: CarfMessage, references: References) -> Node:
    corrects = any(user.correction for user in message.users)
    indic = "CARF703" if not message.users else "CARF702" if corrects else "CARF701"
    return message.header.node("carf", "SendingEntityIN", "CARF", indic, references.message)


def _provider(provider: Provider, references: References) -> Node:
    return branch(
        "carf:RCASP",
        branch("carf:RCASP_ID", _organisation(provider.organisation)),
        leaf("carf:Nexus", provider.nexus),
        references.doc_spec("carf:DocSpec", "stf"),
    )


def _user(user: User, references: References) -> Node:
    party = _individual(user.individual) if user.individual else _organisation(_entity(user))
    return branch(
        "carf:CryptoUsers",
        branch("carf:UserID", party),
        (
            branch(
                "carf:ControllingPerson",
                _individual(one.individual),
                (leaf("carf:CtrlgPersonType", code) for code in sorted(one.types)),
            )
            for one in user.controllers
        ),
        _transactions(user),
        references.doc_spec("carf:DocSpec", "stf", user.correction),
    )


def _entity(user: User) -> Organisation:
    assert user.organisation is not None
    return user.organisation


def _transactions(user: User) -> list[Node]:
    """One element for each asset and kind."""
    groups: dict[tuple[str, str], list[Node]] = {}
    for one in added_up(user.transactions):
        groups.setdefault((one.asset, one.kind), []).append(_transaction(one))
    return [
        branch("carf:RelevantTransactions", leaf("carf:CryptoAsset", asset), nodes)
        for (asset, _), nodes in groups.items()
    ]


def _transaction(one: Transaction) -> Node:
    kind = "TransferType" if one.kind in _TYPED else "ExchangeType"
    return branch(
        f"carf:{ELEMENTS[one.kind]}",
        optional(f"carf:{kind}", one.type),
        None if one.kind == "transfer-wallet" else leaf("carf:NumberofTransactions", str(one.count)),
        leaf("carf:Amount", f"{one.amount:.2f}", currCode=one.currency),
        leaf("carf:NumberofUnits", plain(one.units)),
        optional("carf:AltValuation", one.valuation),
    )


def plain(number: Decimal) -> str:
    """Writes a number without an exponent and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _tins(tins: tuple[TaxNumber, ...]) -> list[Node]:
    if not tins:
        return [leaf("carf:TIN", "NOTIN", unknown="true")]
    return [leaf("carf:TIN", one.number, issuedBy=one.issued_by) for one in tins]


def _individual(one: Individual) -> Node:
    place = None
    if one.birth_city and one.birth_country:
        country = branch("carf:CountryInfo", leaf("carf:CountryCode", one.birth_country))
        place = branch("carf:BirthPlace", leaf("carf:City", one.birth_city), country)
    return branch(
        "carf:Individual",
        (leaf("carf:ResCountryCode", code) for code in one.residence),
        _tins(one.tins),
        branch("carf:Name", leaf("carf:FirstName", one.first_name), leaf("carf:LastName", one.last_name)),
        one.address.node("carf"),
        branch("carf:BirthInfo", leaf("carf:BirthDate", one.born.isoformat()), place),
    )


def _organisation(one: Organisation) -> Node:
    return branch(
        "carf:Entity",
        (leaf("carf:ResCountryCode", code) for code in one.residence),
        _tins(one.tins),
        leaf("carf:Name", one.name),
        one.address.node("carf"),
    )
