"""The United Nations, the European Union, the United Kingdom, and lists by a mapping."""

from __future__ import annotations

import pytest

from keepers.compliance.lists import mapping
from keepers.compliance.lists.draft import Draft
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.records import Counts, ListDocument, ListedName, ListedWallet, NamePart
from keepers.schema import YamlError
from tests.unit.keepers.compliance.lists.reading import (
    FIRST,
    SECOND,
    by_uid,
    bytes_of,
    reading,
    refusing,
    source,
)

UK_REGIME = "The Afghanistan (Sanctions) (EU Exit) Regulations 2020"


def test_un__individuals_and_entities__are_counted_and_dated() -> None:
    document, draft = reading("un", "un.xml")
    assert document.published == "2026-02-27T00:00:09Z"
    assert document.counts == Counts(parties=2, names=4, weak_names=1, wallets=1)
    assert draft.findings == [] and not draft.unread


def test_un__an_individual__has_everything_that_is_published() -> None:
    party = by_uid(reading("un", "un.xml")[0])["6907993"]
    assert [(name.text, name.strength) for name in party.names] == [
        ("AMINA SAMPLE MUSTER", "primary"),
        ("أمينة", "strong"),
        ("AMINA MUSTER", "strong"),
        ("MAMA", "weak"),
    ]
    assert party.birth_dates == ("1971~", "1973/1974", "1972-03-04")
    assert party.countries == ("CD", "RW") and party.programmes == ("DRC",)
    assert party.wallets == (ListedWallet(FIRST),)
    assert party.remarks.endswith("be1b.\nLives & works abroad.")


def test_un__an_entity__has_its_alias_and_address() -> None:
    party = by_uid(reading("un", "un.xml")[0])["6908400"]
    assert (party.kind, party.countries) == ("entity", ("KP",))
    assert [name.text for name in party.names] == ["SAMPLE TRADING COMPANY", "STC"]


def test_eu__persons_and_enterprises__are_counted_and_dated() -> None:
    document, draft = reading("eu-fsf", "eu.xml")
    assert document.published == "2026-08-05T14:47:04Z"
    assert document.counts == Counts(parties=2, names=2, weak_names=1, wallets=1)
    assert draft.findings == [] and not draft.unread


def test_eu__a_person__has_the_first_strong_name_as_primary() -> None:
    party = by_uid(reading("eu-fsf", "eu.xml")[0])["13"]
    given, middle, family = (
        NamePart("given", "Karim"),
        NamePart("middle", "Ben"),
        NamePart("family", "Example Al-Sample"),
    )
    assert party.names == (
        ListedName("Karim Ben Example Al-Sample", "primary", "", "en", (given, middle, family)),
        ListedName("Abu Muster", "weak"),
        ListedName("كريم", "strong", "", "ar"),
    )
    assert party.birth_dates == ("1937-04-28", "1938~", "1940/1942")
    assert party.countries == ("IQ",) and party.programmes == ("IRQ",)
    assert party.wallets == (ListedWallet(SECOND),)
    assert party.remarks.startswith("Listed under an invented act\nOther identification number 0x901b")


def test_eu__an_enterprise__has_no_country_00() -> None:
    party = by_uid(reading("eu-fsf", "eu.xml")[0])["983"]
    assert (party.kind, party.countries, party.programmes) == ("entity", ("US",), ("TAQA",))


def uk(format_: str) -> tuple[ListDocument, Draft]:
    return reading(format_, "uk.xml" if format_ == "uk-xml" else "uk.csv")


@pytest.mark.parametrize("format_", ["uk-xml", "uk-csv"])
def test_uk__both_forms__are_the_same_list(format_: str) -> None:
    document, draft = uk(format_)
    assert (document.list_id, document.published) == ("uk", "2026-10-08")
    assert document.counts == Counts(parties=3, names=4, weak_names=1, wallets=1)
    assert document.parties == uk("uk-xml")[0].parties
    assert draft.findings == [] and not draft.unread


@pytest.mark.parametrize("format_", ["uk-xml", "uk-csv"])
def test_uk__an_individual__has_everything_that_is_published(format_: str) -> None:
    party = by_uid(uk(format_)[0])["AFG9006"]
    parts = (NamePart("given", "HASSAN"), NamePart("middle", "BEN"), NamePart("family", "EXAMPLE"))
    assert party.names[0] == ListedName("HASSAN BEN EXAMPLE", "primary", parts=parts)
    assert [(name.text, name.strength) for name in party.names[1:]] == [
        ("Mullah Example", "weak"),
        ("HASAN EXAMPLE", "strong"),
        ("حسن", "strong"),
    ]
    assert (party.names[3].script, party.names[3].language) == ("Arab", "ps")
    assert party.birth_dates == ("1950", "1955-08-27", "1956-09")
    assert party.countries == ("AF", "PK") and party.programmes == (UK_REGIME,)
    assert party.wallets == (ListedWallet(FIRST),)
    assert party.remarks.endswith("DEbe1B.\nAn invented reason.")


