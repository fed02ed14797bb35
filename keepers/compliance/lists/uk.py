"""The UK Sanctions List in its XML and CSV forms, as published by the Foreign, Commonwealth and Development Office.

It is the only list of the United Kingdom since 28 January 2026. In XML the root is `Designations`, whose
`DateGenerated` is the date of publication ("08/10/2026"). In CSV the first line says it ("Report Date: 28-Jan-2026"),
the second has the headings, and a designation has a row for each of its names. An unknown day or month of birth is
"dd", "mm" or "00". Types of names differ in their capitals; "Low quality" makes an alias weak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from keepers.compliance.lists import dates
from keepers.compliance.lists.build import party
from keepers.compliance.lists.csvstream import Lines, rows
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.names import of_parts
from keepers.compliance.lists.places import code_of
from keepers.compliance.lists.records import Kind, ListedName, ListedParty, PartKind, Strength
from keepers.compliance.lists.xmlstream import records, squeezed, text_of

_KINDS: Mapping[str, Kind] = {"individual": "person", "entity": "entity", "ship": "vessel"}
_SCRIPTS: Mapping[str, str] = {
    "arabic": "Arab", "cyrillic": "Cyrl", "chinese": "Hani", "korean": "Kore", "hangul": "Hang", "hebrew": "Hebr",
    "burmese": "Mymr", "greek": "Grek", "georgian": "Geor", "armenian": "Armn", "japanese": "Jpan", "latin": "Latn",
}  # fmt: skip
_LANGUAGES: Mapping[str, str] = {
    "arabic": "ar", "russian": "ru", "belarusian": "be", "ukrainian": "uk", "chinese": "zh", "korean": "ko",
    "persian": "fa", "farsi": "fa", "dari": "prs", "pashto": "ps", "urdu": "ur", "burmese": "my", "serbian": "sr",
    "hebrew": "he", "georgian": "ka",
}  # fmt: skip


@dataclass
class _Designation:
    """Both forms' statements about one designation, in the words of the CSV's headings."""

    uid: str
    kind: str
    names: list[tuple[tuple[str, ...], str, str]] = field(default_factory=list)
    foreign: list[tuple[str, str, str]] = field(default_factory=list)
    births: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    regimes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def xml_parties(draft: Draft, sources: Sequence[Source]) -> Iterator[ListedParty]:
    """Yields the designations of the XML form in the order of the file.

    Raises:
        ListError: If it is no such file, or damaged.
    """
    (source,) = sources
    found = records(source, "Designations", frozenset(("DateGenerated", "Designation")))
    next(found)
    for element in found:
        if element.tag == "DateGenerated":
            draft.published = dates.moment(element.text or "")
        else:
            yield _party(draft, _of_element(element))


def _of_element(element: Element) -> _Designation:
    def texts(path: str) -> list[str]:
        return [squeezed(one.text or "") for one in element.iterfind(path)]

    made = _Designation(text_of(element, "UniqueID"), text_of(element, "IndividualEntityShip"))
    for name in element.iterfind("Names/Name"):
        parts = tuple(text_of(name, f"Name{number}") for number in range(1, 7))
        made.names.append((parts, text_of(name, "NameType"), text_of(name, "AliasStrength")))
    for name in element.iterfind("NonLatinNames/NonLatinName"):
        fields = ("NameNonLatinScript", "NonLatinScriptType", "NonLatinScriptLanguage")
        script, kind, language = (text_of(name, path) for path in fields)
        made.foreign.append((script, kind, language))
    made.births = texts(".//DOBs/DOB")
    flags = ".//CurrentBelievedFlagOfShips/CurrentBelievedFlagOfShip"
    made.places = [*texts("Addresses/Address/AddressCountry"), *texts(".//Nationalities/Nationality"), *texts(flags)]
    made.regimes = texts("RegimeName")
    said = (element.findtext(path) or "" for path in ("OtherInformation", "UKStatementofReasons"))
    made.remarks = [text.strip() for text in said]
    return made


_HEADINGS = ("Unique ID", "Name 6", "Name type", "Designation Type", "Regime Name", "D.O.B", "Nationality(/ies)")


def csv_parties(draft: Draft, sources: Sequence[Source]) -> Iterator[ListedParty]:
    """Yields the designations of the CSV form in the order of their first rows.

    Raises:
        ListError: If it is no such file, or damaged.
    """
    (source,) = sources
    lines = Lines(source)
    found = rows(iter(lines), source.name)
    top, headings = next(found, [""]), next(found, [])
    label, _, day = top[0].partition(":")
    missing = [name for name in _HEADINGS if name not in headings]
    if label.strip() != "Report Date" or missing:
        reason = f"lacks the column {missing[0]}" if missing else "does not begin with its report date"
        raise ListError(source.name, reason, "give the format that the file has")
    draft.published = dates.moment(day)
    made: dict[str, _Designation] = {}
    for number, row in enumerate(found, 3):
        if len(row) != len(headings):
            reason = f"has {len(row)} columns, not {len(headings)}, in record {number}"
            raise ListError(source.name, reason, "fetch the file again")
        cells = {name: squeezed(cell) for name, cell in zip(headings, row, strict=True)}
        _add_row(made, cells)
    if not lines.whole:
        draft.refuse(source.name, "does not end with a line's end, so that it may be cut off", "fetch it again")
    yield from (_party(draft, designation) for designation in made.values())


def _add_row(made: dict[str, _Designation], cells: Mapping[str, str]) -> None:
    one = made.setdefault(cells["Unique ID"], _Designation(cells["Unique ID"], cells["Designation Type"]))

    def add(to: list[str], *columns: str, split: str = "") -> None:
        for column in columns:
            given = cells.get(column, "")
            for text in given.split(split) if split else [given]:
                if text.strip() and text.strip() not in to:
                    to.append(text.strip())

    parts = tuple(cells.get(f"Name {number}", "") for number in range(1, 7))
    name = (parts, cells["Name type"], cells.get("Alias strength", ""))
    if name not in one.names:
        one.names.append(name)
    script, kind, language = (
        cells.get(column, "")
        for column in ("Name non-latin script", "Non-latin script type", "Non-latin script language")
    )
    if (script, kind, language) not in one.foreign:
        one.foreign.append((script, kind, language))
    add(one.births, "D.O.B", split=";")
    add(one.places, "Address Country")
    add(one.places, "Nationality(/ies)", "Current believed flag of ship", split=";")
    add(one.regimes, "Regime Name")
    add(one.remarks, "Other Information", "UK Statement of Reasons")


def _party(draft: Draft, given: _Designation) -> ListedParty:
    kind = _KINDS.get(given.kind.lower(), "unknown")
    latin = [_name(parts, kind, name_type, quality) for parts, name_type, quality in given.names]
    return party(
        draft,
        given.uid,
        kind,
        [*latin, *(_foreign(*name) for name in given.foreign)],
        birth_dates=_read(draft, given.births, dates.slashes),
        countries=[draft.country(code_of(place), place) for place in given.places],
        programmes=given.regimes,
        remarks="\n".join(filter(None, given.remarks)),
    )


def _name(parts: Sequence[str], kind: Kind, name_type: str, quality: str) -> ListedName:
    strength: Strength = "primary" if name_type.lower() == "primary name" else "strong"
    if "low" in quality.lower() or "weak" in quality.lower():
        strength = "weak"
    if kind != "person":
        return of_parts((("whole", " ".join(filter(None, (*parts[:5], parts[5])))),), strength)
    middle: list[tuple[PartKind, str]] = [("middle", part) for part in parts[1:5]]
    return of_parts((("given", parts[0]), *middle, ("family", parts[5])), strength)


def _foreign(text: str, kind: str, language: str) -> ListedName:
    script = next((code for name, code in _SCRIPTS.items() if name in kind.lower()), "")
    return ListedName(squeezed(text), "strong", script, _LANGUAGES.get(language.lower(), ""))


def _read(draft: Draft, texts: Sequence[str], reader: Callable[[str], str | None]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in filter(None, texts):
        if read := reader(text):
            found[read] = None
        else:
            draft.unread["date of birth"] += 1
    return tuple(found)
