"""Reads of the chain's sanctions list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepers import abi
from keepers.rpc.node import Call, Node, must

SANCTIONS = "SanctionsList"
_ASKED = 500
"""Accounts in one request to the node."""


@dataclass(frozen=True)
class SanctionsReader:
    """The chain's sanctions list at one block.

    Attributes:
        node: A connection.
        address: Address of the list.
        block: Height.
    """

    node: Node
    address: str
    block: int

    def sanctioned(self, accounts: Sequence[str]) -> list[str]:
        """Returns those accounts that are on it."""
        asked = abi.function(SANCTIONS, "isSanctioned")
        found = []
        for start in range(0, len(accounts), _ASKED):
            part = accounts[start : start + _ASKED]
            answers = self.node.calls([Call(self.address, asked, (one,)) for one in part], self.block)
            found += [one for one, answer in zip(part, answers, strict=True) if must(answer)]
        return found

    def registries(self) -> int:
        """Returns the number of registries that it tells, at least one."""
        return max(len(self.node.call(self.address, abi.function(SANCTIONS, "registries"), block=self.block)), 1)

    def version(self) -> int:
        """Returns the number of batches so far."""
        return int(self.node.call(self.address, abi.function(SANCTIONS, "version"), block=self.block))
