"""Splits against the closed form, one pool, and what cannot be done."""

from dataclasses import replace
from math import sqrt

import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.pools import Pool, QuotedPool, V2Pool, V3Pool, quote
from keepers.routing.split import Hop, Split, best_split, find_routes
from keepers.routing.v3_math import Q96

E18 = 10**18
SMALL = V2Pool("0xS", "A", "B", 1_000 * E18, 1_000 * E18)
LARGE = V2Pool("0xL", "A", "B", 3_000 * E18, 3_000 * E18)
V3 = V3Pool("0xV3", "A", "B", Q96, 0, 10**22, 500, 10, ((-500, 10**22), (500, -(10**22))))


def amounts(split: Split) -> dict[str, int]:
    return {path.hops[0].pool: path.amount_in for path in split.paths}


def test_best_split__alike_but_for_size__is_in_proportion() -> None:
    got = best_split([SMALL, LARGE], "A", "B", 100 * E18)
    assert amounts(got)["0xL"] == pytest.approx(75 * E18, rel=1e-4)
    assert sum(amounts(got).values()) == got.amount_in == 100 * E18


def test_best_split__two_constant_products__meets_the_lagrangian() -> None:
    """With equal fees the marginal prices a b / (a + g x)^2 of both pools are equal."""
    dear = V2Pool("0xD", "A", "B", 2_000 * E18, 1_900 * E18)
    total, keep = 300 * E18, 0.997
    a1, b1, a2, b2 = (r / E18 for r in (SMALL.reserve0, SMALL.reserve1, dear.reserve0, dear.reserve1))
    ratio = sqrt(a2 * b2 / (a1 * b1))
    x = (a2 + keep * total / E18 - ratio * a1) / (keep * (1 + ratio))
    got = best_split([SMALL, dear], "A", "B", total)
    assert amounts(got)["0xS"] / E18 == pytest.approx(x, rel=1e-4)


def test_best_split__v2_and_v3__beats_any_of_a_thousand_cuts() -> None:
    total = 60 * E18
    got = best_split([SMALL, V3], "A", "B", total)
    cuts = [total * part // 1000 for part in range(1, 1000)]
    assert got.amount_out >= max(quote(SMALL, "A", cut) + quote(V3, "A", total - cut) for cut in cuts)
    taken = amounts(got)
    assert got.amount_out == quote(SMALL, "A", taken["0xS"]) + quote(V3, "A", taken["0xV3"])


def test_best_split__second_pool_much_dearer__takes_one() -> None:
    poor = V2Pool("0xP", "A", "B", 1_000 * E18, 500 * E18)
    got = best_split([SMALL, poor], "A", "B", E18)
    assert amounts(got) == {"0xS": E18}


def test_best_split__pool_smaller_than_the_finest_step__misses_no_more_than_the_step() -> None:
    """The fuzzers found this pool: it would take 13 units of a trade whose amounts are settled to 77."""
    tiny = V2Pool("0x1", "A", "B", 1, 1174, fee_pips=0)
    large = V2Pool("0x2", "A", "B", 345_608_152, 42_411_740_271, fee_pips=0)
    total = 1_305_032_704
    got = best_split([tiny, large], "A", "B", total).amount_out
    best = max(quote(tiny, "A", part) + quote(large, "A", total - part) for part in range(1, 77))
    assert got < best <= got + 2 + got // 2**24


def test_best_split__path_costs_more_than_it_gains__takes_one() -> None:
    free = best_split([SMALL, LARGE], "A", "B", E18)
    single = quote(LARGE, "A", E18)
    gain = free.amount_out - single
    assert len(free.paths) == 2 and gain > 0
    assert len(best_split([SMALL, LARGE], "A", "B", E18, path_cost=gain - 1).paths) == 2
    assert amounts(best_split([SMALL, LARGE], "A", "B", E18, path_cost=gain)) == {"0xL": E18}


def test_best_split__fewer_paths_allowed__keeps_the_best() -> None:
    pools = [replace(SMALL, address=f"0x{n}", reserve0=n * E18, reserve1=n * E18) for n in (100, 200, 400, 800)]
    assert len(best_split(pools, "A", "B", 50 * E18).paths) == 4
    assert set(amounts(best_split(pools, "A", "B", 50 * E18, max_paths=2))) == {"0x400", "0x800"}
    assert set(amounts(best_split(pools, "A", "B", 50 * E18, max_paths=1))) == {"0x800"}


def test_best_split__no_pool_takes_all__shares_out() -> None:
    """Each V3 range holds about 246 A; together they take 400, one alone does not."""
    twin = replace(V3, address="0xV3b")
    with pytest.raises(InsufficientLiquidity):
        best_split([V3], "A", "B", 400 * E18)
    got = best_split([V3, twin], "A", "B", 400 * E18)
    assert amounts(got)["0xV3"] == pytest.approx(200 * E18, rel=1e-3)


def test_best_split__nearly_everything_both_hold__is_found() -> None:
    twin = replace(V3, address="0xV3b")
    low, high = 1, 10**24
    while high - low > 1:
        middle = (low + high) // 2
        try:
            quote(V3, "A", middle)
            low = middle
        except InsufficientLiquidity:
            high = middle
    assert best_split([V3, twin], "A", "B", 2 * low - 7).amount_in == 2 * low - 7
    with pytest.raises(InsufficientLiquidity):
        best_split([V3, twin], "A", "B", 2 * low + 1)


def test_best_split__through_another_token__names_both_hops() -> None:
    first, second = V2Pool("0x1", "A", "M", 10**24, 10**24), V2Pool("0x2", "B", "M", 10**24, 10**24)
    got = best_split([first, second], "A", "B", E18, via=["M"])
    assert got.paths[0].hops == (Hop("0x1", True), Hop("0x2", False))
    assert got.amount_out == quote(second, "M", quote(first, "A", E18))


def test_best_split__direct_and_through__uses_both() -> None:
    first, second = V2Pool("0x1", "A", "M", 10**22, 10**22), V2Pool("0x2", "B", "M", 10**22, 10**22)
    got = best_split([SMALL, first, second], "A", "B", 200 * E18, via=["M"])
    assert {len(path.hops) for path in got.paths} == {1, 2}
    assert got.amount_out > best_split([SMALL], "A", "B", 200 * E18).amount_out


def test_find_routes__pairs_through_a_token__share_no_pool_and_the_best_come_first() -> None:
    firsts = [V2Pool(f"0xf{n}", "A", "M", n * E18, n * E18) for n in (10, 30, 20)]
    seconds = [V2Pool(f"0xs{n}", "M", "B", n * E18, n * E18) for n in (10, 30)]
    routes = find_routes([*firsts, *seconds], "A", "B", E18, ["M", "A"])
    assert [[pool.address for pool in route.pools] for route in routes] == [
        ["0xf30", "0xs30"],
        ["0xf20", "0xs10"],
    ]


def test_best_split__tiny_amount__leaves_no_path_without_output() -> None:
    pools = [replace(SMALL, address=f"0x{n}") for n in range(3)]
    got = best_split(pools, "A", "B", 5)
    assert got.amount_out == quote(SMALL, "A", 5)
    assert len(got.paths) == 1


def test_best_split__buys_nothing__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity):
        best_split([SMALL], "A", "B", 1)


