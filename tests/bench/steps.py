"""A transaction's gas, instruction by instruction: state, calls and logs, or computing."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from web3 import Web3

from tests.bench.framework import steps_of

Kind = Literal["state", "calls", "logs", "computing"]

COLD_ACCOUNT, WARM = 2600, 100
"""EIP-2929."""
_STATE = {"SLOAD", "SSTORE", "TLOAD", "TSTORE"}
_CALLS = {"CALL", "STATICCALL", "DELEGATECALL"}
_ACCOUNTS = {"EXTCODESIZE", "EXTCODEHASH", "EXTCODECOPY", "BALANCE"}
_PRECOMPILES = 17


def gas_by_code(w3: Web3, transaction: bytes) -> Counter[tuple[str, Kind]]:
    """Gas by (address of the code that ran, lower case; kind).

    With the transaction's own and without what was given back it is what the transaction used.
    State is storage, transient storage too; calls are the access to other accounts, precompiles with what they do.
    """
    sent = w3.eth.get_transaction(transaction)  # type: ignore[arg-type]
    running = [str(sent["to"]).lower()]
    warm = {str(sent["from"]).lower(), running[0], *(_address(hex(number + 1)) for number in range(_PRECOMPILES))}
    steps = steps_of(w3, transaction, stack=True)
    after = _next_of_frame(steps)
    spent: Counter[tuple[str, Kind]] = Counter()
    for at, step in enumerate(steps):
        del running[int(step["depth"]) :]
        code, op = running[-1], str(step["op"])
        following = after.get(at)
        gas = int(step["gasCost"]) if following is None else int(step["gas"]) - int(steps[following]["gas"])
        if op in _CALLS:
            called = _address(step["stack"][-2])
            inside = steps[at + 1] if at + 1 < len(steps) and steps[at + 1]["depth"] > step["depth"] else None
            if inside is None:  # a precompile
                spent[code, "calls"] += gas
                continue
            assert following is not None
            last = steps[following - 1]
            gas -= int(inside["gas"]) - (int(last["gas"]) - int(last["gasCost"]))
            access = WARM if called in warm else COLD_ACCOUNT
            spent[code, "calls"] += access
            spent[code, "computing"] += gas - access
            warm.add(called)
            running.append(called)
        elif op in _STATE:
            spent[code, "state"] += gas
        elif op in _ACCOUNTS:
            spent[code, "calls"] += gas
            warm.add(_address(step["stack"][-1]))
        else:
            spent[code, "logs" if op.startswith("LOG") else "computing"] += gas
    return spent


def _next_of_frame(steps: list[dict[str, Any]]) -> dict[int, int]:
    """The next step of the same frame, by each step but a frame's last."""
    found: dict[int, int] = {}
    open_at: list[int] = []
    for at, step in enumerate(steps):
        del open_at[int(step["depth"]) :]
        if len(open_at) == int(step["depth"]):
            found[open_at[-1]] = at
            open_at[-1] = at
        else:
            open_at.append(at)
    return found


def _address(word: str) -> str:
    return "0x" + hex(int(word, 16))[2:].rjust(40, "0")[-40:]
