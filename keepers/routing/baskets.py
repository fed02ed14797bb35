"""Baskets: several orders against one settlement token, and what the plans that answer them are worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keepers.routing.errors import RoutingError
from keepers.routing.plans import MAX_AMOUNT, gap_bps
from keepers.routing.swaps import Swap

MAX_HOPS = 3
"""Most hops of one leg: a path of a basket passes two legs."""


@dataclass(frozen=True)
class Leg:
    """One order of a basket.

    Attributes:
        token: Address of what is sold or bought against the settlement token.
        amount: Most that is sold or bought, smallest units, above zero, below 2^128.
        limit: Least that the whole amount is sold for, or most that it is bought for, smallest units of the settlement
            token, below 2^128. A sale with the limit 0 is made at any price, and always in whole.
    """

    token: str
    amount: int
    limit: int


@dataclass(frozen=True)
class Basket:
    """Orders that are planned together.

    Attributes:
        settlement: Address of the token that sales bring and purchases cost.
        sells, buys: Legs, each token once.
        cash: Settlement token at hand for purchases, smallest units.
        max_hops: Maximum number of pools between a leg's token and the settlement token, 1 to 3. A path from a sale to
            a purchase may have twice as many, and need not pass the settlement token.
        excluded: Addresses of pools that may not be used.

    Raises:
        RoutingError: If there is no leg, a token appears twice, a number is out of range, or there is nothing to spend.
    """

    settlement: str
    sells: tuple[Leg, ...] = ()
    buys: tuple[Leg, ...] = ()
    cash: int = 0
    max_hops: int = 2
    excluded: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.sells and not self.buys:
            raise RoutingError("basket", "has no leg", "give something to sell or to buy")
        seen = {self.settlement}
        for leg in (*self.sells, *self.buys):
            if leg.token in seen:
                reason = "is the settlement token" if leg.token == self.settlement else "appears twice"
                raise RoutingError(f"leg of {leg.token}", reason, "give each token once, cash apart")
            seen.add(leg.token)
            if not 0 < leg.amount < MAX_AMOUNT:
                raise RoutingError(f"amount {leg.amount} of {leg.token}", "not within 1 to 2^128 - 1", "give units")
            if not 0 <= leg.limit < MAX_AMOUNT:
                raise RoutingError(f"limit {leg.limit} of {leg.token}", "not within 0 to 2^128 - 1", "give units")
        for leg in self.buys:
            if not leg.limit:
                raise RoutingError(f"limit 0 of {leg.token}", "buys nothing", "give the most that it may cost")
        if not 0 <= self.cash < MAX_AMOUNT:
            raise RoutingError(f"cash {self.cash}", "not within 0 to 2^128 - 1", "give smallest units")
        if not self.sells and not self.cash:
            raise RoutingError("basket", "has nothing to spend", "sell something, or give cash")
        if not 1 <= self.max_hops <= MAX_HOPS:
            remedy = "give more" if self.max_hops < 1 else "give fewer"
            raise RoutingError(f"{self.max_hops} hops a leg", f"not within 1 to {MAX_HOPS}", remedy)

    @property
    def path_hops(self) -> int:
        """Maximum number of pools on a path: those of two legs where it may lead from a sale to a purchase."""
        return self.max_hops * (2 if self.sells and self.buys else 1)

    @property
    def held(self) -> dict[str, int]:
        """Amounts before the first swap, by token, smallest units."""
        held = {leg.token: leg.amount for leg in self.sells}
        return held | {self.settlement: self.cash} if self.cash else held

    def worth(self, held: Mapping[str, int], scale: int = 1) -> int:
        """Value of what is held at the limits of the legs: what the router maximises.

        The settlement token counts as it is; every other token counts at its limit, up to the leg's amount, and not
        beyond.

        Args:
            held: Smallest units by token.
            scale: Parts of the settlement token's smallest unit that are counted.

        Returns:
            Smallest units of the settlement token divided by `scale`, rounded down leg by leg.
        """
        total = held.get(self.settlement, 0) * scale
        for leg in (*self.sells, *self.buys):
            total += min(held.get(leg.token, 0), leg.amount) * leg.limit * scale // leg.amount
        return total

    def after(self, swaps: Iterable[Swap]) -> dict[str, int]:
        """Amounts that are held after swaps.

        Raises:
            RoutingError: If a swap sells more than there is.
        """
        held = self.held
        for swap in swaps:
            held[swap.token_in] = held.get(swap.token_in, 0) - swap.amount_in
            if held[swap.token_in] < 0:
                raise RoutingError(f"swap of {swap.token_in}", f"sells {-held[swap.token_in]} too much", "report it")
            held[swap.token_out] = held.get(swap.token_out, 0) + swap.amount_out
        return held


@dataclass(frozen=True)
class BasketPlan:
    """A plan for a basket, and how far from the best it can be.

    Attributes:
        basket: The orders.
        swaps: Swaps in the order of execution; each pool once, unless `one_by_one` is true.
        gas_cost: Fixed costs of the swaps, smallest units of the settlement token.
        bound: No plan over paths of at most `Basket.path_hops`, with one pair of each source, is worth more than
            this net of fixed costs; smallest units of the settlement token.
        separate_net_gas: Worth net of fixed costs of the same orders planned one after another, or None if the markets
            do not take them so.
        one_by_one: Whether the plan is that one.
        solve_time_ms: Milliseconds, those of the orders one after another included.
    """

    basket: Basket
    swaps: tuple[Swap, ...]
    gas_cost: int
    bound: int
    separate_net_gas: int | None
    one_by_one: bool
    solve_time_ms: float

    @property
    def held(self) -> dict[str, int]:
        """Amounts that are held after the swaps, by token, smallest units."""
        return self.basket.after(self.swaps)

    @property
    def worth_net_gas(self) -> int:
        """Worth at the limits less fixed costs, smallest units of the settlement token."""
        return self.basket.worth(self.held) - self.gas_cost

    @property
    def gap_bps(self) -> float:
        """How far the worth net of gas can be below the best possible, basis points of itself; never negative."""
        return gap_bps(self.bound, self.worth_net_gas, self.worth_net_gas + self.gas_cost)

    def filled(self, leg: Leg) -> int:
        """Units of a leg that the plan sells or buys, at most its amount."""
        held = self.held.get(leg.token, 0)
        return max(0, leg.amount - held) if leg in self.basket.sells else min(leg.amount, held)
