"""Ciphertexts of an evidence folder: a file of it each, or a file at a node of IPFS whose CID the folder keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from keepers.compliance.evidence.cid import cid_of, is_cid
from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.sealing import address_of
from keepers.documents import durable
from keepers.documents.kubo import KuboNode

LARGEST = 64 * 2**20
"""Maximum number of bytes of a document."""
_LARGEST_OBJECT = LARGEST + 2**20
"""A document with what is encrypted with it."""
_POINTER = ".cid"


class EvidenceObjects:
    """The objects of a folder, by address.

    objects/<ab>/<address>       the ciphertext
    objects/<ab>/<address>.cid   or where IPFS has it

    Args:
        path: The folder.
        node: Node that new objects go to; None keeps them in the folder.
    """

    def __init__(self, path: Path, node: KuboNode | None) -> None:
        self._path = path / "objects"
        self._node = node

    def put(self, stored: bytes) -> str:
        """Stores an object; returns its address.

        Raises:
            EvidenceError: If it cannot be stored; nothing of it is left then.
        """
        address = address_of(stored)
        if self._node is None:
            durable.write(self._file(address), stored)
            return address
        # The pointer first: if the process is killed now, the pin that is nobody's can still be found.
        durable.write(self._pointer(address), cid_of(stored).encode())
        try:
            self._node.add(stored)
        except EvidenceError:
            self._pointer(address).unlink(missing_ok=True)
            raise
        return address

    def get(self, address: str) -> bytes:
        """Returns an object, which is what was put there.

        Raises:
            EvidenceError: If it is missing or altered, or the node that has it does not answer.
        """
        if self._pointer(address).exists() and not self._file(address).exists():
            stored, remedy = self._needed(address).cat(self._cid(address), _LARGEST_OBJECT), "ask another node"
        else:
            stored, remedy = durable.read(self._file(address)), "restore it from a backup"
        if address_of(stored) != address:
            raise EvidenceError(f"object {address}", "was altered", remedy)
        return stored

    def require_pinned(self, address: str) -> None:
        """Refuses an object that its node may drop.

        Raises:
            EvidenceError: If it is not pinned.
        """
        if self._pointer(address).exists() and not self._needed(address).is_pinned(self._cid(address)):
            remedy = "pin it with `quantera compliance evidence move ipfs`"
            raise EvidenceError(f"object {address}", "is no longer pinned", remedy)

    def strays(self, named: set[str]) -> int:
        """Returns the number of objects that are none of those named: killed runs left them."""
        return sum(path.name.removesuffix(_POINTER) not in named for path in self._path.glob("*/*"))

    def is_elsewhere(self, address: str, where: Literal["ipfs", "folder"]) -> bool:
        """Returns True for an object that is still where it is to be moved from."""
        return (self._file if where == "ipfs" else self._pointer)(address).exists()

    def to_ipfs(self, addresses: Iterable[str], progress: Callable[[int], object]) -> int:
        """Moves objects to the node, and pins again those that are there; returns the number of those moved.

        Each is read back before its file goes. A killed run goes on where it was.

        Raises:
            EvidenceError: If one cannot be moved; it stays where it is.
        """
        moved = 0
        for address in addresses:
            node = self._needed(address)
            if self._file(address).exists():
                stored = self.get(address)
                durable.write(self._pointer(address), node.add(stored).encode())
                self._file(address).unlink()
                moved += 1
            elif not node.is_pinned(self._cid(address)):
                self.get(address)
                node.pin(self._cid(address))
            progress(1)
        return moved

    def to_folder(self, addresses: Iterable[str], progress: Callable[[int], object]) -> int:
        """Moves objects into the folder, and lets them go at the node; returns the number of those moved.

        Raises:
            EvidenceError: If one cannot be moved; it stays where it is.
        """
        moved = 0
        for address in addresses:
            pointer = self._pointer(address)
            if pointer.exists():
                durable.write(self._file(address), self.get(address))
                self._needed(address).unpin(self._cid(address))
                pointer.unlink()
                moved += 1
            progress(1)
        return moved

    def _needed(self, address: str) -> KuboNode:
        if self._node is None:
            raise EvidenceError(f"object {address}", "is on IPFS", "name the node with desk.ipfs or --ipfs")
        return self._node

    def _cid(self, address: str) -> str:
        text = durable.read_text(self._pointer(address)).strip()
        if not is_cid(text):
            raise EvidenceError(f"object {address}", "has a damaged CID", "restore it from a backup")
        return text

    def _file(self, address: str) -> Path:
        return self._path / address[:2] / address

    def _pointer(self, address: str) -> Path:
        return self._path / address[:2] / (address + _POINTER)
