"""docs/glossary.md: terms in order, each once, in two lines that lead to where the term lives."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[3] / "docs/glossary.md"
_ENTRY = re.compile(r"^\*\*(.+?)\.\*\* ")

# Words that readers of another house would misread: each has an entry.
OWN = (
    "Band (of a share price)",
    "Band (of a signal)",
    "Bound shares",
    "Breaker",
    "Checkpoint",
    "Claimable",
    "Depth",
    "High-water mark, mark",
    "In kind",
    "Locked shares",
    "Loss bucket",
    "Loss budget",
    "Market word",
    "Model",
    "ONCHAINID",
    "Order words",
    "Person",
    "Quorum",
    "Retired",
    "Set aside",
    "Settlement token",
    "Shared ledger",
    "Signal",
    "Step bounds",
    "Tranche",
    "Treasury",
    "Trip",
    "Universe",
    "Venue account",
    "Wallet",
)


def entries(page: str) -> dict[str, list[str]]:
    """Returns the lines of each entry, by its term, in the page's order."""
    found: dict[str, list[str]] = {}
    for block in page.split("\n\n"):
        if term := _ENTRY.match(block):
            assert term[1] not in found, f"{term[1]} stands twice"
            found[term[1]] = block.strip().splitlines()
    return found


ENTRIES = entries(PAGE.read_text(encoding="utf-8"))


def test_entries__of_the_page__are_two_lines_and_lead_to_where_the_term_lives() -> None:
    def fits(lines: list[str]) -> bool:
        plain = [re.sub(r"\]\([^)]*\)", "]", line) for line in lines]
        return len(lines) == 2 and "](" in lines[1] and max(map(len, plain)) <= 140

    assert {term: lines for term, lines in ENTRIES.items() if not fits(lines)} == {}


def test_terms__of_the_page__are_in_alphabetical_order() -> None:
    names = [re.sub(r"\W", " ", term).lower() for term in ENTRIES]
    assert names == sorted(names)


def test_terms__of_our_own__are_all_there() -> None:
    assert set(OWN) <= set(ENTRIES)


def test_entries__term_twice__is_refused() -> None:
    with pytest.raises(AssertionError, match="Mark stands twice"):
        entries("**Mark.** One.\nTwo.\n\n**Mark.** One.\nTwo.\n")
