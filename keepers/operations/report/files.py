"""Files of a report: all of them are written, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from keepers.errors import KeeperError
from keepers.operations.report.document import Report
from keepers.operations.tax_files import save

Writer = Callable[[Report], bytes]


class ReportError(KeeperError):
    """A report that cannot be written."""


def _writer(kind: str) -> Writer:
    """Returns the writer of a format; each loads a package of an extra, or none."""
    if kind == "pdf":
        from keepers.operations.report.paper import pdf_bytes

        return pdf_bytes
    if kind == "xlsx":
        from keepers.operations.report.workbook import xlsx_bytes

        return xlsx_bytes
    from keepers.operations.report.page import html_bytes

    return html_bytes


def prepare(paths: Mapping[str, Path | None], *, needed: bool) -> dict[Path, Writer]:
    """Refuses files that could not be written, before anything is computed.

    Args:
        paths: File for each of pdf, xlsx and html; None for one that nobody asked for.
        needed: True if there has to be at least one.

    Returns:
        The writer of each file.

    Raises:
        ReportError: If no file is named, one is named twice or is there already, or its folder is not there.
        ModuleNotFoundError: If the extra of a format is not installed.
    """
    found: dict[Path, Writer] = {}
    for kind, path in paths.items():
        if path is None:
            continue
        if path in found:
            raise ReportError(path, "is named twice", "give each format a file of its own")
        if path.exists():
            raise ReportError(path, "is there already", "choose another file, or remove it")
        if not path.parent.is_dir():
            raise ReportError(path.parent, "is no folder", "create it first")
        found[path] = _writer(kind)
    if needed and not found:
        raise ReportError("report", "no file is named", "give --pdf, --xlsx, --html or --json")
    return found


def save_all(report: Report, targets: Mapping[Path, Writer]) -> dict[str, str]:
    """Writes all files, or none.

    Args:
        report: Report.
        targets: Writer of each file, from `prepare`.

    Returns:
        SHA-256 of each file.

    Raises:
        KeeperError: If a file cannot be written.
    """
    contents = {path: writer(report) for path, writer in targets.items()}
    done: list[Path] = []
    try:
        for path, content in contents.items():
            save(path, content)
            done.append(path)
    except KeeperError:
        for path in done:
            path.unlink(missing_ok=True)
        raise
    return {str(path): hashlib.sha256(content).hexdigest() for path, content in contents.items()}
