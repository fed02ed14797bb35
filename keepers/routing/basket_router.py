"""Routes a basket as one problem over shared pools, and proves how good the plan is.

A basket becomes one order of the router. A token that stands for everything to be sold is divided by markets without
depth among the sales: each gives a leg's amount for its part, and no more. A token that stands for worth is bought by
markets that pay a leg's limit for its token up to its amount, and nothing beyond. What is maximised is so a concave
function of what is held in the end, and the flow problem between the two tokens is the problem of Angeris, Evans,
Chitra and Boyd (2022, "Optimal routing for constant function market makers", section 2) with that utility. The
certificate of a single order is valid as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keepers.routing.baskets import Basket, BasketPlan
from keepers.routing.deadline import Deadline
from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order
from keepers.routing.pools import Pool, QuotedPool, source_of, swap
from keepers.routing.router import cost_of_pools
from keepers.routing.search import Search
from keepers.routing.swaps import Execution, Swap, execute_all, flow_of

_ALL, _WORTH = "everything that is sold", "worth"
_SCALE = 10**6
"""Worth is counted in millionths of the settlement token's smallest unit, so that its rounding is below one."""
_PARTS = 10**15
"""Units of what stands for everything that is sold."""
_LEAST_PART = 10**4
"""A sale has at least one of so many parts of it."""
_BEYOND = 10
"""A market of worth takes so many times its leg's amount, and pays for the amount."""
_UNLIMITED = 1 << 140
_SEPARATE = 0.4
"""Part of the time for the orders one after another."""


class _Whole(Order):
    """The order that a basket becomes: more hops than a person may ask for, those of the legs' own markets included."""

    def __post_init__(self) -> None:
        """The basket has been checked."""


@dataclass(frozen=True)
class _Separate:
    """Orders one after another.

    Attributes:
        swaps: Of all orders, as they follow each other.
        brought: Settlement token by token sold, smallest units.
    """

    swaps: tuple[Swap, ...]
    brought: dict[str, int]


def find_basket(
    pools: Sequence[Pool], basket: Basket, costs: Mapping[str, int] | int = 0, effort: Effort | None = None
) -> BasketPlan:
    """The best plan that is found for a basket, with an upper bound of every plan.

    The orders are planned one after another first, sales before purchases, each on the pools as the last leaves them.
    That is the first candidate of the search over the whole, and stays one: the plan is worth at least as much.

    Args:
        pools: All markets at one block.
        basket: Orders.
        costs: Fixed cost of a swap, smallest units of the settlement token, for all pools or by address (zero where
            missing).
        effort: How far to go.

    Raises:
        InsufficientLiquidity: If no path connects a sale that has no limit, or the markets do not take it.
        RoutingError: If a token is unknown or a cost is negative.
    """
    effort = effort or Effort()
    deadline = Deadline(effort)
    of_pools = dict(zip((pool.address for pool in pools), cost_of_pools(Graph(pools), costs), strict=True))
    separate = _one_after_another(pools, basket, of_pools, replace(effort, seconds=_SEPARATE * effort.seconds))
    try:
        swaps, bound = _together(pools, basket, of_pools, replace(effort, seconds=deadline.left), separate)
    except InsufficientLiquidity:
        sold = ", ".join(f"{leg.amount} of {leg.token}" for leg in basket.sells) or f"cash of {basket.cash}"
        raise InsufficientLiquidity(sold, "is beyond the depth of the markets", "sell less, or give limits") from None

    def net(of: Sequence[Swap]) -> int:
        return basket.worth(basket.after(of)) - sum(of_pools[one.pool] for one in of)

    return BasketPlan(
        basket=basket,
        swaps=swaps,
        gas_cost=sum(of_pools[one.pool] for one in swaps),
        bound=max(bound, net(swaps)),
        separate_net_gas=None if separate is None else net(separate.swaps),
        one_by_one=separate is not None and swaps == separate.swaps,
        solve_time_ms=1000 * deadline.spent,
    )


def _one_after_another(
    pools: Sequence[Pool], basket: Basket, costs: Mapping[str, int], effort: Effort
) -> _Separate | None:
    """The orders as baskets of one leg, each on the pools that the last left; None where a sale cannot be made.

    Of a contract that trades several pairs they use one, as the whole does.
    """
    market, cash = {pool.address: pool for pool in pools}, basket.cash
    swaps: list[Swap] = []
    brought: dict[str, int] = {}
    each = replace(effort, seconds=effort.seconds / (len(basket.sells) + len(basket.buys)))
    for leg in (*basket.sells, *basket.buys):
        sale = leg in basket.sells
        if not sale and not cash:
            break
        one = replace(basket, sells=(leg,) if sale else (), buys=() if sale else (leg,), cash=0 if sale else cash)
        try:
            found, _ = _together(tuple(market.values()), one, costs, each, None)
        except InsufficientLiquidity:
            # Nothing can be done about the leg, and a sale at any price has to be.
            if sale and not leg.limit:
                return None
            found = ()
        held = one.after(found)
        change = held.get(basket.settlement, 0) - one.cash
        brought[leg.token] = max(0, change)
        cash += change
        swaps += found
        for done in found:
            _follow(market, done)
    return _Separate(tuple(swaps), brought)


def _follow(market: dict[str, Pool], done: Swap) -> None:
    """Moves a pool by a swap, and takes other pairs of its contract off the market."""
    pool = market[done.pool]
    _, market[done.pool] = swap(pool, done.token_in, done.amount_in)
    for other in [p for p in market.values() if source_of(p) == source_of(pool) and p.address != pool.address]:
        del market[other.address]


