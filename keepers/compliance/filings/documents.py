"""Rules about records and references that CARF and CRS share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

Fault = tuple[str, Any]
"""A rule and the element that breaks it."""

NEW, CORRECTED = ("OECD1", "OECD11"), ("OECD2", "OECD3", "OECD12", "OECD13")
AGAIN = ("OECD0", "OECD10")


class Reader:
    """Finds elements by their local names in one namespace.

    Args:
        root: The outermost element.
        namespace: Namespace of the format.
        types: Namespace of its types, in which the parts of a DocSpec are.
    """

    def __init__(self, root: Any, namespace: str, types: str) -> None:
        self.root = root
        self._spaces = {"m": namespace, "t": types}

    def all(self, path: str, inside: Any = None) -> list[Any]:
        """Elements at a path such as `.//m:TIN`; `m:` is the format and `t:` its types."""
        base = self.root if inside is None else inside
        return list(base.findall(path, self._spaces))

    def text(self, path: str, inside: Any = None) -> str:
        """The text at a path, "" if there is none."""
        base = self.root if inside is None else inside
        return str(base.findtext(path, "", self._spaces) or "").strip()

    @property
    def prefix(self) -> str:
        """Transmitting country and year of the header."""
        return self.text("m:MessageSpec/m:TransmittingCountry") + self.text("m:MessageSpec/m:ReportingPeriod")[:4]


def document_faults(reader: Reader, rules: dict[str, str], sender: str) -> Iterator[Fault]:
    """Yields faults of references.

    Args:
        reader: The message.
        rules: Rules by what they are about: `once`, `prefix`, `mixed`, `again`, `missing`, `needless`, `twice`,
            `message` and `header`.
        sender: Name of the element whose record may be sent again.
    """
    specs = reader.all(".//m:DocSpec")
    counts = Counter(reader.text("t:DocRefId", spec) for spec in specs)
    corrected = Counter(reader.text("t:CorrDocRefId", spec) for spec in specs)
    kinds = [reader.text("t:DocTypeIndic", spec) for spec in specs]
    if len({len(kind) > len("OECD1") for kind in kinds}) > 1:
        yield rules["mixed"], specs[0]
    for spec, kind in zip(specs, kinds, strict=True):
        reference, earlier = reader.text("t:DocRefId", spec), reader.text("t:CorrDocRefId", spec)
        if counts[reference] > 1:
            yield rules["once"], spec
        if not reference.startswith(reader.prefix):
            yield rules["prefix"], spec
        if kind in CORRECTED and not earlier:
            yield rules["missing"], spec
        if kind in NEW + AGAIN and earlier:
            yield rules["needless"], spec
        if earlier and corrected[earlier] > 1:
            yield rules["twice"], spec
        if kind in AGAIN and not spec.getparent().tag.endswith(f"}}{sender}"):
            yield rules["again"], spec
        if reader.all("t:CorrMessageRefId", spec):
            yield rules["message"], spec
    reference = reader.text("m:MessageSpec/m:MessageRefId")
    if not reference.startswith(reader.prefix + reader.text("m:MessageSpec/m:ReceivingCountry")):
        yield rules["header"], reader.root


def birth_faults(dates: list[Any], made: str, rule: str) -> Iterator[Fault]:
    """Yields birth dates before 1900 or after the message, whose time stamp is given."""
    for element in dates:
        born = (element.text or "").strip()[:10]
        if not "1900-01-01" < born < made[:10] or not is_date(born):
            yield rule, element


def name_faults(reader: Reader, rule: str) -> Iterator[Fault]:
    """Yields names of the type OECD201."""
    for element in reader.all(".//m:Name"):
        if element.get("nameType") == "OECD201":
            yield rule, element


def is_date(text: str) -> bool:
    """Says whether a text is a day of the calendar, YYYY-MM-DD."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
