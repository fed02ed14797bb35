from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.lists.errors import ListError
from keepers.compliance.lists.formats import Wanted, read
from keepers.compliance.lists.records import ListDocument, ListedWallet
from tests.unit.keepers.compliance.lists.reading import (
    FIRST,
    PUBLISHED,
    SECOND,
    THIRD,
    by_uid,
    bytes_of,
    ofac,
    refusing,
    source,
)

NEW = "0x1da5821544e25c636c1417Ba96Ade4Cf6D2f9B5A"
GAINED = "0x931546D9e66836AbF687d2bc64B30407bAc8C568"


def applied(data: bytes | None = None, before: ListDocument | None = None) -> tuple[ListDocument, list[str], list[str]]:
    """The list after the delta, with what refuses it and what is noted."""
    wanted = Wanted("ofac-delta", before=before or ofac()[0])
    document, draft = read(wanted, [source("delta.xml", data)])
    return document, refusing(draft), [str(finding) for finding in draft.findings if not finding.refuses]


def test_applied__additions__are_parties_of_the_list() -> None:
    document, refused, noted = applied()
    party = by_uid(document)["90003"]
    assert (party.kind, party.countries, party.programmes) == ("person", ("ES", "MX"), ("CYBER2",))
    assert party.birth_dates == ("1972",) and party.wallets == (ListedWallet(NEW, "ETH"),)
    assert [(name.text, name.strength, name.script) for name in party.names] == [
        ("EJEMPLO DIAZ, Carla", "primary", "Latn"),
        ("Карла Эхемпло", "strong", "Cyrl"),
        ("LA MUESTRA", "weak", "Latn"),
    ]
    assert (refused, noted) == ([], [])
    assert document.published == "2026-09-24T04:00:00Z" and document.format == "ofac-delta"


def test_applied__removals__are_gone_and_nobody_else() -> None:
    assert set(by_uid(applied()[0])) == {"36", "2674", "4238", "5001", "90003"}


def test_applied__corrections__gain_and_lose_exactly_what_they_name() -> None:
    before, after = by_uid(ofac()[0])["2674"], by_uid(applied()[0])["2674"]
    assert after.wallets == (
        ListedWallet(SECOND, "USDT"),
        ListedWallet(THIRD, "ARB"),
        ListedWallet(GAINED, "USDC"),
    )
    assert {name.text for name in before.names} - {name.text for name in after.names} == {"PETROFF, Ivan"}
    assert after.programmes == (*before.programmes, "DPRK4") and after.birth_dates == before.birth_dates
    assert FIRST not in {wallet.address for wallet in after.wallets}


def test_applied__records_of_another_list__are_left_out() -> None:
    assert "77777" not in by_uid(applied()[0])


def without(uid: str) -> ListDocument:
    """The list without one of its parties."""
    whole = ofac()[0]
    return replace(whole, parties=tuple(party for party in whole.parties if party.uid != uid))


def test_applied__a_removal_of_a_record_that_is_not_there__is_refused() -> None:
    _, refused, _ = applied(before=without("306"))
    assert refused == [
        "record 306: is removed but is not on the list; apply the deltas in between first, or import the full list"
    ]


def test_applied__a_correction_that_names_no_list__may_be_another_lists() -> None:
    document, refused, noted = applied(before=without("2674"))
    assert "2674" not in by_uid(document) and refused == []
    assert noted == ["record 2674: is corrected on a list that it does not name; import the full list"]


def test_applied__an_unknown_action__is_refused() -> None:
    with pytest.raises(ListError, match=r"delta\.xml entity 306: has the action 'merge'; fetch the full list"):
        applied(bytes_of("delta.xml").replace(b'"306" action="remove"', b'"306" action="merge"'))


def test_applied__a_loss_that_the_party_did_not_have__is_noted() -> None:
    _, _, noted = applied(bytes_of("delta.xml").replace(b"PETROFF, Ivan", b"NOBODY"))
    assert noted == ["record 2674: loses a name that it does not have; import the full list"]


def test_read__a_delta_without_a_list__is_refused() -> None:
    with pytest.raises(ListError, match=r"delta\.xml: follows a list that is not there; import the full list first"):
        read(Wanted("ofac-delta", published=PUBLISHED), [source("delta.xml")])


def test_applied__a_file_cut_off_at_any_byte__is_refused() -> None:
    whole, before = bytes_of("delta.xml").rstrip(), ofac()[0]
    for length in range(0, len(whole), 7):
        with pytest.raises(ListError):
            applied(whole[:length], before)
