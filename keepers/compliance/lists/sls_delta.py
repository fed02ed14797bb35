"""Changes between two publications of OFAC's lists: the delta files of its Sanctions List Service.

They follow DeltaFile.xsd 1.0 (namespace https://www.treasury.gov/ofac/DeltaFile/1.0): `publicationInfo/datePublished`,
then an `entity` for each record that changed. Its `action` is "add" or "remove"; without one, or with "change", it is
corrected in place, and its children carry `action` themselves. A child of a corrected record without an action is
there for context.

A delta file does not name the publication that it follows, so that a chain of them is only as complete as the folder
they lie in. It tightens at once and loosens only what it names exactly; the next full file settles the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from xml.etree.ElementTree import Element

from keepers.compliance.lists import dates
from keepers.compliance.lists.build import party
from keepers.compliance.lists.draft import Draft, Source
from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.names import of_parts, ordered
from keepers.compliance.lists.places import code_of
from keepers.compliance.lists.records import Kind, ListedName, ListedParty, ListedWallet, PartKind, Strength
from keepers.compliance.lists.wallets import LABEL, find, unique
from keepers.compliance.lists.xmlstream import records, squeezed, text_of

LISTS: Mapping[str, str] = {"sdn list": "ofac-sdn", "consolidated list": "ofac-consolidated"}
"""OFAC's names of its lists. A non-SDN list of another name is part of the Consolidated one."""

_KINDS: Mapping[str, Kind] = {
    "individual": "person", "entity": "entity", "vessel": "vessel", "aircraft": "aircraft",
}  # fmt: skip
_SCRIPTS = {"latin": "Latn", "arabic": "Arab", "cyrillic": "Cyrl", "chinese simplified": "Hans",
            "chinese traditional": "Hant", "korean": "Kore", "japanese": "Jpan", "hebrew": "Hebr"}  # fmt: skip
_NEW, _GONE = ("add",), ("remove", "delete")
_CORRECTED = ("", "change", "update", "modify")


