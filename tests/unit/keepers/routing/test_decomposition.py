"""The flow problem on its dual: closed forms, derivatives, and answers that end early."""

import numpy as np
import pytest

from keepers.routing.any_path import bound_of_any_path
from keepers.routing.curves import Curves, Floats, Lines, Segments, Weighted
from keepers.routing.decomposition import Markets, PairMarkets, solve_flow
from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.graph import Graph
from keepers.routing.plans import Order
from keepers.routing.pools import V2Pool
from tests.fixtures.flow_markets import JointMarkets, published_network, solved

E18 = 10**18
FEE_PIPS = 3000


def product(name: str, one: str, other: str, reserve: float, other_reserve: float) -> V2Pool:
    """A constant product of whole tokens."""
    return V2Pool(name, one, other, int(reserve * E18), int(other_reserve * E18), FEE_PIPS)


def paid(pool: V2Pool, amount: float) -> float:
    """Output for an input of token0 without rounding, whole tokens."""
    net = amount * (1 - FEE_PIPS / 10**6)
    return pool.reserve1 / E18 * net / (pool.reserve0 / E18 + net)


def markets_of(seed: int) -> tuple[Markets, int]:
    """A network of the published protocol, and its number of tokens."""
    network = published_network(seed, 80)
    return network.markets(), network.worth.size


def differences(markets: Markets, log_price: Floats) -> Floats:
    """Derivatives of price times `net` by logarithms of prices, the price's own left out, by central differences."""
    price, columns = np.exp(log_price), []
    for token in range(log_price.size):
        step = np.zeros(log_price.size)
        step[token] = 1e-6
        columns.append((markets.trade(log_price + step).net - markets.trade(log_price - step).net) / 2e-6)
    result: Floats = price[:, None] * np.array(columns).T
    return result


def test_trade__value__has_the_net_trades_as_its_slope() -> None:
    markets, count = markets_of(0)
    log_price = np.random.default_rng(0).normal(0, 0.5, count)
    slope = []
    for token in range(count):
        step = np.zeros(count)
        step[token] = 1e-6
        slope.append((markets.trade(log_price + step).value - markets.trade(log_price - step).value) / 2e-6)
    assert np.array(slope) == pytest.approx(np.exp(log_price) * markets.trade(log_price).net, rel=1e-5, abs=1e-5)


def test_trade__curvature__is_that_of_differences() -> None:
    markets, count = markets_of(1)
    log_price = np.random.default_rng(1).normal(0, 0.5, count)
    assert markets.trade(log_price).curvature == pytest.approx(differences(markets, log_price), rel=1e-4, abs=1e-4)


def test_trade__curvature__is_a_laplacian() -> None:
    markets, count = markets_of(2)
    found = markets.trade(np.random.default_rng(2).normal(0, 0.5, count)).curvature
    assert found == pytest.approx(found.T)
    assert found.sum(axis=1) == pytest.approx(np.zeros(count), abs=1e-9)
    assert np.linalg.eigvalsh(found).min() > -1e-9 * np.abs(found).max()


def test_trade__prices_that_agree_with_the_market__nobody_trades() -> None:
    curves = Curves((Segments([np.array([[1.0, 0.0, 100.0]])] * 2, np.full(2, 0.003)), no_weighted(), Lines([])))
    markets = PairMarkets(curves, np.arange(2), np.array([0, 1]), np.array([1, 0]), curves.limit, 2)
    found = markets.trade(np.zeros(2))
    assert found.value == 0 and not found.gross.any() and not found.curvature.any()


def test_trade__joint_market__keeps_its_weighted_product() -> None:
    reserve = np.array([[120.0, 150.0, 180.0]])
    markets = JointMarkets(np.array([[0, 1, 2]]), reserve, np.full((1, 3), 1 / 3), 3)
    net = markets.trade(np.log([0.5, 1.0, 2.0])).net
    after = reserve[0] - np.where(net < 0, net * (1 - 0.003), net)
    assert np.prod(after) == pytest.approx(np.prod(reserve), rel=1e-12)
    assert (net < 0).any() and (net > 0).any()


def test_solve_flow__one_market__brings_what_its_formula_says() -> None:
    pool = product("0x1", "A", "B", 1000, 3000)
    found = bound_of_any_path(Graph([pool]), Order("A", "B", 50 * E18)) / E18
    assert found == pytest.approx(paid(pool, 50), rel=1e-6)
    assert found >= paid(pool, 50)


