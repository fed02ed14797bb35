"""A case: from an alert to a decision by two officers, and what is remembered of it.

open ──decide──► decided ──approve──► closed
  ▲                │ refuse, or the record changed
  └────────────────┘

A closed case is the memory. It holds back the next alert about the same person and listed party as long as the record
is word for word the one that was judged, and the alert is no stronger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from keepers.compliance.cases.errors import CaseError
from keepers.compliance.officers import require_second

OWNERSHIP = "ownership"
"""List of findings about who owns an entity."""

_ROUNDING = 1e-9


class CaseState(StrEnum):
    """State of a case."""

    OPEN = "open"
    DECIDED = "decided"
    CLOSED = "closed"


class Verdict(StrEnum):
    """Decision about a case."""

    NONE = ""
    MATCH = "match"
    FALSE_POSITIVE = "false-positive"


class Move(StrEnum):
    """Step that changes a case's state."""

    DECIDE = "decide"
    APPROVE = "approve"
    REFUSE = "refuse"
    CHANGE = "change"


MOVES = {
    (CaseState.OPEN, Move.DECIDE): CaseState.DECIDED,
    (CaseState.DECIDED, Move.APPROVE): CaseState.CLOSED,
    (CaseState.DECIDED, Move.REFUSE): CaseState.OPEN,
    (CaseState.DECIDED, Move.CHANGE): CaseState.OPEN,
    (CaseState.OPEN, Move.CHANGE): CaseState.OPEN,
}
"""Every step that there is; anything else is refused."""


