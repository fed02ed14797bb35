"""Any list as CSV or XML, by a small mapping file.

A mapping names the columns (CSV, by heading) or the elements and attributes (XML, as paths such as "Name/Full" or
"@id") that hold what the records need:

    list: au-dfat
    format: csv
    published: Report Date      # word in front of the date in a line above the headings; for XML a path from the root
    fields:
      uid: Reference
      names: [Name of Individual or Entity]
      name_type: {from: Name Type, primary: [Primary Name], weak: [Low]}
      kind: {from: Type, person: [Individual], entity: [Entity], vessel: [Vessel]}
      birth_dates: [Date of Birth]
      countries: [Citizenship, Address Country]
      programmes: [Committees]
      remarks: [Additional Information]
    split: ";"                  # separates values in a cell

Rows with the same `uid` are one party. Other keys are `delimiter`, `encoding` and, for XML, `root` and `record`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal
from xml.etree.ElementTree import Element

from pydantic import Field, ValidationError, model_validator

from keepers.compliance.lists import dates
from keepers.compliance.lists.build import party
from keepers.compliance.lists.csvstream import Lines, rows
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.names import whole
from keepers.compliance.lists.places import code_of
from keepers.compliance.lists.records import Kind, ListedName, ListedParty, Strength
from keepers.compliance.lists.xmlstream import records, squeezed
from keepers.schema import Strict, parse_mapping

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(max_length=32)]
_TOP = 20
"""Maximum number of lines above the headings."""


class KindOf(Strict):
    """Place of a party's kind, and the words that stand for each."""

    source: Text = Field(alias="from")
    person: Texts = ()
    entity: Texts = ()
    vessel: Texts = ()
    aircraft: Texts = ()

    def read(self, word: str) -> Kind:
        """Returns the kind that a word means."""
        for kind in ("person", "entity", "vessel", "aircraft"):
            if word.lower() in (known.lower() for known in getattr(self, kind)):
                return kind
        return "unknown"


class StrengthOf(Strict):
    """Place of a name's type; what is neither primary nor weak is strong."""

    source: Text = Field(alias="from")
    primary: Texts = ()
    weak: Texts = ()

    def read(self, word: str) -> Strength:
        """Returns the strength that a word means."""
        if word.lower() in (known.lower() for known in self.weak):
            return "weak"
        return "primary" if word.lower() in (known.lower() for known in self.primary) else "strong"


class Fields(Strict):
    """Columns or paths of what the records need."""

    uid: Text
    names: Annotated[Texts, Field(min_length=1)]
    aliases: Texts = ()
    weak_aliases: Texts = ()
    name_type: StrengthOf | None = None
    kind: KindOf | Kind = "unknown"
    birth_dates: Texts = ()
    countries: Texts = ()
    programmes: Texts = ()
    remarks: Texts = ()


class Mapped(Strict):
    """A mapping file; see the module."""

    list_id: Annotated[str, Field(alias="list", pattern=r"^[a-z][a-z0-9-]{1,31}$")]
    format: Literal["csv", "xml"]
    fields: Fields
    published: str = ""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Literal["utf-8", "utf-16", "cp1252", "latin-1"] = "utf-8"
    split: str = ""
    root: str = ""
    record: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Mapped:
        if self.format == "xml" and not (self.root and self.record):
            raise ValueError("XML needs root and record; name both elements")
        return self


def parse(text: str, where: object) -> Mapped:
    """Reads a mapping file.

    Raises:
        YamlError: If it is no YAML that holds keys.
        ListError: If a key is missing, unknown or of another type.
    """
    try:
        return Mapped.model_validate(parse_mapping(text, where))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "mapping"
        raise ListError(f"{where} {place}", first["msg"].lower(), "see docs/compliance-desk.md for the keys") from None


def parties(draft: Draft, sources: Sequence[Source], mapped: Mapped) -> Iterator[ListedParty]:
    """Yields the parties of a list in the order in which they first come up.

    Raises:
        ListError: If the file is damaged, or lacks what the mapping names.
    """
    (source,) = sources
    read = _csv_records if mapped.format == "csv" else _xml_records
    made: dict[str, list[Mapping[str, list[str]]]] = {}
    wanted = _wanted(mapped.fields)
    for cells in read(draft, source, mapped, wanted):
        uid = (cells[mapped.fields.uid] or [""])[0]
        if not uid:
            raise ListError(source.name, f"has a record without {mapped.fields.uid}", "correct the mapping")
        made.setdefault(uid, []).append(cells)
    if not made:
        raise ListError(source.name, "has no records", "correct the mapping, or fetch the file again")
    yield from (_party(draft, mapped, uid, cells) for uid, cells in made.items())


