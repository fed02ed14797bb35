"""Keys of what bots remember are made and read by functions of one module."""

from __future__ import annotations

from keepers.bots.names import (
    REGISTRIES,
    rebalance_key,
    rebalance_model,
    rebalance_prefix,
    refresh_key,
    refresh_number,
    refresh_prefix,
    registry_key,
    registry_of,
    wallet_key,
    wallet_of,
    wallet_prefix,
)

A, B = "0x" + "Aa" * 20, "0x" + "Bb" * 20


def test_rebalance_model__of_a_key__is_the_model_it_was_made_for() -> None:
    assert rebalance_model(rebalance_key(A, 17)) == 17


def test_refresh_number__of_a_key__is_the_number_it_was_made_for() -> None:
    assert refresh_number(refresh_key(A, B, 12)) == 12


def test_wallet_of__a_key__is_the_account_and_not_the_registry() -> None:
    assert wallet_of(wallet_key(A, B)) == B


def test_registry_of__a_key__is_the_registry() -> None:
    assert registry_of(registry_key(A)) == A


def test_prefixes__of_keys__begin_them_and_no_others() -> None:
    keys = (rebalance_key(A, 1), refresh_key(A, B, 1), wallet_key(A, B), registry_key(A))
    prefixes = (rebalance_prefix(A), refresh_prefix(A, B), wallet_prefix(A), REGISTRIES)
    for own, prefix in zip(keys, prefixes, strict=True):
        assert [key for key in keys if key.startswith(prefix)] == [own]
