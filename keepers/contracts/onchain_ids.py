"""ONCHAINIDs and claim issuers, as far as the desk reads and calls them.

Source: ONCHAINID's Identity and ClaimIssuer (ERC-734, ERC-735), as T-REX's package ships them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keepers.abi import Fragment
from keepers.compliance.kyc.claims import CLAIM_PURPOSE, ECDSA, Claim, claim_id, key_of
from keepers.rpc.errors import ChainError, NodeRefused, Reverted
from keepers.rpc.node import Call, Node

ADD_CLAIM = Fragment(
    "addClaim",
    ("uint256", "uint256", "address", "bytes", "bytes", "string"),
    ("topic", "scheme", "issuer", "signature", "data", "uri"),
    outputs=("bytes32",),
)
_KEY_HAS_PURPOSE = Fragment("keyHasPurpose", ("bytes32", "uint256"), ("key", "purpose"), outputs=("bool",))
_GET_CLAIM = Fragment(
    "getClaim",
    ("bytes32",),
    ("claimId",),
    outputs=("uint256", "uint256", "address", "bytes", "bytes", "string"),
)

_READ_GAS = 300_000
"""Maximum that a read of a holder's contract may take."""


class OnchainIds:
    """Reads ONCHAINIDs, which their holders control: whatever goes wrong in one is an answer, and no failure of ours.

    Args:
        node: A connection.
        issuer: Address of the claim issuer.
    """

    def __init__(self, node: Node, issuer: str) -> None:
        self._node = node
        self.issuer = issuer

    def signs(self, account: str) -> bool:
        """True if the issuer knows an account as a key that signs claims."""
        return self._has_purpose(self.issuer, account)

    def may_add(self, identity: str, account: str) -> bool:
        """True if an account may add claims to an ONCHAINID: a key of purpose 3, or of purpose 1, which may all."""
        return self._has_purpose(identity, account)

    def there(self, identity: str, claims: Sequence[Claim], block: int) -> list[bool]:
        """Returns for each claim whether it is on an ONCHAINID with this signature.

        Args:
            identity: Address of the ONCHAINID.
            claims: Signed claims of the issuer.
            block: Height to read at.

        Raises:
            ChainError: If the node cannot say.
        """
        calls = [Call(identity, _GET_CLAIM, (claim_id(self.issuer, claim.topic),), gas=_READ_GAS) for claim in claims]
        answers = map(_of_holder, self._node.calls(calls, block))
        return [
            answer is not None and (bytes(answer[3]), bytes(answer[4])) == (claim.signature, claim.data)
            for claim, answer in zip(claims, answers, strict=True)
        ]

    def add(self, claim: Claim) -> bytes:
        """Returns the calldata with which an ONCHAINID takes a claim."""
        return ADD_CLAIM.encode(claim.topic, ECDSA, self.issuer, claim.signature, claim.data, "")

    def _has_purpose(self, contract: str, account: str) -> bool:
        asked = Call(contract, _KEY_HAS_PURPOSE, (key_of(account), CLAIM_PURPOSE), gas=_READ_GAS)
        (answer,) = self._node.calls([asked])
        return bool(_of_holder(answer))


def _of_holder(answer: Any) -> Any:
    """Returns an answer of somebody's contract; None where the contract, and not the node, went wrong.

    Raises:
        ChainError: If the node cannot say.
    """
    if isinstance(answer, Reverted | NodeRefused):
        return None
    if isinstance(answer, ChainError):
        raise answer
    return answer
