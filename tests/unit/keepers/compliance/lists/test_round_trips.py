"""Any list, rendered in a published format and read again, is the same list; and the database's text of any party."""

from __future__ import annotations

import csv
import io
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.compliance.lists import serial
from keepers.compliance.lists.draft import Source
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.records import ListedName, ListedParty, ListedWallet, NamePart
from keepers.compliance.lists.wallets import wallet_of

LETTERS = "abcXYZ éß漢ж'\"&<>,.-()"
text = st.text(LETTERS, min_size=1, max_size=20).map(lambda given_: " ".join(given_.split())).filter(bool)
wallets = st.binary(min_size=20, max_size=20).map(lambda given_: wallet_of(given_.hex(), "ETH"))


@st.composite
def ofac_rows(draw: st.DrawFn) -> tuple[list[list[str]], list[tuple[str, str, tuple[str, ...], str]]]:
    """Rows of a main file with full remarks, and what has to be read from each."""
    rows, expected = [], []
    for uid in sorted(draw(st.sets(st.integers(1, 99_999), min_size=1, max_size=6))):
        name = draw(st.text("ABC é", min_size=1, max_size=10).filter(str.strip))
        accounts = draw(st.lists(wallets, max_size=60, unique_by=lambda one: one.address))
        padding = draw(st.integers(0, 1200))
        listed = "; ".join(f"Digital Currency Address - ETH {one.address}" for one in accounts)
        remarks = f"POB {'x' * padding}; {listed}." if padding % 3 else f"{listed}."
        programme = draw(st.sampled_from(["CUBA", "SDGT] [IRAN"]))
        rows.append([str(uid), name, "-0- ", programme, *["-0- "] * 7, remarks])
        addresses = tuple(one.address for one in accounts)
        expected.append((str(uid), " ".join(name.split()), addresses, remarks))
    return rows, expected


