"""Rules of FATCA reports: their structure, and what Publication 5124 and the IRS's pages ask of the values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keepers.compliance.filings.crs_rules import is_iban, is_isin
from keepers.compliance.filings.documents import Fault, Reader, birth_faults
from keepers.compliance.filings.fatca import GIIN, NAMESPACE, OWNED, TYPES, VERSION
from keepers.compliance.filings.structure import Rules, structure

_STRUCTURE = Path(__file__).with_name("fatca_structure.yaml")
_STRUCTURE_RULES = Rules(order="FATCA-01", value="FATCA-02", attribute="FATCA-03")
_FORBIDDEN = ("--", "/*", "&#")
_NEW = ("FATCA1", "FATCA11")
_SPONSORS = ("FATCA607", "FATCA608")
_US_NUMBER = re.compile(r"\d{9}|\d{3}-\d{2}-\d{4}|\d{2}-\d{7}|A{9}", re.ASCII)
_DOC_REF = re.compile(r"[A-Za-z0-9.-]{21,200}")
_NUMBERS = {"OECD601": (is_iban, "FATCA-30"), "OECD603": (is_isin, "FATCA-31")}


def fatca_faults(root: Any, content: bytes) -> Iterator[Fault]:
    """Yields every rule that a report breaks, with the element that breaks it.

    Args:
        root: The outermost element.
        content: The file, in which characters are looked for that the gateway of the IRS refuses anywhere.
    """
    yield from structure(_STRUCTURE, _STRUCTURE_RULES).faults(root)
    reader = Reader(root, NAMESPACE, TYPES)
    yield from _header(reader)
    yield from _documents(reader)
    made = reader.text("m:MessageSpec/t:Timestamp")
    yield from birth_faults(reader.all(".//t:BirthDate"), made, "FATCA-22")
    for body in reader.all("m:FATCA"):
        yield from _filers(reader, body)
        groups = reader.all("m:ReportingGroup", body)
        if not groups and reader.text("m:ReportingFI/m:DocSpec/m:DocTypeIndic", body) in _NEW:
            yield "FATCA-34", body
        for group in groups:
            if not any(reader.all(f"m:{name}", group) for name in ("NilReport", "AccountReport", "PoolReport")):
                yield "FATCA-34", group
    for account in reader.all(".//m:AccountReport"):
        yield from _account(reader, account)
    yield from _texts(reader, content)


def _header(reader: Reader) -> Iterator[Fault]:
    period = reader.text("m:MessageSpec/t:ReportingPeriod")
    if reader.root.get("version") != VERSION:
        yield "FATCA-04", reader.root
    if not re.fullmatch(GIIN, reader.text("m:MessageSpec/t:SendingCompanyIN")):
        yield "FATCA-05", reader.root
    if reader.text("m:MessageSpec/t:ReceivingCountry") != "US":
        yield "FATCA-06", reader.root
    if not period[:10].endswith("-12-31"):
        yield "FATCA-07", reader.root
    if reader.text("m:MessageSpec/t:Timestamp")[:10] <= period[:10]:
        yield "FATCA-08", reader.root
    if not reader.text("m:MessageSpec/t:MessageRefId"):
        yield "FATCA-09", reader.root


def _documents(reader: Reader) -> Iterator[Fault]:
    specs = reader.all(".//m:DocSpec")
    counts = Counter(reader.text("m:DocRefId", spec) for spec in specs)
    changed = Counter(reader.text("m:CorrDocRefId", spec) for spec in specs)
    if len({reader.text("m:DocTypeIndic", spec) for spec in specs}) > 1:
        yield "FATCA-14", specs[0]
    for spec in specs:
        new = reader.text("m:DocTypeIndic", spec) in _NEW
        message, record = reader.text("m:CorrMessageRefId", spec), reader.text("m:CorrDocRefId", spec)
        if counts[reader.text("m:DocRefId", spec)] > 1:
            yield "FATCA-10", spec
        if not new and not (message and record):
            yield "FATCA-12", spec
        if new and (message or record):
            yield "FATCA-13", spec
        if record and changed[record] > 1:
            yield "FATCA-15", spec
    named = {one.text for one in reader.all("m:MessageSpec/t:CorrMessageRefId")}
    if named != {one.text for one in reader.all(".//m:DocSpec/m:CorrMessageRefId")}:
        yield "FATCA-16", reader.root


def _filers(reader: Reader, body: Any) -> Iterator[Fault]:
    giins = []
    for institution in reader.all("m:ReportingFI", body):
        giins += [text for text in _numbers(reader, institution) if re.fullmatch(GIIN, text)]
        if not giins:
            yield "FATCA-17", institution
    for spec in reader.all(".//m:DocSpec", body):
        reference = reader.text("m:DocRefId", spec)
        if not _DOC_REF.fullmatch(reference) or not any(reference.startswith(f"{giin}.") for giin in giins):
            yield "FATCA-11", spec
    sponsors = reader.all(".//m:Sponsor", body)
    for sponsor in sponsors:
        if not any(re.fullmatch(GIIN, text) for text in _numbers(reader, sponsor)):
            yield "FATCA-18", sponsor
        if reader.text("m:FilerCategory", sponsor) not in _SPONSORS:
            yield "FATCA-26", sponsor
    for institution in reader.all("m:ReportingFI", body):
        category = reader.text("m:FilerCategory", institution)
        if bool(category) == bool(sponsors) or category in _SPONSORS:
            yield "FATCA-26", institution


def _account(reader: Reader, account: Any) -> Iterator[Fault]:
    for number in reader.all("m:AccountNumber", account):
        text = (number.text or "").strip()
        if not text:
            yield "FATCA-33", number
        is_valid, rule = _NUMBERS.get(number.get("AcctNumberType", ""), (None, ""))
        if is_valid is not None and not is_valid(text):
            yield rule, number
    kind = reader.text("m:AccountHolder/m:AcctHolderType", account)
    owners = reader.all("m:SubstantialOwner", account)
    if owners and kind not in OWNED:
        yield "FATCA-23", account
    if kind in OWNED and not owners:
        yield "FATCA-24", account
    if kind == "FATCA106":
        yield "FATCA-25", account
    yield from _people(reader, account, kind)
    for amount in (*reader.all("m:AccountBalance", account), *reader.all("m:Payment/m:PaymentAmnt", account)):
        if (amount.text or "").strip().startswith("-"):
            yield "FATCA-27", amount
    paid = Counter(_sum_of(reader, payment) for payment in reader.all("m:Payment", account))
    for payment in reader.all("m:Payment", account):
        if paid[_sum_of(reader, payment)] > 1:
            yield "FATCA-28", payment


def _sum_of(reader: Reader, payment: Any) -> tuple[str, ...]:
    return reader.text("m:Type", payment), *(str(one.get("currCode")) for one in reader.all("m:PaymentAmnt", payment))


def _people(reader: Reader, account: Any, kind: str) -> Iterator[Fault]:
    """Finds faults in the numbers of those who have to be US persons, and of everybody else's numbers."""
    holders = reader.all("m:AccountHolder/*", account)
    parties = [one for one in (*holders, *reader.all("m:SubstantialOwner/*", account)) if _is_party(one)]
    for party in parties:
        entity = party.tag.endswith("}Organisation")
        numbers = [one for one in reader.all("t:TIN", party) if one.get("issuedBy", "US") == "US"]
        holder = party in holders
        if not numbers and (not holder or not entity or kind == "FATCA104"):
            yield "FATCA-20", party
        for number in numbers:
            text = (number.text or "").strip()
            if not _US_NUMBER.fullmatch(text) and not (entity and re.fullmatch(GIIN, text)):
                yield "FATCA-19", number


def _is_party(element: Any) -> bool:
    return str(element.tag).endswith(("}Individual", "}Organisation"))


def _numbers(reader: Reader, party: Any) -> list[str]:
    return [(one.text or "").strip() for one in reader.all("t:TIN", party) if one.get("issuedBy", "US") == "US"]


def _texts(reader: Reader, content: bytes) -> Iterator[Fault]:
    """Finds characters that are refused, and names and places that are empty."""
    found = False
    for element in reader.root.iter():
        text = element.text or ""
        if len(element) == 0 and any(one in text for one in _FORBIDDEN):
            found = True
            yield "FATCA-29", element
    if not found and any(one.encode() in content for one in _FORBIDDEN):
        # A comment, an attribute, or a character that is written as a number.
        yield "FATCA-29", reader.root
    for name, rule in (("FirstName", "FATCA-21"), ("LastName", "FATCA-21"), ("Name", "FATCA-21"), ("City", "FATCA-32")):
        for element in reader.all(f".//t:{name}"):
            if len(element) == 0 and not (element.text or "").strip():
                yield rule, element
    for element in reader.all(".//t:AddressFree"):
        if not (element.text or "").strip():
            yield "FATCA-32", element
