"""Documents in a folder of evidence: put, read, erased and verified. Nothing in a name of a file is anybody's.

lock.json                what scrypt needs; no secret
keys/<handle>.json       a person's key, wrapped; or that it was erased
objects/<ab>/<address>   a document, encrypted; its address is the hash of the ciphertext
journal.jsonl            a line for each thing put and each key erased
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.journal import Line, following, read_journal
from keepers.compliance.evidence.sealing import COST, Header, Keeper, Lock, address_of, new_key, new_lock, seal, unlock
from keepers.compliance.evidence.sealing import unseal as unsealed
from keepers.compliance.officers import officer_name, require_second

DESK = "desk"
"""Identifier under which the desk's own records are, such as who erased a key."""
ERASURE = "erasure"
"""Kind of the desk's records of who erased a key."""
LARGEST = 64 * 2**20
"""Maximum number of bytes of a document."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ADDRESS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Stored:
    """A document of a person.

    Attributes:
        address: Address of the object.
        header: What is known about it.
        size: Number of bytes of the document.
    """

    address: str
    header: Header
    size: int


class DocumentFolder:
    """A folder that a passphrase has opened.

    Args:
        path: The folder.
        keeper: What the passphrase opens.
    """

    def __init__(self, path: Path, keeper: Keeper) -> None:
        self._path = path
        self._keeper = keeper

    @classmethod
    def open(cls, path: Path, passphrase: Callable[[str], str], *, create: bool = False, cost: int = COST) -> Self:
        """Opens a folder.

        Args:
            path: The folder.
            passphrase: Gives the passphrase of what it is asked for; asked twice for a new folder.
            create: True to make it where it is not there.
            cost: N of scrypt for a new one.

        Raises:
            EvidenceError: If it is no such folder, or the passphrase does not open it.
        """
        lock, secret = path / "lock.json", None
        if not lock.exists():
            if not create:
                raise EvidenceError("folder", "holds no evidence", "put something first, or correct the path")
            secret = passphrase("evidence")
            if passphrase("evidence, once more") != secret:
                raise EvidenceError("passphrase", "was not the same twice", "type it again")
            _write(lock, new_lock(secret, cost).to_text().encode())
        return cls(path, unlock(Lock.of_text(_text(lock)), secret or passphrase("evidence")))

    # -- Documents

    def put(self, person: str, kind: str, name: str, document: bytes, officer: str, now: int) -> str:
        """Encrypts and stores a document; returns its address.

        Raises:
            EvidenceError: If the person's key was erased, or the document cannot be stored.
        """
        header = Header(_checked(_KIND, kind, "kind"), name, now, officer_name(officer))
        if not document:
            raise EvidenceError("document", "is empty", "give one with content")
        if len(document) > LARGEST:
            raise EvidenceError("document", f"has more than {LARGEST} bytes", "split it")
        with self._locked():
            return self._put(_identifier(person), header, document)

    def documents(self, person: str) -> list[Stored]:
        """Returns what there is about a person, oldest first.

        Raises:
            EvidenceError: If there is nothing, or the key was erased.
        """
        handle = self._keeper.handle(_identifier(person))
        mine = [line.object for line in self._journal() if line.what == "put" and line.handle == handle]
        if not mine:
            raise EvidenceError("person", "has no evidence here", "check the identifier")
        key = self._key(handle)
        found = []
        for address in mine:
            header, document = unsealed(key, handle, self._object(address))
            found.append(Stored(address, header, len(document)))
        return found

    def find(self, person: str, kind: str, name: str, document: bytes) -> str | None:
        """Returns the address of a document that is there already, by its kind, name and content; None if it is not.

        Raises:
            EvidenceError: If the person's key was erased.
        """
        handle = self._keeper.handle(_identifier(person))
        mine = [line.object for line in self._journal() if line.what == "put" and line.handle == handle]
        key = self._key(handle) if mine else b""
        for address in mine:
            header, content = unsealed(key, handle, self._object(address))
            if (header.kind, header.name, content) == (kind, name, document):
                return address
        return None

    def get(self, person: str, address: str) -> tuple[Header, bytes]:
        """Returns a document.

        Raises:
            EvidenceError: If it is not there, is another person's, or the key was erased.
        """
        handle = self._keeper.handle(_identifier(person))
        wanted = _checked(_ADDRESS, address, "address")
        if not any(line.object == wanted and line.handle == handle and line.what == "put" for line in self._journal()):
            raise EvidenceError(f"object {wanted}", "is none of the person's", "list them without an address")
        return unsealed(self._key(handle), handle, self._object(wanted))

    def erase(self, person: str, officers: tuple[str, str], reason: str, now: int) -> str:
        """Erases a person's key, and with it everything about the person; returns the address of the desk's record.

        Raises:
            ComplianceError: If there is no such person, or the two officers are one.
        """
        first, second = (officer_name(one) for one in officers)
        require_second(first, second, "erasure")
        handle = self._keeper.handle(_identifier(person))
        with self._locked():
            lines = self._journal()
            if handle == self._keeper.handle(DESK):
                raise EvidenceError("person", "is the desk itself", "erase persons only")
            if not any(line.handle == handle for line in lines):
                raise EvidenceError("person", "has no evidence here", "check the identifier")
            if any(line.what == "erase" and line.handle == handle for line in lines):
                raise EvidenceError("person", "was erased already", "nothing is left to do")
            record = json.dumps({"handle": handle, "by": first, "approved_by": second, "reason": reason}).encode()
            address = self._put(DESK, Header(ERASURE, "", now, first), record)
            _destroy(self._key_path(handle))
            self._append("erase", handle, address, now)
            return address

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
            stored = self._object(line.object)
            if line.what == "put" and line.handle not in erased:
                unsealed(self._key(line.handle), line.handle, stored)
                opened += 1
        for handle in erased:
            if not _is_erased(self._key_path(handle)):
                raise EvidenceError(f"key {handle}", "is there although it was erased", "erase it again")
        named = {line.object for line in lines}
        strays = [path for path in self._path.glob("objects/*/*") if path.name not in named]
        return {
            "lines": len(lines),
            "head": lines[-1].head if lines else None,
            "persons": len({line.handle for line in lines if line.what == "put"} - erased),
            "documents": opened,
            "erased": len(erased),
            "left_by_killed_runs": len(strays),
        }

    # -- Files

    def _put(self, person: str, header: Header, document: bytes) -> str:
        handle = self._keeper.handle(person)
        path = self._key_path(handle)
        if not path.exists():
            _write(path, json.dumps({"key": self._keeper.wrap(handle, new_key()).hex()}).encode())
        stored = seal(self._key(handle), handle, header, document)
        address = address_of(stored)
        _write(self._object_path(address), stored)
        self._append("put", handle, address, header.added)
        return address

    def _key(self, handle: str) -> bytes:
        path = self._key_path(handle)
        if _is_erased(path):
            raise EvidenceError("person", "was erased", "nothing about the person can be read")
        stored = _read(path)
        try:
            wrapped = bytes.fromhex(json.loads(stored)["key"])
        except (ValueError, KeyError, TypeError):
            raise EvidenceError(f"key {handle}", "is damaged", "restore it from a backup") from None
        return self._keeper.unwrap(handle, wrapped)

    def _object(self, address: str) -> bytes:
        stored = _read(self._object_path(address))
        if address_of(stored) != address:
            raise EvidenceError(f"object {address}", "was altered", "restore it from a backup")
        return stored

    def _journal(self) -> list[Line]:
        path = self._path / "journal.jsonl"
        return read_journal(_text(path).splitlines()) if path.exists() else []

    def _append(self, what: Any, handle: str, address: str, now: int) -> None:
        lines = self._journal()
        line = following(lines[-1] if lines else None, now, what, handle, address)
        # Written anew as a whole, so that a kill leaves no half line.
        _write(self._path / "journal.jsonl", "".join(f"{one.to_text()}\n" for one in [*lines, line]).encode())

    def _key_path(self, handle: str) -> Path:
        return self._path / "keys" / f"{handle}.json"

    def _object_path(self, address: str) -> Path:
        return self._path / "objects" / address[:2] / address

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time."""
        with (self._path / ".writing").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _identifier(person: str) -> str:
    return _checked(_IDENTIFIER, person, "person")


def _checked(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise EvidenceError(what, f"is no {what}", f"give one such as docs/compliance-desk.md shows for {what}")
    return text


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise EvidenceError(f"{path.parent.name}/{path.name}", reason, "restore it from a backup") from None


def _text(path: Path) -> str:
    """The text of a file; what is no text fails where it is parsed."""
    return _read(path).decode(errors="replace")


def _write(path: Path, content: bytes) -> None:
    """Writes a file that is there whole or not at all, and outlives a power cut."""
    part = path.with_name(f".{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        _sync(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise EvidenceError(path.name, error.strerror or "cannot be written", "check the disk") from None


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _destroy(path: Path) -> None:
    """Overwrites a key where it stands, and leaves that it was erased in its place."""
    try:
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise EvidenceError(f"keys/{path.name}", error.strerror or "cannot be written", "check the disk") from None
    _write(path, b'{"erased": true}')


def _is_erased(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_bytes()).get("erased"))
    except (OSError, ValueError, AttributeError):
        return False
