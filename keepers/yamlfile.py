"""YAML files that people write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keepers.schema import YamlError, parse_mapping

_MOST_BYTES = 2**20


class Unreadable(YamlError):
    """A file that is not there, or may not be read."""


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping that a file holds.

    Args:
        path: A file of UTF-8 with one YAML document, at most a mebibyte.

    Raises:
        YamlError: If it cannot be read, is no YAML, holds no mapping, or names a key twice.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Unreadable(path, f"cannot be read ({reason})", "name an existing file") from None
    if len(data) > _MOST_BYTES:
        raise YamlError(path, f"is longer than {_MOST_BYTES} bytes", "name a config file")
    try:
        return parse_mapping(data.decode("utf-8-sig"), path)
    except UnicodeDecodeError as error:
        raise YamlError(path, f"is not UTF-8 (byte {error.start})", "save it as UTF-8") from None
