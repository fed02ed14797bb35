"""Wash sales beyond the worked examples, which `test_authorities.py` has."""

from __future__ import annotations

from datetime import date

import pytest

from keepers.compliance.tax.engine import Disposal, Outcome, Scope, account
from keepers.compliance.tax.ledger import Entry
from keepers.compliance.tax.lots import Method
from tests.fixtures.ledgers import entry


def washed(*entries: Entry, securities: tuple[str, ...] = ("NOTE",), method: Method = Method.FIFO) -> Outcome:
    return account(entries, method, Scope.WALLET, securities=securities)


def figures(disposals: list[Disposal]) -> list[tuple[int, int, int]]:
    return [(one.gain, one.disallowed, one.recognised) for one in disposals]


@pytest.mark.parametrize(("day", "taken_off"), [("2025-07-02", 25_000), ("2025-07-03", 0)])
def test_wash__purchase_after_30_and_31_days__is_the_edge_of_the_window(day: str, taken_off: int) -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, day, "buy", 100, 80_000),
    )
    assert [one.disallowed for one in found.disposals] == [taken_off]


@pytest.mark.parametrize(("day", "taken_off"), [("2025-05-03", 25_000), ("2025-05-02", 0)])
def test_wash__purchase_30_and_31_days_before__is_the_edge_of_the_window(day: str, taken_off: int) -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, day, "buy", 100, 80_000),
        entry(3, "2025-06-02", "sell", 100, 75_000),
    )
    assert [one.disallowed for one in found.disposals] == [taken_off]


def test_wash__holding_period__takes_in_that_of_what_was_sold() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, "2025-06-20", "buy", 100, 80_000),
    )
    (lot,) = found.held
    assert lot.bought == date(2025, 6, 20)
    # 151 days from 2 January to 2 June 2025.
    assert (lot.bought - lot.held_from).days == 151


def test_wash__fewer_bought_than_sold__leaves_the_rest_of_the_loss() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, "2025-06-20", "buy", 30, 24_000),
    )
    assert figures(found.disposals) == [(-25_000, 7_500, -17_500)]


def test_wash__units_matched_once__count_for_no_other_loss() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 200, 200_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, "2025-06-03", "sell", 100, 75_000),
        entry(4, "2025-06-20", "buy", 100, 80_000),
    )
    assert [one.disallowed for one in found.disposals] == [25_000, 0]


def test_wash__part_of_a_single_purchase__has_no_replacement_in_the_rest() -> None:
    found = washed(entry(1, "2025-05-20", "buy", 100, 100_000), entry(2, "2025-06-02", "sell", 50, 37_500))
    assert figures(found.disposals) == [(-12_500, 0, -12_500)]


def test_wash__purchase_in_another_wallet__replaces_too() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, "2025-06-20", "buy", 100, 80_000, wallet="hot"),
    )
    assert [one.disallowed for one in found.disposals] == [25_000]


def test_wash__move_between_own_wallets__is_no_purchase() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 200, 200_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, "2025-06-20", "move", 100, to_wallet="hot"),
    )
    assert [one.disallowed for one in found.disposals] == [0]


def test_wash__asset_that_is_no_security__keeps_its_loss() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, "2025-06-20", "buy", 100, 80_000),
        securities=("OTHER",),
    )
    assert [one.disallowed for one in found.disposals] == [0]


def test_wash__sale_at_a_gain__takes_nothing_off() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-06-02", "sell", 100, 125_000),
        entry(3, "2025-06-20", "buy", 100, 80_000),
    )
    assert figures(found.disposals) == [(25_000, 0, 25_000)]


def test_wash__replacement_sold_at_a_loss_and_replaced__carries_the_loss_on() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 100, 100_000),
        entry(2, "2025-06-02", "sell", 100, 75_000),
        entry(3, "2025-06-20", "buy", 100, 80_000),
        entry(4, "2025-06-25", "sell", 100, 70_000),
        entry(5, "2025-07-10", "buy", 100, 60_000),
    )
    assert figures(found.disposals) == [(-25_000, 25_000, 0), (-35_000, 35_000, 0)]
    assert [lot.cost for lot in found.held] == [95_000]


def test_wash__units_bought_before_and_matched_once__count_for_no_other_loss() -> None:
    found = washed(
        entry(1, "2025-01-02", "buy", 200, 200_000),
        entry(2, "2025-06-01", "buy", 100, 80_000),
        entry(3, "2025-06-05", "sell", 100, 75_000),
        entry(4, "2025-06-06", "sell", 100, 75_000),
    )
    assert [one.disallowed for one in found.disposals] == [25_000, 0]
    assert [(lot.units, lot.cost) for lot in found.held] == [(100, 105_000)]
