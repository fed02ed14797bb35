"""The register of people: names, dates and wallets, one JSON object per line; several rows may be one person.

An identifier stands for a person everywhere else: in the database, in reports and in errors. So it must not hold a part
of the person's name.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pydantic
from eth_utils.address import is_address, to_checksum_address

from keepers.compliance.cases.errors import CaseError
from keepers.compliance.lists.records import Kind
from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.screen import Subject

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHORTEST_PART = 3
"""Letters from which on a part of a name may not stand in an identifier."""


class _Row(pydantic.BaseModel):
    """A line as it is written."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    person: str
    name: str
    kind: Kind = "unknown"
    birth_date: str = ""
    countries: list[str] = []
    wallets: list[str] = []
    onchain_id: str = ""


@dataclass(frozen=True)
class Row:
    """One name of a person.

    Attributes:
        person: Identifier.
        subject: Name and dates; it is not shown.
        wallets: Checksummed.
        onchain_id: Checksummed; "" if there is none.
    """

    person: str
    subject: Subject = field(repr=False)
    wallets: tuple[str, ...] = ()
    onchain_id: str = ""


@dataclass(frozen=True)
class Person:
    """Rows that are one person, because they share an identifier, an ONCHAINID or a wallet.

    Attributes:
        id: The identifier that sorts first.
        ids: Every identifier and ONCHAINID of it.
        subjects: Its names; they are not shown.
        wallets: Checksummed, sorted.
    """

    id: str
    ids: frozenset[str]
    subjects: tuple[Subject, ...] = field(repr=False)
    wallets: tuple[str, ...] = ()


def read_people(lines: Iterable[str], where: str) -> list[Row]:
    """Reads a register.

    Args:
        lines: One JSON object each; empty lines count nothing.
        where: Name of the file, for refusals.

    Raises:
        CaseError: If a line cannot be used; it names the line and the field only.
    """
    found = [_row(line, f"{where} line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise CaseError(where, "holds nobody", "give one JSON object per line")
    return found


def _row(line: str, where: str) -> Row:
    try:
        # Lists come from JSON as lists, which strict models want; a text for a number is refused.
        given = _Row.model_validate(json.loads(line))
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        known = first["type"] != "extra_forbidden"
        place = ".".join(map(str, first["loc"])) if known else "a key"
        reason = f"{place} {'is missing or of another type' if known else 'is not known'}"
        raise CaseError(where, reason, "write it as docs/compliance-desk.md describes") from None
    except ValueError:
        raise CaseError(where, "is no JSON object", "write one object per line") from None
    if not _IDENTIFIER.fullmatch(given.person):
        raise CaseError(where, "person is no identifier", "give up to 64 letters, digits, dots and dashes")
    _require_pseudonym(given.person, given.name, where)
    try:
        subject = Subject(given.name, given.kind, given.birth_date, tuple(given.countries)).checked()
    except ScreeningError as error:
        raise CaseError(where, "holds what cannot be screened", error.remedy) from None
    wallets = tuple(_address(one, "wallets", where) for one in given.wallets)
    onchain_id = _address(given.onchain_id, "onchain_id", where) if given.onchain_id else ""
    return Row(given.person, subject, wallets, onchain_id)


def _require_pseudonym(identifier: str, name: str, where: str) -> None:
    plain = _letters(identifier)
    parts = (_letters(part) for part in re.split(r"[\W\d_]+", name))
    if any(len(part) >= _SHORTEST_PART and part in plain for part in parts):
        raise CaseError(where, "person holds a part of the name", "give an identifier that tells nobody who it is")


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalpha())


def _address(text: str, what: str, where: str) -> str:
    if not is_address(text) or text not in (text.lower(), to_checksum_address(text)):
        raise CaseError(where, f"{what} holds no address, or one that fails its checksum", "correct it")
    return str(to_checksum_address(text))


def persons(rows: Sequence[Row], onchain_ids: Mapping[str, str] | None = None) -> list[Person]:
    """Joins rows into persons: whoever shares an identifier, an ONCHAINID or a wallet is one.

    Args:
        rows: The register.
        onchain_ids: Wallet -> ONCHAINID as the chain has them, both checksummed.
    """
    chain = onchain_ids or {}
    above: dict[str, str] = {}

    def root(mark: str) -> str:
        while above.setdefault(mark, mark) != mark:
            mark = above[mark]
        return mark

    for row in rows:
        for mark in _marks(row, chain):
            above[root(mark)] = root(f"person {row.person}")
    members: dict[str, list[Row]] = {}
    for row in rows:
        members.setdefault(root(f"person {row.person}"), []).append(row)
    # Wallets that the chain alone joins belong to the person of their ONCHAINID.
    more: dict[str, set[str]] = {}
    for wallet, onchain_id in chain.items():
        if (mark := f"onchainid {onchain_id}") in above:
            more.setdefault(root(mark), set()).add(wallet)
    found = [_person(mine, more.get(at, set()), chain) for at, mine in members.items()]
    return sorted(found, key=lambda one: one.id)


def _marks(row: Row, chain: Mapping[str, str]) -> Iterator[str]:
    yield f"person {row.person}"
    if row.onchain_id:
        yield f"onchainid {row.onchain_id}"
    for wallet in row.wallets:
        yield f"wallet {wallet}"
        if wallet in chain:
            yield f"onchainid {chain[wallet]}"


def _person(rows: Sequence[Row], more: set[str], chain: Mapping[str, str]) -> Person:
    names = sorted({row.person for row in rows})
    wallets = {wallet for row in rows for wallet in row.wallets} | more
    onchain = {row.onchain_id for row in rows if row.onchain_id} | {chain[one] for one in wallets if one in chain}
    subjects = tuple(dict.fromkeys(row.subject for row in rows))
    return Person(names[0], frozenset({*names, *onchain}), subjects, tuple(sorted(wallets)))
