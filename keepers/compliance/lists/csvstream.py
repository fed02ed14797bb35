"""CSV in pieces: rows come out one after the other, and a row that is cut off is refused."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator

from keepers.compliance.lists.draft import Source
from keepers.compliance.lists.errors import ListError

PIECE = 2**16
"""Bytes that are read at once."""

END_MARK = "\x1a"
"""Last character of OFAC's delimited files (ASCII 26)."""

_LONGEST = 2**22
"""Maximum number of characters in a line."""


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("quantera-cp1252", _as_cp1252)


class Lines:
    """The lines of a file, with their ends.

    Args:
        source: The file.
        encoding: Its encoding.
        mixed: True to read what is not in that encoding as Windows-1252, which older files of OFAC hold.

    Attributes:
        ended: True once the end mark was read.
        whole: True if the last line that was read ended with a line's end.
    """

    def __init__(self, source: Source, encoding: str = "utf-8", *, mixed: bool = False) -> None:
        self.ended = False
        self.whole = True
        self._source, self._encoding = source, encoding
        self._errors = "quantera-cp1252" if mixed else "strict"

    def __iter__(self) -> Iterator[str]:
        """Yields lines up to the end mark.

        Raises:
            ListError: If the bytes are no such text, a line has no bounds, or something follows the end mark.
        """
        for line in self._lines():
            if self.ended:
                raise ListError(self._source.name, "goes on behind its end mark", "fetch the file again")
            if line.strip() == END_MARK:
                self.ended = True
                continue
            self.whole = line.endswith("\n")
            yield line

    def _lines(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self._encoding)(self._errors)
        rest, first, last = "", True, False
        while not last:
            piece = self._source.read(PIECE)
            last = not piece
            try:
                rest += decoder.decode(piece, last)
            except UnicodeDecodeError as error:
                reason = f"is not {self._encoding} ({error.reason})"
                raise ListError(self._source.name, reason, "fetch the file again, or give its encoding") from None
            if first and rest:
                rest, first = rest.removeprefix("\ufeff"), False
            *whole, rest = rest.split("\n")
            yield from (f"{line}\n" for line in whole)
            if len(rest) > _LONGEST:
                raise ListError(self._source.name, f"has a line of more than {_LONGEST} characters", "give a CSV file")
        if rest:
            yield rest


def rows(lines: Iterator[str], name: str, delimiter: str = ",") -> Iterator[list[str]]:
    """Yields the rows of lines; empty lines are no rows.

    Raises:
        ListError: If a quoted cell is not closed or something follows it.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"is no complete CSV (line {reader.line_num}: {error})"
            raise ListError(name, reason, "fetch the file again") from None
        if row:
            yield row
