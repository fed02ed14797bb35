"""Documents in a folder of evidence: put, read, erased and verified. Nothing in a name of a file is anybody's.

lock.json                how the folder's key is had; no secret
keys/<handle>.json       a person's key, wrapped; or that it was erased
objects/<ab>/<address>   a document, encrypted; its address is the hash of the ciphertext; <address>.cid if IPFS has it
journal.jsonl            a line for each thing put and each key erased
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from keepers.compliance.evidence.errors import Erased, EvidenceError
from keepers.compliance.evidence.journal import Line, following, read_journal
from keepers.compliance.evidence.locks import COST, Lock, MasterKeyService, new_lock, unlock
from keepers.compliance.evidence.sealing import Header, Keeper, new_key, seal
from keepers.compliance.evidence.sealing import unseal as unsealed
from keepers.compliance.officers import officer_name, require_second
from keepers.documents import durable
from keepers.documents.kubo import KuboNode
from keepers.documents.locks import LOCK, NEXT_LOCK, new_passphrase, secret_of
from keepers.documents.objects import LARGEST, EvidenceObjects

DESK = "desk"
"""Identifier under which the desk's own records are, such as who erased a key."""
ERASURE = "erasure"
"""Kind of the desk's records of who erased a key."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ADDRESS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stored:
    """A document of a person.

    Attributes:
        address: Address of the object.
        header: Facts about it, which are encrypted with it.
        size: Number of bytes of the document.
    """

    address: str
    header: Header
    size: int


def header_of(person: str, kind: str, name: str, document: bytes, officer: str, now: int) -> Header:
    """Returns the header of a new document.

    Raises:
        EvidenceError: If the document cannot be stored, or the person has no valid identifier.
    """
    _identifier(person)
    header = Header(_checked(_KIND, kind, "kind"), name, now, officer_name(officer))
    if not document:
        raise EvidenceError("document", "is empty", "give one with content")
    if len(document) > LARGEST:
        raise EvidenceError("document", f"has more than {LARGEST} bytes", "split it")
    return header


class DocumentFolder:
    """A folder that a passphrase has opened.

    Args:
        path: The folder.
        keeper: Keeper of the keys, which the passphrase opens.
        node: Node of IPFS that new objects go to; None keeps them in the folder.
        lock: Text of the lock that was opened.
    """

    def __init__(self, path: Path, keeper: Keeper, node: KuboNode | None, lock: str) -> None:
        self._path = path
        self._keeper = keeper
        self._objects = EvidenceObjects(path, node)
        self._lock = lock

    @classmethod
    def open(
        cls,
        path: Path,
        passphrase: Callable[[str], str],
        *,
        create: bool = False,
        cost: int = COST,
        service: MasterKeyService | None = None,
        node: KuboNode | None = None,
    ) -> Self:
        """Opens a folder.

        Args:
            path: The folder.
            passphrase: Gives the passphrase of what it is asked for; asked twice for a new folder.
            create: True to make it where it is not there.
            cost: N of scrypt for a new one.
            service: Service that has the key of a folder that is so locked, and of a new one.
            node: Node of IPFS that new objects go to; None keeps them in the folder.

        Raises:
            EvidenceError: If it is no such folder, or the passphrase or service does not open it.
        """
        lock, secret = path / LOCK, None
        if not lock.exists():
            if not create:
                raise EvidenceError("folder", "holds no evidence", "put something first, or correct the path")
            secret = service or new_passphrase(passphrase)
            durable.write(lock, new_lock(secret, cost).to_text().encode())
        if (path / NEXT_LOCK).exists():
            raise EvidenceError("folder", "is being rewrapped", "finish it with `quantera compliance evidence rewrap`")
        text = durable.read_text(lock)
        found = Lock.of_text(text)
        return cls(path, unlock(found, secret or secret_of(found, passphrase, service)), node, text)

    # -- Documents

    def put(self, person: str, kind: str, name: str, document: bytes, officer: str, now: int) -> str:
        """Encrypts and stores a document; returns its address.

        Raises:
            EvidenceError: If the person's key was erased, or the document cannot be stored.
        """
        header = header_of(person, kind, name, document, officer, now)
        with self._locked():
            return self._put(_identifier(person), header, document)

    def require_living(self, person: str) -> None:
        """Refuses a person about whom nothing can be stored any more.

        Raises:
            EvidenceError: If the person's key was erased.
        """
        handle = self._keeper.handle(_identifier(person))
        if self._key_path(handle).exists():
            self._key(handle)

    def documents(self, person: str, *, missing_ok: bool = False) -> list[Stored]:
        """Returns what there is about a person, oldest first.

        Args:
            person: Identifier.
            missing_ok: True to return nothing where nothing is.

        Raises:
            EvidenceError: If there is nothing, or the key was erased.
        """
        handle = self._keeper.handle(_identifier(person))
        mine = [line.object for line in self._journal() if line.what == "put" and line.handle == handle]
        if not mine and missing_ok:
            return []
        if not mine:
            raise EvidenceError("person", "has no evidence here", "check the identifier")
        key = self._key(handle)
        found = []
        for address in mine:
            header, document = unsealed(key, handle, self._objects.get(address))
            found.append(Stored(address, header, len(document)))
        return found

    def get(self, person: str, address: str) -> tuple[Header, bytes]:
        """Returns a document.

        Raises:
            EvidenceError: If it is not there, is another person's, or the key was erased.
        """
        handle = self._keeper.handle(_identifier(person))
        wanted = _checked(_ADDRESS, address, "address")
        if not any(line.object == wanted and line.handle == handle and line.what == "put" for line in self._journal()):
            raise EvidenceError(f"object {wanted}", "is none of the person's", "list them without an address")
        return unsealed(self._key(handle), handle, self._objects.get(wanted))

    def find(self, person: str, kind: str, name: str, document: bytes) -> str | None:
        """Returns the address of a document that is there already, by its kind, name and content; None if it is not.

        Raises:
            EvidenceError: If the person's key was erased.
        """
        for one in self.documents(person, missing_ok=True):
            if (one.header.kind, one.header.name) == (kind, name) and self.get(person, one.address)[1] == document:
                return one.address
        return None

    def erase(self, person: str, officers: tuple[str, str], reason: str, now: int) -> str:
        """Erases a person's key, and with it everything about the person; returns the address of the desk's record.

        Raises:
            ComplianceError: If there is no such person, or the two officers are one.
        """
        handle = self._keeper.handle(_identifier(person))
        with self._locked():
            self.erasable(person, officers)
            first, second = (officer_name(one) for one in officers)
            record = json.dumps({"handle": handle, "by": first, "approved_by": second, "reason": reason}).encode()
            address = self._put(DESK, Header(ERASURE, "", now, first), record)
            _destroy(self._key_path(handle))
            self._append("erase", handle, address, now)
            return address

    def erasable(self, person: str, officers: tuple[str, str]) -> int:
        """Returns the number of documents that an erasure would make unreadable.

        Raises:
            ComplianceError: If there is no such person, or the two officers are one.
        """
        first, second = (officer_name(one) for one in officers)
        require_second(first, second, "erasure")
        handle = self._keeper.handle(_identifier(person))
        if handle == self._keeper.handle(DESK):
            raise EvidenceError("person", "is the desk itself", "erase persons only")
        mine = [line.what for line in self._journal() if line.handle == handle]
        if not mine:
            raise EvidenceError("person", "has no evidence here", "check the identifier")
        if "erase" in mine:
            raise EvidenceError("person", "was erased already", "nothing is left to do")
        return len(mine)

    def movable(self, where: Literal["ipfs", "folder"]) -> int:
        """Returns the number of objects that `move` would move."""
        return sum(self._objects.is_elsewhere(line.object, where) for line in self._journal())

    def objects(self) -> int:
        """Returns the number of objects in the journal."""
        return len(self._journal())

    def move(self, where: Literal["ipfs", "folder"], progress: Callable[[int], object] = lambda _: None) -> int:
        """Moves every object to the node of IPFS, or into the folder; returns the number of those moved.

        Raises:
            EvidenceError: If one cannot be moved; it stays where it is, and another run goes on there.
        """
        with self._locked():
            addresses = [line.object for line in self._journal()]
            act = self._objects.to_ipfs if where == "ipfs" else self._objects.to_folder
            return act(addresses, progress)

    # -- Verifying

    def verify(self) -> dict[str, Any]:
        """Follows the journal, and opens every document whose key is there.

        Raises:
            EvidenceError: If anything is missing or altered; it names the first.
        """
        lines = self._journal()
        erased = {line.handle for line in lines if line.what == "erase"}
        opened = 0
        for line in lines:
            stored = self._objects.get(line.object)
            self._objects.require_pinned(line.object)
            if line.what == "put" and line.handle not in erased:
                unsealed(self._key(line.handle), line.handle, stored)
                opened += 1
        for handle in erased:
            if not _is_erased(self._key_path(handle)):
                raise EvidenceError(f"key {handle}", "is there although it was erased", "erase it again")
        return {
            "lines": len(lines),
            "head": lines[-1].head if lines else None,
            "persons": len({line.handle for line in lines if line.what == "put"} - erased),
            "documents": opened,
            "erased": len(erased),
            "left_by_killed_runs": self._objects.strays({line.object for line in lines}),
        }

    # -- Files

    def _put(self, person: str, header: Header, document: bytes) -> str:
        handle = self._keeper.handle(person)
        path = self._key_path(handle)
        if not path.exists():
            durable.write(path, json.dumps({"key": self._keeper.wrap(handle, new_key()).hex()}).encode())
        address = self._objects.put(seal(self._key(handle), handle, header, document))
        self._append("put", handle, address, header.added)
        return address

    def _key(self, handle: str) -> bytes:
        path = self._key_path(handle)
        if _is_erased(path):
            raise Erased("person", "was erased", "nothing about the person can be read")
        stored = durable.read(path)
        try:
            wrapped = bytes.fromhex(json.loads(stored)["key"])
        except (ValueError, KeyError, TypeError):
            raise EvidenceError(f"key {handle}", "is damaged", "restore it from a backup") from None
        try:
            return self._keeper.unwrap(handle, wrapped)
        except EvidenceError:
            self._require_same_lock()
            raise

    def _journal(self) -> list[Line]:
        path = self._path / "journal.jsonl"
        return read_journal(durable.read_text(path).splitlines()) if path.exists() else []

    def _append(self, what: Any, handle: str, address: str, now: int) -> None:
        lines = self._journal()
        line = following(lines[-1] if lines else None, now, what, handle, address)
        # Written anew as a whole, so that a kill leaves no half line.
        text = "".join(f"{one.to_text()}\n" for one in [*lines, line])
        durable.write(self._path / "journal.jsonl", text.encode())

    def _key_path(self, handle: str) -> Path:
        return self._path / "keys" / f"{handle}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, and none whose wrapping key is an old one."""
        with durable.exclusive(self._path / ".writing"):
            self._require_same_lock()
            yield

    def _require_same_lock(self) -> None:
        if (self._path / NEXT_LOCK).exists() or durable.read_text(self._path / LOCK) != self._lock:
            raise EvidenceError("folder", "was rewrapped meanwhile", "run it again")


def _identifier(person: str) -> str:
    return _checked(_IDENTIFIER, person, "person")


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise EvidenceError(what, f"is no {what}", f"give one such as docs/compliance-desk.md shows for {what}")
    return text


def _destroy(path: Path) -> None:
    """Overwrites a key where it stands, and leaves that it was erased in its place."""
    durable.overwrite(path)
    durable.write(path, b'{"erased": true}')


def _is_erased(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_bytes()).get("erased"))
    except (OSError, ValueError, AttributeError):
        return False
