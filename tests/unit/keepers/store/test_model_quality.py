"""Findings about closes are kept by model, replaced by a later attempt, and taken back with their block."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keepers.market.quality import Quality
from keepers.store import SeenBlock, Store, model_quality
from tests.unit.keepers.store.filled import BOT, QUALITY


@pytest.fixture
def store(store_url: str) -> Store:
    return Store.open(store_url)


def test_record__findings__read_back_as_they_were(store: Store) -> None:
    model_quality.record(store, QUALITY)
    assert model_quality.quality_of(store, "demo", 3) == QUALITY
    assert model_quality.quality_of(store, "demo", 4) is None and model_quality.quality_of(store, "other", 3) is None


def test_record__same_nonce_again__replaces_the_earlier_attempt(store: Store) -> None:
    later = replace(QUALITY, data_hash="cd" * 32, quality=Quality(1001, 2, ()), block=9)
    for found in (QUALITY, later):
        model_quality.record(store, found)
    assert model_quality.quality_of(store, "demo", 3) == later


@pytest.mark.parametrize(("ancestor", "stays"), [(6, False), (7, True)])
def test_roll_back__block_of_the_record__takes_it_back(store: Store, ancestor: int, stays: bool) -> None:
    model_quality.record(store, QUALITY)
    store.roll_back(BOT, SeenBlock(ancestor, "0xaa", 1000))
    assert (model_quality.quality_of(store, "demo", 3) is not None) == stays
