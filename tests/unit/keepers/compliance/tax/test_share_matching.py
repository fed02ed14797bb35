"""Share matching of the United Kingdom beyond the worked examples, which `test_authorities.py` has."""

from __future__ import annotations

import pytest

from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.share_matching import match_shares
from tests.fixtures.ledgers import entry


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
