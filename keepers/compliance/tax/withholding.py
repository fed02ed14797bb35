"""Withholding of the United States on distributions: chapter 3, chapter 4 and backup withholding.

What a payee has documented decides, in this order: a US person with a taxpayer number is not withheld on, and one
without is withheld on at the rate of 26 USC 3406; a payee that chapter 4 does not let pass is withheld on at 30%,
which counts for chapter 3 too (26 CFR 1.1474-6(b)); a payee without a valid certificate is withheld on at the
statutory rate; portfolio interest is exempt (26 USC 871(h), 881(c)); and a treaty reduces the rate for whoever
claims it with a taxpayer number and, as an entity, names its provision on limitation of benefits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.money import portion
from keepers.compliance.tax.treaties import Income, Rate, Rates


class Certificate(StrEnum):
    """The form that a payee has given."""

    NONE = "none"
    W9 = "w-9"
    W8BEN = "w-8ben"
    W8BENE = "w-8ben-e"


class Chapter4(StrEnum):
    """Where a payee stands under chapter 4."""

    PASSES = "passes"
    """Individual, participating or deemed-compliant institution, exempt owner or documented entity."""
    NONPARTICIPATING = "nonparticipating"
    UNDOCUMENTED = "undocumented"


VALID_YEARS = 3
"""A certificate holds to the end of the third calendar year after it was signed (26 CFR 1.1441-1(e)(4)(ii)(A))."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A distribution to one payee.

    Attributes:
        line: Line of its file.
        paid: Day of payment.
        payee: Identifier of the payee; no name.
        income: Kind of income.
        amount: Gross amount in cents.
        country: Residence, ISO 3166-1 alpha-2.
        certificate: Certificate that the payee has given.
        signed: Day on which it was signed; None without one.
        chapter_4: Where the payee stands under chapter 4.
        has_tin: True if the certificate has a taxpayer number, of the United States or foreign.
        claims_treaty: True if it claims the treaty of `country`.
        benefits: Provision on limitation of benefits that an entity names; empty if it names none.
        portfolio: True if the interest is portfolio interest.
    """

    line: int
    paid: date
    payee: str
    income: Income
    amount: int
    country: str
    certificate: Certificate
    signed: date | None = None
    chapter_4: Chapter4 = Chapter4.PASSES
    has_tin: bool = False
    claims_treaty: bool = False
    benefits: str = ""
    portfolio: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """Tax that is withheld on a payment.

    Attributes:
        payment: The payment.
        tax: Tax in cents, rounded half to even.
        rate: Rate that applied; None where nothing is withheld without a rate.
        chapter: 3 or 4; 0 for a US person.
        exemption: Exemption code of Form 1042-S, box 3a, or 00.
        reason: Rule that decided, in a few words.
    """

    payment: Payment
    tax: int
    rate: Rate | None
    chapter: int
    exemption: str
    reason: str

    @property
    def net(self) -> int:
        """Amount that the payee gets, in cents."""
        return self.payment.amount - self.tax


def withhold(payment: Payment, table: Rates) -> Withheld:
    """Works out what is withheld on a payment.

    Args:
        payment: The payment.
        table: Rates.

    Raises:
        TaxError: If the payment contradicts itself.
    """
    _check(payment)
    if payment.certificate is Certificate.W9:
        return _us_person(payment, table)
    if payment.chapter_4 is not Chapter4.PASSES:
        return _at(payment, table.chapter_4, 4, f"chapter 4: {payment.chapter_4}")
    fault = _certificate_fault(payment)
    if fault is not None:
        return _at(payment, table.statutory, 3, fault)
    if payment.portfolio:
        return Withheld(payment, 0, None, 3, "05", "portfolio interest")
    if payment.claims_treaty:
        return _treaty(payment, table)
    return _at(payment, table.statutory, 3, "statutory rate: no treaty claimed")


def _us_person(payment: Payment, table: Rates) -> Withheld:
    if payment.has_tin:
        return Withheld(payment, 0, None, 0, "00", "US person with a taxpayer number")
    return _at(payment, table.backup, 0, "backup withholding: no taxpayer number")


def _treaty(payment: Payment, table: Rates) -> Withheld:
    treaty = table.treaties.get(payment.country)
    if treaty is None:
        return _at(payment, table.statutory, 3, "statutory rate: no treaty in the table")
    if not payment.has_tin:
        return _at(payment, table.statutory, 3, "statutory rate: treaty claimed without a taxpayer number")
    if payment.certificate is Certificate.W8BENE and not payment.benefits:
        return _at(payment, table.statutory, 3, "statutory rate: no provision on limitation of benefits named")
    rate = treaty.rate(payment.income)
    return _at(payment, rate, 3, f"treaty, article {rate.article}", "00" if rate.basis_points else "04")


def _at(payment: Payment, rate: Rate, chapter: int, reason: str, exemption: str = "00") -> Withheld:
    return Withheld(payment, portion(payment.amount, rate.basis_points, 10_000), rate, chapter, exemption, reason)


def _certificate_fault(payment: Payment) -> str | None:
    if payment.certificate is Certificate.NONE or payment.signed is None:
        return "statutory rate: no certificate"
    if payment.paid > date(payment.signed.year + VALID_YEARS, 12, 31):
        return "statutory rate: the certificate has lapsed"
    return None


def _check(payment: Payment) -> None:
    where = f"payment line {payment.line}"
    if payment.amount <= 0:
        raise TaxError(where, "has no amount above zero", "give the gross amount")
    if payment.portfolio and payment.income != "interest":
        raise TaxError(where, "is portfolio interest and no interest", "correct its income")
    if payment.country == "US" and payment.certificate in (Certificate.W8BEN, Certificate.W8BENE):
        raise TaxError(where, "is of a foreign person who lives in the US", "check the certificate and the country")
    if payment.signed is not None and payment.signed > payment.paid:
        raise TaxError(where, "was paid before the certificate was signed", "give the certificate of that day")