@dataclass(frozen=True)
class Finding:
    """An alert about a person, without anything personal.

    Attributes:
        person: Identifier of the person.
        list_id: The list, or "ownership".
        uid: The listed party's identifier.
        version: Number of the list's version; 0 for ownership.
        record: The judged matter, word for word: the published record and the person's identifiers, or the shares.
        score: How sure the match is, between 0 and 1.
        rules: Rules that fired, the one that decided first.
    """

    person: str
    list_id: str
    uid: str
    version: int
    record: str
    score: float
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A case.

    Attributes:
        id: Number; 0 before it is stored.
        person, list_id, uid, version, score, rules: Fields of the `Finding` that it is about.
        salt: Random, 32 hexadecimal digits.
        mark: Salted hash of the record, 64 hexadecimal digits.
        opened: Unix seconds.
        state: State.
        verdict: Decision, which counts once it is approved.
        decided_by, decided: Officer and unix seconds; "" and 0 before.
        approved_by, approved: Another officer and unix seconds; "" and 0 before.
        follows: Number of the closed case whose memory no longer held; 0 if there is none.
        moves: Number of steps so far, so that two officers cannot act on the same state.
    """

    id: int
    person: str
    list_id: str
    uid: str
    version: int
    score: float
    rules: tuple[str, ...]
    salt: str
    mark: str
    opened: int
    state: CaseState = CaseState.OPEN
    verdict: Verdict = Verdict.NONE
    decided_by: str = ""
    decided: int = 0
    approved_by: str = ""
    approved: int = 0
    follows: int = 0
    moves: int = 0


def marked(record: str, salt: str) -> str:
    """Returns the salted hash of a record."""
    return hashlib.blake2b(record.encode(), key=bytes.fromhex(salt), digest_size=32).hexdigest()


def opened(found: Finding, salt: str, now: int, follows: int = 0) -> Case:
    """Returns a new case about a finding."""
    mark = marked(found.record, salt)
    fields = (found.person, found.list_id, found.uid, found.version, found.score, found.rules)
    return Case(0, *fields, salt, mark, now, follows=follows)


def same_record(case: Case, found: Finding) -> bool:
    """True if the record is word for word the one that the case is about."""
    return case.mark == marked(found.record, case.salt)


def covers(case: Case, found: Finding) -> bool:
    """True if a case holds a finding back: the same record, and an alert that is no stronger than the judged one."""
    no_stronger = found.score <= case.score + _ROUNDING and set(found.rules) <= set(case.rules)
    return same_record(case, found) and no_stronger


def changed(case: Case, found: Finding) -> Case:
    """Returns an open or decided case with the finding as it is now: a decision about another record counts no more."""
    state = _moved(case, Move.CHANGE)
    undecided = replace(case, state=state, verdict=Verdict.NONE, decided_by="", decided=0, moves=case.moves + 1)
    mark = marked(found.record, case.salt)
    return replace(undecided, version=found.version, score=found.score, rules=found.rules, mark=mark)


def decide(case: Case, verdict: Verdict, officer: str, now: int) -> Case:
    """Returns a case with an officer's decision, which another one has to approve.

    Raises:
        CaseError: If the case is not open.
    """
    state = _moved(case, Move.DECIDE)
    return replace(case, state=state, verdict=verdict, decided_by=officer, decided=now, moves=case.moves + 1)


def approve(case: Case, verdict: Verdict, officer: str, now: int) -> Case:
    """Returns a closed case.

    Args:
        case: A decided case.
        verdict: Decision that the officer has seen.
        officer: Another officer than the one who decided.
        now: Unix seconds.

    Raises:
        ComplianceError: If the case is not decided, was decided otherwise, or by the same officer.
    """
    state = _moved(case, Move.APPROVE)
    require_second(case.decided_by, officer, f"case {case.id}")
    if verdict is not case.verdict:
        raise CaseError(f"case {case.id}", f"was decided as {case.verdict}, not as {verdict}", "look at it again")
    return replace(case, state=state, approved_by=officer, approved=now, moves=case.moves + 1)


def refuse(case: Case, officer: str) -> Case:
    """Returns a decided case as open again, because a second officer does not agree.

    Raises:
        ComplianceError: If the case is not decided, or by the same officer.
    """
    state = _moved(case, Move.REFUSE)
    require_second(case.decided_by, officer, f"case {case.id}")
    return replace(case, state=state, verdict=Verdict.NONE, decided_by="", decided=0, moves=case.moves + 1)


def _moved(case: Case, move: Move) -> CaseState:
    found = MOVES.get((case.state, move))
    if found is None:
        wanted = " or ".join(sorted({state.value for state, one in MOVES if one is move}))
        raise CaseError(
            f"case {case.id}", f"is {case.state.value}, not {wanted}", "see `quantera compliance cases show`"
        )
    return found


@dataclass(frozen=True)
class Plan:
    """Returns what findings do to the cases that there are.

    Attributes:
        new: Cases to open.
        changed: Cases that stand with another record or a stronger alert now, before and after.
        kept: Findings that an open case is about already.
        held: Findings that the memory of a closed case holds back.
    """

    new: tuple[Case, ...]
    changed: tuple[tuple[Case, Case], ...]
    kept: int
    held: int


def plan_cases(
    findings: Sequence[Finding], known: Sequence[Case], ids: dict[str, frozenset[str]], salts: Sequence[str], now: int
) -> Plan:
    """Works out which cases findings open or change.

    Args:
        findings: Findings, at most one for each person and listed party.
        known: Every case, oldest first.
        ids: All identifiers of each person, by the one that findings name.
        salts: A fresh salt for each finding.
        now: Unix seconds.
    """
    by_party: dict[tuple[str, str], list[Case]] = {}
    for case in known:
        by_party.setdefault((case.list_id, case.uid), []).append(case)
    new, altered, kept, held = [], [], 0, 0
    for found, salt in zip(findings, salts, strict=True):
        mine = [
            case
            for case in by_party.get((found.list_id, found.uid), ())
            if case.person in ids.get(found.person, frozenset({found.person}))
        ]
        active = next((case for case in mine if case.state is not CaseState.CLOSED), None)
        if active is not None and covers(active, found):
            kept += 1
        elif active is not None:
            altered.append((active, changed(active, found)))
        elif mine and covers(mine[-1], found):
            held += 1
        else:
            new.append(opened(found, salt, now, mine[-1].id if mine else 0))
    return Plan(tuple(new), tuple(altered), kept, held)
