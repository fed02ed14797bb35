"""One node over JSON-RPC: connecting, reading at a block, many reads in one request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import requests
from web3 import HTTPProvider
from web3.types import RPCEndpoint

from keepers.chain.abi import Fragment
from keepers.chain.errors import ChainError, NodeRefused, NodeUnreachable, Reverted, WrongNetwork

_BATCH = 500
"""Requests in one HTTP request; public nodes bound it."""


@dataclass(frozen=True)
class Block:
    """A block's header.

    Attributes:
        number: Height.
        hash: 0x-prefixed.
        timestamp: Unix seconds.
        base_fee: Wei a gas; None where the chain has no EIP-1559.
    """

    number: int
    hash: str
    timestamp: int
    base_fee: int | None


@dataclass(frozen=True)
class Call:
    """A read of a contract.

    Attributes:
        to: Address of the contract.
        function: What to call.
        args: Its arguments, structs as tuples.
        sender: Address it comes from; None for nobody.
    """

    to: str
    function: Fragment
    args: tuple[Any, ...] = ()
    sender: str | None = None

    def request(self, block: int | str) -> tuple[str, list[Any]]:
        """eth_call at a block."""
        data = "0x" + self.function.encode(*self.args).hex()
        message = {"to": self.to, "data": data}
        if self.sender is not None:
            message["from"] = self.sender
        return "eth_call", [message, _block_tag(block)]


class Node:
    """A connection; `connect` makes one that is known to be on the right chain.

    Args:
        provider: web3's HTTP provider.
        url: As configured, for messages.
        chain_id: Of the chain.
    """

    def __init__(self, provider: HTTPProvider, url: str, chain_id: int) -> None:
        self._provider = provider
        self.url = url
        self.chain_id = chain_id

    def rpc(self, method: str, params: Sequence[Any] = ()) -> Any:
        """One JSON-RPC request.

        Raises:
            NodeUnreachable: If there is no answer.
            Reverted: If a call reverted.
            NodeRefused: If the node answered with another error.
        """
        try:
            response = self._provider.make_request(RPCEndpoint(method), list(params))
        except (requests.RequestException, OSError, ValueError) as error:
            raise _unreachable(self.url, error) from error
        return _result(method, cast(dict[str, Any], response))

    def batch(self, requests_: Iterable[tuple[str, list[Any]]]) -> list[Any]:
        """Many requests in few round trips, in order; a revert or refusal is returned in its place.

        Raises:
            NodeUnreachable: If there is no answer.
        """
        pending = list(requests_)
        results: list[Any] = []
        for start in range(0, len(pending), _BATCH):
            results.extend(self._one_batch(pending[start : start + _BATCH]))
        return results

    def call(self, to: str, function: Fragment, *args: Any, block: int | str = "latest") -> Any:
        """What a view returns.

        Raises:
            Reverted: If it reverts.
            NodeUnreachable: If there is no answer.
        """
        method, params = Call(to, function, args).request(block)
        return function.decode_output(_bytes(self.rpc(method, params)))

    def calls(self, calls: Sequence[Call], block: int | str = "latest") -> list[Any]:
        """What many views return at one block; `Reverted` or `NodeRefused` in the place of one that fails.

        Raises:
            NodeUnreachable: If there is no answer.
        """
        answers = self.batch(call.request(block) for call in calls)
        return [_output(call, answer) for call, answer in zip(calls, answers, strict=True)]

    def latest(self) -> Block:
        """The newest block."""
        return _block(self.rpc("eth_getBlockByNumber", ["latest", False]))

    def block(self, number: int) -> Block | None:
        """A block by height; None if there is none."""
        found = self.rpc("eth_getBlockByNumber", [hex(number), False])
        return _block(found) if found else None

    def code(self, address: str, block: int | str = "latest") -> bytes:
        """Runtime code, empty where there is no contract."""
        return _bytes(self.rpc("eth_getCode", [address, _block_tag(block)]))

    def receipt(self, tx_hash: str) -> dict[str, Any] | None:
        """Raw receipt of a mined transaction, or None."""
        return cast("dict[str, Any] | None", self.rpc("eth_getTransactionReceipt", [tx_hash]))

    def close(self) -> None:
        """Forgets the HTTP connections."""
        self._provider._request_session_manager.session_cache.clear()

    def _one_batch(self, pending: list[tuple[str, list[Any]]]) -> list[Any]:
        typed = [(RPCEndpoint(method), params) for method, params in pending]
        try:
            responses = self._provider.make_batch_request(typed)
        except (requests.RequestException, OSError, ValueError) as error:
            raise _unreachable(self.url, error) from error
        if not isinstance(responses, list) or len(responses) != len(pending):
            raise NodeUnreachable(self.url, f"no batch answer: {_short(responses)}", "use a node with batches")
        return [
            _result_or_error(method, cast(dict[str, Any], response))
            for (method, _), response in zip(pending, responses, strict=True)
        ]


def connect(url: str, chain_id: int, timeout: float = 10.0) -> Node:
    """Connects to a node and makes sure that it is on the expected chain.

    Args:
        url: http:// or https://.
        chain_id: Expected.
        timeout: Seconds that any one request may take.

    Raises:
        NodeUnreachable: If nothing answers there.
        WrongNetwork: If the node is on another chain.
    """
    if not url.startswith(("http://", "https://")):
        raise ChainError(redact(url), "not an http:// or https:// address", "correct rpc_url")
    provider = HTTPProvider(url, request_kwargs={"timeout": timeout}, exception_retry_configuration=None)
    node = Node(provider, redact(url), chain_id)
    actual = int(node.rpc("eth_chainId"), 16)
    if actual != chain_id:
        raise WrongNetwork(node.url, f"is chain {actual}, not {chain_id}", "correct rpc_url or chain_id in the config")
    return node


def redact(url: str) -> str:
    """An address without user, password, path and query, where providers put their keys."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url.partition("/")[0]
    host = rest.partition("/")[0].partition("?")[0]
    return f"{scheme}://{host.rpartition('@')[2]}"


