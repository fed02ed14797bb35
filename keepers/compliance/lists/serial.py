"""Parties as text and back, for the database: JSON with short keys, empty values left out."""

from __future__ import annotations

import json
from typing import Any

from keepers.compliance.lists.records import ListedName, ListedParty, ListedWallet, ListFile, NamePart


def to_text(party: ListedParty) -> str:
    """Returns a party as one line of JSON."""
    given: dict[str, Any] = {
        "n": [_name(name) for name in party.names],
        "b": list(party.birth_dates),
        "c": list(party.countries),
        "p": list(party.programmes),
        "w": [[one.address, one.asset, *([1] if one.doubtful else [])] for one in party.wallets],
        "r": party.remarks,
    }
    return json.dumps({key: value for key, value in given.items() if value}, ensure_ascii=False, separators=(",", ":"))


def _name(name: ListedName) -> dict[str, Any]:
    parts = [[part.kind, part.text] for part in name.parts]
    given = {"t": name.text, "s": name.strength, "x": name.script, "l": name.language, "p": parts}
    return {key: value for key, value in given.items() if value}


def of_text(list_id: str, uid: str, kind: Any, text: str) -> ListedParty:
    """Returns the party that `to_text` made a text of."""
    given = json.loads(text)
    return ListedParty(
        list_id=list_id,
        uid=uid,
        kind=kind,
        names=tuple(
            ListedName(
                one["t"], one["s"], one.get("x", ""), one.get("l", ""),
                tuple(NamePart(kind, part) for kind, part in one.get("p", ())),
            )
            for one in given["n"]
        ),
        birth_dates=tuple(given.get("b", ())),
        countries=tuple(given.get("c", ())),
        programmes=tuple(given.get("p", ())),
        wallets=tuple(ListedWallet(one[0], one[1], len(one) == 3) for one in given.get("w", ())),
        remarks=given.get("r", ""),
    )  # fmt: skip


def files_to_text(files: tuple[ListFile, ...]) -> str:
    """Returns files as JSON."""
    return json.dumps([[one.source, one.size, one.sha256, one.keccak256] for one in files], ensure_ascii=False)


def files_of_text(text: str) -> tuple[ListFile, ...]:
    """Returns the files that `files_to_text` made a text of."""
    return tuple(ListFile(*one) for one in json.loads(text))
