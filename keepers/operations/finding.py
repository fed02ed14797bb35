"""The findings of a look at what a keeper stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line.

    Attributes:
        level: "ok", "warn" for what will become a fault, "fail" for what keeps a bot from its work.
        subject: Thing that was examined.
        found: Observation.
        remedy: Action against a fault; "" if there is none.
    """

    level: Level
    subject: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<5}{self.subject}: {self.found}"
        return f"{line}; {self.remedy}" if self.remedy else line


Findings = Iterator[Finding]
