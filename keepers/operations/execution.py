"""Orders that are sold slice by slice: made, run to their end, shown, and told to pause, go on or stop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Any

from keepers.bots.execution import ExecutionBot
from keepers.bots.names import bot_name
from keepers.config import Config
from keepers.execution.errors import ExecutionError
from keepers.execution.orders import OrderState, SlicedOrder, progress
from keepers.operations.route import RouteLimits, Token, routed
from keepers.operations.route_schedule import Pace, Scheduled, scheduled
from keepers.rpc.node import connect
from keepers.runtime.runtime import Step
from keepers.runtime.services import open_bot_services, open_runtime
from keepers.signers.signing import Signer
from keepers.store import Store
from keepers.store import execution as stored
from keepers.store.execution import slice_key

KIND = "execution"
_DIGITS = 160


@dataclass(frozen=True)
class Terms:
    """How an order is sold.

    Attributes:
        pace: Schedule.
        slippage_bps: Fall from the quote to a slice's minimum output, basis points.
        limit: Price limit: whole tokens of the output for a whole one of the input, at least; "" for none.
    """

    pace: Pace
    slippage_bps: int
    limit: str


@dataclass(frozen=True)
class SliceView:
    """A slice as it stands.

    Attributes:
        slot: Number.
        due: Unix seconds.
        planned: Smallest units of the input.
        state: "sold", "in flight", "refused", "failed", or "planned" where nothing happened.
        sold, bought: Smallest units.
        tx_hash: Transaction, or "".
        reason: Reason of the decision, or "".
    """

    slot: int
    due: int
    planned: int
    state: str
    sold: int
    bought: int
    tx_hash: str
    reason: str


def create(config: Config, store: Store, trader: str, ends: tuple[str, str], amount: str, terms: Terms) -> SlicedOrder:
    """Divides an order at the newest block and stores it. Nothing is sent.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        store: Database of the bot.
        trader: Account that sells.
        ends: Symbols or addresses of the input and the output.
        amount: Whole tokens of the input.
        terms: Everything else.

    Raises:
        KeeperError: As `divided` raises it.
        StoreError: If the database cannot be written.
    """
    return stored.create(store, replace(divided(config, ends, amount, terms), trader=trader))


def divided(config: Config, ends: tuple[str, str], amount: str, terms: Terms) -> SlicedOrder:
    """Divides an order at the newest block; it is of no account yet, and is not stored.

    Args:
        config: Config of the keeper, whose node and deployment are used.
        ends: Symbols or addresses of the input and the output.
        amount: Whole tokens of the input.
        terms: Everything else.

    Raises:
        ExecutionError: If a number makes no sense, the horizon is past, or the market pays less than the limit.
        RoutingError: If a token or the amount makes no sense, or no path takes a slice.
        ChainError: If the chain cannot be read.
    """
    node = connect(config.rpc_url, config.chain_id, fallbacks=config.fallback_rpc_urls)
    now, pace = node.latest().timestamp, terms.pace
    begins = now if pace.start is None else pace.start
    if begins + pace.slots * pace.slot_seconds <= now:
        ended = begins + pace.slots * pace.slot_seconds
        raise ExecutionError(f"last slot ends at {ended}", f"the chain is at {now}", "start later")
    _require_whole_slices(config, ends, amount, pace.slots)
    found = scheduled(config, *ends, amount, replace(pace, start=begins))
    limit_out = _limit_out(found, terms.limit)
    _require_within_limit(config, found, limit_out)
    return SlicedOrder(
        id=0,
        chain_id=config.chain_id,
        trader="",
        token_in=found.token_in.address,
        token_out=found.token_out.address,
        symbols=(found.token_in.symbol, found.token_out.symbol),
        decimals=(found.token_in.decimals, found.token_out.decimals),
        amount=found.amount,
        algorithm=found.algorithm,
        planned=found.amounts,
        begins=begins,
        slot_seconds=pace.slot_seconds,
        least=max(1, found.token_in.units(pace.least)),
        limit_out=limit_out,
        slippage_bps=terms.slippage_bps,
        state=OrderState.RUNNING,
        created=now,
        caps=pace.caps,
        most=found.most,
    )


def run_to_end(config: Config, signer: Signer, number: int, log: Any, stop: threading.Event) -> SlicedOrder:
    """Runs the bot with a key until an order is closed, or it is told to stop.

    Where another process is the bot already, this one stands by and waits for it.

    Args:
        config: Config of the keeper.
        signer: Key of the order's account.
        number: Number of the order.
        log: structlog logger.
        stop: Ends it when set.

    Raises:
        KeeperError: If the bot cannot be opened, or gives up.
    """
    services = open_bot_services(config, bot_name(config, KIND), log, stop, signer)
    try:
        order = stored.by_id(services.store, number)
        if order.trader != services.sender.address:
            reason = f"sells for {order.trader}, and the key is of {services.sender.address}"
            raise ExecutionError(f"order {number}", reason, "use the order's account")

        def look(_: Step) -> None:
            if stored.by_id(services.store, number).state is OrderState.CLOSED:
                stop.set()

        open_runtime(ExecutionBot(services), services, look).run()
        return stored.by_id(services.store, number)
    finally:
        services.store.close()


def tell(store: Store, number: int, state: OrderState, reason: str) -> SlicedOrder:
    """Tells an order to pause, go on or stop; a slice that is signed already goes through.

    Raises:
        StoreError: If there is no such order, or its state allows no such step.
    """
    return stored.move(store, stored.by_id(store, number), state, reason)


def slices(store: Store, bot: str, order: SlicedOrder) -> list[SliceView]:
    """Returns every slice of an order as it stands."""
    fills = {fill.slot: fill for fill in stored.fills(store, bot, order.id)}
    signed = stored.signed(store, bot, order.id)
    found = []
    for slot, planned in enumerate(order.planned):
        due, fill = order.begins + slot * order.slot_seconds, fills.get(slot)
        decision = store.decision(bot, slice_key(order.id, slot))
        reason = decision.reason if decision is not None else ""
        if fill is not None:
            found.append(SliceView(slot, due, planned, "sold", fill.amount_in, fill.amount_out, fill.tx_hash, reason))
            continue
        state = "in flight" if slot in signed else "planned" if decision is None else decision.outcome
        found.append(SliceView(slot, due, planned, state, 0, 0, (decision and decision.tx_hash) or "", reason))
    return found


def left_over(store: Store, bot: str, order: SlicedOrder) -> int:
    """Returns what will stay unsold if the market trades as expected after the last slot that was decided.

    Smallest units of the input. Of an order that is closed or cancelled it is all that was not sold.
    """
    taken = stored.fills(store, bot, order.id)
    sold = progress(taken).sold
    if order.state in (OrderState.CANCELLED, OrderState.CLOSED):
        return order.amount - sold
    decided = [stored.slot_of(key) for key in store.keys(bot, stored.slice_prefix(order.id))]
    return order.left_over(max((*decided, *(fill.slot for fill in taken)), default=-1), sold)


def as_object(store: Store, bot: str, order: SlicedOrder, *, whole: bool) -> dict[str, Any]:
    """The order for programs; amounts in smallest units as strings. With `whole` the slices as well."""
    done = progress(stored.fills(store, bot, order.id))
    plain = ("id", "chain_id", "trader", "token_in", "token_out", "algorithm", "begins", "ends", "slot_seconds")
    found: dict[str, Any] = {name: getattr(order, name) for name in plain}
    found |= {"state": order.state.value, "reason": order.reason, "slippage_bps": order.slippage_bps}
    found |= {name: str(getattr(order, name)) for name in ("amount", "least", "limit_out")}
    found |= {"cap_volume_bps": order.caps.volume_bps, "cap_depth_bps": order.caps.depth_bps}
    found |= {"left_over": str(left_over(store, bot, order))}
    found |= {"sold": str(done.sold), "bought": str(done.bought), "slices_sold": done.slices}
    if whole:
        rows = [vars(one) for one in slices(store, bot, order)]
        wide = ("planned", "sold", "bought")
        found["slices"] = [{**row, **{name: str(row[name]) for name in wide}} for row in rows]
    return found


def line(store: Store, bot: str, order: SlicedOrder) -> str:
    """The order in one line for people."""
    sold, bought = _tokens(order)
    done = progress(stored.fills(store, bot, order.id))
    told = f"{order.id}  {order.state.value:<9}  {order.algorithm} of {sold.shown(order.amount)}"
    told += f": {sold.shown(done.sold)} sold for {bought.shown(done.bought)} in {done.slices} slices"
    left = left_over(store, bot, order)
    if order.state is OrderState.CLOSED:
        return f"{told}, {sold.shown(left)} unsold" if left else told
    return f"{told}, {sold.shown(left)} will not be sold in its time as the market is expected" if left else told


def lines(store: Store, bot: str, order: SlicedOrder) -> list[str]:
    """The order and its slices for people."""
    sold, bought = _tokens(order)
    told = [line(store, bot, order), *([f"  {order.reason}"] if order.reason else [])]
    for one in slices(store, bot, order):
        head = f"  {one.slot:>5}  {one.due}  {sold.shown(one.planned):>28}  {one.state}"
        tail = f" {sold.shown(one.sold)} for {bought.shown(one.bought)}" if one.sold else ""
        told.append(head + tail + (f": {one.reason}" if one.reason and not one.sold else ""))
    return told


def _tokens(order: SlicedOrder) -> tuple[Token, Token]:
    parts = zip(order.symbols, (order.token_in, order.token_out), order.decimals, strict=True)
    first, second = (Token(*part) for part in parts)
    return first, second


def _require_whole_slices(config: Config, ends: tuple[str, str], amount: str, slots: int) -> None:
    """Requires that each slot has a unit to sell, and that a path takes the order."""
    found = routed(config, *ends, amount, RouteLimits())
    units = found.token_in.units(amount)
    if slots > units:
        raise ExecutionError(f"{slots} slots", f"the order has {units} smallest units", "use fewer slots")


def _limit_out(found: Scheduled, limit: str) -> int:
    """The price limit as smallest units of the output for the whole order; zero for none."""
    if not limit:
        return 0
    bought = found.token_out
    try:
        price = Decimal(limit)
    except ArithmeticError:
        raise ExecutionError(f"price limit {limit}", "not a number", "give output tokens for one input token") from None
    if not price.is_finite() or price <= 0:
        raise ExecutionError(f"price limit {limit}", "not above zero", "give output tokens for one input token")
    with localcontext() as context:
        context.prec = _DIGITS
        scale = Decimal(10) ** (bought.decimals - found.token_in.decimals)
        wanted = price * scale * found.amount
        if wanted >= 2**256:
            raise ExecutionError(f"price limit {limit}", "more than any token has", "give a lower one")
        return int(wanted.to_integral_value(rounding="ROUND_CEILING"))


def _require_within_limit(config: Config, found: Scheduled, limit_out: int) -> None:
    """Requires that the markets pay the limit for the smallest slice now: otherwise the order would sell nothing."""
    if not limit_out:
        return
    sold, bought = found.token_in, found.token_out
    smallest = min(part for part in found.amounts if part)
    whole = f"{Decimal(smallest).scaleb(-sold.decimals):f}"
    paid = routed(config, sold.address, bought.address, whole, RouteLimits(block=found.block)).plan.amount_out
    needed = -(-limit_out * smallest // found.amount)
    if paid < needed:
        reason = f"the markets pay {bought.shown(paid)}"
        raise ExecutionError(f"price limit of {bought.shown(needed)} for {sold.shown(smallest)}", reason, "lower it")
