"""Shortfalls of fills against benchmarks."""

from __future__ import annotations

import pytest

from keepers.routing.errors import RoutingError
from keepers.routing.fills import Fill, FillCosts, Trade, oracle_out, shortfall_bps, vwap_out

E18 = 10**18


def fill(amount_in: int = 1_000 * 10**6, amount_out: int = 9 * E18) -> Fill:
    return Fill(7, "0xaa", "0xpayer", "USD", "AAA", amount_in, amount_out)


def test_shortfall_bps__less_than_the_benchmark__is_above_zero() -> None:
    assert shortfall_bps(990, 1_000) == pytest.approx(100)


def test_shortfall_bps__more_than_the_benchmark__is_below_zero() -> None:
    assert shortfall_bps(1_010, 1_000) == pytest.approx(-100)


@pytest.mark.parametrize("benchmark", [None, 0])
def test_shortfall_bps__no_benchmark__none(benchmark: int | None) -> None:
    assert shortfall_bps(1, benchmark) is None


def test_oracle_out__prices_of_both__is_the_worth_in_units_of_the_output() -> None:
    assert oracle_out(fill(), {"USD": E18, "AAA": 100 * E18}, {"USD": 6, "AAA": 18}) == 10 * E18


@pytest.mark.parametrize("prices", [{}, {"USD": E18}, {"USD": E18, "AAA": 0}])
def test_oracle_out__a_price_is_missing__none(prices: dict[str, int]) -> None:
    assert oracle_out(fill(), prices, {"USD": 6, "AAA": 18}) is None


def test_vwap_out__trades_both_ways__weighs_by_volume() -> None:
    trades = (
        Trade("USD", "AAA", 300 * 10**6, 3 * E18),
        Trade("AAA", "USD", E18, 110 * 10**6),
        Trade("USD", "BBB", 10**12, E18),
    )
    assert vwap_out(fill(), trades) == 1_000 * 10**6 * 4 * E18 // (410 * 10**6)


def test_vwap_out__the_pair_did_not_trade__none() -> None:
    assert vwap_out(fill(), (Trade("USD", "BBB", 1, 1),)) is None


def test_fill_costs__benchmarks__a_shortfall_each() -> None:
    row = FillCosts(fill(), 10 * E18, None, 9 * E18)
    assert (row.arrival_bps, row.vwap_bps, row.quote_bps) == (pytest.approx(1_000), None, 0)


@pytest.mark.parametrize("amounts", [(0, 1), (1, 0)])
def test_fill__nothing_went_in_or_came_out__refused(amounts: tuple[int, int]) -> None:
    with pytest.raises(RoutingError, match="not above zero"):
        fill(*amounts)
