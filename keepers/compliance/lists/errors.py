"""Refusals of published lists, and what is doubtful about a list without making it useless."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.compliance.errors import ComplianceError


class ListError(ComplianceError):
    """A file that is no list of the wanted format, or is damaged."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is doubtful about a list.

    Attributes:
        value: Thing that the message is about.
        reason: Why that is doubtful, in a few words.
        remedy: Step that would remove the doubt.
        refuses: True if the list is refused, unless a person accepts the finding.
    """

    value: str
    reason: str
    remedy: str
    refuses: bool = False

    def __str__(self) -> str:
        return f"{self.value}: {self.reason}; {self.remedy}"
