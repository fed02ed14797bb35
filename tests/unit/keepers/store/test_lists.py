"""Accepted versions of sanctions lists, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.compliance.lists.gate import Retirement
from keepers.compliance.lists.records import Counts, ListDocument, ListedName, ListedParty, ListedWallet, ListFile
from keepers.store import Store, StoreError
from keepers.store.lists import (
    KEPT,
    accept,
    confirm,
    document,
    ever_listed,
    has_parties,
    last_number,
    listed_by_mistake,
    newest,
    parties,
    retire,
    versions,
    wallets,
)

FIRST, SECOND, THIRD = (ListedWallet(f"0x{digit * 40}", "ETH") for digit in "123")


def party(uid: int, *accounts: ListedWallet) -> ListedParty:
    names = (ListedName(f"PARTY {uid}", "primary"), ListedName(f"σ {uid}", "weak"))
    return ListedParty("un", str(uid), "person", names, ("1971~",), ("DE",), ("P",), accounts, "line one\nline two")


def listed(day: int, *found: ListedParty, list_id: str = "un") -> ListDocument:
    """A version of a list."""
    file = ListFile("un.xml", day, f"{day:064x}", f"{day:064x}")
    mine = tuple(replace(one, list_id=list_id) for one in found)
    return ListDocument(list_id, (file,), f"2026-09-{day:02d}", Counts.of(mine), mine, "un")


def test_accept__a_version__is_read_back_as_it_was(store_url: str) -> None:
    store = Store.open(store_url)
    new = listed(1, *(party(uid, FIRST) for uid in range(2_500)))
    version = accept(store, new, None, 1000, ["somebody accepted: this"])
    assert document(store, version) == new
    assert newest(store) == [version] == versions(store, "un")
    assert (version.accepted, version.checked, version.doubts) == (1000, 1000, ("somebody accepted: this",))
    assert version.source_hash == new.source_hash and version.files == new.files


def test_accept__several_lists__each_has_its_newest(store_url: str) -> None:
    store = Store.open(store_url)
    first = accept(store, listed(1, party(1)), None, 1000)
    other = accept(store, listed(1, party(9), list_id="eu-fsf"), None, 1000)
    second = accept(store, listed(2, party(1), party(2)), first, 2000)
    assert newest(store) == [other, second]
    assert versions(store, "un") == [second, first] and versions(store, "nowhere") == []


def test_accept__two_that_follow_the_same_version__one_is_refused_and_leaves_nothing(store_url: str) -> None:
    store = Store.open(store_url)
    first = accept(store, listed(1, party(1, FIRST)), None, 1000)
    second = accept(store, listed(2, party(1, FIRST)), first, 2000)
    with pytest.raises(StoreError, match="list un: was accepted in another version meanwhile; import it again"):
        accept(store, listed(3, party(1, SECOND)), first, 2000)
    assert versions(store, "un") == [second, first] and set(ever_listed(store)) == {FIRST.address}


def test_accept__old_versions__keep_their_accounts_and_no_parties(store_url: str) -> None:
    store = Store.open(store_url)
    made = []
    for day in range(1, KEPT + 2):
        made.append(accept(store, listed(day, party(day, FIRST, SECOND)), made[-1] if made else None, day))
    assert [one.uid for one in parties(store, made[-1])] == [str(KEPT + 1)]
    assert wallets(store, made[0]) == (FIRST, SECOND)
    with pytest.raises(StoreError, match="list un: of 2026-09-01 keeps its accounts only; import its file again"):
        list(parties(store, made[0]))


def test_confirm__a_version__is_known_to_be_the_newest(store_url: str) -> None:
    store = Store.open(store_url)
    version = accept(store, listed(1, party(1)), None, 1000)
    confirm(store, version.version, 5000)
    assert newest(store) == [replace(version, checked=5000)]


def test_ever_listed__accounts_of_every_version__with_the_list_that_named_them_last(store_url: str) -> None:
    store = Store.open(store_url)
    first = accept(store, listed(1, party(1, FIRST, SECOND)), None, 1)
    accept(store, listed(1, party(9, SECOND), list_id="eu-fsf"), None, 2)
    accept(store, listed(2, party(1, THIRD)), first, 3)
    assert ever_listed(store) == {FIRST.address: "un", SECOND.address: "eu-fsf", THIRD.address: "un"}


def test_wallets__of_several_parties__keep_asset_and_doubt(store_url: str) -> None:
    store = Store.open(store_url)
    doubtful = replace(SECOND, doubtful=True, asset="USDT")
    version = accept(store, listed(1, party(1, FIRST, doubtful), party(2, FIRST)), None, 1)
    assert wallets(store, version) == (FIRST, FIRST, doubtful)


MISTAKE = Retirement(9000, "A. Officer", "a test file")


def test_retire__the_newest_version__the_one_before_counts_again_and_history_stays(store_url: str) -> None:
    store = Store.open(store_url)
    first = accept(store, listed(1, party(1, FIRST)), None, 1)
    second = accept(store, listed(2, party(2, SECOND)), first, 2)
    retire(store, [second], MISTAKE)
    assert newest(store) == [first] == versions(store, "un", in_use=True)
    assert versions(store, "un") == [replace(second, retired=MISTAKE), first]
    assert ever_listed(store) == {FIRST.address: "un"} and listed_by_mistake(store) == {SECOND.address: "un"}


def test_retire__a_version_twice__is_refused(store_url: str) -> None:
    store = Store.open(store_url)
    version = accept(store, listed(1, party(1)), None, 1)
    retire(store, [version], MISTAKE)
    with pytest.raises(StoreError, match="version: was retired meanwhile"):
        retire(store, [version], MISTAKE)


def test_retire__all_of_a_list__it_may_be_accepted_anew(store_url: str) -> None:
    store = Store.open(store_url)
    retire(store, [accept(store, listed(1, party(1, FIRST)), None, 1)], MISTAKE)
    assert newest(store) == []
    again = accept(store, listed(1, party(1, FIRST)), None, 2, follows=last_number(store, "un"))
    assert newest(store) == [again] and listed_by_mistake(store) == {}


def test_accept__after_a_retired_version__keeps_the_parties_of_those_in_use(store_url: str) -> None:
    store = Store.open(store_url)
    first = accept(store, listed(1, party(1)), None, 1)
    wrong = accept(store, listed(2, party(2)), first, 2)
    retire(store, [wrong], MISTAKE)
    third = accept(store, listed(3, party(3)), first, 3, follows=last_number(store, "un"))
    assert [has_parties(store, one) for one in (first, wrong, third)] == [True, False, True]
