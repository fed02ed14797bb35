"""The journal of an evidence folder: a line for each thing put and each key erased, in a chain of hashes.

The journal holds handles and addresses only. A line that is missing, added or altered breaks the chain; a cut at the
end shows against a head that was noted elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from keepers.compliance.evidence.errors import EvidenceError

GENESIS = "0" * 64
"""Head of an empty journal."""


@dataclass(frozen=True)
class Line:
    """A line of the journal.

    Attributes:
        number: Position, counted from 0.
        at: Unix seconds.
        what: "put" or "erase".
        handle: Person's handle.
        object: Address of the object that was put, or that says who erased the key and why.
        head: Head of the chain after it.
    """

    number: int
    at: int
    what: Literal["put", "erase"]
    handle: str
    object: str
    head: str

    def to_text(self) -> str:
        """Returns it as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))


def following(last: Line | None, at: int, what: Literal["put", "erase"], handle: str, address: str) -> Line:
    """Returns the next line of a journal."""
    number, before = (0, GENESIS) if last is None else (last.number + 1, last.head)
    return Line(number, at, what, handle, address, _head(before, number, at, what, handle, address))


def read_journal(lines: Iterable[str]) -> list[Line]:
    """Reads a journal and follows its chain.

    Raises:
        EvidenceError: If a line is damaged, missing, out of place or altered.
    """
    found: list[Line] = []
    before = GENESIS
    for number, text in enumerate(lines):
        place = f"journal line {number + 1}"
        try:
            given = json.loads(text)
            line = Line(**given)
            head = _head(before, line.number, line.at, line.what, line.handle, line.object)
        except (ValueError, TypeError):
            raise EvidenceError(place, "is damaged", "restore the journal from a backup") from None
        if line.number != number or line.head != head or line.what not in ("put", "erase"):
            raise EvidenceError(place, "does not follow the one before", "it was altered, or one is missing")
        found.append(line)
        before = line.head
    return found


def _head(before: str, number: int, at: int, what: str, handle: str, address: str) -> str:
    words = json.dumps([before, number, at, what, handle, address], separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()
