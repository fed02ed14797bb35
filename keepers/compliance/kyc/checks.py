"""Checks as every provider has them: a request, a link for the person, a result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Outcome(StrEnum):
    """Meaning of a provider's answer."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    REVIEW = "review"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True)
class Applicant:
    """The person to check; nothing of it is shown.

    Attributes:
        given, family: Names; either may be "".
        birth_date: "YYYY-MM-DD", "" if the day is not known.
    """

    given: str = field(repr=False)
    family: str = field(repr=False)
    birth_date: str = field(default="", repr=False)


@dataclass(frozen=True)
class CheckRequest:
    """A check that a provider is asked for.

    Attributes:
        reference: Our own name of it, 32 hexadecimal digits that tell nothing.
        workflow: The provider's identifier of the workflow.
        applicant: The person.
        callback: Address for webhooks; "" where the provider has one for all checks.
        link_days: Days for which the person's link is valid.
        asked: Unix seconds at which an officer asked for it.
    """

    reference: str
    workflow: str
    applicant: Applicant = field(repr=False)
    callback: str = field(repr=False)
    link_days: int
    asked: int


@dataclass(frozen=True)
class StartedCheck:
    """A check that a provider has begun.

    Attributes:
        account: The provider's identifier of the person.
        check: The provider's identifier of the check.
        link: Address where the person is checked; who has it can act as the person.
    """

    account: str
    check: str
    link: str = field(repr=False)


@dataclass(frozen=True)
class Expected:
    """The facts by which an answer is known to be about our check.

    Attributes:
        account, check: The provider's identifiers.
        workflow: The provider's identifier of the workflow.
        reference: Our own name of the check.
    """

    account: str
    check: str
    workflow: str
    reference: str


@dataclass(frozen=True)
class DocumentHolder:
    """The person whom the shown document names; nothing of it is shown.

    Attributes:
        name: Names as the document has them, given ones first; "" if they were not read.
        birth_date: "YYYY-MM-DD", "" if it was not read.
    """

    name: str = field(repr=False)
    birth_date: str = field(repr=False)


@dataclass(frozen=True)
class CheckResult:
    """A provider's answer about a check.

    Attributes:
        outcome: Meaning of it.
        label: The provider's own word for it.
        completed: Unix seconds at which the provider finished; 0 while it has not.
        passed: Parts of the check that were passed, by the provider's names.
        holder: Person whom the document names; None where the provider does not say.
        document_expires: Unix seconds at which the document lapses; 0 if that is not known.
        content: The whole answer, for evidence; it is not shown.
    """

    outcome: Outcome
    label: str
    completed: int = 0
    passed: frozenset[str] = frozenset()
    holder: DocumentHolder | None = None
    document_expires: int = 0
    content: bytes = field(default=b"", repr=False)


class IdentityProvider(Protocol):
    """A provider of identity checks.

    Every method raises `ProviderDown` if the work has to wait, `ProviderRefused` if the request will never be taken,
    and `CheckNotKnown` if the provider has no such check or workflow.
    """

    @property
    def name(self) -> str:
        """Name in settings, in the database and in messages."""
        ...

    def find(self, request: CheckRequest) -> StartedCheck | None:
        """Returns the check that was begun for a request whose answer never arrived; None where none is found."""
        ...

    def start(self, request: CheckRequest) -> StartedCheck:
        """Begins a check."""
        ...

    def result(self, expected: Expected) -> CheckResult:
        """Asks how a check stands. An answer about another check is `ProviderRefused`."""
        ...


def member(found: Any, *path: str) -> Any:
    """Returns what stands at a path of JSON objects; None where it does not."""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def text(found: Any, *path: str) -> str:
    """Returns the text at a path of JSON objects, "" where there is none."""
    value = member(found, *path)
    return value if isinstance(value, str) else ""
