"""Liftings: accounts that a publisher removed, and that leave the chain's list after two officers and a delay.

asked ──(another officer)──► approved ──(delay, bot)──► lifted. An officer withdraws one before that; it is overtaken
if a list names the account again, or if the account is on chain no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from keepers.compliance.lists.delta import Delta
from keepers.compliance.lists.errors import ListError


class LiftState(StrEnum):
    """State of a lifting."""

    ASKED = "asked"
    APPROVED = "approved"
    LIFTED = "lifted"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Lift:
    """An account that is to leave the chain's list.

    Attributes:
        id: Number in the database.
        account: Checksummed.
        list_id: List that removed it.
        reason: Reason in the words of the officer who asked.
        asked_by: Officer who asked.
        asked: Unix seconds.
        approved_by: Another officer; "" before the approval.
        approved: Unix seconds; 0 before the approval.
        state: State.
        batch_version: Version of the chain's list that its last batch was made for; -1 before the first one.
        batch_source: Hash that the batch names, 64 hexadecimal digits; "" before the first one.
        batch_key: Key of the bot's decision about the batch; "" before the first one.
    """

    id: int
    account: str
    list_id: str
    reason: str
    asked_by: str
    asked: int
    approved_by: str = ""
    approved: int = 0
    state: LiftState = LiftState.ASKED
    batch_version: int = -1
    batch_source: str = ""
    batch_key: str = ""

    def is_due(self, now: int, delay: int) -> bool:
        """True if it was approved so many seconds ago."""
        return self.state is LiftState.APPROVED and now >= self.approved + delay


@dataclass(frozen=True, slots=True)
class LiftBatch:
    """Liftings that one transaction carries out.

    Attributes:
        lifts: Liftings, by their accounts.
        list_id: List that removed the accounts.
        source: Hash that the batch names, 64 hexadecimal digits.
        version: Version of the chain's list that it is made for.
    """

    lifts: tuple[Lift, ...]
    list_id: str
    source: str
    version: int

    @property
    def accounts(self) -> tuple[str, ...]:
        """Accounts in the order of the call."""
        return tuple(one.account for one in self.lifts)


def require_removed(account: str, named: Collection[str], earlier: Mapping[str, str]) -> str:
    """Returns the list that removed an account.

    Args:
        account: Checksummed.
        named: Accounts that the newest versions of the lists name.
        earlier: Account -> list for the accounts that some version in use named.

    Raises:
        ListError: If no publisher removed it.
    """
    if account in named:
        raise ListError(f"account {account}", "is still on a list", "wait until its publisher removes it")
    if account not in earlier:
        reason = "was never on an accepted list, so that no publisher removed it"
        raise ListError(f"account {account}", reason, "see `quantera compliance lift`, which an officer sends")
    return earlier[account]


def overtaken(lifts: Sequence[Lift], plan: Delta) -> list[Lift]:
    """Returns the liftings that are to be closed: named again, or on chain no more."""
    return [one for one in lifts if one.account in plan.named or one.account not in plan.present]


def next_batch(
    due: Sequence[Lift], plan: Delta, sources: Mapping[str, str], version: int, most: int
) -> LiftBatch | None:
    """Returns the batch to send or to go on with; None if there is nothing to lift.

    A batch that was made for the chain's present version goes on as it was, because a scheduled call has to be
    repeated word by word. Any other version makes a new batch.

    Args:
        due: Approved liftings whose delay is over and that no transaction has carried out.
        plan: The chain against the lists; its liftings are what the publishers removed.
        sources: Hash of each list's newest version.
        version: Version of the chain's list.
        most: Maximum number of accounts.
    """
    removed = set(plan.accounts("lift"))
    begun = [one for one in due if one.batch_version == version]
    if begun and all(one.account in removed for one in begun):
        return _batch(begun, begun[0].batch_source, version)
    free = sorted((one for one in due if one.account in removed), key=lambda one: one.list_id)
    for list_id, mine in groupby(free, key=lambda one: one.list_id):
        first = sorted(mine, key=lambda one: one.account)[:most]
        return _batch(first, sources[list_id], version)
    return None


def _batch(lifts: Sequence[Lift], source: str, version: int) -> LiftBatch:
    ordered = tuple(sorted(lifts, key=lambda one: one.account))
    return LiftBatch(ordered, ordered[0].list_id, source, version)
