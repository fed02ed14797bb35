"""A verification of a person: from an officer's request to claims on chain, and when it begins anew.

asked ─begin─► starting ─accept─► pending ─approve─► approved ─sign─► signed ─confirm─► claimed
                                     │ review ▲ │ decline, expire        │ lapse          │ lapse, replace
                                     ▼        │ ▼                        ▼                ▼
                                   review ────┘ declined, expired      lapsed     lapsed, replaced

Waiting is no state: a verification whose provider is down keeps its state, with the time of the next try and the
reason. An officer may withdraw an open one; what cannot go on for good is failed, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from keepers.compliance.kyc.checks import CheckResult, Expected, Outcome, StartedCheck
from keepers.compliance.kyc.errors import KycError
from keepers.compliance.kyc.moments import DAY
from keepers.compliance.kyc.names import is_holder
from keepers.compliance.kyc.settings import Level

if TYPE_CHECKING:
    from keepers.compliance.screening.screen import Subject

SKEW = 300
"""Seconds by which a provider's clock may be ahead of this machine's."""
START_SECONDS = 120
"""Seconds for which nobody else begins a check that somebody is beginning: longer than its requests can take."""
POLLS = (40, 60, 100, 160, 240, 340, 460, 600, 760, 940)
"""Seconds between looks at a check that no webhook told of: the timings that Jumio recommends."""
SLOWEST_POLL = 3600
FIRST_REST, LONGEST_REST = 15, 3600
"""Seconds that work of a provider that is down rests; doubles with each try."""
MOST_UNKNOWN = 10
"""Looks in vain after which a check that the provider does not know is failed."""


class VerificationState(StrEnum):
    """State of a verification."""

    ASKED = "asked"
    STARTING = "starting"
    PENDING = "pending"
    REVIEW = "review"
    APPROVED = "approved"
    SIGNED = "signed"
    CLAIMED = "claimed"
    DECLINED = "declined"
    EXPIRED = "expired"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    REPLACED = "replaced"


class VerificationMove(StrEnum):
    """Step that changes a verification's state."""

    BEGIN = "begin"
    ACCEPT = "accept"
    APPROVE = "approve"
    REVIEW = "review"
    DECLINE = "decline"
    EXPIRE = "expire"
    FAIL = "fail"
    SIGN = "sign"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    REPLACE = "replace"


_State, _Move = VerificationState, VerificationMove

OPEN = (_State.ASKED, _State.STARTING, _State.PENDING, _State.REVIEW, _State.APPROVED, _State.SIGNED)
"""States that something follows by itself, or by an officer; a person has one open verification of a level."""

MOVES: dict[tuple[VerificationState, VerificationMove], VerificationState] = {
    (_State.ASKED, _Move.BEGIN): _State.STARTING,
    (_State.STARTING, _Move.ACCEPT): _State.PENDING,
    (_State.PENDING, _Move.APPROVE): _State.APPROVED,
    (_State.PENDING, _Move.REVIEW): _State.REVIEW,
    (_State.PENDING, _Move.DECLINE): _State.DECLINED,
    (_State.PENDING, _Move.EXPIRE): _State.EXPIRED,
    (_State.REVIEW, _Move.APPROVE): _State.APPROVED,
    (_State.REVIEW, _Move.DECLINE): _State.DECLINED,
    (_State.REVIEW, _Move.EXPIRE): _State.EXPIRED,
    (_State.APPROVED, _Move.SIGN): _State.SIGNED,
    (_State.SIGNED, _Move.CONFIRM): _State.CLAIMED,
    (_State.SIGNED, _Move.LAPSE): _State.LAPSED,
    (_State.CLAIMED, _Move.LAPSE): _State.LAPSED,
    (_State.CLAIMED, _Move.REPLACE): _State.REPLACED,
    **{(state, _Move.WITHDRAW): _State.WITHDRAWN for state in OPEN},
    **{(state, _Move.FAIL): _State.FAILED for state in OPEN if state is not _State.SIGNED},
}
"""Every step that there is; anything else is refused."""


