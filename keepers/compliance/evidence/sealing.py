"""AES-256-GCM with one key per person, wrapped by a key that scrypt makes of a passphrase.

Sources: NIST SP 800-38D (GCM, random 96-bit nonces), RFC 7914 (scrypt), RFC 5869 (HKDF).

A person is an identifier. On disk it is a handle, the keyed hash of that identifier, so that whoever has the files and
not the passphrase can try no names. What is addressed by its hash is the ciphertext, never a document.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from Crypto.Cipher import AES
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

from keepers.compliance.evidence.errors import EvidenceError

COST = 2**17
"""N of scrypt, with r = 8 and p = 1: OWASP's recommendation, 128 MiB."""
LEAST_COST, MOST_COST = 2**14, 2**20
"""Costs that are believed; a file that asks for less was weakened, for more would take the machine's memory."""
LEAST_PASSPHRASE = 12
"""Minimum number of characters of a passphrase for a new folder."""

_BLOCK, _PARALLEL = 8, 1
_KEY, _NONCE, _TAG, _SALT = 32, 12, 16, 16
_MAGIC = b"quantera evidence 1\n"
_CONTEXT = b"quantera evidence 1"
_CHECK = b"the passphrase is right"


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
class Lock:
    """The part of a folder's lock that is no secret.

    Attributes:
        cost: N of scrypt.
        salt: Hexadecimal digits.
        check: Nonce and ciphertext of a known text, hexadecimal digits: tells a wrong passphrase from a damaged file.
    """

    cost: int
    salt: str
    check: str

    def to_text(self) -> str:
        """Returns it as JSON."""
        return json.dumps({"version": 1, "kdf": "scrypt", "cost": self.cost, "salt": self.salt, "check": self.check})

    @classmethod
    def of_text(cls, text: str) -> Lock:
        """Parses a lock.

        Raises:
            EvidenceError: If it is none, or asks for a cost that is not believed.
        """
        try:
            given = json.loads(text)
            found = cls(int(given["cost"]), str(given["salt"]), str(given["check"]))
            bytes.fromhex(found.salt + found.check)
        except (ValueError, KeyError, TypeError):
            raise EvidenceError("lock.json", "is damaged", "restore it from a backup") from None
        if given.get("version") != 1 or not LEAST_COST <= found.cost <= MOST_COST or found.cost & (found.cost - 1):
            raise EvidenceError("lock.json", "asks for a cost that nobody wrote", "restore it from a backup")
        return found


@dataclass(frozen=True)
class Keeper:
    """Opens what a passphrase locks.

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
        return _sealed(self.wrapping, key, b"key " + handle.encode())

    def unwrap(self, handle: str, wrapped: bytes) -> bytes:
        """Returns a person's key.

        Raises:
            EvidenceError: If it is damaged, or another person's.
        """
        found = _opened(self.wrapping, wrapped, b"key " + handle.encode())
        if found is None or len(found) != _KEY:
            raise EvidenceError(f"key {handle}", "is damaged, or was exchanged", "restore it from a backup")
        return found


def new_lock(passphrase: str, cost: int = COST) -> Lock:
    """Returns the lock of a new folder.

    Raises:
        EvidenceError: If the passphrase is too short.
    """
    if len(passphrase) < LEAST_PASSPHRASE:
        raise EvidenceError("passphrase", f"has fewer than {LEAST_PASSPHRASE} characters", "choose a longer one")
    salt = secrets.token_bytes(_SALT)
    keeper = _keeper(passphrase, salt, cost)
    return Lock(cost, salt.hex(), _sealed(keeper.wrapping, _CHECK, b"check").hex())


def unlock(lock: Lock, passphrase: str) -> Keeper:
    """Returns what a passphrase opens.

    Raises:
        EvidenceError: If it is the wrong one.
    """
    keeper = _keeper(passphrase, bytes.fromhex(lock.salt), lock.cost)
    if _opened(keeper.wrapping, bytes.fromhex(lock.check), b"check") != _CHECK:
        raise EvidenceError("passphrase", "does not open the folder", "give the one that it was made with")
    return keeper


def new_key() -> bytes:
    """Returns a key for a person."""
    return secrets.token_bytes(_KEY)


def seal(key: bytes, handle: str, header: Header, document: bytes) -> bytes:
    """Returns a document as it is stored, a different text each time."""
    told = json.dumps(vars(header), ensure_ascii=False).encode()
    return _MAGIC + _sealed(key, len(told).to_bytes(4, "big") + told + document, b"object " + handle.encode())


def unseal(key: bytes, handle: str, stored: bytes) -> tuple[Header, bytes]:
    """Returns a document and what is known about it.

    Raises:
        EvidenceError: If it is damaged, or another person's.
    """
    fault = EvidenceError(f"object {address_of(stored)}", "does not open with its key", "restore it from a backup")
    if not stored.startswith(_MAGIC):
        raise fault
    plain = _opened(key, stored[len(_MAGIC) :], b"object " + handle.encode())
    if plain is None:
        raise fault
    end = 4 + int.from_bytes(plain[:4], "big")
    return _header(json.loads(plain[4:end])), plain[end:]


def address_of(stored: bytes) -> str:
    """Returns the address of a stored object: SHA-256 of its ciphertext, 64 hexadecimal digits."""
    return hashlib.sha256(stored).hexdigest()


def _header(given: Mapping[str, Any]) -> Header:
    return Header(str(given["kind"]), str(given["name"]), int(given["added"]), str(given["officer"]))


def _keeper(passphrase: str, salt: bytes, cost: int) -> Keeper:
    secret = unicodedata.normalize("NFKC", passphrase).encode()
    memory = 128 * cost * _BLOCK * 2
    master = hashlib.scrypt(secret, salt=salt, n=cost, r=_BLOCK, p=_PARALLEL, maxmem=memory, dklen=_KEY)
    wrapping, naming = HKDF(master, _KEY, b"", SHA256, 2, _CONTEXT)
    return Keeper(bytes(wrapping), bytes(naming))


def _sealed(key: bytes, plain: bytes, about: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
    cipher.update(about)
    text, tag = cipher.encrypt_and_digest(plain)
    return nonce + text + tag


def _opened(key: bytes, sealed: bytes, about: bytes) -> bytes | None:
    """The plain text; None if a bit is another one."""
    if len(sealed) < _NONCE + _TAG:
        return None
    cipher = AES.new(key, AES.MODE_GCM, nonce=sealed[:_NONCE], mac_len=_TAG)
    cipher.update(about)
    try:
        return bytes(cipher.decrypt_and_verify(sealed[_NONCE:-_TAG], sealed[-_TAG:]))
    except ValueError:
        return None
