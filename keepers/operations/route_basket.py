"""A basket of orders from a file, planned as one problem over the listed markets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keepers.config import Config
from keepers.contracts.deployment import Deployment
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.largest import largest_amounts
from keepers.contracts.reader import Reader
from keepers.operations.route import RouteLimits, Token, address_of, certificate_line, excluded_pools
from keepers.routing.basket_router import find_basket
from keepers.routing.baskets import Basket, BasketPlan, Leg
from keepers.routing.errors import RoutingError
from keepers.rpc.node import connect
from keepers.yamlfile import read_mapping

_KEYS = {"settlement", "cash", "sell", "buy"}
_LEG_KEYS = {"token", "amount", "limit"}
_REMEDY = "see docs/routing.md for the format"


@dataclass(frozen=True)
class PlannedBasket:
    """A basket's plan.

    Attributes:
        block: Height that pools were read at.
        tokens: Tokens by address.
        plan: The plan with its bound.
    """

    block: int
    tokens: dict[str, Token]
    plan: BasketPlan

    @property
    def settlement(self) -> Token:
        """Token that all legs are settled in."""
        return self.tokens[self.plan.basket.settlement]


def planned_basket(config: Config, file: Path, limits: RouteLimits) -> PlannedBasket:
    """Reads a basket and the listed markets, and plans the basket over them. Nothing is sent.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        file: YAML or JSON with the orders.
        limits: Fixed cost of a swap in whole tokens of the settlement token, hops of a leg, exclusions, height, effort.

    Raises:
        YamlError: If the file cannot be read, or is no mapping.
        RoutingError: If an order, a token or a limit makes no sense.
        InsufficientLiquidity: If the markets do not take a sale that has no limit.
        ChainError: If the chain cannot be read.
    """
    deployment = load_deployment(config.at(config.deployment))
    given = read_mapping(file)
    _refuse_others(given, _KEYS, str(file))
    if "settlement" not in given:
        raise RoutingError(str(file), "names no settlement token", _REMEDY)
    legs = {side: _legs(given.get(side), side) for side in ("sell", "buy")}
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    reader = Reader(node, deployment)
    names = [str(given["settlement"]), *(str(leg["token"]) for side in legs.values() for leg in side)]
    tokens = _tokens(deployment, reader, names)
    settlement = tokens[address_of(deployment, names[0])]
    sells, buys = (
        tuple(_leg(leg, tokens[address_of(deployment, str(leg["token"]))], settlement, side) for leg in legs[side])
        for side in ("sell", "buy")
    )
    excluded = frozenset(one for name in limits.excluded for one in excluded_pools(deployment, name))
    cash = settlement.units(_number(given.get("cash", 0), "cash"))
    basket = Basket(settlement.address, sells, buys, cash, limits.max_hops, excluded)
    block = node.latest().number if limits.block is None else limits.block
    largest: dict[str, int] = {}
    for held in (*basket.held.items(), *((leg.token, leg.amount) for leg in buys)):
        for token, amount in largest_amounts(reader, deployment, held, block).items():
            largest[token] = largest.get(token, 0) + amount
    pools = reader.pools(tuple(deployment.tokens.values()), block, largest)
    plan = find_basket(pools, basket, settlement.units(limits.pool_cost), limits.effort)
    return PlannedBasket(block, _tokens(deployment, reader, list(deployment.tokens)), plan)


def as_json(found: PlannedBasket) -> dict[str, Any]:
    """The plan for programs; amounts are smallest units, as strings where they may exceed 2^53."""
    plan, separate = found.plan, found.plan.separate_net_gas
    sides = (("sell", plan.basket.sells), ("buy", plan.basket.buys))
    return {
        "block": found.block,
        "settlement": plan.basket.settlement,
        "cash_before": str(plan.basket.cash),
        "cash_after": str(plan.held.get(plan.basket.settlement, 0)),
        "legs": [
            {"side": side, "token": leg.token, "amount": str(leg.amount), "filled": str(plan.filled(leg))}
            for side, legs in sides
            for leg in legs
        ],
        "gas_cost": str(plan.gas_cost),
        "worth_net_gas": str(plan.worth_net_gas),
        "one_after_another_net_gas": None if separate is None else str(separate),
        "is_one_after_another": plan.one_by_one,
        "bound": str(plan.bound),
        "gap_bps": plan.gap_bps,
        "solve_time_ms": plan.solve_time_ms,
        "swaps": [
            {**asdict(swap), "amount_in": str(swap.amount_in), "amount_out": str(swap.amount_out)}
            for swap in plan.swaps
        ],
    }


def lines(found: PlannedBasket) -> list[str]:
    """The plan for people."""
    plan, cash = found.plan, found.settlement
    told = [f"{len(plan.basket.sells)} sales and {len(plan.basket.buys)} purchases at block {found.block}"]
    for verb, legs in (("sell", plan.basket.sells), ("buy", plan.basket.buys)):
        for leg in legs:
            token, filled = found.tokens[leg.token], plan.filled(leg)
            told.append(f"  {verb:4s} {token.shown(filled)}, {filled / leg.amount:.2%} of the order")
    told.append(f"  cash         {cash.shown(plan.held.get(cash.address, 0))}")
    told.append(f"  net of gas   {cash.shown(plan.worth_net_gas)} at the limits")
    if plan.separate_net_gas is None:
        told.append("  in turn      the markets do not take the orders one after another")
    else:
        less = cash.shown(plan.worth_net_gas - plan.separate_net_gas)
        told.append(f"  in turn      {cash.shown(plan.separate_net_gas)}, {less} less")
    told.append(certificate_line(cash.shown(plan.bound), plan.gap_bps))
    told.append(f"  solved in    {plan.solve_time_ms:.0f} ms")
    for swap in plan.swaps:
        sold, bought = found.tokens[swap.token_in], found.tokens[swap.token_out]
        told.append(f"  {sold.shown(swap.amount_in)} to {bought.shown(swap.amount_out)} through {swap.pool}")
    return told if plan.swaps else [*told, "  nothing is worth trading at these limits"]


def _tokens(deployment: Deployment, reader: Reader, names: list[str]) -> dict[str, Token]:
    addresses = list(dict.fromkeys(address_of(deployment, name) for name in names))
    decimals = reader.decimals(addresses)
    return {
        address: Token(deployment.symbol_of(address), address, places)
        for address, places in zip(addresses, decimals, strict=True)
    }


def _legs(given: Any, side: str) -> list[dict[str, Any]]:
    """Orders of one side, as the file has them."""
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(leg, dict) for leg in given):
        raise RoutingError(side, "no list of orders", _REMEDY)
    for leg in given:
        _refuse_others(leg, _LEG_KEYS, f"an order to {side}")
        for key in ("token", "amount", *(("limit",) if side == "buy" else ())):
            if key not in leg:
                raise RoutingError(f"an order to {side}", f"has no {key}", _REMEDY)
    return given


def _leg(given: Mapping[str, Any], token: Token, settlement: Token, side: str) -> Leg:
    """An order whose limit is a price in the file, rounded against trading."""
    amount = token.units(_number(given["amount"], f"amount of {token.symbol}"))
    price = settlement.units_exactly(_number(given.get("limit", 0), f"limit of {token.symbol}"))
    whole = amount * price / 10**token.decimals
    return Leg(token.address, amount, int(whole) if side == "buy" else -int(-whole // 1))


def _number(given: Any, name: str) -> str:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise RoutingError(f"{name} {given}", "not a number", "give whole tokens, such as 1000.5")
    return str(given)


def _refuse_others(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise RoutingError(f"{key} in {where}", "not known", f"choose from: {', '.join(sorted(known))}")
