"""Formats by name, and a whole list from its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from keepers.compliance.lists import eu, ofac_advanced, ofac_csv, sls_delta, uk, un
from keepers.compliance.lists import mapping as mappings
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.mapping import Mapped
from keepers.compliance.lists.records import Counts, ListDocument, ListedParty

DELTA, MAPPING = "ofac-delta", "mapping"
"""Formats that need more than their files: the list that a delta follows, or a mapping file."""

Reader = Callable[[Draft, Sequence[Source]], Iterator[ListedParty]]


@dataclass(frozen=True)
class Format:
    """A published format.

    Attributes:
        list_id: List that it holds, unless told otherwise.
        reader: Yields its parties.
        files: Maximum number of files that a list consists of.
    """

    list_id: str
    reader: Reader
    files: int = 1


FORMATS: Mapping[str, Format] = {
    "ofac-csv": Format("ofac-sdn", ofac_csv.parties, 4),
    "ofac-advanced": Format("ofac-sdn", ofac_advanced.parties),
    "un": Format("un", un.parties),
    "eu-fsf": Format("eu-fsf", eu.parties),
    "uk-xml": Format("uk", uk.xml_parties),
    "uk-csv": Format("uk", uk.csv_parties),
}
"""Formats that hold a whole list."""

NAMES = (*FORMATS, DELTA, MAPPING)
"""Every format."""


@dataclass(frozen=True)
class Wanted:
    """Streams to read.

    Attributes:
        format: One of NAMES.
        list_id: The list, for a format that holds several; "" for the format's own.
        published: Date of publication in ISO 8601 as a person says it; "" for none.
        modified: Date that a server gave, for files of which nobody says it; "" for none.
        mapping: Mapping of the format MAPPING.
        before: List that a delta follows.
    """

    format: str
    list_id: str = ""
    published: str = ""
    modified: str = ""
    mapping: Mapped | None = None
    before: ListDocument | None = None


def list_of(wanted: Wanted, names: Sequence[str]) -> str:
    """Returns the list that files hold.

    Args:
        wanted: Streams to read.
        names: The files' names: OFAC's Consolidated list is told from its SDN list by a name that begins with "cons".

    Raises:
        ListError: If the format is a mapping without one, or does not hold the list that is asked for.
    """
    if wanted.list_id:
        known = sls_delta.LISTS.values() if wanted.format.startswith("ofac") else ()
        if wanted.list_id not in known:
            choices = f"choose from: {', '.join(known)}" if known else "leave it out"
            raise ListError(f"list {wanted.list_id}", f"does not come in the format {wanted.format}", choices)
        return wanted.list_id
    if wanted.format == MAPPING:
        if wanted.mapping is None:
            raise ListError("format mapping", "has no mapping file", "give --mapping FILE")
        return wanted.mapping.list_id
    consolidated = any(name.rpartition("/")[2].lower().startswith("cons") for name in names)
    if wanted.format.startswith("ofac") and consolidated:
        return "ofac-consolidated"
    return FORMATS[wanted.format].list_id if wanted.format in FORMATS else "ofac-sdn"


def read(wanted: Wanted, sources: Sequence[Source]) -> tuple[ListDocument, Draft]:
    """Reads a list from its files.

    Returns:
        The list, and what is doubtful about it.

    Raises:
        ListError: If a file is missing or damaged, or says no date of publication and none is given.
    """
    most = FORMATS[wanted.format].files if wanted.format in FORMATS else 1
    if not 0 < len(sources) <= most:
        raise ListError(f"{len(sources)} files", f"format {wanted.format} has {most} at most", "give one list at once")
    draft = Draft(list_of(wanted, [source.name for source in sources]))
    parties = tuple(_parties(wanted, draft, sources))
    for source in sources:
        while source.read(2**16):
            pass  # What follows a document belongs to the file's hash; the parsers have refused all but space.
    if not parties:
        raise ListError(sources[0].name, "has no records", "fetch the file again")
    published = draft.published or wanted.published or wanted.modified
    if not published:
        raise ListError(sources[0].name, "does not say when it was published", "give --published YYYY-MM-DD")
    if draft.published and wanted.published and draft.published[:10] != wanted.published[:10]:
        reason = f"says that it was published on {draft.published[:10]}, not on {wanted.published[:10]}"
        raise ListError(sources[0].name, reason, "leave --published out")
    main = draft.main or sources[0].name
    files = tuple(sorted((source.file() for source in sources), key=lambda one: (one.source != main, one.source)))
    return ListDocument(draft.list_id, files, published, Counts.of(parties), parties, wanted.format), draft


def _parties(wanted: Wanted, draft: Draft, sources: Sequence[Source]) -> Iterator[ListedParty]:
    if wanted.format == MAPPING:
        assert wanted.mapping is not None
        return mappings.parties(draft, sources, wanted.mapping)
    if wanted.format == DELTA:
        if wanted.before is None:
            reason, remedy = "follows a list that is not there", "import the full list first"
            raise ListError(sources[0].name, reason, remedy)
        return iter(sls_delta.applied(draft, wanted.before.parties, sls_delta.changes(draft, sources[0])))
    return FORMATS[wanted.format].reader(draft, sources)
