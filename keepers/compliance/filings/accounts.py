"""Financial accounts, their holders and payments, which CRS and FATCA write alike but for prefixes and codes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from keepers.compliance.filings.parties import Individual, Organisation
from keepers.compliance.filings.xml import Node, branch, leaf, optional
from keepers.schema import Strict

Amount = Annotated[Decimal, Field(ge=0, max_digits=30, decimal_places=2)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

_PAYMENTS = {"dividends": 1, "interest": 2, "proceeds": 3, "other": 4}


class Payment(Strict):
    """A payment on an account."""

    type: Literal["dividends", "interest", "proceeds", "other"]
    amount: Amount
    currency: Currency


class Held(Strict):
    """An account that has a balance, payments, and a person or an entity as its holder.

    Attributes:
        number: Number of the account.
        closed: True if it was closed in the year.
        balance: Balance or value at the end of the year.
    """

    number: Annotated[str, Field(min_length=1, max_length=200)]
    closed: bool = False
    individual: Individual | None = None
    organisation: Organisation | None = None
    balance: Amount
    currency: Currency
    payments: tuple[Payment, ...] = ()


def money(tag: str, amount: Decimal, currency: str) -> Node:
    """An element with an amount of two decimal places and its currency."""
    return leaf(tag, f"{amount:.2f}", currCode=currency)


def payment_nodes(prefix: str, codes: str, payments: Iterable[Payment]) -> list[Node]:
    """Elements `Payment` by type, currency and amount.

    Args:
        prefix: Prefix of the format.
        codes: Beginning of the codes of types, such as `CRS50`.
        payments: The payments.
    """
    ordered = sorted(payments, key=lambda paid: (_PAYMENTS[paid.type], paid.currency, paid.amount))
    return [
        branch(
            f"{prefix}:Payment",
            leaf(f"{prefix}:Type", f"{codes}{_PAYMENTS[paid.type]}"),
            money(f"{prefix}:PaymentAmnt", paid.amount, paid.currency),
        )
        for paid in ordered
    ]


def person_node(tag: str, one: Individual, prefix: str, address: str) -> Node:
    """The element about an individual.

    Args:
        tag: Name of the element.
        one: The individual.
        prefix: Prefix of the elements in it.
        address: Prefix of the parts of the address.
    """
    country = (
        branch(f"{prefix}:CountryInfo", leaf(f"{prefix}:CountryCode", one.birth_country)) if one.birth_country else None
    )
    return branch(
        tag,
        (leaf(f"{prefix}:ResCountryCode", code) for code in one.residence),
        (leaf(f"{prefix}:TIN", tin.number, issuedBy=tin.issued_by) for tin in one.tins),
        branch(
            f"{prefix}:Name", leaf(f"{prefix}:FirstName", one.first_name), leaf(f"{prefix}:LastName", one.last_name)
        ),
        _address(one, prefix, address),
        branch(
            f"{prefix}:BirthInfo",
            leaf(f"{prefix}:BirthDate", one.born.isoformat()),
            optional(f"{prefix}:City", one.birth_city),
            country,
        ),
    )


def entity_parts(one: Organisation, prefix: str, address: str, number: str) -> list[Node]:
    """The elements about an entity; `number` is the name of the one with its taxpayer number."""
    return [
        *(leaf(f"{prefix}:ResCountryCode", code) for code in one.residence),
        *(leaf(f"{prefix}:{number}", tin.number, issuedBy=tin.issued_by) for tin in one.tins),
        leaf(f"{prefix}:Name", one.name),
        _address(one, prefix, address),
    ]


def _address(one: Individual | Organisation, prefix: str, parts: str) -> Node:
    node = one.address.node(parts)
    return Node(f"{prefix}:Address", node.content, node.attributes)
