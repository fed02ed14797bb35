"""The lock of an evidence folder: opened, and exchanged for another one without a moment at which nothing opens it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.locks import COST, Lock, MasterKeyService, Way, new_lock, unlock
from keepers.compliance.evidence.sealing import Keeper
from keepers.documents import durable

LOCK, NEXT_LOCK = "lock.json", "lock.next.json"
"""The lock that counts, and the one that a rewrapping brings."""

Secret = str | MasterKeyService


def new_passphrase(passphrase: Callable[[str], str]) -> str:
    """Returns a passphrase that was given twice.

    Raises:
        EvidenceError: If it was not the same twice.
    """
    secret = passphrase("evidence")
    if passphrase("evidence, once more") != secret:
        raise EvidenceError("passphrase", "was not the same twice", "type it again")
    return secret


def secret_of(lock: Lock, passphrase: Callable[[str], str], service: MasterKeyService | None) -> Secret:
    """Returns what opens a lock.

    Raises:
        EvidenceError: If that is a service, and another one or none is configured.
    """
    if lock.way == "passphrase":
        return passphrase("evidence")
    if service is None or service.way != lock.way:
        raise EvidenceError("folder", f"is locked with {lock.way}", f"set desk.wrapping.{lock.way} in --config")
    return service


def rewrap(
    path: Path, old: Callable[[Lock], Secret], way: Way, new: Callable[[Lock | None], Secret], cost: int = COST
) -> int:
    """Wraps every person's key by a new key of the folder; returns the number of keys.

    The new lock stands beside the old one until every key is wrapped anew. A killed run is finished by the next: a
    key opens with exactly one of the two.

    Args:
        path: The folder.
        old: Gives what opens the lock that counts.
        way: Holder of the new master key.
        new: Gives what the new lock is made with; what opens it, where a killed run has left it.
        cost: N of scrypt for a passphrase.

    Raises:
        EvidenceError: If either does not open, or a key is damaged.
        KeeperError: If a service refuses.
    """
    if not (path / LOCK).exists():
        raise EvidenceError("folder", "holds no evidence", "correct the path")
    with durable.exclusive(path / ".writing"):
        was = Lock.of_text(durable.read_text(path / LOCK))
        opened = unlock(was, old(was))
        following = path / NEXT_LOCK
        if following.exists():
            lock = Lock.of_text(durable.read_text(following))
            if lock.way != way:
                raise EvidenceError("folder", f"is being rewrapped with {lock.way}", f"finish that one: {lock.way}")
            keeper = unlock(lock, new(lock))
        else:
            secret = new(None)
            lock = new_lock(secret, cost, opened.naming)
            keeper = unlock(lock, secret)
            durable.write(following, lock.to_text().encode())
        count = sum(_rewrapped(key, opened, keeper) for key in sorted((path / "keys").glob("*.json")))
        following.replace(path / LOCK)
        durable.sync(path)
        return count


def count_keys(path: Path, old: Callable[[Lock], Secret]) -> int:
    """Returns the number of keys that `rewrap` would wrap anew.

    Args:
        path: The folder.
        old: Gives what opens the lock that counts.

    Raises:
        EvidenceError: If it does not open, or a key is damaged.
        KeeperError: If a service refuses.
    """
    if not (path / LOCK).exists():
        raise EvidenceError("folder", "holds no evidence", "correct the path")
    lock = Lock.of_text(durable.read_text(path / LOCK))
    unlock(lock, old(lock))
    return sum(_wrapped(key) is not None for key in (path / "keys").glob("*.json"))


def _rewrapped(path: Path, old: Keeper, new: Keeper) -> bool:
    """Wraps a key anew, if it is not so already; False if it was erased."""
    handle, wrapped = path.stem, _wrapped(path)
    if wrapped is None:
        return False
    try:
        new.unwrap(handle, wrapped)
    except EvidenceError:
        durable.write(path, json.dumps({"key": new.wrap(handle, old.unwrap(handle, wrapped)).hex()}).encode())
    return True


def _wrapped(path: Path) -> bytes | None:
    """Returns a stored key as it is wrapped, None if it was erased."""
    try:
        stored = json.loads(durable.read(path))
        return None if stored.get("erased") else bytes.fromhex(stored["key"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EvidenceError(f"key {path.stem}", "is damaged", "restore it from a backup") from None