def delimited(rows: list[list[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue().encode() + b"\x1a"


@settings(max_examples=60, deadline=None)
@given(ofac_rows())
def test_ofac_csv__any_records__are_read_as_they_were_written(
    given_: tuple[list[list[str]], list[tuple[str, str, tuple[str, ...], str]]],
) -> None:
    rows, expected = given_
    comments = [[row[0], row[11][1000:]] for row in rows if len(row[11]) > 1000]
    main = [[*row[:11], row[11][:1000]] for row in rows]
    files = [Source("sdn.csv", io.BytesIO(delimited(main)))]
    files += [Source("sdn_comments.csv", io.BytesIO(delimited(comments)))] if comments else []
    document, draft = read(Wanted("ofac-csv", published="2026-01-01"), files)
    assert draft.findings == []
    found = [
        (one.uid, one.primary, tuple(wallet.address for wallet in one.wallets), one.remarks) for one in document.parties
    ]
    assert found == expected


def un_xml(parties: list[ListedParty]) -> str:
    """Entities and individuals as the United Nations write them."""

    def record(one: ListedParty, tag: str) -> str:
        aliases = "".join(
            f"<{tag}_ALIAS><QUALITY>{'Low' if name.strength == 'weak' else 'Good'}</QUALITY>"
            f"<ALIAS_NAME>{escape(name.text)}</ALIAS_NAME></{tag}_ALIAS>"
            for name in one.names[1:]
        )
        births = "".join(
            f"<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>{day}</DATE></INDIVIDUAL_DATE_OF_BIRTH>"
            for day in one.birth_dates
        )
        return (
            f"<{tag}><DATAID>{one.uid}</DATAID><FIRST_NAME>{escape(one.primary)}</FIRST_NAME>"
            f"<UN_LIST_TYPE>{one.programmes[0]}</UN_LIST_TYPE><COMMENTS1>{escape(one.remarks)}</COMMENTS1>"
            f"{aliases}{births}</{tag}>"
        )

    people = "".join(record(one, "INDIVIDUAL") for one in parties if one.kind == "person")
    others = "".join(record(one, "ENTITY") for one in parties if one.kind == "entity")
    return (
        f'<CONSOLIDATED_LIST dateGenerated="2026-02-27T00:00:09.554Z"><INDIVIDUALS>{people}</INDIVIDUALS>'
        f"<ENTITIES>{others}</ENTITIES></CONSOLIDATED_LIST>"
    )


def eu_xml(parties: list[ListedParty]) -> str:
    """Persons and enterprises as the European Union writes them."""

    def record(one: ListedParty) -> str:
        aliases = "".join(
            f'<nameAlias wholeName={quoteattr(name.text)} strong="{str(name.strength != "weak").lower()}"/>'
            for name in one.names
        )
        births = "".join(f'<birthdate birthdate="{day}" circa="false"/>' for day in one.birth_dates)
        return (
            f'<sanctionEntity logicalId="{one.uid}"><remark>{escape(one.remarks)}</remark>'
            f'<regulation programme="{one.programmes[0]}"/>'
            f'<subjectType code="{"person" if one.kind == "person" else "enterprise"}"/>{aliases}{births}'
            f"</sanctionEntity>"
        )

    return (
        '<export xmlns="http://eu.europa.ec/fpi/fsd/export" generationDate="2026-02-27T00:00:09.554Z">'
        f"{''.join(map(record, parties))}</export>"
    )


def parties(list_id: str) -> st.SearchStrategy[list[ListedParty]]:
    """People first, then entities; names without parts."""

    def made(
        uid: int, kind: str, names: list[tuple[str, str]], days: list[str], account: ListedWallet | None
    ) -> ListedParty:
        listed = tuple(
            ListedName(name, "primary" if at == 0 else "weak" if weak else "strong", parts=_parts(list_id, kind, name))
            for at, (name, weak) in enumerate(names)
        )
        wallet = () if account is None else (ListedWallet(account.address),)
        remarks = "" if account is None else f"uses {account.address}, as is said"
        births = tuple(dict.fromkeys(days)) if kind == "person" else ()
        return ListedParty(list_id, str(uid), kind, listed, births, (), ("P",), wallet, remarks)  # type: ignore[arg-type]

    one = st.builds(
        made,
        st.integers(1, 10**6),
        st.sampled_from(["person", "entity"]),
        st.lists(st.tuples(text, st.booleans()), min_size=1, max_size=4),
        st.lists(st.dates().map(lambda day: day.isoformat()), max_size=3),
        st.none() | wallets,
    )
    several = st.lists(one, min_size=1, max_size=5, unique_by=lambda party: party.uid)
    return several.map(lambda found: sorted(found, key=lambda party: party.kind != "person"))


def _parts(list_id: str, kind: str, name: str) -> tuple[NamePart, ...]:
    return (NamePart("whole", name),) if list_id == "eu-fsf" and kind == "entity" else ()


@settings(max_examples=60, deadline=None)
@given(parties("un"))
def test_un__any_parties__are_read_as_they_were_written(given_: list[ListedParty]) -> None:
    document, draft = read(Wanted("un"), [Source("un.xml", io.BytesIO(un_xml(given_).encode()))])
    assert list(document.parties) == given_ and draft.findings == []


@settings(max_examples=60, deadline=None)
@given(parties("eu-fsf"))
def test_eu__any_parties__are_read_as_they_were_written(given_: list[ListedParty]) -> None:
    document, draft = read(Wanted("eu-fsf"), [Source("eu.xml", io.BytesIO(eu_xml(given_).encode()))])
    assert list(document.parties) == given_ and draft.findings == []


@given(parties("un"))
def test_serial__any_party__is_the_same_again(given_: list[ListedParty]) -> None:
    for one in given_:
        line = serial.to_text(one)
        assert "\n" not in line and serial.of_text(one.list_id, one.uid, one.kind, line) == one


def test_serial__every_field__is_kept() -> None:
    part = (NamePart("family", "A"), NamePart("given", "B"))
    one = ListedParty(
        "x", "1", "vessel", (ListedName("A B", "primary", "Latn", "en", part),), ("1971~",), ("DE",), ("P",),
        (ListedWallet("0x" + "1" * 40, "ETH", True), ListedWallet("0x" + "2" * 40)), "r",
    )  # fmt: skip
    assert serial.of_text("x", "1", "vessel", serial.to_text(one)) == one
