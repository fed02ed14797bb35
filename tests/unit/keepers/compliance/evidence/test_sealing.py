from __future__ import annotations

import json
from dataclasses import replace

import pytest

from keepers.compliance.evidence.errors import EvidenceError
from keepers.compliance.evidence.locks import LEAST_COST, Lock, new_lock, unlock
from keepers.compliance.evidence.sealing import Header, Keeper, address_of, new_key, seal, unseal

PASSPHRASE = "correct horse battery"
HEADER = Header("passport", "scan of somebody.pdf", 1000, "Ada Example")
DOCUMENT = b"scan of somebody"


@pytest.fixture(scope="module")
def folder_lock() -> Lock:
    return new_lock(PASSPHRASE, LEAST_COST)


@pytest.fixture(scope="module")
def unlocked(folder_lock: Lock) -> Keeper:
    return unlock(folder_lock, PASSPHRASE)


def test_unlock__the_right_passphrase__gives_the_same_keys(folder_lock: Lock, unlocked: Keeper) -> None:
    again = unlock(Lock.of_text(folder_lock.to_text()), PASSPHRASE)
    assert again == unlocked and unlocked.wrapping.hex() not in repr(unlocked)


def test_unlock__composed_and_decomposed_letters__are_one_passphrase() -> None:
    lock = new_lock("gr\u00fcner Apfel am Morgen", LEAST_COST)
    assert unlock(lock, "gru\u0308ner Apfel am Morgen").handle("P-1")


def test_unlock__another_passphrase__is_refused_without_either(folder_lock: Lock) -> None:
    with pytest.raises(EvidenceError, match="passphrase: does not open the folder") as caught:
        unlock(folder_lock, "another passphrase")
    assert "another" not in str(caught.value)


def test_new_lock__a_short_passphrase__is_refused() -> None:
    with pytest.raises(EvidenceError, match="has fewer than 12 characters"):
        new_lock("short", LEAST_COST)


@pytest.mark.parametrize("cost", [LEAST_COST // 2, LEAST_COST + 1, 2**21])
def test_lock__a_cost_that_nobody_wrote__is_refused(folder_lock: Lock, cost: int) -> None:
    with pytest.raises(EvidenceError, match="asks for a cost that nobody wrote"):
        Lock.of_text(replace(folder_lock, cost=cost).to_text())


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cost": 1, "salt": "xx", "check": ""}'])
def test_lock__damaged__is_refused(text: str) -> None:
    with pytest.raises(EvidenceError, match=r"lock\.json: is damaged"):
        Lock.of_text(text)


def test_handle__two_folders__have_nothing_in_common(unlocked: Keeper) -> None:
    other = unlock(new_lock(PASSPHRASE, LEAST_COST), PASSPHRASE)
    assert unlocked.handle("P-1") == unlocked.handle("P-1") != unlocked.handle("P-2")
    assert other.handle("P-1") != unlocked.handle("P-1")


def test_wrap__a_key__opens_under_its_own_handle_only(unlocked: Keeper) -> None:
    key = new_key()
    assert unlocked.unwrap("a", unlocked.wrap("a", key)) == key
    with pytest.raises(EvidenceError, match="key b: is damaged, or was exchanged"):
        unlocked.unwrap("b", unlocked.wrap("a", key))


def test_seal__the_same_document_twice__is_two_objects_that_say_nothing() -> None:
    key = new_key()
    one, two = seal(key, "a", HEADER, DOCUMENT), seal(key, "a", HEADER, DOCUMENT)
    assert address_of(one) != address_of(two)
    assert b"somebody" not in one and b"passport" not in one and b"Ada" not in one
    assert unseal(key, "a", one) == (HEADER, DOCUMENT) == unseal(key, "a", two)
    assert "somebody" not in repr(HEADER) and json.dumps(vars(HEADER))


@pytest.mark.parametrize("place", [0, 19, 25, 40, -1])
def test_unseal__one_bit_altered__is_refused(place: int) -> None:
    key = new_key()
    stored = bytearray(seal(key, "a", HEADER, DOCUMENT))
    stored[place] ^= 1
    with pytest.raises(EvidenceError, match="does not open with its key"):
        unseal(key, "a", bytes(stored))


@pytest.mark.parametrize("cut", [0, 10, 19, 30])
def test_unseal__cut_off__is_refused(cut: int) -> None:
    key = new_key()
    with pytest.raises(EvidenceError, match="does not open with its key"):
        unseal(key, "a", seal(key, "a", HEADER, DOCUMENT)[:cut])


def test_unseal__another_persons__is_refused() -> None:
    key = new_key()
    with pytest.raises(EvidenceError):
        unseal(key, "b", seal(key, "a", HEADER, DOCUMENT))
    with pytest.raises(EvidenceError):
        unseal(new_key(), "a", seal(key, "a", HEADER, DOCUMENT))
