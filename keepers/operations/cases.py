"""Cases for officers: everybody screened against the accepted lists, alerts reviewed by two.

Persons are identifiers here. A listed party's published name is shown to the officer who asks for a case, and nowhere
else.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keepers.compliance.cases import cases as pure
from keepers.compliance.cases.cases import Case, CaseState, Finding, Plan, Verdict, plan_cases
from keepers.compliance.cases.errors import CaseError
from keepers.compliance.cases.ownership import read_stakes
from keepers.compliance.cases.people import Person, persons, read_people
from keepers.compliance.cases.rescreen import OWNERSHIP, owned, screened
from keepers.compliance.lists.records import ListedParty
from keepers.compliance.officers import officer_name
from keepers.config import load_config
from keepers.contracts.deployment import load as load_deployment
from keepers.operations.officer_desk import REGISTRY, Desk
from keepers.rpc.node import connect
from keepers.store import Store, lists
from keepers.store import cases as stored
from keepers.store.cases import CaseEvent

Progress = Callable[[int], None]
_SALT_BYTES = 16

# -- Screening everybody


@dataclass(frozen=True)
class Wanted:
    """What everybody is screened from.

    Attributes:
        people: Register of people.
        ownership: File of shares; None if there is none.
        threshold: Score from which a name is an alert.
        config: Officer's config, whose chain says who holds and which wallets are one person's; None for no chain.
        dry_run: True to store nothing.
    """

    people: Path
    ownership: Path | None
    threshold: float
    config: Path | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Rescreened:
    """Outcome of a screening of everybody.

    Attributes:
        persons: Number of persons.
        findings: Number of alerts.
        opened: Numbers of the new cases; empty in a dry run.
        plan: What the alerts do to the cases.
        unknown: Holders' wallets that belong to nobody in the register.
        dry_run: True if nothing was stored.
    """

    persons: int
    findings: int
    opened: tuple[int, ...]
    plan: Plan
    unknown: tuple[str, ...]
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        """Returns it as JSON has it."""
        return {
            "persons": self.persons,
            "alerts": self.findings,
            "opened": list(self.opened),
            "to_open": len(self.plan.new),
            "changed": [after.id for _, after in self.plan.changed],
            "kept": self.plan.kept,
            "held_by_memory": self.plan.held,
            "holders_without_a_person": list(self.unknown),
            "dry_run": self.dry_run,
        }

    def lines(self) -> list[str]:
        """Returns it for people."""
        found = [
            f"{self.persons:,} persons, {self.findings:,} alerts: {len(self.plan.new):,} cases opened, "
            f"{len(self.plan.changed):,} changed, {self.plan.kept:,} open already, {self.plan.held:,} held by memory"
        ]
        found += [f"  case {number}" for number in self.opened]
        found += [f"  holder {wallet} is nobody of the register: add its person" for wallet in self.unknown]
        return [*found, *(["Dry run."] if self.dry_run else [])]


def rescreen(store: Store, wanted: Wanted, now: int, progress: Progress = lambda _: None) -> Rescreened:
    """Screens everybody against the newest version of every list, and opens cases; all or nothing.

    Raises:
        KeeperError: If a file, a list or the chain cannot be used.
    """
    rows = read_people(_text(wanted.people).splitlines(), wanted.people.name)
    stakes = read_stakes(_text(wanted.ownership).splitlines(), wanted.ownership.name) if wanted.ownership else []
    versions = lists.newest(store)
    if not versions:
        raise CaseError("the database", "has no list in use", "import one: quantera compliance lists import")
    holders, links = _on_chain(wanted.config, sorted({wallet for row in rows for wallet in row.wallets}))
    people = persons(rows, links)
    parties = [party for version in versions for party in lists.parties(store, version)]
    numbers = {version.list_id: version.version for version in versions}
    findings = screened(people, parties, numbers, wanted.threshold, progress)
    known = stored.all_cases(store)
    findings += owned(people, stakes, _blocked(people, findings, known))
    salts = [secrets.token_hex(_SALT_BYTES) for _ in findings]
    plan = plan_cases(findings, known, {one.id: one.ids for one in people}, salts, now)
    opened = [] if wanted.dry_run else stored.carry_out(store, plan, now)
    mine = {wallet for person in people for wallet in person.wallets}
    unknown = tuple(sorted(set(holders) - mine))
    return Rescreened(len(people), len(findings), tuple(opened), plan, unknown, wanted.dry_run)


def _blocked(people: Sequence[Person], findings: Sequence[Finding], known: Sequence[Case]) -> set[str]:
    """Persons with an alert that nobody closed as a false positive."""
    ids = {one.id: one.ids for one in people}
    cleared: dict[tuple[str, str], list[Case]] = {}
    for case in known:
        if case.state is CaseState.CLOSED and case.verdict is Verdict.FALSE_POSITIVE:
            cleared.setdefault((case.list_id, case.uid), []).append(case)

    def is_cleared(found: Finding) -> bool:
        mine = [one for one in cleared.get((found.list_id, found.uid), ()) if one.person in ids[found.person]]
        return bool(mine) and pure.covers(mine[-1], found)

    return {found.person for found in findings if not is_cleared(found)}


def _on_chain(config_path: Path | None, wallets: Sequence[str]) -> tuple[list[str], Mapping[str, str]]:
    """Returns the holders of every token, and the ONCHAINIDs of them and of other wallets."""
    if config_path is None:
        return [], {}
    config = load_config(config_path, officer=True)
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    try:
        deployment.verify(node)
        desk = Desk(node, deployment, config.max_log_range, node.latest())
        holders = {
            str(party.address)
            for token in desk.tokens
            for party in desk.token(token)[1].holders(deployment.block)[0]
            if party.address is not None
        }
        links: dict[str, str] = {}
        for registry in dict.fromkeys([deployment.address(REGISTRY), *desk.tokens.values()]):
            links |= desk.records(registry).linked(sorted({*holders, *wallets}))
        return sorted(holders), links
    finally:
        node.close()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "is not UTF-8") or "cannot be read"
        raise CaseError(path.name, reason, "name an existing file") from None


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


def note(store: Store, number: int, words: str, officer: str, now: int) -> Case:
    """Adds a note to a case in any state."""
    found = case(store, number)
    stored.note(store, found, CaseEvent(now, officer_name(officer), "note", _words(words)))
    return found


def decide(store: Store, number: int, verdict: Verdict, words: str, officer: str, now: int) -> Case:
    """Decides about an open case, with a reason."""
    before, name = case(store, number), officer_name(officer)
    after = pure.decide(before, verdict, name, now)
    return _stepped(store, before, after, CaseEvent(now, name, "decided", f"{verdict}: {_words(words)}"))


def approve(store: Store, number: int, verdict: Verdict, officer: str, now: int) -> Case:
    """Approves the decision that the officer has seen; the case is closed."""
    before, name = case(store, number), officer_name(officer)
    after = pure.approve(before, verdict, name, now)
    return _stepped(store, before, after, CaseEvent(now, name, "approved", str(verdict)))


def refuse(store: Store, number: int, words: str, officer: str, now: int) -> Case:
    """Sends a decided case back, with a reason."""
    before, name = case(store, number), officer_name(officer)
    after = pure.refuse(before, name)
    return _stepped(store, before, after, CaseEvent(now, name, "refused", _words(words)))


def _stepped(store: Store, before: Case, after: Case, event: CaseEvent) -> Case:
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
