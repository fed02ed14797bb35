"""A node over JSON-RPC: connecting, reading at a block, many reads in one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from eth_abi.exceptions import DecodingError

from keepers.abi import Fragment
from keepers.rpc.answers import Question, shown
from keepers.rpc.endpoints import Endpoint, Endpoints, Health, redact
from keepers.rpc.errors import ChainError, NodeRefused, Unsupported

_BATCH = 500
"""Requests in one HTTP request; public nodes bound it."""
_LAG = 3
"""Blocks that an endpoint may be behind another."""


@dataclass(frozen=True)
class Block:
    """A block's header.

    Attributes:
        number: Height.
        hash: 0x-prefixed.
        timestamp: Unix seconds.
        base_fee: Wei per gas; None where the chain has no EIP-1559.
        parent: Hash of the block before; "" where it is not known.
    """

    number: int
    hash: str
    timestamp: int
    base_fee: int | None
    parent: str = ""


@dataclass(frozen=True)
class Call:
    """A read of a contract.

    Attributes:
        to: Address of the contract.
        function: Function to call.
        args: Its arguments, structs as tuples.
        sender: Address it comes from; None for nobody.
        gas: Maximum gas, the call itself included; None for the node's own limit.
    """

    to: str
    function: Fragment
    args: tuple[Any, ...] = ()
    sender: str | None = None
    gas: int | None = None

    def request(self, block: int | str) -> Question:
        """eth_call at a block, answered with what the function returns."""
        data = "0x" + self.function.encode(*self.args).hex()
        message = {"to": self.to, "data": data}
        if self.sender is not None:
            message["from"] = self.sender
        if self.gas is not None:
            message["gas"] = hex(self.gas)
        return Question("eth_call", (message, _block_tag(block)), self._read)

    def _read(self, answer: str) -> Any:
        data = bytes.fromhex(answer[2:])
        if not data and self.function.outputs:
            return NodeRefused(self.to, f"no contract answers {self.function.name}", "check the deployment file")
        try:
            return self.function.decode_output(data)
        except (DecodingError, UnicodeDecodeError):
            # A contract of somebody else may do that: it is no fault of the endpoint alone.
            reason = f"{self.function.name} answered {shown(answer)}, which cannot be read"
            return NodeRefused(self.to, reason, "check the node and the deployment file")


class Node:
    """A connection; `connect` makes one that is known to be on the right chain.

    Args:
        endpoints: Endpoints that answer.
        url: Address of the preferred one, without secrets, for messages.
        chain_id: Id of the chain.
    """

    def __init__(self, endpoints: Endpoints, url: str, chain_id: int) -> None:
        self._endpoints = endpoints
        self.url = url
        self.chain_id = chain_id

    def rpc(self, method: str, params: Sequence[Any] = ()) -> Any:
        """One JSON-RPC request.

        Raises:
            NodeUnreachable: If there is no answer.
            Reverted: If a call reverted.
            NodeRefused: If the node answered with another error.
        """
        return must(self._endpoints.ask(Question(method, params)))

    def offered(self, method: str, params: Sequence[Any] = ()) -> Any:
        """Asks for what not every node offers, as `rpc`; None where this one does not offer it."""
        answer = self._endpoints.ask(Question(method, params, optional=True))
        return None if isinstance(answer, Unsupported) else must(answer)

    def batch(self, requests_: Iterable[Question | tuple[str, list[Any]]]) -> list[Any]:
        """Many requests in few round trips, in order; a revert or refusal is returned in its place.

        Up to 500 are answered by one endpoint, so that they see the same chain.

        Raises:
            NodeUnreachable: If there is no answer.
        """
        pending = [asked if isinstance(asked, Question) else Question(*asked) for asked in requests_]
        results: list[Any] = []
        for start in range(0, len(pending), _BATCH):
            results.extend(self._endpoints.batch(pending[start : start + _BATCH]))
        return results

    def call(self, to: str, function: Fragment, *args: Any, block: int | str = "latest") -> Any:
        """Returns the result of a view.

        Raises:
            Reverted: If it reverts.
            NodeUnreachable: If there is no answer.
        """
        return must(self._endpoints.ask(Call(to, function, args).request(block)))

    def calls(self, calls: Sequence[Call], block: int | str = "latest") -> list[Any]:
        """Returns the results of many views at one block; `Reverted` or `NodeRefused` in the place of one that fails.

        Raises:
            NodeUnreachable: If there is no answer.
        """
        return self.batch(call.request(block) for call in calls)

    def latest(self) -> Block:
        """The newest block, of an endpoint that is not far behind."""
        question = Question("eth_getBlockByNumber", ("latest", False), _block)
        found: Block = self._endpoints.newest(question, lambda block: block.number, _LAG)
        return found

    def block(self, number: int) -> Block | None:
        """A block by height; None if there is none."""
        found = self.rpc("eth_getBlockByNumber", [hex(number), False])
        return _block(found) if found else None

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """Blocks by height in one round trip; None where no endpoint has one."""

        def ask(number: int) -> Question:
            missing = NodeRefused(f"block {number}", "unknown to the node", "wait for it to catch up")
            return Question("eth_getBlockByNumber", (hex(number), False), lambda raw: _block(raw) if raw else missing)

        found = self.batch(map(ask, numbers))
        return [block if isinstance(block, Block) else None for block in found]

    def code(self, address: str, block: int | str = "latest") -> bytes:
        """Runtime code, empty where there is no contract."""
        return _bytes(self.rpc("eth_getCode", [address, _block_tag(block)]))

    def receipt(self, tx_hash: str) -> dict[str, Any] | None:
        """Raw receipt of a mined transaction, or None."""
        return cast("dict[str, Any] | None", self.rpc("eth_getTransactionReceipt", [tx_hash]))

    def report_to(self, note: Callable[..., object]) -> None:
        """Has changes of endpoint told, as structlog's loggers are."""
        self._endpoints.note = note

    def health(self) -> list[Health]:
        """How each endpoint does, in order of preference."""
        return self._endpoints.health()

    def close(self) -> None:
        """Forgets the HTTP connections."""
        self._endpoints.close()


def connect(url: str, chain_id: int, timeout: float = 10.0, fallbacks: Sequence[str] = ()) -> Node:
    """Connects to a node and makes sure that it is on the expected chain.

    Args:
        url: http:// or https://, preferred.
        chain_id: Expected.
        timeout: Seconds that any one request may take.
        fallbacks: Asked where the preferred one does not answer, in order.

    Raises:
        NodeUnreachable: If nothing answers there.
        WrongNetwork: If a node is on another chain.
    """
    endpoints = Endpoints([Endpoint(one, timeout) for one in (url, *fallbacks)], chain_id)
    node = Node(endpoints, redact(url), chain_id)
    node.rpc("eth_chainId")
    return node


def must(outcome: Any) -> Any:
    """An outcome of `Node.calls` or `Node.batch`; raises it if it is an error."""
    if isinstance(outcome, ChainError):
        raise outcome
    return outcome


def _block(raw: Any) -> Block:
    base_fee = raw.get("baseFeePerGas")
    return Block(
        number=int(raw["number"], 16),
        hash=raw["hash"],
        timestamp=int(raw["timestamp"], 16),
        base_fee=None if base_fee is None else int(base_fee, 16),
        parent=raw["parentHash"],
    )


def _block_tag(block: int | str) -> str:
    return block if isinstance(block, str) else hex(block)


def _bytes(data: str) -> bytes:
    return bytes.fromhex(data.removeprefix("0x"))
