"""XML that is the same bytes for the same input: fixed prefixes, order, indentation and line ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from keepers.compliance.filings.errors import FilingError


@dataclass(frozen=True)
class Node:
    """An element with its prefix, its attributes in order, and a text or elements."""

    tag: str
    content: str | tuple[Node, ...]
    attributes: tuple[tuple[str, str], ...] = ()


def leaf(tag: str, text: str, **attributes: str | None) -> Node:
    """An element with a text; attributes that are None are left out.

    Raises:
        FilingError: If the text is empty, has blanks at its ends or a character that XML has no place for.
    """
    _check_text(text, tag)
    return Node(tag, text, tuple((name, value) for name, value in attributes.items() if value is not None))


def branch(tag: str, *children: Node | Iterable[Node] | None, **attributes: str | None) -> Node:
    """An element with elements; None stands for none, and what can be iterated over for several."""
    found: list[Node] = []
    for child in children:
        if isinstance(child, Node):
            found.append(child)
        elif child is not None:
            found.extend(child)
    return Node(tag, tuple(found), tuple((name, value) for name, value in attributes.items() if value is not None))


def optional(tag: str, text: str) -> Node | None:
    """An element with a text, or None if the text is empty."""
    return leaf(tag, text) if text else None


def document(root: Node) -> bytes:
    """Writes a document in UTF-8."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_written(root, "")}'.encode()


def _written(node: Node, indent: str) -> str:
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in node.attributes)
    if isinstance(node.content, str):
        return f"{indent}<{node.tag}{attributes}>{escape(node.content)}</{node.tag}>\n"
    if not node.content:
        return f"{indent}<{node.tag}{attributes}/>\n"
    inner = "".join(_written(child, indent + "  ") for child in node.content)
    return f"{indent}<{node.tag}{attributes}>\n{inner}{indent}</{node.tag}>\n"


def _check_text(text: str, tag: str) -> None:
    name = tag.partition(":")[2] or tag
    if not text or text != text.strip():
        raise FilingError(f"element {name}", "is empty or has blanks at its ends", "correct the value")
    if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 or ord(letter) in (0xFFFE, 0xFFFF) for letter in text):
        raise FilingError(f"element {name}", "has a character that XML has no place for", "remove it")