def _together(
    pools: Sequence[Pool],
    basket: Basket,
    costs: Mapping[str, int],
    effort: Effort,
    separate: _Separate | None,
) -> tuple[tuple[Swap, ...], int]:
    """Swaps of the whole, none where nothing is worth more than what is held, and the bound.

    Args:
        pools: All markets.
        basket: Orders.
        costs: Fixed cost by address, smallest units of the settlement token.
        effort: How far to go.
        separate: The orders one after another, which the swaps are worth at least, or None.

    Raises:
        InsufficientLiquidity: If the markets do not take a sale that has no limit.
        RoutingError: If a token is unknown, or the search was cancelled before there was a plan.
    """
    traded = {token for pool in pools for token in (pool.token0, pool.token1)}
    for token in (*basket.held, *(leg.token for leg in basket.buys)):
        if token not in traded:
            raise RoutingError(token, "no market trades it", "list one, or give another token")
    parts = _parts(basket, {} if separate is None else separate.brought)
    graph = Graph((*pools, *_entries(basket, parts), *_ends(basket)))
    order = _Whole(_ALL, _WORTH, sum(parts.values()), basket.path_hops + 2, basket.excluded)
    scaled = [costs.get(pool.address, 0) * _SCALE for pool in graph.pools]
    executor = _Executor(graph, basket, parts, order.max_hops)
    plan = Search(graph, order, scaled, effort, executor, executor.known(separate)).run()
    real = tuple(one for one in plan.swaps if one.pool in costs)
    return real, -(-plan.bound // _SCALE)


def _parts(basket: Basket, brought: Mapping[str, int]) -> dict[str, int]:
    """Units of everything by token that is sold, about as its worth; what they are does not change the problem."""
    limits = {leg.token: leg.limit for leg in basket.sells}
    worth = {token: max(brought.get(token, 0), limits.get(token, basket.cash)) for token in basket.held}
    total = max(1, sum(worth.values()))
    return {token: max(_PARTS // _LEAST_PART, _PARTS * value // total) for token, value in worth.items()}


def _entries(basket: Basket, parts: Mapping[str, int]) -> list[QuotedPool]:
    """Markets that give each amount for its part of everything; the straight line ends there."""
    held = basket.held
    return [
        QuotedPool(
            f"sale of {token}",
            _ALL,
            token,
            f"sale of {token}",
            ((part, held[token]), (_BEYOND * _LEAST_PART * _PARTS, held[token])),
            (),
        )
        for token, part in parts.items()
    ]


def _ends(basket: Basket) -> list[QuotedPool]:
    """Markets that pay worth for what is held in the end."""
    found = []
    for leg in (*basket.sells, *basket.buys):
        name, paid = f"worth of {leg.token}", leg.limit * _SCALE
        if paid:
            samples = ((leg.amount, paid), (_BEYOND * leg.amount, paid))
            found.append(QuotedPool(name, leg.token, _WORTH, name, samples, ()))
    name = f"worth of {basket.settlement}"
    whole = ((_UNLIMITED, _UNLIMITED * _SCALE),)
    return [*found, QuotedPool(name, basket.settlement, _WORTH, name, whole, ())]


class _Executor:
    """Turns flows of the whole into swaps, those of the markets of sales and of worth among them."""

    def __init__(self, graph: Graph, basket: Basket, parts: Mapping[str, int], hops: int) -> None:
        self._graph, self._basket, self._hops = graph, basket, hops
        self._goal = graph.find(_WORTH)
        self._tokens = {pool.address: pool.token0 for pool in graph.pools}
        self._held = {graph.find(token): amount for token, amount in basket.held.items()}
        total = sum(parts.values())
        held = basket.held
        self._entries = tuple(
            Swap(f"sale of {token}", _ALL, token, part, held[token], part / total) for token, part in parts.items()
        )
        self._entry_edges = tuple(graph.edge_of[(one.pool, True)] for one in self._entries)

    def __call__(self, flow: dict[int, float]) -> Execution:
        """The swaps.

        Raises:
            InsufficientLiquidity: If something remains that has to be sold, or a pool refuses its amount.
        """
        inner = {edge: x for edge, x in flow.items() if edge not in self._entry_edges}
        done = execute_all(self._graph, self._held, self._goal, inner, self._hops - 1)
        worth = self._basket.worth(self._basket.after(self._real(done)), _SCALE)
        return Execution((*self._entries, *done.swaps), (*self._entry_edges, *done.edges), worth)

    def known(self, separate: _Separate | None) -> list[Execution]:
        """Plans to begin with: nothing done, the orders one after another, and what they come to in each pool."""
        found: list[Execution] = []
        if separate is not None:
            edges = (self._graph.edge_of[(one.pool, self._sells_first(one))] for one in separate.swaps)
            worth = self._basket.worth(self._basket.after(separate.swaps), _SCALE)
            found.append(Execution((*self._entries, *separate.swaps), (*self._entry_edges, *edges), worth))
        for flow in [self.completed(())] + ([] if separate is None else [self.completed(separate.swaps)]):
            try:
                found.append(self(flow))
            except InsufficientLiquidity:
                continue
        return found

    def completed(self, swaps: Sequence[Swap]) -> dict[int, float]:
        """Flow of a plan's swaps, with what they leave."""
        flow: dict[int, float] = {}
        for one in swaps:
            for edge, x in flow_of(self._graph, [one]).items():
                flow[edge] = flow.get(edge, 0.0) + x
        for token, amount in self._basket.after(swaps).items():
            end = self._graph.edge_of.get((f"worth of {token}", True))
            if end is not None and amount:
                flow[end] = float(amount)
        return flow

    def _sells_first(self, one: Swap) -> bool:
        return self._tokens[one.pool] == one.token_in

    def _real(self, done: Execution) -> list[Swap]:
        return [one for one in done.swaps if one.token_out != _WORTH]
