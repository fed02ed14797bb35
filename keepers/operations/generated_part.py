"""The part of a Markdown page that a command writes, between two markers."""

from __future__ import annotations

from pathlib import Path

from keepers.errors import KeeperError


class PageError(KeeperError):
    """A page that cannot be written."""


def markers(name: str) -> tuple[str, str]:
    """Returns the lines before and after the generated part of that name."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def around(page: Path, name: str) -> tuple[str, str]:
    """Returns the text before and after the generated part of a page; a command asks before its long work.

    Args:
        page: Markdown file.
        name: Name of the part.

    Raises:
        PageError: If the page cannot be read, or lacks a marker.
    """
    begin, end = markers(name)
    try:
        old = page.read_text(encoding="utf-8")
    except OSError as error:
        raise PageError(page, error.strerror or "unreadable", "name an existing page") from error
    except UnicodeDecodeError as error:
        raise PageError(page, "not text in UTF-8", "name a Markdown page") from error
    before, begun, rest = old.partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise PageError(page, f"no markers {begin} and {end}", "put them where the table belongs")
    return before, after


def replace_part(page: Path, name: str, text: str) -> None:
    """Replaces the generated part of a page.

    Args:
        page: Markdown file.
        name: Name of the part.
        text: Its new content, without the markers.

    Raises:
        PageError: If `around` raises it.
    """
    before, after = around(page, name)
    begin, end = markers(name)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
