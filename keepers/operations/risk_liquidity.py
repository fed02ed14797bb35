"""The cost of selling a portfolio at the present block, with all of the markets' depth or with less."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from keepers import __version__
from keepers.config import Config
from keepers.contracts.deployment import load as load_deployment
from keepers.contracts.reader import Reader
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort
from keepers.routing.trades import Holding
from keepers.routing.unwind import BPS, WAD, Sale, Unwind, sales
from keepers.rpc.node import connect

SECONDS = 1.0
"""Time that each route may take."""


@dataclass(frozen=True)
class Liquidity:
    """All sales of a portfolio.

    Attributes:
        portfolio: Name.
        block: Height that everything was read at.
        terms: How much is sold, and into what.
        symbols: Symbols by address.
        sales: One for each asset that is held.
    """

    portfolio: str
    block: int
    terms: Unwind
    symbols: dict[str, str]
    sales: tuple[Sale, ...]

    @property
    def taken(self) -> tuple[Sale, ...]:
        """Sales that some market takes."""
        return tuple(sale for sale in self.sales if sale.received is not None)

    @property
    def whole(self) -> tuple[int, int, float]:
        """WAD USD sold and lost in the sales that are taken, and the days of the slowest asset of all."""
        days = max((sale.days for sale in self.sales), default=0.0)
        return sum(sale.value for sale in self.taken), sum(sale.cost for sale in self.taken), days

    @property
    def whole_bps(self) -> float:
        """Loss of the sales that are taken, basis points of the value that they sell."""
        value, cost, _ = self.whole
        return BPS * cost / value if value else 0.0

    @property
    def data_hash(self) -> str:
        """SHA-256 of everything that is shown, as canonical JSON."""
        text = json.dumps(as_object(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def liquidity(config: Config, terms: Unwind, block: int | None = None) -> Liquidity:
    """Reads the portfolio, the listed markets and the depth registry, and routes every sale; nothing is sent.

    Args:
        config: Config of the keeper, whose node, deployment and portfolio are used.
        terms: How much is sold, and into what.
        block: Height; None for the newest.

    Raises:
        ChainError: If the chain cannot be read.
        KeeperError: If the deployment or the portfolio cannot be read.
    """
    deployment = load_deployment(config.at(config.deployment))
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    reader = Reader(node, deployment)
    at = node.latest().number if block is None else block
    state = reader.portfolio(config.portfolio, at)
    universe = deployment.portfolio(config.portfolio).universe
    depths = reader.depths(universe, state.assets[1:], at)
    rows = zip(state.assets, state.balances, state.prices, state.decimals, strict=True)
    settlement, *holdings = (Holding(*row) for row in rows)
    # Thinner markets are asked for more than the portfolio has.
    reach = {one.token: math.ceil(state.nav / terms.depth * 10**one.decimals / one.price) for one in holdings}
    reach[settlement.token] = math.ceil(state.nav / terms.depth * 10**settlement.decimals / settlement.price)
    graph = Graph(reader.pools(tuple(deployment.tokens.values()), at, reach))
    found = sales(graph, settlement, holdings, [one.depth for one in depths], terms, Effort(seconds=SECONDS))
    symbols = {sale.token: deployment.symbol_of(sale.token) for sale in found}
    return Liquidity(config.portfolio, at, terms, symbols, found)


def lines(found: Liquidity) -> list[str]:
    """Sales for a terminal."""
    terms = found.terms
    told = [
        f"{found.portfolio} at block {found.block}: {terms.sell_bps / 100:g}% of each asset into {terms.depth:.0%} of "
        f"the depth, {terms.participation_bps / 100:g}% of it a day, quantera {__version__}"
    ]
    for sale in found.sales:
        name, worth = found.symbols[sale.token], f"{sale.value / WAD:,.2f} USD"
        fate = f"no market takes it: {sale.reason}" if sale.received is None else _cost(sale.cost, sale.value)
        told.append(f"  {name:<8} {worth:>20}  {fate}, {_days(sale.days)}")
    value, cost, days = found.whole
    told.append(f"  {'whole':<8} {value / WAD:>16,.2f} USD  {_cost(cost, value)}, {_days(days)}")
    untaken = [found.symbols[sale.token] for sale in found.sales if sale.received is None]
    if untaken:
        told.append(f"  the whole leaves out {', '.join(untaken)}")
    return told


def _cost(cost: int, value: int) -> str:
    return f"costs {cost / WAD:,.2f} USD, {10_000 * cost / value if value else 0:.1f} bps"


def _days(days: float) -> str:
    return "never by participation: no depth is reported" if math.isinf(days) else f"{days:.1f} days by participation"


def as_object(found: Liquidity) -> dict[str, Any]:
    """Sales for programs; WAD USD as strings, and null where there is no number."""
    value, cost, days = found.whole
    return {
        "version": __version__,
        "portfolio": found.portfolio,
        "block": found.block,
        "terms": asdict(found.terms),
        "sales": [
            {
                "symbol": found.symbols[sale.token],
                "token": sale.token,
                "amount": str(sale.amount),
                "value": str(sale.value),
                "received": None if sale.received is None else str(sale.received),
                "cost": None if sale.received is None else str(sale.cost),
                "cost_bps": None if sale.received is None else sale.cost_bps,
                "days": None if math.isinf(sale.days) else sale.days,
                "reason": sale.reason,
            }
            for sale in found.sales
        ],
        "whole": {
            "value": str(value),
            "cost": str(cost),
            "cost_bps": found.whole_bps,
            "days": None if math.isinf(days) else days,
        },
    }
