"""Screening for the command line: accepted lists and files in, alerts out.

Personal data leave it as the output alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pydantic

from keepers.compliance.lists.records import ListedParty
from keepers.compliance.screening.errors import ScreeningError
from keepers.compliance.screening.screen import Alert, Screener, Subject
from keepers.store import Store
from keepers.store.lists import newest, parties

_PARTIES: pydantic.TypeAdapter[ListedParty] = pydantic.TypeAdapter(ListedParty)
_LONGEST_LINE = 2**22


def read_parties(path: Path) -> Iterator[ListedParty]:
    """Reads a file of listed parties: one JSON object with the fields of `ListedParty` per line.

    Raises:
        ScreeningError: If it cannot be read, or a line is no party; a file without any party is refused too.
    """
    count = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(_LONGEST_LINE):
                count += 1
                yield _party(line, path, count)
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise ScreeningError(path.name, reason, "name an existing file of listed parties") from None
    if not count:
        raise ScreeningError(path.name, "holds no party", "name a file with one party per line")


def _party(line: bytes, path: Path, number: int) -> ListedParty:
    place = f"{path.name} line {number}"
    try:
        party = _PARTIES.validate_json(line)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        reason = f"is no listed party ({where}: {first['msg']})" if where else f"is no listed party ({first['msg']})"
        raise ScreeningError(place, reason, "write it as docs/screening.md describes") from None
    if not party.names:
        raise ScreeningError(place, "has no name", "give at least one")
    return party


def listed(files: Sequence[Path], store: Store | None) -> Iterator[ListedParty]:
    """Yields the parties of files, and of the newest accepted version of every list in a database.

    Raises:
        ScreeningError: If a file cannot be used, or the database has no list.
        StoreError: If the database cannot be read.
    """
    for path in files:
        yield from read_parties(path)
    if store is None:
        return
    accepted = newest(store)
    if not accepted:
        raise ScreeningError("the database", "has no list", "import one: quantera compliance lists import")
    for version in accepted:
        yield from parties(store, version)


def screen(subject: Subject, against: Iterable[ListedParty], threshold: float) -> dict[str, Any]:
    """Screens a subject against listed parties; returns what the command prints as JSON.

    Raises:
        ScreeningError: If the subject cannot be used.
    """
    subject = subject.checked()
    screener = Screener(against)
    alerts = screener.screen(subject, threshold)
    return {
        "name": subject.name,
        "kind": subject.kind,
        "birth_date": subject.birth_date or None,
        "countries": list(subject.countries),
        "threshold": threshold,
        "listed_names": screener.names,
        "unreadable": [{"list": entry[0], "uid": entry[1], "place": entry[2]} for entry in screener.unreadable],
        "alerts": [_rounded(alert) for alert in alerts],
    }


def _rounded(alert: Alert) -> dict[str, Any]:
    return {**alert._asdict(), "score": round(alert.score, 4)}


def lines(found: dict[str, Any]) -> list[str]:
    """Returns the same for people: a line per alert, the surest first, with the rule behind it."""
    said = [
        f"{alert['score']:.2f}  {alert['rule']:<26} {alert['list_id']} {alert['uid']}  {alert['listed_name']}"
        f"  ({', '.join(alert['rules'])}; {alert['strength']})"
        for alert in found["alerts"]
    ]
    if found["unreadable"]:
        said.append(f"{len(found['unreadable'])} listed names hold no letters: nobody is found by them")
    said.append(
        f"{len(found['alerts'])} alerts among {found['listed_names']:,} listed names at {found['threshold']:.2f}"
    )
    return said


def as_json(found: dict[str, Any]) -> str:
    """Returns one line of JSON."""
    return json.dumps(found, ensure_ascii=False)
