"""A route for an order over the listed markets, and how good it is."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from keepers.config import Config
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.largest import ROOM_PERCENT, largest_amounts
from keepers.contracts.reader import Reader
from keepers.routing.any_path import bound_of_any_path
from keepers.routing.errors import RoutingError
from keepers.routing.exact_output import find_exact_output
from keepers.routing.graph import Graph
from keepers.routing.impact import price_impact_bps
from keepers.routing.markets import VENUES
from keepers.routing.plans import Effort, ExactOutputPlan, Order, OutputOrder, RoutePlan
from keepers.routing.pools import Pool
from keepers.routing.router import find_route
from keepers.rpc.node import Node, connect

_OUTPUT_ROOM_PERCENT = 200
"""The same for an exact output: its input is not known before, and fees and impact come on top of the worth."""
_FARTHEST = 1 << 14
"""How far the amounts of orders may be apart that share what is read."""
# A uint128 has 39 digits, and no decimals are lost silently.
_EXACT = Context(prec=100, traps=[InvalidOperation])


@dataclass(frozen=True)
class Token:
    """A token of the deployment.

    Attributes:
        symbol: Name in the deployment.
        address: Checksummed.
        decimals: Decimals.
    """

    symbol: str
    address: str
    decimals: int

    def units(self, amount: str) -> int:
        """Smallest units of an amount in whole tokens.

        Raises:
            RoutingError: If it is no number, or has more decimals than the token.
        """
        scaled = self.units_exactly(amount)
        if scaled.denominator != 1:
            raise RoutingError(f"amount {amount}", f"{self.symbol} has {self.decimals} decimals", "round it")
        return int(scaled)

    def units_exactly(self, amount: str) -> Fraction:
        """Smallest units of an amount in whole tokens, with parts of them.

        Raises:
            RoutingError: If it is no number, or not finite.
        """
        try:
            scaled = _EXACT.scaleb(_EXACT.create_decimal(amount), self.decimals)
        except InvalidOperation:
            raise RoutingError(f"amount {amount}", "not a number", "give whole tokens, such as 1000.5") from None
        if not scaled.is_finite():
            raise RoutingError(f"amount {amount}", "not finite", "round it")
        return Fraction(scaled)

    def shown(self, units: int) -> str:
        """An amount in whole tokens, for people."""
        return f"{Decimal(units).scaleb(-self.decimals):,f} {self.symbol}"


@dataclass(frozen=True)
class Routed:
    """An order's route.

    Attributes:
        block: Height that pools were read at.
        token_in, token_out: Tokens.
        plan: The plan with its bound, for an exact input or an exact output.
        price_impact_bps: Output that is missed because pools move, basis points.
        symbols: Symbols by address.
        any_path_bound: Most that trades over paths of any length could bring before gas, smallest units of the output;
            None if it was not asked for.
    """

    block: int
    token_in: Token
    token_out: Token
    plan: RoutePlan | ExactOutputPlan
    price_impact_bps: float
    symbols: dict[str, str]
    any_path_bound: int | None = None


@dataclass(frozen=True)
class RouteLimits:
    """Everything about an order but what is traded.

    Attributes:
        pool_cost: Fixed cost of using a pool, whole tokens of the output, or of the input for an exact output.
        max_hops: Maximum number of pools on a path.
        excluded: Addresses of pools and names of venues that may not be used.
        block: Height to read at; None for the newest.
        effort: How far the router goes.
        exact_out: The amount is what has to come out.
        leg_impact_bps: How far one swap may move its market's price, basis points; None for any distance.
        any_path: Also bound what paths of any length could bring.
    """

    pool_cost: str = "0"
    max_hops: int = 3
    excluded: Sequence[str] = ()
    block: int | None = None
    effort: Effort = field(default_factory=Effort)
    exact_out: bool = False
    leg_impact_bps: float | None = None
    any_path: bool = False


def routed(config: Config, token_in: str, token_out: str, amount: str, limits: RouteLimits) -> Routed:
    """Reads the listed markets and routes an order over them. Nothing is sent.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        token_in, token_out: Symbols or addresses of the deployment's tokens.
        amount: Whole tokens of the input, or of the output if the limits say that it is exact.
        limits: Everything else.

    Raises:
        RoutingError: If a token, the amount or the cost makes no sense.
        InsufficientLiquidity: If no path takes the order.
        ChainError: If the chain cannot be read.
    """
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    return RouteDesk(node, deployment).routed(token_in, token_out, amount, limits)


class RouteDesk:
    """Routes orders over the listed markets, on request those of several threads at a time. Nothing is sent.

    Threads read one after another and solve side by side. Where they share, one reads the markets of a block for all
    orders that wait: venues that have to be sampled are asked up to the largest of them, and the straight line counts
    between two samples.

    Args:
        node: Connection.
        deployment: Deployment whose markets and tokens are used.
        shared: Whether orders share what is read.
    """

    def __init__(self, node: Node, deployment: Deployment, shared: bool = False) -> None:
        self._node, self._deployment, self._shared = node, deployment, shared
        self._reader = Reader(node, deployment)
        self._reading = threading.Lock()
        self._decimals: dict[str, int] = {}
        self._waiting: list[_Wanted] = []
        self._markets: _Markets | None = None

    def routed(self, token_in: str, token_out: str, amount: str, limits: RouteLimits) -> Routed:
        """Reads what is not read yet, and routes an order: see `routed`."""
        if limits.any_path and limits.exact_out:
            raise RoutingError("--any-path with --exact-out", "bounds outputs only", "leave one of them out")
        deployment = self._deployment
        addresses = [address_of(deployment, name) for name in (token_in, token_out)]
        decimals = self._decimals_of(addresses)
        sold, bought = (
            Token(deployment.symbol_of(address), address, places)
            for address, places in zip(addresses, decimals, strict=True)
        )
        excluded = frozenset(one for name in limits.excluded for one in excluded_pools(deployment, name))
        given, paying = (bought, sold) if limits.exact_out else (sold, bought)
        ends = sold.address, bought.address
        order: Order | OutputOrder
        if limits.exact_out:
            order = OutputOrder(*ends, given.units(amount), limits.max_hops, excluded)
        else:
            order = Order(*ends, given.units(amount), limits.max_hops, excluded)
        cost = paying.units(limits.pool_cost)
        block, pools = self._read(given, given.units(amount), limits)
        graph = Graph(pools, limits.leg_impact_bps)
        plan: RoutePlan | ExactOutputPlan
        most: int | None = None
        if isinstance(order, OutputOrder):
            plan = find_exact_output(graph, order, cost, limits.effort)
        else:
            plan = find_route(graph, order, cost, limits.effort)
            most = math.ceil(bound_of_any_path(graph, order)) if limits.any_path else None
        symbols = {address: symbol for symbol, address in deployment.tokens.items()}
        return Routed(block, sold, bought, plan, price_impact_bps(graph, plan.swaps), symbols, most)

    def _decimals_of(self, tokens: Sequence[str]) -> list[int]:
        """Decimals, read once; an order whose tokens are known waits for no other one that reads."""
        if any(token not in self._decimals for token in tokens):
            with self._reading:
                self._decimals |= zip(tokens, self._reader.decimals(tokens), strict=True)
        return [self._decimals[token] for token in tokens]

    def _read(self, given: Token, amount: int, limits: RouteLimits) -> tuple[int, tuple[Pool, ...]]:
        """A height, and the markets at it, sampled up to what an order of that amount may bring."""
        tokens = tuple(self._deployment.tokens.values())
        wanted = _Wanted(given.address, amount, _OUTPUT_ROOM_PERCENT if limits.exact_out else ROOM_PERCENT)
        if limits.block is not None or not self._shared:
            with self._reading:
                block = self._node.latest().number if limits.block is None else limits.block
                return block, self._reader.pools(tokens, block, self._largest(wanted, block))
        self._waiting.append(wanted)
        try:
            with self._reading:
                return self._read_for_all(wanted, tokens)
        finally:
            self._waiting.remove(wanted)

    def _read_for_all(self, wanted: _Wanted, tokens: Sequence[str]) -> tuple[int, tuple[Pool, ...]]:
        """The newest height and the markets at it, read for every order that waits if they are not known."""
        newest = self._node.latest()
        own = self._largest(wanted, newest.number)
        if self._markets is None or not self._markets.serve(newest.hash, own):
            most, least = dict(own), dict(own)
            for waiting in list(self._waiting):
                largest = self._largest(waiting, newest.number)
                higher = {token: max(most.get(token, 0), units) for token, units in largest.items()}
                lower = {token: min(least.get(token, units), units) for token, units in largest.items()}
                # An order whose amounts lie far from these would need many samples in between: it reads for itself.
                if all(units <= _FARTHEST * max(1, lower[token]) for token, units in higher.items()):
                    most, least = most | higher, least | lower
            pools = self._reader.pools(tokens, newest.number, most, least)
            self._markets = _Markets(newest.hash, pools, most, least)
        return newest.number, self._markets.pools

    def _largest(self, wanted: _Wanted, block: int) -> dict[str, int]:
        return largest_amounts(self._reader, self._deployment, (wanted.token, wanted.amount), block, wanted.room)


@dataclass(frozen=True)
class _Wanted:
    """An order that markets are wanted for: the token whose amount is known, smallest units, and percent of room."""

    token: str
    amount: int
    room: int


@dataclass(frozen=True)
class _Markets:
    """Markets of a block, which is known by its hash, and what they were sampled for: most and least of each token."""

    block: str
    pools: tuple[Pool, ...]
    most: dict[str, int]
    least: dict[str, int]

    def serve(self, block: str, largest: dict[str, int]) -> bool:
        """Whether they are of that block and sampled around these amounts."""
        known = all(self.least.get(token, units + 1) <= units for token, units in largest.items())
        return block == self.block and known and all(units <= self.most[token] for token, units in largest.items())


def as_json(found: Routed) -> dict[str, Any]:
    """The route for programs; amounts are smallest units, as strings where they may exceed 2^53."""
    plan = found.plan
    most = {} if found.any_path_bound is None else {"any_path_bound": str(found.any_path_bound)}
    return {
        "block": found.block,
        "token_in": found.token_in.address,
        "token_out": found.token_out.address,
        "amount_in": str(plan.amount_in),
        "amount_out": str(plan.amount_out),
        "gas_cost": str(plan.gas_cost),
        **_worth(plan),
        "bound": str(plan.bound),
        **most,
        "gap_bps": plan.gap_bps,
        "price_impact_bps": found.price_impact_bps,
        "solve_time_ms": plan.solve_time_ms,
        "swaps": [
            {**asdict(swap), "amount_in": str(swap.amount_in), "amount_out": str(swap.amount_out)}
            for swap in plan.swaps
        ],
    }


def _worth(plan: RoutePlan | ExactOutputPlan) -> dict[str, str | None]:
    """Fields that say what a route is worth, beside the best single path."""
    if isinstance(plan, ExactOutputPlan):
        single = plan.single_in_with_gas
        return {
            "amount_out_wanted": str(plan.wanted),
            "amount_in_with_gas": str(plan.amount_in_with_gas),
            "best_single_in_with_gas": None if single is None else str(single),
        }
    single = plan.single_out_net_gas
    return {
        "amount_out_net_gas": str(plan.amount_out_net_gas),
        "best_single_out_net_gas": None if single is None else str(single),
    }


def lines(found: Routed) -> list[str]:
    """The route for people."""
    plan = found.plan
    traded = f"{found.token_in.shown(plan.amount_in)} for {found.token_out.shown(plan.amount_out)}"
    told = [f"{traded} at block {found.block}", *_worth_lines(found)]
    told.append(f"  impact       {found.price_impact_bps:.2f} bps")
    told.append(f"  solved in    {plan.solve_time_ms:.0f} ms")
    for swap in plan.swaps:
        ends = f"{found.symbols[swap.token_in]} to {found.symbols[swap.token_out]}"
        told.append(f"  {swap.share:7.2%} of {ends} through {swap.pool}")
    return told


def _worth_lines(found: Routed) -> list[str]:
    """Input or output with its gas, the best single path beside it, and the bound."""
    plan = found.plan
    if isinstance(plan, ExactOutputPlan):
        sold, single = found.token_in, plan.single_in_with_gas
        told = [f"  with gas     {sold.shown(plan.amount_in_with_gas)}"]
        if single is not None:
            told.append(f"  one path     {sold.shown(single)}, {sold.shown(single - plan.amount_in_with_gas)} more")
        told.append(certificate_line(sold.shown(plan.bound), plan.gap_bps, least=True))
    else:
        bought, single = found.token_out, plan.single_out_net_gas
        told = [f"  net of gas   {bought.shown(plan.amount_out_net_gas)}"]
        if single is not None:
            told.append(f"  one path     {bought.shown(single)}, {bought.shown(plan.amount_out_net_gas - single)} less")
        told.append(certificate_line(bought.shown(plan.bound), plan.gap_bps))
        if found.any_path_bound is not None:
            told.append(f"  any path     {bought.shown(found.any_path_bound)} at most, before gas")
    if single is None:
        told.insert(1, "  one path     takes no order of this size")
    return told


def certificate_line(bound: str, gap_bps: float, *, least: bool = False) -> str:
    """The bound for people: how much better a route could be.

    Args:
        bound: In whole tokens.
        gap_bps: Distance from the output net of gas, or from the input with gas, basis points.
        least: True for the bound of an input, which is one from below.
    """
    if least:
        return f"  at least     {bound}, {gap_bps:.2f} bps below"
    return f"  at most      {bound}, {gap_bps:.2f} bps above"


def address_of(deployment: Deployment, name: str) -> str:
    """Address of a token by symbol or address."""
    if name in deployment.tokens:
        return deployment.tokens[name]
    for address in deployment.tokens.values():
        if address.lower() == name.lower():
            return address
    known = ", ".join(deployment.tokens) or "none"
    raise RoutingError(f"token {name}", f"not in {deployment.path}", f"choose from: {known}")


def excluded_pools(deployment: Deployment, name: str) -> list[str]:
    """Addresses of the markets of a venue, or of the one market that has an address.

    Raises:
        RoutingError: If it is neither a venue nor a listed market.
    """
    listed = {pool.address.lower(): pool for pool in deployment.pools}
    if name.lower() in listed:
        return [listed[name.lower()].address]
    if name not in VENUES:
        remedy = f"give a listed address, or one of: {', '.join(sorted(VENUES))}"
        raise RoutingError(f"venue or pool {name}", "no venue, and not among the listed markets", remedy)
    return [pool.address for pool in deployment.pools if pool.kind == name]
