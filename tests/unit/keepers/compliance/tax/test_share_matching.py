"""Share matching of the United Kingdom, with worked examples of its authority."""

from __future__ import annotations

import pytest

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.share_matching import match_shares
from tests.fixtures.ledgers import entry


def test_match_shares__hs284_example_3__averages_the_section_104_holding() -> None:
    # HS284, example 3 (Lobster plc): 1,000 shares at £4 with £150, 500 at £4.10 with £80; 700 sold at £4.80 less
    # £100 in May and 400 at £5.20 less £105 in February: gains of £329 and £300.
    found = match_shares(
        [
            entry(1, "2016-04-01", "buy", 1_000, 400_000, fee=15_000),
            entry(2, "2019-09-01", "buy", 500, 205_000, fee=8_000),
            entry(3, "2024-05-01", "sell", 700, 336_000, fee=10_000),
            entry(4, "2025-02-01", "sell", 400, 208_000, fee=10_500),
        ]
    )
    assert [round(one.gain / 100) for one in found.disposals] == [329, 300]


def test_match_shares__crypto22256__same_day_thirty_days_and_pool() -> None:
    # HMRC, CRYPTO22256 (30 days): a pool of 14,000 for £200,000; 4,000 sold for £160,000 on 30 August; 500 bought
    # for £17,500 on 11 September: 500 are matched at £17,500 and 3,500 at £50,000 of the pool. The gain is £92,500.
    found = match_shares(
        [
            entry(1, "2018-01-01", "buy", 14_000, 20_000_000),
            entry(2, "2018-08-30", "sell", 4_000, 16_000_000),
            entry(3, "2018-09-11", "buy", 500, 1_750_000),
        ]
    )
    assert [(one.matched, one.units, one.cost) for one in found.disposals] == [
        ("thirty-day", 500, 1_750_000),
        ("pool", 3_500, 5_000_000),
    ]
    assert sum(one.gain for one in found.disposals) == 9_250_000
    assert [(lot.units, lot.cost) for lot in found.held] == [(10_500, 15_000_000)]


def test_match_shares__acquisition_of_the_same_day__comes_before_the_pool() -> None:
    found = match_shares(
        [
            entry(1, "2025-01-01", "buy", 100, 10_000),
            entry(2, "2025-03-01", "buy", 40, 8_000),
            entry(3, "2025-03-01", "sell", 60, 15_000),
        ]
    )
    assert [(one.matched, one.units, one.cost) for one in found.disposals] == [
        ("same-day", 40, 8_000),
        ("pool", 20, 2_000),
    ]


@pytest.mark.parametrize(("day", "rule"), [("2025-03-31", "thirty-day"), ("2025-04-01", "pool")])
def test_match_shares__acquisition_after_30_and_31_days__is_the_edge(day: str, rule: str) -> None:
    found = match_shares(
        [
            entry(1, "2025-01-01", "buy", 100, 10_000),
            entry(2, "2025-03-01", "sell", 60, 15_000),
            entry(3, day, "buy", 60, 9_000),
        ]
    )
    assert [one.matched for one in found.disposals] == [rule]


def test_match_shares__earlier_disposal__has_the_first_claim_on_an_acquisition() -> None:
    found = match_shares(
        [
            entry(1, "2025-01-01", "buy", 100, 10_000),
            entry(2, "2025-03-01", "sell", 40, 8_000),
            entry(3, "2025-03-05", "sell", 40, 8_000),
            entry(4, "2025-03-20", "buy", 50, 10_000),
        ]
    )
    assert [(one.matched, one.units) for one in found.disposals] == [
        ("thirty-day", 40),
        ("thirty-day", 10),
        ("pool", 30),
    ]


def test_match_shares__more_than_is_held__is_refused() -> None:
    with pytest.raises(TaxError, match="ledger line 2: takes more units"):
        match_shares([entry(1, "2025-01-01", "buy", 1, 1), entry(2, "2025-03-01", "sell", 2, 1)])
