from __future__ import annotations

import pytest

from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.records import Counts, ListedName, ListedWallet, NamePart
from tests.unit.keepers.compliance.lists.reading import (
    FIRST,
    OFAC_FILES,
    PUBLISHED,
    SECOND,
    THIRD,
    by_uid,
    bytes_of,
    ofac,
    reading,
    refusing,
    source,
)


def test_parties__four_files__are_one_list_with_their_numbers() -> None:
    document, draft = ofac()
    assert document.list_id == "ofac-sdn" and document.published == PUBLISHED
    assert document.counts == Counts(parties=5, names=6, weak_names=3, wallets=3)
    assert [party.uid for party in document.parties] == ["36", "306", "2674", "4238", "5001"]
    assert [party.kind for party in document.parties] == ["entity", "entity", "person", "vessel", "aircraft"]
    assert draft.findings == [] and dict(draft.unread) == {"date of birth": 1}


def test_parties__remarks_of_1000_characters__go_on_in_the_middle_of_a_word() -> None:
    (cut,) = (row for row in bytes_of("sdn.csv").decode().splitlines() if row.startswith("2674"))
    remarks = by_uid(ofac()[0])["2674"].remarks
    assert len(remarks) > 1000 and cut[:-1].endswith(remarks[:1000])
    assert f"Digital Currency Address - USDT {SECOND}; alt. Digital" in remarks
    assert remarks[979:1021] == SECOND


def test_parties__addresses_of_every_asset__are_found_across_the_cut() -> None:
    assert by_uid(ofac()[0])["2674"].wallets == (
        ListedWallet(FIRST, "ETH"),
        ListedWallet(SECOND, "USDT"),
        ListedWallet(THIRD, "ARB"),
    )


def test_parties__a_person__has_names_dates_countries_and_programmes() -> None:
    party = by_uid(ofac()[0])["2674"]
    parts = (NamePart("family", "PETROV"), NamePart("given", "Ivan Ivanovich"))
    assert party.names[0] == ListedName("PETROV, Ivan Ivanovich", "primary", parts=parts)
    assert [(name.text, name.strength) for name in party.names[1:]] == [
        ("PETROFF, Ivan", "strong"),
        ("PETROV, Vanya", "strong"),
        ("LITTLE FOX", "weak"),
        ("OLD FOX", "weak"),
    ]
    assert party.birth_dates == ("1965-09-18", "1966~")
    assert party.countries == ("AE", "KP", "RU")
    assert party.programmes == ("RUSSIA-EO14024", "CYBER2")


def test_parties__a_vessel__has_its_flag_and_quoted_cells() -> None:
    party = by_uid(ofac()[0])["4238"]
    assert party.countries == ("PA",) and party.names[0].parts == (NamePart("whole", "MAR AZUL"),)


def test_parties__files_in_another_order__are_the_same_list() -> None:
    document, _ = read(Wanted("ofac-csv", published=PUBLISHED), [source(name) for name in reversed(OFAC_FILES)])
    assert document == ofac()[0]
    assert [file.source for file in document.files] == ["sdn.csv", "add.csv", "alt.csv", "sdn_comments.csv"]


def test_list_of__files_named_cons__are_the_consolidated_list() -> None:
    files = [source("CONS_PRIM.CSV", bytes_of("sdn.csv")), source("cons_comments.csv", bytes_of("sdn_comments.csv"))]
    assert read(Wanted("ofac-csv", published=PUBLISHED), files)[0].list_id == "ofac-consolidated"


def test_parties__without_the_comments__are_refused_for_remarks_that_go_on_nowhere() -> None:
    _, draft = read(Wanted("ofac-csv", published=PUBLISHED), [source("sdn.csv")])
    (line,) = refusing(draft)
    assert line.startswith("ofac-sdn: 1 records have remarks that are cut at 1000 characters and go on nowhere")
    assert line.endswith("give the comments file too")


