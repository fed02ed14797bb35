"""Damaged and hostile bytes in every format: a list comes out or a refusal in one line, and nothing else."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.compliance.lists import mapping
from keepers.compliance.lists.draft import Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.formats import NAMES, Wanted, read
from keepers.compliance.lists.records import Counts
from tests.unit.keepers.compliance.lists.reading import bytes_of, ofac

FILES = {
    "ofac-csv": "sdn.csv",
    "ofac-advanced": "sdn_advanced.xml",
    "ofac-delta": "delta.xml",
    "un": "un.xml",
    "eu-fsf": "eu.xml",
    "uk-xml": "uk.xml",
    "uk-csv": "uk.csv",
    "mapping": "national.csv",
}
MAPPING = mapping.parse(bytes_of("national.yaml").decode(), "national.yaml")
BEFORE = ofac()[0]
PIECES = (
    b"",
    b"\x00",
    b"\x1a",
    b'"',
    b"\r",
    b"\n",
    b",",
    b"<",
    b">",
    b"&",
    b"</a>",
    b"\xff\xfe",
    b"-0-",
    b"9" * 400,
    b"0x",
)


def outcome(format_: str, data: bytes) -> None:
    """Reads bytes; anything but a list or a refusal in one line fails."""
    wanted = Wanted(format_, published="2026-09-23", mapping=MAPPING, before=BEFORE)
    try:
        document, _ = read(wanted, [Source(FILES[format_], io.BytesIO(data))])
    except ListError as error:
        assert "\n" not in str(error) and str(error).count("; ") >= 1 and len(str(error)) < 400
    else:
        assert document.counts == Counts.of(document.parties) and document.parties
        assert all(party.uid and party.names and party.names[0].strength == "primary" for party in document.parties)
        assert document.files[0].size == len(data)


def test_files__of_this_test__are_of_every_format() -> None:
    assert set(FILES) == set(NAMES)


@settings(max_examples=150, deadline=None)
@given(st.data())
@pytest.mark.parametrize("format_", FILES)
def test_read__a_file_with_damage_anywhere__is_a_list_or_refused(format_: str, data: st.DataObject) -> None:
    whole = bytes_of(FILES[format_])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole)))
        gone = data.draw(st.integers(0, 40))
        whole = whole[:at] + data.draw(st.sampled_from(PIECES) | st.binary(max_size=8)) + whole[at + gone :]
    outcome(format_, whole)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
@pytest.mark.parametrize("format_", FILES)
def test_read__any_bytes__are_refused(format_: str, data: bytes) -> None:
    outcome(format_, data)


@pytest.mark.parametrize("format_", FILES)
@pytest.mark.parametrize("other", FILES.values())
def test_read__another_formats_file__is_a_list_of_its_own_or_refused(format_: str, other: str) -> None:
    outcome(format_, bytes_of(other))
