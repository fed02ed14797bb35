"""Files that people write: ledgers, assets, prices and distributions, read from their text.

A table is CSV with a heading, or JSON lines with the same names. Unknown columns are refused. Refusals name the line
and the column, and never a value.
"""

from __future__ import annotations

import csv
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.ledger import Entry, Kind
from keepers.compliance.tax.money import minor_units, scaled
from keepers.compliance.tax.profiles import MINOR_DIGITS
from keepers.compliance.tax.withholding import Certificate, Chapter4, Payment
from keepers.schema import Strict

LEDGER = ("time", "kind", "asset", "wallet", "quantity", "amount", "fee", "to_wallet", "fee_quantity", "lots")
"""Columns of a ledger; those after `quantity` may be left out."""
PAYMENTS = (
    "paid", "payee", "income", "amount", "country", "certificate", "signed", "chapter_4", "has_tin", "claims_treaty",
    "benefits", "portfolio",
)  # fmt: skip
"""Columns of distributions; those after `certificate` may be left out."""
PRICES = ("asset", "day", "price")
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Years that a day of a file may have."""
STALE = 7
"""Days for which a price counts after its own."""

E = TypeVar("E", bound=StrEnum)
_YES, _NO = ("yes", "true", "1"), ("", "no", "false", "0")


class AssetRow(Strict):
    """An asset of a ledger.

    Attributes:
        name: How forms name it.
        decimals: Decimal places of the token.
        security: True if wash sales apply; a regulated token is a security.
        digital: True if forms of the IRS count it as a digital asset.
        reported: A broker's report to the IRS: `basis`, `proceeds` or `nothing`.
        covered: True if a broker has to report its basis.
        cusip: CUSIP; empty for none.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    decimals: Annotated[int, Field(ge=0, le=18)] = 18
    security: bool = True
    digital: bool = True
    reported: Annotated[str, Field(pattern=r"^(basis|proceeds|nothing)$")] = "nothing"
    covered: bool = True
    cusip: Annotated[str, Field(pattern=r"^([0-9A-Z]{9})?$")] = ""


class AssetsFile(Strict):
    """Assets of a ledger, the currency of its money, and the account number of each wallet."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    assets: Annotated[dict[str, AssetRow], Field(min_length=1)]
    accounts: dict[str, str] = Field(default_factory=dict)

    @property
    def securities(self) -> list[str]:
        """Assets to which wash sales apply."""
        return [name for name, row in self.assets.items() if row.security]


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by asset: days in order, and minor units per whole token of each."""

    found: Mapping[str, tuple[list[date], list[int]]]

    def on(self, asset: str, day: date) -> int:
        """Returns the price of a whole token on a day, or of at most `STALE` days before.

        Raises:
            TaxError: If there is none.
        """
        days, prices = self.found.get(asset, ([], []))
        place = bisect_right(days, day) - 1
        if place < 0 or day - days[place] > timedelta(days=STALE):
            raise TaxError(f"price of {asset} on {day}", f"is not there, nor of {STALE} days before", "add it")
        return prices[place]


def read_assets(data: dict[str, Any], name: str) -> AssetsFile:
    """Reads a file of assets.

    Raises:
        TaxError: If it does not fit.
    """
    try:
        return AssetsFile.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"][:3])
        raise TaxError(f"{name}: {field}", first["msg"], "see docs/tax.md") from None


def read_ledger(text: str, name: str, assets: AssetsFile, zone: tzinfo) -> list[Entry]:
    """Reads a ledger.

    Args:
        text: CSV or JSON lines with the columns of `LEDGER`.
        name: Name of the file, for refusals.
        assets: Assets that it may name.
        zone: Time zone of the taxpayer, in which an entry's day is.

    Raises:
        TaxError: If a line does not fit.
    """
    return [_entry(row, line, name, assets, zone) for line, row in table(text, name, LEDGER, 5)]


def read_payments(text: str, name: str) -> list[Payment]:
    """Reads distributions from CSV or JSON lines with the columns of `PAYMENTS`.

    Raises:
        TaxError: If a line does not fit.
    """
    return [_payment(row, line, name) for line, row in table(text, name, PAYMENTS, 6)]


def read_prices(text: str, name: str) -> PriceTable:
    """Reads prices from CSV or JSON lines with the columns of `PRICES`.

    Raises:
        TaxError: If a line does not fit, or two have the same asset and day.
    """
    found: dict[str, dict[date, int]] = {}
    for line, row in table(text, name, PRICES, 3):
        where = f"{name}, line {line}"
        day = _day(row["day"], where)
        mine = found.setdefault(row["asset"], {})
        if day in mine:
            raise TaxError(where, "has the asset and day of another line", "give one price per day")
        mine[day] = minor_units(row["price"], MINOR_DIGITS, f"{where}, price")
    in_order = {asset: sorted(mine.items()) for asset, mine in found.items()}
    return PriceTable({asset: ([d for d, _ in pairs], [p for _, p in pairs]) for asset, pairs in in_order.items()})


