"""Transfer events of a token, with the time of their blocks, up to one block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from eth_utils.address import is_address, to_checksum_address

from keepers import abi
from keepers.compliance.tax.onchain import Transferred
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Call, Node, must

BLOCKS_A_REQUEST = 10_000
"""Blocks in one request for events; public nodes bound it."""

_TRANSFER = "0x" + abi.event("ComplianceAwareToken", "Transfer").topic.hex()


class NoToken(ChainError):
    """An address that is no token."""


class TransferReader:
    """Reads the transfers of one ERC-20 token.

    Args:
        node: A connection.
        token: Its address.

    Attributes:
        token: Checksummed.
        symbol: Symbol of the token.
        decimals: Decimals of the token.

    Raises:
        NoToken: If the address is none, or answers to no `symbol` and `decimals`.
    """

    def __init__(self, node: Node, token: str) -> None:
        if not is_address(token):
            raise NoToken(f"token {token}", "is no address", "give 0x and 40 hexadecimal digits")
        self._node = node
        self.token = to_checksum_address(token)
        self.block = node.latest()
        names = (abi.function("ComplianceAwareToken", name) for name in ("symbol", "decimals"))
        answers = node.calls([Call(self.token, name) for name in names], self.block.number)
        if any(isinstance(answer, Exception) for answer in answers):
            raise NoToken(f"token {self.token}", "is no token", "name an ERC-20 token of this chain")
        self.symbol, self.decimals = cast(str, answers[0]), cast(int, answers[1])

    def steps(self, first_block: int) -> int:
        """How often `transfers` advances."""
        return max(0, self.block.number + 1 - first_block)

    def transfers(self, first_block: int = 0, advance: Callable[[int], None] = lambda _: None) -> list[Transferred]:
        """Every transfer from a block on, in order.

        Args:
            first_block: First block; the token's creation at the latest.
            advance: Called with the number of blocks of every request.
        """
        raw: list[dict[str, Any]] = []
        for start in range(first_block, self.block.number + 1, BLOCKS_A_REQUEST):
            end = min(start + BLOCKS_A_REQUEST - 1, self.block.number)
            query = {"address": self.token, "fromBlock": hex(start), "toBlock": hex(end), "topics": [_TRANSFER]}
            raw.extend(self._node.rpc("eth_getLogs", [query]))
            advance(end + 1 - start)
        raw.sort(key=lambda log: (int(str(log["blockNumber"]), 16), int(str(log["logIndex"]), 16)))
        numbers = sorted({str(log["blockNumber"]) for log in raw})
        headers = self._node.batch(("eth_getBlockByNumber", [number, False]) for number in numbers)
        times = {number: int(must(header)["timestamp"], 16) for number, header in zip(numbers, headers, strict=True)}
        return [_transferred(log, times[str(log["blockNumber"])]) for log in raw]


def _transferred(log: dict[str, Any], time: int) -> Transferred:
    """An event whose sender and receiver are indexed."""
    sender, receiver = (str(topic)[-40:] for topic in log["topics"][1:3])
    return Transferred(
        time=time,
        sender=to_checksum_address("0x" + sender),
        receiver=to_checksum_address("0x" + receiver),
        units=int(str(log["data"]), 16),
    )
