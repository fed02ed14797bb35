"""Ways of a signed transaction to a block: the public mempool, or a private relay that shows it to nobody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import requests
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from keepers.rpc.endpoints import redact
from keepers.rpc.errors import NodeRefused, NodeUnreachable, Reverted
from keepers.rpc.node import Node
from keepers.signers.signing import Signer
from keepers.transactions.errors import SenderEmpty

_EMPTY = ("insufficient funds", "insufficientfunds", "exceeds account balance")
"""How nodes say that an account cannot pay: Geth and Erigon, Nethermind, Besu."""
_HARMLESS = (
    "already known",
    "already imported",
    "known transaction",
    "nonce too low",
    "underpriced",
    "less than block base fee",
)
"""Refusals of a node that has the transaction or another attempt of it, or whose price a raised fee will meet."""


class Route(Protocol):
    """A way to a block."""

    @property
    def name(self) -> str:
        """Name in the journal."""
        ...

    def submit(self, raw: str, block: int) -> None:
        """Hands a signed transaction over; one that is known already is no error.

        Args:
            raw: 0x-prefixed.
            block: Newest height.

        Raises:
            NodeUnreachable: If there is no answer.
            NodeRefused: If it will never be taken.
        """
        ...


class PublicRoute:
    """The node's mempool, for everyone to see."""

    name = "public"

    def __init__(self, node: Node) -> None:
        self._node = node

    def submit(self, raw: str, block: int) -> None:
        """See `Route`."""
        try:
            self._node.rpc("eth_sendRawTransaction", [raw])
        except Reverted:
            return  # Mined and reverted: the receipt says so.
        except NodeRefused as error:
            reason = error.reason.lower()
            if any(text in reason for text in _EMPTY):
                raise SenderEmpty("the sender", error.reason, "send it more") from None
            if not any(text in reason for text in _HARMLESS):
                raise


@dataclass(frozen=True)
class Relay:
    """A private relay.

    Attributes:
        url: https://.
        kind: "transaction" for eth_sendPrivateTransaction, "bundle" for eth_sendBundle.
        blocks: Maximum number of blocks to try for.
        fallback: Action after that: "public" hands the same transaction to the mempool, "cancel" uses its nonce up.
    """

    url: str
    kind: Literal["transaction", "bundle"] = "transaction"
    blocks: int = 25
    fallback: Literal["public", "cancel"] = "public"


class PrivateRoute:
    """A relay that speaks Flashbots' published JSON-RPC: requests are signed in a header, as it is described there.

    Source: Flashbots docs, "JSON-RPC endpoints": X-Flashbots-Signature is `address:signature`, the signature an
    EIP-191 one of the hex digest keccak256(body).

    Args:
        relay: Address and mode of the relay.
        identity: Key that signs requests; it holds no money, only a reputation.
        timeout: Seconds that a request may take.
    """

    name = "private"

    def __init__(self, relay: Relay, identity: Signer, timeout: float = 10.0) -> None:
        self.relay = relay
        self._identity = identity
        self._timeout = timeout
        self._session = requests.Session()

    def submit(self, raw: str, block: int) -> None:
        """See `Route`."""
        if self.relay.kind == "bundle":
            if not self._would_revert(raw, block):
                self._rpc("eth_sendBundle", {"txs": [raw], "blockNumber": hex(block + 1)})
        else:
            self._rpc("eth_sendPrivateTransaction", {"tx": raw, "maxBlockNumber": hex(block + self.relay.blocks)})

    def _would_revert(self, raw: str, block: int) -> bool:
        """Returns True if the relay's simulation of the next block reverts: it is not sent for that block then.

        Source: Flashbots docs, eth_callBundle: a transaction that reverts has `error` in its result.
        """
        try:
            asked = {"txs": [raw], "blockNumber": hex(block + 1), "stateBlockNumber": "latest"}
            answer = self._rpc("eth_callBundle", asked)
        except NodeRefused:
            return False  # Not every relay simulates; this one will see for itself.
        results = answer.get("results") if isinstance(answer, dict) else None
        return any("error" in result for result in results or ())

    def cancel(self, tx_hash: str) -> None:
        """Asks the relay to try no longer; whether it does, nobody can tell."""
        if self.relay.kind == "transaction":
            self._rpc("eth_cancelPrivateTransaction", {"txHash": tx_hash})

    def _rpc(self, method: str, params: dict[str, Any]) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": [params]})
        headers = {"Content-Type": "application/json", "X-Flashbots-Signature": self._signature(body)}
        shown = redact(self.relay.url)
        try:
            response = self._session.post(self.relay.url, data=body, headers=headers, timeout=self._timeout)
            answer = response.json()
        except (requests.RequestException, ValueError) as error:
            reason = f"relay does not answer ({type(error).__name__})"
            raise NodeUnreachable(shown, reason, "correct private_relay.url") from error
        if not isinstance(answer, dict) or "result" not in answer:
            refusal = answer.get("error") if isinstance(answer, dict) else answer
            reason = str(refusal.get("message", refusal) if isinstance(refusal, dict) else refusal)
            if any(text in reason.lower() for text in _HARMLESS):
                return None
            raise NodeRefused(f"{method} at {shown}", reason[:200], "see the relay's documentation")
        return answer["result"]

    def _signature(self, body: str) -> str:
        message = encode_defunct(text="0x" + keccak(text=body).hex())
        return f"{self._identity.address}:0x{self._identity.sign_message(message).hex()}"
