"""Realised and unrealised gains of a taxpayer, for one jurisdiction and tax year."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from keepers.compliance.tax.engine import Disposal, Outcome, account
from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.ledger import Entry
from keepers.compliance.tax.lots import Lot, Method
from keepers.compliance.tax.money import portion
from keepers.compliance.tax.profiles import Profile
from keepers.compliance.tax.share_matching import match_shares
from keepers.compliance.tax.terms import is_long
from keepers.compliance.tax.wash import WINDOW

Long = Callable[[Disposal], bool]


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals of one asset in one tax year, in minor units.

    Attributes:
        asset: Identifier of the asset.
        proceeds: Proceeds of the disposals, less fees.
        cost: Their cost.
        disallowed: Losses that wash sales took off.
        short: Recognised gain of what was held for a short time, or of all where there is no difference.
        long: Recognised gain of what was held for a long time.
        income: Market value of units received as income.
        unrealised: Market value less cost of what was held at the end; None without a price.
        held: Base units that were held at the end.
    """

    asset: str
    proceeds: int
    cost: int
    disallowed: int
    short: int
    long: int
    income: int
    unrealised: int | None
    held: int


@dataclass(frozen=True)
class YearOfGains:
    """The result of a tax year.

    Attributes:
        first: First day of the tax year.
        last: Last day of it.
        disposals: Disposals of the year.
        held: Lots that were held at its end, as they were known then.
        totals: One row per asset.
    """

    first: date
    last: date
    disposals: list[Disposal]
    held: list[Lot]
    totals: list[Totals]


def worked_out(
    entries: Iterable[Entry],
    profile: Profile,
    method: str | None = None,
    securities: Sequence[str] = (),
    advance: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Works out a ledger under a profile; see `engine.account` and `share_matching.match_shares`."""
    chosen = profile.method(method)
    if not isinstance(chosen, Method):
        return match_shares(entries, advance)
    washed = securities if profile.wash_sales else None
    return account(entries, chosen, profile.scope, securities=washed, advance=advance)


def year_of_gains(
    entries: Sequence[Entry],
    profile: Profile,
    number: int,
    *,
    method: str | None = None,
    securities: Sequence[str] = (),
    prices: Mapping[str, tuple[int, int]] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> YearOfGains:
    """Works out one tax year.

    Entries of the 30 days after it count for wash sales and share matching; later ones do not matter.

    Args:
        entries: Every entry of the taxpayer from the first on.
        profile: Profile of the jurisdiction.
        number: Calendar year in which the tax year begins.
        method: Method, or None for the one that stands without a choice.
        securities: Assets to which wash sales apply, where the profile has them.
        prices: For each asset its price at the end of the year, as minor units for so many base units.
        advance: Called with 1 after every entry that is worked out; see `steps`.
    """
    first, last = profile.year(number)
    seen = [entry for entry in entries if entry.day <= last + timedelta(days=WINDOW)]
    before = [entry for entry in seen if entry.day <= last]
    found = worked_out(seen, profile, method, securities, advance)
    held = worked_out(before, profile, method, securities, advance).held
    mine = [one for one in found.disposals if first <= one.disposed <= last]
    income = [(asset, amount) for _, day, asset, _, amount in found.income if first <= day <= last]
    assets = sorted({one.asset for one in mine} | {lot.asset for lot in held} | {asset for asset, _ in income})
    totals = [_totals(asset, mine, held, income, long_term(profile), prices or {}) for asset in assets]
    return YearOfGains(first, last, mine, held, totals)


def steps(entries: Sequence[Entry], profile: Profile, number: int) -> int:
    """How often `year_of_gains` advances."""
    _, last = profile.year(number)
    return sum((entry.day <= last + timedelta(days=WINDOW)) + (entry.day <= last) for entry in entries)


def long_term(profile: Profile) -> Long:
    """Returns what says whether a disposal is long-term under a profile."""
    years = profile.long_after_years
    return lambda one: years is not None and one.held_from is not None and is_long(one.held_from, one.disposed, years)


def _totals(
    asset: str,
    disposals: Sequence[Disposal],
    held: Sequence[Lot],
    income: Sequence[tuple[str, int]],
    long: Long,
    prices: Mapping[str, tuple[int, int]],
) -> Totals:
    mine = [one for one in disposals if one.asset == asset]
    lots = [lot for lot in held if lot.asset == asset]
    units = sum(lot.units for lot in lots)
    return Totals(
        asset=asset,
        proceeds=sum(one.proceeds for one in mine),
        cost=sum(one.cost for one in mine),
        disallowed=sum(one.disallowed for one in mine),
        short=sum(one.recognised for one in mine if not long(one)),
        long=sum(one.recognised for one in mine if long(one)),
        income=sum(amount for name, amount in income if name == asset),
        unrealised=worth(units, prices[asset]) - sum(lot.cost for lot in lots) if asset in prices else None,
        held=units,
    )


def worth(units: int, price: tuple[int, int]) -> int:
    """Market value of base units at a price of `price[0]` minor units for `price[1]` base units.

    Raises:
        TaxError: If the price is for no units.
    """
    if price[1] <= 0 or price[0] < 0:
        raise TaxError("price", "is negative or for no units", "correct the file of prices")
    return portion(price[0], units, price[1])
