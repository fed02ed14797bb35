from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from keepers.rpc.endpoints import _REST
from keepers.rpc.errors import NodeRefused, NodeUnreachable, WrongNetwork
from keepers.rpc.node import connect
from scripts._lib.ports import free_port
from tests.fixtures.event_chain import EventChain, event_chain
from tests.fixtures.services import Answer, Request, serve
from tests.fixtures.waiting import GENEROUS, Clock


class Front:
    """Passes requests on to a node, or breaks in the way that it is told to."""

    def __init__(self, local_chain: EventChain) -> None:
        self.chain = local_chain
        self.status = 200
        self.stuck_at: int | None = None
        self.asked = 0

    def answer(self, request: Request) -> Answer:
        self.asked += 1
        if self.status != 200:
            return Answer(self.status, {"error": "too many requests"})
        if self.stuck_at is not None and isinstance(request.body, dict) and "latest" in request.body.get("params", []):
            body = {**request.body, "params": [hex(self.stuck_at), False]}
        else:
            body = request.body
        found = requests.post(
            self.chain.url, data=json.dumps(body), headers={"content-type": "application/json"}, timeout=GENEROUS
        )
        return Answer(200, found.json())


@contextmanager
def front(local_chain: EventChain) -> Iterator[tuple[Front, str]]:
    found = Front(local_chain)
    with serve(found.answer) as url:
        yield found, url


def test_rpc__preferred_one_dead__the_next_answers(local_chain: EventChain) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    notes: list[tuple[str, dict[str, object]]] = []
    node = connect(dead, 31337, fallbacks=[local_chain.url])
    node.report_to(lambda event, **fields: notes.append((event, fields)))
    assert node.latest().number == local_chain.w3.eth.block_number
    first, second = node.health()
    assert (first.up, first.reason, second.up) == (False, "nothing accepts connections", True)
    assert second.height == local_chain.w3.eth.block_number


def test_rpc__all_dead__says_so_of_the_preferred_one() -> None:
    dead = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    with pytest.raises(NodeUnreachable) as caught:
        connect(dead[0], 31337, fallbacks=dead[1:])
    assert str(caught.value).startswith(dead[0])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_rpc__preferred_one_answers_with_a_status__next_answers_then_it_is_asked_again(
    local_chain: EventChain, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr("keepers.rpc.endpoints.time", clock)
    with front(local_chain) as (preferred, url):
        node = connect(url, 31337, fallbacks=[local_chain.url])
        preferred.status = status
        node.latest()
        asked = preferred.asked
        node.latest()
        assert preferred.asked == asked, "it rests"
        assert node.health()[0].reason == f"HTTP status {status}"
        preferred.status = 200
        clock.sleep(_REST)
        node.latest()
        assert preferred.asked > asked and node.health()[0].up


def test_latest__preferred_one_stuck__the_next_is_asked(local_chain: EventChain) -> None:
    with front(local_chain) as (preferred, url):
        node = connect(url, 31337, fallbacks=[local_chain.url])
        local_chain.mine(10)
        assert node.latest().number == 11
        preferred.stuck_at = 5
        assert node.latest().number == 11
        assert node.health()[0].reason == "at block 5, behind 11"


def test_latest__preferred_one_behind_from_the_start__the_next_is_asked(local_chain: EventChain) -> None:
    local_chain.mine(10)
    with front(local_chain) as (preferred, url):
        preferred.stuck_at = 5
        node = connect(url, 31337, fallbacks=[local_chain.url])
        assert node.latest().number == 11
        assert node.health()[0].reason == "at block 5, behind 11"


def test_rpc__preferred_one_refuses_what_the_next_answers__it_rests(local_chain: EventChain) -> None:
    def refuse(request: Request) -> Answer:
        asked = request.body
        known = asked["method"] == "eth_chainId"
        found = {"result": hex(31337)} if known else {"error": {"code": -32601, "message": "method not\nfound"}}
        return Answer(200, {"id": asked["id"], **found})

    with serve(refuse) as url:
        node = connect(url, 31337, fallbacks=[local_chain.url])
        assert int(node.rpc("eth_blockNumber"), 16) == local_chain.w3.eth.block_number
        assert node.health()[0].reason == "eth_blockNumber: method not found; see the node's log"
        with pytest.raises(NodeRefused, match="method not found"):
            connect(url, 31337).rpc("eth_blockNumber")


def test_latest__whole_chain_went_back__is_believed(local_chain: EventChain) -> None:
    node = connect(local_chain.url, 31337)
    local_chain.mine(10)
    assert node.latest().number == 11
    local_chain.rpc("anvil_rollback", 6)
    assert node.latest().number == 5


def test_connect__fallback_on_another_chain__is_refused_when_it_is_asked(local_chain: EventChain) -> None:
    with event_chain("--chain-id", "5") as other, front(local_chain) as (preferred, url):
        node = connect(url, 31337, fallbacks=[other.url])
        preferred.status = 500
        with pytest.raises(WrongNetwork, match="is chain 5, not 31337"):
            node.latest()


def test_batch__answered_in_another_order__each_finds_its_question() -> None:
    def backwards(request: Request) -> Answer:
        if isinstance(request.body, dict):
            return Answer(200, {"id": request.body["id"], "result": hex(31337)})
        return Answer(200, [{"id": asked["id"], "result": asked["params"][0]} for asked in reversed(request.body)])

    with serve(backwards) as url:
        found = connect(url, 31337).batch([("echo", [number]) for number in range(5)])
    assert found == list(range(5))


@pytest.mark.parametrize("answer", [{"error": {"message": "batches are off"}}, [], [{"id": None, "result": "0x1"}]])
def test_batch__not_every_question_answered__says_so(answer: object) -> None:
    def refuse(request: Request) -> Answer:
        one = isinstance(request.body, dict)
        return Answer(200, {"id": request.body["id"], "result": hex(31337)} if one else answer)

    with serve(refuse) as url, pytest.raises(NodeUnreachable, match="use a node with batches"):
        connect(url, 31337).batch([("eth_blockNumber", [])])


def test_rpc__answer_that_is_no_object__is_no_answer() -> None:
    with serve(lambda _: Answer(200, [])) as url, pytest.raises(NodeUnreachable, match="no JSON-RPC answer"):
        connect(url, 31337)
