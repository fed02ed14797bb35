"""Scheduled calls in words."""

from __future__ import annotations

from keepers import abi
from keepers.operations.scheduled import in_words

REGISTRY = "0x" + "11" * 20


def test_in_words__binding_of_a_registry__named_by_what_the_address_answers_too() -> None:
    data = abi.function("IdentityRegistryStorage", "bindIdentityRegistry").encode(REGISTRY)
    words = in_words("IdentityRegistry", data)
    assert words.text == f"bindIdentityRegistry of IdentityRegistry for {REGISTRY}"
    assert words.about == (REGISTRY,)


def test_in_words__function_of_no_interface__shows_its_selector() -> None:
    assert in_words("IdentityRegistry", b"\x12\x34\x56\x78").text == "0x12345678 of IdentityRegistry"
