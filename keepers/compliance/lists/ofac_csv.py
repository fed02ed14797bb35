"""OFAC's SDN and Consolidated lists as delimited files.

They follow OFAC's "Data Specification" of 25 September 2023 for sdn.csv, add.csv, alt.csv and sdn_comments.csv, and
the same for cons_prim.csv, cons_add.csv, cons_alt.csv and cons_comments.csv: no header, "-0-" for null, ASCII 26 at
the end of each file. Which file is which follows from its number of columns: 12 for the main file, 6 for addresses, 5
for alternate names, 2 for comments.

Remarks end at 1,000 characters and go on in the comments file, in the middle of a word: the two are joined as they are.
Weak aliases, dates of birth, nationalities and digital currency addresses stand in the joined remarks only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from keepers.compliance.lists import dates
from keepers.compliance.lists.build import party
from keepers.compliance.lists.csvstream import END_MARK, PIECE, Lines, rows
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.names import surname_first, whole
from keepers.compliance.lists.places import code_of
from keepers.compliance.lists.records import Kind, ListedName, ListedParty

CUT = 1000
"""Maximum number of characters of remarks in the main file."""

_NULL = "-0-"
_KINDS: Mapping[str, Kind] = {"individual": "person", "": "entity", "vessel": "vessel", "aircraft": "aircraft"}
_MAIN, _ADDRESSES, _ALIASES, _COMMENTS = 12, 6, 5, 2
_ROLES = {_MAIN: "main file", _ADDRESSES: "addresses", _ALIASES: "alternate names", _COMMENTS: "comments"}

_WEAK = re.compile(r"[afn]\.k\.a\. '(.+?)'(?=\s*(?:;|\.?\s*$|\())")
_FIELD = re.compile(r"(?:alt\. )?(DOB|nationality|citizen) (.*)", re.DOTALL)


@dataclass
class _Beside:
    """The lines of the other files by the number of their record.

    Attributes:
        countries: Countries of addresses.
        aliases: Alternate names.
        comments: Continuations of remarks.
    """

    countries: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)

    def uids(self) -> set[str]:
        """Numbers of the records that some line belongs to."""
        return {*self.countries, *self.aliases, *self.comments}


def parties(draft: Draft, sources: Sequence[Source]) -> Iterator[ListedParty]:
    """Yields the parties of a list, in the order of its main file.

    Raises:
        ListError: If a file is damaged, or the main one is missing.
    """
    by_role: dict[int, Source] = {}
    for source in sources:
        width = _width(source)
        if width not in _ROLES or width in by_role:
            reason = f"is a second file of {_ROLES[width]}" if width in _ROLES else f"has {width} columns"
            raise ListError(source.name, reason, "give one each of main file, addresses, alternate names and comments")
        by_role[width] = source
    if _MAIN not in by_role:
        raise ListError(sources[0].name, "is not the main file, with 12 columns", "give the main file too")
    draft.main = by_role[_MAIN].name
    beside = _Beside()
    for width, source in by_role.items():
        if width != _MAIN:
            _gather(beside, width, _rows(draft, source, width))
    main = _rows(draft, by_role[_MAIN], _MAIN)
    yield from _joined(draft, main, beside, commented=_COMMENTS in by_role)


def _width(source: Source) -> int:
    """Returns the number of columns of the first record."""
    head = source.peek(PIECE).decode("utf-8", "replace")
    if not head.strip(f"\r\n{END_MARK}\ufeff"):
        raise ListError(source.name, "is empty", "fetch the file again")
    return len(next(rows(iter(head.splitlines(keepends=True)), source.name)))


def _rows(draft: Draft, source: Source, width: int) -> Iterator[list[str]]:
    lines = Lines(source, mixed=True)
    for number, row in enumerate(rows(iter(lines), source.name), 1):
        if len(row) != width or not row[0].strip().isdigit():
            reason = f"has a record {number} with {len(row)} columns, not a number and {width - 1} more"
            raise ListError(source.name, reason, "fetch the file again")
        yield row
    if not lines.ended:
        draft.refuse(source.name, "lacks the mark at its end (ASCII 26), so that it may be cut off", "fetch it again")


def _value(cell: str) -> str:
    return "" if cell.strip() == _NULL else cell


def _gather(beside: _Beside, width: int, found: Iterable[list[str]]) -> None:
    for row in found:
        uid = row[0].strip()
        if width == _ADDRESSES and _value(row[4]):
            beside.countries.setdefault(uid, []).append(row[4])
        elif width == _ALIASES and _value(row[3]):
            beside.aliases.setdefault(uid, []).append(row[3])
        elif width == _COMMENTS and _value(row[1]):
            beside.comments[uid] = beside.comments.get(uid, "") + row[1]


def _joined(draft: Draft, main: Iterator[list[str]], beside: _Beside, *, commented: bool) -> Iterator[ListedParty]:
    seen: set[str] = set()
    cut = 0
    for row in main:
        uid, remarks = row[0].strip(), _value(row[11])
        if uid in seen:
            raise ListError(f"record {uid}", "stands in the main file twice", "fetch the file again")
        seen.add(uid)
        comment = beside.comments.get(uid, "")
        if comment and len(remarks) != CUT:
            reason = f"is continued by a comment after {len(remarks)} characters, not {CUT}"
            draft.note(f"record {uid}", reason, "check that both files are of one publication")
        cut += len(remarks) >= CUT and not comment and not remarks.endswith(".")
        yield _party(draft, row, remarks + comment, beside)
    if cut:
        reason = f"{cut} records have remarks that are cut at {CUT} characters and go on nowhere"
        remedy = "fetch the comments file again" if commented else "give the comments file too"
        draft.refuse(draft.list_id, reason, remedy)
    orphans = sorted(beside.uids() - seen, key=int)
    if orphans:
        reason = f"{len(orphans)} records have addresses, names or comments but are not in the main file"
        draft.refuse(f"record {orphans[0]}", reason, "give files of one publication")
    yield from (_orphan(draft, uid, beside) for uid in orphans)


def _party(draft: Draft, row: list[str], remarks: str, beside: _Beside) -> ListedParty:
    kind = _KINDS.get(_value(row[2]).strip().lower(), "unknown")
    primary = surname_first(_value(row[1]), kind, "primary")
    if not primary.text:
        raise ListError(f"record {row[0]}", "has no name", "fetch the file again")
    programmes = _value(row[3]).split("] [")
    return _made(draft, row[0].strip(), kind, primary, remarks, beside, flag=_value(row[9]), programmes=programmes)


def _orphan(draft: Draft, uid: str, beside: _Beside) -> ListedParty:
    """Returns what is known of a record that the main file lacks, so that no account of it is lost."""
    name = whole(f"record {uid} of {draft.list_id}", "primary")
    return _made(draft, uid, "unknown", name, beside.comments.get(uid, ""), beside)


def _made(
    draft: Draft,
    uid: str,
    kind: Kind,
    primary: ListedName,
    remarks: str,
    beside: _Beside,
    flag: str = "",
    programmes: Sequence[str] = (),
) -> ListedParty:
    aliases = [surname_first(alias, kind, "strong") for alias in beside.aliases.get(uid, ())]
    weak = [whole(match[1], "weak") for match in _WEAK.finditer(remarks)]
    births, places = _fields(draft, remarks)
    return party(
        draft,
        uid,
        kind,
        (primary, *aliases, *weak),
        birth_dates=births,
        countries=[draft.country(code_of(name), name) for name in (flag, *places, *beside.countries.get(uid, ()))],
        programmes=[programme.strip() for programme in programmes],
        remarks=remarks,
    )


def _fields(draft: Draft, remarks: str) -> tuple[list[str], list[str]]:
    """Returns dates of birth, and names of countries of nationality and citizenship."""
    births, places = [], []
    for segment in remarks.split(";"):
        match = _FIELD.match(segment.strip())
        if match is None:
            continue
        text = match[2].rstrip().rstrip(".")
        if match[1] != "DOB":
            places.append(text)
        elif read := dates.words(text):
            births.append(read)
        else:
            draft.unread["date of birth"] += 1
    return births, places
