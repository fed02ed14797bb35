"""The register of people, as identity checks read it: it needs the extra `screening`, which other bots do without."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keepers.compliance.kyc.errors import KycError

if TYPE_CHECKING:
    from keepers.compliance.cases.people import Row


def register_of(path: Path) -> dict[str, list[Row]]:
    """Returns the rows of a register of people by identifier.

    Raises:
        KeeperError: If it cannot be read or used, or the extra is not installed.
    """
    try:
        from keepers.compliance.cases.people import read_people
    except ModuleNotFoundError as error:
        reason = f"needs the package {error.name}"
        raise KycError("the register of people", reason, "install quantera with its extra `screening`") from None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "is not UTF-8") or "cannot be read"
        raise KycError(path.name, reason, "name an existing file as desk.people") from None
    found: dict[str, list[Row]] = {}
    for row in read_people(lines, path.name):
        found.setdefault(row.person, []).append(row)
    return found
