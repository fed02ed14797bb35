"""Events of contracts: decoded when they are looked at, read in pages that fit a node and a memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import DecodingError

from keepers.abi import Fragment, LogDecoder
from keepers.rpc.errors import ChainError, NodeRefused
from keepers.rpc.node import Node

_MOST_LOGS = 5_000
"""Maximum logs per page; after a page with more the next one covers fewer blocks."""


class ChainMoved(ChainError):
    """A node's answer is of another chain than the one that is being read: the next look will tell."""


class Event:
    """One log, decoded when it is looked at.

    Args:
        raw: Log as the node gives it.
        position: Position among the logs of its transaction that were asked for; unlike the log's index it stays the
            same when the transaction is mined again in another block.
        decode: Decoder of the event.
    """

    __slots__ = ("_decode", "_raw", "position")

    def __init__(self, raw: dict[str, Any], position: int, decode: LogDecoder) -> None:
        self._raw = raw
        self._decode = decode
        self.position = position

    @property
    def id(self) -> str:
        """Identifier of the event, the same in any block that includes it."""
        return f"{self.tx_hash}:{self.position}"

    @property
    def args(self) -> dict[str, Any]:
        """Arguments by name.

        Raises:
            NodeRefused: If the log is none of this event.
        """
        try:
            return self._decode(self._raw["topics"], self._raw["data"])
        except (ValueError, DecodingError) as error:
            raise NodeRefused(f"a log of {self.tx_hash}", "cannot be read as its event", "check the node") from error

    @property
    def address(self) -> str:
        """Address of the contract, as the node writes it."""
        return str(self._raw["address"])

    @property
    def tx_hash(self) -> str:
        """0x-prefixed."""
        return str(self._raw["transactionHash"])

    @property
    def block_number(self) -> int:
        """Height."""
        return int(self._raw["blockNumber"], 16)

    @property
    def place(self) -> tuple[int, int, int]:
        """Height, index of the transaction in the block, and of the log in the block: the order of the chain."""
        return self.block_number, int(self._raw["transactionIndex"], 16), int(self._raw["logIndex"], 16)

    @property
    def block_hash(self) -> str:
        """0x-prefixed."""
        return str(self._raw["blockHash"])


@dataclass(frozen=True)
class LogFilter:
    """The criteria of a log query.

    Attributes:
        event: Event of the logs.
        addresses: Contracts; none for every contract.
        topics: 0x-prefixed values of the indexed arguments, None for any.
    """

    event: Fragment
    addresses: tuple[str, ...]
    topics: tuple[str | None, ...] = ()

    def request(self, first: int, last: int) -> tuple[str, list[Any]]:
        """eth_getLogs from one block to another, both inclusive."""
        wanted: dict[str, Any] = {
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "topics": ["0x" + self.event.topic.hex(), *self.topics],
        }
        if self.addresses:
            wanted["address"] = list(self.addresses)
        return "eth_getLogs", [wanted]


@dataclass(frozen=True)
class Page:
    """Events of a range of blocks, in the order of the chain.

    Attributes:
        last: Last block of the range.
        hash: Hash of that block.
        timestamp: Unix seconds of that block.
        events: All that there are.
    """

    last: int
    hash: str
    timestamp: int
    events: Sequence[Event]


def read_page(node: Node, wanted: LogFilter, first: int, last: int) -> Page:
    """The events of a range, with the block that it ends at, from one endpoint in one round trip.

    Raises:
        ChainMoved: If the endpoint does not have that block: it would leave events out without a word.
        NodeRefused: If it is too much for the node.
    """
    logs, end = node.batch([wanted.request(first, last), ("eth_getBlockByNumber", [hex(last), False])])
    if isinstance(logs, ChainError):
        raise logs
    if isinstance(end, ChainError) or end is None:
        raise ChainMoved(f"block {last}", "not on this endpoint yet", "wait for it to catch up")
    return Page(last, end["hash"], int(end["timestamp"], 16), _events(wanted.event, logs))


def pages(node: Node, wanted: LogFilter, first: int, last: int, blocks: int) -> Iterator[Page]:
    """All events of a range, page by page; the next page is read while one is worked on.

    Args:
        node: Node to ask.
        wanted: Criteria of the logs.
        first, last: Heights, both inclusive.
        blocks: Maximum blocks per page; there are fewer if the node refuses or logs are many.

    Raises:
        ChainError: If `read_page` raises it.
    """
    with ThreadPoolExecutor(1) as pool:
        ahead: Future[Page] | None = None
        while first <= last:
            page = ahead.result() if ahead else _shrinking(node, wanted, first, min(first + blocks - 1, last))
            read = page.last - first + 1
            first = page.last + 1
            if read < blocks and first <= last:
                blocks = read
            if len(page.events) > _MOST_LOGS:
                blocks = max(1, read // 2)
            ahead = (
                pool.submit(_shrinking, node, wanted, first, min(first + blocks - 1, last)) if first <= last else None
            )
            yield page


def _shrinking(node: Node, wanted: LogFilter, first: int, last: int) -> Page:
    """A page, of as many blocks as the node takes."""
    while True:
        try:
            return read_page(node, wanted, first, last)
        except NodeRefused:
            if first == last:
                raise
            last = first + (last - first) // 2


def _events(fragment: Fragment, logs: Sequence[dict[str, Any]]) -> list[Event]:
    found: list[Event] = []
    decode = fragment.log_decoder()
    previous, position = "", 0
    for log in logs:
        tx_hash = log["transactionHash"]
        position = position + 1 if tx_hash == previous else 0
        previous = tx_hash
        found.append(Event(log, position, decode))
    return found