def table(text: str, name: str, columns: tuple[str, ...], needed: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the lines of a table with their number.

    Args:
        text: CSV with a heading, or JSON lines.
        name: Name of the file, for refusals.
        columns: Known columns.
        needed: How many of the first columns every line has.

    Raises:
        TaxError: If a line has an unknown column, lacks one, or is no line of its form.
    """
    rows = _json_lines(text, name) if text.lstrip().startswith("{") else _csv_lines(text, name)
    empty = True
    for line, row in rows:
        empty = False
        where = f"{name}, line {line}"
        if None in row or set(row) - set(columns):
            raise TaxError(where, "has a column that is not known", f"use {', '.join(columns)}")
        found = {column: (row.get(column) or "").strip() for column in columns}
        missing = [column for column in columns[:needed] if not found[column]]
        if missing:
            raise TaxError(f"{where}, {missing[0]}", "is empty", "fill it")
        yield line, found
    if empty:
        raise TaxError(name, "has no lines", "give a heading and a line")


def _csv_lines(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error:
        raise TaxError(f"{name}, line {reader.line_num}", "is no CSV", "quote its cells") from None


def _json_lines(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    for line, one in enumerate(text.splitlines(), 1):
        if not one.strip():
            continue
        try:
            row = json.loads(one, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            raise TaxError(f"{name}, line {line}", "is no JSON", "write one object per line") from None
        if not isinstance(row, dict) or not all(
            isinstance(value, str | bool) or value is None for value in row.values()
        ):
            raise TaxError(f"{name}, line {line}", "is no object of texts and numbers", "write one per line")
        yield line, {key: str(value).lower() if isinstance(value, bool) else value for key, value in row.items()}


def _entry(row: dict[str, str], line: int, name: str, assets: AssetsFile, zone: tzinfo) -> Entry:
    where = f"{name}, line {line}"
    if row["asset"] not in assets.assets:
        raise TaxError(f"{where}, asset", "is not in the file of assets", "add it")
    decimals = assets.assets[row["asset"]].decimals

    def units(column: str, text: str | None = None) -> int:
        found = row[column] if text is None else text
        return scaled(found or "0", decimals, f"{where}, {column}", "a quantity", "decimal places of the token")

    moment = _moment(row["time"], where, zone)
    return Entry(
        line=line,
        time=int(moment.timestamp()),
        day=moment.astimezone(zone).date(),
        kind=_named(Kind, row["kind"], f"{where}, kind"),
        asset=row["asset"],
        wallet=row["wallet"],
        units=units("quantity"),
        amount=minor_units(row["amount"] or "0", MINOR_DIGITS, f"{where}, amount"),
        fee=minor_units(row["fee"] or "0", MINOR_DIGITS, f"{where}, fee"),
        to_wallet=row["to_wallet"],
        fee_units=units("fee_quantity"),
        lots=tuple(_lot(part, where, units) for part in row["lots"].split(";") if part),
    )


def _lot(text: str, where: str, units: Callable[[str, str], int]) -> tuple[int, int]:
    """A lot such as `12:1.5`: the line that acquired it, and a quantity."""
    line, _, quantity = text.partition(":")
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", line):
        raise TaxError(f"{where}, lots", "is no list of lots", "write line:quantity, with ; between them")
    return int(line), units("lots", quantity)


def _payment(row: dict[str, str], line: int, name: str) -> Payment:
    where = f"{name}, line {line}"
    income = row["income"]
    if income not in ("dividends", "interest"):
        raise TaxError(f"{where}, income", "is neither dividends nor interest", "correct it")
    return Payment(
        line=line,
        paid=_day(row["paid"], where),
        payee=row["payee"],
        income="dividends" if income == "dividends" else "interest",
        amount=minor_units(row["amount"], MINOR_DIGITS, f"{where}, amount"),
        country=row["country"],
        certificate=_named(Certificate, row["certificate"], f"{where}, certificate"),
        signed=_day(row["signed"], where) if row["signed"] else None,
        chapter_4=_named(Chapter4, row["chapter_4"] or "passes", f"{where}, chapter_4"),
        has_tin=_switch(row["has_tin"], f"{where}, has_tin"),
        claims_treaty=_switch(row["claims_treaty"], f"{where}, claims_treaty"),
        benefits=row["benefits"],
        portfolio=_switch(row["portfolio"], f"{where}, portfolio"),
    )


def _moment(text: str, where: str, zone: tzinfo) -> datetime:
    """A moment with its zone, Unix seconds, or a day, which stands for its noon."""
    try:
        if re.fullmatch("[0-9]{9,11}", text):
            found = datetime.fromtimestamp(int(text), UTC)
        elif len(text) == len("2026-01-31"):
            found = datetime.combine(date.fromisoformat(text), time(12), zone)
        else:
            found = datetime.fromisoformat(text)
        _check_year(found.year)
    except (ValueError, OverflowError, OSError):
        raise TaxError(f"{where}, time", "is no time", "write 2026-01-31, or 2026-01-31T09:30:00Z") from None
    if found.tzinfo is None:
        raise TaxError(f"{where}, time", "has no time zone", "end it with Z or with an offset such as +01:00")
    return found


def _day(text: str, where: str) -> date:
    try:
        found = date.fromisoformat(text)
        _check_year(found.year)
    except ValueError:
        raise TaxError(where, "has a day that is none", "write it as 2026-01-31") from None
    return found


def _check_year(year: int) -> None:
    """Refuses years from which or to which no days can be counted, and which are typing errors."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(year)


def _switch(text: str, where: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise TaxError(where, "is neither yes nor no", "correct it")


def _named(kind: type[E], text: str, where: str) -> E:
    try:
        return kind(text)
    except ValueError:
        accepted = ", ".join(kind)
        raise TaxError(where, "is not known", f"choose {accepted}") from None
