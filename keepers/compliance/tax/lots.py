"""Lots, and the five ways to choose among them.

Units and money are whole numbers. A part of a lot takes its part of the cost, rounded half to even on a minor
unit, and the rest of the cost stays with the rest of the lot: what is taken and what is left always add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.money import portion, spread


class Method(StrEnum):
    """Ways to choose which units are disposed of."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    SPECIFIC = "specific"
    AVERAGE = "average"


@dataclass(frozen=True, slots=True)
class Lot:
    """Units that were acquired together and are still held.

    Attributes:
        line: Line of the entry that acquired them, which names the lot.
        asset: Identifier of the asset.
        wallet: Wallet that holds them.
        units: Base units, more than zero.
        cost: Cost in minor units, with fees and with losses that a wash sale moved here.
        bought: Day of acquisition.
        held_from: Day from which the holding period counts: `bought`, or earlier after a wash sale.
        replaces: True if a wash sale was matched with these units, which no other loss then is.
    """

    line: int
    asset: str
    wallet: str
    units: int
    cost: int
    bought: date
    held_from: date
    replaces: bool = False


_Key = Callable[[Lot], tuple[object, ...]]
_ORDER: dict[Method, _Key] = {
    Method.FIFO: lambda lot: (lot.bought, lot.line),
    Method.LIFO: lambda lot: (-lot.bought.toordinal(), -lot.line),
    Method.HIFO: lambda lot: (-Fraction(lot.cost, lot.units), lot.bought, lot.line),
    # An average has one price, and the earliest units give the date (26 CFR 1.1012-1(e)(7)(ii)).
    Method.AVERAGE: lambda lot: (lot.bought, lot.line),
    # Units beyond those that the taxpayer identified are the earliest (26 CFR 1.1012-1(c)(1) and (j)(3)(i)).
    Method.SPECIFIC: lambda lot: (lot.bought, lot.line),
}


def split(lot: Lot, units: int) -> tuple[Lot, Lot | None]:
    """Takes units off a lot.

    Returns:
        The units with their part of the cost, and what is left, or None if nothing is.
    """
    if units == lot.units:
        return lot, None
    cost = portion(lot.cost, units, lot.units)
    return replace(lot, units=units, cost=cost), replace(lot, units=lot.units - units, cost=lot.cost - cost)


def averaged(pool: Sequence[Lot]) -> list[Lot]:
    """Gives every unit of a pool the same cost; the pool's cost stays what it was."""
    if not pool:
        return []
    costs = spread(sum(lot.cost for lot in pool), [lot.units for lot in pool])
    return [replace(lot, cost=cost) for lot, cost in zip(pool, costs, strict=True)]


def take(pool: list[Lot], units: int, method: Method, identified: Sequence[tuple[int, int]], where: str) -> list[Lot]:
    """Removes units from a pool, in the order of the method.

    Args:
        pool: Lots of one asset; it is left without the units.
        units: Base units to take, at most what the pool holds.
        method: Order in which lots are taken.
        identified: Lots that the taxpayer named, as (lot, units); only for `Method.SPECIFIC`.
        where: Names the entry in refusals.

    Returns:
        The units in pieces of one lot each.

    Raises:
        TaxError: If the pool has fewer units, or not those that were named.
    """
    if units > sum(lot.units for lot in pool):
        remedy = "add the acquisition or the move that is missing before it"
        raise TaxError(where, "takes more units than there are", remedy)
    if identified and method is not Method.SPECIFIC:
        raise TaxError(where, f"names lots, which {method} does not take", "use specific, or leave lots empty")
    taken: list[Lot] = []
    if method is Method.AVERAGE:
        pool[:] = averaged(sorted(pool, key=_ORDER[method]))
    for line, wanted in identified:
        taken += _named(pool, line, wanted, where)
    rest = units - sum(lot.units for lot in taken)
    if rest < 0:
        raise TaxError(where, "names more units than it takes", "correct the units of its lots")
    for lot in sorted(pool, key=_ORDER[method]):
        if not rest:
            break
        piece, _ = split(lot, min(rest, lot.units))
        _put_back(pool, lot, piece.units)
        taken.append(piece)
        rest -= piece.units
    return taken


def _named(pool: list[Lot], line: int, wanted: int, where: str) -> list[Lot]:
    """Takes units of the lot that a line acquired; a wash sale or a move may have cut it into several."""
    parts = [lot for lot in pool if lot.line == line]
    if wanted <= 0 or wanted > sum(lot.units for lot in parts):
        raise TaxError(where, f"names more units of lot {line} than are held", "name lots that the wallet holds")
    taken: list[Lot] = []
    for lot in parts:
        if wanted:
            piece, _ = split(lot, min(wanted, lot.units))
            _put_back(pool, lot, piece.units)
            taken.append(piece)
            wanted -= piece.units
    return taken


def _put_back(pool: list[Lot], lot: Lot, taken: int) -> None:
    """Leaves in the pool what is left of a lot."""
    place = next(number for number, one in enumerate(pool) if one is lot)
    _, rest = split(lot, taken)
    pool[place : place + 1] = [] if rest is None else [rest]
