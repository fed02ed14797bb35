"""A list while it is read: its files with their hashes, its date as soon as it is known, and what is doubtful."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from Crypto.Hash import keccak

from keepers.compliance.lists.errors import Finding
from keepers.compliance.lists.records import ListedWallet, ListFile

_NOWHERE = ("", "na", "none identified", "undetermined", "unknown")
"""Words that publishers write where they name no country."""


class Readable(Protocol):
    """A stream of bytes that is read from the front."""

    def read(self, size: int, /) -> bytes:
        """Returns the next bytes, at most `size`; none at the end."""


class Source:
    """A stream of bytes that is hashed while it is read.

    Args:
        name: Address on the web, or name of the file without its folders.
        stream: The bytes, read once from the front.
        progress: Called with the number of bytes of every piece.
    """

    def __init__(self, name: str, stream: Readable, progress: Callable[[int], None] = lambda _: None) -> None:
        self.name = name
        self._stream = stream
        self._progress = progress
        self._ahead = b""
        self._size = 0
        self._sha256 = hashlib.sha256()
        # eth-hash keeps everything that it hashes, so that it could go back.
        self._keccak = keccak.new(digest_bits=256, update_after_digest=True)

    def peek(self, size: int) -> bytes:
        """Returns the next bytes, at most `size`, which the next reading has again."""
        self._ahead += self._stream.read(max(size - len(self._ahead), 0))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """Returns the next bytes, at most `size`; none at the end."""
        piece, self._ahead = self._ahead[:size], self._ahead[size:]
        piece = piece or self._stream.read(size)
        self._size += len(piece)
        self._sha256.update(piece)
        self._keccak.update(piece)
        self._progress(len(piece))
        return piece

    def file(self) -> ListFile:
        """The file as far as it was read, which is the whole of it once a format's reader is done."""
        return ListFile(self.name, self._size, self._sha256.hexdigest(), self._keccak.hexdigest())


@dataclass
class Draft:
    """Facts about a list besides its parties.

    Attributes:
        list_id: The list.
        published: Publisher's date, "" until it is known.
        main: Name of the file with the records, where a list has several; "" for the first one.
        findings: Doubts about it.
        unread: Number of values by kind, such as dates of birth, that say nothing in the records' form.
    """

    list_id: str
    published: str = ""
    main: str = ""
    findings: list[Finding] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)

    def refuse(self, value: str, reason: str, remedy: str) -> None:
        """Adds a finding that refuses the list unless a person accepts it."""
        self.findings.append(Finding(value, reason, remedy, refuses=True))

    def note(self, value: str, reason: str, remedy: str) -> None:
        """Adds a finding that a person should see."""
        self.findings.append(Finding(value, reason, remedy))

    def doubt(self, uid: str, wallets: Iterable[ListedWallet], malformed: Iterable[str]) -> None:
        """Notes accounts of a party that fail their checksum, and texts that look like accounts and are none."""
        remedy = "compare it with the publisher's notice"
        for wallet in wallets:
            if wallet.doubtful:
                self.note(f"{self.list_id} {uid}", f"{wallet.address} fails its checksum as published", remedy)
        for text in malformed:
            self.note(f"{self.list_id} {uid}", f"{text} is no EVM address", remedy)

    def country(self, code: str | None, name: str) -> str | None:
        """Returns a country's code; counts a name that has none."""
        if code is None and name.strip().lower() not in _NOWHERE:
            self.unread[f"country {name.strip()}"] += 1
        return code
