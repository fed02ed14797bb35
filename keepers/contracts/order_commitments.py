"""Orders that an account commits to before anybody sees them (IOrderCommitments)."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keepers import abi
from keepers.contracts.deployment import Deployment
from keepers.rpc.node import Node

_NAME = "OrderCommitments"
_TERMS: tuple[bool, int, list[int]] = (False, 0, [])
"""ILiquidityAggregator.SwapTerms of a plain swap: no fee tokens, no deviation from the oracle, no limits of legs."""


class OrderCommitments:
    """Commitments of one account.

    Args:
        node: Node to read from.
        deployment: Deployment with the contract.
        trader: Account, checksummed.

    Raises:
        DeploymentError: If the deployment has no such contract.
    """

    def __init__(self, node: Node, deployment: Deployment, trader: str) -> None:
        self._node, self._trader = node, trader
        self.address = deployment.address(_NAME)

    def bond(self) -> int:
        """Returns what a commitment costs until it is revealed, wei."""
        return int(self._node.call(self.address, abi.function(_NAME, "bond")))

    def commit(self, swap: bytes, salt: bytes) -> bytes:
        """Returns calldata that commits to a swap of the aggregator; of the swap it has a hash alone.

        Args:
            swap: Calldata of the aggregator's `swap`.
            salt: 32 bytes that nobody can guess.
        """
        (order,) = abi.function("LiquidityAggregator", "swap").decode_input(swap)
        kinds = ("uint256", "address", "address", *abi.function(_NAME, "reveal").inputs)
        words = (self._node.chain_id, self.address, self._trader, order, _TERMS, salt)
        return abi.function(_NAME, "commit").encode(keccak(encode(kinds, words)))

    def reveal(self, swap: bytes, salt: bytes) -> bytes:
        """Returns calldata that runs the swap; the arguments are those of `commit`."""
        (order,) = abi.function("LiquidityAggregator", "swap").decode_input(swap)
        return abi.function(_NAME, "reveal").encode(order, _TERMS, salt)
