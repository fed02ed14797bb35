"""A message as elements: read without document types, held against its published schema."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from keepers.compliance.filings import carf, crs, fatca
from keepers.compliance.filings.errors import FilingError

LARGEST = 512 * 2**20
"""Maximum number of bytes of a message."""

MOST_FINDINGS = 1_000
"""Maximum number of findings of the schema, and of the rules, about one file."""

_SCHEMAS = {
    carf.NAMESPACE: "carf-1.5/CARFXML_v1.5.xsd",
    crs.NAMESPACE: "crs-3.0/CrsXML_v3.0.xsd",
}
FATCA_SCHEMA = "FatcaXML_v2.0.xsd"
"""Main file of the IRS's schema, which imports its other files from the same folder."""
FATCA_PAGE = "https://www.irs.gov/businesses/corporations/fatca-xml-schemas-and-business-rules-for-form-8966"
"""Page on which the IRS publishes the archive with its schema."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a message.

    Attributes:
        rule: Rule behind it: a code of `rules.yaml`, or of the XML Schema Recommendation, such as
            `cvc-enumeration-valid`.
        where: Path of elements with their numbers; it has no value of the file.
        line: Line of the file, 0 if it has none.
        text: Text of the rule.
        source: Document in which the rule stands.
    """

    rule: str
    where: str
    line: int
    text: str
    source: str


@dataclass(frozen=True)
class Schema:
    """A published schema.

    Attributes:
        name: Name of its main file.
        sha256: Hash of the main file.
        checked: What libxml2 made of it.
    """

    name: str
    sha256: str
    checked: Any


class Unparsed(Exception):
    """A file that is no message: rule and text.

    Args:
        rule: Rule that it breaks.
        text: Text of the rule.
        line: Line of the file.
    """

    def __init__(self, rule: str, text: str, line: int = 0) -> None:
        super().__init__(rule, text, line)
        self.rule, self.text, self.line = rule, text, line


class Message:
    """A message that was read.

    Args:
        root: Its outermost element.
        content: The file.
    """

    def __init__(self, root: Any, content: bytes) -> None:
        self.root, self.content = root, content
        self.namespace = etree.QName(root).namespace or ""

    def schema_findings(self, given: Schema | None = None) -> Iterator[Finding]:
        """Yields what the published schema finds.

        Args:
            given: Schema that stands for the one in this package; a report of FATCA has none without it.
        """
        schema = given or packaged_schema(_SCHEMAS[self.namespace])
        schema.checked.validate(self.root)
        for error in islice(schema.checked.error_log, MOST_FINDINGS):
            rule = error.type_name.removeprefix("SCHEMAV_").lower().replace("_", "-")
            # libxml2 has a name of its own for the third clause of a complex type.
            rule = "cvc-complex-type-2-4" if rule == "element-content" else rule
            text = f"XML Schema Part 1, Appendix C, and {schema.name}"
            yield Finding(rule, self._named(error.path), error.line, _RULE_TEXTS.get(rule, "schema"), text)

    def _named(self, path: str | None) -> str:
        """The path of an error by names and numbers; libxml2 has the file's prefixes in it."""
        try:
            found = self.root.xpath(path or ".", namespaces=self._prefixes)
        except etree.XPathError:
            # Prefixes that mean several namespaces have no path of their own.
            return "message"
        return where(found[0]) if found and hasattr(found[0], "tag") else "message"

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        return {prefix: space for one in self.root.iter() for prefix, space in one.nsmap.items() if prefix}


