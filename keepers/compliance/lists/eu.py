"""The European Union's consolidated list of financial sanctions (FSF) in XML, version 1.1.

The namespace is http://eu.europa.ec/fpi/fsd/export; the root's `generationDate` is the date of publication. Data stand
in attributes. The first strong name of an entity is its primary one; `strong="false"` makes a name weak. "00" stands
for an unknown country.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from xml.etree.ElementTree import Element

from keepers.compliance.lists import dates
from keepers.compliance.lists.build import party
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.names import of_parts
from keepers.compliance.lists.places import code_of
from keepers.compliance.lists.records import Kind, ListedName, ListedParty, Strength
from keepers.compliance.lists.xmlstream import records, squeezed

_KINDS: Mapping[str, Kind] = {"person": "person", "enterprise": "entity"}


def parties(draft: Draft, sources: Sequence[Source]) -> Iterator[ListedParty]:
    """Yields persons and enterprises in the order of the file.

    Raises:
        ListError: If it is no such file, or damaged.
    """
    (source,) = sources
    found = records(source, "export", frozenset(("sanctionEntity",)))
    draft.published = dates.moment(next(found).get("generationDate", ""))
    for element in found:
        yield _party(draft, element)


def _party(draft: Draft, element: Element) -> ListedParty:
    subject = element.find("subjectType")
    kind = _KINDS.get(subject.get("code", "") if subject is not None else "", "unknown")
    texts = [squeezed(one.text or "") for one in element.iter("remark")]
    texts += [f"{one.get('identificationTypeDescription', '')} {one.get('number', '')}".strip()
              for one in element.iterfind("identification")]  # fmt: skip
    places = [(one.get("countryIso2Code", ""), one.get("countryDescription", ""))
              for path in ("citizenship", "address") for one in element.iterfind(path)]  # fmt: skip
    return party(
        draft,
        element.get("logicalId", ""),
        kind,
        _names(element, kind),
        birth_dates=_births(draft, element),
        countries=[code_of(code) or draft.country(code_of(name), name) for code, name in places],
        programmes=[one.get("programme", "") for one in element.iterfind("regulation")],
        remarks="\n".join(dict.fromkeys(filter(None, texts))),
    )


def _names(element: Element, kind: Kind) -> Iterator[ListedName]:
    primary = True
    for alias in element.iterfind("nameAlias"):
        strong = alias.get("strong", "true") != "false"
        parts = [alias.get(part, "") for part in ("firstName", "middleName", "lastName")]
        text = squeezed(alias.get("wholeName", "")) or squeezed(" ".join(parts))
        if not text:
            continue
        language = alias.get("nameLanguage", "").lower()
        strength: Strength = ("primary" if primary else "strong") if strong else "weak"
        primary = primary and not strong
        if kind == "person":
            first, middle, last = parts
            yield of_parts((("given", first), ("middle", middle), ("family", last)), strength, text, "", language)
        else:
            yield of_parts((("whole", text),), strength, text, "", language)


def _births(draft: Draft, element: Element) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for born in element.iterfind("birthdate"):
        circa = born.get("circa") == "true"
        first, last = born.get("yearRangeFrom", ""), born.get("yearRangeTo", "")
        day = born.get("birthdate") or "-".join(_numbers(born))
        given = [first, last] if first and last and not day else [day or first or last]
        read = [dates.dashes(text, circa=circa) for text in given]
        if all(read):
            found["/".join(text for text in read if text)] = None
        elif any(given):
            draft.unread["date of birth"] += 1
    return tuple(found)


def _numbers(born: Element) -> list[str]:
    year, month, day = (born.get(name, "") for name in ("year", "monthOfYear", "dayOfMonth"))
    if not year:
        return []
    return [year, *([month.zfill(2), *([day.zfill(2)] if day else [])] if month else [])]
