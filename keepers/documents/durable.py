"""Files that are there whole or not at all, and outlive a power cut."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keepers.compliance.evidence.errors import EvidenceError


def read(path: Path) -> bytes:
    """Returns the content of a file.

    Raises:
        EvidenceError: If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise EvidenceError(f"{path.parent.name}/{path.name}", reason, "restore it from a backup") from None


def read_text(path: Path) -> str:
    """Returns the text of a file; what is no text fails where it is parsed."""
    return read(path).decode(errors="replace")


def write(path: Path, content: bytes) -> None:
    """Writes a file, for its owner alone.

    Raises:
        EvidenceError: If it cannot be written; the old content stands then.
    """
    part = path.with_name(f".{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
        sync(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise EvidenceError(path.name, error.strerror or "cannot be written", "check the disk") from None


def overwrite(path: Path) -> None:
    """Fills a file with zeros where it stands, so that what it said is gone from the disk if the disk allows it."""
    try:
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise EvidenceError(f"keys/{path.name}", error.strerror or "cannot be written", "check the disk") from None


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Holds a file's lock, which no two processes have at once, and which ends with the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sync(folder: Path) -> None:
    """Has what a folder lists outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
