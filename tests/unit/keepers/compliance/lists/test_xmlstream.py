from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest

from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.un import parties
from keepers.compliance.lists.xmlstream import records
from tests.unit.keepers.compliance.lists.reading import bytes_of

UN = bytes_of("un.xml").decode()
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def refused(data: bytes) -> str:
    with pytest.raises(ListError) as caught:
        read(Wanted("un"), [Source("un.xml", io.BytesIO(data))])
    return str(caught.value)


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE CONSOLIDATED_LIST>",
        '<!DOCTYPE CONSOLIDATED_LIST [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE CONSOLIDATED_LIST SYSTEM "http://127.0.0.1:1/some.dtd">',
        f'<!DOCTYPE CONSOLIDATED_LIST [<!ENTITY l0 "ha">{LAUGHS}]>',
    ],
    ids=["empty", "file", "web", "laughs"],
)
def test_records__a_document_type__is_refused_before_it_counts(doctype: str) -> None:
    data = UN.replace(DECLARATION, DECLARATION + doctype).replace(">MAMA<", ">&l9;<")
    assert refused(data.encode()) == (
        "un.xml: holds a document type, which no published list has; fetch the file again"
    )


def test_records__a_document_type_in_utf16__is_refused_too() -> None:
    data = UN.replace(DECLARATION, '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE CONSOLIDATED_LIST>')
    assert "holds a document type" in refused(data.encode("utf-16"))


def test_records__utf16_without_one__is_read() -> None:
    data = UN.replace(DECLARATION, '<?xml version="1.0" encoding="UTF-16"?>').encode("utf-16")
    document, _ = read(Wanted("un"), [Source("un.xml", io.BytesIO(data))])
    assert document.counts.parties == 2


@pytest.mark.parametrize("encoding", ["utf-7", "rot13", "nowhere", "base64", "utf-8-sig", "shift_jis", "x" * 300])
def test_records__an_encoding_that_is_none_of_xmls__is_refused(encoding: str) -> None:
    data = UN.replace('encoding="UTF-8"', f'encoding="{encoding}"')
    assert refused(data.encode()).startswith("un.xml: ")


def test_records__an_undefined_entity__is_refused() -> None:
    assert "is no complete XML" in refused(UN.replace(">MAMA<", ">&l9;<").encode())


def test_records__nesting_that_nobody_publishes__is_refused() -> None:
    assert "is nested deeper than 64" in refused(UN.replace(">MAMA<", f">{'<a>' * 100}{'</a>' * 100}<").encode())


def test_records__a_second_document_behind_the_first__is_refused() -> None:
    assert "is no complete XML" in refused((UN + UN.removeprefix(DECLARATION)).encode())


def test_records__a_record_without_end__is_refused_before_it_fills_the_memory() -> None:
    head, tail = UN.split(">MAMA<")
    assert "has a record of more than 16777216 characters" in refused(f"{head}>{'x' * 17_000_000}<{tail}".encode())


def test_records__text_around_children__stays_where_it_is() -> None:
    data = b"<r><a>one<b>two</b>three<b/>four</a>five<a/></r>"
    _, first, second = records(Source("x", io.BytesIO(data)), "r", frozenset("a"))
    assert (first.text, first[0].text, first[0].tail, first[1].tail) == ("one", "two", "three", "four")
    assert second.text is None and len(second) == 0


class Repeated:
    """A long list as a stream that never exists as a whole."""

    def __init__(self, times: int) -> None:
        first, behind = UN.index("<INDIVIDUAL>"), UN.index("</INDIVIDUALS>")
        start, one, end = UN[:first], UN[first:behind], UN[behind:]
        self.parts = [start.encode(), *([one.encode()] * times), end.encode()]
        self.size = sum(map(len, self.parts))
        self.left = b""

    def read(self, size: int) -> bytes:
        while len(self.left) < size and self.parts:
            self.left += self.parts.pop(0)
        piece, self.left = self.left[:size], self.left[size:]
        return piece


def test_parties__of_a_file_of_8_megabytes__need_less_than_one() -> None:
    stream = Repeated(5_000)
    size = stream.size
    assert size > 8_000_000
    tracemalloc.start()
    try:
        found = sum(1 for _ in parties(Draft("un"), [Source("un.xml", stream)]))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == 5_001 and peak < 1_000_000, f"{peak:,} bytes for {size:,}"


def test_room__loaded_alone__loads_no_effects() -> None:
    import subprocess
    import sys

    root = Path(__file__).resolve().parents[5]
    script = (
        "import importlib, pkgutil, sys\n"
        "room = importlib.import_module('keepers.compliance.lists')\n"
        "for found in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
        "print([name for name in sys.modules if name.startswith(('keepers.rpc', 'keepers.store', 'keepers.config',"
        " 'keepers.contracts', 'keepers.transactions', 'keepers.signers', 'sqlalchemy', 'web3', 'requests'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
