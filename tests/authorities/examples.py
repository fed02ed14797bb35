"""Reads the worked examples and works their ledgers out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from keepers.compliance.tax.engine import Disposal, Outcome
from keepers.compliance.tax.gains import worked_out
from keepers.compliance.tax.ledger import Entry, Kind
from keepers.compliance.tax.profiles import profile
from keepers.yamlfile import read_mapping

CENTS = 100


@dataclass(frozen=True)
class Example:
    """A worked example.

    Attributes:
        authority: Authority that published it.
        source: Publication, section and number or title.
        read: `text`, `transcription` or `memory`: how its numbers came into the file.
        shows: Rule that it illustrates.
        row: Everything that the file has for it.
    """

    authority: str
    source: str
    read: str
    shows: str
    row: dict[str, Any]

    @property
    def is_ledger(self) -> bool:
        """True if the example is a ledger and not held by a test of its own."""
        return "ledger" in self.row

    @property
    def slack(self) -> int:
        """Cents by which a stated figure may differ: a pound where the text rounds to whole pounds."""
        return CENTS if self.row.get("pounds") else 0


def examples() -> list[Example]:
    """Returns every example, in the order of the file."""
    rows = read_mapping(Path(__file__).with_name("examples.yaml"))["examples"]
    return [Example(row["authority"], row["source"], row["read"], row["shows"], row) for row in rows]


def outcome(example: Example) -> Outcome:
    """Works out the ledger of an example under its profile, as `tax gains` does."""
    entries = [_entry(line, *cells) for line, cells in enumerate(example.row["ledger"], 1)]
    return worked_out(entries, profile(example.row["profile"]), securities=["NOTE"])


def by_sale(found: Outcome) -> list[list[Disposal]]:
    """Returns the pieces of each disposal."""
    return [list(pieces) for _, pieces in groupby(found.disposals, key=lambda one: one.line)]


def figures(pieces: list[Disposal]) -> dict[str, int]:
    """Cost, gain that counts and loss that does not of some pieces, in cents."""
    return {
        "cost": sum(one.cost for one in pieces),
        "gain": sum(one.recognised for one in pieces),
        "disallowed": sum(one.disallowed for one in pieces),
    }


def _entry(line: int, day: date, kind: str, units: int, amount: int, fee: int = 0) -> Entry:
    time = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
    return Entry(line, time, day, Kind(kind), "NOTE", "cold", units, amount * CENTS, fee * CENTS)
