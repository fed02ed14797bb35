"""Signatures over EIP-712 messages, and the quorum that the chain asks for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from eth_abi.abi import encode
from eth_account.messages import SignableMessage
from eth_utils.crypto import keccak

from keepers.errors import KeeperError

_DOMAIN_TYPE = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


class SignerError(KeeperError):
    """A set of signers that the chain would refuse."""


class Signer(Protocol):
    """A holder of a key: eth_account's and Ape's accounts, through `keepers.signers.keys`."""

    @property
    def address(self) -> str:
        """Checksummed."""
        ...

    def sign_message(self, message: SignableMessage) -> bytes:
        """65 bytes: r, s, v."""
        ...

    def sign_transaction(self, transaction: dict[str, Any]) -> bytes:
        """The transaction, signed and serialised."""
        ...


@lru_cache(maxsize=16)
def domain(name: str, chain_id: int, contract: str) -> bytes:
    """EIP-712 domain separator of version "1", 32 bytes."""
    values = (_DOMAIN_TYPE, keccak(text=name), keccak(text="1"), chain_id, contract)
    return keccak(encode(("bytes32", "bytes32", "bytes32", "uint256", "address"), values))


def digest(message: SignableMessage) -> bytes:
    """The 32 bytes that a signature is over, as `hashModel` and `hashSignal` give them."""
    return keccak(b"\x19" + message.version + message.header + message.body)


def sign_quorum(message: SignableMessage, signers: Sequence[Signer]) -> tuple[tuple[str, bytes], ...]:
    """Signatures as ISignerSets takes them: (signer, 65 bytes) in ascending order of signer.

    Raises:
        SignerError: If a signer is given twice: the chain would refuse it.
    """
    ordered = sorted(signers, key=lambda signer: int(signer.address, 16))
    addresses = [signer.address for signer in ordered]
    for address in addresses:
        if addresses.count(address) > 1:
            raise SignerError(f"signer {address}", "given more than once", "give each signer one entry under keys")
    return tuple((signer.address, signer.sign_message(message)) for signer in ordered)
