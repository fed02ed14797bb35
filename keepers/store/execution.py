"""Orders that are sold slice by slice, in the database.

Whether a slice was taken follows from the bot's journal of transactions alone. A fill is what was read of a journalled
transaction in one block, and counts while the journal has that transaction in that block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from keepers.execution.orders import STEPS, Fill, OrderState, Reveal, SlicedOrder
from keepers.execution.participation import Caps
from keepers.store.engine import StoreError
from keepers.store.store import Store
from keepers.store.tables import attempts, execution_orders, execution_reveals, execution_slices, transactions
from keepers.transactions.journal import ACTIVE, Status

_PAIRS = {"symbols": ("symbol_in", "symbol_out"), "decimals": ("decimals_in", "decimals_out")}
_CAPS = ("cap_volume_bps", "cap_depth_bps")
_WIDE = ("amount", "least", "limit_out")
_LANDED = (Status.MINED.value, Status.FINAL.value)
OPEN = (OrderState.RUNNING, OrderState.PAUSED, OrderState.CANCELLED)
"""States in which a transaction of an order may still change its block."""


def slice_prefix(order: int) -> str:
    """Returns the prefix of the keys of an order's slices."""
    return f"slice:{order}:"


def slice_key(order: int, slot: int) -> str:
    """Returns the key of a slice, by the number of its order and of its slot."""
    return f"{slice_prefix(order)}{slot}"


def slot_of(key: str) -> int:
    """Returns the number of the slot of a `slice_key`."""
    return int(key.split(":")[2])


def create(store: Store, order: SlicedOrder) -> SlicedOrder:
    """Stores an order with its slices, all or nothing; its number is new.

    Raises:
        StoreError: If the database cannot be written.
    """
    with store.transaction(durable=True) as connection:
        made = connection.execute(sa.insert(execution_orders).values(**_values(order))).inserted_primary_key
        assert made is not None
        most: list[str | None] = [str(one) for one in order.most]
        most = most or [None] * len(order.planned)
        rows = [
            {"order_id": made[0], "slot": slot, "planned": str(part), "most": largest}
            for slot, (part, largest) in enumerate(zip(order.planned, most, strict=True))
        ]
        connection.execute(sa.insert(execution_slices), rows)
    return by_id(store, int(made[0]))


def by_id(store: Store, number: int) -> SlicedOrder:
    """Returns an order.

    Raises:
        StoreError: If there is none of that number.
    """
    found = _orders(store, execution_orders.c.id == number)
    if not found:
        raise StoreError(f"order {number}", "unknown to this database", "see `quantera execution list`")
    return found[0]


def listed(store: Store, states: Sequence[OrderState] = tuple(OrderState), limit: int = 1000) -> list[SlicedOrder]:
    """Returns orders in some states, oldest first."""
    return _orders(store, execution_orders.c.state.in_([state.value for state in states]), limit)


def open_on(store: Store, chain_id: int) -> list[SlicedOrder]:
    """Returns the orders of a chain that are not closed, oldest first."""
    return [order for order in listed(store, OPEN) if order.chain_id == chain_id]


def move(store: Store, order: SlicedOrder, state: OrderState, reason: str) -> SlicedOrder:
    """Tells an order what to do.

    Raises:
        StoreError: If its state allows no such step, or another process changed it meanwhile.
    """
    if order.state not in STEPS[state]:
        raise StoreError(
            f"order {order.id}", f"is {order.state} and cannot be {state}", "see `quantera execution show`"
        )
    same = (execution_orders.c.id == order.id) & (execution_orders.c.state == order.state.value)
    with store.transaction(durable=True) as connection:
        changed = connection.execute(sa.update(execution_orders).where(same).values(state=state.value, reason=reason))
        if changed.rowcount != 1:
            raise StoreError(f"order {order.id}", "was changed meanwhile", "look at it, and decide anew")
    return by_id(store, order.id)


