"""XML in pieces: records come out one after the other, and nothing else stays in memory.

Expat reads the bytes. A document type, and with it every entity, is refused before its first declaration counts: no
published list has one, and entities are how a small file becomes a large one or reads another file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from xml.etree.ElementTree import Element
from xml.parsers import expat

from keepers.compliance.lists.draft import Source
from keepers.compliance.lists.errors import ListError

PIECE = 2**16
"""Bytes that are read at once."""

_DEEPEST = 64
_LONGEST = 2**24
"""Maximum number of characters and elements in one record."""


def records(source: Source, root: str, wanted: frozenset[str]) -> Iterator[Element]:
    """Yields the root without its children, then every wanted element with all that it holds.

    Names are local: namespaces are dropped from elements and attributes.

    Args:
        source: The document.
        root: Name that its outermost element must have.
        wanted: Names of the elements to collect; one inside another comes with the outer one.

    Raises:
        ListError: If it is no such document, is cut off, or holds a document type or a record without bounds.
    """
    collector = _Collector(source.name, root, wanted)
    while True:
        piece = source.read(PIECE)
        collector.feed(piece)
        while collector.done:
            yield collector.done.popleft()
        if not piece:
            return


def text_of(element: Element, path: str) -> str:
    """Returns the text at a path with single spaces, "" if there is none."""
    return squeezed(element.findtext(path) or "")


def squeezed(text: str) -> str:
    """Returns a text without space around it and with single spaces inside."""
    return " ".join(text.split())


class _Collector:
    """Handlers of one document."""

    def __init__(self, name: str, root: str, wanted: frozenset[str]) -> None:
        self.done: deque[Element] = deque()
        self._name, self._root, self._wanted = name, root, wanted
        self._depth = self._weight = 0
        self._open: list[Element] = []
        self._text: list[str] = []
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._doctype
        self._parser = parser

    def feed(self, piece: bytes) -> None:
        """Takes the next bytes; none say that the document ends."""
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            reason = f"is no complete XML (line {error.lineno}: {expat.ErrorString(error.code)})"
            raise ListError(self._name, reason, "fetch the file again") from None
        except ListError:
            raise
        except (LookupError, ValueError):
            raise ListError(self._name, "declares an encoding that is not read", "fetch the file again") from None

    def _doctype(self, *_: object) -> None:
        raise ListError(self._name, "holds a document type, which no published list has", "fetch the file again")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if self._depth == 0:
            if name != self._root:
                reason = f"begins with <{name[:40]}>, not <{self._root}>"
                raise ListError(self._name, reason, "give the format that the file has")
            self.done.append(Element(name, _local(attributes)))
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ListError(self._name, f"is nested deeper than {_DEEPEST}", "fetch the file again")
        if self._open or (name in self._wanted and self._depth > 1):
            self._weigh(1)
            self._settle()
            element = Element(name, _local(attributes))
            if self._open:
                self._open[-1].append(element)
            self._open.append(element)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._open:
            self._settle()
            element = self._open.pop()
            if not self._open:
                self._weight = 0
                self.done.append(element)

    def _data(self, text: str) -> None:
        if self._open:
            self._weigh(len(text))
            self._text.append(text)

    def _weigh(self, more: int) -> None:
        self._weight += more
        if self._weight > _LONGEST:
            raise ListError(self._name, f"has a record of more than {_LONGEST} characters", "fetch the file again")

    def _settle(self) -> None:
        """Puts text where it belongs: into the open element, or behind its newest child."""
        if not self._text:
            return
        text, above = "".join(self._text), self._open[-1] if self._open else None
        self._text.clear()
        if above is None:
            return
        if len(above):
            above[-1].tail = (above[-1].tail or "") + text
        else:
            above.text = (above.text or "") + text


def _local(attributes: dict[str, str]) -> dict[str, str]:
    return {name.rpartition("}")[2]: value for name, value in attributes.items()}
