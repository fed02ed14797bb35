"""Rules of CRS beside its schema: codes of the OECD's status message, whose texts are in rules.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from keepers.compliance.filings.crs import NAMESPACE
from keepers.compliance.filings.documents import (
    CORRECTED,
    NEW,
    Fault,
    Reader,
    birth_faults,
    document_faults,
    name_faults,
)

_TYPES = "urn:oecd:ties:crsstf:v5"
_DOCUMENTS = {
    "header": "50008", "once": "80000", "prefix": "80001", "missing": "80005", "needless": "80004",
    "twice": "80011", "again": "80008", "mixed": "50010", "message": "80006",
}  # fmt: skip
_PAYMENTS = {
    "CRS1101": ("60021", ("CRS502",)),
    "CRS1104": ("60022", ("CRS503", "CRS504")),
    "CRS1103": ("60023", ("CRS503", "CRS504")),
}


def crs_faults(root: Any) -> Iterator[Fault]:
    """Yields every rule that a message breaks, with the element that breaks it."""
    reader = Reader(root, NAMESPACE, _TYPES)
    yield from document_faults(reader, _DOCUMENTS, "ReportingFI")
    yield from _header(reader)
    yield from birth_faults(reader.all(".//m:BirthDate"), reader.text("m:MessageSpec/m:Timestamp"), "60014")
    yield from name_faults(reader, "60004")
    transmitting = reader.text("m:MessageSpec/m:TransmittingCountry")
    for institution in reader.all(".//m:ReportingFI"):
        homes = [one.text for one in reader.all("m:ResCountryCode", institution)]
        if homes and transmitting not in homes:
            yield "60013", institution
    for account in reader.all(".//m:AccountReport"):
        yield from _number(reader, account)
        yield from _holder(reader, account)
        yield from _figures(reader, account)


def _header(reader: Reader) -> Iterator[Fault]:
    indic, accounts = reader.text("m:MessageSpec/m:MessageTypeIndic"), reader.all(".//m:AccountReport")
    if reader.all("m:MessageSpec/m:CorrMessageRefId"):
        yield "80007", reader.root
    if (indic == "CRS703") != (not accounts):
        yield "60015", reader.root
    for spec in reader.all(".//m:AccountReport/m:DocSpec"):
        kind = reader.text("t:DocTypeIndic", spec)
        if (indic == "CRS701" and kind in CORRECTED) or (indic == "CRS702" and kind in NEW):
            yield "80010", spec


def _number(reader: Reader, account: Any) -> Iterator[Fault]:
    kind = reader.text("m:AccountType", account)
    for number in reader.all("m:AccountNumber", account):
        form, text = number.get("AcctNumberType"), (number.text or "").strip()
        if form == "OECD601" and not is_iban(text):
            yield "60000", number
        if form == "OECD603" and not is_isin(text):
            yield "60001", number
        if form == "OECD606" and kind != "CRS1101":
            yield "60017", number
        if form == "OECD601" and kind != "CRS1101":
            yield "60018", number
        if kind == "CRS1103" and form != "OECD605":
            yield "60020", number
    if reader.all("m:AccountHolder/m:EquityInterestType", account) and kind != "CRS1104":
        yield "60019", account


def _holder(reader: Reader, account: Any) -> Iterator[Fault]:
    receiving = reader.text("m:MessageSpec/m:ReceivingCountry")
    kind = reader.text("m:AccountHolder/m:AcctHolderType", account)
    controllers = reader.all("m:ControllingPerson", account)
    if controllers and kind != "CRS101":
        yield "60005", account
    if kind == "CRS101" and not controllers:
        yield "60006", account
    people = reader.all("m:AccountHolder/m:Individual", account)
    if people and receiving not in _homes(reader, people):
        yield "60011", people[0]
    organisations = reader.all("m:AccountHolder/m:Organisation", account)
    others = organisations + [one for who in controllers for one in reader.all("m:Individual", who)]
    if organisations and receiving not in _homes(reader, others):
        yield "60012", organisations[0]


def _homes(reader: Reader, parties: list[Any]) -> list[str | None]:
    return [one.text for party in parties for one in reader.all("m:ResCountryCode", party)]


def _figures(reader: Reader, account: Any) -> Iterator[Fault]:
    for balance in reader.all("m:AccountBalance", account):
        found = _decimal(balance.text)
        if found is not None and found < 0:
            yield "60002", balance
        closed = [one.get("ClosedAccount") in ("true", "1") for one in reader.all("m:AccountNumber", account)]
        if found and any(closed):
            yield "60003", balance
    rule, accepted = _PAYMENTS.get(reader.text("m:AccountType", account), ("", ()))
    for kind in reader.all("m:Payment/m:Type", account):
        if rule and kind.text not in accepted:
            yield rule, kind


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal((text or "").strip())
    except InvalidOperation:
        return None


def is_iban(text: str) -> bool:
    """Says whether a text is an IBAN by its form and check digits (ISO 13616, ISO 7064 MOD 97-10)."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def is_isin(text: str) -> bool:
    """Says whether a text is an ISIN by its form and check digit (ISO 6166, the Luhn algorithm)."""
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", text):
        return False
    digits = "".join(str(int(letter, 36)) for letter in text)
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(sum(divmod(number, 10)) for number in doubled) % 10 == 0
