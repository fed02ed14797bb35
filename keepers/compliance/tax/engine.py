"""Disposals and open lots of a ledger.

Every entry is carried out in the order of time. Units and cost are conserved: what was acquired is what was
disposed of and what is left, to the base unit, and the cost of what was acquired, with the losses that wash sales
moved, is the cost of the disposals and of what is left, to the minor unit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.ledger import ACQUIRES, Entry, Kind, ordered
from keepers.compliance.tax.lots import Lot, Method, averaged, take
from keepers.compliance.tax.money import spread
from keepers.compliance.tax.wash import WashSales


class Scope(StrEnum):
    """Which units a method chooses from."""

    WALLET = "wallet"
    """Those of the wallet that disposes; the United States since 2025 (Rev. Proc. 2024-28)."""
    ACCOUNT = "account"
    """Those of all wallets of the taxpayer."""


@dataclass(frozen=True, slots=True)
class Disposal:
    """Units of one lot that one entry disposed of.

    Attributes:
        line: Line of the entry that disposed of them.
        asset: Identifier of the asset.
        wallet: Wallet that held them.
        units: Base units.
        bought: Day of acquisition; None where units of a pool have none.
        held_from: Day from which the holding period counts; None where `bought` is.
        disposed: Day of disposal.
        proceeds: Proceeds without the fee, in minor units.
        cost: Cost in minor units.
        disallowed: Loss that a wash sale takes off, not below zero.
        lot: Line of the entry that acquired them, 0 for units of a pool.
        matched: Rule that matched them: a method, or `same-day`, `thirty-day` or `pool`.
        washed_units: Units of it that a wash sale was matched with.
    """

    line: int
    asset: str
    wallet: str
    units: int
    bought: date | None
    held_from: date | None
    disposed: date
    proceeds: int
    cost: int
    lot: int
    matched: str
    disallowed: int = 0
    washed_units: int = 0

    @property
    def gain(self) -> int:
        """Proceeds less cost, before wash sales."""
        return self.proceeds - self.cost

    @property
    def recognised(self) -> int:
        """Gain that counts for the year: a loss without what a wash sale takes off."""
        return self.gain + self.disallowed


@dataclass(frozen=True)
class Outcome:
    """The result of a ledger.

    Attributes:
        disposals: Disposals in the order of time.
        held: Lots that are still held.
        income: Market value of units received as income, as (line, day, asset, units, amount).
    """

    disposals: list[Disposal]
    held: list[Lot]
    income: list[tuple[int, date, str, int, int]]


@dataclass
class _Books:
    method: Method
    scope: Scope
    securities: Collection[str] | None
    pools: dict[tuple[str, str], list[Lot]] = field(default_factory=dict)
    balances: dict[tuple[str, str], int] = field(default_factory=dict)
    disposals: list[Disposal] = field(default_factory=list)
    income: list[tuple[int, date, str, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.washes = WashSales(self._disallow)

    def pool(self, asset: str, wallet: str) -> list[Lot]:
        """Returns the lots that a disposal from a wallet chooses from, by the profile's scope."""
        return self.pools.setdefault((asset, wallet if self.scope is Scope.WALLET else ""), [])

    def acquire(self, entry: Entry) -> None:
        """Adds a lot at the entry's amount and fee; income counts when it comes in, and wash sales look at the lot."""
        lot = Lot(entry.line, entry.asset, entry.wallet, entry.units, entry.amount + entry.fee, entry.day, entry.day)
        if entry.kind is Kind.INCOME:
            self.income.append((entry.line, entry.day, entry.asset, entry.units, entry.amount))
        washes = self._washes(entry.asset)
        self.pool(entry.asset, entry.wallet).extend(washes.acquired(lot) if washes else [lot])
        self._balance(entry, entry.wallet, entry.units)

    def dispose(self, entry: Entry, units: int) -> None:
        """Disposes of units for the entry's amount less its fee."""
        self._balance(entry, entry.wallet, -units)
        pieces = take(self.pool(entry.asset, entry.wallet), units, self.method, entry.lots, entry.name)
        shares = spread(entry.amount - entry.fee, [piece.units for piece in pieces])
        first = len(self.disposals)
        for piece, proceeds in zip(pieces, shares, strict=True):
            self.disposals.append(_disposal(entry, piece, proceeds, self.method))
        washes = self._washes(entry.asset)
        if washes:
            sold = [(first + number, piece, self.disposals[first + number].gain) for number, piece in enumerate(pieces)]
            pools = [pool for (asset, _), pool in self.pools.items() if asset == entry.asset]
            washes.sold(sold, entry.day, pools)

    def move(self, entry: Entry) -> None:
        """Moves units with their cost and days; what does not arrive is disposed of first."""
        if entry.fee_units:
            self.dispose(replace(entry, lots=()), entry.fee_units)
        arrives = entry.units - entry.fee_units
        if not arrives:
            return
        self._balance(entry, entry.wallet, -arrives)
        self._balance(entry, entry.to_wallet, arrives)
        if self.scope is Scope.ACCOUNT:
            return
        # A move is no choice of what to sell: the earliest units go, unless the taxpayer named others.
        order = self.method if self.method in (Method.AVERAGE, Method.SPECIFIC) else Method.FIFO
        pieces = take(self.pool(entry.asset, entry.wallet), arrives, order, entry.lots, entry.name)
        self.pool(entry.asset, entry.to_wallet).extend(replace(piece, wallet=entry.to_wallet) for piece in pieces)

    def _washes(self, asset: str) -> WashSales | None:
        return self.washes if self.securities is not None and asset in self.securities else None

    def _disallow(self, disposal: int, units: int, loss: int) -> None:
        found = self.disposals[disposal]
        self.disposals[disposal] = replace(
            found, disallowed=found.disallowed + loss, washed_units=found.washed_units + units
        )

    def _balance(self, entry: Entry, wallet: str, change: int) -> None:
        key = (entry.asset, wallet)
        held = self.balances.get(key, 0) + change
        if held < 0:
            remedy = "add the acquisition or the move that is missing before it"
            raise TaxError(entry.name, "takes more units than the wallet holds", remedy)
        self.balances[key] = held


