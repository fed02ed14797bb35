"""Withholding: what a payee has documented decides."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.treaties import rates
from keepers.compliance.tax.withholding import Certificate, Chapter4, Payment, Withheld, withhold

SIGNED = date(2024, 3, 1)


def payment(**changes: Any) -> Payment:
    """A dividend of $1,000 to a German individual who claims the treaty."""
    fields: dict[str, Any] = {
        "line": 2, "paid": date(2026, 6, 1), "payee": "P-1", "income": "dividends", "amount": 100_000,
        "country": "DE", "certificate": Certificate.W8BEN, "signed": SIGNED, "has_tin": True, "claims_treaty": True,
    }  # fmt: skip
    return Payment(**{**fields, **changes})


def withheld(**changes: Any) -> Withheld:
    return withhold(payment(**changes), rates())


@pytest.mark.parametrize(
    ("changes", "tax", "chapter", "exemption"),
    [
        ({}, 15_000, 3, "00"),
        ({"income": "interest"}, 0, 3, "04"),
        ({"country": "IN", "income": "interest"}, 15_000, 3, "00"),
        ({"claims_treaty": False}, 30_000, 3, "00"),
        ({"country": "SG"}, 30_000, 3, "00"),
        ({"has_tin": False}, 30_000, 3, "00"),
        ({"certificate": Certificate.NONE, "signed": None}, 30_000, 3, "00"),
        ({"certificate": Certificate.W8BENE}, 30_000, 3, "00"),
        ({"certificate": Certificate.W8BENE, "benefits": "02"}, 15_000, 3, "00"),
        ({"income": "interest", "portfolio": True, "claims_treaty": False}, 0, 3, "05"),
        ({"chapter_4": Chapter4.NONPARTICIPATING}, 30_000, 4, "00"),
        ({"chapter_4": Chapter4.UNDOCUMENTED, "income": "interest", "portfolio": True}, 30_000, 4, "00"),
        ({"certificate": Certificate.W9, "country": "US"}, 0, 0, "00"),
        ({"certificate": Certificate.W9, "country": "US", "has_tin": False}, 24_000, 0, "00"),
    ],
)
def test_withhold__documents__decide_the_rate(changes: dict[str, Any], tax: int, chapter: int, exemption: str) -> None:
    found = withheld(**changes)
    assert (found.tax, found.chapter, found.exemption) == (tax, chapter, exemption)
    assert found.net == 100_000 - tax


@pytest.mark.parametrize(("paid", "tax"), [(date(2027, 12, 31), 15_000), (date(2028, 1, 1), 30_000)])
def test_withhold__certificate__holds_to_the_end_of_the_third_year(paid: date, tax: int) -> None:
    assert withheld(paid=paid).tax == tax


@pytest.mark.parametrize(("paid", "tax"), [(date(2018, 12, 31), 15_000), (date(2019, 1, 1), 30_000)])
def test_withhold__certificate_of_the_instructions__holds_through_2018(paid: date, tax: int) -> None:
    # Instructions for Form W-8BEN: signed on 30 September 2015, valid through 31 December 2018.
    assert withheld(paid=paid, signed=date(2015, 9, 30)).tax == tax


def test_withhold__half_a_cent__rounds_to_even() -> None:
    assert [withheld(amount=amount).tax for amount in (10, 30, 50)] == [2, 4, 8]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": 0}, "has no amount"),
        ({"portfolio": True}, "is portfolio interest and no interest"),
        ({"country": "US"}, "is of a foreign person who lives in the US"),
        ({"signed": date(2026, 6, 2)}, "was paid before the certificate was signed"),
    ],
)
def test_withhold__payment_that_contradicts_itself__is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(TaxError, match=f"payment line 2: {reason}"):
        withheld(**changes)


def test_rates__of_the_package__have_a_source_and_an_article_of_a_known_country() -> None:
    found = rates()
    assert len(found.treaties) >= 20
    for treaty in found.treaties.values():
        assert treaty.country
        for rate in (treaty.dividends, treaty.interest):
            assert rate.article and rate.source and rate.recorded <= date(2026, 11, 26)
            assert 0 <= rate.basis_points < found.statutory.basis_points


def test_rates__of_the_package__are_checked_within_two_years() -> None:
    table = rates()
    oldest = min(rate.recorded for one in table.treaties.values() for rate in (one.dividends, one.interest))
    assert table.statutory.recorded - oldest < timedelta(days=730)
