"""OFAC's 50% rule: an entity that blocked persons own to 50% or more in aggregate is blocked, through chains too.

Source: OFAC, Revised Guidance on Entities Owned by Persons Whose Property and Interests in Property Are Blocked
(13 August 2014), and FAQ 401: "indirectly" means through entities that are themselves owned to 50% or more by blocked
persons. So shares along a chain are not multiplied: an entity on the way is either blocked, and counts whole, or it is
not.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from keepers.compliance.cases.errors import CaseError

HALF = Decimal(50)
_WHOLE = Decimal(100)
_HEADINGS = ["owner", "owned", "percent"]


@dataclass(frozen=True)
class Stake:
    """A share that an owner has of an entity.

    Attributes:
        owner: Identifier of a person or entity.
        owned: Identifier of an entity.
        percent: Per cent, above 0 and at most 100.
    """

    owner: str
    owned: str
    percent: Decimal


def read_stakes(lines: Iterable[str], where: str, registered: Collection[str]) -> list[Stake]:
    """Reads a CSV file with the headings owner, owned and percent.

    Args:
        lines: Lines of the file.
        where: Name of the file, for refusals.
        registered: Identifiers of the register: who is in no register is screened by no name.

    Raises:
        CaseError: If a line cannot be used, names somebody who is not registered, repeats a pair, or has the shares of
            an entity exceed 100%; it names the line only.
    """
    reader = csv.reader(lines)
    if next(reader, None) != _HEADINGS:
        raise CaseError(where, "does not begin with the line owner,owned,percent", "add it")
    found: dict[tuple[str, str], Stake] = {}
    totals: dict[str, Decimal] = {}
    for number, cells in enumerate(reader, 2):
        if not cells:
            continue
        place = f"{where} line {number}"
        if len(cells) != len(_HEADINGS) or not cells[0].strip() or not cells[1].strip():
            raise CaseError(place, "is not an owner, an owned entity and a percentage", "correct it")
        stake = Stake(cells[0].strip(), cells[1].strip(), _percent(cells[2], place))
        if not {stake.owner, stake.owned} <= set(registered):
            raise CaseError(place, "names an owner or an entity that is not in the register", "add it there")
        if stake.owner == stake.owned:
            raise CaseError(place, "has an entity that owns itself", "leave treasury shares out")
        if (pair := (stake.owner, stake.owned)) in found:
            raise CaseError(place, "repeats a pair of owner and owned entity", "add the two shares up")
        found[pair] = stake
        totals[stake.owned] = totals.get(stake.owned, Decimal(0)) + stake.percent
        if totals[stake.owned] > _WHOLE:
            raise CaseError(place, f"brings an entity to {totals[stake.owned]} per cent", "correct the shares")
    return list(found.values())


def _percent(text: str, place: str) -> Decimal:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or not 0 < found <= _WHOLE:
        raise CaseError(place, "has a percentage that is not above 0 and at most 100", "write 50 for a half")
    return found


def blocked_entities(stakes: Sequence[Stake], blocked: Collection[str]) -> dict[str, tuple[Stake, ...]]:
    """Returns the entities that the rule blocks, with the shares that do it; those in `blocked` are left out.

    Args:
        stakes: Shares, each pair once.
        blocked: Identifiers that are blocked for themselves.
    """
    held: dict[str, list[Stake]] = {}
    for stake in stakes:
        held.setdefault(stake.owned, []).append(stake)
    found: dict[str, tuple[Stake, ...]] = {}
    while True:
        standing = {*blocked, *found}
        fresh = {
            owned: _counting(mine, standing)
            for owned, mine in held.items()
            if owned not in standing and _share(mine, standing) >= HALF
        }
        if not fresh:
            break
        found |= fresh
    # Once more with everything that is blocked, so that the reasons do not depend on the order.
    standing = {*blocked, *found}
    return {owned: _counting(held[owned], standing) for owned in sorted(found)}


def _counting(mine: Sequence[Stake], standing: Collection[str]) -> tuple[Stake, ...]:
    return tuple(sorted((one for one in mine if one.owner in standing), key=lambda one: one.owner))


def _share(mine: Sequence[Stake], standing: Collection[str]) -> Decimal:
    return sum((one.percent for one in mine if one.owner in standing), Decimal(0))


def renamed(stakes: Sequence[Stake], names: Mapping[str, str]) -> list[Stake]:
    """Returns the shares with identifiers replaced, those of one pair added up."""
    totals: dict[tuple[str, str], Decimal] = {}
    for one in stakes:
        pair = (names.get(one.owner, one.owner), names.get(one.owned, one.owned))
        if pair[0] != pair[1]:
            totals[pair] = totals.get(pair, Decimal(0)) + one.percent
    return [Stake(owner, owned, percent) for (owner, owned), percent in totals.items()]
