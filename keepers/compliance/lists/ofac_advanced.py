"""OFAC's SDN_ADVANCED.XML and CONS_ADVANCED.XML, in the Advanced Sanctions Data Model.

The file follows the United Nations' model as OFAC's "Advanced Sanctions Data Model XML Explanatory Notes" describe it:
reference values first, then locations, parties, and the sanctions entries that name the programmes. Numbers of types
differ between publications, so that every number is looked up in the reference values by the words behind it.
`DateOfIssue` is the date of publication. A party's number is the `ent_num` of the delimited files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from xml.etree.ElementTree import Element

from keepers.compliance.lists import dates, wallets
from keepers.compliance.lists.build import party
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.places import code_of
from keepers.compliance.lists.records import Kind, ListedName, ListedParty, ListedWallet, NamePart, PartKind, Strength
from keepers.compliance.lists.xmlstream import records, squeezed, text_of

_WANTED = frozenset(("DateOfIssue", "ReferenceValueSets", "Location", "DistinctParty", "SanctionsEntry"))
_KINDS: Mapping[str, Kind] = {
    "individual": "person", "entity": "entity", "vessel": "vessel", "aircraft": "aircraft",
    "transport": "unknown",
}  # fmt: skip
_PARTS: Mapping[str, PartKind] = {
    "last name": "family", "first name": "given", "middle name": "middle", "maiden name": "maiden",
    "patronymic": "patronymic", "matronymic": "matronymic", "nickname": "nickname",
}  # fmt: skip
_NO_TIES = ("place of birth",)
"""Features whose location says nothing about nationality, registration or address."""


@dataclass
class _Values:
    """Meanings of the numbers in this publication.

    Attributes:
        sets: Name of an element, such as "FeatureType" -> number -> words.
        attributes: Meanings of the elements' attributes.
        codes: Number of a location -> code of its country.
    """

    sets: dict[str, dict[str, str]] = field(default_factory=dict)
    attributes: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    codes: dict[str, str | None] = field(default_factory=dict)

    def words(self, name: str, number: str | None) -> str:
        """Returns the words behind a number, "" if there are none."""
        return self.sets.get(name, {}).get(number or "", "")

    def attribute(self, name: str, number: str | None, attribute: str) -> str:
        """Returns an attribute of what a number stands for, "" if there is none."""
        return self.attributes.get(name, {}).get(number or "", {}).get(attribute, "")

    def learn(self, element: Element) -> None:
        """Takes over the reference values."""
        for values in element:
            for one in values:
                self.sets.setdefault(one.tag, {})[one.get("ID", "")] = squeezed(one.text or "")
                self.attributes.setdefault(one.tag, {})[one.get("ID", "")] = dict(one.attrib)

    def country(self, draft: Draft, number: str | None) -> str | None:
        """Returns the code of a country by its number."""
        name = self.words("Country", number)
        return code_of(self.attribute("Country", number, "ISO2")) or draft.country(code_of(name), name)


def parties(draft: Draft, sources: Sequence[Source]) -> Iterator[ListedParty]:
    """Yields the parties in the order of the file; their programmes come last in it, so that they come out at its end.

    Raises:
        ListError: If it is no such file, or damaged.
    """
    (source,) = sources
    found = records(source, "Sanctions", _WANTED)
    next(found)
    values, made, programmes = _Values(), dict[str, ListedParty](), dict[str, list[str]]()
    profiles = dict[str, str]()
    for element in found:
        if element.tag == "DateOfIssue":
            day = _day(element)
            draft.published = day.isoformat() if day else ""
        elif element.tag == "ReferenceValueSets":
            values.learn(element)
        elif element.tag == "Location":
            country = element.find("LocationCountry")
            if country is not None:
                values.codes[element.get("ID", "")] = values.country(draft, country.get("CountryID"))
        elif element.tag == "DistinctParty":
            one = _party(draft, values, element)
            if one.uid in made:
                raise ListError(f"party {one.uid}", "stands in the file twice", "fetch the file again")
            made[one.uid] = one
            profiles.update((profile.get("ID", ""), one.uid) for profile in element.iterfind("Profile"))
        else:
            uid = profiles.get(element.get("ProfileID", ""), "")
            programmes.setdefault(uid, []).extend(_programmes(values, element))
    for uid, one in made.items():
        yield replace(one, programmes=tuple(dict.fromkeys(programmes.get(uid, ()))))


def _programmes(values: _Values, element: Element) -> list[str]:
    measures = element.iterfind("SanctionsMeasure")
    named = [
        text_of(measure, "Comment")
        for measure in measures
        if values.words("SanctionsType", measure.get("SanctionsTypeID")) in ("Program", "")
    ]
    return [text for text in named if text]


def _party(draft: Draft, values: _Values, element: Element) -> ListedParty:
    profile = element.find("Profile")
    if profile is None:
        raise ListError(f"party {element.get('FixedRef')}", "has no profile", "fetch the file again")
    subtype = profile.get("PartySubTypeID")
    kind = _KINDS.get(values.words("PartySubType", subtype).lower(), "unknown")
    if kind == "unknown":
        above = values.attribute("PartySubType", subtype, "PartyTypeID")
        kind = _KINDS.get(values.words("PartyType", above).lower(), "unknown")
    features = list(profile.iterfind("Feature"))
    births, codes, accounts = list[str](), list[str | None](), list[ListedWallet]()
    for feature in features:
        name = values.words("FeatureType", feature.get("FeatureTypeID"))
        if name == "Birthdate":
            births += _births(draft, feature)
        if name.lower() not in _NO_TIES:
            codes += _countries(draft, values, feature, name)
        accounts += _accounts(draft, element.get("FixedRef", ""), feature, name)
    comments = [text_of(version, "Comment") for feature in features for version in feature.iterfind("FeatureVersion")]
    return party(
        draft,
        element.get("FixedRef", "") or profile.get("ID", ""),
        kind,
        _names(values, profile, kind),
        birth_dates=births,
        countries=codes,
        wallets=accounts,
        remarks="; ".join(dict.fromkeys(filter(None, (text_of(element, "Comment"), *comments)))),
    )


def _names(values: _Values, profile: Element, kind: Kind) -> Iterator[ListedName]:
    for identity in profile.iterfind("Identity"):
        main = identity.get("Primary", "true") == "true"
        groups = {one.get("ID", ""): one.get("NamePartTypeID", "") for one in identity.iter("NamePartGroup")}
        for alias in identity.iterfind("Alias"):
            strength: Strength = "primary" if main and alias.get("Primary") == "true" else "strong"
            if alias.get("LowQuality") == "true":
                strength = "weak"
            for name in alias.iterfind("DocumentedName"):
                yield _name(values, groups, name, kind, strength)
                # Further documented names of the primary alias are its original scripts.
                strength = "strong" if strength == "primary" else strength


def _name(values: _Values, groups: Mapping[str, str], name: Element, kind: Kind, strength: Strength) -> ListedName:
    parts, scripts = [], dict[str, None]()
    for value in name.iter("NamePartValue"):
        text = squeezed(value.text or "")
        words = values.words("NamePartType", groups.get(value.get("NamePartGroupID", ""))).lower()
        if text:
            parts.append(NamePart(_PARTS.get(words, "given" if kind == "person" and not words else "whole"), text))
        scripts[values.attribute("Script", value.get("ScriptID"), "ScriptCode")] = None
    script = next((code for code in scripts if len(code) == 4), "")
    family = " ".join(part.text for part in parts if part.kind == "family")
    others = " ".join(part.text for part in parts if part.kind != "family")
    plain = kind != "person" or script not in ("", "Latn") or not family or not others
    text = " ".join(part.text for part in parts) if plain else f"{family}, {others}"
    return ListedName(text, strength, script, "", tuple(parts))


def _countries(draft: Draft, values: _Values, feature: Element, name: str) -> Iterator[str | None]:
    for location in feature.iter("VersionLocation"):
        yield values.codes.get(location.get("LocationID", ""))
    if name == "Vessel Flag":
        for detail in feature.iter("VersionDetail"):
            text = squeezed(detail.text or "") or values.words("DetailReference", detail.get("DetailReferenceID"))
            yield draft.country(code_of(text), text)


def _accounts(draft: Draft, uid: str, feature: Element, name: str) -> Iterator[ListedWallet]:
    label, _, asset = name.partition(" - ")
    for detail in feature.iter("VersionDetail"):
        text = squeezed(detail.text or "")
        labelled = f"{name} {text}" if label == wallets.LABEL else text
        found, malformed = wallets.find(labelled, asset if label == wallets.LABEL else "")
        draft.doubt(uid, (), malformed)
        yield from found


def _births(draft: Draft, feature: Element) -> Iterator[str]:
    for given in feature.iter("DatePeriod"):
        start, end = given.find("Start"), given.find("End")
        if start is None:
            draft.unread["date of birth"] += 1
            continue
        circa = any(one is not None and one.get("Approximate") == "true" for one in (start, end))
        first = start.find("From")
        last = end.find("To") if end is not None else None
        if last is None and end is not None:
            last = end.find("From")
        read = _period(first, last, circa)
        if read:
            yield read
        else:
            draft.unread["date of birth"] += 1


def _period(first: Element | None, last: Element | None, circa: bool) -> str | None:
    if first is None:
        return None
    begins, ends = _day(first), _day(last) if last is not None else None
    if begins and ends:
        return dates.period(begins, ends, circa=circa)
    year, month, day = (_number(first, name) for name in ("Year", "Month", "Day"))
    return dates.iso(year, month, day, circa=circa) if year else None


def _day(element: Element) -> date | None:
    year, month, day = (_number(element, name) for name in ("Year", "Month", "Day"))
    try:
        return date(year or 0, month or 0, day or 0)
    except ValueError:
        return None


def _number(element: Element, name: str) -> int | None:
    text = text_of(element, name)
    return int(text) if text.isascii() and text.isdigit() else None
