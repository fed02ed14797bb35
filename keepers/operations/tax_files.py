"""Files of the tax and filing commands: read as text, and written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.tax.errors import TaxError
from keepers.compliance.tax.sources import AssetsFile, PriceTable, read_assets, read_prices
from keepers.yamlfile import read_mapping

LARGEST = 512 * 2**20
"""Maximum number of bytes of a file that is read."""


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        TaxError: If it cannot be read, is too long or is no UTF-8.
    """
    try:
        return content_of(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TaxError(path.name, f"is not UTF-8 (byte {error.start})", "save it as UTF-8") from None


def content_of(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        TaxError: If it cannot be read, or is too long.
    """
    try:
        with path.open("rb") as file:
            found = file.read(LARGEST + 1)
    except OSError as error:
        raise TaxError(path.name, error.strerror or "cannot be read", "name an existing file") from None
    if len(found) > LARGEST:
        raise TaxError(path.name, f"is longer than {LARGEST} bytes", "split it")
    return found


def assets_of(path: Path) -> AssetsFile:
    """Reads a file of assets."""
    return read_assets(read_mapping(path), path.name)


def prices_of(path: Path | None) -> PriceTable:
    """Reads a file of prices; no file is a table without prices."""
    return PriceTable({}) if path is None else read_prices(text_of(path), path.name)


def personal(path: Path) -> dict[str, Any]:
    """Reads a YAML or JSON file with data about persons.

    Raises:
        FilingError: If everybody on the machine can read it.
    """
    try:
        open_to_all = path.stat().st_mode & stat.S_IROTH
    except OSError as error:
        raise FilingError(path.name, error.strerror or "cannot be read", "name an existing file") from None
    if open_to_all:
        raise FilingError(path.name, "can be read by everybody on this machine", "chmod 600 it")
    return read_mapping(path)


def save(path: Path, content: bytes) -> None:
    """Writes a new file that only its owner can read; it is there whole or not at all.

    Raises:
        FilingError: If it is there already, or cannot be written.
    """
    part = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where the name is taken, which a rename would not.
        os.link(part, path)
    except OSError as error:
        raise FilingError("output", error.strerror or "cannot be written", "choose another file") from None
    finally:
        part.unlink(missing_ok=True)


def described(content: bytes, **more: Any) -> dict[str, Any]:
    """Returns length and hash of a file, which a command tells about it."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **more}