def _wanted(fields: Fields) -> list[str]:
    found = [fields.uid]
    for value in (fields.names, fields.aliases, fields.weak_aliases, fields.birth_dates, fields.countries):
        found += value
    found += [*fields.programmes, *fields.remarks]
    for chosen in (fields.kind, fields.name_type):
        if isinstance(chosen, Strict):
            found.append(chosen.source)
    return list(dict.fromkeys(found))


def _csv_records(draft: Draft, source: Source, mapped: Mapped, wanted: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    lines = Lines(source, mapped.encoding)
    found = rows(iter(lines), source.name, mapped.delimiter)
    headings: list[str] = []
    for row, _ in zip(found, range(_TOP), strict=False):
        if mapped.published and row[0].strip().startswith(mapped.published):
            draft.published = dates.moment(" ".join(row).replace(mapped.published, "", 1).strip(" :"))
        if all(name in row for name in wanted):
            headings = row
            break
    if not headings:
        reason = f"has no headings {', '.join(wanted)} in its first {_TOP} lines"
        raise ListError(source.name, reason, "correct the mapping")
    for number, row in enumerate(found, 1):
        if len(row) != len(headings):
            reason = f"has {len(row)} columns, not {len(headings)}, in record {number}"
            raise ListError(source.name, reason, "fetch the file again")
        cells = dict(zip(headings, row, strict=True))
        yield {name: _split(cells[name], mapped.split) for name in wanted}
    if not lines.whole:
        draft.refuse(source.name, "does not end with a line's end, so that it may be cut off", "fetch it again")


def _xml_records(draft: Draft, source: Source, mapped: Mapped, wanted: Sequence[str]) -> Iterator[dict[str, list[str]]]:
    above = mapped.published.partition("/")[0]
    names = frozenset(filter(None, (mapped.record, "" if above.startswith("@") else above)))
    found = records(source, mapped.root, names)
    root = next(found)
    if above.startswith("@"):
        draft.published = dates.moment(root.get(above[1:], ""))
    for element in found:
        if element.tag == mapped.record:
            yield {name: [one for text in _texts(element, name) for one in _split(text, mapped.split)]
                   for name in wanted}  # fmt: skip
        else:
            below = mapped.published.partition("/")[2]
            draft.published = dates.moment((element.findtext(below) if below else element.text) or "")


def _texts(element: Element, path: str) -> list[str]:
    way, _, attribute = path.rpartition("@")
    if not attribute or "@" not in path:
        return [one.text or "" for one in element.iterfind(path)]
    way = way.rstrip("/")
    return [one.get(attribute, "") for one in (element.iterfind(way) if way else (element,))]


def _split(text: str, separator: str) -> list[str]:
    return [part for one in (text.split(separator) if separator else [text]) if (part := squeezed(one))]


def _party(draft: Draft, mapped: Mapped, uid: str, rows_of: Sequence[Mapping[str, list[str]]]) -> ListedParty:
    fields = mapped.fields

    def all_of(names: Sequence[str]) -> list[str]:
        return [text for cells in rows_of for name in names for text in cells[name]]

    kind: Any = fields.kind
    if isinstance(kind, KindOf):
        kind = kind.read(next(iter(all_of((kind.source,))), ""))
    births = [(text, dates.anything(text)) for text in all_of(fields.birth_dates)]
    if lost := sum(read is None for _, read in births):
        draft.unread["date of birth"] += lost
    return party(
        draft,
        uid,
        kind,
        dict.fromkeys(name for cells in rows_of for name in _names(fields, cells)),
        birth_dates=[read for _, read in births if read],
        countries=[draft.country(code_of(place), place) for place in all_of(fields.countries)],
        programmes=all_of(fields.programmes),
        remarks="\n".join(dict.fromkeys(all_of(fields.remarks))),
    )


def _names(fields: Fields, cells: Mapping[str, list[str]]) -> Iterator[ListedName]:
    strength: Strength = "primary"
    if fields.name_type is not None:
        strength = fields.name_type.read(next(iter(cells[fields.name_type.source]), ""))
    yield whole(" ".join(text for name in fields.names for text in cells[name]), strength)
    for name in fields.aliases:
        yield from (whole(text, "strong") for text in cells[name])
    for name in fields.weak_aliases:
        yield from (whole(text, "weak") for text in cells[name])
