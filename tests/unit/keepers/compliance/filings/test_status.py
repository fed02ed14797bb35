"""Status messages: what the authority found, and where the records are in the message as it was sent."""

from __future__ import annotations

import re

import pytest

from keepers.compliance.filings.carf import write_carf
from keepers.compliance.filings.crs import write_crs
from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.fatca import write_fatca
from keepers.compliance.filings.status import read_status
from tests.fixtures.filings import carf_message, crs_message, fatca_message, status_message, structural

CARF, CRS = write_carf(carf_message()), write_crs(crs_message())


def reference(content: bytes) -> str:
    (found,) = re.findall(rb"MessageRefId>([^<\s]+)<", content)
    return str(found.decode())


def records(content: bytes) -> list[str]:
    return [one.decode() for one in re.findall(rb"<stf:DocRefId>([^<\s]+)<", content)]


@pytest.mark.parametrize(("kind", "message"), [("CARF", CARF), ("CRS", CRS)], ids=["carf", "crs"])
def test_read_status__accepted__has_no_errors(kind: str, message: bytes) -> None:
    found = read_status(status_message(kind, reference(message)), message)
    assert (found.kind, found.original, found.accepted, found.errors) == (kind, reference(message), True, ())


def test_read_status__record_in_error__is_found_in_the_message_with_its_rule() -> None:
    _, second, third = records(CARF)
    found = read_status(status_message("CARF", reference(CARF), (second, third)), CARF)
    (error,) = found.errors
    assert found.accepted and (error.code, error.text) == ("80000", "a DocRefId stands once")
    assert error.source.startswith("OECD, Common Reporting Standard Status Message XML Schema")
    assert error.fields == ("CARF_OECD/CARFBody",)
    lines = CARF.decode().splitlines()
    assert [place for place, _ in error.places] == [f"CARF_OECD/CARFBody/CryptoUsers[{n}]" for n in (1, 2)]
    assert all("<carf:CryptoUsers>" in lines[line - 1] for _, line in error.places)


def test_read_status__without_the_message__has_the_references() -> None:
    (error,) = read_status(status_message("CRS", "x", ("DE2026FR-1",), code="99999")).errors
    assert (error.records, error.places, error.source) == (("DE2026FR-1",), (), "")
    assert "the authority's guide" in error.text


def test_read_status__file_that_was_rejected__says_why() -> None:
    found = read_status(status_message("CRS", file_code="50009"))
    assert not found.accepted and found.original == ""
    assert [(one.about, one.text) for one in found.errors] == [("file", "MessageRefId was not used before")]


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (status_message("CARF", "DE2026FR-other"), CARF, "has another MessageRefId"),
        (status_message("CARF", reference(CARF), ("DE2026FR-9",)), CARF, "has not the records"),
        (status_message("CRS", reference(CARF)), CARF, "is none of CRS"),
        (status_message("CRS", "x"), write_fatca(fatca_message()), "is none of CRS"),
        (status_message("CARF", "x"), b"<a>", "message, rule XML-3"),
        (CARF, None, "is none of urn:oecd:ties:csm:v2"),
        (b"", None, "status message, rule XML-3"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', None, "rule XML-2"),
        (status_message("CRS").replace(b"Accepted", b"Perhaps"), None, "is not valid by CrsStatusMessageXML_v2.0.xsd"),
        (
            status_message("CARF", "x", ("y",)).replace(b"<Code>80000</Code>", b""),
            None,
            "line 12: is not valid by CARF",
        ),
    ],
)
def test_read_status__files_that_do_not_fit__are_refused_without_a_value(
    status: bytes, message: bytes | None, said: str
) -> None:
    with pytest.raises(FilingError) as caught:
        read_status(status, message)
    assert said in str(caught.value)
    assert not any(value in str(caught.value) for value in ("Perhaps", "DE2026FR-9", "Jeanne"))


def test_read_status__every_element_that_is_not_right__is_refused() -> None:
    right = status_message("CARF", reference(CARF), (records(CARF)[1],), file_code="50005")
    wrong = [content for name, content in structural(right) if "left out" not in name]
    assert len(wrong) > 40
    for content in wrong:
        with pytest.raises(FilingError):
            read_status(content)
