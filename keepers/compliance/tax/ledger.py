"""A ledger: what was acquired, disposed of and moved, one entry per line, of one taxpayer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from keepers.compliance.tax.errors import TaxError


class Kind(StrEnum):
    """Kinds of entries."""

    BUY = "buy"
    INCOME = "income"
    """Units received as income, such as a distribution in kind: their market value is income and their cost."""
    SELL = "sell"
    MOVE = "move"
    """Units between two wallets of the same taxpayer: no disposal, and cost and date go with them."""


ACQUIRES = (Kind.BUY, Kind.INCOME)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a ledger.

    Attributes:
        line: Line of its file, from 1; orders entries of the same moment, and names the entry in refusals.
        time: Unix seconds.
        day: Day of the entry in the taxpayer's time zone.
        kind: Kind of entry.
        asset: Identifier of the asset, such as a symbol or an ISIN.
        wallet: Wallet or account that acquires, disposes or sends.
        units: Base units (wei), more than zero. For a move, the units that leave the wallet.
        amount: Price of all units in minor units of money, without the fee; for income their market value;
            for a move the market value of `fee_units`.
        fee: Fee in minor units: part of the cost of an acquisition, and taken off the proceeds of a disposal.
        to_wallet: Wallet that receives a move.
        fee_units: Units of a move that do not arrive: they are disposed of for `amount`.
        lots: Lots that the taxpayer identified, as (lot, units); a lot is named by the line that acquired it.
    """

    line: int
    time: int
    day: date
    kind: Kind
    asset: str
    wallet: str
    units: int
    amount: int = 0
    fee: int = 0
    to_wallet: str = ""
    fee_units: int = 0
    lots: tuple[tuple[int, int], ...] = ()

    @property
    def name(self) -> str:
        """How a refusal names the entry: without its wallet, which is a person's."""
        return f"ledger line {self.line}"


def ordered(entries: Iterable[Entry]) -> list[Entry]:
    """Returns the entries in the order of time and line.

    Raises:
        TaxError: If an entry contradicts itself, or two have the same line.
    """
    found = sorted(entries, key=lambda entry: (entry.time, entry.line))
    lines: set[int] = set()
    for entry in found:
        if entry.line in lines:
            raise TaxError(entry.name, "stands twice", "number every line once")
        lines.add(entry.line)
        fault = _fault(entry)
        if fault is not None:
            raise TaxError(entry.name, *fault)
    return found


def _fault(entry: Entry) -> tuple[str, str] | None:
    move = entry.kind is Kind.MOVE
    if entry.units <= 0:
        return "has no units", "give a number of units above zero"
    if entry.amount < 0 or entry.fee < 0 or entry.fee_units < 0:
        return "has a negative amount", "give amounts and fees as positive numbers; the kind says the direction"
    if move and (not entry.to_wallet or entry.to_wallet == entry.wallet):
        return "moves to no other wallet", "give to_wallet"
    if move and (entry.fee or entry.fee_units > entry.units):
        return "has a fee that a move cannot have", "give fee_units, and the fee's money as an entry of its own asset"
    if not move and (entry.to_wallet or entry.fee_units):
        return "has to_wallet or fee_units without being a move", "make it a move, or leave both empty"
    if entry.lots and entry.kind in ACQUIRES:
        return "identifies lots although it acquires", "leave lots empty"
    return None
