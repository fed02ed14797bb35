"""Swaps that an account makes for itself through the aggregator: what it holds, what it sends, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.address import to_checksum_address

from keepers import abi
from keepers.abi import Fragment
from keepers.contracts.deployment import Deployment
from keepers.routing.split import PlannedPath
from keepers.rpc.errors import ChainError
from keepers.rpc.node import Call, Node, must

_BALANCE = Fragment("balanceOf", ("address",), outputs=("uint256",))
_ALLOWANCE = Fragment("allowance", ("address", "address"), outputs=("uint256",))
_APPROVE = Fragment("approve", ("address", "uint256"), outputs=("bool",))


@dataclass(frozen=True)
class Landed:
    """A swap of a receipt.

    Attributes:
        block_number, block_hash: Block of the receipt.
        amount_in, amount_out: Smallest units.
    """

    block_number: int
    block_hash: str
    amount_in: int
    amount_out: int


class WalletSwaps:
    """Swaps of one account.

    Args:
        node: Node to read from.
        deployment: Deployment with the aggregator.
        trader: Account, checksummed.
    """

    def __init__(self, node: Node, deployment: Deployment, trader: str) -> None:
        self._node = node
        self._trader = trader
        self.aggregator = deployment.address("LiquidityAggregator")
        committed = deployment.contracts.get("OrderCommitments")
        self._callers = {trader, *([committed.address] if committed is not None else [])}

    def means(self, token: str, spender: str, block: int | str = "latest") -> tuple[int, int]:
        """Returns what the account holds of a token, and what a contract may take of it, smallest units."""
        calls = [Call(token, _BALANCE, (self._trader,)), Call(token, _ALLOWANCE, (self._trader, spender))]
        held, allowed = map(must, self._node.calls(calls, block))
        return int(held), int(allowed)

    def approve(self, spender: str, amount: int) -> bytes:
        """Returns calldata for a token: a contract may take so many smallest units."""
        return _APPROVE.encode(spender, amount)

    def swap(
        self, ends: tuple[str, str], amount: int, least: int, deadline: int, paths: Sequence[PlannedPath]
    ) -> bytes:
        """Returns calldata for the aggregator: an exact input from the account to itself.

        Args:
            ends: Input and output token.
            amount: Smallest units of the input, the sum over the paths.
            least: Minimum output, smallest units.
            deadline: Unix seconds of the last block that may take it.
            paths: Parts of the input with their markets.
        """
        routes = [(path.amount_in, [tuple(hop) for hop in path.hops]) for path in paths]
        order = (*ends, amount, least, self._trader, deadline, routes)
        return abi.function("LiquidityAggregator", "swap").encode(order)

    def landed(self, tx_hash: str) -> Landed | None:
        """Returns the account's swap of a mined transaction, committed to or not, or None where no receipt is there.

        Raises:
            ChainError: If the receipt has no swap of the account.
        """
        receipt = self._node.receipt(tx_hash)
        if receipt is None:
            return None
        event = abi.event("LiquidityAggregator", "Swapped")
        for log in receipt["logs"]:
            if log["address"].lower() != self.aggregator.lower() or log["topics"][0] != "0x" + event.topic.hex():
                continue
            args = event.log_decoder()(log["topics"], log["data"])
            caller, recipient = to_checksum_address(args["caller"]), to_checksum_address(args["recipient"])
            if caller in self._callers and recipient == self._trader:
                place = int(receipt["blockNumber"], 16), str(receipt["blockHash"])
                return Landed(*place, args["amountIn"], args["amountOut"])
        raise ChainError(tx_hash, f"has no swap of {self._trader}", "look at the transaction")