_RULE_TEXTS = {
    "cvc-attribute-1": "the attribute is known",
    "cvc-attribute-3": "the value of the attribute is of its type",
    "cvc-complex-type-2-1": "the element is empty",
    "cvc-complex-type-2-2": "the element has a text and no elements",
    "cvc-complex-type-2-3": "the element has elements and no text",
    "cvc-complex-type-2-4": "the right elements stand in the right order",
    "cvc-complex-type-3-1": "the value of the attribute is of its type",
    "cvc-complex-type-3-2-1": "the attribute is known",
    "cvc-complex-type-4": "no required attribute is missing",
    "cvc-datatype-valid-1-2-1": "the value is of its type",
    "cvc-datatype-valid-1-2-3": "the value is of its type",
    "cvc-elt-1": "the element is known",
    "cvc-enumeration-valid": "the value is one of the list",
    "cvc-fractiondigits-valid": "the value has as many decimal places as its type",
    "cvc-maxlength-valid": "the text is no longer than its type",
    "cvc-minlength-valid": "the text is no shorter than its type",
    "cvc-maxinclusive-valid": "the value is no greater than its type",
    "cvc-mininclusive-valid": "the value is no less than its type",
    "cvc-type-3-1-1": "an element with a text has no attributes of its own",
    "cvc-type-3-1-2": "an element with a text has no elements",
}


def read_message(content: bytes) -> Message:
    """Reads a message of a known format.

    Raises:
        Unparsed: If it is no XML, has a document type, or is of no known format.
    """
    message = Message(read_root(content), content)
    if message.namespace not in (*_SCHEMAS, fatca.NAMESPACE):
        raise Unparsed(
            "50007", "the outermost element is of CARF 1.5, CRS 3.0 or FATCA 2.0", message.root.sourceline or 0
        )
    return message


def read_root(content: bytes) -> Any:
    """Returns the outermost element of a file.

    Raises:
        Unparsed: If it is no XML, or has a document type.
    """
    if len(content) > LARGEST:
        raise Unparsed("XML-1", f"the file has at most {LARGEST} bytes")
    # Expat's and libxml2's limits apply; a document type is refused before an entity could count.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    if re.search(rb"<!(DOCTYPE|ENTITY)", content) or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unparsed("XML-2", "the file is UTF-8 without a document type")
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Unparsed("XML-3", "the file is well-formed XML", error.lineno or 0) from None
    # The search above knows UTF-8 alone, and the parser every encoding that a file declares.
    if root.getroottree().docinfo.doctype:
        raise Unparsed("XML-2", "the file is UTF-8 without a document type")
    return root


def where(element: Any) -> str:
    """The path of an element by names, with a number where several have the same."""
    steps = []
    while element is not None:
        name, parent = etree.QName(element).localname, element.getparent()
        same = [] if parent is None else [one for one in parent if one.tag == element.tag]
        steps.append(f"{name}[{same.index(element) + 1}]" if len(same) > 1 else name)
        element = parent
    return "/".join(reversed(steps))


def fatca_schema(folder: Path) -> Schema:
    """Reads the schema of FATCA 2.0 from the folder into which the archive of the IRS was unpacked.

    Raises:
        FilingError: If the folder has no such file, or it is no schema of this format.
    """
    path = folder / FATCA_SCHEMA
    remedy = f"unpack the archive from {FATCA_PAGE} and name its folder"
    if not path.is_file():
        raise FilingError(str(folder), f"has no {FATCA_SCHEMA}", remedy)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.parse(str(path), parser)
        if tree.getroot().get("targetNamespace") != fatca.NAMESPACE:
            raise FilingError(str(path), f"is no schema of {fatca.NAMESPACE}", remedy)
        return Schema(path.name, hashlib.sha256(path.read_bytes()).hexdigest(), etree.XMLSchema(tree))
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError, OSError):
        raise FilingError(str(path), "is no XML schema, or a file that it imports is missing", remedy) from None


@cache
def packaged_schema(name: str) -> Schema:
    """Reads a schema of this package by its path below the folder of schemas."""
    path = Path(__file__).with_name("schemas") / name
    content = path.read_bytes()
    return Schema(path.name, hashlib.sha256(content).hexdigest(), etree.XMLSchema(etree.parse(str(path))))
