"""The structure of a format whose schema is not in this package, as data: what stands where, and what its value is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from keepers.compliance.filings.documents import Fault, is_date
from keepers.yamlfile import read_mapping

_SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True)
class Kind:
    """The contents that one element may have.

    Attributes:
        holds: Pattern of the names of its elements, each closed with a blank; None if it has a text.
        inner: Kind of each element in it, by its name.
        value: Pattern of its text.
        attributes: Kind of each attribute.
        required: Attributes that are not left out.
        dated: True if the text begins with a day of the calendar.
    """

    holds: re.Pattern[str] | None
    inner: dict[str, str]
    value: re.Pattern[str] | None
    attributes: dict[str, str]
    required: tuple[str, ...]
    dated: bool

    def takes(self, text: str) -> bool:
        """Says whether a text is a value of this kind."""
        assert self.value is not None
        return bool(self.value.fullmatch(text)) and (not self.dated or is_date(text[:10]))


@dataclass(frozen=True)
class Rules:
    """Codes of the rules about an element that is not known or not in its place, about a value and an attribute."""

    order: str
    value: str
    attribute: str


class Structure:
    """A format: its outermost element, and the kinds of elements.

    Args:
        path: A file of data such as `fatca_structure.yaml`.
        rules: Codes of the rules.
    """

    def __init__(self, path: Path, rules: Rules) -> None:
        data = read_mapping(path)
        prefixes: dict[str, str] = data["prefixes"]
        self._kinds = {name: _kind(one, prefixes) for name, one in data["elements"].items()}
        self._root = _full(data["root"], prefixes)
        self._rules = rules

    def faults(self, root: Any) -> Iterator[Fault]:
        """Yields every element that is not known, not in its place, or has another value than its kind."""
        if root.tag != self._root:
            yield self._rules.order, root
            return
        yield from self._element(root, etree.QName(root).localname)

    def _element(self, element: Any, name: str) -> Iterator[Fault]:
        kind = self._kinds[name]
        yield from self._attributes(element, kind)
        if kind.holds is None:
            if len(element):
                yield self._rules.order, element[0]
            elif not kind.takes(element.text or ""):
                yield self._rules.value, element
            return
        if (element.text or "").strip() or any((one.tail or "").strip() for one in element):
            yield self._rules.value, element
        known = [one for one in element if one.tag in kind.inner]
        yield from ((self._rules.order, one) for one in element if one.tag not in kind.inner)
        if not kind.holds.fullmatch("".join(f"{one.tag} " for one in known)):
            yield self._rules.order, element
        for one in known:
            yield from self._element(one, kind.inner[one.tag])

    def _attributes(self, element: Any, kind: Kind) -> Iterator[Fault]:
        found = {name: text for name, text in element.attrib.items() if not name.startswith(_SCHEMA_INSTANCE)}
        if not found.keys() <= kind.attributes.keys() or not found.keys() >= set(kind.required):
            yield self._rules.attribute, element
        for name, text in found.items():
            if name in kind.attributes and not self._kinds[kind.attributes[name]].takes(text):
                yield self._rules.attribute, element


@cache
def structure(path: Path, rules: Rules) -> Structure:
    """Reads a structure once."""
    return Structure(path, rules)


def _full(name: str, prefixes: dict[str, str]) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{prefixes[prefix]}}}{local}"


def _kind(data: dict[str, Any], prefixes: dict[str, str]) -> Kind:
    words: list[str] = data.get("holds", "").split()
    others: dict[str, str] = data.get("are", {})
    inner, pattern = {}, ""
    for word in words:
        if word in "(|)":
            pattern += word
            continue
        name, often = (word[:-1], word[-1]) if word[-1] in "?*+" else (word, "")
        full, local = _full(name, prefixes), name.partition(":")[2]
        inner[full] = others.get(local, local)
        pattern += f"(?:{re.escape(full)} ){often}"
    return Kind(
        holds=re.compile(pattern) if words else None,
        inner=inner,
        value=re.compile(str(data["value"]), re.DOTALL | re.ASCII) if "value" in data else None,
        attributes=data.get("attributes", {}),
        required=tuple(data.get("required", ())),
        dated=bool(data.get("dated", False)),
    )