def record(store: Store, order: int, fill: Fill) -> None:
    """Writes a slice's fill, in place of the one of another block."""
    same = (execution_slices.c.order_id == order) & (execution_slices.c.slot == fill.slot)
    place = {"tx_hash": fill.tx_hash, "block_number": fill.block_number, "block_hash": fill.block_hash}
    amounts = {"amount_in": str(fill.amount_in), "amount_out": str(fill.amount_out)}
    with store.transaction() as connection:
        connection.execute(sa.update(execution_slices).where(same).values(**place, **amounts))


def fills(store: Store, bot: str, order: int) -> list[Fill]:
    """Returns the fills of an order that stand, in the order of their slots."""
    there, known = landed(store, bot, order), _known(store, order)
    return [fill for slot, fill in sorted(known.items()) if there.get(slot) == (fill.tx_hash, fill.block_hash)]


def unread(store: Store, bot: str, order: int) -> dict[int, str]:
    """Returns the slices that were taken and whose fill is not known, by slot, with the hash of the transaction."""
    known = {slot: (fill.tx_hash, fill.block_hash) for slot, fill in _known(store, order).items()}
    return {slot: place[0] for slot, place in landed(store, bot, order).items() if known.get(slot) != place}


def landed(store: Store, bot: str, order: int) -> dict[int, tuple[str, str]]:
    """Returns the slices that are in a block by the bot's journal: transaction and block by slot, 0x-prefixed."""
    rows = store.all_rows(_transactions(bot, order, _LANDED))
    return {slot_of(row["key"]): (row["tx_hash"], row["block_hash"]) for row in rows}


def under_way(store: Store, bot: str, order: int) -> list[str]:
    """Returns the hashes of an order's signed transactions that are not final: mined, or "" where they are not."""
    rows = store.all_rows(_transactions(bot, order, [status.value for status in ACTIVE]))
    return [row["tx_hash"] or "" for row in rows]


def lost(store: Store, bot: str, order: int) -> list[str]:
    """Returns the hashes of an order's transactions that the journal counts as lost, 0x-prefixed."""
    own = transactions.c.key.startswith(slice_prefix(order), autoescape=True)
    mine = (transactions.c.bot == bot) & own & (transactions.c.status == Status.LOST.value)
    query = sa.select(attempts.c.tx_hash).join(transactions, attempts.c.transaction_id == transactions.c.id)
    return [row["tx_hash"] for row in store.all_rows(query.where(mine))]


def signed(store: Store, bot: str, order: int) -> set[int]:
    """Returns the slots whose transaction is signed and not final."""
    rows = store.all_rows(_transactions(bot, order, [status.value for status in ACTIVE]))
    return {slot_of(row["key"]) for row in rows}


def is_settled(store: Store, bot: str, order: int) -> bool:
    """Returns True if every signed transaction of an order is mined and its fill is known.

    Until then nobody can say what of the order is sold.
    """
    return "" not in under_way(store, bot, order) and not unread(store, bot, order)


def keep_reveal(store: Store, order: int, reveal: Reveal) -> None:
    """Writes down what an order commits to, before anybody is told; an order commits to one slice at a time.

    Raises:
        StoreError: If the database cannot be written, or the order has committed to a slice.
    """
    if open_reveal(store, order) is not None:
        raise StoreError(f"order {order}", "has committed to a slice", "wait until it is revealed")
    values = {"swap": reveal.swap.hex(), "salt": reveal.salt.hex(), "slot": reveal.slot, "deadline": reveal.deadline}
    with store.transaction(durable=True) as connection:
        connection.execute(sa.insert(execution_reveals).values(order_id=order, **values))


def open_reveal(store: Store, order: int) -> Reveal | None:
    """Returns what an order has committed to and not run; None for nothing."""
    row = store.first_row(sa.select(execution_reveals).where(execution_reveals.c.order_id == order))
    if row is None:
        return None
    return Reveal(row["slot"], bytes.fromhex(row["swap"]), bytes.fromhex(row["salt"]), row["deadline"])