def test_uk__a_ship__has_its_flag() -> None:
    party = by_uid(uk("uk-xml")[0])["RUS9176"]
    assert (party.kind, party.countries) == ("vessel", ("GA",))


def test_uk__a_csv_without_its_date__is_refused() -> None:
    headless = bytes_of("uk.csv").partition(b"\r\n")[2]
    with pytest.raises(ListError, match=r"uk.csv: lacks the column Unique ID; give the format that the file has"):
        read(Wanted("uk-csv"), [source("uk.csv", headless)])


def test_uk__a_csv_without_its_last_line_end__is_refused() -> None:
    _, draft = read(Wanted("uk-csv"), [source("uk.csv", bytes_of("uk.csv").rstrip())])
    assert refusing(draft) == ["uk.csv: does not end with a line's end, so that it may be cut off; fetch it again"]


@pytest.mark.parametrize(("format_", "name"), [("un", "un.xml"), ("eu-fsf", "eu.xml"), ("uk-xml", "uk.xml")])
def test_xml__a_file_cut_off_at_any_byte__is_refused(format_: str, name: str) -> None:
    whole = bytes_of(name).rstrip()
    for length in range(len(whole)):
        with pytest.raises(ListError):
            read(Wanted(format_, published="2026-01-01"), [source(name, whole[:length])])


@pytest.mark.parametrize("format_", ["un", "eu-fsf", "uk-xml", "ofac-advanced"])
def test_xml__another_publishers_file__is_refused(format_: str) -> None:
    name = "eu.xml" if format_ == "un" else "un.xml"
    with pytest.raises(ListError, match="; give the format that the file has"):
        read(Wanted(format_), [source(name)])


@pytest.mark.parametrize(
    ("format_", "name", "gone"),
    [
        ("un", "un.xml", b"<DATAID>6907993</DATAID>"),
        ("eu-fsf", "eu.xml", b' logicalId="13"'),
        ("uk-xml", "uk.xml", b"<UniqueID>AFG9006</UniqueID>"),
    ],
)
def test_xml__a_record_without_identifier__is_refused(format_: str, name: str, gone: bytes) -> None:
    with pytest.raises(ListError, match="has no identifier or no name; fetch it again"):
        read(Wanted(format_), [source(name, bytes_of(name).replace(gone, b""))])


def mapped(name: str, data: str, changed: tuple[str, str] = ("", "")) -> tuple[ListDocument, Draft]:
    text = bytes_of(name).decode().replace(*changed) if changed[0] else bytes_of(name).decode()
    return read(Wanted("mapping", mapping=mapping.parse(text, name)), [source(data)])


def test_mapping__rows_with_one_identifier__are_one_party() -> None:
    document, draft = mapped("national.yaml", "national.csv")
    assert (document.list_id, document.published) == ("au-dfat", "2026-03-12")
    person, entity = document.parties
    assert [(name.text, name.strength) for name in person.names] == [("Juan MUESTRA", "primary"), ("EL JEFE", "weak")]
    assert person.birth_dates == ("1970-01-01", "1971-02") and person.countries == ("CU", "ES")
    assert person.wallets == (ListedWallet(FIRST),) and person.kind == "person"
    assert (entity.kind, entity.countries, entity.programmes) == ("entity", ("DE",), ("1718",))
    assert draft.findings == [] and not draft.unread


def test_mapping__of_xml__reads_paths_and_attributes() -> None:
    document, _ = mapped("national_xml.yaml", "national.xml")
    (party,) = document.parties
    assert (document.list_id, document.published, party.uid) == ("ch-seco", "2026-05-06", "7")
    assert [(name.text, name.strength) for name in party.names] == [("Max Muster", "primary"), ("Der Lange", "weak")]
    assert party.birth_dates == ("1960-07-08",) and party.countries == ("CH",)
    assert party.wallets == (ListedWallet(SECOND),)


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (("uid: Reference", "uid: Number"), "national.csv: has no headings Number, Name of Individual or Entity"),
        (('delimiter: ";"', 'delimiter: ","'), "national.csv: has no headings Reference"),
        (("format: csv", "format: ods"), "national.yaml format: input should be 'csv' or 'xml'; see docs/compliance-"),
        (("list: au-dfat", "list: AU DFAT"), "national.yaml list: string should match pattern"),
        (("fields:", "colour: red\nfields:"), "national.yaml colour: extra inputs are not permitted"),
        (("format: csv", "format: xml"), "national.yaml mapping: value error, xml needs root and record; name both"),
    ],
)
def test_mapping__that_does_not_fit__is_refused_in_one_line(changed: tuple[str, str], line: str) -> None:
    with pytest.raises(ListError) as refused:
        mapped("national.yaml", "national.csv", changed)
    assert str(refused.value).startswith(line)


def test_mapping__that_is_no_yaml__is_refused() -> None:
    with pytest.raises(YamlError):
        mapping.parse("list: [", "some.yaml")