def test_solve_flow__two_equal_markets__half_through_each() -> None:
    pools = [product(name, "A", "B", 1000, 3000) for name in ("0x1", "0x2")]
    found = bound_of_any_path(Graph(pools), Order("A", "B", 50 * E18)) / E18
    assert found == pytest.approx(2 * paid(pools[0], 25), rel=1e-6)


def test_solve_flow__path_of_seven__is_found_without_a_limit_of_hops() -> None:
    pools = [product(f"0x{n}", f"T{n}", f"T{n + 1}", 1000, 1000) for n in range(7)]
    amount = 10.0
    for pool in pools:
        amount = paid(pool, amount)
    found = bound_of_any_path(Graph(pools), Order("T0", "T7", 10 * E18)) / E18
    assert found == pytest.approx(amount, rel=1e-6)


def test_solve_flow__circle_that_pays__is_part_of_the_bound() -> None:
    direct = product("0x1", "A", "B", 1000, 1000)
    circle = [product("0x2", "B", "C", 1000, 1000), product("0x3", "B", "C", 1000, 1500)]
    alone = bound_of_any_path(Graph([direct]), Order("A", "B", 10 * E18))
    assert bound_of_any_path(Graph([direct, *circle]), Order("A", "B", 10 * E18)) > alone + 10 * E18


def test_solve_flow__nothing_held_and_no_circle_that_pays__is_worth_nothing() -> None:
    graph = Graph([product("0x1", "A", "B", 1000, 1000), product("0x2", "B", "C", 1000, 1000)])
    edges = np.arange(graph.pool.size)
    markets = PairMarkets(graph.curves, edges, graph.token_in, graph.token_out, graph.limit, 3)
    found = solve_flow(markets, np.ones(3), np.zeros(3), np.zeros(3))
    assert found.bound == found.worth == found.gap == 0


def test_solve_flow__cancelled__bound_holds() -> None:
    network = published_network(3, 200)
    markets, worth = network.markets(), network.worth
    first = solve_flow(markets, worth, np.zeros(worth.size), np.log(worth), cancelled=lambda: True)
    assert first.steps == 0 and first.bound >= solved(network, markets).worth


def test_solve_flow__trades__overdraw_no_token() -> None:
    network = published_network(4, 200)
    found = solved(network, network.markets())
    assert (found.net >= 0).all()
    assert found.worth == pytest.approx(float(network.worth @ found.net))
    assert found.gap <= 1e-6


def test_bound_of_any_path__excluded_pool__is_not_counted() -> None:
    pools = [product(name, "A", "B", 1000, 3000) for name in ("0x1", "0x2")]
    order = Order("A", "B", 50 * E18, excluded=frozenset({"0x2"}))
    assert bound_of_any_path(Graph(pools), order) / E18 == pytest.approx(paid(pools[0], 50), rel=1e-6)


def test_bound_of_any_path__tokens_that_nothing_connects__one_line() -> None:
    graph = Graph([product("0x1", "A", "B", 1000, 3000), product("0x2", "C", "D", 1000, 3000)])
    with pytest.raises(InsufficientLiquidity, match="no path connects them; list a market"):
        bound_of_any_path(graph, Order("A", "D", E18))


def test_bound_of_any_path__unknown_token__one_line() -> None:
    with pytest.raises(RoutingError, match="no market trades it"):
        bound_of_any_path(Graph([product("0x1", "A", "B", 1000, 3000)]), Order("A", "X", E18))


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
def test_bound_of_any_path__decimals__change_nothing_but_units(decimals: int) -> None:
    whole = V2Pool("0x1", "A", "B", 10**9 * 10**decimals, 3 * 10**9 * E18, FEE_PIPS)
    found = bound_of_any_path(Graph([whole]), Order("A", "B", 10**6 * 10**decimals)) / E18
    net = 10**6 * (1 - FEE_PIPS / 10**6)
    assert found == pytest.approx(3 * 10**9 * net / (10**9 + net), rel=1e-6)


def no_weighted() -> Weighted:
    """No weighted products."""
    none = np.empty(0)
    return Weighted(none, none, none, none, none)
