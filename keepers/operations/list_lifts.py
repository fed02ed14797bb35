"""Liftings for officers: asked for by one, approved by another, carried out by the bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from keepers.compliance.arguments import account
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.lifts import Lift, LiftState, require_removed
from keepers.compliance.officers import officer_name, require_second
from keepers.store import Store, lists
from keepers.store import lifts as stored


def ask(store: Store, accounts: Sequence[str], reason: str, officer: str, now: int, *, dry_run: bool) -> list[Lift]:
    """Asks for the lifting of accounts that a publisher removed.

    Raises:
        KeeperError: If an account is still listed, was never listed, or has been asked for already.
    """
    name = officer_name(officer)
    named = {wallet.address for one in lists.newest(store) for wallet in lists.wallets(store, one)}
    earlier = lists.ever_listed(store)
    wanted = []
    for one in dict.fromkeys(account(text, "account") for text in accounts):
        wanted.append(Lift(0, one, require_removed(one, named, earlier), reason, name, now))
    if dry_run:
        return wanted
    return stored.ask(store, wanted)


def approve(store: Store, ids: Sequence[int], officer: str, now: int, *, dry_run: bool) -> list[Lift]:
    """Approves liftings as a second officer; the publishers' lists are looked at again.

    Raises:
        KeeperError: If one is not waiting for it, was asked for by the same officer, or is listed again.
    """
    name, found = officer_name(officer), _found(store, ids, (LiftState.ASKED,))
    named = {wallet.address for one in lists.newest(store) for wallet in lists.wallets(store, one)}
    earlier = lists.ever_listed(store)
    for one in found:
        require_second(one.asked_by, name, f"lifting {one.id}")
        require_removed(one.account, named, earlier)
    if dry_run:
        return found
    stored.move(store, found, LiftState.APPROVED, approved_by=name, approved=now)
    return stored.by_id(store, ids)


def withdraw(store: Store, ids: Sequence[int], *, dry_run: bool) -> list[Lift]:
    """Withdraws liftings that no transaction has carried out.

    Raises:
        KeeperError: If one is closed already, or was carried out.
    """
    found = _found(store, ids, stored.OPEN)
    for number in sorted({*stored.carried_out(store, found), *stored.under_way(store, found)}):
        raise ListError(f"lifting {number}", "was sent to the chain", "sanction the account again once it is mined")
    if dry_run:
        return found
    stored.move(store, found, LiftState.WITHDRAWN)
    return stored.by_id(store, ids)


def shown(store: Store, *, closed: bool) -> list[Lift]:
    """Returns open liftings, or all of them, newest first; one whose transaction is mined counts as lifted."""
    return _as_they_stand(store, stored.listed(store, tuple(LiftState) if closed else stored.OPEN))


def as_json(lifts: Sequence[Lift]) -> list[dict[str, Any]]:
    """Returns liftings as JSON has them."""
    return [
        {**asdict(one), "state": one.state.value, "batch_source": f"0x{one.batch_source}" if one.batch_source else None}
        for one in lifts
    ]


def lines(lifts: Sequence[Lift]) -> list[str]:
    """Returns liftings for people."""
    return [_line(one) for one in lifts]


def _line(one: Lift) -> str:
    number = f"lifting {one.id}" if one.id else "lifting"
    said = f"{number} of {one.account} of {one.list_id}, {one.state.value}; asked for by {one.asked_by}"
    said += f" at {_moment(one.asked)}: {one.reason}"
    return f"{said}; approved by {one.approved_by} at {_moment(one.approved)}" if one.approved_by else said


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _as_they_stand(store: Store, found: list[Lift]) -> list[Lift]:
    done = stored.carried_out(store, found)
    return [replace(one, state=LiftState.LIFTED) if one.id in done else one for one in found]


def _found(store: Store, ids: Sequence[int], states: Sequence[LiftState]) -> list[Lift]:
    found = {one.id: one for one in stored.by_id(store, ids)}
    for number in ids:
        if number not in found:
            raise ListError(f"lifting {number}", "is not there", "see `quantera compliance lists lifts show`")
        if found[number].state not in states:
            wanted = " or ".join(state.value for state in states)
            raise ListError(f"lifting {number}", f"is {found[number].state.value}, not {wanted}", "choose another")
    return list(found.values())
