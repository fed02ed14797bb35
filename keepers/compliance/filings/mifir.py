"""Transaction reports under Article 26 of MiFIR: the 65 fields of RTS 22, checked and as rows.

A report is a mapping of field numbers to texts. The fields, their formats and which of them are in every report are
data in mifir.yaml. This prepares what an approved reporting mechanism or authority takes; it is no ISO 20022 file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from keepers.compliance.countries import NUMERIC
from keepers.compliance.filings.crs_rules import is_isin
from keepers.compliance.filings.errors import FilingError
from keepers.yamlfile import read_mapping

CANCELLED = frozenset({1, 2, 4, 6})
"""Fields of a cancellation."""

_PATTERNS = {
    "MIC": r"[A-Z0-9]{4}",
    "CURRENCY": r"[A-Z]{3}",
    "CFI": r"[A-Z]{6}",
    "DATE": r"\d{4}-\d\d-\d\d",
    "DATETIME": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z",
    "BOOL": r"true|false",
    "NAME": r"[^a-z0-9.\x00-\x1f]{1,140}",
    "TERM": r"\d{1,3}(DAYS|WEEK|MNTH|YEAR)",
}
_VALUES = ("PNDG",)
"""Values that stand alone where a number may be."""
_NATIONAL = re.compile(r"[A-Z]{2}[A-Z0-9]{1,33}")
_PEOPLE = ((7, (9, 10, 11)), (12, (13, 14, 15)), (16, (18, 19, 20)), (21, (22, 23, 24)))
"""Codes of parties, and the fields that a natural person has beside them."""


@dataclass(frozen=True, slots=True)
class FieldOfReport:
    """A field: its number, its name, its format, and whether it is in every report."""

    number: int
    name: str
    format: str
    always: bool


@cache
def fields() -> dict[int, FieldOfReport]:
    """The fields by their number."""
    rows = read_mapping(Path(__file__).with_name("mifir.yaml"))["fields"]
    found = [FieldOfReport(row["number"], row["name"], row["format"], row.get("always", False)) for row in rows]
    return {one.number: one for one in found}


def faults(report: Mapping[int, str]) -> list[tuple[int, str]]:
    """Finds what is wrong with a report.

    Args:
        report: Texts by field number.

    Returns:
        Numbers of fields and what they break; no value of the report is in it.
    """
    if report.get(1) == "CANC":
        wrong = [(number, "is not in a cancellation") for number in sorted(set(report) - CANCELLED)]
        needed = CANCELLED
    else:
        wrong = []
        needed = frozenset(number for number, one in fields().items() if one.always)
    found = wrong + [(number, "is missing") for number in sorted(needed) if not report.get(number)]
    for number, text in sorted(report.items()):
        if number not in fields():
            found.append((number, "is no field of Table 2"))
        elif text and not fits(fields()[number].format, text):
            found.append((number, f"is not {fields()[number].format}"))
    return sorted(found if report.get(1) == "CANC" else found + _conditions(report))


def _conditions(report: Mapping[int, str]) -> list[tuple[int, str]]:
    """Returns the fields that break a condition between fields, each with its fault."""
    found: list[tuple[int, str]] = []
    for code, names in _PEOPLE:
        natural = is_person(report.get(code, ""))
        for name in names:
            if natural and not report.get(name):
                found.append((name, "is missing for a natural person"))
            if not natural and report.get(name):
                found.append((name, "stands with a natural person only"))
    if report.get(36) not in ("XOFF", "XXXX", "SINT", None) and not report.get(3):
        found.append((3, "is missing for a trade on a venue"))
    if report.get(36) in ("XOFF", "XXXX", "SINT") and report.get(3):
        found.append((3, "stands with a trade on a venue only"))
    if not report.get(41) and not (report.get(42) and report.get(43)):
        found.append((41, "is missing, and so are the name and the classification of the instrument"))
    if report.get(25) == "false" and (report.get(26) or report.get(27)):
        found.append((25, "is false although a transmitting firm is named"))
    if report.get(38) and not report.get(39):
        found.append((39, "is missing for an up-front payment"))
    if report.get(7) and report.get(7) == report.get(16):
        found.append((16, "is the buyer too"))
    return found


def fits(form: str, text: str) -> bool:
    """Says whether a text has a format of Table 1, or one of several."""
    if "|" in form:
        return any(fits(one, text) for one in form.split("|"))
    if "," in form or form in _VALUES:
        return text in form.split(",")
    if form.startswith("DECIMAL"):
        return _is_decimal(text, *(int(part) for part in form.removeprefix("DECIMAL-").split("/")))
    if form.startswith("ALPHANUM"):
        return 0 < len(text) <= int(form.removeprefix("ALPHANUM-")) and text == text.strip()
    special = {
        "LEI": is_lei,
        "ISIN": is_isin,
        "COUNTRY": NUMERIC.__contains__,
        "PARTY": _is_party,
        "NATIONAL": is_person,
        "PERSON": _is_doer,
    }
    if form in special:
        return special[form](text)
    return bool(re.fullmatch(_PATTERNS[form], text, re.ASCII)) and (
        form not in ("DATE", "DATETIME") or _is_moment(text)
    )


def is_lei(text: str) -> bool:
    """Says whether a text is an LEI by its form and check digits (ISO 17442, ISO 7064 MOD 97-10)."""
    return (
        bool(re.fullmatch(r"[A-Z0-9]{18}[0-9]{2}", text)) and int("".join(str(int(one, 36)) for one in text)) % 97 == 1
    )


def is_person(text: str) -> bool:
    """Says whether the code of a party is one of a natural person (Annex II): a country and a number."""
    known = text[:2] in NUMERIC and bool(_NATIONAL.fullmatch(text))
    return known and len(text) > 4 and text != "INTC" and not is_lei(text)


def rows(reports: Iterable[Mapping[int, str]]) -> list[dict[str, str]]:
    """Returns a row for every report, with the number and name of each field as its column.

    Raises:
        FilingError: If a report has a fault; it names the report by its number and no value.
    """
    found = []
    for number, report in enumerate(reports, 1):
        wrong = faults(report)
        if wrong:
            field, reason = wrong[0]
            raise FilingError(f"report {number}, field {field}", reason, "correct it; see docs/filings.md")
        found.append(
            {column: report.get(one.number, "") for column, one in zip(columns(), fields().values(), strict=True)}
        )
    return found


def columns() -> list[str]:
    """Headings of a file of reports."""
    return [f"{one.number} {one.name}" for one in fields().values()]


def _is_party(text: str) -> bool:
    return is_lei(text) or text == "INTC" or bool(re.fullmatch(r"[A-Z0-9]{4}", text)) or is_person(text)


def _is_doer(text: str) -> bool:
    """A natural person, or an algorithm by the firm's code, or NORE for a client's decision."""
    return is_person(text) or bool(re.fullmatch(r"[A-Za-z0-9]{1,50}", text))


def _is_decimal(text: str, digits: int, places: int) -> bool:
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return False
    whole, _, fraction = text.removeprefix("-").partition(".")
    return len(whole + fraction) <= digits and len(fraction) <= places


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
