"""Rules of CARF beside its schema; their texts and sources are in rules.yaml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from keepers.compliance.filings.carf import ELEMENTS, NAMESPACE, VERSION
from keepers.compliance.filings.documents import (
    CORRECTED,
    NEW,
    Fault,
    Reader,
    birth_faults,
    document_faults,
    name_faults,
)

_TYPES = "urn:oecd:ties:carfstf:v5"
_DOCUMENTS = {
    "header": "CARF-01", "once": "CARF-04", "prefix": "CARF-05", "missing": "CARF-10", "needless": "CARF-11",
    "twice": "CARF-12", "again": "CARF-13", "mixed": "CARF-14", "message": "CARF-28",
}  # fmt: skip
_FORBIDDEN = ("--", "/*", "&#")


def carf_faults(root: Any) -> Iterator[Fault]:
    """Yields every rule that a message breaks, with the element that breaks it."""
    reader = Reader(root, NAMESPACE, _TYPES)
    yield from _header(reader)
    yield from document_faults(reader, _DOCUMENTS, "RCASP")
    yield from _kinds(reader)
    yield from birth_faults(reader.all(".//m:BirthDate"), reader.text("m:MessageSpec/m:Timestamp"), "CARF-21")
    yield from name_faults(reader, "CARF-27")
    for provider in reader.all(".//m:RCASP"):
        if not reader.all("m:Nexus", provider) and not reader.all("m:OtherNexus", provider):
            yield "CARF-20", provider
    for user in reader.all(".//m:CryptoUsers"):
        yield from _user(reader, user)
    for tin in reader.all(".//m:TIN"):
        unknown = tin.get("unknown") in ("true", "1")
        if not unknown and (not (tin.text or "").strip() or not tin.get("issuedBy")):
            yield "CARF-19", tin
    for element in root.iter():
        text = element.text or ""
        if len(element) == 0 and ((text and not text.strip()) or any(one in text for one in _FORBIDDEN)):
            yield "CARF-26", element


def _header(reader: Reader) -> Iterator[Fault]:
    period = reader.text("m:MessageSpec/m:ReportingPeriod")
    if reader.root.get("version") != VERSION:
        yield "CARF-02", reader.root
    if not period.endswith("-12-31"):
        yield "CARF-03", reader.root
    if reader.text("m:MessageSpec/m:Timestamp")[:10] <= period:
        yield "CARF-24", reader.root


def _kinds(reader: Reader) -> Iterator[Fault]:
    """Finds parts that a message of its kind may not have."""
    indic, users = reader.text("m:MessageSpec/m:MessageTypeIndic"), reader.all(".//m:CryptoUsers")
    if indic == "CARF703" and users:
        yield "CARF-08", users[0]
    if indic in ("CARF701", "CARF702") and not users:
        yield "CARF-09", reader.root
    for spec in reader.all(".//m:DocSpec"):
        kind = reader.text("t:DocTypeIndic", spec)
        if indic == "CARF701" and kind in CORRECTED:
            yield "CARF-06", spec
        if indic == "CARF702" and kind in NEW and spec.getparent().tag.endswith("}CryptoUsers"):
            yield "CARF-07", spec


def _user(reader: Reader, user: Any) -> Iterator[Fault]:
    receiving = reader.text("m:MessageSpec/m:ReceivingCountry")
    homes = [one.text for one in reader.all(".//m:ResCountryCode", user)]
    if receiving not in homes:
        yield "CARF-18", user
    if reader.all("m:UserID/m:Individual", user) and reader.all("m:ControllingPerson", user):
        yield "CARF-25", user
    seen: Counter[tuple[str, ...]] = Counter()
    for group in reader.all("m:RelevantTransactions", user):
        found = [one for name in ELEMENTS.values() for one in reader.all(f"m:{name}", group)]
        if not found:
            yield "CARF-23", group
        for one in found:
            amounts = reader.all("m:Amount", one)
            kinds = [reader.text(f"m:{name}", one) for name in ("ExchangeType", "TransferType", "AltValuation")]
            key = (reader.text("m:CryptoAsset", group), one.tag, *kinds, *(str(a.get("currCode")) for a in amounts))
            seen[key] += 1
            if seen[key] > 1:
                yield "CARF-22", one
            yield from _figures(reader, one)


def _figures(reader: Reader, one: Any) -> Iterator[Fault]:
    for amount in reader.all("m:Amount", one):
        found = _number(amount.text)
        if found is None or found < 0 or found.as_tuple().exponent != -2:
            yield "CARF-15", amount
    for count in reader.all("m:NumberofTransactions", one):
        found = _number(count.text)
        if found is None or found < 1:
            yield "CARF-16", count
    for units in reader.all("m:NumberofUnits", one):
        found = _number(units.text)
        if found is None or found <= 0:
            yield "CARF-17", units


def _number(text: str | None) -> Decimal | None:
    try:
        found = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