@dataclass(frozen=True)
class Verification:
    """A verification, without anything personal.

    Attributes:
        id: Number; 0 before it is stored.
        reference: Our name of it at the provider, 32 random hexadecimal digits.
        person: Identifier of the person in the register.
        level, provider: Level of the settings, and its provider.
        workflow: The provider's workflow at the time it was asked for.
        onchain_id: ONCHAINID that the claims are about, checksummed.
        asked_by, asked: Officer and unix seconds; `keepers.store.verifications.DESK` for one that began anew by itself.
        state: State.
        reason: Cause of the state, or what it waits for, in a line.
        account, check: The provider's identifiers; "" before.
        link: Address where the person is checked; "" once it is of no use.
        evidence: Address of the result in the folder of evidence.
        completed: Unix seconds at which the provider finished; 0 before.
        expires: Unix seconds from which its claims no longer count; while it is pending, from which its link no longer
            works; 0 before.
        follows: Number of the verification that it renews; 0 if there is none.
        tries: Tries in a row that were in vain.
        next_try: Unix seconds of the next one.
        moves: Number of steps so far, so that two processes cannot act on the same state.
    """

    id: int
    reference: str
    person: str
    level: str
    provider: str
    workflow: str
    onchain_id: str
    asked_by: str
    asked: int
    state: VerificationState = VerificationState.ASKED
    reason: str = ""
    account: str = ""
    check: str = ""
    link: str = field(default="", repr=False)
    evidence: str = ""
    completed: int = 0
    expires: int = 0
    follows: int = 0
    tries: int = 0
    next_try: int = 0
    moves: int = 0

    @property
    def is_open(self) -> bool:
        """True if something follows."""
        return self.state in OPEN

    @property
    def expected(self) -> Expected:
        """The facts that an answer about its check has to have."""
        return Expected(self.account, self.check, self.workflow, self.reference)


@dataclass(frozen=True)
class Judgement:
    """Consequence of a provider's answer.

    Attributes:
        move: Step to take; None to go on waiting.
        reason: Cause, in a line.
        expires: Unix seconds from which claims would no longer count; 0 if there would be none.
    """

    move: VerificationMove | None
    reason: str
    expires: int = 0


def step(before: Verification, move: VerificationMove, reason: str) -> Verification:
    """Returns a verification after a step.

    Raises:
        KycError: If its state does not allow it.
    """
    state = MOVES.get((before.state, move))
    if state is None:
        raise KycError(f"verification {before.id}", f"is {before.state.value}: no {move.value} follows", "look at it")
    # The person's link is worth something only while the provider waits for the person.
    return replace(before, state=state, reason=reason, link="", tries=0, next_try=0, moves=before.moves + 1)


def begin(before: Verification, now: int) -> Verification:
    """Returns one that is about to be begun at the provider, or once more after an interruption."""
    again = before.state is _State.STARTING
    after = replace(before, moves=before.moves + 1) if again else step(before, _Move.BEGIN, "is being begun")
    return replace(after, next_try=now + START_SECONDS)


def accept(before: Verification, found: StartedCheck, now: int, link_days: int) -> Verification:
    """Returns one that the provider has begun.

    Args:
        before: Verification.
        found: The provider's check.
        now: Unix seconds.
        link_days: Days for which the person's link works.
    """
    after = step(before, _Move.ACCEPT, "waits for the person")
    begun = replace(after, account=found.account, check=found.check, link=found.link)
    return replace(begun, next_try=now + POLLS[0], expires=now + link_days * DAY)


def wait(before: Verification, reason: str, now: int, seconds: float | None = None) -> Verification:
    """Returns one whose provider cannot be asked now.

    Args:
        before: Verification.
        reason: Cause, in a line.
        now: Unix seconds.
        seconds: Seconds after which the provider wants to be asked again, if it says so.
    """
    rest = FIRST_REST * 2 ** min(before.tries, 16) if seconds is None else max(seconds, 1)
    next_try = now + int(min(rest, LONGEST_REST)) + 1
    return replace(before, reason=reason, tries=before.tries + 1, next_try=next_try, moves=before.moves + 1)


