"""A token's log of threshold crossings and refusals: its running hash, and proofs about reports made from it. Pure.

The engine keeps one hash and one count a token. Whoever has every event can compute the hash anew; whoever leaves one
out, adds one or changes a word of one cannot reach it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Self

from eth_abi.abi import encode
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from keepers.compliance.errors import ComplianceError

GENESIS = bytes(32)
"""The running hash of an empty log."""

_TYPES = (
    "bytes32",
    "address",
    "uint64",
    "uint8",
    "uint8",
    "address",
    "address",
    "address",
    "address",
    "uint256",
    "uint256",
)


class LogKind(IntEnum):
    """IAutomatedComplianceEngine.LogKind."""

    NONE = 0
    TRAVEL_RULE = 1
    REPORTING = 2
    REFUSAL = 3


class LogError(ComplianceError):
    """A log or report that is not what the chain's hash says."""


@dataclass(frozen=True)
class Entry:
    """One entry of the log, as in events and reports.

    Attributes:
        index: Position in the log, counted from 0.
        kind: LogKind.
        reason: Reason of a refusal, else 0.
        account: The refused account, else address zero.
        operator: Account that moved or tried to.
        sender: Address zero of an issue.
        receiver: Address zero of a redemption.
        amount: Smallest units.
        timestamp: Time of its block, unix seconds.
        head: Running hash after it, 0x-prefixed.
    """

    index: int
    kind: int
    reason: int
    account: str
    operator: str
    sender: str
    receiver: str
    amount: int
    timestamp: int
    head: str

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Parses a report's line.

        Raises:
            LogError: If a field is missing, unknown or malformed.
        """
        names = set(cls.__dataclass_fields__)
        if set(data) != names:
            odd = sorted(names.symmetric_difference(data))
            raise LogError(
                f"entry {data.get('index', '?')}", f"fields {odd} are missing or unknown", "see the log's fields"
            )
        for name in ("account", "operator", "sender", "receiver"):
            if not is_address(data[name]):
                raise LogError(f"entry {data['index']}", f"{name} {data[name]!r} is no address", "correct it")
        for name in ("index", "kind", "reason", "amount", "timestamp"):
            value = data[name]
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**256:
                raise LogError(f"entry {data['index']}", f"{name} {value!r} is no number", "correct it")
        return cls(**data)

    def line(self) -> str:
        """Returns the report's line, one JSON object."""
        return json.dumps(asdict(self))


def next_head(head: bytes, token: str, entry: Entry) -> bytes:
    """The running hash after an entry: AutomatedComplianceEngine._logged."""
    values = (
        head,
        to_checksum_address(token),
        entry.index,
        entry.kind,
        entry.reason,
        entry.account,
        entry.operator,
        entry.sender,
        entry.receiver,
        entry.amount,
        entry.timestamp,
    )
    return keccak(encode(_TYPES, values))


def verify(token: str, entries: Sequence[Entry], head: bytes, count: int) -> None:
    """Proves that entries are the token's whole log, unaltered.

    Args:
        token: Address of the token.
        entries: Entries in order.
        head: Running hash that the engine keeps.
        count: Entries that the engine counts.

    Raises:
        LogError: If an entry is missing, too many, or altered; it names the first one.
    """
    running = GENESIS
    for position, entry in enumerate(entries):
        if entry.index != position:
            what = "missing" if entry.index > position else "there twice, or out of order"
            raise LogError(
                f"entry {min(position, entry.index)}", f"is {what}", "take every event, from the first block"
            )
        if position >= count:
            raise LogError(f"entry {position}", f"the chain has {count} entries only", "remove what was added")
        running = next_head(running, token, entry)
        if entry.head.lower() != "0x" + running.hex():
            raise LogError(f"entry {position}", "does not give the running hash that it carries", "it was altered")
    if len(entries) < count:
        raise LogError(f"entry {len(entries)}", f"is missing: the chain has {count} entries", "take every event")
    if running != head:
        raise LogError("log", f"ends at 0x{running.hex()}, the chain at 0x{head.hex()}", "it was altered")


def parse_report(text: str) -> list[Entry]:
    """Parses the entries of a filed report, one JSON object per line.

    Raises:
        LogError: If a line is no entry.
    """
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise LogError(f"line {number}", "is no JSON object", "give the report as `--write` makes it")
        entries.append(Entry.of(data))
    return entries
