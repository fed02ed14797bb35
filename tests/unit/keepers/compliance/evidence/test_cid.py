from __future__ import annotations

import random

import pytest

from keepers.compliance.evidence.cid import CHUNK, LINKS, cid_of, is_cid
from keepers.documents.kubo import KuboAccess, KuboNode


@pytest.mark.parametrize(
    ("content", "cid"),
    [
        (b"", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"),
        (b"hello", "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX"),
        (b"hello world\n", "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"),
    ],
)
def test_cid_of__files_that_everybody_has_added__have_the_known_cid(content: bytes, cid: str) -> None:
    assert cid_of(content) == cid and is_cid(cid)


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, LINKS * CHUNK + 1])
def test_cid_of__files_of_one_to_three_levels__are_what_kubo_says(kubo_url: str, size: int) -> None:
    content = random.Random(size).randbytes(size)
    assert KuboNode(KuboAccess(kubo_url)).add(content) == cid_of(content)


@pytest.mark.parametrize("text", ["", "Qm", "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYeca0", "../lock.json"])
def test_is_cid__anything_else__is_none(text: str) -> None:
    assert not is_cid(text)