def test_best_split__no_pool__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity, match="0 routes"):
        best_split([SMALL], "A", "C", E18)


@pytest.mark.parametrize(("amount", "max_paths", "cost"), [(0, 4, 0), (-1, 4, 0), (1, 0, 0), (1, 4, -1)])
def test_best_split__out_of_range__is_refused(amount: int, max_paths: int, cost: int) -> None:
    with pytest.raises(RoutingError, match="out of range"):
        best_split([SMALL], "A", "B", amount, max_paths=max_paths, path_cost=cost)


def test_best_split__pool_twice_or_same_token__is_refused() -> None:
    with pytest.raises(RoutingError, match="more than once"):
        best_split([SMALL, SMALL], "A", "B", E18)
    with pytest.raises(RoutingError, match="is input and output"):
        best_split([SMALL], "A", "A", E18)


def test_best_split__different_fees__equalises_marginal_prices() -> None:
    cheap = replace(LARGE, address="0xC", fee_pips=100)
    total, step = 200 * E18, 10**12
    got = best_split([SMALL, cheap], "A", "B", total)
    marginal = [
        quote(pool, "A", amounts(got)[pool.address] + step) - quote(pool, "A", amounts(got)[pool.address])
        for pool in (SMALL, cheap)
    ]
    assert marginal[0] == pytest.approx(marginal[1], rel=1e-5)


def test_best_split__quoted_market_beside_a_pair__takes_part_and_its_quote_is_kept() -> None:
    samples = tuple((size, quote(LARGE, "A", size)) for size in (E18, 10 * E18, 50 * E18, 100 * E18))
    market = QuotedPool("0xQ", "A", "B", "0xCurve", samples, ())
    got = best_split([SMALL, market], "A", "B", 100 * E18)
    taken = amounts(got)
    assert taken["0xQ"] > taken["0xS"] > 0
    assert got.amount_out == quote(SMALL, "A", taken["0xS"]) + quote(market, "A", taken["0xQ"])


def test_find_routes__markets_of_one_vault__share_no_order() -> None:
    samples = ((E18, E18),)
    direct = QuotedPool("0xAB", "A", "B", "0xVault", samples, samples)
    legs = [QuotedPool(f"0x{a}{b}", a, b, "0xVault", samples, samples) for a, b in ("AC", "BC")]
    elsewhere = [V2Pool("0xV1", "A", "C", E18, E18), V2Pool("0xV2", "B", "C", E18, E18)]

    def found(*pools: Pool) -> list[list[str]]:
        return [[pool.address for pool in route.pools] for route in find_routes(pools, "A", "B", E18, via=["C"])]

    assert found(direct, *legs) == [["0xAB"]]
    assert found(*legs) == [], "both hops of one route trade out of the same pool"
    assert found(direct, *legs, *elsewhere) == [["0xAB"], ["0xV1", "0xV2"]]
