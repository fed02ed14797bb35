"""The lock of an evidence folder: its two keys, from a passphrase or from a key that stays in a service.

Sources: RFC 7914 (scrypt), RFC 5869 (HKDF), NIST SP 800-57 part 1 (a key that encrypts keys).

A master key of 32 bytes gives the wrapping key, and in a folder that was never rewrapped the naming key as well. It is
scrypt's of a passphrase, or random and wrapped by AWS KMS or Vault with the folder's salt as context, so that neither
another folder's lock nor another use of the service's key opens it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Literal, Protocol

from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.sealing import KEY, Keeper, decrypt, encrypt

COST = 2**17
"""N of scrypt, with r = 8 and p = 1: OWASP's recommendation, 128 MiB."""
LEAST_COST, MOST_COST = 2**14, 2**20
"""Costs that are believed; a file that asks for less was weakened, for more would take the machine's memory."""
LEAST_PASSPHRASE = 12
"""Minimum number of characters of a passphrase for a new folder."""

Way = Literal["passphrase", "kms", "vault"]
"""The holder of the master key."""
WAYS: tuple[Way, ...] = ("passphrase", "kms", "vault")

_BLOCK, _PARALLEL, _SALT = 8, 1, 16
_CONTEXT = b"quantera evidence 1"
_CHECK = b"the passphrase is right"
_NAMING = b"naming"


class MasterKeyService(Protocol):
    """A service whose key wraps master keys and never leaves it."""

    @property
    def way(self) -> Way:
        """ "kms" or "vault"."""
        ...

    def wrap(self, master: bytes, context: str) -> str:
        """Returns a master key as the service encrypts it."""
        ...

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Returns a master key; refuses another context."""
        ...


@dataclass(frozen=True)
class Lock:
    """The part of a folder's lock that is no secret.

    Attributes:
        cost: N of scrypt; 0 where a service has the key.
        salt: Hexadecimal digits.
        check: Nonce and ciphertext of a known text, hexadecimal digits: tells a wrong passphrase from a damaged file.
        way: Holder of the master key.
        wrapped: Master key as the service encrypted it.
        naming: Naming key under the wrapping key, hexadecimal digits; empty where it comes from the master key.
    """

    cost: int
    salt: str
    check: str
    way: Way = "passphrase"
    wrapped: str = ""
    naming: str = ""

    def to_text(self) -> str:
        """Returns it as JSON."""
        if self.way == "passphrase" and not self.naming:
            plain = {"version": 1, "kdf": "scrypt", "cost": self.cost, "salt": self.salt, "check": self.check}
            return json.dumps(plain)
        return json.dumps({"version": 2, **vars(self)})

    @classmethod
    def of_text(cls, text: str) -> Lock:
        """Parses a lock.

        Raises:
            EvidenceError: If it is none, or asks for a cost that is not believed.
        """
        try:
            given = json.loads(text)
            found = cls(int(given["cost"]), str(given["salt"]), str(given["check"]))
            if given["version"] == 2:
                found = cls(found.cost, found.salt, found.check, given["way"], str(given["wrapped"]), given["naming"])
            bytes.fromhex(found.salt + found.check + found.naming)
        except (ValueError, KeyError, TypeError):
            raise EvidenceError("lock.json", "is damaged", "restore it from a backup") from None
        cheap = not LEAST_COST <= found.cost <= MOST_COST or found.cost & (found.cost - 1)
        if given["version"] not in (1, 2) or found.way not in WAYS or (found.way == "passphrase" and cheap):
            raise EvidenceError("lock.json", "asks for a cost that nobody wrote", "restore it from a backup")
        return found


def new_lock(secret: str | MasterKeyService, cost: int = COST, naming: bytes | None = None) -> Lock:
    """Returns a new lock.

    Args:
        secret: Passphrase, or the service that wraps the master key.
        cost: N of scrypt for a passphrase.
        naming: Naming key of a folder that is rewrapped; None for a new folder.

    Raises:
        EvidenceError: If a passphrase is too short.
        KeeperError: If the service refuses.
    """
    salt = secrets.token_bytes(_SALT)
    if isinstance(secret, str):
        if len(secret) < LEAST_PASSPHRASE:
            raise EvidenceError("passphrase", f"has fewer than {LEAST_PASSPHRASE} characters", "choose a longer one")
        way, wrapped, master = WAYS[0], "", _stretched(secret, salt, cost)
    else:
        master = secrets.token_bytes(KEY)
        way, wrapped, cost = secret.way, secret.wrap(master, salt.hex()), 0
    keeper = _keeper(master)
    named = encrypt(keeper.wrapping, naming, _NAMING).hex() if naming is not None else ""
    return Lock(cost, salt.hex(), encrypt(keeper.wrapping, _CHECK, b"check").hex(), way, wrapped, named)


def unlock(lock: Lock, secret: str | MasterKeyService) -> Keeper:
    """Returns the keys behind a lock.

    Raises:
        EvidenceError: If the secret is the wrong one.
        KeeperError: If the service refuses.
    """
    fault = EvidenceError("passphrase", "does not open the folder", "give the one that it was made with")
    if isinstance(secret, str):
        master = _stretched(secret, bytes.fromhex(lock.salt), lock.cost)
    else:
        fault = EvidenceError("lock.json", f"is not what {secret.way} wrapped", "restore it from a backup")
        master = secret.unwrap(lock.wrapped, lock.salt)
    keeper = _keeper(master)
    if decrypt(keeper.wrapping, bytes.fromhex(lock.check), b"check") != _CHECK:
        raise fault
    if not lock.naming:
        return keeper
    naming = decrypt(keeper.wrapping, bytes.fromhex(lock.naming), _NAMING)
    if naming is None:
        raise EvidenceError("lock.json", "is damaged", "restore it from a backup")
    return Keeper(keeper.wrapping, naming)


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    secret = unicodedata.normalize("NFKC", passphrase).encode()
    memory = 128 * cost * _BLOCK * 2
    return hashlib.scrypt(secret, salt=salt, n=cost, r=_BLOCK, p=_PARALLEL, maxmem=memory, dklen=KEY)


def _keeper(master: bytes) -> Keeper:
    wrapping, naming = HKDF(master, KEY, b"", SHA256, 2, _CONTEXT)
    return Keeper(bytes(wrapping), bytes(naming))
