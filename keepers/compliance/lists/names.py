"""Names in the records' form: parts with their roles, the primary name first."""

from __future__ import annotations

from collections.abc import Iterable

from keepers.compliance.lists.records import Kind, ListedName, NamePart, PartKind, Strength
from keepers.compliance.lists.xmlstream import squeezed


def whole(text: str, strength: Strength) -> ListedName:
    """Returns a name that has no parts."""
    return ListedName(squeezed(text), strength)


def surname_first(text: str, kind: Kind, strength: Strength) -> ListedName:
    """Returns a name as OFAC writes it: "FAMILY, Given" for people, the whole name for everything else."""
    name = squeezed(text)
    family, comma, given = name.partition(", ")
    if kind != "person":
        return ListedName(name, strength, parts=(NamePart("whole", name),) if name else ())
    parts = (NamePart("family", family), NamePart("given", given)) if comma else ()
    return ListedName(name, strength, parts=parts)


def of_parts(
    parts: Iterable[tuple[PartKind, str]], strength: Strength, text: str = "", script: str = "", language: str = ""
) -> ListedName:
    """Returns a name of parts, empty ones left out, with a text that has them in order unless one is given."""
    kept = tuple(NamePart(kind, part) for kind, given in parts if (part := squeezed(given)))
    return ListedName(squeezed(text) or " ".join(part.text for part in kept), strength, script, language, kept)


def ordered(names: Iterable[ListedName]) -> tuple[ListedName, ...]:
    """Returns names that have a text, the primary one first.

    Where none is primary the first becomes it; where several are, the later ones are strong.
    """
    left = [name for name in names if name.text]
    if not left:
        return ()
    first = next((at for at, name in enumerate(left) if name.strength == "primary"), 0)
    others = [*left[:first], *left[first + 1 :]]
    return (
        _as(left[first], "primary"),
        *(_as(name, "strong") if name.strength == "primary" else name for name in others),
    )


def _as(name: ListedName, strength: Strength) -> ListedName:
    if name.strength == strength:
        return name
    return ListedName(name.text, strength, name.script, name.language, name.parts)
