"""Lists cut to the published formats, and how tests read them."""

from __future__ import annotations

import io
from pathlib import Path

from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.records import ListDocument, ListedParty

DATA = Path(__file__).parent / "data"
OFAC_FILES = ("sdn.csv", "add.csv", "alt.csv", "sdn_comments.csv")
PUBLISHED = "2026-09-23"

FIRST = "0x7F367cC41522cE07553e823bf3be79A889DEbe1B"
SECOND = "0x901bb9583b24D97e995513C6778dc6888AB6870e"
THIRD = "0xA7e5d5A720f06526557c513402f2e6B5fA20b008"


def bytes_of(name: str) -> bytes:
    """A file of the folder data."""
    return (DATA / name).read_bytes()


def source(name: str, data: bytes | None = None) -> Source:
    """A file of the folder data, or other bytes under its name."""
    return Source(name, io.BytesIO(bytes_of(name) if data is None else data))


def reading(format_: str, *names: str, **more: object) -> tuple[ListDocument, Draft]:
    """The list in files of the folder data."""
    return read(Wanted(format_, **more), [source(name) for name in names])  # type: ignore[arg-type]


def ofac(**changed: bytes) -> tuple[ListDocument, Draft]:
    """OFAC's four files, some of them with other bytes: `sdn_comments=b"…"`."""
    files = [source(name, changed.get(name.removesuffix(".csv"))) for name in OFAC_FILES]
    return read(Wanted("ofac-csv", published=PUBLISHED), files)


def by_uid(document: ListDocument) -> dict[str, ListedParty]:
    """Parties by their numbers."""
    return {party.uid: party for party in document.parties}


def refusing(draft: Draft) -> list[str]:
    """Reason for which a list is refused, in words."""
    return [str(finding) for finding in draft.findings if finding.refuses]
