"""Groups of BLS12-381 keys of a config: how keys and proofs are written down, and what is no key."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from keepers.schema import Strict

FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
"""Modulus of BLS12-381's base field (draft-irtf-cfrg-pairing-friendly-curves-11, 4.2.1)."""
WORD = 64
"""Bytes of a field element in the encoding of EIP-2537: 16 zeros, 48 big-endian."""


def _numbers(value: str, count: int, what: str) -> list[int]:
    """The field elements that a hexadecimal string holds.

    Raises:
        ValueError: it holds anything else.
    """
    digits = value.removeprefix("0x")
    shown = value if len(value) <= 20 else f"{value[:12]}…{value[-4:]}"
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        data = b""
    if not value.startswith("0x") or len(data) != count * WORD or 2 * len(data) != len(digits):
        raise ValueError(f"{shown!r} is no {what}; give 0x and {2 * count * WORD} hexadecimal digits (EIP-2537)")
    numbers = [int.from_bytes(data[start : start + WORD], "big") for start in range(0, len(data), WORD)]
    if any(number >= FIELD for number in numbers):
        raise ValueError(f"{shown!r} is no {what}: a coordinate is not below the field's modulus; encode it again")
    return numbers


def _key(value: str) -> str:
    x, y = _numbers(value, 2, "BLS key")
    if (y * y - x * x * x - 4) % FIELD:
        raise ValueError(f"'{value[:12]}…{value[-4:]}' is no BLS key: not on the curve; copy it again")
    return value.lower()


def _proof(value: str) -> str:
    _numbers(value, 4, "proof of possession")
    return value.lower()


class BlsKey(Strict):
    """A member: its public key in G1, and its signature in G2 of what the group's account says.

    Without a proof the deployment makes the account, says what the key has to sign, and stops.
    """

    public: Annotated[str, AfterValidator(_key)]
    proof: Annotated[str, AfterValidator(_proof)] | None = None


class BlsGroup(Strict):
    """Keys that sign as one account, and how many of them it takes."""

    keys: list[BlsKey] = Field(min_length=1, max_length=128)
    threshold: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _usable(self) -> BlsGroup:
        if self.threshold > len(self.keys):
            raise ValueError(f"threshold {self.threshold} is above the {len(self.keys)} keys")
        # The order is the account's, so that an index here is the index that `revoke` takes.
        for position, (low, high) in enumerate(zip(self.keys, self.keys[1:], strict=False), start=1):
            if not low.public[: 2 + 2 * WORD] < high.public[: 2 + 2 * WORD]:
                raise ValueError(f"keys.{position} is not above the one before; sort them, each once")
        return self

    @property
    def publics(self) -> bytes:
        """Returns the public keys of all members, one after the other."""
        return b"".join(bytes.fromhex(key.public[2:]) for key in self.keys)

    @property
    def proofs(self) -> bytes:
        """Returns the proofs of all members that have one."""
        return b"".join(bytes.fromhex(key.proof[2:]) for key in self.keys if key.proof)
