"""A route for an order over the listed markets, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from keepers.config import Config
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.reader import Reader
from keepers.routing.errors import RoutingError
from keepers.routing.graph import Graph
from keepers.routing.impact import price_impact_bps
from keepers.routing.plans import Effort, Order, RoutePlan
from keepers.routing.router import find_route
from keepers.rpc.errors import ChainError
from keepers.rpc.node import connect

_ROOM_PERCENT = 105
"""Sampled markets are asked up to this part of an order's worth: a path may bring more than the oracle says."""
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
        try:
            scaled = _EXACT.scaleb(_EXACT.create_decimal(amount), self.decimals)
        except InvalidOperation:
            raise RoutingError(f"amount {amount}", "not a number", "give whole tokens, such as 1000.5") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            reason = f"{self.symbol} has {self.decimals} decimals" if scaled.is_finite() else "not finite"
            raise RoutingError(f"amount {amount}", reason, "round it")
        return int(scaled)

    def shown(self, units: int) -> str:
        """An amount in whole tokens, for people."""
        return f"{Decimal(units).scaleb(-self.decimals):,f} {self.symbol}"


@dataclass(frozen=True)
class Routed:
    """An order's route.

    Attributes:
        block: Height that pools were read at.
        token_in, token_out: Tokens.
        plan: The plan with its bound.
        price_impact_bps: Output that is missed because pools move, basis points.
        symbols: Symbols by address.
    """

    block: int
    token_in: Token
    token_out: Token
    plan: RoutePlan
    price_impact_bps: float
    symbols: dict[str, str]


@dataclass(frozen=True)
class RouteLimits:
    """Everything about an order but what is traded.

    Attributes:
        pool_cost: Fixed cost of using a pool, whole tokens of the output.
        max_hops: Maximum number of pools on a path.
        excluded: Addresses of pools that may not be used.
        block: Height to read at; None for the newest.
        effort: How far the router goes.
    """

    pool_cost: str = "0"
    max_hops: int = 3
    excluded: Sequence[str] = ()
    block: int | None = None
    effort: Effort = field(default_factory=Effort)


def routed(config: Config, token_in: str, token_out: str, amount: str, limits: RouteLimits) -> Routed:
    """Reads the listed markets and routes an order over them. Nothing is sent.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        token_in, token_out: Symbols or addresses of the deployment's tokens.
        amount: Whole tokens of the input.
        limits: Everything else.

    Raises:
        RoutingError: If a token, the amount or the cost makes no sense.
        InsufficientLiquidity: If no path takes the order.
        ChainError: If the chain cannot be read.
    """
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    reader = Reader(node, deployment)
    addresses = [_address(deployment, name) for name in (token_in, token_out)]
    sold, bought = (
        Token(deployment.symbol_of(address), address, decimals)
        for address, decimals in zip(addresses, reader.decimals(addresses), strict=True)
    )
    order = Order(sold.address, bought.address, sold.units(amount), limits.max_hops, frozenset(limits.excluded))
    cost = bought.units(limits.pool_cost)
    block = node.latest().number if limits.block is None else limits.block
    tokens = tuple(deployment.tokens.values())
    pools = reader.pools(tokens, block, _largest(reader, deployment, sold, order.amount_in, block))
    unknown = sorted(order.excluded - {pool.address for pool in pools})
    if unknown:
        raise RoutingError(f"pool {unknown[0]}", "not among the listed markets", "name it as the deployment does")
    graph = Graph(pools)
    plan = find_route(graph, order, cost, limits.effort)
    symbols = {address: symbol for symbol, address in deployment.tokens.items()}
    return Routed(block, sold, bought, plan, price_impact_bps(graph, plan.swaps), symbols)


def as_json(found: Routed) -> dict[str, Any]:
    """The route for programs; amounts are smallest units, as strings where they may exceed 2^53."""
    plan = found.plan
    return {
        "block": found.block,
        "token_in": found.token_in.address,
        "token_out": found.token_out.address,
        "amount_in": str(plan.amount_in),
        "amount_out": str(plan.amount_out),
        "gas_cost": str(plan.gas_cost),
        "amount_out_net_gas": str(plan.amount_out_net_gas),
        "best_single_out_net_gas": None if plan.single_out_net_gas is None else str(plan.single_out_net_gas),
        "bound": str(plan.bound),
        "gap_bps": plan.gap_bps,
        "price_impact_bps": found.price_impact_bps,
        "solve_time_ms": plan.solve_time_ms,
        "swaps": [
            {**asdict(swap), "amount_in": str(swap.amount_in), "amount_out": str(swap.amount_out)}
            for swap in plan.swaps
        ],
    }


def lines(found: Routed) -> list[str]:
    """The route for people."""
    plan, out = found.plan, found.token_out
    told = [
        f"{found.token_in.shown(plan.amount_in)} for {out.shown(plan.amount_out)} at block {found.block}",
        f"  net of gas   {out.shown(plan.amount_out_net_gas)}",
        certificate_line(out.shown(plan.bound), plan.gap_bps),
        f"  impact       {found.price_impact_bps:.2f} bps",
        f"  solved in    {plan.solve_time_ms:.0f} ms",
    ]
    if plan.single_out_net_gas is None:
        told.insert(3, "  one path     takes no order of this size")
    else:
        gained = plan.amount_out_net_gas - plan.single_out_net_gas
        told.insert(3, f"  one path     {out.shown(plan.single_out_net_gas)}, {out.shown(gained)} less")
    for swap in plan.swaps:
        ends = f"{found.symbols[swap.token_in]} to {found.symbols[swap.token_out]}"
        told.append(f"  {swap.share:7.2%} of {ends} through {swap.pool}")
    return told


def certificate_line(bound: str, gap_bps: float) -> str:
    """The bound for people: how much better a route could be.

    Args:
        bound: In whole tokens.
        gap_bps: Distance from the output net of gas, basis points.
    """
    return f"  at most      {bound}, {gap_bps:.2f} bps above"


def _address(deployment: Deployment, name: str) -> str:
    """Address of a token by symbol or address."""
    if name in deployment.tokens:
        return deployment.tokens[name]
    for address in deployment.tokens.values():
        if address.lower() == name.lower():
            return address
    known = ", ".join(deployment.tokens) or "none"
    raise RoutingError(f"token {name}", f"not in {deployment.path}", f"choose from: {known}")


def _largest(reader: Reader, deployment: Deployment, sold: Token, amount: int, block: int) -> dict[str, int]:
    """Returns the maximum that an order may bring of each token, for markets that have to be sampled.

    Without a price of the oracle only markets of the input are sampled.
    """
    largest = {sold.address: amount}
    priced = [address for symbol, address in deployment.tokens.items() if symbol in deployment.feeds]
    if sold.address not in priced:
        return largest
    try:
        prices = dict(zip(priced, reader.oracle_prices(priced, block), strict=True))
        decimals = dict(zip(priced, reader.decimals(priced), strict=True))
    except ChainError:
        return largest
    for token in priced:
        if token != sold.address and prices[token]:
            worth = amount * prices[sold.address] * 10 ** decimals[token]
            largest[token] = worth * _ROOM_PERCENT // (100 * prices[token] * 10 ** decimals[sold.address])
    return largest
