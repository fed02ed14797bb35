"""Screens everybody: the register and the chain's holders against the accepted lists, with cases for the alerts.

Persons are identifiers here, and nobody's name leaves the files.
"""

from __future__ import annotations

import secrets
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepers.compliance.cases import cases as pure
from keepers.compliance.cases.cases import Case, CaseState, Finding, Plan, Verdict, plan_cases
from keepers.compliance.cases.errors import CaseError
from keepers.compliance.cases.ownership import read_stakes
from keepers.compliance.cases.people import Person, Row, persons, read_people
from keepers.compliance.cases.rescreen import owned, screened
from keepers.config import load_config
from keepers.contracts.deployment import load as load_deployment
from keepers.operations.officer_desk import REGISTRY, Desk
from keepers.rpc.node import connect
from keepers.store import Store, lists
from keepers.store import cases as stored

Progress = Callable[[int], None]
_SALT_BYTES = 16


@dataclass(frozen=True)
class Wanted:
    """Sources that everybody is screened with.

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
        plan: Effects of the alerts on the cases.
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
    rows = register(wanted.people)
    registered = {identifier for row in rows for identifier in (row.person, row.onchain_id) if identifier}
    owners = wanted.ownership
    stakes = read_stakes(_text(owners).splitlines(), owners.name, registered) if owners else []
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
    """Returns the holders of every token that are no venues, and the ONCHAINIDs of them and of other wallets."""
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
            if not party.identity.venue
        }
        links: dict[str, str] = {}
        for registry in dict.fromkeys([deployment.address(REGISTRY), *desk.tokens.values()]):
            links |= desk.records(registry).linked(sorted({*holders, *wallets}))
        return sorted(holders), links
    finally:
        node.close()


def register(path: Path) -> list[Row]:
    """Reads the register of people.

    Raises:
        CaseError: If it cannot be used, or everybody on the machine can read it.
    """
    _require_private(path)
    return read_people(_text(path).splitlines(), path.name)


def _require_private(path: Path) -> None:
    """Refuses a register that everybody on the machine can read."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise CaseError(path.name, error.strerror or "cannot be read", "name an existing file") from None
    if mode & stat.S_IRWXO:
        raise CaseError(path.name, "can be read by everybody on this machine", "chmod 600 it")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "is not UTF-8") or "cannot be read"
        raise CaseError(path.name, reason, "name an existing file") from None
