from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.journal import Line, following, read_journal


def journal(length: int = 4) -> list[Line]:
    lines: list[Line] = []
    for number in range(length):
        what = "erase" if number == 3 else "put"
        lines.append(following(lines[-1] if lines else None, 1000 + number, what, "aa", f"{number:064x}"))
    return lines


def texts(lines: list[Line]) -> list[str]:
    return [line.to_text() for line in lines]


def test_read_journal__as_it_was_written__is_read_back() -> None:
    assert read_journal(texts(journal())) == journal() and read_journal([]) == []


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_read_journal__a_line_missing__is_refused(missing: int) -> None:
    lines = texts(journal())
    del lines[missing]
    with pytest.raises(EvidenceError, match=f"journal line {missing + 1}: does not follow the one before"):
        read_journal(lines)


@pytest.mark.parametrize("field", ["number", "at", "handle", "object", "head", "what"])
def test_read_journal__a_word_altered__is_refused(field: str) -> None:
    lines = journal()
    altered = {"number": 7, "at": 1, "handle": "bb", "object": "f" * 64, "head": "f" * 64, "what": "erase"}
    lines[1] = replace(lines[1], **{field: altered[field]})  # type: ignore[arg-type]
    with pytest.raises(EvidenceError, match="journal line 2: does not follow"):
        read_journal(texts(lines))


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"number": 0}'])
def test_read_journal__damaged__is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match="journal line 1: is damaged"):
        read_journal([text])
