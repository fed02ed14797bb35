"""The linter: every fault of a message, with the rule behind it and where the rule stands."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from keepers.compliance.filings import carf
from keepers.compliance.filings.carf_rules import carf_faults
from keepers.compliance.filings.crs_rules import crs_faults
from keepers.compliance.filings.reading import MOST_FINDINGS, Finding, Unparsed, read_message, where
from keepers.yamlfile import read_mapping


def lint(content: bytes) -> list[Finding]:
    """Finds the faults of a message of CARF 1.5 or CRS 3.0.

    Args:
        content: The file.

    Returns:
        Findings in the order of the file's lines, at most `MOST_FINDINGS` of the schema and as many of the rules; none
        if the file has no fault. They name elements and never a value.
    """
    try:
        message = read_message(content)
    except Unparsed as fault:
        return [Finding(fault.rule, "message", fault.line, fault.text, "docs/filings.md")]
    found = set(message.schema_findings())
    is_carf = message.namespace == carf.NAMESPACE
    faults = (carf_faults if is_carf else crs_faults)(message.root)
    for rule, element in islice(faults, MOST_FINDINGS):
        text, source = rules()["CARF" if is_carf else "CRS"][rule]
        found.add(Finding(rule, where(element), element.sourceline or 0, text, source))
    return sorted(found, key=lambda one: (one.line, one.where, one.rule))


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
