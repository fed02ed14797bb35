"""Sales of part of a portfolio through the listed markets, at their depth or at less, and their cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from keepers.routing.errors import RoutingError
from keepers.routing.graph import Graph
from keepers.routing.plans import Effort, Order
from keepers.routing.router import find_route
from keepers.routing.trades import Holding

WAD = 10**18
BPS = 10_000


@dataclass(frozen=True)
class Unwind:
    """How much is sold, and into what.

    Attributes:
        sell_bps: Part of every holding that is sold, basis points, 1 to 10,000.
        depth: Part of the markets' depth that is there, above 0 and at most 1.
        participation_bps: Part of a day's depth that can be sold in a day, basis points, 1 to 10,000.

    Raises:
        RoutingError: If a number is out of range.
    """

    sell_bps: int = BPS
    depth: float = 1.0
    participation_bps: int = 2_000

    def __post_init__(self) -> None:
        if not 0 < self.sell_bps <= BPS or not 0 < self.participation_bps <= BPS:
            given = f"{self.sell_bps} bps sold, {self.participation_bps} bps of a day's depth"
            raise RoutingError(given, "not from 1 to 10,000", "5000 is half")
        if not 0 < self.depth <= 1:
            raise RoutingError(f"depth {self.depth:g}", "not above 0 and at most 1", "0.25 leaves a quarter")


@dataclass(frozen=True)
class Sale:
    """The sale of one asset.

    Attributes:
        token: Address.
        amount: Smallest units that are sold.
        value: WAD USD of them at the oracle's price.
        received: WAD USD of what comes in; None if no market takes the amount.
        days: Days in which the amount can be sold by participation; infinite where a day's depth is zero.
        reason: Reason why no market takes it; empty if one does.
    """

    token: str
    amount: int
    value: int
    received: int | None
    days: float
    reason: str = ""

    @property
    def cost(self) -> int:
        """WAD USD that the sale loses against the oracle's price, negative for a gain; zero if nothing is sold."""
        return 0 if self.received is None else self.value - self.received

    @property
    def cost_bps(self) -> float:
        """The cost, basis points of the value."""
        return BPS * self.cost / self.value if self.value else 0.0


def sales(
    graph: Graph,
    settlement: Holding,
    holdings: Sequence[Holding],
    day_depths: Sequence[int],
    terms: Unwind,
    effort: Effort | None = None,
) -> tuple[Sale, ...]:
    """Sells the part of every holding for the settlement token, each into markets that no other sale has moved.

    A market whose every depth is d times what it is pays d y(x / d) for an input of x, where y is its output. So does a
    route over such markets: an amount of x / d is routed through the markets as they are, and the output is multiplied.

    Args:
        graph: Markets at one block.
        settlement: Token that is bought, with its price.
        holdings: Balances and prices of the assets; those that are too small to sell a unit are left out.
        day_depths: WAD USD that a day trades of each holding, in their order.
        terms: How much is sold, and into what.
        effort: How far the router goes for each.
    """
    found = []
    for holding, day in zip(holdings, day_depths, strict=True):
        amount = holding.balance * terms.sell_bps // BPS
        if amount == 0:
            continue
        value = amount * holding.price // 10**holding.decimals
        sold = day * terms.depth * terms.participation_bps / BPS
        days = value / sold if sold > 0 else math.inf
        try:
            order = Order(holding.token, settlement.token, math.ceil(amount / terms.depth))
            plan = find_route(graph, order, 0, effort)
        except RoutingError as error:
            found.append(Sale(holding.token, amount, value, None, days, error.reason))
            continue
        units = plan.amount_out * terms.depth
        received = int(units * (settlement.price / 10**settlement.decimals))
        found.append(Sale(holding.token, amount, value, received, days))
    return tuple(found)
