"""Identity checks for officers: asked for, looked at, decided about, withdrawn.

Persons are identifiers here. A person's link is shown to the officer who asks for the verification, and nowhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address

from keepers.bots.kyc_register import register_of
from keepers.compliance.arguments import account
from keepers.compliance.kyc import verification as pure
from keepers.compliance.kyc.claims import ECDSA, Claim
from keepers.compliance.kyc.errors import KycError
from keepers.compliance.kyc.moments import DAY, shown
from keepers.compliance.kyc.verification import OPEN, Verification, VerificationState
from keepers.compliance.officers import officer_name, require_second
from keepers.config import Config
from keepers.contracts.onchain_ids import ADD_CLAIM
from keepers.store import Store
from keepers.store import verifications as stored
from keepers.store.verifications import VerificationEvent

if TYPE_CHECKING:
    from keepers.compliance.cases.people import Row

Progress = Callable[[int], None]
_REFERENCE_BYTES = 16
_STANDS = (*OPEN, VerificationState.CLAIMED)


@dataclass(frozen=True)
class Order:
    """Verifications that an officer asks for.

    Attributes:
        persons: Identifiers in the register; none for everybody who has an ONCHAINID and no verification.
        level: Level of the settings.
        identity: ONCHAINID, if the register has none for the one person.
        officer: Officer.
        dry_run: True to record nothing.
    """

    persons: tuple[str, ...]
    level: str
    identity: str
    officer: str
    dry_run: bool


# -- Asking


def ask(
    store: Store, config: Config, order: Order, now: int, progress: Progress = lambda _: None
) -> list[Verification]:
    """Asks for verifications, all or none; the bot takes them up.

    Raises:
        KeeperError: If the level or a person is not there, a person has no ONCHAINID, or has an open verification.
    """
    level = config.kyc.level(order.level)
    if level is None:
        known = ", ".join(sorted(config.kyc.levels)) or "none"
        raise KycError(f"level {order.level}", "is not in kyc.levels", f"choose from: {known}")
    name, rows = officer_name(order.officer), register(config)
    if order.identity and len(order.persons) != 1:
        raise KycError("--identity", "goes with one person", "put the others' ONCHAINIDs into the register")
    wanted = []
    for person in order.persons or _everybody(store, rows, order.level):
        verification = Verification(
            id=0,
            reference=secrets.token_hex(_REFERENCE_BYTES),
            person=person,
            level=order.level,
            provider=level.provider,
            workflow=level.workflow,
            onchain_id=_identity(rows, person, order.identity),
            asked_by=name,
            asked=now,
            reason="waits for the bot",
        )
        _require_none(store, verification)
        wanted.append(verification)
        progress(1)
    return wanted if order.dry_run or not wanted else stored.ask(store, wanted, f"level {order.level}")


def register(config: Config) -> dict[str, list[Row]]:
    """Returns the rows of the register of people by identifier.

    Raises:
        KeeperError: If there is no register, or it cannot be used.
    """
    path = config.desk.people
    if path is None:
        raise KycError("desk.people", "is missing", "name the register of people in the config")
    return register_of(config.at(path))


def _everybody(store: Store, rows: Mapping[str, Sequence[Row]], level: str) -> list[str]:
    """Persons with an ONCHAINID, and neither an open verification of a level nor claims of it on chain."""
    done = {one.person for one in stored.listed(store, _STANDS) if one.level == level}
    return [
        person
        for person, mine in rows.items()
        if person not in done and any(row.onchain_id for row in mine) and mine[0].subject.kind != "entity"
    ]


def _identity(rows: Mapping[str, Sequence[Row]], person: str, given: str) -> str:
    if person not in rows:
        raise KycError("person", "is not in the register", "give the identifier of a row, such as P-17")
    known = {row.onchain_id for row in rows[person] if row.onchain_id}
    wanted = {str(to_checksum_address(account(given, "ONCHAINID")))} if given else known
    if not wanted:
        raise KycError(f"person {person}", "has no ONCHAINID", "give --identity, or add it to the register")
    if len(known | wanted) > 1:
        raise KycError(f"person {person}", "has another ONCHAINID in the register", "correct one of them")
    return wanted.pop()


def _require_none(store: Store, wanted: Verification) -> None:
    newest = stored.newest_of(store, wanted.person, wanted.level)
    if newest is not None and newest.is_open:
        reason = f"has verification {newest.id}, which is {newest.state.value}"
        raise KycError(f"person {wanted.person}", reason, "wait for it, or withdraw it")


# -- Deciding


def verification(store: Store, number: int) -> Verification:
    """Returns a verification.

    Raises:
        KycError: If there is none.
    """
    found = stored.by_id(store, [number])
    if not found:
        raise KycError(f"verification {number}", "is not there", "see `quantera compliance kyc list --all`")
    return found[0]


def decide(
    store: Store, number: int, officers: tuple[str, str], words: str, now: int, *, accepted: bool, dry_run: bool
) -> Verification:
    """Decides about a verification in review, as two officers; the provider's result is in the person's evidence.

    Raises:
        KeeperError: If it is not in review, or the two officers are one.
    """
    first, second = (officer_name(one) for one in officers)
    require_second(first, second, f"verification {number}")
    before = verification(store, number)
    after = pure.resolved(before, now, accepted=accepted)
    reason = f"{_words(words)} (with {second})"
    return _done(store, before, after, VerificationEvent(now, first, after.state.value, reason), dry_run)


def withdraw(store: Store, number: int, officer: str, words: str, now: int, *, dry_run: bool) -> Verification:
    """Withdraws an open verification; a check that the provider has begun is not looked at any more.

    Raises:
        KeeperError: If it is not open.
    """
    name, before = officer_name(officer), verification(store, number)
    reason = "withdrawn by an officer"
    if before.state is VerificationState.SIGNED:
        reason += "; revoke its claims at the issuer if the holder has them"
    after = pure.step(before, pure.VerificationMove.WITHDRAW, reason)
    return _done(store, before, after, VerificationEvent(now, name, "withdrawn", _words(words)), dry_run)


def _done(
    store: Store, before: Verification, after: Verification, event: VerificationEvent, dry_run: bool
) -> Verification:
    if not dry_run:
        stored.move(store, before, after, event)
    return after


def _words(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise KycError("reason", "says nothing", "give a reason in words, without names of persons")
    return words


# -- Looking


def lapses(store: Store, now: int, days: int) -> list[Verification]:
    """Returns verifications whose claims lapse within so many days, and that nothing renews yet."""
    return stored.lapsing(store, now + days * DAY)


def told(store: Store, number: int) -> dict[str, Any]:
    """Returns a verification with its steps, and the person's link while it works."""
    found = verification(store, number)
    return {
        **as_json(found),
        "link": found.link if found.state is VerificationState.PENDING else "",
        "events": [asdict(one) for one in stored.events(store, number)],
        "claims": [_claim(one) for one in stored.claims_of(store, number)],
    }


