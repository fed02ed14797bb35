"""Claims that a verification gives: their data, and the message that the claim issuer signs.

Source: ONCHAINID's Identity and ClaimIssuer (ERC-735): a claim is signed over keccak256(abi.encode(identity, topic,
data)), with EIP-191's prefix, by a key that has purpose 3 at the issuer.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_account.messages import SignableMessage, encode_defunct
from eth_utils.crypto import keccak

ECDSA = 1
"""Scheme of a claim."""
CLAIM_PURPOSE = 3
"""ERC-734's purpose of keys that sign claims, at an issuer, and that add them, at an identity."""


@dataclass(frozen=True)
class Claim:
    """A claim about an ONCHAINID.

    Attributes:
        topic: Topic number.
        expires: Unix seconds from which it no longer counts.
        data: The claim's data.
        signature: The issuer's signature, 65 bytes; empty before.
    """

    topic: int
    expires: int
    data: bytes
    signature: bytes = b""


def claim_of(topic: int, expires: int, evidence: str) -> Claim:
    """Returns a claim that nobody has signed.

    Its data are what `ClaimVerifier` reads of a dated topic, the expiry in one word, and behind it the address of the
    evidence: SHA-256 of a ciphertext under the person's own random key, which nobody can guess a document from.

    Args:
        topic: Topic number.
        expires: Unix seconds.
        evidence: Address of the result in the folder of evidence, 64 hexadecimal digits.
    """
    return Claim(topic, expires, encode(("uint256", "bytes32"), (expires, bytes.fromhex(evidence))))


def claim_message(identity: str, claim: Claim) -> SignableMessage:
    """Returns the message that the issuer's key signs.

    Args:
        identity: Address of the ONCHAINID.
        claim: Claim to sign.
    """
    words = encode(("address", "uint256", "bytes"), (identity, claim.topic, claim.data))
    return encode_defunct(keccak(words))


def claim_id(issuer: str, topic: int) -> bytes:
    """Returns the identifier of an issuer's claim of a topic, 32 bytes: an identity has one for each."""
    return keccak(encode(("address", "uint256"), (issuer, topic)))


def key_of(account: str) -> bytes:
    """Returns the name of an account as a key of ERC-734, 32 bytes."""
    return keccak(encode(("address",), (account,)))