def drop_reveal(store: Store, order: int) -> None:
    """Forgets what an order committed to: it was run for good, or may not run any more."""
    with store.transaction() as connection:
        connection.execute(sa.delete(execution_reveals).where(execution_reveals.c.order_id == order))


def own_hashes(store: Store, since: int) -> frozenset[str]:
    """Returns the transactions of all orders' slices in blocks from a height on, 0x-prefixed."""
    recent = execution_slices.c.block_number >= since
    return frozenset(row["tx_hash"] for row in store.all_rows(sa.select(execution_slices.c.tx_hash).where(recent)))


def _transactions(bot: str, order: int, states: Sequence[str]) -> sa.Select[Any]:
    own = transactions.c.key.startswith(slice_prefix(order), autoescape=True)
    mine = (transactions.c.bot == bot) & own & transactions.c.status.in_(states)
    return sa.select(transactions.c.key, transactions.c.tx_hash, transactions.c.block_hash).where(mine)


def _known(store: Store, order: int) -> dict[int, Fill]:
    mine = (execution_slices.c.order_id == order) & execution_slices.c.tx_hash.is_not(None)
    names = ("slot", "tx_hash", "block_number", "block_hash")
    rows = store.all_rows(sa.select(execution_slices).where(mine))
    return {
        row["slot"]: Fill(*(row[name] for name in names), *(int(row[name]) for name in ("amount_in", "amount_out")))
        for row in rows
    }


def _orders(store: Store, which: sa.ColumnElement[bool], limit: int = 1000) -> list[SlicedOrder]:
    rows = store.all_rows(sa.select(execution_orders).where(which).order_by(execution_orders.c.id).limit(limit))
    columns = (execution_slices.c.order_id, execution_slices.c.planned, execution_slices.c.most)
    mine = execution_slices.c.order_id.in_([row["id"] for row in rows])
    slots: dict[int, list[Mapping[str, Any]]] = {row["id"]: [] for row in rows}
    for slot in store.all_rows(sa.select(*columns).where(mine).order_by(execution_slices.c.slot)):
        slots[slot["order_id"]].append(slot)
    return [_order(row, slots[row["id"]]) for row in rows]


def _order(row: Mapping[str, Any], slots: Sequence[Mapping[str, Any]]) -> SlicedOrder:
    planned = tuple(int(slot["planned"]) for slot in slots)
    most = tuple(int(slot["most"]) for slot in slots if slot["most"] is not None)
    pairs: dict[str, Any] = {name: tuple(row[column] for column in columns) for name, columns in _PAIRS.items()}
    wide: dict[str, Any] = _wide(row, _WIDE)
    apart = {column for columns in _PAIRS.values() for column in columns}.union(_WIDE, _CAPS, ("state",))
    plain = {name: value for name, value in row.items() if name not in apart}
    state = OrderState(row["state"])
    caps = Caps(*(row[name] for name in _CAPS))
    return SlicedOrder(**plain, **pairs, **wide, state=state, planned=planned, caps=caps, most=most)


def _values(order: SlicedOrder) -> dict[str, Any]:
    pairs = {
        column: value
        for name, columns in _PAIRS.items()
        for column, value in zip(columns, getattr(order, name), strict=True)
    }
    wide = {name: str(getattr(order, name)) for name in _WIDE}
    caps = dict(zip(_CAPS, (order.caps.volume_bps, order.caps.depth_bps), strict=True))
    apart = {**pairs, **wide, **caps, "state": order.state.value}
    names = [column.name for column in execution_orders.columns if column.name not in {*apart, "id"}]
    return {**{name: getattr(order, name) for name in names}, **apart}


def _wide(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, int]:
    return {name: int(row[name]) for name in names}
