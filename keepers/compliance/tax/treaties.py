"""Rates of US withholding as data: the statutory ones, and those of treaties with source and date per row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from keepers.compliance.tax.errors import TaxError
from keepers.schema import Strict
from keepers.yamlfile import read_mapping

Income = Literal["dividends", "interest"]


class Rate(Strict):
    """A rate in percent and where it stands.

    Attributes:
        rate: Percent with two decimal places, as box 3b and 4b of Form 1042-S have it.
        article: Article of the treaty; empty for a rate of the law.
        source: Source of the rate.
        recorded: Day on which the row was written down; `confidence` says what it was held against.
        confidence: `law`, `found` (a published table agrees) or `article` (the article as it is known).
    """

    rate: Annotated[str, Field(pattern=r"^\d\d?\.\d\d$")]
    article: str = ""
    source: str
    recorded: date
    confidence: Literal["law", "found", "article"]

    @property
    def basis_points(self) -> int:
        """The rate in hundredths of a percent."""
        return int(Decimal(self.rate) * 100)


class Treaty(Strict):
    """Rates of one treaty for portfolio income."""

    country: str
    dividends: Rate
    interest: Rate

    def rate(self, income: Income) -> Rate:
        """Returns the rate of a kind of income."""
        return self.dividends if income == "dividends" else self.interest


class Rates(Strict):
    """Every rate: the statutory one, that of chapter 4, that of backup withholding, and the treaties by country."""

    statutory: Rate
    chapter_4: Rate
    backup: Rate
    treaties: dict[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], Treaty]


@cache
def rates() -> Rates:
    """The rates of the package.

    Raises:
        TaxError: If the file of the package is not what it has to be.
    """
    path = Path(__file__).with_name("treaties.yaml")
    try:
        return Rates.model_validate(read_mapping(path))
    except ValidationError as error:
        raise TaxError(path.name, f"does not fit ({error.errors()[0]['msg']})", "correct the row") from None