def calls(store: Store, issuer: str, number: int) -> list[dict[str, Any]]:
    """Returns the calls with which a verification's claims come on chain, for whoever may make them.

    Raises:
        KycError: If nothing is signed.
    """
    found = verification(store, number)
    signed = stored.claims_of(store, number)
    if not signed:
        raise KycError(f"verification {number}", f"is {found.state.value}: no claim is signed", "wait until it is")
    return [
        {
            **_claim(one),
            "to": found.onchain_id,
            "issuer": issuer,
            "calldata": "0x" + ADD_CLAIM.encode(one.topic, ECDSA, issuer, one.signature, one.data, "").hex(),
        }
        for one in signed
    ]


def as_json(found: Verification) -> dict[str, Any]:
    """Returns a verification as JSON has it, without the person's link."""
    plain = {name: value for name, value in asdict(found).items() if name not in ("link", "moves", "reference")}
    return {**plain, "state": found.state.value}


def line(found: Verification) -> str:
    """Returns a verification in a line."""
    number = f"verification {found.id}" if found.id else "verification"
    return f"{number}  {found.state.value:<9} {found.person}  {found.level} ({found.provider})  {found.reason}"


def lines(found: Mapping[str, Any], one: Verification) -> list[str]:
    """Returns what `told` found for people."""
    said = [line(one), f"  ONCHAINID {one.onchain_id}"]
    if found["link"]:
        said.append(f"  link for the person: {found['link']}")
    if one.evidence:
        said.append(f"  result: quantera compliance evidence get {one.person} {one.evidence}")
    said += [f"  claim of topic {claim['topic']} until {shown(claim['expires'])}" for claim in found["claims"]]
    return [*said, *(f"  {shown(one['at'])} {one['officer']} {one['kind']}: {one['words']}" for one in found["events"])]


def call_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns what `calls` found for people."""
    head = "A key of the ONCHAINID with purpose 3 (claims) or 1 (management) sends:"
    return [head, *(f"  topic {one['topic']} to {one['to']}: {one['calldata']}" for one in found)]


def _claim(one: Claim) -> dict[str, Any]:
    data, signature = f"0x{one.data.hex()}", f"0x{one.signature.hex()}"
    return {"topic": one.topic, "expires": one.expires, "data": data, "signature": signature}
