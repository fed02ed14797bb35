"""AES-256-GCM with one key per person, wrapped by the folder's key (keepers.compliance.evidence.locks).

Source: NIST SP 800-38D (GCM, random 96-bit nonces).

A person is an identifier. On disk it is a handle, the keyed hash of that identifier, so that whoever has the files and
not the passphrase can try no names. What is addressed by its hash is the ciphertext, never a document.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from Crypto.Cipher import AES

from keepers.compliance.evidence.errors import EvidenceError

KEY = 32
"""Bytes of a key."""

_NONCE, _TAG = 12, 16
_MAGIC = b"quantera evidence 1\n"


@dataclass(frozen=True)
class Header:
    """Facts about a document, which are encrypted with it.

    Attributes:
        kind: Kind of the document, such as "passport" or "chain-log".
        name: Name of the file that it came from.
        added: Unix seconds.
        officer: Officer who put it there.
    """

    kind: str
    name: str = field(repr=False)
    added: int
    officer: str = field(repr=False)


@dataclass(frozen=True)
class Keeper:
    """The two keys of a folder.

    Attributes:
        wrapping: Key that wraps the keys of persons.
        naming: Key of the handles.
    """

    wrapping: bytes = field(repr=False)
    naming: bytes = field(repr=False)

    def handle(self, person: str) -> str:
        """Returns the name under which a person's key and documents are stored, 32 hexadecimal digits."""
        return hmac.new(self.naming, person.encode(), hashlib.sha256).hexdigest()[:32]

    def wrap(self, handle: str, key: bytes) -> bytes:
        """Returns a person's key as it is stored."""
        return encrypt(self.wrapping, key, b"key " + handle.encode())

    def unwrap(self, handle: str, wrapped: bytes) -> bytes:
        """Returns a person's key.

        Raises:
            EvidenceError: If it is damaged, or another person's.
        """
        found = decrypt(self.wrapping, wrapped, b"key " + handle.encode())
        if found is None or len(found) != KEY:
            raise EvidenceError(f"key {handle}", "is damaged, or was exchanged", "restore it from a backup")
        return found


def new_key() -> bytes:
    """Returns a key for a person."""
    return secrets.token_bytes(KEY)


def seal(key: bytes, handle: str, header: Header, document: bytes) -> bytes:
    """Returns a document as it is stored, a different text each time."""
    told = json.dumps(vars(header), ensure_ascii=False).encode()
    return _MAGIC + encrypt(key, len(told).to_bytes(4, "big") + told + document, b"object " + handle.encode())


def unseal(key: bytes, handle: str, stored: bytes) -> tuple[Header, bytes]:
    """Returns a document and what is known about it.

    Raises:
        EvidenceError: If it is damaged, or another person's.
    """
    fault = EvidenceError(f"object {address_of(stored)}", "does not open with its key", "restore it from a backup")
    if not stored.startswith(_MAGIC):
        raise fault
    plain = decrypt(key, stored[len(_MAGIC) :], b"object " + handle.encode())
    if plain is None:
        raise fault
    end = 4 + int.from_bytes(plain[:4], "big")
    return _header(json.loads(plain[4:end])), plain[end:]


def address_of(stored: bytes) -> str:
    """Returns the address of a stored object: SHA-256 of its ciphertext, 64 hexadecimal digits."""
    return hashlib.sha256(stored).hexdigest()


def _header(given: Mapping[str, Any]) -> Header:
    return Header(str(given["kind"]), str(given["name"]), int(given["added"]), str(given["officer"]))


def encrypt(key: bytes, plain: bytes, about: bytes) -> bytes:
    """Returns nonce, ciphertext and tag; `about` has to be the same when it is opened."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(about)
    text, tag = cipher.encrypt_and_digest(plain)
    return nonce + text + tag


def decrypt(key: bytes, sealed: bytes, about: bytes) -> bytes | None:
    """Returns the plain text; None if a bit is another one."""
    if len(sealed) < _NONCE + _TAG:
        return None
    cipher = AES.new(key, AES.MODE_GCM, nonce=sealed[:_NONCE], mac_len=_TAG)
    cipher.update(about)
    try:
        return bytes(cipher.decrypt_and_verify(sealed[_NONCE:-_TAG], sealed[-_TAG:]))
    except ValueError:
        return None
