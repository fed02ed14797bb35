"""Rounds of a feed whose aggregator was replaced, behind Chainlink's own proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from web3 import Web3
from web3.contract import Contract

from keepers.contracts.feeds import FeedReader
from keepers.market.rounds import Round, rounds_at
from keepers.rpc.node import connect
from scripts._lib.anvil import anvil
from scripts._lib.artifacts import artifact
from scripts._lib.transactions import deploy, send
from tests.fixtures.aggregator_proxy import aggregator_proxy

Times = dict[int, int]
"""Unix seconds by round id of an aggregator; ids that are missing have no data."""


class Feed(NamedTuple):
    """A feed: its reader, and its proxy's address."""

    reader: FeedReader
    address: str

    def at(self, *times: int) -> list[Round | None]:
        """The rounds in force at times."""
        return rounds_at(self.reader, [(self.address, time) for time in times])


@pytest.fixture
def feed() -> Iterator[Callable[..., Feed]]:
    """`feed({1: 100, 2: 200}, …)`: a proxy that went from aggregator to aggregator; answers are their times."""
    with anvil() as w3:
        yield lambda *phases: _feed(w3, phases)


def _feed(w3: Web3, phases: tuple[Times, ...]) -> Feed:
    owner = w3.eth.accounts[0]
    first, *others = [_aggregator(w3, owner, times) for times in phases]
    proxy = deploy(w3, owner, aggregator_proxy(), first.address)
    for other in others:
        send(w3, owner, proxy.functions.proposeAggregator(other.address))
        send(w3, owner, proxy.functions.confirmAggregator(other.address))
    return Feed(FeedReader(connect(str(w3.provider.endpoint_uri), 31337)), proxy.address)  # type: ignore[attr-defined]


def _aggregator(w3: Web3, owner: str, times: Times) -> Contract:
    found = deploy(w3, owner, artifact("MockFeed"), 8, "AAA / USD", 1)
    for number, time in {1: 0, **times}.items():
        send(w3, owner, found.functions.setRound(number, time, time, time, number))
    return found


def test_latest__second_phase__is_its_newest_round(feed: Callable[..., Feed]) -> None:
    found = feed({1: 100, 2: 200}, {1: 300})
    assert found.reader.latest([found.address]) == [Round(2 << 64 | 1, 300, 300)]
    assert found.reader.decimals([found.address]) == [8]


def test_rounds_at__two_phases__goes_back_over_the_replacement(feed: Callable[..., Feed]) -> None:
    found = feed({1: 100, 2: 200, 3: 300}, {1: 400, 2: 500})
    assert found.at(99, 100, 250, 399, 400, 10**9) == [
        None,
        Round(1 << 64 | 1, 100, 100),
        Round(1 << 64 | 2, 200, 200),
        Round(1 << 64 | 3, 300, 300),
        Round(2 << 64 | 1, 400, 400),
        Round(2 << 64 | 2, 500, 500),
    ]


def test_rounds_at__aggregator_reverts_where_it_has_no_round__passes_the_gap_over(feed: Callable[..., Feed]) -> None:
    found = feed({1: 100, 2: 200, 5: 500, 6: 600}, {2: 700, 3: 800})
    wanted = [(1, 2, 200), (1, 5, 500), (1, 6, 600), (2, 2, 700)]
    assert found.at(499, 599, 650, 750) == [Round(phase << 64 | number, time, time) for phase, number, time in wanted]


def test_rounds__phase_that_never_was__has_no_data(feed: Callable[..., Feed]) -> None:
    found = feed({1: 100})
    assert found.reader.rounds([(found.address, 1 << 64 | 1), (found.address, 2 << 64 | 1)]) == [
        Round(1 << 64 | 1, 100, 100),
        None,
    ]
