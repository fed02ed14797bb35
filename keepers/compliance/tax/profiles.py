"""Profiles of jurisdictions: method, scope, tax year and holding period, as data with their sources."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from keepers.compliance.rows import read_rows, row_of
from keepers.compliance.tax.engine import Scope
from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.lots import Method
from keepers.schema import Strict

SHARE_MATCHING: Literal["share-matching"] = "share-matching"
"""Method of the United Kingdom, which looks ahead of a disposal and is no order of lots."""
MINOR_DIGITS = 2
"""Decimal places of every currency of the profiles (ISO 4217)."""

Confidence = Literal["law", "guidance", "reading"]


class Cited(Strict):
    """A rule and where it stands."""

    rule: str
    source: str
    recorded: date
    confidence: Confidence


class Profile(Strict):
    """How a jurisdiction works out gains.

    Attributes:
        name: Name of the jurisdiction.
        currency: ISO 4217 code of its returns.
        year_begins: First day of the tax year, as MM-DD.
        scope: Units that a method chooses from.
        methods: Methods that it accepts, the one without a choice first.
        long_after_years: Years after which a gain is long-term; None where there is no difference.
        wash_sales: True if losses are held against replacements (26 USC 1091).
        sources: Sources of the rules.
    """

    name: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    year_begins: Annotated[str, Field(pattern=r"^\d\d-\d\d$")]
    scope: Scope
    methods: Annotated[tuple[Method | Literal["share-matching"], ...], Field(min_length=1)]
    long_after_years: int | None = None
    wash_sales: bool = False
    sources: Annotated[tuple[Cited, ...], Field(min_length=1)]

    def year(self, number: int) -> tuple[date, date]:
        """First and last day of the tax year that begins in the calendar year `number`."""
        month, day = (int(part) for part in self.year_begins.split("-"))
        return date(number, month, day), date(number + 1, month, day) - timedelta(days=1)

    def method(self, asked: str | None) -> Method | Literal["share-matching"]:
        """Returns the asked method, or the one that stands without a choice.

        Raises:
            TaxError: If the jurisdiction does not accept it.
        """
        wanted = asked or self.methods[0]
        if wanted not in self.methods:
            accepted = ", ".join(str(method) for method in self.methods)
            raise TaxError(f"method {wanted}", f"is not accepted by {self.name}", f"choose {accepted}")
        return SHARE_MATCHING if wanted == SHARE_MATCHING else Method(wanted)


@cache
def profiles() -> dict[str, Profile]:
    """The profiles by the ISO 3166-1 alpha-2 code of their jurisdiction.

    Raises:
        TaxError: If the file of the package is not what it has to be.
    """
    return read_rows(Path(__file__).with_name("jurisdictions.yaml"), Profile, TaxError)


def profile(code: str) -> Profile:
    """Returns the profile of a jurisdiction.

    Raises:
        TaxError: If there is none.
    """
    return row_of(profiles(), code, "has no profile", TaxError)