def must(outcome: Any) -> Any:
    """An outcome of `Node.calls` or `Node.batch`; raises it if it is an error."""
    if isinstance(outcome, ChainError):
        raise outcome
    return outcome


def _output(call: Call, answer: Any) -> Any:
    if isinstance(answer, ChainError):
        return answer
    data = _bytes(answer)
    if not data and call.function.outputs:
        return NodeRefused(call.to, f"no contract answers {call.function.name}", "check the deployment file")
    return call.function.decode_output(data)


def _result(method: str, response: dict[str, Any]) -> Any:
    result = _result_or_error(method, response)
    if isinstance(result, ChainError):
        raise result
    return result


def _result_or_error(method: str, response: dict[str, Any]) -> Any:
    error = response.get("error")
    if error is None:
        return response.get("result")
    if not isinstance(error, dict):
        return NodeRefused(method, str(error), "see the node's log")
    message = str(error.get("message", ""))
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    if error.get("code") == 3 or "revert" in message.lower():
        return Reverted(method, _bytes(data) if isinstance(data, str) else b"", message)
    return NodeRefused(method, message or _short(error), "see the node's log")


def _unreachable(url: str, error: Exception) -> NodeUnreachable:
    if isinstance(error, requests.Timeout):
        reason = "no answer in time"
    elif isinstance(error, requests.HTTPError) and error.response is not None:
        reason = f"HTTP status {error.response.status_code}"
    elif isinstance(error, requests.ConnectionError):
        reason = "nothing accepts connections"
    else:
        reason = f"no JSON-RPC answer ({type(error).__name__})"
    return NodeUnreachable(url, reason, "start the node or correct rpc_url")


def _block(raw: Any) -> Block:
    base_fee = raw.get("baseFeePerGas")
    return Block(
        number=int(raw["number"], 16),
        hash=raw["hash"],
        timestamp=int(raw["timestamp"], 16),
        base_fee=None if base_fee is None else int(base_fee, 16),
    )


def _block_tag(block: int | str) -> str:
    return block if isinstance(block, str) else hex(block)


def _bytes(data: str | None) -> bytes:
    return bytes.fromhex((data or "0x").removeprefix("0x"))


def _short(value: object) -> str:
    return str(value)[:120]
