"""An identity registry's topics, wallets and claims, read at one block."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from keepers import abi
from keepers.abi import Fragment
from keepers.compliance.claims import Topic, Verdict, verdict
from keepers.compliance.movement import Identity
from keepers.contracts.compliance import ZERO
from keepers.rpc.errors import ChainError, OutOfGas, Reverted
from keepers.rpc.node import Block, Call, Node, must

CLAIM_REVOKED = Fragment("ClaimRevoked", ("bytes",), ("signature",), indexed=(True,))
"""The event of ONCHAINID's claim issuers: it names the hash of the signature, not whose claim it was."""
KEY_REMOVED = Fragment(
    "KeyRemoved", ("bytes32", "uint256", "uint256"), ("key", "purpose", "keyType"), indexed=(True, True, True)
)
"""ERC-734: an issuer's key that no longer signs takes all its claims with it."""

_CLAIM_GAS = 250_000 + 21_000 + 16 * 132
"""Maximum that the registry spends on a claim, and the extra cost of a call from outside: its base and calldata."""


def _registry(name: str) -> Fragment:
    return abi.function("IdentityRegistry", name)


@dataclass(frozen=True)
class Wallet:
    """A registered account: its address, the ONCHAINID behind it or None, and what stands."""

    address: str
    onchain_id: str | None
    identity: Identity


class IdentityReader:
    """Reads one registry.

    Args:
        node: A connection.
        registry: Its address.
    """

    def __init__(self, node: Node, registry: str) -> None:
        self._node = node
        self.registry = registry

    def topics(self, block: Block) -> tuple[Topic, ...]:
        """Those that count, with the issuers that are believed."""
        ids = self._node.call(self.registry, _registry("getClaimTopics"), block=block.number)
        functions = (_registry("topicTerms"), _registry("getTrustedIssuersForClaimTopic"))
        answers = self._all([Call(self.registry, function, (id_,)) for id_ in ids for function in functions], block)
        found = []
        for id_, (terms, index), issuers in zip(ids, answers[::2], answers[1::2], strict=True):
            required, dated, term, grants, validity = terms
            believed = tuple(issuer.lower() for issuer in issuers)
            found.append(Topic(id_, index, required, dated, term, grants, validity, believed))
        return tuple(found)

    def wallets(self, accounts: Sequence[str], block: Block) -> list[Wallet]:
        """Reads the registry's records of accounts."""
        functions = (_registry("packedIdentityOf"), _registry("identity"))
        calls = [Call(self.registry, function, (account,)) for account in accounts for function in functions]
        answers = self._all(calls, block)
        return [
            Wallet(account, None if behind == ZERO else behind.lower(), Identity.of_word(word))
            for account, word, behind in zip(accounts, answers[::2], answers[1::2], strict=True)
        ]

    def verdicts(self, onchain_ids: Collection[str], topics: Sequence[Topic], block: Block) -> dict[str, Verdict]:
        """Returns the verdict that the registry would reach about each ONCHAINID now.

        The identity is its holder's contract: whatever goes wrong in there is an invalid claim, as it is on chain. What
        goes wrong with the node is not.

        Raises:
            ChainError: If the node cannot say.
        """
        asked = [(id_, issuer, topic) for id_ in sorted(onchain_ids) for topic in topics for issuer in topic.issuers]
        function = _registry("readClaim")
        answers = self._node.calls(
            [
                Call(self.registry, function, (id_, issuer, topic.id, topic.dated), gas=_CLAIM_GAS)
                for id_, issuer, topic in asked
            ],
            block.number,
        )
        claims: dict[str, dict[tuple[str, int], int]] = {id_: {} for id_ in onchain_ids}
        for (id_, issuer, topic), answer in zip(asked, answers, strict=True):
            if isinstance(answer, ChainError) and not isinstance(answer, Reverted | OutOfGas):
                raise answer
            valid, expiry = (False, 0) if isinstance(answer, ChainError) else answer
            claims[id_][issuer, topic.id] = expiry if valid else 0
        return {id_: verdict(topics, found, block.timestamp) for id_, found in claims.items()}

    def _all(self, calls: list[Call], block: Block) -> list[Any]:
        return list(map(must, self._node.calls(calls, block.number)))
