"""Plans the trades of a rebalance as one basket, where that leaves more than one order after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keepers.routing.basket_router import find_basket
from keepers.routing.baskets import Basket, Leg
from keepers.routing.errors import RoutingError
from keepers.routing.order_paths import Parcel, run_paths, settled, take
from keepers.routing.plans import Effort
from keepers.routing.pools import Pool, is_zero_for_one, other_token
from keepers.routing.split import Hop, PlannedPath
from keepers.routing.swaps import Swap
from keepers.routing.trades import BPS, Holding, PlannedTrade, TradeRules

_DEARER = 2
"""Purchases may cost so many times what they cost one after another: the basket fills all that its cash pays for."""


def plan_together(
    holdings: Sequence[Holding],
    pools: Sequence[Pool],
    rules: TradeRules,
    apart: tuple[PlannedTrade, ...],
    effort: Effort,
) -> tuple[PlannedTrade, ...]:
    """The same sales and purchases as one basket, or as they are, whichever leaves more at the holdings' prices.

    A sale may meet a purchase without the settlement token between them, and all share the depth of all pools. What is
    bought is at most what was bought one after another. As there, purchases spend no more of the settlement token than
    is at hand with the least that sales return.

    Args:
        holdings: The settlement token first.
        pools: State at one block, distinct addresses.
        rules: How to trade.
        apart: Plan of `plan_trades` for them.
        effort: How far the router goes.
    """
    cash = holdings[0]
    sells = [trade for trade in apart if trade.token_out == cash.token]
    buys = [trade for trade in apart if trade.token_in == cash.token]
    if not sells or not buys:
        return apart
    spare = sum(trade.amount_in for trade in buys) - sum(trade.min_amount_out for trade in sells)
    basket = Basket(
        cash.token,
        tuple(Leg(trade.token_in, trade.amount_in, 0) for trade in sells),
        tuple(Leg(trade.token_out, trade.quoted_out, _DEARER * trade.amount_in) for trade in buys),
        min(max(spare, 0), cash.balance),
        max_hops=2 if rules.via else 1,
    )
    usable = {pool.address: pool for pool in pools if _is_usable(pool, basket, rules.via)}
    try:
        plan = find_basket(tuple(usable.values()), basket, 0, effort)
        trades = None if plan.one_by_one else _trades(usable, basket, plan.swaps, rules)
    except RoutingError:
        return apart
    if trades is None or not _runs_whole(cash, trades) or _worth(holdings, trades) <= _worth(holdings, apart):
        return apart
    return trades


def _is_usable(pool: Pool, basket: Basket, via: Sequence[str]) -> bool:
    """True for pools of the settlement token, of a path's tokens, and of one sale and one purchase."""
    sold, bought = ({leg.token for leg in legs} for legs in (basket.sells, basket.buys))
    tokens = {pool.token0, pool.token1}
    if not tokens <= sold | bought | {basket.settlement, *via}:
        return False
    return not tokens <= sold and not tokens <= bought


def _trades(
    pools: Mapping[str, Pool], basket: Basket, swaps: Sequence[Swap], rules: TradeRules
) -> tuple[PlannedTrade, ...] | None:
    """Orders that a basket's swaps make, sales for the settlement token first and purchases with it last.

    None where an order has too many paths. A path may pass tokens of the basket: they are the portfolio's own.
    """
    by_ends: dict[tuple[str, str], list[PlannedPath]] = {}
    for (token_in, hops), amount in _paths(pools, basket, swaps).items():
        token = token_in
        for hop in hops:
            token = other_token(pools[hop.pool], token)
        by_ends.setdefault((token_in, token), []).append(PlannedPath(amount, hops))
    if any(len(paths) > rules.max_paths for paths in by_ends.values()):
        return None

    def rank(ends: tuple[str, str]) -> int:
        return 0 if ends[1] == basket.settlement else 2 if ends[0] == basket.settlement else 1

    market, found = dict(pools), []
    for ends in sorted(by_ends, key=rank):
        largest_first = sorted(by_ends[ends], key=lambda path: -path.amount_in)
        paths, quoted = settled(market, ends[0], largest_first)
        run_paths(market, ends[0], paths)
        least = max(1, quoted * (BPS - rules.slippage_bps) // BPS)
        found.append(PlannedTrade(*ends, sum(path.amount_in for path in paths), least, paths, quoted))
    return tuple(found)


def _paths(pools: Mapping[str, Pool], basket: Basket, swaps: Sequence[Swap]) -> dict[tuple[str, tuple[Hop, ...]], int]:
    """Amounts by what is sold and the pools that it passes: the plan's flow, cut where it reaches the settlement token.

    What a token has been bought with goes into the swaps that sell it in their order, as in `order_paths.paths_of`.
    """
    last = {one.token_in: index for index, one in enumerate(swaps)}
    held = {token: [Parcel(token, amount, float(amount), ())] for token, amount in basket.held.items()}
    done: list[Parcel] = []
    for index, one in enumerate(swaps):
        whole = last[one.token_in] == index and one.token_in != basket.settlement
        taken, held[one.token_in] = take(held.get(one.token_in, []), float("inf") if whole else float(one.amount_in))
        hop, rate = Hop(one.pool, is_zero_for_one(pools[one.pool], one.token_in)), one.amount_out / one.amount_in
        onward = [Parcel(part.token_in, part.amount_in, part.held * rate, (*part.hops, hop)) for part in taken]
        if one.token_out == basket.settlement:
            done += onward
            onward = [Parcel(one.token_out, one.amount_out, float(one.amount_out), ())]
        held.setdefault(one.token_out, []).extend(onward)
    done += [part for parts in held.values() for part in parts if part.hops]
    amounts: dict[tuple[str, tuple[Hop, ...]], int] = {}
    for part in done:
        if part.amount_in:
            key = part.token_in, part.hops
            amounts[key] = amounts.get(key, 0) + part.amount_in
    return amounts


def _runs_whole(cash: Holding, trades: Sequence[PlannedTrade]) -> bool:
    """True if purchases can be paid with the least that sales return."""
    spent = sum(trade.amount_in for trade in trades if trade.token_in == cash.token)
    return spent <= cash.balance + sum(trade.min_amount_out for trade in trades if trade.token_out == cash.token)


def _worth(holdings: Sequence[Holding], trades: Sequence[PlannedTrade]) -> int:
    """Change in what is held at the holdings' prices, WAD USD times 10^36 to leave no rounding of small amounts."""
    prices = {one.token: one.price * 10 ** (36 - one.decimals) for one in holdings}
    return sum(
        trade.quoted_out * prices[trade.token_out] - trade.amount_in * prices[trade.token_in] for trade in trades
    )