def look_for(before: Verification, reason: str, now: int) -> Verification | None:
    """Returns one that the provider does not know, to be looked at later; None if it was looked for long enough."""
    tries = before.tries if before.reason == reason else 0
    return None if tries >= MOST_UNKNOWN else look_later(replace(before, tries=tries), reason, now)


def look_later(before: Verification, reason: str, now: int) -> Verification:
    """Returns one that the provider has not finished."""
    pause = POLLS[before.tries] if before.tries < len(POLLS) else SLOWEST_POLL
    return replace(before, reason=reason, tries=before.tries + 1, next_try=now + pause, moves=before.moves + 1)


def wake(before: Verification, now: int) -> Verification:
    """Returns one that a webhook told of: it is looked at now."""
    return replace(before, next_try=now, tries=0, moves=before.moves + 1)


def expiry(result: CheckResult, level: Level) -> int:
    """Returns unix seconds from which the claims of a result no longer count."""
    until = result.completed + level.valid_days * DAY
    return min(until, result.document_expires) if level.document_bounds and result.document_expires else until


def judge(before: Verification, result: CheckResult, level: Level, subjects: Sequence[Subject], now: int) -> Judgement:
    """Returns what follows from a provider's answer.

    Args:
        before: Verification that it is about.
        result: The answer.
        level: Its level.
        subjects: The person's names in the register.
        now: Unix seconds.
    """
    said = f"{before.provider} says {result.label or result.outcome.value}"
    if result.outcome is Outcome.PENDING and before.state is _State.PENDING and now > before.expires + DAY:
        return Judgement(_Move.EXPIRE, f"nobody finished it: {said}, and its link has lapsed; ask for a new one")
    if result.outcome is Outcome.PENDING:
        return Judgement(None, f"waits for the person ({said})")
    if result.outcome is Outcome.EXPIRED:
        return Judgement(_Move.EXPIRE, f"nobody finished it: {said}; ask for a new one")
    if result.outcome is Outcome.FAILED:
        return Judgement(_Move.FAIL, f"{said}; see the provider's dashboard, and ask for a new one")
    if not result.completed:
        return Judgement(_Move.FAIL, f"{said}, and not when it finished; ask for a new one")
    if result.completed > now + SKEW:
        ahead = result.completed - now
        return Judgement(None, f"{said}, {ahead:,} seconds from now: correct this machine's clock")
    if result.outcome is Outcome.DECLINED:
        return Judgement(_Move.DECLINE, said)
    expires = expiry(result, level)
    doubts = [said] if result.outcome is Outcome.REVIEW else _doubts(result, level, subjects, expires, now)
    if result.completed < before.asked - SKEW:
        doubts.append("it was finished before it was asked for, by one of the clocks")
    if doubts:
        return Judgement(_Move.REVIEW, f"two officers decide: {'; '.join(doubts)}", expires)
    return Judgement(_Move.APPROVE, said, expires)


def _doubts(result: CheckResult, level: Level, subjects: Sequence[Subject], expires: int, now: int) -> list[str]:
    """Reasons for which an approved check gives no claim by itself."""
    found = [f"{one.needs} was not passed" for one in level.topics if one.needs and one.needs not in result.passed]
    if result.holder is not None and not is_holder(result.holder, subjects):
        found.append("the document is not of the person in the register, or in another spelling")
    if expires <= now:
        found.append("the document has lapsed")
    return found


def resolved(before: Verification, now: int, *, accepted: bool) -> Verification:
    """Returns one in review after two officers' decision.

    Raises:
        KycError: If it is not in review, or its claims would have lapsed.
    """
    if before.state is not _State.REVIEW:
        raise KycError(
            f"verification {before.id}", f"is {before.state.value}, not review", "decide about one in review"
        )
    if accepted and before.expires <= now:
        raise KycError(f"verification {before.id}", "would give claims that have lapsed", "ask for a new one")
    words = "accepted" if accepted else "declined"
    return step(before, _Move.APPROVE if accepted else _Move.DECLINE, f"{words} by two officers")


def renews(newest: Verification, now: int, reverify_days: int) -> bool:
    """True if a person's newest verification of a level is to begin anew."""
    return newest.state is _State.CLAIMED and now >= newest.expires - reverify_days * DAY
