"""Cases for officers: alerts reviewed by two.

Persons are identifiers here. A listed party's published name is shown to the officer who asks for a case, and nowhere
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from keepers.compliance.cases import cases as pure
from keepers.compliance.cases.cases import OWNERSHIP, Case, Verdict
from keepers.compliance.cases.errors import CaseError
from keepers.compliance.lists.records import ListedParty
from keepers.compliance.officers import officer_name
from keepers.store import Store, lists
from keepers.store import cases as stored
from keepers.store.cases import CaseEvent

# -- Reviewing


def case(store: Store, number: int) -> Case:
    """Returns a case.

    Raises:
        CaseError: If there is none.
    """
    found = stored.case_of(store, number)
    if found is None:
        raise CaseError(f"case {number}", "is not there", "see `quantera compliance cases list --all`")
    return found


# A dry run returns what the step would, after the same checks, and stores nothing.


def note(store: Store, number: int, words: str, officer: str, now: int, *, dry_run: bool = False) -> Case:
    """Adds a note to a case in any state."""
    found = case(store, number)
    event = CaseEvent(now, officer_name(officer), "note", _words(words))
    if not dry_run:
        stored.note(store, found, event)
    return found


def decide(
    store: Store, number: int, verdict: Verdict, words: str, officer: str, now: int, *, dry_run: bool = False
) -> Case:
    """Decides about an open case, with a reason."""
    before, name = case(store, number), officer_name(officer)
    after = pure.decide(before, verdict, name, now)
    return _stepped(store, before, after, CaseEvent(now, name, "decided", f"{verdict}: {_words(words)}"), dry_run)


def approve(store: Store, number: int, verdict: Verdict, officer: str, now: int, *, dry_run: bool = False) -> Case:
    """Approves the decision that the officer has seen; the case is closed."""
    before, name = case(store, number), officer_name(officer)
    after = pure.approve(before, verdict, name, now)
    return _stepped(store, before, after, CaseEvent(now, name, "approved", str(verdict)), dry_run)


def refuse(store: Store, number: int, words: str, officer: str, now: int, *, dry_run: bool = False) -> Case:
    """Sends a decided case back, with a reason."""
    before, name = case(store, number), officer_name(officer)
    after = pure.refuse(before, name)
    return _stepped(store, before, after, CaseEvent(now, name, "refused", _words(words)), dry_run)


def _stepped(store: Store, before: Case, after: Case, event: CaseEvent, dry_run: bool) -> Case:
    if not dry_run:
        stored.move(store, before, after, event)
    return after


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise CaseError("note", "says nothing", "give a reason in words")
    return words


# -- Showing


def shown(store: Store, number: int) -> dict[str, Any]:
    """Returns a case with its steps, and the listed party as it is published if its version is kept."""
    found = case(store, number)
    party = _party(store, found)
    return {
        **as_json(found),
        "listed": None if party is None else _published(party),
        "events": [asdict(one) for one in stored.events(store, number)],
    }


def as_json(found: Case) -> dict[str, Any]:
    """Returns a case as JSON has it."""
    plain = {name: value for name, value in asdict(found).items() if name not in ("salt", "mark", "moves")}
    return {**plain, "state": found.state.value, "verdict": found.verdict.value or None}


def line(found: Case) -> str:
    """Returns a case in a line."""
    said = f"case {found.id}  {found.state.value:<7} {found.person}  {found.list_id} {found.uid}  {found.score:.2f}"
    decision = f"  {found.verdict} by {found.decided_by}" if found.verdict else ""
    return f"{said}  {found.rules[0]}{decision}{f', approved by {found.approved_by}' if found.approved_by else ''}"


def lines(told: Mapping[str, Any], found: Case) -> list[str]:
    """Returns what `shown` found for people."""
    said = [line(found), f"  rules: {', '.join(found.rules)}"]
    if found.follows:
        said.append(f"  follows case {found.follows}, whose memory holds no more")
    if told["listed"]:
        said += [f"  listed {key}: {value}" for key, value in told["listed"].items() if value]
    elif found.list_id != OWNERSHIP:
        said.append(f"  list version {found.version} is not kept any more")
    said += [f"  {_moment(one['at'])} {one['officer']} {one['kind']}: {one['words']}" for one in told["events"]]
    return said


def _party(store: Store, found: Case) -> ListedParty | None:
    version = next((one for one in lists.versions(store, found.list_id) if one.version == found.version), None)
    if version is None or not lists.has_parties(store, version):
        return None
    return next((one for one in lists.parties(store, version) if one.uid == found.uid), None)


def _published(party: ListedParty) -> dict[str, Any]:
    return {
        "names": "; ".join(name.text for name in party.names),
        "birth dates": ", ".join(party.birth_dates),
        "countries": ", ".join(party.countries),
        "programmes": ", ".join(party.programmes),
        "remarks": party.remarks,
    }


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
