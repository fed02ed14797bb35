"""Divides an exact input over the listed markets of its pair, and says how much better a division could be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import click
from web3.exceptions import ContractLogicError, Web3Exception

from keepers.operations.route import certificate_line
from keepers.routing.errors import InsufficientLiquidity
from keepers.routing.graph import Graph
from keepers.routing.markets import Market, VenueKind
from keepers.routing.plans import MAX_AMOUNT, Effort, Order, RoutePlan, gap_bps
from keepers.routing.pools import QuotedPool, Samples
from keepers.routing.router import find_route
from scripts._lib.orders import Quoted, SwapSession

_SIZES = 24
"""Amounts for which every market is asked at first, each 2^-0.5 of the one before."""
_AROUND = (0.5, 0.7, 0.85, 0.95, 1.0, 1.05, 1.15, 1.3, 1.6)
"""Parts of each amount of a first plan for which every market is asked after that."""
_CHUNK = 8
"""Amounts in one call of the lens: nodes limit the gas of a call."""


@dataclass(frozen=True)
class Division:
    """An exact input's division over markets.

    Attributes:
        quoted: Amount that the markets pay for it together, as the lens says for the whole order.
        bound: No division over straight lines between the markets' quotes brings more net of fixed costs; smallest
            units of the output. It is at least what this one brings.
        pool_cost: Fixed cost of one market, smallest units of the output.
    """

    quoted: Quoted
    bound: int
    pool_cost: int

    @property
    def net(self) -> int:
        """Output net of fixed costs."""
        return self.quoted.amount - self.pool_cost * len(self.quoted.parts)

    @property
    def gap_bps(self) -> float:
        """Distance from the output net of fixed costs to the bound, basis points; never negative."""
        return gap_bps(self.bound, self.net, self.quoted.amount)


def divided(session: SwapSession, amount: int, pool_cost: int = 0, effort: Effort | None = None) -> Division:
    """The best division that is found of an exact input; one market alone where that pays more net of fixed costs.

    Every candidate is quoted by the lens as the order that would be sent, so that what is compared is what is paid.

    Args:
        session: The pair.
        amount: Smallest units of the input.
        pool_cost: Fixed cost of one market, smallest units of the output.
        effort: How far the router goes.

    Raises:
        click.ClickException: If there is no market, or every one refuses.
    """
    if amount >= MAX_AMOUNT:
        shown = session.shown(amount, 0)
        raise click.ClickException(f"amount {shown}: not below 2^128 smallest units, which no market takes; type less")
    quotes = session.quotes(amount)
    samples: dict[str, dict[int, int]] = {quoted.market: {amount: quoted.amount} for quoted in quotes}
    sizes = {int(amount / 2 ** (step / 2)) for step in range(1, _SIZES)}
    found, plan = _best_alone(quotes, amount), None
    for _ in range(2):
        _ask(session, samples, sorted(size for size in sizes if 0 < size < amount))
        plan = _planned(session, quotes, samples, amount, pool_cost, effort)
        if plan is None:
            break
        found = _better(found, _quoted(session, plan, quotes), pool_cost)
        sizes = {int(swap.amount_in * part) for swap in plan.swaps for part in _AROUND}
    if found is None:
        # Where all refuse, this says why the best of them does.
        found = _best_alone([session.best(amount)], amount)
    assert found is not None, "the best quote is above zero"
    net = found.amount - pool_cost * len(found.parts)
    return Division(found, net if plan is None else max(plan.bound, net), pool_cost)


def division_lines(session: SwapSession, division: Division) -> list[str]:
    """The bound, then a line a market where there are several, for people."""
    told = [certificate_line(session.shown(division.bound), division.gap_bps)]
    total = sum(part for part, _, _ in division.quoted.parts)
    if len(division.quoted.parts) > 1:
        told += [f"  {part / total:7.2%} through {market}" for part, market, _ in division.quoted.parts]
    return told


def _best_alone(quotes: Sequence[Quoted], amount: int) -> Quoted | None:
    best = quotes[0]
    return replace(best, parts=((amount, best.market, best.zero_for_one),)) if best.amount else None


def _better(one: Quoted | None, other: Quoted | None, pool_cost: int) -> Quoted | None:
    """The one that brings more net of fixed costs; the one with fewer markets where both bring the same."""
    offered = [quoted for quoted in (one, other) if quoted is not None]
    return max(offered, key=lambda q: (q.amount - pool_cost * len(q.parts), -len(q.parts)), default=None)


def _ask(session: SwapSession, samples: dict[str, dict[int, int]], sizes: list[int]) -> None:
    """Adds to the samples what every market pays for some sizes."""
    ends = session.tokens[0].address, session.tokens[1].address
    for start in range(0, len(sizes), _CHUNK):
        asked = sizes[start : start + _CHUNK]
        for answer in session.lens.functions.quotePair(*ends, asked, 0).call():
            samples.get(answer[0], {}).update(zip(asked, answer[4], strict=True))


def _planned(
    session: SwapSession,
    quotes: Sequence[Quoted],
    samples: dict[str, dict[int, int]],
    amount: int,
    pool_cost: int,
    effort: Effort | None,
) -> RoutePlan | None:
    """The router's plan over straight lines between the samples; None if the markets do not take the order."""
    pools = []
    for quoted in quotes:
        rising = _rising(samples[quoted.market])
        if not rising:
            continue
        kind, fee, target, param, ident, token0, token1 = session.aggregator.functions.marketOf(quoted.market).call()
        source = Market(VenueKind(kind), target, token0, token1, fee, param, bytes(ident)).source
        up, down = (rising, ()) if quoted.zero_for_one else ((), rising)
        pools.append(QuotedPool(quoted.market, token0, token1, source, up, down))
    if not pools:
        return None
    order = Order(session.tokens[0].address, session.tokens[1].address, amount, max_hops=1)
    try:
        return find_route(Graph(tuple(pools)), order, pool_cost, effort)
    except InsufficientLiquidity:
        return None


def _rising(found: dict[int, int]) -> Samples:
    """Samples from the first that is paid to the last before a refusal or a lower output."""
    kept: list[tuple[int, int]] = []
    for size, paid in sorted(found.items()):
        if kept and paid < kept[-1][1]:
            break
        if paid:
            kept.append((size, paid))
    return tuple(kept)


def _quoted(session: SwapSession, plan: RoutePlan, quotes: Sequence[Quoted]) -> Quoted | None:
    """Quotes the plan as one order by the lens; None if the lens refuses."""
    by_market = {quoted.market: quoted for quoted in quotes}
    parts = tuple((swap.amount_in, swap.pool, by_market[swap.pool].zero_for_one) for swap in plan.swaps)
    largest = by_market[max(parts)[1]]
    asked = replace(largest, parts=parts, failure=b"")
    try:
        order = session.order(asked, plan.amount_in, 0, session.lens.address)
        paid = int(session.lens.functions.quoteOrder(order).call()[0])
    except (ContractLogicError, Web3Exception):
        return None
    return replace(asked, amount=paid) if paid else None
