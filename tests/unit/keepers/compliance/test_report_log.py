"""A log's running hash, and reports that are not what was logged."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.compliance.report_log import GENESIS, Entry, LogError, LogKind, next_head, parse_report, verify

TOKEN = "0x" + "11" * 20
ZERO = "0x" + "00" * 20


def made(length: int) -> list[Entry]:
    """A log of that length, as the chain would keep it."""
    entries: list[Entry] = []
    head = GENESIS
    for index in range(length):
        refusal = index % 3 == 2
        entry = Entry(
            index=index,
            kind=LogKind.REFUSAL if refusal else LogKind.TRAVEL_RULE,
            reason=6 if refusal else 0,
            account="0x" + "22" * 20 if refusal else ZERO,
            operator="0x" + "33" * 20,
            sender="0x" + "33" * 20,
            receiver="0x" + "22" * 20,
            amount=10**18 + index,
            timestamp=1_700_000_000 + index,
            head="",
        )
        head = next_head(head, TOKEN, entry)
        entries.append(replace(entry, head="0x" + head.hex()))
    return entries


LOG = made(7)
HEAD = bytes.fromhex(LOG[-1].head[2:])

CHANGES: dict[str, object] = {
    "kind": 2,
    "reason": 1,
    "account": "0x" + "44" * 20,
    "operator": "0x" + "44" * 20,
    "sender": "0x" + "44" * 20,
    "receiver": "0x" + "44" * 20,
    "amount": 1,
    "timestamp": 1,
}


def test_verify__whole_log__passes() -> None:
    verify(TOKEN, LOG, HEAD, len(LOG))


def test_verify__empty_log__passes() -> None:
    verify(TOKEN, [], GENESIS, 0)


@pytest.mark.parametrize("field", sorted(CHANGES))
@pytest.mark.parametrize("position", [0, 3, 6])
def test_verify__a_field_changed__is_found(field: str, position: int) -> None:
    forged = [replace(e, **{field: CHANGES[field]}) if e.index == position else e for e in LOG]
    with pytest.raises(LogError, match=f"entry {position}"):
        verify(TOKEN, forged, HEAD, len(LOG))


def test_verify__changed_with_all_hashes_made_anew__is_found() -> None:
    forged, head = [], GENESIS
    for entry in LOG:
        changed = replace(entry, amount=1) if entry.index == 2 else entry
        head = next_head(head, TOKEN, changed)
        forged.append(replace(changed, head="0x" + head.hex()))
    with pytest.raises(LogError, match="the chain at 0x"):
        verify(TOKEN, forged, HEAD, len(LOG))


@pytest.mark.parametrize("position", [0, 3, 6])
def test_verify__entry_left_out__is_found(position: int) -> None:
    with pytest.raises(LogError, match=f"entry {position}: is missing"):
        verify(TOKEN, [entry for entry in LOG if entry.index != position], HEAD, len(LOG))


def test_verify__left_out_and_renumbered__is_found() -> None:
    rest = [replace(entry, index=index) for index, entry in enumerate(LOG[1:])]
    with pytest.raises(LogError, match="entry 0"):
        verify(TOKEN, rest, HEAD, len(LOG))


def test_verify__entry_added__is_found() -> None:
    longer = made(8)
    with pytest.raises(LogError, match="entry 7: the chain has 7 entries only"):
        verify(TOKEN, longer, HEAD, len(LOG))


def test_verify__entry_twice__is_found() -> None:
    with pytest.raises(LogError, match="entry 2: is there twice"):
        verify(TOKEN, [*LOG[:3], *LOG[2:]], HEAD, len(LOG))


def test_verify__two_entries_swapped__is_found() -> None:
    with pytest.raises(LogError, match="entry"):
        verify(TOKEN, [LOG[1], LOG[0], *LOG[2:]], HEAD, len(LOG))


def test_verify__log_of_another_token__is_found() -> None:
    with pytest.raises(LogError, match="entry 0: does not give the running hash"):
        verify("0x" + "12" * 20, LOG, HEAD, len(LOG))


@given(st.integers(0, 6), st.integers(0, 2**256 - 1))
def test_verify__any_other_amount__is_found(position: int, amount: int) -> None:
    if amount == LOG[position].amount:
        return
    forged = [replace(entry, amount=amount) if entry.index == position else entry for entry in LOG]
    with pytest.raises(LogError):
        verify(TOKEN, forged, HEAD, len(LOG))


# -- Reports


def test_parse_report__written__is_read_back() -> None:
    assert parse_report("".join(entry.line() + "\n" for entry in LOG)) == LOG


@pytest.mark.parametrize("name", sorted(asdict(LOG[0])))
def test_parse_report__field_missing__is_named(name: str) -> None:
    data = asdict(LOG[0])
    data.pop(name)
    with pytest.raises(LogError, match=name):
        parse_report(json.dumps(data))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"note": "nice"}, "note"),
        ({"sender": "0x12"}, "sender '0x12' is no address"),
        ({"amount": -1}, "amount -1 is no number"),
        ({"amount": "5"}, "amount '5' is no number"),
        ({"amount": True}, "amount True is no number"),
        ({"timestamp": 2**256}, "timestamp"),
    ],
)
def test_parse_report__malformed__is_named(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(LogError) as error:
        parse_report(json.dumps({**asdict(LOG[0]), **changes}))
    assert complaint in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", "17", "amount,5"])
def test_parse_report__line_that_is_no_object__is_named(text: str) -> None:
    with pytest.raises(LogError, match="line 2: is no JSON object"):
        parse_report(LOG[0].line() + "\n" + text)