def account(
    entries: Iterable[Entry],
    method: Method,
    scope: Scope,
    *,
    securities: Collection[str] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Works out the disposals and the open lots of a ledger.

    Args:
        entries: Entries of one taxpayer, in any order.
        method: Way to choose what is disposed of.
        scope: Which units it chooses from.
        securities: Assets to which the wash sale rule applies; None for no rule.
        advance: Called with 1 after every entry, for a progress bar.

    Raises:
        TaxError: If a wallet disposes of what it does not hold, an entry contradicts itself, or wash sales are
            asked for with average cost, which 26 CFR 1.1012-1(e) leaves to shares of funds.
    """
    if securities and method is Method.AVERAGE:
        raise TaxError("average", "has no wash sales here", "choose fifo, lifo, hifo or specific")
    books = _Books(method, scope, frozenset(securities) if securities is not None else None)
    for entry in ordered(entries):
        if entry.kind in ACQUIRES:
            books.acquire(entry)
        elif entry.kind is Kind.SELL:
            books.dispose(entry, entry.units)
        else:
            books.move(entry)
        advance(1)
    held = [lot for _, pool in sorted(books.pools.items()) for lot in _as_held(pool, method)]
    return Outcome(books.disposals, held, books.income)


def _as_held(pool: list[Lot], method: Method) -> list[Lot]:
    in_order = sorted(pool, key=lambda lot: (lot.bought, lot.line))
    return averaged(in_order) if method is Method.AVERAGE else in_order


def _disposal(entry: Entry, piece: Lot, proceeds: int, method: Method) -> Disposal:
    return Disposal(
        line=entry.line,
        asset=entry.asset,
        wallet=entry.wallet,
        units=piece.units,
        bought=piece.bought,
        held_from=piece.held_from,
        disposed=entry.day,
        proceeds=proceeds,
        cost=piece.cost,
        lot=piece.line,
        matched=str(method),
    )
