"""Status messages: what an authority answers about a message of CRS or CARF, and which records it is about.

Sources: OECD, CRS Status Message XML Schema 2.0, and CARF Status Message XML Schema 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from keepers.compliance.filings.errors import FilingError
from keepers.compliance.filings.lint import rules
from keepers.compliance.filings.reading import Unparsed, packaged_schema, read_message, read_root, where
from keepers.yamlfile import read_mapping

NAMESPACE = "urn:oecd:ties:csm:v2"
_KINDS = {
    "CRSStatusMessage_OECD": ("CRS", "CrsStatusMessage", "crs-status-2.0/CrsStatusMessageXML_v2.0.xsd"),
    "CARFStatusMessage_OECD": ("CARF", "CARFStatusMessage", "carf-status-1.1/CARFStatusMessageXML_v1.1.xsd"),
}
_UNKNOWN = "a rule that this program has no text for; the authority's guide has one"


@dataclass(frozen=True)
class Answer:
    """An error that an authority found.

    Attributes:
        code: Code of the status message.
        text: The rule that was broken, in our words.
        source: Document in which the rule stands; "" for a code that is not known.
        about: "file" or "record".
        records: References of the records in error.
        fields: Paths of the fields in error, as the authority writes them.
        places: Path and line of each record in the message, if one was given.
    """

    code: str
    text: str
    source: str
    about: str
    records: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    places: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Status:
    """A status message.

    Attributes:
        kind: "CRS" or "CARF".
        original: Reference of the message that it is about; "" if the authority could not read it.
        accepted: True if the authority took the file.
        errors: What it found, file errors first.
    """

    kind: str
    original: str
    accepted: bool
    errors: tuple[Answer, ...]


def read_status(content: bytes, message: bytes | None = None) -> Status:
    """Reads a status message.

    Args:
        content: The file.
        message: The message that it is about, in which the records are looked for.

    Raises:
        FilingError: If either is no such file, or they are about different messages or records. A refusal names
            no value.
    """
    root = _root(content)
    kind, body, path = _KINDS[etree.QName(root).localname]
    schema = packaged_schema(path).checked
    if not schema.validate(root):
        line = schema.error_log[0].line
        raise FilingError(f"status message, line {line}", f"is not valid by {Path(path).name}", "ask for it again")
    answer = root.find(f"{{{NAMESPACE}}}{body}")
    original = _text(answer, "OriginalMessage/OriginalMessageRefID")
    places = None if message is None else _records(message, kind, original)
    return Status(
        kind=kind,
        original=original,
        accepted=_text(answer, "ValidationResult/Status") == "Accepted",
        errors=tuple(_errors(answer, places)),
    )


def _root(content: bytes) -> Any:
    try:
        root = read_root(content)
    except Unparsed as fault:
        raise FilingError(
            f"status message, rule {fault.rule}", f"is broken: {fault.text}", "ask for it again"
        ) from None
    name = etree.QName(root)
    if name.namespace != NAMESPACE or name.localname not in _KINDS:
        remedy = "name a CRS status message 2.0 or a CARF status message 1.1"
        raise FilingError("status message", f"is none of {NAMESPACE}", remedy)
    return root


def _records(message: bytes, kind: str, original: str) -> dict[str, tuple[str, int]]:
    """Path and line of every record of a message, by its reference."""
    try:
        found = read_message(message)
    except Unparsed as fault:
        raise FilingError(f"message, rule {fault.rule}", f"is broken: {fault.text}", "name the file as sent") from None
    space = f"{{{found.namespace}}}"
    if etree.QName(found.root).localname != f"{kind}_OECD":
        raise FilingError("message", f"is none of {kind}", "name the message that the status is about")
    if original and found.root.findtext(f"{space}MessageSpec/{space}MessageRefId") != original:
        raise FilingError("message", "has another MessageRefId", "name the message that the status is about")
    specs = found.root.iter(f"{space}DocSpec")
    return {
        (one.findtext("{*}DocRefId") or ""): (where(one.getparent()), one.getparent().sourceline or 0) for one in specs
    }


def _errors(answer: Any, places: dict[str, tuple[str, int]] | None) -> Iterator[Answer]:
    for one in answer.iterfind(f"{_path('ValidationErrors/FileError')}"):
        code = _text(one, "Code")
        yield Answer(code, *_rule(code), about="file")
    for one in answer.iterfind(f"{_path('ValidationErrors/RecordError')}"):
        code = _text(one, "Code")
        records = tuple(ref.text or "" for ref in one.iterfind(_path("DocRefIDInError")))
        if places is not None and any(ref not in places for ref in records):
            raise FilingError("message", "has not the records of the status message", "name the file as sent")
        yield Answer(
            code,
            *_rule(code),
            about="record",
            records=records,
            fields=tuple(path.text or "" for path in one.iterfind(_path("FieldsInError/FieldPath"))),
            places=() if places is None else tuple(places[ref] for ref in records),
        )


def _rule(code: str) -> tuple[str, str]:
    """Text and source of a code, which is looked for among those of CRS for both formats."""
    return rules()["CRS"].get(code) or _file_codes().get(code) or (_UNKNOWN, "")


@cache
def _file_codes() -> dict[str, tuple[str, str]]:
    data = read_mapping(Path(__file__).with_name("status_codes.yaml"))
    return {code: (text, data["source"]) for code, text in data["codes"].items()}


def _path(names: str) -> str:
    return "/".join(f"{{{NAMESPACE}}}{name}" for name in names.split("/"))


def _text(inside: Any, names: str) -> str:
    return str(inside.findtext(_path(names)) or "").strip()
