"""Fees that a transaction offers: EIP-1559 if the chain has it, never above a bound."""

from __future__ import annotations

from typing import Any

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from hexbytes import HexBytes

from keepers.rpc.node import Node
from keepers.transactions.errors import GasTooExpensive

GWEI = 10**9
LEAST_BUMP = 1.1
"""Factor by which nodes want a replacement to raise both the fee and the tip."""

_PRICES = ("maxFeePerGas", "maxPriorityFeePerGas", "gasPrice")


def quote(node: Node, bound: int) -> dict[str, Any]:
    """Fee fields of a transaction now: room for the base fee to double, and the tip that the node suggests.

    Raises:
        GasTooExpensive: If the chain asks more than `bound`, wei per gas.
    """
    block = node.latest()
    if block.base_fee is None:
        price = int(node.rpc("eth_gasPrice"), 16)
        _require_affordable(price, bound)
        return {"gasPrice": min(price, bound)}
    _require_affordable(block.base_fee, bound)
    tip = int(node.rpc("eth_maxPriorityFeePerGas"), 16)
    fee = min(2 * block.base_fee + tip, bound)
    return {"maxFeePerGas": fee, "maxPriorityFeePerGas": min(tip, fee), "type": 2}


def raised(fields: dict[str, Any], node: Node, bump: float, bound: int) -> dict[str, Any] | None:
    """Returns the transaction with a higher fee: the maximum of a bump and today's price.

    Args:
        fields: Fields of the last attempt.
        node: Asked for today's price.
        bump: Factor.
        bound: Maximum wei per gas.

    Returns:
        The raised fields; None if a node would not take it for a replacement without going above the bound.
    """
    try:
        today = quote(node, bound)
    except GasTooExpensive:
        return None
    changed = dict(fields)
    for name in _PRICES:
        if name in fields:
            changed[name] = min(max(int(fields[name] * bump) + 1, today.get(name, 0)), bound)
    enough = all(changed[name] >= fields[name] * LEAST_BUMP for name in _PRICES if name in fields)
    return changed if enough else None


def max_fee(fields: dict[str, Any]) -> int:
    """Maximum wei per gas that a transaction may pay."""
    return int(fields.get("maxFeePerGas", fields.get("gasPrice", 0)))


def unsigned(raw: str) -> dict[str, Any] | None:
    """Fields of a signed transaction, so that its fee can be raised; None for a legacy one."""
    data = HexBytes(raw)
    if data[0] > 0x7F:
        return None
    fields = TypedTransaction.from_bytes(data).as_dict()
    # Nodes and signers write access lists like this.
    listed = [
        {
            "address": "0x" + bytes(entry["address"]).hex(),
            "storageKeys": [f"0x{key:064x}" for key in entry["storageKeys"]],
        }
        for entry in fields.pop("accessList", ())
    ]
    kept = {name: value for name, value in fields.items() if name not in ("v", "r", "s")}
    return {**kept, **({"accessList": listed} if listed else {})}


def _require_affordable(price: int, bound: int) -> None:
    if price > bound:
        asked, most = price / GWEI, bound / GWEI
        raise GasTooExpensive(f"gas at {asked:.3f} gwei", f"above the bound of {most:.3f}", "raise max_fee_gwei")
