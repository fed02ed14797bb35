"""Wash sales of the United States: 26 USC 1091, 26 CFR 1.1091-1 and -2.

A loss is not deductible as far as the taxpayer acquires substantially identical stock or securities within 30
days before or after the sale. Replacements are matched in the order of their acquisition, losses in the order of
the sales, and units that were matched once count for no other loss (1.1091-1(b) to (e)). The loss is added to the
cost of the replacement (1091(d)), whose holding period takes in that of what was sold (26 USC 1223(3)).

Units that are left of the purchase that was sold from are no replacement (Rev. Rul. 56-602). A replacement counts
while it is held: units that were acquired in the window and sold before the loss are not matched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from keepers.compliance.tax.lots import Lot, split
from keepers.compliance.tax.money import portion

WINDOW = 30
"""Days before and after a sale in which an acquisition is a replacement: 61 with the day itself."""

Disallow = Callable[[int, int, int], None]
"""Takes the number of a disposal, the units that were matched and the loss that is not deductible."""


@dataclass(slots=True)
class _Loss:
    """Units sold at a loss that have no replacement yet."""

    disposal: int
    line: int
    sold: date
    days: int
    units: int
    loss: int


class WashSales:
    """Losses of one taxpayer, and the acquisitions that replace what was sold.

    Args:
        disallow: Called for every match.
    """

    def __init__(self, disallow: Disallow) -> None:
        self._disallow = disallow
        self._open: dict[str, list[_Loss]] = {}

    def sold(self, pieces: list[tuple[int, Lot, int]], day: date, pools: list[list[Lot]]) -> None:
        """Matches the losses of one sale with what was acquired before it.

        Args:
            pieces: For each piece of the sale the number of its disposal, the units as they were held, and the
                gain in minor units.
            day: Day of the sale.
            pools: Every pool of the asset; replacements in them are adjusted.
        """
        for number, lot, gain in pieces:
            if gain >= 0:
                continue
            loss = _Loss(number, lot.line, day, (day - lot.held_from).days, lot.units, -gain)
            for pool in _by_acquisition(pools, day, lot.line):
                self._match_held(loss, *pool)
            if loss.units:
                self._open.setdefault(lot.asset, []).append(loss)

    def acquired(self, lot: Lot) -> list[Lot]:
        """Matches an acquisition with losses of the 30 days before it; returns the lot in its adjusted pieces."""
        waiting = [loss for loss in self._open.get(lot.asset, ()) if (lot.bought - loss.sold).days <= WINDOW]
        pieces: list[Lot] = []
        left: Lot | None = lot
        for loss in waiting:
            if left is not None:
                replacement, left = split(left, min(loss.units, left.units))
                pieces.append(self._replaced(loss, replacement))
        self._open[lot.asset] = [loss for loss in waiting if loss.units]
        return pieces if left is None else [*pieces, left]

    def _match_held(self, loss: _Loss, pool: list[Lot], lot: Lot) -> None:
        if not loss.units:
            return
        replacement, left = split(lot, min(loss.units, lot.units))
        place = next(number for number, one in enumerate(pool) if one is lot)
        pool[place : place + 1] = [self._replaced(loss, replacement), *([] if left is None else [left])]

    def _replaced(self, loss: _Loss, lot: Lot) -> Lot:
        """Moves the loss of as many units as the lot has to the lot."""
        moved = portion(loss.loss, lot.units, loss.units)
        loss.units -= lot.units
        loss.loss -= moved
        self._disallow(loss.disposal, lot.units, moved)
        # Replacements of replacements reach further and further back, but not before the calendar.
        days = min(loss.days, (lot.bought - date.min).days)
        held_from = min(lot.held_from, lot.bought - timedelta(days=days))
        return replace(lot, cost=lot.cost + moved, held_from=held_from, replaces=True)


def _by_acquisition(pools: list[list[Lot]], day: date, line: int) -> list[tuple[list[Lot], Lot]]:
    """Lots that may replace a sale of the lot `line`, the earliest first, each with its pool."""
    found = [
        (pool, lot)
        for pool in pools
        for lot in pool
        if not lot.replaces and lot.line != line and (day - lot.bought).days <= WINDOW
    ]
    return sorted(found, key=lambda one: (one[1].bought, one[1].line))
