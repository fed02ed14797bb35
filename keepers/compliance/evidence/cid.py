"""The CID that Kubo gives a file, made here, so that a node's word is not needed for it. Pure.

Sources: IPFS specifications, UnixFS and DAG-PB (message fields, links before data), CID version 0 (base58btc of a
SHA-256 multihash); Kubo's `add` with chunker=size-262144, raw-leaves=false and the balanced layout of 174 links.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

CHUNK = 262_144
"""Bytes of a leaf."""
LINKS = 174
"""Maximum number of links of a node of the balanced layout."""

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_CID = re.compile(f"Qm[{_ALPHABET}]{{44}}")
_FILE = b"\x08\x02"
"""Field 1 of UnixFS's Data: the type File."""


@dataclass(frozen=True)
class _Node:
    """A node of the graph: its multihash, the bytes of the file below it, and of all blocks from it on."""

    multihash: bytes
    size: int
    total: int


def cid_of(content: bytes) -> str:
    """Returns the CID of a file, version 0, 46 characters."""
    level = [_leaf(content[start : start + CHUNK]) for start in range(0, len(content), CHUNK)] or [_leaf(b"")]
    while len(level) > 1:
        level = [_parent(level[start : start + LINKS]) for start in range(0, len(level), LINKS)]
    return _base58(level[0].multihash)


def is_cid(text: str) -> bool:
    """Returns True for text in the form of a CID of version 0."""
    return _CID.fullmatch(text) is not None


def _leaf(chunk: bytes) -> _Node:
    data = _FILE + (_bytes(2, chunk) if chunk else b"") + _number(3, len(chunk))
    return _made(_bytes(1, data), len(chunk), 0)


def _parent(children: list[_Node]) -> _Node:
    size = sum(child.size for child in children)
    data = _FILE + _number(3, size) + b"".join(_number(4, child.size) for child in children)
    links = b"".join(
        _bytes(2, _bytes(1, child.multihash) + _bytes(2, b"") + _number(3, child.total)) for child in children
    )
    return _made(links + _bytes(1, data), size, sum(child.total for child in children))


def _made(block: bytes, size: int, below: int) -> _Node:
    return _Node(b"\x12\x20" + hashlib.sha256(block).digest(), size, below + len(block))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _base58(raw: bytes) -> str:
    number, found = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        found = _ALPHABET[digit] + found
    return found