@dataclass(frozen=True, slots=True)
class Particulars:
    """A delta's statement about a record, or about a part of it."""

    names: tuple[ListedName, ...] = ()
    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    programmes: tuple[str, ...] = ()
    wallets: tuple[ListedWallet, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A record that changed.

    Attributes:
        uid: Number of the record.
        action: "add", "remove" or "correct".
        kind: Kind of the party; "unknown" where the delta does not say.
        gained: Values that it has now.
        lost: Values that it has no more.
        is_named: True if the delta says that the record is on this list; without that it may be on another one.
    """

    uid: str
    action: str
    kind: Kind
    gained: Particulars
    lost: Particulars
    is_named: bool = True


def changes(draft: Draft, source: Source) -> Iterator[Change]:
    """Yields the changes of a delta that concern the draft's list.

    Raises:
        ListError: If it is no such file, or damaged.
    """
    found = records(source, "sanctionsData", frozenset(("publicationInfo", "entity")))
    next(found)
    for element in found:
        if element.tag == "publicationInfo":
            draft.published = dates.moment(text_of(element, "datePublished"))
            continue
        uid, action = element.get("id", ""), element.get("action", "").strip().lower()
        if not uid or action not in (*_NEW, *_GONE, *_CORRECTED):
            raise ListError(f"{source.name} entity {uid or '?'}", f"has the action {action!r}", "fetch the full list")
        on = _lists(element)
        if on and draft.list_id not in on:
            continue
        known = "add" if action in _NEW else "remove" if action in _GONE else "correct"
        kind = _KINDS.get(text_of(element, "generalInfo/entityType").lower(), "unknown")
        gained = _particulars(draft, element, kind, lambda said, known=known: _gains(said, known))
        lost = _particulars(draft, element, kind, lambda said: said in _GONE)
        yield Change(uid, known, kind, gained, lost, is_named=bool(on))


def _gains(said: str, action: str) -> bool:
    """True if a child of a record with an action is something that the record has now and may not have had before."""
    return said not in _GONE if action == "add" else said not in (*_GONE, "")


def _lists(element: Element) -> set[str]:
    """Returns the lists that a record says it is on."""
    named = [squeezed(one.text or "").lower() for one in element.iterfind("sanctionsLists/sanctionsList")]
    return {LISTS.get(name, "ofac-consolidated") for name in named if name}


def applied(draft: Draft, before: Iterable[ListedParty], found: Iterable[Change]) -> list[ListedParty]:
    """Returns the parties of a list after a delta.

    Raises:
        ListError: If the delta changes or removes what the list does not have: it does not follow the list.
    """
    parties = {one.uid: one for one in before}
    remedy = "apply the deltas in between first, or import the full list"
    for change in found:
        old = parties.get(change.uid)
        if change.action == "add":
            if old is not None:
                draft.note(f"record {change.uid}", "is added but is on the list already", "import the full list soon")
            parties[change.uid] = _made(draft, change)
        elif old is None:
            what = "removed" if change.action == "remove" else "corrected"
            if change.is_named:
                draft.refuse(f"record {change.uid}", f"is {what} but is not on the list", remedy)
            else:
                draft.note(f"record {change.uid}", f"is {what} on a list that it does not name", "import the full list")
        elif change.action == "remove":
            del parties[change.uid]
        else:
            parties[change.uid] = _corrected(draft, old, change)
    return list(parties.values())


def _made(draft: Draft, change: Change) -> ListedParty:
    new = change.gained
    return party(
        draft, change.uid, change.kind, new.names, birth_dates=new.birth_dates, countries=new.countries,
        programmes=new.programmes, wallets=new.wallets,
    )  # fmt: skip


def _corrected(draft: Draft, old: ListedParty, change: Change) -> ListedParty:
    new, lost = change.gained, change.lost
    gone = {name.text for name in lost.names}
    closed = {wallet.address for wallet in lost.wallets}
    if gone - {name.text for name in old.names}:
        draft.note(f"record {change.uid}", "loses a name that it does not have", "import the full list")
    for account in sorted(closed - {wallet.address for wallet in old.wallets}):
        draft.note(f"record {change.uid}", f"loses {account}, which it does not have", "import the full list")
    kept = [name for name in old.names if name.text not in gone]
    draft.doubt(change.uid, new.wallets, ())
    return replace(
        old,
        kind=old.kind if change.kind == "unknown" else change.kind,
        names=ordered(dict.fromkeys((*new.names, *kept))) or old.names,
        birth_dates=_without(old.birth_dates, new.birth_dates, lost.birth_dates),
        countries=tuple(sorted(_without(old.countries, new.countries, ()))),
        programmes=_without(old.programmes, new.programmes, lost.programmes),
        wallets=unique((*(one for one in old.wallets if one.address not in closed), *new.wallets)),
    )


def _without(old: Sequence[str], new: Sequence[str], lost: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(text for text in old if text not in lost), *new)))


# -- Reading a record


def _particulars(draft: Draft, element: Element, kind: Kind, counts: object) -> Particulars:
    """Reads those children whose action counts."""
    assert callable(counts)

    def those(path: str) -> list[Element]:
        return [one for one in element.iterfind(path) if counts(one.get("action", "").strip().lower())]

    births, countries, accounts = list[str](), list[str | None](), list[ListedWallet]()
    for feature in those("features/feature"):
        _feature(draft, feature, births, countries, accounts)
    countries += [
        draft.country(code_of(name), name)
        for name in (text_of(address, "country") for address in those("addresses/address"))
    ]
    return Particulars(
        names=tuple(name for one in those("names/name") for name in _names(one, kind)),
        birth_dates=tuple(births),
        countries=tuple(sorted({code for code in countries if code})),
        programmes=tuple(squeezed(one.text or "") for one in those("sanctionsPrograms/sanctionsProgram")),
        wallets=unique(accounts),
    )


def _feature(
    draft: Draft, feature: Element, births: list[str], countries: list[str | None], accounts: list[ListedWallet]
) -> None:
    name, value = text_of(feature, "type"), text_of(feature, "value")
    label, _, asset = name.partition(" - ")
    if name == "Birthdate":
        born = _born(feature, value)
        if born:
            births.append(born)
        else:
            draft.unread["date of birth"] += 1
    elif label == LABEL:
        found, malformed = find(f"{name} {value}", asset)
        draft.doubt("a delta's record", (), malformed)
        accounts += found
    elif name.startswith(("Nationality", "Citizenship", "Vessel Flag")):
        countries.append(draft.country(code_of(value), value))


def _born(feature: Element, value: str) -> str | None:
    given = feature.find("valueDate")
    if given is None:
        return dates.words(value)
    try:
        first, last = (date.fromisoformat(text_of(given, name)[:10]) for name in ("fromDateBegin", "toDateEnd"))
    except ValueError:
        return dates.words(value)
    return dates.period(first, last, circa=text_of(given, "isApproximate") == "true")


def _names(name: Element, kind: Kind) -> Iterator[ListedName]:
    strength: Strength = "primary" if text_of(name, "isPrimary") == "true" else "strong"
    if text_of(name, "isLowQuality") == "true":
        strength = "weak"
    for translation in name.iterfind("translations/translation"):
        script = _SCRIPTS.get(text_of(translation, "script").lower(), "")
        first, last = text_of(translation, "formattedFirstName"), text_of(translation, "formattedLastName")
        parts: tuple[tuple[PartKind, str], ...] = (("family", last), ("given", first))
        text = text_of(translation, "formattedFullName") or ", ".join(filter(None, (last, first)))
        if kind != "person" or not (first and last):
            parts = (("whole", text),)
        yield of_parts(parts, strength, text, script)
        # Further translations of the primary name are its original scripts.
        strength = "strong" if strength == "primary" else strength
