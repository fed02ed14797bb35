"""ERC-4626 vaults as markets."""

from dataclasses import replace

import numpy as np
import pytest

from keepers.routing.errors import InsufficientLiquidity, RoutingError
from keepers.routing.graph import Graph
from keepers.routing.pools import quote, swap
from keepers.routing.vaults import VaultPool

VAULT = VaultPool("0xV", "asset", "share", "0xV", False, 11 * 10**23, 10**24, 1, 1)


@pytest.mark.parametrize("amount", [1, 7, 10**18, 3 * 10**23])
def test_quote__openzeppelins_vault__rounds_down_at_its_virtual_price(amount: int) -> None:
    assert quote(VAULT, "asset", amount) == amount * (10**24 + 1) // (11 * 10**23 + 1)
    assert quote(VAULT, "share", amount) == amount * (11 * 10**23 + 1) // (10**24 + 1)


def test_quote__more_shares_than_there_are__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity, match="more than vault 0xV takes"):
        quote(VAULT, "share", 10**24 + 1)


def test_quote__beyond_the_maximum_deposit__is_refused() -> None:
    with pytest.raises(InsufficientLiquidity, match="more than vault 0xV takes"):
        quote(replace(VAULT, most_assets=10**20), "asset", 10**20 + 1)


def test_swap__there_and_back__gains_nothing_and_the_price_never_falls() -> None:
    capped = replace(VAULT, most_assets=10**21)
    shares, after = swap(capped, "asset", 10**20 + 1)
    assert isinstance(after, VaultPool)
    assert (after.assets, after.shares) == (VAULT.assets + 10**20 + 1, VAULT.shares + shares)
    assert after.most_assets == 10**21 - 10**20 - 1
    assert after.assets * VAULT.shares >= VAULT.assets * after.shares
    back, end = swap(after, "share", shares)
    assert back <= 10**20 + 1
    assert isinstance(end, VaultPool) and end.assets >= VAULT.assets


def test_graph__vault__is_a_line_as_long_as_what_it_takes() -> None:
    graph = Graph((replace(VAULT, most_assets=10**21),))
    wraps, unwraps = graph.edge_of["0xV", True], graph.edge_of["0xV", False]
    assert graph.limit[wraps] == 1e21 and graph.limit[unwraps] == 1e24
    both = np.array([wraps, unwraps])
    assert graph.curves.output(both, np.array([1e20, 1e20])) == pytest.approx([1e20 / 1.1, 1.1e20], rel=1e-12)


def test_vault_pool__empty__is_refused() -> None:
    with pytest.raises(RoutingError, match="no price"):
        replace(VAULT, shares=0)
