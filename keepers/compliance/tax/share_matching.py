"""Share matching of the United Kingdom: TCGA 1992 ss. 104, 105, 106A and 107.

What is disposed of is matched with what the taxpayer acquired on the same day, then with what is acquired in the
30 days after it, the earliest first, and then with the pool, at its average cost. Acquisitions of one day are one
acquisition, and disposals of one day are one disposal (s. 105(1)(a)). Moves between own wallets are no disposal.
The same rules stand for tokens that are no shares (HMRC, Cryptoassets Manual, CRYPTO22200).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from keepers.compliance.tax.engine import Disposal, Outcome
from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.ledger import ACQUIRES, Entry, Kind, ordered
from keepers.compliance.tax.lots import Lot
from keepers.compliance.tax.money import portion, spread

AFTER = 30
"""Days after a disposal in which an acquisition is matched with it."""


@dataclass
class _Day:
    """One asset on one day."""

    bought: int = 0
    cost: int = 0
    sold: int = 0
    proceeds: int = 0
    line: int = 0


@dataclass(frozen=True)
class _Match:
    disposed: date
    units: int
    cost: int
    rule: str
    acquired: date | None


def match_shares(entries: Iterable[Entry], advance: Callable[[int], None] = lambda _: None) -> Outcome:
    """Works out disposals and pools of a ledger.

    Args:
        entries: Entries of one taxpayer, in any order.
        advance: Called with 1 after every entry, for a progress bar.

    Returns:
        Disposals with a line each for every rule that matched a part, and one lot per asset that is held, whose
        line is 0 and whose days are those of the last acquisition.

    Raises:
        TaxError: If more is disposed of than there is, or an entry contradicts itself.
    """
    days: dict[str, dict[date, _Day]] = defaultdict(lambda: defaultdict(_Day))
    balances: dict[tuple[str, str], int] = defaultdict(int)
    income = []
    for entry in ordered(entries):
        _check_balance(entry, balances)
        _add(days[entry.asset][entry.day], entry)
        if entry.kind is Kind.INCOME:
            income.append((entry.line, entry.day, entry.asset, entry.units, entry.amount))
        advance(1)
    disposals: list[Disposal] = []
    held: list[Lot] = []
    for asset, found in sorted(days.items()):
        matches, units, cost = _match(found)
        disposals += _disposals(asset, found, matches)
        if units:
            last = max(day for day, one in found.items() if one.bought)
            held.append(Lot(0, asset, "", units, cost, last, last))
    disposals.sort(key=lambda one: (one.disposed, one.line))
    return Outcome(disposals, held, income)


def _add(day: _Day, entry: Entry) -> None:
    if entry.kind in ACQUIRES:
        day.bought += entry.units
        day.cost += entry.amount + entry.fee
        return
    units = entry.units if entry.kind is Kind.SELL else entry.fee_units
    if units:
        day.sold += units
        day.proceeds += entry.amount - entry.fee
        day.line = day.line or entry.line


def _match(days: dict[date, _Day]) -> tuple[list[_Match], int, int]:
    """Matches the disposals of one asset; returns the matches, and units and cost of the pool at the end."""
    left = {day: replace(one) for day, one in days.items()}
    matches: list[_Match] = []
    for day in left:
        matches += _with(left, day, day, "same-day")
    in_order = sorted(left)
    for day in in_order:
        for later in in_order:
            if day < later <= day + timedelta(days=AFTER):
                matches += _with(left, day, later, "thirty-day")
    units = cost = 0
    for day in in_order:
        one = left[day]
        units, cost = units + one.bought, cost + one.cost
        if one.sold:
            share = portion(cost, one.sold, units)
            matches.append(_Match(day, one.sold, share, "pool", None))
            units, cost = units - one.sold, cost - share
    return matches, units, cost


def _with(left: dict[date, _Day], sold: date, bought: date, rule: str) -> list[_Match]:
    """Matches as much as there is of two days, and takes it off both."""
    seller, buyer = left[sold], left[bought]
    units = min(seller.sold, buyer.bought)
    if not units:
        return []
    cost = portion(buyer.cost, units, buyer.bought)
    buyer.bought, buyer.cost, seller.sold = buyer.bought - units, buyer.cost - cost, seller.sold - units
    return [_Match(sold, units, cost, rule, bought)]


def _disposals(asset: str, days: dict[date, _Day], matches: list[_Match]) -> list[Disposal]:
    found = []
    for day in sorted(days):
        mine = [match for match in matches if match.disposed == day]
        shares = spread(days[day].proceeds, [match.units for match in mine]) if mine else []
        for match, proceeds in zip(mine, shares, strict=True):
            found.append(
                Disposal(
                    line=days[day].line,
                    asset=asset,
                    wallet="",
                    units=match.units,
                    bought=match.acquired,
                    held_from=match.acquired,
                    disposed=day,
                    proceeds=proceeds,
                    cost=match.cost,
                    lot=0,
                    matched=match.rule,
                )
            )
    return found


def _check_balance(entry: Entry, balances: dict[tuple[str, str], int]) -> None:
    key = (entry.asset, entry.wallet)
    balances[key] += entry.units if entry.kind in ACQUIRES else -entry.units
    if balances[key] < 0:
        remedy = "add the acquisition or the move that is missing before it"
        raise TaxError(entry.name, "takes more units than the wallet holds", remedy)
    if entry.kind is Kind.MOVE:
        balances[(entry.asset, entry.to_wallet)] += entry.units - entry.fee_units
