from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from keepers import abi
from keepers.rpc.errors import NodeRefused
from keepers.rpc.events import ChainMoved, LogFilter, pages, read_page
from keepers.rpc.node import Node, connect
from tests.fixtures.event_chain import EventChain


def wanted(local_chain: EventChain) -> LogFilter:
    return LogFilter(local_chain.posted, (local_chain.contract.address,))


def test_read_page__events__are_decoded_and_know_their_place(local_chain: EventChain) -> None:
    receipt = local_chain.post(5, 3)
    page = read_page(connect(local_chain.url, 31337), wanted(local_chain), 0, 2)
    block = local_chain.w3.eth.get_block(2)
    assert [event.args for event in page.events] == [{"id": note, "postedAt": block["timestamp"]} for note in (5, 6, 7)]
    assert [event.id for event in page.events] == [f"{receipt['transactionHash'].to_0x_hex()}:{n}" for n in range(3)]
    assert (page.hash, page.timestamp) == (block["hash"].to_0x_hex(), block["timestamp"])


def test_event__of_a_later_block__has_a_later_place(local_chain: EventChain) -> None:
    local_chain.post(5, 3)
    local_chain.post(9, 1)
    events = read_page(connect(local_chain.url, 31337), wanted(local_chain), 0, local_chain.w3.eth.block_number).events
    places = [event.place for event in events]
    assert places == sorted(places) and len(set(places)) == 4
    assert events[-1].place[1:] < events[-2].place[1:], "within its block the last one is the first"


def test_event__mined_again_in_another_block__has_the_same_id(local_chain: EventChain) -> None:
    node = connect(local_chain.url, 31337)
    raw = local_chain.w3.eth.get_raw_transaction(local_chain.post(5, 2)["transactionHash"])  # type: ignore[arg-type]
    before = read_page(node, wanted(local_chain), 0, 2).events
    local_chain.rpc("anvil_reorg", 1, [])
    local_chain.mine()
    local_chain.send_again(raw)
    after = read_page(node, wanted(local_chain), 0, local_chain.w3.eth.block_number).events
    assert [event.id for event in before] == [event.id for event in after]
    assert {event.block_hash for event in before}.isdisjoint(event.block_hash for event in after)


def test_read_page__block_that_the_node_has_not__is_refused(local_chain: EventChain) -> None:
    with pytest.raises(ChainMoved, match="not on this endpoint yet"):
        read_page(connect(local_chain.url, 31337), wanted(local_chain), 0, 50)


def test_pages__node_refuses_long_ranges__reads_shorter_ones(
    local_chain: EventChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for note in range(20):
        local_chain.post(note)
    asked: list[int] = []
    original = Node.batch

    def limited(self: Node, requests: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        pending = list(requests)
        found = original(self, pending)
        for at, (method, params) in enumerate(pending):
            if method == "eth_getLogs":
                span = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
                asked.append(span)
                if span > 4:
                    found[at] = NodeRefused(method, "query returned more than 10000 results", "ask for less")
        return found

    monkeypatch.setattr(Node, "batch", limited)
    found = list(pages(connect(local_chain.url, 31337), wanted(local_chain), 0, 21, blocks=16))
    assert [event.args["id"] for page in found for event in page.events] == list(range(20))
    assert asked.count(16) == 1, "what was learnt is kept"


def test_pages__too_many_logs_in_one__next_covers_less(
    local_chain: EventChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepers.rpc.events._MOST_LOGS", 10)
    for note in range(16):
        local_chain.post(10 * note, 10)
    found = list(pages(connect(local_chain.url, 31337), wanted(local_chain), 2, 17, blocks=4))
    assert [len(page.events) for page in found] == [40, 20, *[10] * 10]


def test_decode_log__indexed_dynamic__gives_its_hash() -> None:
    event = abi.parse(
        {
            "type": "event",
            "name": "Named",
            "inputs": [
                {"name": "name", "type": "string", "indexed": True},
                {"name": "owner", "type": "address", "indexed": True},
                {"name": "text", "type": "string", "indexed": False},
            ],
        }
    )
    data = "0x" + (32).to_bytes(32, "big").hex() + (2).to_bytes(32, "big").hex() + b"hi".ljust(32, b"\0").hex()
    topics = ("0x" + event.topic.hex(), "0x" + "ab" * 32, "0x" + "00" * 12 + "12" * 20)
    assert event.log_decoder()(topics, data) == {"name": b"\xab" * 32, "owner": "0x" + "12" * 20, "text": "hi"}
