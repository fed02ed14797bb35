"""Profiles, tax years, holding periods and totals."""

from __future__ import annotations

from datetime import date

import pytest

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.gains import steps, worth, year_of_gains
from keepers.compliance.tax.profiles import profile, profiles
from keepers.compliance.tax.terms import is_long
from tests.fixtures.ledgers import entry

LEDGER = [
    entry(1, "2024-01-10", "buy", 100, 10_000),
    entry(2, "2025-05-10", "buy", 100, 30_000),
    entry(3, "2025-06-01", "sell", 150, 45_000),
    entry(4, "2025-08-01", "income", 10, 1_500),
    entry(5, "2026-01-15", "sell", 40, 4_000),
    entry(6, "2026-02-01", "buy", 40, 4_500),
]


def test_year_of_gains__united_states__splits_short_and_long_term() -> None:
    (found,) = year_of_gains(LEDGER, profile("US"), 2025).totals
    assert (found.proceeds, found.cost, found.short, found.long, found.income) == (45_000, 25_000, 0, 20_000, 1_500)
    assert found.held == 60


def test_year_of_gains__prices_at_the_end__give_the_unrealised_gain() -> None:
    (found,) = year_of_gains(LEDGER, profile("US"), 2025, prices={"NOTE": (500, 1)}).totals
    assert found.unrealised == 60 * 500 - (15_000 + 1_500)


def test_year_of_gains__without_a_price__has_no_unrealised_gain() -> None:
    assert year_of_gains(LEDGER, profile("US"), 2025).totals[0].unrealised is None


def test_year_of_gains__purchase_in_the_january_after__washes_a_loss_of_december() -> None:
    ledger = [
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-12-20", "sell", 100, 75_000),
        entry(3, "2026-01-10", "buy", 100, 80_000),
    ]
    (found,) = year_of_gains(ledger, profile("US"), 2025, securities=["NOTE"]).totals
    assert (found.disallowed, found.short, found.held) == (25_000, 0, 0)


def test_year_of_gains__united_kingdom__runs_from_6_april() -> None:
    found = year_of_gains(LEDGER, profile("GB"), 2025)
    assert (found.first, found.last) == (date(2025, 4, 6), date(2026, 4, 5))
    # The sale of 15 January is matched with the purchase of 1 February at its price.
    assert [(one.line, one.matched, one.cost) for one in found.disposals] == [
        (3, "pool", 30_000),
        (5, "thirty-day", 4_500),
    ]


def test_steps__of_a_year__is_how_often_it_advances() -> None:
    seen: list[int] = []
    year_of_gains(LEDGER, profile("US"), 2025, advance=seen.append)
    assert len(seen) == steps(LEDGER, profile("US"), 2025) == 9


@pytest.mark.parametrize(
    ("held_from", "disposed", "long"),
    [
        ("2024-01-31", "2025-01-31", False),
        ("2024-01-31", "2025-02-01", True),
        ("2023-02-28", "2024-02-29", False),
        ("2023-02-28", "2024-03-01", True),
        ("2024-02-28", "2025-02-28", False),
        ("2024-02-28", "2025-03-01", True),
        ("2024-02-29", "2025-03-01", True),
    ],
)
def test_is_long__edge_of_a_year__is_the_day_after(held_from: str, disposed: str, long: bool) -> None:
    assert is_long(date.fromisoformat(held_from), date.fromisoformat(disposed)) is long


def test_profile__method_that_the_jurisdiction_does_not_accept__is_refused() -> None:
    with pytest.raises(TaxError, match="method average: is not accepted by United States; choose fifo"):
        profile("US").method("average")


def test_profile__unknown_jurisdiction__is_refused() -> None:
    with pytest.raises(TaxError, match="jurisdiction XX: has no profile"):
        profile("XX")


def test_profiles__of_the_package__have_a_source_for_every_one() -> None:
    assert {"US", "GB", "DE", "FR", "CA", "AU"} == set(profiles())
    assert all(one.sources for one in profiles().values())


def test_worth__half_a_cent__rounds_to_even() -> None:
    assert [worth(units, (1, 2)) for units in (1, 3, 5)] == [0, 2, 2]
