"""Sales of a portfolio against the formula of a constant product, with and without depth."""

from __future__ import annotations

import math

import pytest

from keepers.routing.errors import RoutingError
from keepers.routing.graph import Graph
from keepers.routing.pools import V2Pool, quote
from keepers.routing.trades import Holding
from keepers.routing.unwind import WAD, Sale, Unwind, sales

USD, AAA, BBB = (f"0x{digit * 40}" for digit in "1ab")
POOL = V2Pool("0x" + "9" * 40, USD, AAA, 1_000_000 * 10**6, 10_000 * 10**18)
CASH = Holding(USD, 0, WAD, 6)


def holding(balance: float = 100.0, token: str = AAA) -> Holding:
    return Holding(token, int(balance * 10**18), 100 * WAD, 18)


def sold(terms: Unwind, held: Holding, day: int = 50_000 * WAD) -> tuple[Sale, ...]:
    return sales(Graph([POOL]), CASH, [held], [day], terms)


def test_sales__whole_depth__costs_what_the_pool_takes() -> None:
    (sale,) = sold(Unwind(5_000), holding())
    assert sale.amount == 50 * 10**18 and sale.value == 5_000 * WAD
    assert sale.received == pytest.approx(quote(POOL, AAA, sale.amount) * 10**12, rel=1e-9)
    assert sale.cost_bps > 30 and sale.days == pytest.approx(5_000 / 10_000)


@pytest.mark.parametrize("depth", [0.5, 0.1, 0.013])
def test_sales__part_of_the_depth__is_a_pool_with_a_part_of_its_reserves(depth: float) -> None:
    (sale,) = sold(Unwind(depth=depth), holding())
    thin = V2Pool(POOL.address, USD, AAA, int(POOL.reserve0 * depth), int(POOL.reserve1 * depth))
    assert sale.received == pytest.approx(quote(thin, AAA, sale.amount) * 10**12, rel=1e-6)
    assert sale.days == pytest.approx(10_000 / (10_000 * depth))


def test_sales__no_market__is_named_with_its_value() -> None:
    (sale,) = sold(Unwind(), holding(token=BBB))
    assert sale.received is None and sale.reason == "no market trades it" and sale.cost == 0
    assert sale.value == 10_000 * WAD


def test_sales__dust_and_nothing__sell_nothing() -> None:
    assert sold(Unwind(1), Holding(AAA, 9_999, WAD, 18)) == ()
    assert sold(Unwind(), Holding(AAA, 0, WAD, 18)) == ()


def test_sales__no_reported_depth__takes_forever() -> None:
    assert math.isinf(sold(Unwind(), holding(), 0)[0].days)


@pytest.mark.parametrize(
    "wrong", [{"sell_bps": 0}, {"sell_bps": 10_001}, {"depth": 0.0}, {"depth": 1.1}, {"depth": math.nan}]
)
def test_unwind__out_of_range__is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RoutingError, match="not"):
        Unwind(**wrong)
