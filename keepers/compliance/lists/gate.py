"""The gate: which version of a list may take the place of the last accepted one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from keepers.compliance.lists.errors import Finding, ListError
from keepers.compliance.lists.records import Counts, ListDocument, ListFile

FRESH = 24 * 3600
"""Seconds after which a list that nobody confirmed as the publisher's newest one raises an alarm."""

SHRUNKEN = 0.02
"""Maximum share of records that may be gone from one version to the next."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """The end of a version that was imported by mistake.

    Attributes:
        at: Unix seconds.
        officer: Officer who took it out of use.
        reason: Reason in the officer's words.
    """

    at: int
    officer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A version of a list that was accepted.

    Attributes:
        version: Number of the version in the database.
        list_id: The list.
        format: Format that it was read from.
        published: Publisher's date.
        files: Files that it was read from.
        source_hash: Hash that batches of the chain's list name.
        counts: Numbers of what it holds.
        accepted: Unix seconds of its acceptance.
        checked: Unix seconds at which it was last found to be the publisher's newest.
        doubts: Findings that a person accepted with it.
        retired: Its retirement; None while it counts.
    """

    version: int
    list_id: str
    format: str
    published: str
    files: tuple[ListFile, ...]
    source_hash: str
    counts: Counts
    accepted: int
    checked: int
    doubts: tuple[str, ...] = ()
    retired: Retirement | None = None

    def is_stale(self, now: int) -> bool:
        """True if it was not confirmed for longer than FRESH."""
        return now - self.checked > FRESH

    def alarm(self, now: int) -> str | None:
        """Returns the alarm about its age in one line, or None."""
        if not self.is_stale(now):
            return None
        hours = (now - self.checked) // 3600
        remedy = "fetch and import the publisher's newest file"
        return f"list {self.list_id}: was last confirmed {hours} hours ago, on {self.published} published; {remedy}"


def is_same(new: ListDocument, last: Accepted | None) -> bool:
    """True if a file is the accepted one, byte by byte: it confirms that version and makes no new one."""
    return last is not None and new.source_hash == last.source_hash


def judge(new: ListDocument, last: Accepted | None, now: int) -> Iterator[Finding]:
    """Yields the reasons for which a version should not take the place of the last one, and a note if it is old.

    Args:
        new: The version.
        last: The accepted one; None if there is none.
        now: Unix seconds.

    Raises:
        ListError: If it is older than the accepted one, or of a day to come: that no person can accept.
    """
    age = now - _seconds(new.published)
    if age < -FRESH:
        raise ListError(f"list {new.list_id}", f"is dated {new.published}, which is to come", "correct its date")
    if age > FRESH + _day(new.published):
        days, remedy = age // 86_400, "check that it is the publisher's newest file"
        yield Finding(f"list {new.list_id}", f"was published on {new.published}, {days} days ago", remedy)
    if last is None:
        return
    if _older(new.published, last.published):
        reason = f"was published on {new.published}, before the accepted version of {last.published}"
        raise ListError(f"list {new.list_id}", reason, "fetch the publisher's newest file")
    compared = [("records", new.counts.parties, last.counts.parties)]
    if new.format == last.format:  # Formats of one list differ in the names that they publish.
        compared.append(("names", new.counts.names, last.counts.names))
    compared.append(("EVM addresses", new.counts.wallets, last.counts.wallets))
    for what, now, before in compared:
        if before - now > SHRUNKEN * before:
            reason = f"has {now:,} {what}, {(before - now) / before:.1%} fewer than the accepted {before:,}"
            yield Finding(f"list {new.list_id}", reason, "fetch it again, or accept it if they were delisted", True)


def _seconds(published: str) -> int:
    at = datetime.fromisoformat(published)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _day(published: str) -> int:
    """A date without a time may be the end of its day."""
    return 0 if len(published) > 10 else 86_400


def _older(new: str, last: str) -> bool:
    """Compares two publishers' dates, with their times only where both have one."""
    both = len(new) > 10 and len(last) > 10
    return new < last if both else new[:10] < last[:10]
