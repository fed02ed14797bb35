"""Gains, lots, ledgers from the chain, and withholding, from files to rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from keepers.compliance.filings.tables import csv_bytes
from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.gains import YearOfGains, worked_out, year_of_gains
from keepers.compliance.tax.gains import steps as steps_of
from keepers.compliance.tax.ledger import Entry
from keepers.compliance.tax.lots import Lot
from keepers.compliance.tax.money import written, written_units
from keepers.compliance.tax.onchain import ledger_rows
from keepers.compliance.tax.profiles import MINOR_DIGITS, Profile, profile
from keepers.compliance.tax.sources import LEDGER, AssetsFile, PriceTable, read_ledger, read_payments
from keepers.compliance.tax.treaties import rates
from keepers.compliance.tax.withholding import Withheld, withhold
from keepers.contracts.transfers import TransferReader
from keepers.operations.tax_files import assets_of, prices_of, text_of

Progress = Callable[[int], None]
WITHHELD = ("line", "payee", "income", "amount", "tax", "net", "rate", "chapter", "exemption", "reason", "source")


def zone_of(name: str) -> tzinfo:
    """Returns a time zone of the IANA database.

    Raises:
        TaxError: If there is none of the name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TaxError(f"time zone {name}", "is not known", "use one such as Europe/Berlin") from None


@dataclass(frozen=True)
class Books:
    """A ledger that was read, under a profile.

    Attributes:
        assets: Its assets.
        entries: Its entries.
        profile: Profile of the jurisdiction.
        method: Method, or None for the one that stands without a choice.
    """

    assets: AssetsFile
    entries: list[Entry]
    profile: Profile
    method: str | None

    @classmethod
    def read(cls, ledger: Path, assets: Path, jurisdiction: str, method: str | None, zone: str) -> Books:
        """Reads the files.

        Raises:
            TaxError: If one does not fit, or the method is not accepted.
        """
        found, known = profile(jurisdiction), assets_of(assets)
        found.method(method)
        if known.currency != found.currency:
            reason = f"is in {known.currency}, and returns of {found.name} are in {found.currency}"
            raise TaxError(assets.name, reason, f"convert the money to {found.currency}")
        return cls(known, read_ledger(text_of(ledger), ledger.name, known, zone_of(zone)), found, method)

    def steps(self, year: int) -> int:
        """How often `gains` advances."""
        return steps_of(self.entries, self.profile, year)

    def gains(self, year: int, prices: Path | None, advance: Progress) -> YearOfGains:
        """Works out one tax year."""
        table, (_, last) = prices_of(prices), self.profile.year(year)
        quotes = {
            name: (table.on(name, last), 10**row.decimals)
            for name, row in self.assets.assets.items()
            if name in table.found
        }
        return year_of_gains(
            self.entries,
            self.profile,
            year,
            method=self.method,
            securities=self.assets.securities,
            prices=quotes,
            advance=advance,
        )

    def held(self, day: date, advance: Progress) -> list[Lot]:
        """Lots that are held at the end of a day."""
        entries = [entry for entry in self.entries if entry.day <= day]
        return worked_out(entries, self.profile, self.method, self.assets.securities, advance).held

    def money(self, amount: int | None) -> str | None:
        """Writes minor units, None as None."""
        return None if amount is None else written(amount, MINOR_DIGITS)

    def units(self, asset: str, units: int) -> str:
        """Writes base units of an asset as whole tokens."""
        return written_units(units, self.assets.assets[asset].decimals)


def gains_as_json(books: Books, found: YearOfGains) -> dict[str, Any]:
    """The totals of a year, with money as decimal texts."""
    money = ("proceeds", "cost", "disallowed", "short", "long", "income", "unrealised")
    return {
        "jurisdiction": books.profile.name,
        "currency": books.profile.currency,
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "method": str(books.profile.method(books.method)),
        "disposals": len(found.disposals),
        "assets": [
            {
                "asset": one.asset,
                "held": books.units(one.asset, one.held),
                **{name: books.money(getattr(one, name)) for name in money},
            }
            for one in found.totals
        ],
    }


def gains_lines(books: Books, found: YearOfGains) -> list[str]:
    """The totals of a year in lines for people."""
    told = gains_as_json(books, found)
    lines = [f"{told['jurisdiction']}, {told['first']} to {told['last']}, {told['method']}, in {told['currency']}"]
    for one in told["assets"]:
        lines.append(
            f"{one['asset']}: proceeds {one['proceeds']}, cost {one['cost']}, short-term {one['short']}, "
            f"long-term {one['long']}, wash sales {one['disallowed']}, income {one['income']}"
        )
        lines.append(f"  held {one['held']}, unrealised {one['unrealised'] or 'without a price'}")
    return lines


def lots_as_json(books: Books, lots: Sequence[Lot]) -> list[dict[str, Any]]:
    """Open lots, with the line that acquired each."""
    return [
        {
            "lot": lot.line,
            "asset": lot.asset,
            "wallet": lot.wallet,
            "quantity": books.units(lot.asset, lot.units),
            "cost": books.money(lot.cost),
            "bought": lot.bought.isoformat(),
            "held_from": lot.held_from.isoformat(),
        }
        for lot in lots
    ]


def chain_ledger(
    reader: TransferReader,
    wallets: Mapping[str, str],
    asset: str | None,
    prices: PriceTable,
    zone: tzinfo,
    first_block: int,
    advance: Progress,
) -> tuple[bytes, int]:
    """Makes a ledger from a token's transfers; returns it as CSV, and its number of lines."""
    found = reader.transfers(first_block, advance)
    rows = ledger_rows(found, wallets, asset or reader.symbol, reader.decimals, prices, zone)
    return csv_bytes(LEDGER, rows), len(rows)


def withheld(path: Path, advance: Progress = lambda _: None) -> list[Withheld]:
    """Works out what is withheld on the distributions of a file."""
    found = []
    for payment in read_payments(text_of(path), path.name):
        found.append(withhold(payment, rates()))
        advance(1)
    return found


def withheld_rows(found: Sequence[Withheld]) -> list[dict[str, str]]:
    """A row of `WITHHELD` for every distribution."""
    return [
        {
            "line": str(one.payment.line),
            "payee": one.payment.payee,
            "income": one.payment.income,
            "amount": written(one.payment.amount, MINOR_DIGITS),
            "tax": written(one.tax, MINOR_DIGITS),
            "net": written(one.net, MINOR_DIGITS),
            "rate": one.rate.rate if one.rate else "0.00",
            "chapter": str(one.chapter),
            "exemption": one.exemption,
            "reason": one.reason,
            "source": one.rate.source if one.rate else "",
        }
        for one in found
    ]


def rate_lines(country: str | None) -> list[str]:
    """The table of rates in lines, of every country or of one.

    Raises:
        TaxError: If the country has no treaty in the table.
    """
    table = rates()
    if country is not None and country.upper() not in table.treaties:
        raise TaxError(f"country {country}", "has no treaty in the table", "see `quantera compliance tax rates`")
    chosen = table.treaties if country is None else {country.upper(): table.treaties[country.upper()]}
    lines = [] if country else [f"statutory {table.statutory.rate}%, {table.statutory.source}"]
    for code, treaty in sorted(chosen.items()):
        for income in ("dividends", "interest"):
            rate = treaty.dividends if income == "dividends" else treaty.interest
            lines.append(
                f"{code} {treaty.country}: {income} {rate.rate}%, article {rate.article}; {rate.source}; "
                f"recorded {rate.recorded}, {rate.confidence}"
            )
    return lines
