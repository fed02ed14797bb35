"""Arrays of one-word values, as EIP-712 hashes them."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak


def hash_words(words: Sequence[int | bytes]) -> bytes:
    """EIP-712's hash of an array of one-word values, 32 bytes."""
    return keccak(b"".join(word if isinstance(word, bytes) else (word % 2**256).to_bytes(32, "big") for word in words))
