"""Lots and disposals, method by method."""

from __future__ import annotations

from datetime import date

import pytest

from keepers.compliance.tax.engine import Scope, account
from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.ledger import Entry
from keepers.compliance.tax.lots import Method
from tests.fixtures.ledgers import entry

THREE_LOTS = [
    entry(1, "2025-01-10", "buy", 100, 10_000),
    entry(2, "2025-02-10", "buy", 100, 30_000),
    entry(3, "2025-03-10", "buy", 100, 20_000),
]
SALE = entry(4, "2025-06-01", "sell", 150, 45_000)


@pytest.mark.parametrize(
    ("method", "lots"),
    [
        (Method.FIFO, [(1, 100, 10_000, 30_000), (2, 50, 15_000, 15_000)]),
        (Method.LIFO, [(3, 100, 20_000, 30_000), (2, 50, 15_000, 15_000)]),
        (Method.HIFO, [(2, 100, 30_000, 30_000), (3, 50, 10_000, 15_000)]),
        (Method.AVERAGE, [(1, 100, 20_000, 30_000), (2, 50, 10_000, 15_000)]),
    ],
)
def test_account__three_lots__are_taken_in_the_order_of_the_method(
    method: Method, lots: list[tuple[int, int, int, int]]
) -> None:
    found = account([*THREE_LOTS, SALE], method, Scope.WALLET).disposals
    assert [(one.lot, one.units, one.cost, one.proceeds) for one in found] == lots


def test_account__identified_lots__are_taken_and_the_rest_is_the_earliest() -> None:
    sale = entry(4, "2025-06-01", "sell", 150, 45_000, lots=((3, 60),))
    found = account([*THREE_LOTS, sale], Method.SPECIFIC, Scope.WALLET).disposals
    assert [(one.lot, one.units, one.cost) for one in found] == [(3, 60, 12_000), (1, 90, 9_000)]


def test_account__scope_wallet__takes_from_the_wallet_that_sells() -> None:
    other = entry(2, "2025-02-10", "buy", 100, 30_000, wallet="hot")
    sale = entry(4, "2025-06-01", "sell", 50, 20_000, wallet="hot")
    assert [one.cost for one in account([THREE_LOTS[0], other, sale], Method.FIFO, Scope.WALLET).disposals] == [15_000]
    assert [one.cost for one in account([THREE_LOTS[0], other, sale], Method.FIFO, Scope.ACCOUNT).disposals] == [5_000]


def test_account__move__carries_cost_and_day_of_the_earliest_units() -> None:
    move = entry(4, "2025-05-01", "move", 150, to_wallet="hot")
    found = account([*THREE_LOTS, move], Method.HIFO, Scope.WALLET)
    assert not found.disposals
    hot = [(lot.line, lot.units, lot.cost, lot.bought) for lot in found.held if lot.wallet == "hot"]
    assert hot == [(1, 100, 10_000, date(2025, 1, 10)), (2, 50, 15_000, date(2025, 2, 10))]


def test_account__move_with_a_fee_in_units__disposes_of_the_fee_alone() -> None:
    move = entry(4, "2025-05-01", "move", 100, 900, to_wallet="hot", fee_units=3)
    found = account([*THREE_LOTS, move], Method.FIFO, Scope.WALLET)
    assert [(one.units, one.cost, one.proceeds) for one in found.disposals] == [(3, 300, 900)]
    assert sum(lot.units for lot in found.held if lot.wallet == "hot") == 97


def test_account__fees__are_cost_when_bought_and_less_proceeds_when_sold() -> None:
    entries = [
        entry(1, "2025-01-10", "buy", 10, 1_000, fee=30),
        entry(2, "2025-02-10", "sell", 10, 2_000, fee=50),
    ]
    (sold,) = account(entries, Method.FIFO, Scope.WALLET).disposals
    assert (sold.cost, sold.proceeds, sold.gain) == (1_030, 1_950, 920)


def test_account__units_received_as_income__cost_their_market_value() -> None:
    found = account([entry(1, "2025-01-10", "income", 10, 1_000)], Method.FIFO, Scope.WALLET)
    assert found.income == [(1, date(2025, 1, 10), "NOTE", 10, 1_000)]
    assert found.held[0].cost == 1_000


def test_account__part_that_does_not_divide__leaves_the_rest_of_the_cost() -> None:
    entries = [entry(1, "2025-01-10", "buy", 3, 100), *(entry(n, "2025-02-10", "sell", 1, 50) for n in (2, 3, 4))]
    assert [one.cost for one in account(entries, Method.FIFO, Scope.WALLET).disposals] == [33, 34, 33]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([entry(7, "2025-01-10", "sell", 1, 1)], "takes more units than the wallet holds"),
        ([entry(7, "2025-01-10", "buy", 0, 1)], "has no units"),
        ([entry(7, "2025-01-10", "buy", 1, -1)], "has a negative amount"),
        ([entry(7, "2025-01-10", "move", 1)], "moves to no other wallet"),
        ([entry(7, "2025-01-10", "buy", 1, to_wallet="hot")], "has to_wallet or fee_units"),
        ([entry(7, "2025-01-10", "buy", 1, lots=((1, 1),))], "identifies lots although it acquires"),
        ([entry(7, "2025-01-10", "buy", 1), entry(7, "2025-01-11", "buy", 1)], "stands twice"),
        ([entry(1, "2025-01-10", "buy", 9), entry(7, "2025-01-11", "sell", 1, lots=((1, 1),))], "names lots"),
    ],
)
def test_account__entry_that_cannot_be__is_refused_by_its_line_without_the_wallet(
    entries: list[Entry], reason: str
) -> None:
    with pytest.raises(TaxError, match=f"ledger line 7: {reason}") as caught:
        account(entries, Method.FIFO, Scope.WALLET)
    assert "cold" not in str(caught.value)


@pytest.mark.parametrize("lots", [((9, 1),), ((1, 101),), ((1, 100), (2, 100))])
def test_account__identified_lots_that_are_not_held__are_refused(lots: tuple[tuple[int, int], ...]) -> None:
    sale = entry(4, "2025-06-01", "sell", 150, 1, lots=lots)
    with pytest.raises(TaxError, match="ledger line 4"):
        account([*THREE_LOTS, sale], Method.SPECIFIC, Scope.WALLET)


def test_account__average_with_wash_sales__is_refused() -> None:
    with pytest.raises(TaxError, match="average: has no wash sales here"):
        account(THREE_LOTS, Method.AVERAGE, Scope.WALLET, securities=["NOTE"])
