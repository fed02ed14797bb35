"""The linter: every fault of a message, with the rule behind it and where the rule stands."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from keepers.compliance.filings import carf, crs, fatca
from keepers.compliance.filings.carf_rules import carf_faults
from keepers.compliance.filings.crs_rules import crs_faults
from keepers.compliance.filings.documents import Fault
from keepers.compliance.filings.fatca_rules import fatca_faults
from keepers.compliance.filings.reading import MOST_FINDINGS, Finding, Message, Schema, Unparsed, read_message, where
from keepers.yamlfile import read_mapping

_FORMATS = {carf.NAMESPACE: "CARF", crs.NAMESPACE: "CRS", fatca.NAMESPACE: "FATCA"}
_UNCHECKED = "FATCA-35"


def lint(content: bytes, schema: Schema | None = None, *, without_schema: bool = False) -> list[Finding]:
    """Finds the faults of a message of CARF 1.5, CRS 3.0 or FATCA 2.0.

    Args:
        content: The file.
        schema: The IRS's schema, against which a report of FATCA is held.
        without_schema: True if a report of FATCA without the schema is no finding of its own.

    Returns:
        Findings in the order of the file's lines, at most `MOST_FINDINGS` of the schema and as many of the rules; none
        if the file has no fault. They name elements and never a value.
    """
    try:
        message = read_message(content)
    except Unparsed as fault:
        return [Finding(fault.rule, "message", fault.line, fault.text, "docs/filings.md")]
    name = _FORMATS[message.namespace]
    found: set[Finding] = set()
    if name != "FATCA" or schema is not None:
        found |= set(message.schema_findings(schema if name == "FATCA" else None))
    elif not without_schema:
        found.add(Finding(_UNCHECKED, "message", 0, *rules()[name][_UNCHECKED]))
    for rule, element in islice(_faults(message, name), MOST_FINDINGS):
        text, source = rules()[name][rule]
        found.add(Finding(rule, where(element), element.sourceline or 0, text, source))
    return sorted(found, key=lambda one: (one.line, one.where, one.rule))


def is_held_against_nothing(content: bytes) -> bool:
    """Says whether a file is of a format whose schema is not in this package."""
    try:
        return _FORMATS[read_message(content).namespace] == "FATCA"
    except Unparsed:
        return False


def _faults(message: Message, name: str) -> Iterator[Fault]:
    if name == "FATCA":
        return fatca_faults(message.root, message.content)
    return (carf_faults if name == "CARF" else crs_faults)(message.root)


@cache
def rules() -> dict[str, dict[str, tuple[str, str]]]:
    """Text and source of every rule, by format and code."""
    data = read_mapping(Path(__file__).with_name("rules.yaml"))
    return {name: dict(_rules(section)) for name, section in data.items()}


def _rules(section: dict[str, Any]) -> list[tuple[str, tuple[str, str]]]:
    found = []
    for code, rule in section["rules"].items():
        if isinstance(rule, str):
            found.append((code, (rule, section["source"])))
        else:
            found.append((code, (rule["text"], f"{section['source']}: {rule['source']}")))
    return found
