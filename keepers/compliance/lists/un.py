"""The Consolidated List of the United Nations Security Council in XML (schema sc-sanctions.xsd).

The root's `dateGenerated` is the date of publication. A name has up to four parts that have no roles of their own. The
quality of an alias is "Good", "Low", "a.k.a.", "f.k.a." or empty; only "Low" makes it weak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from keepers.compliance.lists import dates
from keepers.compliance.lists.build import party
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.names import whole
from keepers.compliance.lists.places import code_of
from keepers.compliance.lists.records import ListedName, ListedParty
from keepers.compliance.lists.xmlstream import records, squeezed, text_of

_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")


def parties(draft: Draft, sources: Sequence[Source]) -> Iterator[ListedParty]:
    """Yields individuals and entities in the order of the file.

    Raises:
        ListError: If it is no such file, or damaged.
    """
    (source,) = sources
    found = records(source, "CONSOLIDATED_LIST", frozenset(("INDIVIDUAL", "ENTITY")))
    draft.published = dates.moment(next(found).get("dateGenerated", ""))
    for element in found:
        yield _party(draft, element)


def _party(draft: Draft, element: Element) -> ListedParty:
    places = [squeezed(one.text or "") for path in ("NATIONALITY/VALUE", f"{element.tag}_ADDRESS/COUNTRY")
              for one in element.iterfind(path)]  # fmt: skip
    return party(
        draft,
        text_of(element, "DATAID"),
        "person" if element.tag == "INDIVIDUAL" else "entity",
        _names(element),
        birth_dates=_births(draft, element),
        countries=[draft.country(code_of(place), place) for place in places],
        programmes=(text_of(element, "UN_LIST_TYPE"),),
        remarks=(element.findtext("COMMENTS1") or "").strip(),
    )


def _names(element: Element) -> Iterator[ListedName]:
    yield whole(" ".join(element.findtext(part) or "" for part in _PARTS), "primary")
    yield whole(element.findtext("NAME_ORIGINAL_SCRIPT") or "", "strong")
    for alias in element.iterfind(f"{element.tag}_ALIAS"):
        quality = text_of(alias, "QUALITY").lower()
        yield whole(alias.findtext("ALIAS_NAME") or "", "weak" if quality == "low" else "strong")


def _births(draft: Draft, element: Element) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for born in element.iterfind("INDIVIDUAL_DATE_OF_BIRTH"):
        circa = text_of(born, "TYPE_OF_DATE") == "APPROXIMATELY"
        first, last = text_of(born, "FROM_YEAR"), text_of(born, "TO_YEAR")
        given = [first, last] if first and last else [text_of(born, "DATE") or text_of(born, "YEAR")]
        read = [dates.dashes(text, circa=circa) for text in given]
        if all(read):
            found["/".join(text for text in read if text)] = None
        elif any(given):
            draft.unread["date of birth"] += 1
    return tuple(found)