def test_parties__comments_of_a_record_that_is_not_there__are_refused_and_lose_no_account() -> None:
    comments = f'99,"ss - ETH {FIRST[:20].lower()}{FIRST[20:].lower()}."\r\n'.encode() + bytes_of("sdn_comments.csv")
    document, draft = ofac(sdn_comments=comments)
    assert refusing(draft)[0].startswith("record 99: 1 records have addresses, names or comments but are not")
    orphan = by_uid(document)["99"]
    assert orphan.kind == "unknown" and orphan.wallets == (ListedWallet(FIRST, "ETH"),)


def test_parties__a_comment_behind_short_remarks__is_joined_and_noted() -> None:
    document, draft = ofac(sdn_comments=b"306,\" a.k.a. 'SECOND'.\"\r\n" + bytes_of("sdn_comments.csv"))
    assert by_uid(document)["306"].remarks == "a.k.a. 'EXB'. a.k.a. 'SECOND'."
    assert [str(finding) for finding in draft.findings] == [
        "record 306: is continued by a comment after 13 characters, not 1000; "
        "check that both files are of one publication"
    ]


def test_parties__bytes_that_are_not_utf8__are_read_as_windows_1252() -> None:
    document, _ = ofac(alt=b'306,1,"aka","CA\xd1A",-0- \r\n306,2,"aka","\xc3\x91ANDU",-0- \r\n\x1a')
    assert [name.text for name in by_uid(document)["306"].names[1:3]] == ["CAÑA", "ÑANDU"]


@pytest.mark.parametrize("name", OFAC_FILES)
def test_parties__a_file_without_its_end_mark__is_refused(name: str) -> None:
    _, draft = ofac(**{name.removesuffix(".csv"): bytes_of(name).rstrip(b"\x1a")})
    assert refusing(draft) == [
        f"{name}: lacks the mark at its end (ASCII 26), so that it may be cut off; fetch it again"
    ]


@pytest.mark.parametrize("name", OFAC_FILES)
def test_parties__a_file_cut_off_at_any_byte__is_refused(name: str) -> None:
    whole = bytes_of(name)
    for length in range(len(whole)):
        try:
            _, draft = ofac(**{name.removesuffix(".csv"): whole[:length]})
        except ListError:
            continue
        assert refusing(draft), f"{length} of {len(whole)} bytes"


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (b"", "sdn.csv: is empty; fetch the file again"),
        (b"\x1a", "sdn.csv: is empty; fetch the file again"),
        (b"<html><body>Not found</body></html>", "sdn.csv: has 1 columns; give one each of main file, addresses,"),
        (b"x" + bytes_of("sdn.csv"), "sdn.csv: has a record 1 with 12 columns, not a number and 11 more; fetch"),
        (bytes_of("sdn.csv") + b"\r\n1,more\r\n", "sdn.csv: goes on behind its end mark; fetch the file again"),
        (bytes_of("sdn.csv")[:-1] * 2 + b"\x1a", "record 36: stands in the main file twice; fetch the file again"),
        (b'1,"",-0- ' + b",-0- " * 9 + b"\r\n\x1a", "record 1: has no name; fetch the file again"),
    ],
    ids=["nothing", "end mark alone", "a web page", "no number", "more behind the end", "twice", "no name"],
)
def test_parties__a_main_file_that_is_none__is_refused_in_one_line(rows: bytes, line: str) -> None:
    with pytest.raises(ListError) as refused:
        ofac(sdn=rows)
    assert str(refused.value).startswith(line)


def test_read__two_main_files__are_refused() -> None:
    with pytest.raises(ListError, match=r"sdn\.csv: is a second file of main file; give one each"):
        reading("ofac-csv", "sdn.csv", "sdn.csv", published=PUBLISHED)


def test_read__no_main_file__is_refused() -> None:
    with pytest.raises(ListError, match=r"alt\.csv: is not the main file, with 12 columns; give the main file too"):
        reading("ofac-csv", "alt.csv", published=PUBLISHED)


def test_read__no_date__is_refused() -> None:
    with pytest.raises(ListError, match=r"sdn\.csv: does not say when it was published; give --published YYYY-MM-DD"):
        reading("ofac-csv", *OFAC_FILES)
